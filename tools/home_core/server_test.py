"""The home core over sockets, with a neighbour that speaks for the edge."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

from home_core import subscribers
from home_core.client import Client, ControlError
from home_core.control import Control
from home_core.registrar import Policy, Registrar
from home_core.server import HomeCore
from home_core.tls import Tls
from home_core.transport import join
from sip import digest
from sip.framer import Framer
from sip.message import Message, new_branch, response_to

DOMAIN = "ims.test"


class Neighbour:
    """One TCP connection to the core; answers each request with `status`."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.framer = Framer()
        self.requests = asyncio.Queue()
        self.responses = asyncio.Queue()
        self.status = 200
        self.octets = b""
        self.numbers = 0
        self.call_id = new_branch()
        self.task = asyncio.ensure_future(self._read())

    @classmethod
    async def connect(cls, address):
        return cls(*await asyncio.open_connection(*address))

    async def _read(self):
        while data := await self.reader.read(4096):
            self.octets += data
            for message in self.framer.feed(data):
                if message.is_request:
                    self.requests.put_nowait(message)
                    self.send(response_to(message, self.status))
                else:
                    self.responses.put_nowait(message)

    def send(self, message):
        self.writer.write(message.to_bytes())

    async def ask(self, message):
        self.send(message)
        async with asyncio.timeout(5):
            return await self.responses.get()

    async def notify(self):
        async with asyncio.timeout(5):
            return await self.requests.get()

    def start(self, method, uri, to=None):
        self.numbers += 1
        request = Message.request(method, uri)
        request.add("via", f"SIP/2.0/TCP edge.test;branch={new_branch()}")
        request.add("from", "<sip:edge.test>;tag=edge")
        request.add("to", to or f"<{uri}>").add("call-id", self.call_id)
        request.add("cseq", f"{self.numbers} {method}")
        return request

    async def register(self, who, expires=600):
        def request():
            impu = who.sets[0][0]
            made = self.start("REGISTER", f"sip:{DOMAIN}", f"<{impu}>")
            made.add("contact", "<sip:phone@192.0.2.1>")
            made.add("expires", expires).add("require", "path")
            return made.add("path", "<sip:t@edge.test;lr>")
        answerer = digest.Answerer(who.impi, who.password)
        answerer.learn((await self.ask(request())).all("www-authenticate"))
        return await self.ask(request().add("authorization", answerer.answer(
            "REGISTER", f"sip:{DOMAIN}")))

    async def subscribe(self, impu, expires=3600):
        request = self.start("SUBSCRIBE", impu)
        request.add("contact", "<sip:edge.test>").add("event", "reg")
        return await self.ask(request.add("expires", expires))

    def close(self):
        self.task.cancel()
        self.writer.close()


class Case(unittest.IsolatedAsyncioTestCase):

    async def asyncSetUp(self):
        self.people = subscribers.generated(3, DOMAIN)
        self.impu = self.people[0].sets[0][0]
        self.core = HomeCore(Registrar(
            subscribers.Subscribers(self.people),
            Policy(expires_s_min=1, accept_plain_digest=True)))
        await self.start()
        server = Control(self.core)
        self.control_address = await server.listen("127.0.0.1", 0)
        self.control = await Client.connect(*self.control_address)
        self.addCleanup(self.core.close)
        self.addCleanup(server.close)
        self.addAsyncCleanup(self.control.close)

    async def start(self):
        await self.core.start(("127.0.0.1", 0))

    async def neighbour(self, address=None):
        one = await Neighbour.connect(address or self.core.wire.address)
        self.addCleanup(one.close)
        return one


def contact(notify):
    """(state, event) of the first contact of the first registration."""
    found = xml.fromstring(notify.body)[0][0]
    return found.get("state"), found.get("event")


