"""Who believes nothing: compares all that the core and the phones got with what
is true, from its own record of which connection really got a 200 for whom."""

import itertools
import re
import time

from sip.message import uri_parts
from system import liberal
from ue.flow import TlsOptions
from ue.ue import Ue

MARK = "X-Sent-On"
# Stands in every value that a hostile phone makes up; too long to stand in a flow
# token by chance.
EVIL = "eviltwin"

# What a phone may not say at all. Source: the reference, 9.1 and 3.1
NEVER = (
    "p-preferred-identity", "p-charging-function-addresses",
    "p-associated-uri", "service-route", "p-called-party-id",
    "p-served-user", "p-profile-key", "p-asserted-service",
    "p-user-database", "p-media-authorization",
    "p-private-network-indication", "security-server", "security-client",
    "security-verify", "feature-caps", "resource-priority", "history-info",
    "restoration-info", "relayed-charge", "service-interact-info",
    "response-source", "attestation-info", "origination-id",
    "cellular-network-info", "additional-identity",
)
# What the proxy says in the phone's place.
OURS = ("p-asserted-identity", "p-charging-vector", "p-visited-network-id",
        "path", "p-access-network-info")


class History:
    """A fact that changes with time; before the first change it is None."""

    def __init__(self):
        self.changes = []

    def become(self, value):
        self.changes.append((time.time(), value))

    def at(self, when):
        return next((v for t, v in reversed(self.changes) if t <= when), None)

    @property
    def now(self):
        return self.changes[-1][1] if self.changes else None


class Sender:
    """A flow of a phone, and the TLS session that it belongs to.

    `whose` is the IMPI for whom the registrar has said 200 on the session;
    `proven`: whether this flow itself has had such a 200.
    """

    def __init__(self, number, ue, flow, resumes=None):
        self.number, self.ue, self.flow = number, ue, flow
        self.whose = resumes.whose if resumes else History()
        self.proven = History()
        self.asked = {}  # (Call-ID, CSeq) -> parameters of the credentials
        self.branches = set()


class WatchedUe(Ue):
    """A phone whose every step the witness knows."""

    witness = None
    saved = None  # the sender whose session would be resumed

    def sender(self, flow=None):
        return self.witness.of(flow or self.flow)

    async def connect(self, resume=False, local=None):
        flow = await super().connect(resume, local)
        resumed = self.saved if resume and flow.resumed else None
        if resumed and resumed.flow.local[0] != flow.local[0]:
            resumed = None  # Source: the reference, 5.7
        self.witness.opened(self, flow, resumed)
        return flow

    async def connect_clear(self, protocol="tcp"):
        flow = await super().connect_clear(protocol)
        self.witness.opened(self, flow)
        return flow

    def keep(self):
        """Remember the session of the present connection."""
        self.session, self.saved = self.flow.session, self.sender()

    def drop(self, reset=False):
        self.saved = self.sender()
        super().drop(reset)

    def send(self, message, flow=None):
        message.set(MARK, self.sender(flow).number)
        self.witness.sent(self.sender(flow), message.to_bytes())
        super().send(message, flow)

    def raw(self, data, flow=None):
        """Marked behind its start line, like all that we send."""
        start, end, rest = data.partition(b"\r\n")
        if end and rest:
            mark = f"{MARK}: {self.sender(flow).number}".encode()
            data = start + end + mark + end + rest
        self.witness.sent(self.sender(flow), data)
        super().raw(data, flow)

    def _on_message(self, message, flow):
        self.witness.got(flow, message)
        super()._on_message(message, flow)


