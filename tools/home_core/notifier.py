"""The notifier of registration state (RFC 3680): subscriptions, no I/O.

It answers SUBSCRIBE and makes a NOTIFY for each change in the set of the
identity that somebody watches. How a NOTIFY travels is the business of `send`,
which must keep their order and tell `answered` of the outcome.
"""

import collections
import itertools
from dataclasses import dataclass, field

from home_core import reginfo
from sip.message import Message, address, new_branch, new_tag, response_to

EXPIRES_S_DEFAULT = 3761  # Source: RFC 3680 4.4
ENDED_KEPT_MAX = 100
# Answers after which nobody is there. Source: RFC 6665 4.2.2, RFC 5057 5.1
FATAL = {404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604}


@dataclass
class Subscription:
    """One watcher's dialog."""
    number: int
    impu: str
    impi: str
    set_index: int
    call_id: str
    remote: str  # From of the SUBSCRIBE
    local: str  # its To, with our tag
    local_tag: str
    remote_tag: str
    event: str
    target: str
    routes: list
    remote_cseq: int
    expires_at: float
    edge: object = None  # the neighbour that it came from
    cseq: itertools.count = field(default_factory=lambda: itertools.count(1))
    version: int = -1  # of the last document
    last: object = None  # whoever sends may keep the latest NOTIFY here
    notified: list = field(default_factory=list)  # what the NOTIFYs got

    @property
    def dialog(self):
        return self.call_id, self.local_tag, self.remote_tag