class RegistrationState(Case):

    async def test_a_watcher_sees_what_the_network_does(self):
        edge = await self.neighbour()
        await edge.register(self.people[0])
        self.assertEqual((await edge.subscribe(self.impu)).status, 200)
        self.assertEqual(contact(await edge.notify()),
                         ("active", "registered"))

        await self.control("shorten", to=self.impu, expires_s=60)
        self.assertEqual(contact(await edge.notify()),
                         ("active", "shortened"))
        await self.control("deactivate", to=self.impu)

        last = await edge.notify()
        self.assertEqual(contact(last), ("terminated", "deactivated"))
        self.assertEqual(last.get("subscription-state"),
                         "terminated;reason=noresource")
        found = await self.control("subscriptions")
        self.assertEqual(found["subscriptions"], [])

    async def test_a_binding_that_expires_is_told_in_time(self):
        edge = await self.neighbour()
        await edge.register(self.people[0], expires=1)
        await edge.subscribe(self.impu)
        await edge.notify()

        self.assertEqual(contact(await edge.notify()),
                         ("terminated", "expired"))

    async def test_a_481_ends_the_subscription(self):
        edge = await self.neighbour()
        edge.status = 481
        await edge.subscribe(self.impu)
        await edge.notify()

        # The next answer comes on the same connection, after the 481.
        await edge.register(self.people[0])

        found = await self.control("subscriptions")
        self.assertEqual(found["subscriptions"], [])

    async def test_a_notify_can_be_ordered(self):
        edge = await self.neighbour()
        await edge.subscribe(self.impu)
        await edge.notify()

        answer = await self.control("notify", to=self.impu, version=0,
                                    state="terminated;reason=deactivated")

        self.assertEqual(answer["status"], 200)
        sent = await edge.notify()
        self.assertEqual(sent.get("subscription-state"),
                         "terminated;reason=deactivated")
        with self.assertRaises(ControlError):
            await self.control("notify", to=self.people[1].sets[0][0])


class OverTls(Case):

    async def start(self):
        self.folder = tempfile.mkdtemp(prefix="home_core")
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("core", "edge"):
            self.certify(name)
        self.tls = Tls(f"{self.folder}/core.pem", f"{self.folder}/core.key",
                       f"{self.folder}/edge.pem", self.demand)
        await self.core.start(("127.0.0.1", 0), tls=self.tls,
                              tls_addresses=[("127.0.0.1", 0)])

    demand = False

    def certify(self, name):
        """One that vouches for itself."""
        subprocess.run(
            ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
             f"{name}.key", "-out", f"{name}.pem"),
            cwd=self.folder, check=True, stderr=subprocess.DEVNULL)

    def context(self, certificate=None):
        context = ssl.create_default_context(
            cafile=f"{self.folder}/core.pem")
        if certificate:
            context.load_cert_chain(f"{self.folder}/{certificate}.pem",
                                    f"{self.folder}/{certificate}.key")
        return context

    async def edge(self, certificate=None):
        reader, writer = await asyncio.open_connection(
            *self.core.wires[1].address, ssl=self.context(certificate))
        one = Neighbour(reader, writer)
        self.addCleanup(one.close)
        return one

    async def test_service_route_names_the_address_that_speaks_it(self):
        edge = await self.edge()

        answer = await edge.register(self.people[0])

        self.assertEqual(answer.status, 200)
        at, = self.core.hostports_of("tls")
        self.assertEqual(answer.get("service-route"),
                         f"<sip:orig@{at};transport=tls;lr>")
        self.assertEqual(self.core.hostports, [self.core.wires[0].name])

    async def test_a_proxy_is_reached_over_tls(self):
        received = asyncio.Queue()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{self.folder}/edge.pem",
                                f"{self.folder}/edge.key")

        async def proxy(reader, writer):
            received.put_nowait(await reader.readuntil(b"\r\n\r\n"))
            writer.close()
        server = await asyncio.start_server(proxy, "127.0.0.1", 0, ssl=context)
        self.addCleanup(server.close)
        edge = await self.edge()
        await edge.register(self.people[0])
        at = join(*server.sockets[0].getsockname()[:2])
        await self.control("edge", address=f"{at}/tls")

        asyncio.ensure_future(self.core.send_request(
            "MESSAGE", self.impu, b"", (), 1, ())).add_done_callback(
                lambda done: done.exception())

        async with asyncio.timeout(5):
            self.assertIn(b"Via: SIP/2.0/TLS ", await received.get())


class DemandingTls(OverTls):
    demand = True

    async def edge(self, certificate="edge"):
        return await super().edge(certificate)

    async def test_who_shows_nothing_is_not_heard(self):
        with self.assertRaises(OSError):
            reader, writer = await asyncio.open_connection(
                *self.core.wires[1].address, ssl=self.context())
            self.addCleanup(writer.close)
            # TLS 1.3 says no after our end of the handshake.
            async with asyncio.timeout(5):
                if not await reader.read(1):
                    raise ConnectionResetError


