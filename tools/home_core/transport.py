"""SIP over TCP and UDP on one port, or over TLS: bytes in, messages out."""

import asyncio
import itertools

from sip.framer import Framer
from sip.message import BadMessage, Message

PEERS_MAX = 100_000
DRIP_S = 0.02


class Peer:
    """A way back to whoever sent a message."""

    numbers = itertools.count(1)

    def __init__(self, wire, transport, address, name):
        self.number = next(self.numbers)
        self.wire = wire
        self.transport = transport
        self.address = address
        self.protocol = name
        self.bytes_per_s = 0  # 0 for as fast as it goes
        self.slow = b""  # what waits to drip

    def __str__(self):
        host, port = self.address[:2]
        return f"{self.protocol}:{join(host, port)}"

    @property
    def closed(self):
        return self.transport.is_closing()

    def send(self, data):
        if self.closed:
            return
        if self.protocol == "udp":
            self.transport.sendto(data, self.address)
        elif self.bytes_per_s:
            if not self.slow:
                asyncio.get_running_loop().call_later(DRIP_S, self._drip)
            self.slow += data
        else:
            self.transport.write(data)

    def drip(self, bytes_per_s):
        """Send what comes next over TCP at this rate, until all is out."""
        self.bytes_per_s = bytes_per_s

    def _drip(self):
        if self.closed:
            return
        size = max(1, round(self.bytes_per_s * DRIP_S))
        now, self.slow = self.slow[:size], self.slow[size:]
        self.transport.write(now)
        if self.slow:
            asyncio.get_running_loop().call_later(
                max(DRIP_S, 1 / self.bytes_per_s), self._drip)
        else:
            self.bytes_per_s = 0

    def close(self):
        if self.protocol != "udp":
            self.transport.close()


class Connection(asyncio.Protocol):
    """One connection, TCP or TLS, accepted or made by us."""

    def __init__(self, wire):
        self.wire = wire
        self.framer = Framer()
        self.peer = None

    def connection_made(self, transport):
        secure = transport.get_extra_info("ssl_object") is not None
        self.peer = Peer(self.wire, transport,
                         transport.get_extra_info("peername"),
                         "tls" if secure else "tcp")
        self.wire.peers[self.peer.number] = self.peer

    def data_received(self, data):
        if self.wire.deaf:
            return
        try:
            messages = self.framer.feed(data)
        except BadMessage as error:
            self.wire.on_bad(error, self.peer, data)
            self.peer.close()
            return
        for message in messages:
            self.wire.on_message(message, self.peer)

    def connection_lost(self, _):
        self.wire.peers.pop(self.peer.number, None)


class Datagrams(asyncio.DatagramProtocol):
    """The UDP socket; each remote address is a peer of its own."""

    def __init__(self, wire):
        self.wire = wire
        self.by_address = {}
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def peer(self, address):
        peer = self.by_address.get(address)
        if not peer:
            if len(self.by_address) >= PEERS_MAX:
                self.by_address.clear()
            peer = Peer(self.wire, self.transport, address, "udp")
            self.by_address[address] = peer
            self.wire.peers[peer.number] = peer
        return peer

    def datagram_received(self, data, address):
        if self.wire.deaf or not data.strip():
            return
        peer = self.peer(address)
        try:
            self.wire.on_message(Message.parse(data), peer)
        except (BadMessage, ValueError) as error:
            self.wire.on_bad(error, peer, data)


class Wire:
    """The sockets of one address; `receiver` gets what arrives.

    `peers` is shared by all wires: number -> Peer. With `tls` (a Tls) it is an
    address for TLS alone.
    """

    def __init__(self, receiver, peers, tls=None):
        self.receiver = receiver
        self.peers = peers
        self.tls = tls
        self.deaf = False  # read and forget everything
        self.server = None
        self.udp = None
        self.address = None
        self.out = {}

    async def listen(self, host, port):
        """Bind TCP and UDP to one port; 0 picks one that both can have."""
        loop = asyncio.get_running_loop()
        if self.tls:
            self.server = await loop.create_server(
                lambda: Connection(self), host, port, backlog=1024,
                ssl=self.tls.server())
            self.address = self.server.sockets[0].getsockname()[:2]
            return
        for attempt in range(20):
            self.server = await loop.create_server(lambda: Connection(self),
                                                   host, port, backlog=1024)
            self.address = self.server.sockets[0].getsockname()[:2]
            try:
                _, self.udp = await loop.create_datagram_endpoint(
                    lambda: Datagrams(self), local_addr=self.address)
                return
            except OSError:
                self.server.close()
                if port or attempt == 19:
                    raise

    async def reach(self, protocol, host, port, lane):
        """A peer at this address; equal lanes share a connection."""
        if protocol == "udp":
            return self.udp.peer((host, port))
        key = host, port, lane
        if key not in self.out or self.out[key].closed:
            _, connection = await asyncio.wait_for(
                asyncio.get_running_loop().create_connection(
                    lambda: Connection(self), host, port,
                    ssl=self.tls.client() if protocol == "tls" else None), 5)
            self.out[key] = connection.peer
        return self.out[key]

    def on_message(self, message, peer):
        self.receiver.on_message(message, peer)

    def on_bad(self, error, peer, data):
        self.receiver.on_bad(error, peer, data)

    def speaks(self, protocol):
        return (protocol == "tls") == bool(self.tls)

    @property
    def name(self):
        return join(*self.address)

    async def reopen(self):
        """Listen again where `close` has ended it."""
        await self.listen(*self.address)

    def mine(self):
        """Peers that are connected through this address."""
        return [p for p in self.peers.values() if p.wire is self]

    def close(self):
        """Be gone, for all who are or were connected."""
        self.server.close()
        if self.udp:
            self.udp.transport.close()
        for peer in self.mine():
            peer.transport.abort()


def join(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split(text):
    """("::1", 5060) from "[::1]:5060"."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        raise ValueError(f"{text!r} is not ADDRESS:PORT")
    return host.strip("[]"), int(port)
