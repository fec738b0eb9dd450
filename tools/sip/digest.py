"""SIP digest (RFC 7616, RFC 8760): both the asking and the answering side."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sip.message import BadMessage, split_list, unquote

# Best first: the order in which a registrar offers them. Source: RFC 8760 2.3
ALGORITHMS = ("SHA-256", "MD5")
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_BARE = {"algorithm", "qop", "nc", "stale"}


def _hash(algorithm, text):
    return _HASHES[algorithm](text.encode()).hexdigest()


def ha1(algorithm, username, realm, password):
    return _hash(algorithm, f"{username}:{realm}:{password}")


@dataclass(frozen=True)
class Proof:
    """What goes into a response, apart from the secret."""
    algorithm: str
    nonce: str
    nc: str
    cnonce: str
    qop: str
    uri: str

    def _of(self, secret, a2):
        hashed = _hash(self.algorithm, a2)
        middle = f"{self.nonce}:{self.nc}:{self.cnonce}:{self.qop}" \
            if self.qop else self.nonce
        return _hash(self.algorithm, f"{secret}:{middle}:{hashed}")

    def response(self, secret, method):
        """The UE's proof; `secret` is H(A1)."""
        return self._of(secret, f"{method}:{self.uri}")

    def rspauth(self, secret):
        """The network's proof, for Authentication-Info."""
        return self._of(secret, f":{self.uri}")


def parse(value):
    """(scheme, parameters) of Authorization or WWW-Authenticate."""
    scheme, _, rest = value.strip().partition(" ")
    found = {}
    for part in split_list(rest):
        name, equals, text = part.partition("=")
        name = name.strip().lower()
        if not equals or name in found:
            raise BadMessage(f"bad digest parameter {part!r}")
        found[name] = unquote(text.strip())
    return scheme, found


def render(parameters):
    """Digest parameters as header text, quoted as RFC 3261 25.1 has them."""
    shown = (f"{n}={v}" if n in _BARE else f'{n}="{v}"'
             for n, v in parameters.items())
    return "Digest " + ", ".join(shown)


def challenge(realm, nonce, algorithm, stale=False):
    parameters = {"realm": realm, "nonce": nonce, "algorithm": algorithm}
    if stale:
        parameters["stale"] = "true"
    return render(parameters) + ', qop="auth"'


def best_challenge(values):
    """The first challenge that we can answer, as parameters."""
    for value in values:
        scheme, found = parse(value)
        if scheme.lower() == "digest" and \
                found.get("algorithm", "MD5").upper() in _HASHES:
            return found
    raise BadMessage("no digest challenge that can be answered")


class Answerer:
    """The UE's side: answers challenges and counts nc per nonce."""

    def __init__(self, username, password):
        self.username = username
        self.password = password
        self.asked = None
        self.count = 0
        self.proof = None

    def learn(self, challenge_values):
        self.asked = best_challenge(challenge_values)
        self.count = 0

    def answer(self, method, uri, cnonce=None):
        """The value of an Authorization header for the latest challenge."""
        asked = self.asked
        algorithm = asked.get("algorithm", "MD5").upper()
        qop = "auth" if "qop" in asked else ""
        self.count += 1
        self.proof = Proof(algorithm, asked["nonce"], f"{self.count:08x}",
                           cnonce or secrets.token_hex(4), qop, uri)
        secret = ha1(algorithm, self.username, asked["realm"], self.password)
        parameters = {"username": self.username, "realm": asked["realm"],
                      "nonce": asked["nonce"], "uri": uri,
                      "algorithm": algorithm}
        if qop:
            parameters |= {"qop": qop, "nc": self.proof.nc,
                           "cnonce": self.proof.cnonce}
        parameters["response"] = self.proof.response(secret, method)
        return render(parameters)

    def blank(self, realm, uri):
        """Credentials without a response: they only name the user."""
        return render({"username": self.username, "realm": realm,
                       "nonce": "", "uri": uri, "response": ""})

    def trusts(self, authentication_info):
        """Whether rspauth proves that the network knows our password."""
        _, found = parse("Digest " + authentication_info)
        secret = ha1(self.proof.algorithm, self.username,
                     self.asked["realm"], self.password)
        return hmac.compare_digest(found.get("rspauth", ""),
                                   self.proof.rspauth(secret))