class Witness:

    def __init__(self, lab):
        self.lab = lab
        self.ues = []
        self.senders = {}  # number -> Sender
        self.numbers = itertools.count(1)
        self.after = 0  # the last record of the core's journal that we read
        self.by_core = {}  # Call-ID of what the core sent -> its text

    def ue(self, number, version="", instance=None):
        s = self.lab.subscribers[number]
        ue = WatchedUe(s.impi, s.password, s.sets[0][0], self.lab.proxy.edge,
                       TlsOptions(f"{self.lab.folder}/ca.pem", "localhost",
                                  version), instance=instance)
        ue.witness, ue.checked = self, 0
        self.ues.append(ue)
        self.lab.ues.append(ue)
        return ue

    # What the phones tell.

    def of(self, flow):
        return next(s for s in self.senders.values() if s.flow is flow)

    def opened(self, ue, flow, resumes=None):
        number = next(self.numbers)
        self.senders[number] = Sender(number, ue, flow, resumes)

    def sent(self, sender, data):
        text = data.decode("latin-1")
        sender.branches.update(liberal.branches(text))
        if liberal.start(text).startswith("REGISTER "):
            sender.asked[_dialog(text)] = _digest(text)

    def got(self, flow, message):
        """A 200 to a REGISTER changes who this connection is."""
        sender = self.of(flow)
        if message.is_request or message.status != 200 or \
                message.cseq[1] != "REGISTER" or flow.name != "TLS":
            return
        asked = sender.asked.get(_dialog(message.raw.decode("latin-1")), {})
        impi = sender.whose.now
        if not impi and asked.get("response"):
            impi = asked.get("username")
        bound = any(sender.ue.instance in v for v in message.all("contact"))
        sender.whose.become(impi if bound else None)
        sender.proven.become(bound)

    # What has come of it.

    async def check(self):
        """All violations since the last time, in words."""
        found = await self.lab.core.control("seen", last=100_000,
                                            after=self.after)
        wrong = []
        for record in found["messages"]:
            self.after = record["n"]
            if record["direction"] == "in":
                wrong += self._at_core(record["text"], record["time"])
            elif not record["status"]:
                self.by_core[_dialog(record["text"])[0]] = record["text"]
        for ue in self.ues:
            for received in ue.seen[ue.checked:]:
                wrong += self._at_phone(ue, received)
            ue.checked = len(ue.seen)
        return wrong

    def _at_core(self, text, when):
        start = liberal.start(text)
        marks = liberal.values(text, MARK.lower())
        if start.startswith("SIP/2.0 "):
            wrong = self._strip_list(text, ("p-asserted-identity",
                                            "p-charging-vector",
                                            "p-access-network-info"))
            wrong += self._answered_as(text)
        elif not marks:
            probe = start.startswith("OPTIONS ") and \
                len(liberal.branches(text)) == 1
            wrong = [] if probe else ["it comes from nobody"]
        else:
            sender = self.senders[int(marks[0])]
            judge = self._register if start.startswith("REGISTER ") \
                else self._request
            wrong = judge(text, sender, when)
        return [f"at the core: {one}: {start}" for one in wrong]

    def _register(self, text, sender, when):
        wrong = self._strip_list(text, ("p-charging-vector", "path",
                                        "p-visited-network-id",
                                        "p-access-network-info"))
        said = liberal.claims(text)
        true = self._truth(text, sender, when)
        if said != ([true] if true else []):
            wrong.append(f"integrity-protected {said} where {true} is true")
        return wrong

    def _truth(self, text, sender, when):
        """What the proxy may say of this REGISTER. Source: 4.4"""
        sets = [dict(row) for scheme, row in liberal.credentials(text)
                if scheme == "digest"]
        homes = [s for s in sets if s.get("realm") == "ims.test"]
        if len(sets) > 1:
            sets = homes if len(homes) == 1 else []
        if sender.flow.name != "TLS" or len(sets) != 1:
            return None
        digest = sets[0]
        hidden = digest.get("userhash", "false") != "false"
        if not digest.get("username") or hidden or "username*" in digest:
            return None
        if digest.get("algorithm", "").lower().startswith("akav"):
            return None
        whose = sender.whose.at(when)
        if whose:
            if same_impi(digest["username"], whose):
                return "tls-yes"
            if sender.proven.at(when):
                return "nothing at all (D10)"
            sender.whose = History()  # D12: detached
        return "tls-pending" if digest.get("response") else None

    def _request(self, text, sender, when):
        """A request of a phone must be of one that is registered."""
        wrong = self._strip_list(text, ("p-asserted-identity",
                                        "p-charging-vector",
                                        "p-access-network-info"))
        if liberal.claims(text):
            wrong.append("integrity-protected outside of REGISTER")
        if not sender.proven.at(when):
            return wrong + ["its sender is not registered"]
        owner = next(s for s in self.lab.subscribers
                     if same_impi(s.impi, sender.whose.at(when)))
        asserted = re.findall(r"<([^>]*)>", " ".join(
            liberal.values(text, "p-asserted-identity")))
        if not asserted or not set(asserted) <= set(owner.sets[0]):
            wrong.append(f"{asserted} is asserted of {owner.impi}")
        return wrong

    def _answered_as(self, text):
        """A response bears the identity under which its callee was called."""
        asked = self.by_core.get(_dialog(text)[0], "")
        called = liberal.values(asked, "p-called-party-id")
        status = int(liberal.start(text).split(" ")[1])
        asserted = liberal.values(text, "p-asserted-identity")
        if asserted != (called if 100 < status < 300 else []):
            return [f"{asserted} answers a call to {called}"]
        return []

    def _strip_list(self, text, ours):
        wrong = []
        for name in NEVER + tuple(set(OURS) - set(ours)):
            wrong += [f"{name}: {v[:60]}" for v in liberal.values(text, name)]
        for name in ours:
            values = liberal.values(text, name)
            wrong += [f"{name}: {v[:60]}" for v in values
                      if EVIL in v.lower()]
            if name in ("p-charging-vector", "path") and len(values) > 1:
                wrong.append(f"{len(values)} of {name}")
        network = " ".join(liberal.values(text, "p-access-network-info"))
        if network.count("network-provided") > 1:
            wrong.append(f"p-access-network-info: {network}")
        return wrong

    def _at_phone(self, ue, received):
        message, flow = received.message, received.flow
        if not message.is_request:
            if message.branch not in self.of(flow).branches:
                return [f"{ue.user} got an answer that it did not ask for"]
            return []
        sent = self.by_core.get(message.call_id)
        if not sent:
            return [f"{ue.user} got a {message.method} that the core did not "
                    "send"]
        if uri_parts(message.uri)[1] != ue.user or \
                liberal.start(sent).split(" ")[1] != message.uri:
            return [f"{ue.user} got what is {message.uri}'s"]
        return []

    async def intact(self, *victims):
        """A request of the core still reaches each victim, and only it."""
        wrong = []
        for ue in victims:
            body, before = f"{time.monotonic()}", len(ue.received("MESSAGE"))
            answer = await self.lab.core.control("send", to=ue.impu,
                                                 body=body, timeout_s=10)
            if answer["status"] != 200:
                wrong.append(f"{ue.user} is not reached: {answer['status']}")
                continue
            fresh = ue.received("MESSAGE")[before:]
            if [m.body.decode() for m in fresh] != [body]:
                wrong.append(f"{ue.user} got {len(fresh)} messages")
            mine = {id(m) for m in fresh}
            wrong += [f"{other.user} got {ue.user}'s message"
                      for other in self.ues for m in other.received("MESSAGE")
                      if m.body.decode("latin-1") == body
                      and id(m) not in mine]
        return wrong


def same_impi(one, other):
    """Source: the reference, 4.4"""
    (user, _, realm), (user2, _, realm2) = (i.rpartition("@")
                                            for i in (one, other))
    return user == user2 and realm.lower() == realm2.lower()


def _dialog(text):
    """(Call-ID, CSeq) as a lax reader sees them."""
    found = dict(liberal.fields(text))
    call_id = found.get("call-id") or found.get("i", "")
    return call_id, found.get("cseq", "").lower()


def _digest(text):
    rows = [dict(row) for scheme, row in liberal.credentials(text)
            if scheme == "digest"]
    return rows[0] if len(rows) == 1 else {}
