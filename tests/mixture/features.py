"""What a REGISTER can be made of: each feature changes one thing in its text.

No feature knows what becomes of the message; that is the oracle's business. The
names are the ones that the oracle's tables and the report use.
"""

import random
from dataclasses import dataclass, field

COMPACT = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m",
           "Content-Length": "l", "Supported": "k"}
EVIL = "evil"
ASKED_S = 3600


@dataclass
class Draft:
    """A REGISTER in the making; `lines` are its header fields in order."""
    number: int
    chance: random.Random
    start: str = "REGISTER sip:ims.test SIP/2.0"
    lines: list = field(default_factory=list)
    body: bytes = b""
    length: str | None = None  # the whole line, in the place of the true one
    lead: bytes = b""  # what stands before the start line
    features: list = field(default_factory=list)

    def at(self, name):
        return next(i for i, (n, _) in enumerate(self.lines) if n == name)

    def get(self, name):
        return self.lines[self.at(name)][1]

    def set(self, name, value):
        self.lines[self.at(name)][1] = value

    def add(self, name, value):
        self.lines.append([name, value])

    def remove(self, name):
        self.lines = [line for line in self.lines if line[0] != name]

    def text(self):
        length = self.length
        if length is None:
            length = f"Content-Length: {len(self.body)}\r\n"
        head = "".join(f"{n}: {v}\r\n" for n, v in self.lines)
        return self.lead + (f"{self.start}\r\n{head}{length}\r\n").encode(
            "latin-1") + self.body


# Defects. Each makes the message one that a proxy must not simply pass on.

def _setter(name, value):
    return lambda d: d.set(name, value)


def _adder(*fields):
    return lambda d: d.lines.extend([list(f) for f in fields])


def _remover(name):
    return lambda d: d.remove(name)


def _length(line):
    def change(d):
        d.length = line
    return change


def _start(text):
    def change(d):
        d.start = text
    return change


def _twice(name, value=None):
    def change(d):
        d.add(name, value or d.get(name))
    return change


def _body(size):
    def change(d):
        d.body = b"x" * size
    return change


