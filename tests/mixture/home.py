"""A home core as small and as fast as a mixture of 100,000 REGISTERs needs it.

It speaks TCP only and knows nothing but REGISTER. What it does know is real: it
challenges, checks each digest, and notes of every REGISTER what the proxy said
about its protection.
"""

import asyncio
import hashlib
import hmac
import re
import secrets

_LENGTH = re.compile(rb"\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d+)", re.I)
_FOLD = re.compile(r"\r\n[ \t]+")
_PARAMETER = re.compile(r'([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*)')
LONG = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact",
        "l": "content-length", "k": "supported", "c": "content-type"}
REALM = "ims.test"
MARK = "x-n"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def digest_response(username, password, nonce, uri, nc, cnonce):
    secret = md5(f"{username}:{REALM}:{password}")
    asked = md5(f"REGISTER:{uri}")
    return md5(f"{secret}:{nonce}:{nc}:{cnonce}:auth:{asked}")


class Seen:
    """One REGISTER as it came, and what was answered."""

    __slots__ = ("count", "claims", "status", "tag", "wrong")

    def __init__(self):
        self.count, self.claims, self.status, self.tag = 0, (), 0, ""
        self.wrong = []


class Home:

    def __init__(self, passwords):
        self.passwords = passwords  # IMPI -> password
        self.key = secrets.token_bytes(16)
        self.nonces = 0
        self.seen = {}  # number of a REGISTER -> Seen
        self.bare = {}  # Call-ID -> number and lines of a REGISTER
        self.strangers = []  # what was no REGISTER of ours
        self.server = None

    async def start(self):
        self.server = await asyncio.get_running_loop().create_server(
            lambda: _Link(self), "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[:2]

    def close(self):
        self.server.close()

    def take(self, number):
        """What came of this REGISTER, once; it is then forgotten."""
        return self.seen.pop(number, None)

    # Deciding.

    def answer(self, head):
        text = _FOLD.sub(" ", head.decode("latin-1"))
        start, *lines = text.split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields.setdefault(LONG.get(name, name), []).append(value.strip())
        mark = fields.get(MARK)
        if not mark or not start.startswith("REGISTER "):
            self.strangers.append(text)
            return b""
        seen = self.seen.setdefault(int(mark[0]), Seen())
        seen.count += 1
        seen.wrong = _wrong(fields)
        rows = [_parameters(v) for v in fields.get("authorization", ())]
        digest = next((p for s, p in rows if s == "digest"
                       and p.get("realm", REALM) == REALM), {})
        seen.claims = tuple(
            p["integrity-protected"] for _, p in rows + [
                _parameters(v) for v in fields.get("proxy-authorization", ())]
            if "integrity-protected" in p)
        if "authorization" not in fields:
            self.bare[fields["call-id"][0]] = int(mark[0]), lines
        seen.status = self._decide(digest)
        seen.tag = f"h{mark[0]}"
        return self._response(seen, fields)

    def _decide(self, digest):
        mark = digest.get("integrity-protected")
        if not mark or not digest.get("username"):
            return 401
        if not digest.get("response"):
            return 200 if mark == "tls-yes" else 401
        return self._check(digest)

    def _check(self, digest):
        username, nonce = digest["username"], digest.get("nonce", "")
        password = self.passwords.get(username)
        if password is None or not self._is_ours(nonce):
            return 403
        right = digest_response(
            username, password, nonce, digest.get("uri", ""),
            digest.get("nc", ""), digest.get("cnonce", ""))
        return 200 if right == digest["response"] else 403

    def _nonce(self):
        self.nonces += 1
        return self._sealed(f"{self.nonces:08x}")

    def _sealed(self, number):
        tag = hmac.new(self.key, number.encode(), "md5").hexdigest()
        return number + tag[:16]

    def _is_ours(self, nonce):
        return hmac.compare_digest(self._sealed(nonce[:8]), nonce)

    # Answering.

    def _response(self, seen, fields):
        reason = {200: "OK", 401: "Unauthorized", 403: "Forbidden"}
        lines = [f"SIP/2.0 {seen.status} {reason[seen.status]}"]
        lines += [f"Via: {v}" for v in fields["via"]]
        lines += [f"From: {fields['from'][0]}",
                  f"To: {fields['to'][0]};tag={seen.tag}",
                  f"Call-ID: {fields['call-id'][0]}",
                  f"CSeq: {fields['cseq'][0]}"]
        if seen.status == 401:
            lines.append(f'WWW-Authenticate: Digest realm="{REALM}", '
                         f'nonce="{self._nonce()}", algorithm=MD5, '
                         'qop="auth"')
        elif seen.status == 200:
            lines += _granted(fields)
        return ("\r\n".join(lines)
                + "\r\nContent-Length: 0\r\n\r\n").encode("latin-1")


def _granted(fields):
    """A 200 grants what was asked for; without an expiry nothing is left."""
    contacts = fields.get("contact", ())
    expires = fields.get("expires", ["3600"])[0]
    lines = [f"Path: {fields['path'][0]}",
             "Service-Route: <sip:orig@home.ims.test;lr>",
             "P-Associated-URI: " + fields["to"][0].partition(";")[0]]
    leaves = "*" in contacts or all(
        ";expires=0" in c or (";expires=" not in c and expires == "0")
        for c in contacts)
    if not leaves:
        lines += [f"Contact: {c}" for c in contacts]
        lines.append(f"Expires: {expires}")
    return lines


def _wrong(fields):
    """What a REGISTER at the core must not or must bear. Source: 3.1, 9.1"""
    wrong = [name for name in (
        "p-asserted-identity", "p-preferred-identity", "security-server",
        "security-client", "security-verify", "record-route", "route",
        "p-associated-uri", "service-route", "p-served-user", "history-info",
        "resource-priority", "feature-caps") if name in fields]
    if len(fields.get("path", ())) != 1:
        wrong.append("path")
    for name in ("path", "p-visited-network-id", "p-charging-vector",
                 "p-access-network-info"):
        if "evil" in " ".join(fields.get(name, ("evil",))):
            wrong.append(name)
    required = " ".join(fields.get("require", []))
    if "path" not in required:
        wrong.append("require")
    if "sec-agree" in required + " ".join(fields.get("proxy-require", [])):
        wrong.append("sec-agree")
    return wrong


def _parameters(value):
    scheme, _, rest = value.partition(" ")
    found = {}
    for name, text in _PARAMETER.findall(rest):
        found[name.lower()] = text[1:-1] if text[:1] == '"' else text
    if "integrity-protected" in rest.lower():
        found.setdefault("integrity-protected", "?")  # in any other form
    return scheme.lower(), found


class _Link(asyncio.Protocol):
    """A connection of the proxy."""

    def __init__(self, home):
        self.home = home
        self.buffer = b""
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        buffer, out, begin = self.buffer + data, [], 0
        while (end := buffer.find(b"\r\n\r\n", begin)) >= 0:
            length = _LENGTH.search(buffer, begin, end + 2)
            after = end + 4 + int(length.group(1))
            if len(buffer) < after:
                break
            out.append(self.home.answer(buffer[begin:end]))
            begin = after
        self.buffer = buffer[begin:]
        if out:
            self.transport.write(b"".join(out))
