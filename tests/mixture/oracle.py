"""What the reference says becomes of a REGISTER. Nothing here was read off the
proxy: each row bears the clause that it stands for.

Where several things are wrong at once, the one with the lowest stage decides,
in the order of 6.2: what cannot be framed, what cannot be read (400), scheme,
Max-Forwards, Proxy-Require, security agreement, credentials.
"""

from dataclasses import dataclass

FRAMING, LIMIT, SYNTAX, SCHEME, HOPS, EXTENSION, AGREEMENT, DECISION = range(8)

FORWARD, ANSWER, DISCARD = "forwarded", "answered", "discarded"

# Stages at which nothing else may be wrong, because the reference does not say
# what comes first.
ALONE = (FRAMING, LIMIT)


@dataclass(frozen=True)
class Expected:
    """A reaction. `closes`: True, False, or None where both are right."""
    label: str
    clause: str
    stage: int
    kind: str = ANSWER
    statuses: tuple = (400,)
    closes: object = False
    rule: str = ""  # of table 4.4, for what reaches it
    integrity: str | None = None  # for what is forwarded


def _rows(stage, clause, names, statuses=(400,), closes=False, kind=ANSWER):
    return {name: Expected(name, clause, stage, kind, statuses, closes)
            for name in names}


DEFECTS = {
    **_rows(FRAMING, "E8", ["no Content-Length"], closes=True),
    **_rows(FRAMING, "E9", [
        "Content-Length of -1", "Content-Length in words",
        "two different Content-Lengths"], closes=True),
    # Numbers that overflow are detected (8.1); it is no number, or too large.
    **_rows(FRAMING, "8.1, E9, E10", ["Content-Length of 2^64"], (400, 413),
            True),
    **_rows(FRAMING, "8.1", ["two equal Content-Lengths"], closes=None),
    **_rows(FRAMING, "E10, 8.3", ["a body of 50000 octets"], (413,), None),
    **_rows(FRAMING, "E11, 8.3", ["a head of 17000 octets"], (513,), True),
    **_rows(FRAMING, "E7", ["no SIP at all"], (), True, DISCARD),
    # 8.3 with PARSE-18: 413, 414, 513 or close.
    **_rows(LIMIT, "E11, 8.3", [
        "a header value of 9000 octets", "130 header fields", "80 Via values",
        "40 Route values", "11 Contacts"], (513,), None),
    **_rows(LIMIT, "E12, 8.3", ["a Request-URI of 1100 octets"], (414,),
            None),
    **_rows(LIMIT, "E6", ["version 7.0", "version 2.1"], (505,)),
    **_rows(LIMIT, "3.1", ["another domain"], (403,)),
    **_rows(LIMIT, "3.1", ["a user in the Request-URI"]),
    **_rows(SCHEME, "6.2 2, E13", ["an unknown scheme", "http as scheme"],
            (416,)),
    **_rows(SYNTAX, "8.4", [
        "brackets around the Request-URI", "a space in the Request-URI",
        "two spaces in the start line", "a space behind the start line",
        "headers in the Request-URI"]),
    **_rows(SYNTAX, "E5", ["no Via"], (), kind=DISCARD),
    # E4 wants a 400, E5 none where none can be built: both are right.
    **_rows(SYNTAX, "E4, E5", ["no From", "no To", "no Call-ID", "no CSeq"],
            (400, None)),
    **_rows(SYNTAX, "E4, 8.1", [
        "two Froms", "two Tos", "two Call-IDs", "two CSeqs",
        "two Max-Forwards", "two Expires", "two Content-Types",
        "CSeq of another method", "CSeq of 2^31", "CSeq of 2^32 + 1",
        "Max-Forwards of 256", "Max-Forwards of -1", "Max-Forwards in words",
        "Expires in words", "Expires of -1", "From with an open quote",
        "From with a comma in its name", "To with an open bracket",
        "Contact with headers and no brackets",
        "Contact with an open bracket", "Contact with expires in words",
        "* without Expires", "* with Expires above 0",
        "* with another Contact", "two *", "Route with an open bracket",
        "a lone LF", "a lone CR"]),
    **_rows(SYNTAX, "E4, E5", ["CSeq without a number", "CSeq with a sign"],
            (400, None)),
    **_rows(HOPS, "6.2 3, E15", ["Max-Forwards of 0"], (483,)),
    **_rows(EXTENSION, "6.2 5, E14", [
        "an unknown Proxy-Require", "two unknown Proxy-Requires"], (420,)),
    **_rows(AGREEMENT, "4.6, E3", [
        "Security-Verify with another q", "Security-Verify of ipsec",
        "Security-Verify with one more"], (494,)),
}

