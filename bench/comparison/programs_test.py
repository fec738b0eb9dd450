"""Each program with its configuration: a phone registers through it, comes
back with a ticket, and is reached by the core."""

import asyncio
import os
import shutil
import tempfile
import unittest
from unittest import mock

from comparison import programs, relays, running
from home_core import subscribers
from lab.lab import DOMAIN, HomeCore
from ue.flow import TlsOptions
from ue.ue import Edge, Ue

CORE = str(min(os.sched_getaffinity(0)))
REQUIRE = [("require", "path")]
# A blind relay adds none, and this home core wants one.
OWN_PATH = [("path", "<sip:nobody@edge.test;lr>")]


class Through(unittest.IsolatedAsyncioTestCase):

    async def asyncSetUp(self):
        # unittest turns it on, and it talks.
        asyncio.get_running_loop().set_debug(False)

    async def phone(self, program):
        """A phone before a running program, and the core behind it."""
        relays.needed(program)
        folder = tempfile.mkdtemp(prefix="programs")
        self.addCleanup(shutil.rmtree, folder)
        running.prepare(folder)
        site = running.new_site(folder, 100, 1000)
        core = HomeCore(folder, "--generate=1", "--accept_plain_digest",
                        listen=f"127.0.0.1:{site.core_port}")
        self.addAsyncCleanup(core.kill)
        await core.start()
        self.process = running.Running(program, site, CORE)
        self.addAsyncCleanup(self.process.stop)
        await self.process.start()
        subscriber = subscribers.generated(1, DOMAIN)[0]
        ue = Ue(subscriber.impi, subscriber.password, subscriber.sets[0][0],
                Edge(("127.0.0.1", site.port)),
                TlsOptions(f"{folder}/ca.pem", "localhost"))
        self.addCleanup(ue.close)
        self.more = REQUIRE + ([] if program.speaks_sip else OWN_PATH)
        return ue, core

    async def register(self, ue):
        response = await ue.register_once("blank", extra=self.more)
        if response.status == 401:
            response = await ue.register_once("answer", extra=self.more)
        self.assertEqual(response.status, 200, response.start)

    async def through(self, program):
        ue, core = await self.phone(program)
        await ue.connect()
        self.assertEqual(ue.flow.tls.cipher()[:2],
                         ("TLS_AES_128_GCM_SHA256", "TLSv1.3"))
        await self.register(ue)
        if program.speaks_sip:
            answer = await core.control("send", to=ue.impu, method="MESSAGE")
            self.assertEqual(answer["status"], 200)
        await ue.reconnect()
        self.assertTrue(ue.flow.resumed)
        await self.register(ue)

    async def test_haproxy(self):
        await self.through(programs.HAPROXY)

    async def test_nginx(self):
        await self.through(programs.NGINX)

    async def test_kamailio_stateless(self):
        await self.through(programs.STATELESS)

    async def test_kamailio_stateful(self):
        await self.through(programs.STATEFUL)

    async def test_kamailio_pcscf(self):
        await self.through(programs.PCSCF)

    async def test_kamailio_pcscf_may_not_touch_the_ipsec_of_the_machine(self):
        await self.phone(programs.PCSCF)

        status = f"/proc/{self.process.pid}/status"
        with open(status, encoding="ascii") as file:
            effective = [line.split()[1] for line in file
                         if line.startswith("CapEff:")]
        net_admin = 1 << 12
        self.assertFalse(int(effective[0], 16) & net_admin)


class Configurations(unittest.TestCase):

    def test_a_name_that_nobody_knows_is_an_error(self):
        with self.assertRaisesRegex(KeyError, "haproxy.cfg.*@SPEED@"):
            programs.fill("a @SPEED@ b", {}, "haproxy.cfg")

    def test_a_missing_program_says_what_to_do(self):
        with mock.patch.object(programs, "SEARCH", "/nowhere"):
            with self.assertRaisesRegex(programs.Missing,
                                        "HAProxy.*tools/setup --with-relays"):
                programs.HAPROXY.check()

    def test_a_promised_program_that_is_missing_is_no_skip(self):
        for promised, error in ((True, programs.Missing),
                                (False, unittest.SkipTest)):
            with mock.patch.object(programs, "SEARCH", "/nowhere"), \
                    mock.patch.object(relays, "promised",
                                      return_value=promised):
                with self.assertRaises(error):
                    relays.needed(programs.HAPROXY)


if __name__ == "__main__":
    unittest.main()
