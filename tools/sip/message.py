"""A SIP message as a person sees it: start line, header fields, body.

Written against RFC 3261 and on purpose sharing nothing with the proxy: a
mistake made there must not be made again here. The bytes of a received message
are kept (`raw`), so that a test can ask what was really on the wire.
"""

import re
import secrets

COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type",
    "d": "request-disposition", "e": "content-encoding", "f": "from",
    "i": "call-id", "j": "reject-contact", "k": "supported",
    "l": "content-length", "m": "contact", "o": "event", "r": "refer-to",
    "s": "subject", "t": "to", "u": "allow-events", "v": "via",
    "x": "session-expires", "y": "identity",
}

# Header fields whose value is a list: rows and commas mean the same.
# Source: RFC 3261 7.3.1
LISTS = {
    "via", "route", "record-route", "path", "service-route", "contact",
    "supported", "require", "proxy-require", "unsupported", "allow",
    "security-client", "security-server", "security-verify",
    "p-asserted-identity", "p-preferred-identity", "p-associated-uri",
    "p-access-network-info", "p-visited-network-id",
}

REASONS = {
    100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    420: "Bad Extension", 421: "Extension Required",
    423: "Interval Too Brief", 430: "Flow Failed",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
    483: "Too Many Hops", 486: "Busy Here", 487: "Request Terminated",
    489: "Bad Event", 494: "Security Agreement Required",
    500: "Server Internal Error", 503: "Service Unavailable",
    504: "Server Time-out", 603: "Decline",
}

_SHOWN = {
    "call-id": "Call-ID", "cseq": "CSeq", "www-authenticate":
    "WWW-Authenticate", "p-visited-network-id": "P-Visited-Network-ID",
    "p-associated-uri": "P-Associated-URI",
    "p-called-party-id": "P-Called-Party-ID",
}


class BadMessage(ValueError):
    """These bytes are not a SIP message."""


def canonical(name):
    """The lower-case long form of a header field name."""
    lower = name.strip().lower()
    return COMPACT.get(lower, lower)


def shown(name):
    """A header field name as people write it."""
    return _SHOWN.get(name) or "-".join(p.capitalize()
                                        for p in name.split("-"))


def split_list(value, separator=","):
    """Split at separators that stand outside of quotes and angle brackets."""
    parts, current, quoted, escaped, depth = [], [], False, False, 0
    for char in value:
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif not quoted and char == "<":
            depth += 1
        elif not quoted and char == ">":
            depth = max(0, depth - 1)
        elif not quoted and depth == 0 and char == separator:
            parts.append("".join(current).strip())
            current = []
            continue
        current.append(char)
    last = "".join(current).strip()
    return parts + [last] if last or parts else []