class Notifier:

    def __init__(self, registrar, send, uri=lambda: "", via=lambda: ""):
        self.registrar = registrar
        self.send = send  # (subscription, request)
        self.uri = uri  # where we are reached
        self.via = via
        self.numbers = itertools.count(1)
        self.live = {}  # dialog -> Subscription
        self.ended = collections.deque(maxlen=ENDED_KEPT_MAX)
        registrar.on_change = self.changed

    # Watchers.

    def subscribe(self, request, now, edge=None):
        """The final response; the NOTIFY that it owes goes out by itself."""
        package = request.get("event", "").partition(";")[0].strip()
        if self.registrar.policy.reg_event == "refuse" or package != "reg":
            return response_to(request, 489).add("allow-events", "reg")
        if not request.has("contact"):
            return response_to(request, 400, "SUBSCRIBE without Contact")
        if request.tag("to"):
            return self._refresh(request, now, edge)
        impu = self._whom(request)
        subscriber = self.registrar.subscribers.impu(impu)
        if not subscriber or subscriber.bars(impu):
            return response_to(request, 404)
        return self._granted(request, self._begin(
            request, impu, subscriber, edge), now)

    def _whom(self, request):
        """The watched identity: Request-URI, or To when that names us."""
        if self.registrar.subscribers.impu(request.uri):
            return request.uri
        return address(request.get("to"))[0]

    def _begin(self, request, impu, subscriber, edge):
        tag = new_tag()
        one = Subscription(
            next(self.numbers), impu, subscriber.impi,
            subscriber.serving(impu), request.call_id,
            request.get("from"), f"{request.get('to')};tag={tag}", tag,
            request.tag("from"), request.get("event"), "",
            request.all("record-route"), 0, 0, edge)
        self.live[one.dialog] = one
        return one

    def _refresh(self, request, now, edge):
        one = self.live.get((request.call_id, request.tag("to"),
                             request.tag("from")))
        if not one:
            return response_to(request, 481)
        if request.cseq[0] <= one.remote_cseq:
            return response_to(request, 500, "CSeq is not higher")
        one.edge = edge
        return self._granted(request, one, now)

    def _granted(self, request, one, now):
        asked = request.get("expires", "")
        expires_s = min(int(asked) if asked.isdigit() else EXPIRES_S_DEFAULT,
                        self.registrar.policy.subscription_s_max)
        one.target = address(request.get("contact"))[0]
        one.remote_cseq = request.cseq[0]
        one.expires_at = now + expires_s
        response = response_to(request, 200, to_tag=one.local_tag)
        response.add("contact", f"<{self.uri()}>").add("expires", expires_s)
        self._notify(one, now, "" if expires_s else "timeout")
        return response

    # News.

    def changed(self, impi, set_index, changes, now):
        """The registrar tells what became of bindings."""
        registered = any(b.set_index == set_index for b in
                         self.registrar.of_impi(impi, now))
        ends = not registered and \
            self.registrar.policy.subscription_ends_with_registration
        for one in [s for s in self.live.values()
                    if (s.impi, s.set_index) == (impi, set_index)]:
            self._notify(one, now, "noresource" if ends else "", changes)

    def expire(self, now):
        """End the subscriptions whose time is over."""
        for one in [s for s in self.live.values() if s.expires_at <= now]:
            self._notify(one, now, "timeout")

    def next_expiry(self):
        return min((s.expires_at for s in self.live.values()), default=None)

    def answered(self, one, status):
        """A NOTIFY got this final status, None for no answer at all."""
        one.notified.append(status)
        if status is None or status in FATAL:
            self._end(one)

    def forget(self):
        """Lose all subscriptions without a word, as a restart does."""
        for one in list(self.live.values()):
            self._end(one)

    def find(self, number=None, to=None):
        """The newest subscription, of an identity's set if that is given."""
        subscriber = to and self.registrar.subscribers.impu(to)
        for one in [*reversed(self.live.values()), *reversed(self.ended)]:
            if number not in (None, one.number):
                continue
            if not to or subscriber and (
                    subscriber.impi, subscriber.serving(to)) == (
                        one.impi, one.set_index):
                return one
        raise LookupError("no such subscription")

    def _end(self, one):
        if self.live.pop(one.dialog, None):
            self.ended.append(one)

    # NOTIFY.

    def _notify(self, one, now, ends_for="", changes=()):
        partial = bool(changes) and \
            self.registrar.policy.reginfo_state == "partial"
        body = self.document(one, now, one.version + 1, changes, partial)
        one.version += 1
        state = f"terminated;reason={ends_for}" if ends_for else \
            f"active;expires={max(0, round(one.expires_at - now))}"
        if ends_for:
            self._end(one)
        self.send(one, self.request(one, body, state))

    def request(self, one, body, subscription_state):
        """A NOTIFY in the dialog of a subscription."""
        request = Message.request("NOTIFY", one.target)
        request.add("via", f"{self.via()};branch={new_branch()}")
        request.add("max-forwards", 70)
        if one.routes:
            request.set_all("route", one.routes)
        request.add("from", one.local).add("to", one.remote)
        request.add("call-id", one.call_id)
        request.add("cseq", f"{next(one.cseq)} NOTIFY")
        request.add("contact", f"<{self.uri()}>")
        request.add("event", one.event)
        request.add("subscription-state", subscription_state)
        if body:
            request.add("content-type", reginfo.CONTENT_TYPE)
        request.body = body
        return request

    def made(self, one, now, version=None, body=None,
             state="active;expires=600", event=None, content_type=None,
             call_id=None, from_tag=None, to_tag=None):
        """A NOTIFY to order, for tests: nothing is believed or counted."""
        if version is None and body is None:
            one.version += 1
        if body is None:
            body = self.document(one, now, one.version if version is None
                                 else version).decode()
        request = self.request(one, body.encode(), state)
        for name, value in (("event", event), ("call-id", call_id),
                            ("content-type", content_type)):
            if value is not None:
                request.set(name, value)
        for name, tag in (("from", from_tag), ("to", to_tag)):
            if tag is not None:
                uri, _ = address(request.get(name))
                request.set(name, f"<{uri}>;tag={tag}" if tag else f"<{uri}>")
        return request

    def document(self, one, now, version, changes=(), partial=False):
        """Registration state of the watched set.

        A full one has all live contacts and those that have just gone, a
        partial one only those of `changes`.
        """
        subscriber = self.registrar.subscribers.impi(one.impi)
        events = {id(c.binding): c for c in changes}
        live = [b for b in self.registrar.of_impi(one.impi, now)
                if b.set_index == one.set_index]
        gone = [c.binding for c in changes if c.state == "terminated"]
        state = "active" if live else \
            "terminated" if changes or one.version >= 0 else "init"
        shown = [b for b in live + gone if not partial or id(b) in events]
        aors = [(i, "") for i in subscriber.associated(one.set_index)] + [
            (_example(w), w) for w in subscriber.wildcards(one.set_index)]
        return reginfo.render(version, [reginfo.Registration(
            aor, f"r{number}", state, tuple(
                _contact(b, f"r{number}c{b.number}", events.get(id(b)), now)
                for b in shown), wildcard)
            for number, (aor, wildcard) in enumerate(aors, 1)], partial)


def _contact(binding, number, change, now):
    event = change.event if change else binding.event
    expires_s = max(0, round(binding.expires_at - now)) \
        if reginfo.EVENTS[event] == "active" else None
    return reginfo.Contact(
        number, binding.contact, event, expires_s,
        change.retry_after_s if change else None, binding.parameters)


def _example(wildcard):
    """Some identity under a wildcard, for the aor that must be there."""
    before, _, after = wildcard.split("!")
    return f"{before}wildcard{after}"
