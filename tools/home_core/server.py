"""The home core as a running server: ties wire, registrar and relay."""

import asyncio
import collections
import ipaddress
import itertools
import time

from home_core import faults
from home_core.journal import Journal
from home_core.notifier import Notifier
from home_core.registrar import Binding
from home_core.relay import Relay, lane, next_hop
from home_core.transport import Wire, join
from sip.message import (BadMessage, Message, address, new_branch, new_tag,
                         response_to, uri_parts)

ANSWERS_KEPT_MAX = 10_000
ANSWER_KEPT_S = 32
TIMER_F_S = 32


class HomeCore:
    """One process that is I-CSCF, S-CSCF and relay.

    `edge` is where requests for UEs go: (protocol, host, port). Without it
    they follow the Path when that names an address, else they go back over the
    connection on which the UE's REGISTER came.
    """

    def __init__(self, registrar, edge=None, edge_connections=1):
        self.registrar = registrar
        self.edge = edge
        self.edge_connections = edge_connections
        self.journal = Journal()
        self.faults = faults.Faults()
        self.relay = Relay(self)
        self.notifier = Notifier(registrar, self._send_notify,
                                 lambda: self.uri, lambda: self.via)
        self.alarm = None
        self.peers = {}
        self.wires = []  # one for each address; the first is who we are
        self.turn = itertools.count()
        self.pending = {}  # branch -> future of a response to our request
        self.answers = collections.OrderedDict()  # UDP retransmissions
        self.stopped = asyncio.Event()

    async def start(self, *addresses, tls=None, tls_addresses=()):
        """Serve at these (host, port); at some over TLS, as a Tls says."""
        for address in addresses:
            self.wires.append(Wire(self, self.peers))
            await self.wires[-1].listen(*address)
        for address in tls_addresses:
            self.wires.append(Wire(self, self.peers, tls))
            await self.wires[-1].listen(*address)
        self.registrar.service_route = self._service_route

    def close(self):
        if self.alarm:
            self.alarm.cancel()
        for wire in self.wires:
            wire.close()

    # Who we are.

    @property
    def wire(self):
        return self.wires[0]

    @property
    def hostport(self):
        return join(*self.wire.address)

    @property
    def hostports(self):
        return self.hostports_of("tcp")

    def hostports_of(self, protocol):
        return [wire.name for wire in self.wires if wire.speaks(protocol)]

    def wires_at(self, at=""):
        """The wire of an address, or all of them."""
        found = [w for w in self.wires if at in ("", w.name)]
        if not found:
            raise LookupError(f"we do not listen at {at}")
        return found

    def _service_route(self, edge, subscriber):
        """Where a phone's requests shall go, as the policy wants it."""
        how = self.registrar.policy.service_route_at
        all_of_us = self.hostports_of(edge.protocol)
        if how == "first":
            at = all_of_us[0]
        elif how == "turn":
            at = all_of_us[next(self.turn) % len(all_of_us)]
        elif how == "subscriber":
            at = all_of_us[lane(subscriber.impi, len(all_of_us))]
        else:
            at = how
        return f"<sip:orig@{at};transport={edge.protocol};lr>"

    @property
    def uri(self):
        return f"sip:{self.hostport};transport=tcp"

    @property
    def via(self):
        return f"SIP/2.0/TCP {self.hostport}"

    def is_self(self, uri):
        scheme, _, host, port, _ = uri_parts(uri)
        return scheme == "sip" and any(
            (host.strip("[]"), port) == wire.address for wire in self.wires)

    # What arrives.

    def on_bad(self, error, peer, data):
        self.journal.note("in", Message(f"? {error}", raw=data), peer)

    def on_message(self, message, peer):
        self.journal.note("in", message, peer)
        if not message.is_request:
            self._on_response(message)
            return
        fault = self.faults.pick(message, peer.wire.name)
        if fault:
            faults.apply(fault, message, peer,
                         lambda: self._on_request(message, peer),
                         lambda response: self.reply(response, peer))
        else:
            self._on_request(message, peer)

    def _on_request(self, request, peer):
        if self._answered_before(request, peer):
            return
        if request.method == "REGISTER":
            response = self.registrar.register(request, time.time(), peer)
            self.reply(response, peer)
            self.watch_time()
        elif request.method == "SUBSCRIBE" and self._is_ours(request):
            response = self.notifier.subscribe(request, time.time(), peer)
            self.reply(response, peer)
            self.watch_time()
        else:
            try:
                self.relay.request(request, peer, time.time())
            except (BadMessage, ValueError) as error:
                if request.method != "ACK":
                    self.reply(response_to(request, 400, str(error)), peer)

    def _is_ours(self, subscribe):
        """Whether it asks for registration state, well or badly named."""
        event = subscribe.get("event", "")
        return event.startswith("reg") or self.is_self(subscribe.uri)

    def _on_response(self, response):
        waiting = self.pending.get(response.branch)
        if not waiting:
            self.relay.response(response)
        elif response.status >= 200 and not waiting.done():
            waiting.set_result(response)

    # Time.

    def watch_time(self):
        """Have `_on_time` run when the next thing expires."""
        due = [at for at in (self.registrar.next_expiry(),
                             self.notifier.next_expiry()) if at is not None]
        if self.alarm:
            self.alarm.cancel()
        loop = asyncio.get_running_loop()
        self.alarm = loop.call_later(max(0, min(due) - time.time()),
                                     self._on_time) if due else None

    def _on_time(self):
        self.alarm = None
        now = time.time()
        self.registrar.expire(now)
        self.notifier.expire(now)
        self.watch_time()

    # What leaves.

    def reply(self, response, peer):
        self.journal.note("out", response, peer)
        data = response.to_bytes()
        if peer.protocol == "udp" and response.status >= 200:
            self.answers[response.transaction] = (time.time(), data)
            while len(self.answers) > ANSWERS_KEPT_MAX:
                self.answers.popitem(last=False)
        peer.send(data)

    def _answered_before(self, request, peer):
        at, data = self.answers.get(request.transaction, (0, b""))
        if peer.protocol != "udp" or time.time() - at > ANSWER_KEPT_S:
            return False
        peer.send(data)
        return True

    def send_to_edge(self, request, binding=None, on_error=lambda: None):
        """Send a request to the proxy; never blocks the reader."""
        asyncio.ensure_future(self._send_to_edge(request, binding, on_error))

    async def _send_to_edge(self, request, binding, on_error):
        try:
            peer = await self._edge_peer(request, binding)
        except OSError:
            on_error()
            return
        vias = request.all("via")
        vias[0] = vias[0].replace("SIP/2.0/TCP",
                                  f"SIP/2.0/{peer.protocol.upper()}", 1)
        request.set_all("via", vias)
        self.journal.note("out", request, peer)
        peer.send(request.to_bytes())

    async def _edge_peer(self, request, binding):
        edge = self.edge or self._edge_of_route(request)
        if edge:
            return await self._wire_for(edge[0]).reach(
                *edge, lane(request.call_id, self.edge_connections))
        if binding and binding.edge and not binding.edge.closed:
            return binding.edge
        raise OSError("no way to the edge")

    def _wire_for(self, protocol):
        for wire in self.wires:
            if wire.speaks(protocol):
                return wire
        raise OSError(f"we have no address for {protocol}")

    def _edge_of_route(self, request):
        routes = request.all("route")
        uri = address(routes[0])[0] if routes else request.uri
        edge = next_hop(uri)
        try:
            ipaddress.ip_address(edge[1])
        except ValueError:
            return None
        return edge

    def _send_notify(self, subscription, request):
        """One after the other, so that a watcher sees versions grow."""
        subscription.last = asyncio.ensure_future(self._notify(
            subscription, request, subscription.last))

    async def _notify(self, subscription, request, before):
        if before:
            await asyncio.wait([before])
        try:
            status = (await self.ask(request, subscription)).status
        except (OSError, asyncio.TimeoutError):
            status = None
        self.notifier.answered(subscription, status)

    async def send_request(self, method, to, body=b"", headers=(),
                           timeout_s=35, path=()):
        """Send a terminating request to an identity; returns the response.

        With `path` it goes there, whether or not anybody is registered.
        """
        binding = self._whom(to, path)
        request = Message.request(method, to)
        branch = new_branch()
        request.add("via", f"{self.via};branch={branch}")
        request.add("max-forwards", 70)
        domain = self.registrar.policy.domain
        request.add("from", f"<sip:core@{domain}>;tag={new_tag()}")
        request.add("to", f"<{to}>")
        request.add("call-id", f"{branch[7:]}@{domain}")
        request.add("cseq", f"1 {method}")
        request.add("p-asserted-identity", f"<sip:core@{domain}>")
        if method in ("INVITE", "SUBSCRIBE"):
            request.add("contact", f"<{self.uri}>")
        for name, value in headers:
            request.add(name, value)
        if body:
            request.add("content-type", "text/plain")
            request.body = body
        self.relay.terminate(request, binding)
        return await self.ask(request, binding, timeout_s)

    def _whom(self, to, path):
        if path:
            return Binding("", 0, to, {}, path, "", 0, 0)
        found = self.registrar.of_identity(to, time.time())
        if not found:
            raise LookupError(f"{to} is not registered")
        return found[0]

    async def ask(self, request, binding, timeout_s=TIMER_F_S):
        """Send a request; its final response, or TimeoutError, OSError."""
        branch = request.branch
        answer = asyncio.get_running_loop().create_future()
        self.pending[branch] = answer

        def fail():
            if not answer.done():
                answer.set_exception(OSError("no way to the edge"))
        try:
            self.send_to_edge(request, binding, fail)
            return await asyncio.wait_for(answer, timeout_s)
        finally:
            del self.pending[branch]
