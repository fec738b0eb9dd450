"""A toy edge for the tests of the phone and of the home core.

It does the least that lets the two meet: TLS on one port, TCP on another, a
Path per connection, an integrity value by the simplest rules. It is no oracle
for the proxy.
"""

import asyncio
import itertools
import ssl

from sip import digest
from sip.framer import Framer
from sip.message import Message, address, params, uri_parts

SECURITY_SERVER = "tls;q=0.9"


class MiniEdge:

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.flows = {}  # number -> writer
        self.known = {}  # number -> IMPI registered on it
        self.numbers = itertools.count(1)
        self.core = None
        self.servers = []

    async def start(self, core):
        serve = asyncio.start_server
        secure = await serve(lambda r, w: self._serve(r, w, True),
                             "127.0.0.1", 0, ssl=self.context)
        clear = await serve(lambda r, w: self._serve(r, w, False),
                            "127.0.0.1", 0)
        self.servers = [secure, clear]
        reader, self.core = await asyncio.open_connection(*core)
        asyncio.ensure_future(self._read(reader, self._from_core))
        return tuple(s.sockets[0].getsockname() for s in self.servers)

    def close(self):
        for server in self.servers:
            server.close()
        for writer in [*self.flows.values(), self.core]:
            writer.close()

    async def _serve(self, reader, writer, secure):
        number = next(self.numbers)
        self.flows[number] = writer
        try:
            await self._read(reader, lambda message: self._from_ue(
                message, number, secure))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.flows.pop(number).close()

    async def _read(self, reader, handle):
        framer = Framer()
        while data := await reader.read(65536):
            for message in framer.feed(data):
                handle(message)

    def _from_ue(self, message, number, secure):
        onward = message.copy()
        if not message.is_request:
            onward.set_all("via", onward.all("via")[1:])
        else:
            onward.add_first("via", "SIP/2.0/TCP edge.test;"
                             f"branch={message.branch}.e;flow={number}")
            routes = [r for r in onward.all("route") if "orig@" in r]
            onward.set_all("route", routes)
        if message.is_request and message.method == "REGISTER":
            onward.set("path", f"<sip:{number}@edge.test;lr>")
            onward.set("require", "path")
            self._mark(onward, number, secure)
        self.core.write(onward.to_bytes())

    def _mark(self, request, number, secure):
        value = request.get("authorization")
        if not value or not secure:
            return
        _, given = digest.parse(value)
        if self.known.get(number) == given["username"]:
            request.set("authorization",
                        value + ', integrity-protected="tls-yes"')
        elif given["response"]:
            request.set("authorization",
                        value + ', integrity-protected="tls-pending"')

    def _from_core(self, message):
        onward: Message = message.copy()
        if message.is_request:
            path = address(message.all("route")[0])[0]
            number = int(uri_parts(path)[1])
            onward.remove("route")
            onward.add_first("via", "SIP/2.0/TLS edge.test;"
                             f"branch={message.branch}.t")
        else:
            via, *vias = onward.all("via")
            number = int(params(via.partition(";")[2])["flow"])
            onward.set_all("via", vias)
            self._learn(onward, number)
        if number in self.flows:
            self.flows[number].write(onward.to_bytes())

    def _learn(self, response, number):
        if response.method != "REGISTER":
            return
        if response.status == 401:
            response.add("security-server", SECURITY_SERVER)
        elif response.status == 200 and response.has("contact"):
            self.known[number] = "_private@".join(
                address(response.get("to"))[0][4:].split("@"))
