"""What a phone of the mixture writes: REGISTERs made of independent choices,
each with what the oracle says of it."""

from mixture import features, oracle
from mixture.home import REALM, digest_response

BATCH_MAX = 5

# Credentials that leave the phone where it is, by state.
REFUSED = ("two of the home realm", "two and one without a realm", "AKAv2",
           "userhash: hidden name, response", "unparsable",
           "duplicate parameter", "username*: hidden name, response",
           "no username: hidden name, response")
OPEN = ("none", "blank", "blank, claims", "two realms", "another scheme",
        "userhash: hidden name", "username*: hidden name",
        "no username: hidden name")
STEADY = {
    "fresh": REFUSED + OPEN + ("another's, blank",),
    "associated": REFUSED + OPEN + (
        "another's, blank", "another's, response", "right response",
        "wrong response"),
    "rebinding": REFUSED,
}
HOME_URI = "sip:ims.test"


class Sent:
    """A REGISTER under way; `reaction` is a response, or words."""

    __slots__ = ("draft", "expected", "how", "reaction", "done", "owed")

    def __init__(self, draft, how, expected):
        self.draft, self.how, self.expected = draft, how, expected
        self.reaction = None
        self.done = False
        self.owed = expected.kind == oracle.FORWARD or bool(
            expected.statuses) and None not in expected.statuses