DEFECTS = {
    # framing
    "no Content-Length": _length(""),
    "Content-Length of -1": _length("Content-Length: -1\r\n"),
    "Content-Length in words": _length("Content-Length: none\r\n"),
    "Content-Length of 2^64": _length(f"Content-Length: {1 << 64}\r\n"),
    "two different Content-Lengths": _length(
        "Content-Length: 0\r\nl: 9\r\n"),
    "two equal Content-Lengths": _length(
        "Content-Length: 0\r\nContent-Length: 0\r\n"),
    "a body of 50000 octets": _body(50_000),
    "a head of 17000 octets": _adder(*[("X-Long", "x" * 5600)] * 3),
    "no SIP at all": _start("HELO ims.test"),
    # limits
    "a header value of 9000 octets": _adder(("X-Long", "x" * 9000)),
    "130 header fields": _adder(*[("X-More", "y")] * 130),
    "80 Via values": _adder(("Via", ", ".join(
        ["SIP/2.0/UDP a.test;branch=z9hG4bKa"] * 80))),
    "40 Route values": _adder(("Route", ", ".join(["<sip:a.test;lr>"] * 40))),
    "11 Contacts": _adder(("Contact", ", ".join(
        f"<sip:a{n}@a.test>" for n in range(11)))),
    "a Request-URI of 1100 octets": _start(
        f"REGISTER sip:ims.test;x={'y' * 1100} SIP/2.0"),
    # start line
    "version 7.0": _start("REGISTER sip:ims.test SIP/7.0"),
    "version 2.1": _start("REGISTER sip:ims.test SIP/2.1"),
    "an unknown scheme": _start("REGISTER nobody:knows@this SIP/2.0"),
    "http as scheme": _start("REGISTER http://ims.test SIP/2.0"),
    "another domain": _start("REGISTER sip:elsewhere.test SIP/2.0"),
    "a user in the Request-URI": _start("REGISTER sip:a@ims.test SIP/2.0"),
    "brackets around the Request-URI": _start(
        "REGISTER <sip:ims.test> SIP/2.0"),
    "a space in the Request-URI": _start("REGISTER sip:ims.test; lr SIP/2.0"),
    "two spaces in the start line": _start("REGISTER  sip:ims.test SIP/2.0"),
    "a space behind the start line": _start("REGISTER sip:ims.test SIP/2.0 "),
    "headers in the Request-URI": _start(
        "REGISTER sip:ims.test?Route=%3Csip:a.test%3E SIP/2.0"),
    # missing
    "no Via": _remover("Via"),
    "no From": _remover("From"),
    "no To": _remover("To"),
    "no Call-ID": _remover("Call-ID"),
    "no CSeq": _remover("CSeq"),
    # twice
    "two Froms": _twice("From"),
    "two Tos": _twice("To", "<sip:other@ims.test>"),
    "two Call-IDs": _twice("Call-ID"),
    "two CSeqs": _twice("CSeq"),
    "two Max-Forwards": _twice("Max-Forwards"),
    "two Expires": _adder(("Expires", "600"), ("Expires", "601")),
    "two Content-Types": _adder(("Content-Type", "a/b"), ("c", "a/b")),
    # malformed
    "CSeq of another method": lambda d: d.set(
        "CSeq", d.get("CSeq").replace("REGISTER", "INVITE")),
    "CSeq of 2^31": _setter("CSeq", "2147483648 REGISTER"),
    "CSeq of 2^32 + 1": _setter("CSeq", "4294967297 REGISTER"),
    "CSeq without a number": _setter("CSeq", "REGISTER"),
    "CSeq with a sign": _setter("CSeq", "+7 REGISTER"),
    "Max-Forwards of 256": _setter("Max-Forwards", "256"),
    "Max-Forwards of -1": _setter("Max-Forwards", "-1"),
    "Max-Forwards in words": _setter("Max-Forwards", "seventy"),
    "Expires in words": _adder(("Expires", "soon")),
    "Expires of -1": _adder(("Expires", "-1")),
    "From with an open quote": lambda d: d.set(
        "From", '"open ' + d.get("From")),
    "From with a comma in its name": lambda d: d.set(
        "From", "Bell, Alexander " + d.get("From")),
    "To with an open bracket": _setter("To", "<sip:a@ims.test"),
    "Contact with headers and no brackets": _setter(
        "Contact", "sip:a@a.test?Route=%3Csip:b.test%3E"),
    "Contact with an open bracket": _setter("Contact", "<sip:a@a.test"),
    "Contact with expires in words": lambda d: d.set(
        "Contact", "<sip:a@a.test>;expires=soon;expires=7"),
    "* without Expires": _setter("Contact", "*"),
    "* with Expires above 0": lambda d: (
        d.set("Contact", "*"), d.add("Expires", "60")),
    "* with another Contact": lambda d: (
        d.add("Contact", "*"), d.add("Expires", "0")),
    "two *": lambda d: (d.set("Contact", "*, *"), d.add("Expires", "0")),
    "Route with an open bracket": _adder(("Route", "<sip:a.test;lr")),
    "a lone LF": lambda d: d.add("Subject", "a\nX-Other: b"),
    "a lone CR": lambda d: d.add("Subject", "a\rX-Other: b"),
    # proxy rules
    "Max-Forwards of 0": _setter("Max-Forwards", "0"),
    "an unknown Proxy-Require": _adder(("Proxy-Require", "levitation")),
    "two unknown Proxy-Requires": _adder(
        ("Proxy-Require", "levitation, sec-agree"), ("Proxy-Require",
                                                     "telepathy")),
    # security agreement
    "Security-Verify with another q": _adder(("Security-Verify", "tls;q=0.1")),
    "Security-Verify of ipsec": _adder(
        ("Security-Verify", "ipsec-3gpp;alg=hmac-sha-1-96")),
    "Security-Verify with one more": lambda d: d.lines.extend(
        [["Security-Verify", "tls;q=0.9"], ["Security-Verify", "digest"]]),
}