class Addresses(Case):

    async def start(self):
        await self.core.start(*[("127.0.0.1", 0)] * 3)

    async def routes(self, people):
        edge = await self.neighbour()
        return [(await edge.register(p)).get("service-route") for p in people]

    def expected(self, *indices):
        return [f"<sip:orig@{self.core.hostports[i]};transport=tcp;lr>"
                for i in indices]

    async def test_service_route_names_the_first_address(self):
        self.assertEqual(await self.routes(self.people),
                         self.expected(0, 0, 0))

    async def test_service_route_goes_in_turn(self):
        await self.control("policy", service_route_at="turn")

        self.assertEqual(await self.routes(self.people * 2),
                         self.expected(0, 1, 2, 0, 1, 2))

    async def test_service_route_keeps_to_a_subscriber(self):
        await self.control("policy", service_route_at="subscriber")

        first = await self.routes(self.people)
        second = await self.routes(self.people)

        self.assertEqual(first, second)
        self.assertGreater(len(set(first)), 1)

    async def test_service_route_names_a_chosen_address(self):
        at = self.core.hostports[2]
        await self.control("policy", service_route_at=at)

        self.assertEqual(await self.routes(self.people[:1]),
                         self.expected(2))

    async def test_every_address_serves(self):
        for wire, who in zip(self.core.wires, self.people):
            edge = await self.neighbour(wire.address)
            self.assertEqual((await edge.register(who)).status, 200)

    async def test_a_fault_is_of_one_address_and_ends(self):
        one, two = [await self.neighbour(w.address)
                    for w in self.core.wires[:2]]

        def status(edge):
            return edge.ask(edge.start("OPTIONS", self.core.uri))
        await self.control("fault", kind="status", status=503, count=2,
                           retry_after_s=7, at=self.core.hostports[1])

        self.assertEqual((await status(one)).status, 200)
        response = await status(two)
        self.assertEqual(response.status, 503)
        self.assertEqual(response.get("retry-after"), "7")
        self.assertEqual((await status(two)).status, 503)
        self.assertEqual((await status(two)).status, 200)

        await self.control("fault", kind="status", at=self.core.hostports[1])
        self.assertEqual((await status(two)).status, 503)
        await self.control("clear", at=self.core.hostports[0])
        self.assertEqual((await status(two)).status, 503)
        await self.control("clear", at=self.core.hostports[1])
        self.assertEqual((await status(two)).status, 200)
        with self.assertRaises(ControlError):
            await self.control("fault", kind="drop", at="127.0.0.1:1")

    async def test_a_drip_is_whole_in_the_end(self):
        edge = await self.neighbour()
        await self.control("fault", kind="drip", bytes_per_s=2000, count=1)
        loop = asyncio.get_running_loop()
        began = loop.time()

        response = await edge.ask(edge.start("OPTIONS", self.core.uri))

        self.assertEqual(response.status, 200)
        self.assertGreater(loop.time() - began,
                           0.8 * len(edge.octets) / 2000)

    async def test_half_a_message_is_the_last_that_comes(self):
        edge = await self.neighbour()
        await self.control("fault", kind="half_close", count=1)

        edge.send(edge.start("OPTIONS", self.core.uri))
        await asyncio.wait_for(edge.task, 5)

        self.assertTrue(edge.octets.startswith(b"SIP/2.0 200 OK"))
        self.assertNotIn(b"Content-Length", edge.octets)

    async def test_an_address_can_be_shut_and_reopened(self):
        address, at = self.core.wires[1].address, self.core.hostports[1]
        edge = await self.neighbour(address)
        await self.control("shut", at=at)
        await asyncio.wait([edge.task], timeout=5)
        with self.assertRaises(ConnectionRefusedError):
            await self.neighbour(address)

        await self.control("reopen", at=at)

        edge = await self.neighbour(address)
        self.assertEqual((await edge.register(self.people[1])).status, 200)


class Steer(Case):

    async def steer(self, *arguments):
        process = await asyncio.create_subprocess_exec(
            os.path.join(os.path.dirname(os.path.abspath(__file__)), "steer"),
            join(*self.control_address), *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, error = await asyncio.wait_for(process.communicate(), 10)
        return process.returncode, out.decode(), error.decode()

    async def test_a_command_is_given_and_its_answer_shown(self):
        edge = await self.neighbour()
        await edge.register(self.people[0])

        await self.steer("shorten", f"to={self.impu}", "expires_s=60")
        status, out, _ = await self.steer("bindings")

        self.assertEqual(status, 0)
        binding, = json.loads(out)["bindings"]
        self.assertLessEqual(binding["expires_s"], 60)

    async def test_a_refusal_is_an_error(self):
        status, out, error = await self.steer("deactivate", "to=sip:no@one")

        self.assertEqual((status, out), (1, ""))
        self.assertIn("nobody has sip:no@one", error)


if __name__ == "__main__":
    unittest.main()