def unquote(value):
    """The text inside a quoted string; any other text as it is."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def params(text):
    """`;a=1;b` as a dict with lower-case names; a flag has the value ''."""
    found = {}
    for part in split_list(text, ";"):
        if part:
            name, _, value = part.partition("=")
            found[name.strip().lower()] = value.strip()
    return found


def address(value):
    """(uri, header parameters) of a From, To, Contact, Route, Path value."""
    match = re.match(r'\s*(?:"(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^>]*)>(.*)$',
                     value, re.S)
    if match:
        return match.group(1).strip(), params(match.group(2))
    uri, _, rest = value.partition(";")
    return uri.strip(), params(rest)


def uri_parts(uri):
    """(scheme, user, host, port or None, parameters) of a SIP or tel URI."""
    scheme, _, rest = uri.partition(":")
    scheme = scheme.lower()
    if scheme == "tel":
        number, _, tail = rest.partition(";")
        return scheme, number, "", None, params(tail)
    user, at, host = rest.rpartition("@")
    host, _, tail = host.partition("?")[0].partition(";")
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?", host)
    if not match:
        raise BadMessage(f"bad URI {uri!r}")
    port = int(match.group(2)) if match.group(2) else None
    return (scheme, user if at else None, match.group(1).lower(), port,
            params(tail))


def new_tag():
    return secrets.token_hex(5)


def new_branch():
    return "z9hG4bK" + secrets.token_hex(8)


class Message:
    """One request or response; fields keep their order and their spelling."""

    def __init__(self, start, fields=(), body=b"", raw=None):
        self.start = start
        self.fields = list(fields)
        self.body = body
        self.raw = raw

    @classmethod
    def request(cls, method, uri):
        return cls(f"{method} {uri} SIP/2.0")

    @classmethod
    def parse(cls, data):
        """Read one whole message; anything past Content-Length is cut off."""
        head, gap, body = bytes(data).partition(b"\r\n\r\n")
        if not gap:
            raise BadMessage("no empty line")
        text = head.decode("utf-8", "surrogateescape")
        lines = re.sub(r"\r\n[ \t]+", " ", text).split("\r\n")
        if not (lines[0].startswith("SIP/2.0 ")
                or lines[0].endswith(" SIP/2.0")):
            raise BadMessage(f"bad start line {lines[0][:60]!r}")
        fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise BadMessage(f"bad header line {line[:60]!r}")
            fields.append((name.strip(), value.strip()))
        message = cls(lines[0], fields, b"", bytes(data))
        length = message.get("content-length")
        message.body = body[:int(length)] if length else body
        return message

    # Start line.

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self):
        """The method of a request; of a response that of its CSeq."""
        if self.is_request:
            return self.start.split(" ")[0]
        return self.cseq[1]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @uri.setter
    def uri(self, value):
        self.start = f"{self.start.split(' ')[0]} {value} SIP/2.0"

    @property
    def status(self):
        return 0 if self.is_request else int(self.start.split(" ")[1])

    # Header fields.

    def all(self, name):
        """Values of a header field; a list header gives one per element."""
        name = canonical(name)
        rows = [v for n, v in self.fields if canonical(n) == name]
        if name not in LISTS:
            return rows
        return [part for row in rows for part in split_list(row)]

    def rows(self, name):
        name = canonical(name)
        return [v for n, v in self.fields if canonical(n) == name]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def has(self, name):
        return bool(self.rows(name))

    def add(self, name, value):
        self.fields.append((shown(canonical(name)), str(value)))
        return self

    def add_first(self, name, value):
        """Put a value in front of the other values of this header field."""
        name = canonical(name)
        field = (shown(name), str(value))
        for i, (n, _) in enumerate(self.fields):
            if canonical(n) == name:
                self.fields.insert(i, field)
                return self
        self.fields.insert(0, field)
        return self

    def remove(self, name):
        name = canonical(name)
        self.fields = [f for f in self.fields if canonical(f[0]) != name]
        return self

    def set(self, name, value):
        """One value in the place of all earlier ones."""
        return self.set_all(name, [value])

    def set_all(self, name, values):
        name = canonical(name)
        where = next((i for i, (n, _) in enumerate(self.fields)
                      if canonical(n) == name), len(self.fields))
        self.remove(name)
        where = min(where, len(self.fields))
        self.fields[where:where] = [(shown(name), str(v)) for v in values]
        return self

    # What everybody asks.

    @property
    def cseq(self):
        number, _, method = (self.get("cseq") or "0 ?").partition(" ")
        return int(number), method.strip()

    @property
    def call_id(self):
        return self.get("call-id", "")

    @property
    def branch(self):
        via = self.get("via", "")
        return params(via.partition(";")[2]).get("branch", "")

    @property
    def transaction(self):
        return self.branch, self.cseq[1]

    def tag(self, name):
        return address(self.get(name, ""))[1].get("tag")

    def to_bytes(self):
        fields = [f for f in self.fields if canonical(f[0]) !=
                  "content-length"]
        lines = [self.start] + [f"{n}: {v}" for n, v in fields]
        lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body

    def copy(self):
        return Message(self.start, self.fields, self.body)

    def __repr__(self):
        return f"<{self.start}>"


def response_to(request, status, reason=None, to_tag=None):
    """A response with the fields that RFC 3261 8.2.6 copies."""
    reason = reason or REASONS.get(status, "Unknown")
    response = Message(f"SIP/2.0 {status} {reason}")
    for name in ("via", "from", "to", "call-id", "cseq"):
        for value in request.rows(name):
            if name == "to" and status > 100 and ";tag=" not in value:
                value += f";tag={to_tag or new_tag()}"
            response.add(name, value)
    if 100 < status < 300:
        for value in request.rows("record-route"):
            response.add("record-route", value)
    return response
