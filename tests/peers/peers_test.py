"""The proxy between programs that others wrote: baresip and Kamailio."""

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

    # Conformance: REG-03, REG-04, REG-05, SEC-10, SEC-13
    async def test_baresip_registers_at_kamailio(self):
        lab = Lab(BINARY, self.folder())
        kamailio = Kamailio(lab.folder, lab.subscribers, GRANTED_S)
        self.addAsyncCleanup(self.end, kamailio)
        await kamailio.start()
        lab.proxy = Proxy(BINARY, lab.folder, home_core=(
            f"sip:{kamailio.address_text};transport=tcp"))
        self.addAsyncCleanup(lab.proxy.stop)
        await lab.proxy.start()
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
