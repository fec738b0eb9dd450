"""The stage of the hostile tests: two victims, one attacker, a witness."""

import asyncio
import contextlib

from sip.message import new_branch
from system.system_test import SystemTest
from system.witness import Witness

REACTION_S = 5
ELSEWHERE = ("127.0.0.9", 0)  # an address that no core peer has


class Stage(SystemTest):
    """`first` and `agreed` are victims, one for each variant; they only
    listen. The attacker is a subscriber, too: a registered liar."""

    async def stage(self, **options):
        self.network = await self.lab(
            people=8, home_domains="ims.test", core_probe_interval="0",
            **options)
        self.witness = Witness(self.network)
        self.first, self.agreed = (self.witness.ue(n) for n in (0, 1))
        self.assertStatus(await self.first.register(), 200)
        self.assertStatus(await self.agreed.register_sec_agree(), 200)
        self.victims = [self.first, self.agreed]
        self.liar = self.witness.ue(2)
        return self.network

    @contextlib.asynccontextmanager
    async def attempt(self, sentence, clause):
        """A row: after it the witness must have nothing to say."""
        with self.subTest(f"{sentence} [{clause}]"):
            try:
                yield
            finally:
                wrong = await self.witness.intact(*self.victims)
                wrong += await self.witness.check()
            self.assertEqual(wrong, [])

    # The attacker, as far as it has come.

    def anew(self):
        """The attacker's phone, on no connection; the old one is gone."""
        self.liar.close()
        self.liar = self.witness.ue(2, instance=self.liar.instance)
        return self.liar

    async def in_clear(self, protocol="tcp"):
        """The phone of an accomplice: who is registered is not heard here."""
        ue = self.witness.ue(3)
        ue.sec_agree = True
        await ue.connect_clear(protocol)
        return ue

    async def fresh(self):
        ue = self.anew()
        await ue.connect()
        return ue

    async def challenged(self):
        ue = await self.fresh()
        self.assertStatus(await ue.register_once(), 401)
        return ue

    async def associated(self):
        """Registered as itself; the same phone as long as it stays so."""
        ue = self.liar
        if not ue.flow or not ue.flow.open or not ue.sender().proven.now:
            ue = self.anew()
            self.assertStatus(await ue.register(), 200)
        return ue

    async def resumed(self):
        """On a new connection of the session on which it registered."""
        ue = self.anew()
        self.assertStatus(await ue.register(), 200)
        await ue.reconnect()
        self.assertTrue(ue.flow.resumed)
        return ue

    # What becomes of a message.

    async def reaction(self, ue, request, flow=None):
        """The status, or "closed"; a refused phone starts anew."""
        try:
            status = (await ue.ask(request, flow, REACTION_S)).status
        except ConnectionError:
            status = "closed"
        if status in (400, 403, "closed"):
            ue.close()
        return status

    async def fate(self, ue, request, flow=None):
        """Whether the proxy refused it, or let it pass in some form."""
        status = await self.reaction(ue, request, flow)
        return "refused" if status in (400, "closed") else "passes"

    async def ignored(self, ue, *messages, flow=None):
        """Neither answered nor forwarded, and what follows is served."""
        requests = {m.transaction for m in messages if m.is_request}
        for message in messages:
            ue.send(message, flow)
        how = "blank" if flow else None
        self.assertStatus(await ue.register_once(how, flow), 401)
        answered = [r.message.transaction for r in ue.seen
                    if not r.message.is_request]
        self.assertFalse(requests & set(answered))

    async def event(self, name):
        metrics = await self.network.proxy.metrics()
        return metrics.sum("sallyport_core_events_total", event=name)

    def path_of(self, ue):
        """The Path of a phone, as somebody has overheard it."""
        return next(r.message.get("path") for r in reversed(ue.seen)
                    if r.message.status == 200 and r.message.has("path"))


class Trap:
    """Addresses at which nobody may call: TCP and UDP on one port."""

    def __init__(self):
        self.got = []

    async def start(self):
        loop = asyncio.get_running_loop()
        trap = self

        class Datagrams(asyncio.DatagramProtocol):
            def datagram_received(self, data, address):
                trap.got.append(data)

        class Stream(asyncio.Protocol):
            def connection_made(self, transport):
                trap.got.append(b"a connection")
                transport.close()
        self.udp, _ = await loop.create_datagram_endpoint(
            Datagrams, local_addr=("127.0.0.2", 0))
        self.address = self.udp.get_extra_info("sockname")[:2]
        self.tcp = await loop.create_server(Stream, *self.address)
        return self

    @property
    def name(self):
        return f"{self.address[0]}:{self.address[1]}"

    def close(self):
        self.udp.close()
        self.tcp.close()


def rebranded(request):
    """The same request as a new transaction."""
    copy = request.copy()
    vias = copy.all("via")
    head, _, _ = vias[0].partition(";")
    vias[0] = f"{head};branch={new_branch()};rport"
    return copy.set_all("via", vias)
