"""The registrar: decides about a REGISTER, keeps bindings, does no I/O.

What it believes is what TS 33.203 Annex O allows an S-CSCF to believe: a
REGISTER marked `tls-pending` needs a digest that holds; `tls-yes` without a
response is accepted only for somebody who is registered; everything else is
challenged.
"""

import heapq
import hmac
import itertools
import secrets
from dataclasses import dataclass, field

from home_core import reginfo
from sip import digest
from sip.message import BadMessage, address, response_to


@dataclass
class Policy:
    """What an operator would choose; times in seconds."""
    domain: str = "ims.test"
    algorithms: tuple[str, ...] = digest.ALGORITHMS
    nonce_lifetime_s: float = 300
    expires_s_min: int = 60
    expires_s_max: int = 7200
    expires_s_default: int = 3600
    rechallenge: bool = False  # also a `tls-yes` without response
    accept_plain_digest: bool = False  # a digest without TLS behind it
    service_route: str = ""  # a whole value in the place of our own
    service_route_at: str = "first"  # or turn, subscriber, ADDRESS:PORT
    term_ioi: str = "Type 1home.test"
    charging_function: str = "ccf=192.0.2.200"
    reg_event: str = "accept"  # or "refuse": 489 to each SUBSCRIBE
    reginfo_state: str = "full"  # or "partial": of each NOTIFY but the first
    subscription_s_max: int = 700_000
    subscription_ends_with_registration: bool = True


@dataclass
class Nonce:
    impi: str
    expires_at: float
    used: set = field(default_factory=set)


@dataclass
class Binding:
    """Where a device of a subscriber is reached, and through whom."""
    impi: str
    set_index: int
    contact: str
    parameters: dict
    path: list
    call_id: str
    cseq: int
    expires_at: float
    edge: object = None  # the neighbour that the REGISTER came from
    number: int = 0  # the same through all refreshes
    event: str = "registered"  # what happened last, in words of RFC 3680

    def to_json(self, now):
        return {"impi": self.impi, "set": self.set_index,
                "contact": self.contact, "path": self.path,
                "instance": self.parameters.get("+sip.instance", ""),
                "expires_s": round(self.expires_at - now)}


@dataclass(frozen=True)
class Change:
    """What became of a binding, in words of RFC 3680 5.3."""
    binding: Binding
    event: str
    retry_after_s: int | None = None

    @property
    def state(self):
        return reginfo.EVENTS[self.event]


class Refused(Exception):
    """A REGISTER ends here, with this status and these header fields."""

    def __init__(self, status, reason=None, **fields):
        super().__init__(reason or status)
        self.status, self.reason, self.fields = status, reason, fields