# Variants. None of them changes what becomes of the message.

def _fold(d):
    for line in d.lines:
        if line[0] in ("Contact", "Authorization", "Supported"):
            line[1] = line[1].replace(", ", ",\r\n ").replace(";+", "\r\n ;+")


def _compact(d):
    for line in d.lines:
        line[0] = COMPACT.get(line[0], line[0])


def _mixed_case(d):
    for line in d.lines:
        line[0] = "".join(d.chance.choice((c.upper(), c.lower()))
                          for c in line[0])


def _spaces(d):
    for line in d.lines:
        line[0] += d.chance.choice(("", " ", "\t", "  "))
        line[1] = d.chance.choice(("", " ", "\t")) + line[1]


def _shuffle(d):
    """Another order of names; fields of one name keep theirs."""
    names = [name for name, _ in d.lines]
    values = {name: [v for n, v in d.lines if n == name] for name in names}
    d.chance.shuffle(names)
    d.lines = [[name, values[name].pop(0)] for name in names]


def _spiral(d):
    d.lines.insert(d.at("Via") + 1, [
        "Via", "SIP/2.0/TCP edge.ims.test:5060;branch=z9hG4bKp1.7.00000000"])


def _ping(d):
    d.lead = b"\r\n\r\n"


def _small_body(d):
    d.body = d.chance.randbytes(d.chance.randrange(1, 300))
    d.add("Content-Type", "application/octet-stream")


def _expires_in_field(d):
    """The expiry stands in Expires and not in the Contact."""
    value = d.get("Contact")
    if f";expires={ASKED_S}" in value:
        d.set("Contact", value.replace(f";expires={ASKED_S}", ""))
        d.add("Expires", str(ASKED_S))


TRUSTED = (
    ("P-Asserted-Identity", f"<sip:{EVIL}@ims.test>"),
    ("P-Visited-Network-ID", f'"{EVIL}"'),
    ("P-Charging-Vector", f"icid-value={EVIL}"), ("Path", f"<sip:{EVIL};lr>"),
    ("Service-Route", f"<sip:{EVIL};lr>"), ("P-Associated-URI",
                                            f"<sip:{EVIL}@ims.test>"),
    ("Security-Server", f"tls;{EVIL}=1"), ("Route", f"<sip:{EVIL};lr>"),
    ("P-Access-Network-Info", f"{EVIL};network-provided"),
    ("Record-Route", f"<sip:{EVIL};lr>"), ("P-Served-User", f"<sip:{EVIL}>"),
    ("History-Info", f"<sip:{EVIL}>;index=1"),
    ("Resource-Priority", f"{EVIL}.0"), ("Feature-Caps", f"*;+g.{EVIL}"),
)

# In this order: what renames fields comes last.
VARIANTS = {
    "no Max-Forwards": _remover("Max-Forwards"),
    "Expires in its own field": _expires_in_field,
    "an old Via of ours, as a spiral has": _spiral,
    "a Via below": _adder(("Via", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKb")),
    "a body": _small_body,
    "trusted header fields": _adder(*TRUSTED),
    "unknown header fields": _adder(("X-A", ""), ("X-B", '"'), ("X-B", "<")),
    "a bad Date": _adder(("Date", "yesterday")),
    "reg-id": lambda d: d.set("Contact", d.get("Contact") + ";reg-id=1"),
    "a claim in Proxy-Authorization": _adder(
        ("Proxy-Authorization", 'Digest username="a", realm="b", nonce="c", '
         'uri="sip:d", response="e", integrity-protected="tls-yes"')),
    "a ping in front": _ping,
    "folded": _fold,
    "shuffled": _shuffle,
    "compact names": _compact,
    "names in mixed case": _mixed_case,
    "odd spaces": _spaces,
}

# Claims of protection, put into credentials of any sort.
CLAIMS = (
    'integrity-protected="tls-yes"', "INTEGRITY-PROTECTED=tls-yes",
    "integrity-protected", 'integrity-protected\t=\r\n "yes"',
    'integrity-protected="tls-pending", integrity-protected="auth-done"',
)
