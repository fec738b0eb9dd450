"""The home core over sockets, with a neighbour that speaks for the edge."""

import asyncio
import unittest
import xml.etree.ElementTree as xml

from home_core import subscribers
from home_core.client import Client, ControlError
from home_core.control import Control
from home_core.registrar import Policy, Registrar
from home_core.server import HomeCore
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
        request.add("to", to or f"<{uri}>").add("call-id", "one")
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
        self.control = await Client.connect(
            *await server.listen("127.0.0.1", 0))
        self.addCleanup(self.core.close)
        self.addCleanup(server.close)
        self.addAsyncCleanup(self.control.close)

    async def start(self):
        await self.core.start("127.0.0.1", 0)

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


if __name__ == "__main__":
    unittest.main()
