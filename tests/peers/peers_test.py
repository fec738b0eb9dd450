"""The proxy between programs that others wrote: baresip and Kamailio."""

import asyncio
import re
import unittest
import wave

from lab.lab import Lab, Proxy, until
from peers.programs import Baresip, Kamailio
from system.system_test import BINARY, SystemTest


# baresip 1.0 gives up where SHA-256 is offered before MD5. It registers again
# when nine tenths of the granted time have passed.
GRANTED_S = 3
FLAGS = ["--algorithms=MD5", "--expires_s_min=1",
         f"--expires_s_max={GRANTED_S}"]


class Peers(SystemTest):

    async def phone(self, lab, number, more=""):
        folder = f"{lab.folder}/baresip{number}"
        phone = Baresip(folder, lab.subscribers[number], lab.proxy.edge,
                        f"{lab.folder}/ca.pem", more)
        silence(f"{folder}/tone.wav")
        self.addAsyncCleanup(self.end, phone)
        return await phone.start()

    def check(self, marks):
        """It names itself only when asked to, each time anew."""
        self.assertEqual(marks[:2], [None, "tls-pending"])
        self.assertEqual(marks[2:], [None, "tls-yes"] * (len(marks) // 2 - 1))
        self.assertGreaterEqual(len(marks), 6)

    async def end(self, program):
        await program.kill()


class WithTheHomeCore(Peers):

    # Conformance: REG-14, REG-23, SEC-10, SEC-13, SEC-14, PROXY-26
    async def test_baresip_registers_refreshes_and_leaves(self):
        lab = await self.lab(core_flags=FLAGS)
        for number, more in enumerate(("", ";sipnat=outbound")):
            with self.subTest(more):
                before = len(await self.marks(lab))
                phone = await self.phone(lab, number, more)
                await phone.event("REGISTER_OK")
                await phone.event("REGISTER_OK")
                answer = await lab.core.control(
                    "send", to=lab.subscribers[number].sets[0][0],
                    method="OPTIONS")
                self.assertEqual(answer["status"], 200)
                phone.order("quit")

                async def left():
                    found = await lab.core.control("bindings")
                    return not found["bindings"]
                await until(left)
                self.check((await self.marks(lab))[before:])
                last = (await self.core_saw(lab))[-1]
                self.assertRegex(last.get("contact") + ";expires=" +
                                 last.get("expires", ""), "expires=0")


class WithKamailio(Peers):

    async def network(self, granted_s, **flags):
        """A lab whose core is Kamailio."""
        lab = Lab(BINARY, self.folder())
        kamailio = Kamailio(lab.folder, lab.subscribers, granted_s)
        self.addAsyncCleanup(self.end, kamailio)
        await kamailio.start()
        lab.proxy = Proxy(BINARY, lab.folder, home_core=(
            f"sip:{kamailio.address_text};transport=tcp"), **flags)
        self.addAsyncCleanup(lab.proxy.stop)
        await lab.proxy.start()
        return lab, kamailio

    # Conformance: REG-03, REG-04, REG-05, SEC-10, SEC-13
    async def test_baresip_registers_at_kamailio(self):
        lab, kamailio = await self.network(GRANTED_S, reg_event="off")
        phone = await self.phone(lab, 0)

        await phone.event("REGISTER_OK")
        await phone.event("REGISTER_OK")
        phone.order("quit")

        async def left():
            seen = kamailio.registers()
            return "expires=0" in seen[-1] and mark(seen[-1])
        await until(left)
        seen = kamailio.registers()
        self.check([mark(line) for line in seen])
        paths = [re.search(r"paths=(.*?) contact=", line).group(1)
                 for line in seen]
        for path in paths:
            self.assertRegex(path, r"^<sip:t\.[^>,]*;lr[^>,]*>$")
        self.assertEqual(len(set(paths[1:])), 1)

        async def nobody():
            return not await lab.proxy.associations(lab.subscribers[0].impi)
        await until(nobody)

    # Conformance: DEREG-01, DEREG-04
    async def test_what_kamailios_operator_ends_ends_at_the_edge(self):
        # Kamailio has to find the way by our name; and it calls what its
        # operator ends `unregistered`, as if the phone had asked for it, so
        # that the connection stays as long as any that nobody registers on.
        lab, kamailio = await self.network(
            600, domain="127.0.0.1", unregistered_timeout="1s")
        ue = lab.ue(0)
        self.addCleanup(ue.close)
        self.assertStatus(await ue.register(), 200)

        async def counted(event, count):
            metrics = await lab.proxy.metrics()
            return metrics.sum("sallyport_core_events_total",
                               event=event) >= count
        await until(lambda: counted("notify_applied", 1))
        seen, = kamailio.saw("SUBSCRIBE")
        self.assertRegex(seen, f"event=reg to={ue.impu} ")
        self.assertStatus(await ue.refresh(), 200)
        await until(lambda: counted("notify_applied", 2))
        self.assertEqual(len(kamailio.saw("SUBSCRIBE")), 1)

        await kamailio.order("ul.rm", "location", ue.user)

        async def nobody():
            return not await lab.proxy.associations(ue.impi)
        await until(nobody)
        self.assertTrue(ue.flow.open)
        await asyncio.wait_for(ue.flow.ended, 30)


def mark(line):
    found = re.search(r'integrity-protected="?([\w-]+)', line)
    return found.group(1) if found else None


def silence(path):
    """A sound file of one second, as baresip wants it."""
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))


if __name__ == "__main__":
    unittest.main()