LOOPED = Expected("a REGISTER that comes back", "6.2 4, E16", EXTENSION,
                  statuses=(482,))
UNVERIFIED = Expected("no Security-Verify to a list", "4.6, E3", AGREEMENT,
                      statuses=(494,))

# What a defect is about: two of one thing are no two independent defects.
_THINGS = {
    "start": ("Request-URI", "scheme", "start line", "version"),
    "Contact": ("Contact", "*", "Expires"), "Content-Type": ("Content-Type",),
    "lines": ("lone",), **{word: (word,) for word in (
        "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Route",
        "Proxy-Require", "Security-Verify")},
}
FIELDS = {name: next((thing for thing, words in _THINGS.items() if any(
    word in name for word in words)), name) for name in DEFECTS}


def _forward(rule, integrity, label):
    return Expected(label, f"4.4 {rule}", DECISION, FORWARD, rule=rule,
                    integrity=integrity)


def _refuse(rule, label, stage=DECISION, statuses=(400,)):
    return Expected(label, f"4.4 {rule}", stage, statuses=statuses, rule=rule)


def credentials(how, state):
    """The row of 4.4 for credentials of this sort on such a connection."""
    label = f"{state}: {how}"
    if how in ("unparsable", "duplicate parameter"):
        return _refuse("D17", label, SYNTAX)
    if how in ("two of the home realm", "two and one without a realm"):
        return _refuse("D14", label)
    if how.endswith("hidden name, response"):
        return _refuse("D15", label)
    if how.endswith("hidden name"):
        return _forward("D15", None, label)
    if how == "another scheme":
        return _forward("D13", None, label)
    if how == "AKAv2":
        # Forwarded only if configured: it is not. The code is open (11).
        return _refuse("D16", label, statuses=(400, 403))
    return _ordinary(how, state, label)


def _ordinary(how, state, label):
    foreign = how.startswith("another's")
    answers = how.endswith("response")
    if state == "fresh":
        if how == "none":
            return _forward("D3", None, label)
        return _forward("D5, D6", "tls-pending", label) if answers \
            else _forward("D4", None, label)
    if state == "rebinding":
        if foreign:
            return _forward("D12", "tls-pending" if answers else None, label)
        return _forward("D11", "tls-yes", label)
    if how == "none":
        return _forward("D9", None, label)
    if foreign:
        return _refuse("D10", label, statuses=(403,))
    return _forward("D8" if answers else "D7", "tls-yes", label)


def clear(how):
    """The table of 2.9, for a REGISTER on the unprotected port."""
    label = f"clear: {how}"
    silent = dict(kind=DISCARD, statuses=())
    return {
        "initial": Expected(label, "2.9, 4.4 D1", DECISION, FORWARD,
                            rule="D1"),
        "initial, no Authorization": Expected(label, "2.9, 4.4 D1", DECISION,
                                              FORWARD, rule="D1"),
        "no sec-agree": Expected(label, "2.9, E2", AGREEMENT, statuses=(421,)),
        "only ipsec": Expected(label, "2.9, E2", AGREEMENT, statuses=(494,)),
        "with a response": Expected(label, "2.9, 4.4 D2", AGREEMENT, **silent),
        "de-REGISTER": Expected(label, "2.9", AGREEMENT, **silent),
        "de-REGISTER of *": Expected(label, "2.9", AGREEMENT, **silent),
        "unparsable": Expected(label, "4.2 4", SYNTAX, rule="D17"),
    }[how]


CLEAR = ("initial", "initial, no Authorization", "no sec-agree", "only ipsec",
         "with a response", "de-REGISTER", "de-REGISTER of *", "unparsable")


def verdict(defects, decision):
    """What becomes of a message with these defects and such credentials."""
    return min([DEFECTS[name] for name in defects] + [decision],
               key=lambda expected: expected.stage)


def may_meet(defect, others, decision):
    """Whether the reference says what comes first."""
    mine = DEFECTS[defect]
    stages = [DEFECTS[o].stage for o in others]
    if others and (mine.stage in ALONE or set(stages) & set(ALONE)):
        return False
    if FIELDS[defect] in [FIELDS[o] for o in others]:
        return False
    # Nothing says what comes first among 494 and refusals of credentials.
    if mine.stage == AGREEMENT and decision.kind != FORWARD:
        return False
    unanswered = [e for e in [mine] + [DEFECTS[o] for o in others]
                  if e.kind == DISCARD or None in e.statuses]
    if unanswered and (others or decision.stage == SYNTAX):
        return False
    return not (mine.stage in ALONE + (SYNTAX,) and decision.stage == SYNTAX)
