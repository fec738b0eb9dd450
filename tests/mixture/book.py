"""The accounts of a mixture: what was sent, what the reference says of it, what
was seen; and how both agree with what the proxy counts itself."""

import collections

from mixture import oracle
from mixture.phone import ENDED, SILENCE

DIFFERENCES_KEPT = 20


class Book:

    def __init__(self, home):
        self.home = home
        self.number = 0
        self.sent = collections.Counter()  # label -> REGISTERs
        self.expected = {}  # label -> Expected
        self.reactions = collections.defaultdict(collections.Counter)
        self.variants = collections.Counter()
        self.rules = collections.Counter()  # of table 4.4
        self.marks = collections.Counter()  # integrity values at the core
        self.silent = collections.Counter()  # reason -> discards
        self.differences = []
        self.kinds = collections.Counter()
        self.different = 0

    def next_number(self):
        self.number += 1
        return self.number

    @property
    def total(self):
        return sum(self.sent.values())

    # Entering.

    def enter(self, phone, sent):
        expected, seen = sent.expected, self.home.take(sent.draft.number)
        label = expected.label
        self.sent[label] += 1
        self.expected[label] = expected
        self.variants.update(sent.draft.features)
        self.reactions[label][_name(sent, seen)] += 1
        if expected.rule:
            self.rules[expected.rule] += 1
        if expected.kind == oracle.FORWARD:
            self.marks[expected.integrity] += 1
        if sent.reaction == SILENCE:
            self.silent["clear" if phone.clear else "malformed"] += 1
        for words in _wrong(sent, seen, phone):
            self.differs(phone, sent, words)

    def differs(self, phone, sent, words):
        self.different += 1
        self.kinds[f"{words}: {sent.expected.label}"] += 1
        if len(self.differences) < DIFFERENCES_KEPT:
            text = sent.draft.text()[:1500].decode("latin-1")
            self.differences.append(
                f"{words}: phone {phone.number}, {phone.state}, {sent.how}, "
                f"{sent.draft.features}: {sent.expected}\n{text}")

    def stray(self, phone, message):
        """Something came that nobody waits for."""
        self.different += 1
        self.differences.append(f"phone {phone.number} got {message.start}")

    # Telling.

    def table(self):
        """A row for each label."""
        yield (f"{'what decided':<54} {'clause':<14} {'sent':>7}  "
               "expected -> seen")
        for label in sorted(self.sent, key=lambda one: (
                self.expected[one].stage, one)):
            seen = ", ".join(f"{n} {name}" for name, n in
                             self.reactions[label].most_common())
            e = self.expected[label]
            yield (f"{label:<54} {e.clause:<14} {self.sent[label]:>7}  "
                   f"{_wanted(e)} -> {seen}")

    def against(self, metrics):
        """(what, counted by the oracle, counted by the proxy)"""
        def verdicts(*rules):
            return metrics.sum("sallyport_core_register_verdicts_total",
                               rule="|".join(rules))

        def event(name):
            return metrics.sum("sallyport_core_events_total", event=name)
        for rule in sorted({r for r in self.rules}):
            yield rule, self.rules[rule], verdicts(*rule.split(", "))
        for mark, name in ((None, "none"), ("tls-pending", "pending"),
                           ("tls-yes", "yes")):
            yield (f"integrity_{name}", self.marks[mark],
                   event(f"integrity_{name}"))
        yield ("discard_malformed", self.silent["malformed"],
               event("discard_malformed"))
        yield ("discard_clear_*", self.silent["clear"],
               event("discard_clear_answer|discard_clear_deregister"))


def _wanted(expected):
    if expected.kind == oracle.FORWARD:
        return f"forwarded, {expected.integrity or 'no value'}"
    words = [str(s) if s else "silence" for s in expected.statuses] or [
        "silence"]
    return " or ".join(words) + {True: ", close", False: "",
                                 None: ", may close"}[expected.closes]


def _name(sent, seen):
    """What came of a message, in a few words."""
    at_core = f"forwarded, {(seen.claims or ('no value',))[0]}, " if seen \
        else ""
    status = getattr(sent.reaction, "status", sent.reaction)
    return f"{at_core}{status}"


def _wrong(sent, seen, phone):
    """In words, what is not as the reference has it."""
    expected, reaction = sent.expected, sent.reaction
    status = getattr(reaction, "status", None)
    if expected.kind == oracle.FORWARD:
        if not seen or seen.count != 1:
            yield "the core did not see it once"
            return
        wanted = (expected.integrity,) if expected.integrity else ()
        if seen.claims != wanted:
            yield f"integrity-protected {seen.claims}"
        if seen.wrong:
            yield f"at the core: {seen.wrong}"
        if status != seen.status or reaction.tag("to") != seen.tag:
            yield f"the core's {seen.status} came as {status}"
        elif status == 401:
            yield from _challenge(sent, reaction)
        return
    if seen:
        yield "the core saw it"
    allowed = expected.statuses or (None,)
    if status not in allowed and not (expected.closes and reaction == ENDED):
        yield f"answered {status}"
    if expected.closes is True and phone.flow.open:
        yield "the connection stays open"
    if expected.closes is False and not phone.flow.open and \
            reaction == ENDED:
        yield "the connection ended"
    if status in (420, 421, 494):
        yield from _explained(sent, reaction)


def _challenge(sent, response):
    """Security-Server for who offered tls, and for nobody else."""
    offered = any(n.lower().strip() == "security-client"
                  for n, _ in sent.draft.lines)
    if response.has("security-server") != offered:
        yield "Security-Server in the 401"


def _explained(sent, response):
    """Source: the reference, E2, E3, E14"""
    if response.status == 420:
        tags = {"levitation"} | ({"telepathy"} if any(
            "two unknown" in f for f in sent.draft.features) else set())
        if set(response.all("unsupported")) != tags:
            yield f"Unsupported: {response.all('unsupported')}"
        return
    if not response.get("security-server", "").startswith("tls"):
        yield "no Security-Server"
    if response.status == 421 and "sec-agree" not in response.all("require"):
        yield "no Require"