class Writer:
    """Knows who it is, what it has been told, and in which state it is."""

    def __init__(self, number, book, chance):
        self.number, self.book, self.chance = number, book, chance
        self.impi = f"user{number:06}_private@{REALM}"
        self.password = f"password-{number:06}"
        self.impus = (f"sip:user{number:06}@{REALM}",
                      f"sip:work{number:06}@{REALM}")
        self.call_id = f"{chance.getrandbits(64):x}@10.0.0.1"
        self.tag = f"{chance.getrandbits(40):x}"
        self.cseq = 0
        self.clear = number % 20 == 19
        self.state = "down"
        self.nonce, self.count = "", 0
        self.server_list = ""  # Security-Server, once we have seen it
        self.agreed = False  # this connection has a challenge with a list
        self.silent = 0  # unanswerable messages on this connection
        self.plain = set()  # what went through this connection unchanged

    # Batches.

    def _batch(self, room):
        """Messages that leave the state alone, and one that may change it."""
        size = self.chance.randrange(min(BATCH_MAX, room))
        batch, unanswered = [], self.silent
        if self.agreed and self.nonce and self.chance.random() < 0.2:
            batch.append(self._unverified())
        if self.plain and self.chance.random() < 0.3:
            batch += self._looped()
        for _ in range(size):
            sent = self._steady()
            if sent.expected.kind == oracle.DISCARD or \
                    None in sent.expected.statuses:
                unanswered += 1
                if unanswered > 2:  # the third ends the connection
                    continue
            if sent.expected.closes is False:
                batch.append(sent)
        self.silent = unanswered
        return batch + [self._last()]

    def _steady(self):
        how = self.chance.choice(STEADY[self.state])
        if how == "right response" and not self.nonce:
            how = "none"
        return self._sent(how, self._how_many())

    def _how_many(self):
        return self.chance.choices((0, 1, 2), (40, 45, 15))[0]

    def _last(self):
        """What may change the state, or end the connection."""
        dice = self.chance.random()
        if dice < 0.15:
            return self._ending()
        if self.state == "associated":
            if dice < 0.30:
                return self._leaving()
            return self._sent("blank", 0)
        hows = ["blank", "blank", "right response", "right response",
                "wrong response" if self.state == "fresh" else "blank",
                "another's, blank"]
        how = self.chance.choice(hows)
        if how in ("right response", "wrong response") and not self.nonce:
            how = "blank"
        return self._sent(how, 0)

    def _ending(self):
        """A message behind which the stream is of no use."""
        names = [n for n, e in oracle.DEFECTS.items()
                 if e.closes is not False]
        return self._sent("blank", 0, [self.chance.choice(names)])

    def _leaving(self):
        hows = ("blank", "right response") if self.nonce else ("blank",)
        return self._sent(self.chance.choice(hows), 0, leaves=True)

    def _looped(self):
        """What left the proxy comes back, with a Via of ours on top."""
        number, lines = self.book.home.bare.pop(self.call_id, (0, ()))
        if number not in self.plain:
            return []
        draft = self._draft()
        own = draft.lines[draft.at("Via")]
        draft.lines = [own] + [line.split(": ", 1) for line in lines]
        draft.remove("X-N")
        draft.remove("Content-Length")
        draft.add("X-N", str(draft.number))
        return [Sent(draft, "none", oracle.LOOPED)]

    def _unverified(self):
        """An answer to a challenge with a list, that does not repeat it."""
        draft = self._draft()
        self._authorize(draft, "right response")
        draft.add("Require", "sec-agree")
        draft.add("Proxy-Require", "sec-agree")
        draft.add("Security-Client", "tls")
        return Sent(draft, "right response", oracle.UNVERIFIED)

    def _sent(self, how, defects, chosen=(), leaves=False):
        draft = self._draft(leaves)
        decision = oracle.credentials(how, self.state)
        self._authorize(draft, how)
        offers = self._agreement(draft, how)
        for _ in range(defects):
            name = self.chance.choice(STEADY_DEFECTS)
            if oracle.may_meet(name, chosen, decision) and not (
                    offers and name.startswith("Security-Verify")):
                chosen = [*chosen, name]
        self._vary(draft, chosen, leaves)
        for name in chosen:
            features.DEFECTS[name](draft)
        self._rename(draft, chosen)
        draft.features += chosen
        return Sent(draft, how, oracle.verdict(chosen, decision))

    def _draft(self, leaves=False):
        number = self.book.next_number()
        draft = features.Draft(number, self.chance)
        self.cseq += 1
        second = self.state == "associated" and self.chance.random() < 0.2
        impu = self.impus[second]
        if second:
            draft.features.append("second identity")
        protocol = "TCP" if self.clear else "TLS"
        add = draft.add
        add("Via", f"SIP/2.0/{protocol} 10.0.0.1:5062;"
            f"branch=z9hG4bKn{number}n;rport")
        add("Max-Forwards", "70")
        add("From", f"<{impu}>;tag={self.tag}")
        add("To", f"<{impu}>")
        add("Call-ID", self.call_id)
        add("CSeq", f"{self.cseq} REGISTER")
        contact = f'<sip:{self.number}@10.0.0.1:5062;transport=tls>;' \
            f'+sip.instance="<urn:uuid:{self.number}>"'
        if leaves:
            self._leave(draft, contact)
        else:
            add("Contact", f"{contact};expires={features.ASKED_S}")
        add("Supported", "path, gruu")
        add("X-N", str(number))
        return draft

    def _leave(self, draft, contact):
        draft.features.append("leaves")
        form = self.chance.randrange(3)
        draft.add("Contact", ("*", f"{contact};expires=0", contact)[form])
        if form != 1:
            draft.add("Expires", "0")

    def _vary(self, draft, defects, leaves):
        """Variants that touch no field of a defect."""
        touched = " ".join(defects)
        for name in VALUES:
            if self.chance.random() > 0.08 or leaves:
                continue
            if any(word in touched for word in VALUES[name]):
                continue
            features.VARIANTS[name](draft)
            draft.features.append(name)

    def _rename(self, draft, defects):
        if any(oracle.DEFECTS[d].stage in oracle.ALONE for d in defects):
            return
        for name in NAMES:
            if self.chance.random() < 0.06:
                features.VARIANTS[name](draft)
                draft.features.append(name)

    # Credentials.

    def _authorize(self, draft, how):
        for value in self._credentials(how):
            draft.add("Authorization", value)

    def _credentials(self, how):
        own = self._digest(self.impi)
        other = self._digest(f"user{(self.number + 7) % 997:06}_private@"
                             f"{REALM}")
        away = own.replace(f'realm="{REALM}"', 'realm="away.test"')
        junk = self.chance.choice((
            own + ', opaque="x', own + " integrity-protected", own + ", =x",
            "Digest", own.replace(", ", " ", 1), own + '; a="b"'))
        twice = self.chance.choice((
            own + ', username="b"', own + ', response="b"',
            own + f', REALM="{REALM}"', own + ', nonce="b"'))
        claim = self.chance.choice(features.CLAIMS)
        simple = {
            "none": (), "blank": (own,),
            "blank, claims": (f"{own}, {claim}",),
            "two realms": self.chance.choice(((own, away), (away, own))),
            "another scheme": (self.chance.choice((
                "Bearer abc", f"Basic {claim}", f"Bearer {claim}")),),
            "another's, blank": (other,),
            "another's, response": (_answered(other, "0" * 32),),
            "two of the home realm": (own, self.chance.choice((own, other))),
            "two and one without a realm": (
                own, other.replace(f' realm="{REALM}",', "")),
            "AKAv2": (own + ", algorithm=AKAv2-SHA-256",),
            "unparsable": (junk,), "duplicate parameter": (twice,),
            "wrong response": (self._answer(self.password + "!"),),
            "right response": (self._answer(self.password),),
        }
        if how in simple:
            return simple[how]
        hidden = {
            "userhash": own + ", userhash=true",
            "username*": own.replace("username=", "username*=UTF-8''").replace(
                f'"{self.impi}"', self.impi),
            "no username": own.replace(f'username="{self.impi}", ', ""),
        }[how.partition(":")[0]]
        return (_answered(hidden, "0" * 32) if how.endswith("response")
                else hidden,)

    def _digest(self, username):
        return (f'Digest username="{username}", realm="{REALM}", nonce="", '
                f'uri="{HOME_URI}", response=""')

    def _answer(self, password):
        self.count += 1
        nc, cnonce = f"{self.count:08x}", f"{self.chance.getrandbits(32):x}"
        response = digest_response(self.impi, password, self.nonce, HOME_URI,
                                   nc, cnonce)
        return (f'Digest username="{self.impi}", realm="{REALM}", '
                f'nonce="{self.nonce}", uri="{HOME_URI}", algorithm=MD5, '
                f'qop=auth, nc={nc}, cnonce="{cnonce}", '
                f'response="{response}"')

    def _agreement(self, draft, how):
        """A right security agreement, now and then; whether it verifies."""
        if self.chance.random() > 0.25:
            return False
        verify = bool(self.server_list)
        if not verify and how.endswith("response"):
            return False
        draft.add("Require", "sec-agree")
        draft.add("Proxy-Require", "sec-agree")
        draft.add("Security-Client", "tls;q=0.9")
        draft.features.append("security agreement")
        if verify:
            draft.add("Security-Verify", self.server_list)
        return verify

    # In clear.

    def _clear_batch(self, room):
        size = self.chance.randrange(min(BATCH_MAX, room))
        hows = [self.chance.choice(oracle.CLEAR) for _ in range(size)]
        return [self._in_clear(how) for how in [*hows, "initial"]]

    def _in_clear(self, how):
        draft = self._draft(leaves=how == "de-REGISTER")
        value = {"with a response": "another's, response",
                 "initial, no Authorization": "none",
                 "unparsable": "unparsable"}.get(how, "blank")
        self._authorize(draft, value)
        if how == "de-REGISTER of *":
            draft.set("Contact", "*")
            draft.add("Expires", "0")
        if how != "no sec-agree":
            draft.add("Require", "sec-agree")
            draft.add("Proxy-Require", "sec-agree")
            draft.add("Security-Client", "ipsec-3gpp;alg=hmac-sha-1-96"
                      if how == "only ipsec" else "tls;q=0.9")
        self._rename(draft, ())
        return Sent(draft, how, oracle.clear(how))


def _answered(value, response):
    return value.replace('response=""', f'response="{response}"')


STEADY_DEFECTS = [n for n, e in oracle.DEFECTS.items() if e.closes is False]
# Variants of values, and words of the defects that they would disturb.
VALUES = {
    "no Max-Forwards": ("Max-Forwards",), "Expires in its own field":
    ("Expires", "Contact", "*"), "an old Via of ours, as a spiral has":
    ("Via",), "a Via below": ("Via",), "a body": ("Content", "body", "no SIP"),
    "trusted header fields": ("Route", "fields", "head", "Verify"),
    "unknown header fields": ("fields",), "a bad Date": (),
    "reg-id": ("Contact", "*"), "a claim in Proxy-Authorization": (),
    "a ping in front": ("no SIP",),
}
NAMES = ("folded", "shuffled", "compact names", "names in mixed case",
         "odd spaces")
