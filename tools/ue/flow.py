"""Connections of a UE. TLS goes through memory buffers, so that a session can
be kept and offered again, which asyncio's own TLS does not let one do."""

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass

from sip.framer import Framer
from sip.message import BadMessage, Message

RECORD_BYTES_MAX = 65536


@dataclass(frozen=True)
class TlsOptions:
    """How a UE speaks TLS; `ca_file` None trusts nobody and checks nothing."""
    ca_file: str | None = None
    server_name: str = ""
    version: str = ""  # "1.2", "1.3", "" for either
    ciphers: str = ""

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.version:
            version = {"1.2": ssl.TLSVersion.TLSv1_2,
                       "1.3": ssl.TLSVersion.TLSv1_3}[self.version]
            context.minimum_version = context.maximum_version = version
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        return context


class Flow(asyncio.BaseProtocol):
    """A way to the proxy. `on_message` gets each message and this flow."""

    name = "TCP"

    def __init__(self, on_message):
        loop = asyncio.get_running_loop()
        self.on_message = on_message
        self.framer = Framer()
        self.transport = None
        self.local = self.remote = None
        self.ended = loop.create_future()  # how the flow ended, in words
        self.received = 0  # octets of SIP
        self.change = asyncio.Event()  # set when anything arrives

    def connection_made(self, transport):
        self.transport = transport
        self.local = transport.get_extra_info("sockname")[:2]
        self.remote = transport.get_extra_info("peername")[:2]

    def connection_lost(self, error):
        self._end(f"{type(error).__name__}: {error}" if error else "closed")

    def _end(self, how):
        if not self.ended.done():
            self.ended.set_result(how)
        self.change.set()

    def take(self, data):
        """SIP octets, as they come out of the transport."""
        self.received += len(data)
        try:
            messages = self.framer.feed(data)
        except BadMessage as error:
            self._end(f"not SIP: {error}")
            self.abort()
            return
        for message in messages:
            self.on_message(message, self)
        self.change.set()

    @property
    def open(self):
        return not self.ended.done()

    def send(self, data):
        self.transport.write(data)

    def close(self):
        self.transport.close()

    def abort(self):
        """Vanish: a reset, no goodbye."""
        sock = self.transport.get_extra_info("socket")
        if sock and self.name != "UDP" and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        self.transport.abort()

    async def wait_line_ends(self, count, timeout_s=5):
        """Wait until this many lone CRLFs have come (answers to pings)."""
        async with asyncio.timeout(timeout_s):
            while self.framer.line_ends < count:
                self.change.clear()
                await self.change.wait()


class TcpFlow(Flow, asyncio.Protocol):

    def data_received(self, data):
        self.take(data)


class UdpFlow(Flow, asyncio.DatagramProtocol):

    name = "UDP"

    def datagram_received(self, data, _):
        self.received += len(data)
        if data.strip():
            self.on_message(Message.parse(data), self)
        self.change.set()

    def error_received(self, _):
        pass

    def send(self, data):
        self.transport.sendto(data)


class TlsFlow(Flow, asyncio.Protocol):
    """TLS over TCP. `session` is the newest one that can be resumed."""

    name = "TLS"

    def __init__(self, on_message, context, server_name, session):
        super().__init__(on_message)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing,
                                    server_hostname=server_name or None,
                                    session=session)
        self.ready = asyncio.get_running_loop().create_future()
        self.session = session

    def connection_made(self, transport):
        super().connection_made(transport)
        self._run()

    def data_received(self, data):
        self.incoming.write(data)
        self._run()

    def eof_received(self):
        self.incoming.write_eof()
        self._run()
        return False

    def connection_lost(self, error):
        super().connection_lost(error)
        self._fail(ConnectionError(self.ended.result()))

    def _run(self):
        """Let TLS do what it can with what has come."""
        try:
            if not self.ready.done():
                self.tls.do_handshake()
                self.ready.set_result(None)
            while True:
                data = self.tls.read(RECORD_BYTES_MAX)
                if not data:
                    self._end("close_notify")
                    break
                self.take(data)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._end("close_notify")
        except ssl.SSLEOFError:
            self._end("cut off")
        except ssl.SSLError as error:
            self._fail(error)
            self._end(f"TLS: {error.reason or error}")
            self.flush()
            self.transport.close()
            return
        self.flush()
        if self.ready.done():  # before, there is no session to keep
            self.session = self.tls.session or self.session

    def _fail(self, error):
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()  # not everybody waits for it

    def flush(self):
        if data := self.outgoing.read():
            self.transport.write(data)

    def send(self, data):
        self.tls.write(data)
        self.flush()

    def close(self):
        """A tidy end: close_notify, then FIN."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # the other side's close_notify is still to come
        self.flush()
        self.transport.close()

    @property
    def resumed(self):
        return self.tls.session_reused

    @property
    def version(self):
        return self.tls.version()


async def connect_tcp(address, on_message, local=None):
    _, flow = await asyncio.get_running_loop().create_connection(
        lambda: TcpFlow(on_message), *address, local_addr=local)
    return flow


async def connect_udp(address, on_message, local=None):
    _, flow = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: UdpFlow(on_message), remote_addr=address, local_addr=local)
    return flow


async def connect_tls(address, on_message, context, server_name="",
                      session=None, local=None, timeout_s=20):
    """A TLS connection, its handshake done; raises ssl.SSLError or OSError."""
    _, flow = await asyncio.get_running_loop().create_connection(
        lambda: TlsFlow(on_message, context, server_name, session), *address,
        local_addr=local)
    try:
        await asyncio.wait_for(asyncio.shield(flow.ready), timeout_s)
    except BaseException:
        flow.abort()
        raise
    return flow