class Registrar:

    def __init__(self, subscribers, policy):
        self.subscribers = subscribers
        self.policy = policy
        # For who asks through this edge: (edge, subscriber).
        self.service_route = lambda *_: ""
        # Who is told: (impi, set_index, changes, now).
        self.on_change = lambda *_: None
        self.bindings = {}  # impi -> {(set, instance or contact): Binding}
        self.numbers = itertools.count(1)
        self.due = []  # heap of (expires_at, impi), with outdated ones
        self.nonces = {}

    # Asking.

    def of_identity(self, impu, now):
        """Live bindings of a public identity, the newest first.

        Nobody reaches a barred identity. Source: TS 24.229 5.4.3.3
        """
        subscriber = self.subscribers.impu(impu)
        if not subscriber or subscriber.bars(impu):
            return []
        index = subscriber.serving(impu)
        return sorted((b for b in self.of_impi(subscriber.impi, now)
                       if b.set_index == index), key=lambda b: -b.expires_at)

    def of_impi(self, impi, now):
        """Live bindings of a private identity; the others are forgotten."""
        mine = self.bindings.get(impi, {})
        self._remove(impi, [k for k, b in mine.items()
                            if b.expires_at <= now], "expired", now)
        return list(mine.values())

    def all(self, now):
        return [b for impi in self.bindings for b in self.of_impi(impi, now)]

    # What the network does by itself, and what time does.

    def shorten(self, impu, expires_s, now, instance=None):
        """Let the bindings of an identity's set end sooner."""
        impi, chosen = self._chosen(impu, instance, now)
        for key in chosen:
            binding = self.bindings[impi][key]
            binding.expires_at = min(binding.expires_at, now + expires_s)
            heapq.heappush(self.due, (binding.expires_at, impi))
            self._tell(impi, [(binding, "shortened")], now)

    def deactivate(self, impu, now, event="deactivated", instance=None,
                   retry_after_s=None):
        """End the bindings of an identity's set."""
        if reginfo.EVENTS.get(event) != "terminated":
            raise ValueError(f"{event} ends nothing")
        impi, chosen = self._chosen(impu, instance, now)
        self._remove(impi, chosen, event, now, retry_after_s)

    def expire(self, now):
        """Forget what has expired, and tell."""
        while self.due and self.due[0][0] <= now:
            self.of_impi(heapq.heappop(self.due)[1], now)

    def next_expiry(self):
        """When something may expire, None for never."""
        return self.due[0][0] if self.due else None

    def _chosen(self, impu, instance, now):
        """(impi, keys of bindings); they are there."""
        subscriber = self.subscribers.impu(impu)
        if not subscriber:
            raise LookupError(f"nobody has {impu}")
        index = subscriber.serving(impu)
        self.of_impi(subscriber.impi, now)
        found = [key for key, b in self.bindings.get(subscriber.impi,
                                                     {}).items()
                 if key[0] == index and instance in (
                     None, b.parameters.get("+sip.instance"))]
        if not found:
            raise LookupError(f"{impu} is not registered")
        return subscriber.impi, found

    def _remove(self, impi, keys, event, now, retry_after_s=None):
        gone = [self.bindings[impi].pop(key) for key in keys]
        self._tell(impi, [(b, event) for b in gone], now, retry_after_s)

    def _tell(self, impi, news, now, retry_after_s=None):
        """One word for each set, after all has been done."""
        changes = {}
        for binding, event in news:
            binding.event = event
            changes.setdefault(binding.set_index, []).append(
                Change(binding, event, retry_after_s))
        for index, of_set in changes.items():
            self.on_change(impi, index, of_set, now)

    # Deciding.

    def register(self, request, now, edge=None):
        """The final response to a REGISTER."""
        try:
            return self._register(request, now, edge)
        except Refused as refused:
            response = response_to(request, refused.status, refused.reason)
            for name, values in refused.fields.items():
                for value in values:
                    response.add(name.replace("_", "-"), value)
            return response
        except (BadMessage, ValueError) as error:
            return response_to(request, 400, f"Bad Request ({error})")

    def _register(self, request, now, edge):
        if not request.all("path") or "path" not in request.all("require"):
            raise Refused(421, require=["path"])
        given = self._credentials(request)
        to_uri = address(request.get("to"))[0]
        subscriber = self._subscriber(given, to_uri)
        proof = self._authenticate(request, given, subscriber, now)
        contacts = self._contacts(request)
        self._bind(request, subscriber, to_uri, contacts, now, edge)
        response = self._ok(request, subscriber, subscriber.set_of(to_uri),
                            proof, now)
        return response.add("service-route", self.policy.service_route
                            or self.service_route(edge, subscriber))

    def _credentials(self, request):
        """Digest parameters of the one Authorization for our realm."""
        found = [p for scheme, p in map(digest.parse,
                                        request.all("authorization"))
                 if scheme.lower() == "digest"
                 and p.get("realm", self.policy.domain) == self.policy.domain]
        if len(found) > 1:
            raise Refused(400, "Two credentials for one realm")
        return found[0] if found else {}

    def _subscriber(self, given, to_uri):
        if "username" in given:
            subscriber = self.subscribers.impi(given["username"])
        else:
            subscriber = self.subscribers.impu(to_uri)
        if not subscriber:
            raise Refused(404)
        if subscriber.set_of(to_uri) is None:
            raise Refused(403, "Identity of somebody else")
        return subscriber

    # Authentication.

    def _authenticate(self, request, given, subscriber, now):
        """The proof that was checked, None where none was needed."""
        mark = given.get("integrity-protected")
        if mark not in (None, "tls-pending", "tls-yes"):
            raise Refused(400, f"integrity-protected is {mark}")
        if not given.get("response"):
            known = self.of_impi(subscriber.impi, now)
            if mark == "tls-yes" and known and not self.policy.rechallenge:
                return None
            raise self._challenge(subscriber, now)
        if mark is None and not self.policy.accept_plain_digest:
            raise self._challenge(subscriber, now)
        return self._check(request, given, subscriber, now)

    def _check(self, request, given, subscriber, now):
        algorithm = given.get("algorithm", "MD5").upper()
        if algorithm not in self.policy.algorithms or \
                given.get("qop") != "auth" or given.get("uri") != request.uri:
            raise Refused(400, "Digest parameters are not the offered ones")
        proof = digest.Proof(algorithm, given["nonce"], given["nc"],
                             given["cnonce"], "auth", given["uri"])
        secret = digest.ha1(algorithm, subscriber.impi, self.policy.domain,
                            subscriber.password)
        if not hmac.compare_digest(proof.response(secret, "REGISTER"),
                                   given["response"].lower()):
            raise Refused(403, "Forbidden (wrong response)")
        nonce = self.nonces.get(given["nonce"])
        count = int(given["nc"], 16)
        if not nonce or nonce.impi != subscriber.impi or \
                nonce.expires_at <= now or count in nonce.used:
            raise self._challenge(subscriber, now, stale=True)
        nonce.used.add(count)
        return proof, proof.rspauth(secret)

    def _challenge(self, subscriber, now, stale=False):
        asked = []
        for algorithm in self.policy.algorithms:
            nonce = secrets.token_hex(16)
            self.nonces[nonce] = Nonce(
                subscriber.impi, now + self.policy.nonce_lifetime_s)
            asked.append(digest.challenge(self.policy.domain, nonce,
                                          algorithm, stale))
        self._forget_nonces(now)
        return Refused(401, www_authenticate=asked)

    def _forget_nonces(self, now):
        """Nonces are made in the order in which they expire."""
        while self.nonces:
            oldest = next(iter(self.nonces))
            if self.nonces[oldest].expires_at > now:
                break
            del self.nonces[oldest]

    # Bindings.

    def _contacts(self, request):
        """[(uri, parameters, seconds)]; uri is "*" for all of them."""
        header = request.get("expires")
        default = int(header) if header and header.isdigit() else None
        contacts = []
        for value in request.all("contact"):
            if value == "*":
                if default != 0 or len(request.all("contact")) > 1:
                    raise Refused(400, "Contact * needs Expires 0 and nothing "
                                  "else")
                return [("*", {}, 0)]
            uri, parameters = address(value)
            asked = parameters.pop("expires", None)
            contacts.append((uri, parameters, self._granted(
                int(asked) if asked else default)))
        return contacts

    def _granted(self, asked_s):
        if asked_s is None:
            asked_s = self.policy.expires_s_default
        if 0 < asked_s < self.policy.expires_s_min:
            raise Refused(423, min_expires=[self.policy.expires_s_min])
        return min(asked_s, self.policy.expires_s_max)

    def _bind(self, request, subscriber, to_uri, contacts, now, edge):
        index = subscriber.set_of(to_uri)
        impi = subscriber.impi
        mine = self.bindings.setdefault(impi, {})
        for uri, parameters, expires_s in contacts:
            if uri == "*":
                self._remove(impi, [k for k in mine if k[0] == index],
                             "unregistered", now)
                continue
            device = parameters.get("+sip.instance")
            key = index, (device + parameters.get("reg-id", "")
                          if device else uri)
            old = mine.get(key)
            if old and old.call_id == request.call_id and \
                    old.cseq >= request.cseq[0]:
                raise Refused(500, "CSeq is not higher than the last one")
            if expires_s == 0:
                self._remove(impi, [key] if old else [], "unregistered", now)
                continue
            mine[key] = Binding(
                impi, index, uri, parameters, request.all("path"),
                request.call_id, request.cseq[0], now + expires_s, edge,
                old.number if old else next(self.numbers))
            heapq.heappush(self.due, (now + expires_s, impi))
            self._tell(impi, [(mine[key], "refreshed" if old
                               else "registered")], now)

    # The answer.

    def _ok(self, request, subscriber, index, proof, now):
        response = response_to(request, 200)
        for b in self.of_impi(subscriber.impi, now):
            if b.set_index == index:
                extra = "".join(f";{n}={v}" if v else f";{n}"
                                for n, v in b.parameters.items())
                response.add("contact", f"<{b.contact}>{extra};expires="
                             f"{round(b.expires_at - now)}")
        for path in request.all("path"):
            response.add("path", path)
        response.add("p-associated-uri", ", ".join(
            f"<{i}>" for i in subscriber.associated(index)))
        self.add_charging(response, request)
        if proof:
            asked, rspauth = proof
            response.add("authentication-info", (
                f'qop=auth, rspauth="{rspauth}", cnonce="{asked.cnonce}", '
                f"nc={asked.nc}"))
        return response

    def add_charging(self, message, source=None):
        """What only the trust domain may see; the edge must strip it."""
        vector = source.get("p-charging-vector") if source else None
        vector = vector or f'icid-value="hc-{secrets.token_hex(6)}"'
        message.add("p-charging-vector",
                    f'{vector};term-ioi="{self.policy.term_ioi}"')
        message.add("p-charging-function-addresses",
                    self.policy.charging_function)
