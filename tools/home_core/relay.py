"""A stateless relay between registered UEs (RFC 3261 16.11).

A request finds its callee by the Request-URI and travels along the Path that
the callee registered with. The number of the peer that asked is kept in our
Via branch, so a response needs no memory to find its way back.
"""

import hashlib
import zlib

from sip.message import address, response_to, uri_parts
from home_core.transport import join, split

COOKIE = "z9hG4bKhc"


class Relay:

    def __init__(self, core):
        self.core = core

    # Requests.

    def request(self, request, peer, now):
        """Answer a request or send it on; an ACK is never answered."""
        hops = int(request.get("max-forwards", "70"))
        if hops == 0:
            return self._refuse(request, peer, 483)
        onward = request.copy()
        onward.set("max-forwards", hops - 1)
        self._take_own_route(onward)
        binding = None
        if not onward.all("route"):
            if self.core.is_self(onward.uri):
                return self._to_core(request, peer)
            found = self.core.registrar.of_identity(onward.uri, now)
            if not found:
                return self._refuse(request, peer, self._absent(onward.uri))
            binding = found[0]
            self.terminate(onward, binding)
        onward.add_first("via", self._via(request, peer))
        if request.method in ("INVITE", "SUBSCRIBE"):
            onward.add_first("record-route", f"<{self.core.uri};lr>")
        self.core.send_to_edge(onward, binding, on_error=lambda: self._refuse(
            request, peer, 503))
        return None

    def _absent(self, impu):
        """The status for somebody who has no binding."""
        whose = self.core.registrar.subscribers.impu(impu)
        return 480 if whose and not whose.bars(impu) else 404

    def terminate(self, request, binding):
        """Make a request one for this device of the callee."""
        # Source: TS 24.229 5.4.3.3
        request.remove("p-called-party-id")
        request.add("p-called-party-id", f"<{request.uri}>")
        request.uri = binding.contact
        request.set_all("route", binding.path)
        request.remove("p-charging-vector")
        request.remove("p-charging-function-addresses")
        self.core.registrar.add_charging(request)

    def _take_own_route(self, request):
        routes = request.all("route")
        while routes and self.core.is_self(address(routes[0])[0]):
            routes = routes[1:]
        if request.has("route"):
            request.set_all("route", routes)

    def _via(self, request, peer):
        # The same for an INVITE, its CANCEL and its ACK to a failure.
        seed = f"{request.branch} {request.call_id}".encode()
        tag = hashlib.sha256(seed).hexdigest()[:16]
        return f"{self.core.via};branch={COOKIE}.{peer.number}.{tag}"

    def _to_core(self, request, peer):
        if request.method == "ACK":
            return
        status = 200 if request.method == "OPTIONS" else 405
        response = response_to(request, status)
        response.add("allow", "REGISTER, OPTIONS, MESSAGE, INVITE, ACK, "
                     "CANCEL, BYE, SUBSCRIBE")
        self.core.reply(response, peer)

    def _refuse(self, request, peer, status):
        if request.method != "ACK":
            self.core.reply(response_to(request, status), peer)

    # Responses.

    def response(self, response):
        """Send a response back to the peer named in our Via."""
        parts = response.branch.split(".")
        vias = response.all("via")
        if len(parts) != 3 or parts[0] != COOKIE or len(vias) < 2:
            return
        peer = self.core.peers.get(int(parts[1]))
        if not peer:
            return
        back = response.copy()
        back.set_all("via", vias[1:])
        if back.status > 100:
            self.core.reply(back, peer)


def lane(call_id, lanes):
    """Requests of one call keep to one of several connections."""
    return zlib.crc32(call_id.encode()) % lanes


def next_hop(uri, default_protocol="tcp"):
    """(protocol, host, port) of a SIP URI with a literal address."""
    _, _, host, port, parameters = uri_parts(uri)
    protocol = parameters.get("transport", default_protocol).lower()
    return protocol, host.strip("[]"), port or (5061 if protocol == "tls"
                                                else 5060)


def parse_edge(text):
    """`ADDRESS:PORT`, or with `/udp` or `/tls` behind it."""
    endpoint, _, protocol = text.partition("/")
    host, port = split(endpoint)
    if protocol not in ("", "tcp", "udp", "tls"):
        raise ValueError(f"{protocol!r} is not tcp, udp or tls")
    return protocol or "tcp", host, port


def show_edge(edge):
    return f"{join(*edge[1:])}/{edge[0]}"
