"""The proxy finds its core by a name server that nobody of us wrote: NSD."""

import unittest

from lab.lab import until
from peers.programs import Nsd
from system.system_test import SystemTest

TWO = "127.0.0.1:0,127.0.0.1:0"
NAPTR = '@ NAPTR 1 1 "s" "SIP+D2T" "" _sip._tcp'
HOST = "core A 127.0.0.1"


def srv(priority, port, ttl=60):
    return f"_sip._tcp {ttl} SRV {priority} 1 {port} core"


class NamesByNsd(SystemTest):

    async def named(self, records, core_listen="127.0.0.1:0",
                    home_core="sip:peers.test", **flags):
        """A proxy that asks NSD; `records` gets the core's ports."""
        lab = await self.lab(core_listen=core_listen)
        await lab.proxy.stop()
        self.ports = [at.rsplit(":", 1)[1] for at in lab.core_addresses]
        self.nsd = Nsd(lab.folder, records(*self.ports))
        self.addAsyncCleanup(self.nsd.kill)
        await self.nsd.start()
        await lab.start_proxy(home_core=home_core,
                              dns_servers=self.nsd.address_text, **flags)
        return lab

    async def test_naptr_leads_to_srv_and_to_an_address(self):
        lab = await self.named(lambda port: [NAPTR, srv(1, port), HOST])

        self.assertStatus(await lab.ue(0).register(), 200)

    async def test_a_hundred_records_do_no_harm(self):
        lab = await self.named(lambda port: [
            NAPTR, HOST, srv(1, port),
            *(f"_sip._tcp SRV 2 1 {1 + n} core" for n in range(100))])

        self.assertStatus(await lab.ue(0).register(), 200)

    # Conformance: REG-30
    async def test_when_the_first_target_dies_the_second_serves(self):
        lab = await self.named(
            lambda one, two: [NAPTR, srv(1, one), srv(2, two), HOST],
            core_listen=TWO)
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)
        first, second = lab.core_addresses
        self.assertEqual(await self.served_by(lab), first)

        await lab.core.control("shut", at=first)

        self.assertStatus(await ue.register(), 200)
        self.assertEqual(await self.served_by(lab), second)

    # Conformance: REG-26
    async def test_a_name_that_does_not_exist_means_504(self):
        lab = await self.named(lambda port: [],
                               home_core="sip:nobody.peers.test")
        ue = lab.ue(0)
        await ue.connect()

        self.assertStatus(await ue.register_once(), 504)

    # Conformance: REG-26
    async def test_a_silent_server_means_504_in_time(self):
        lab = await self.named(lambda port: [], home_core="",
                               home_domains="ims.test,peers.test",
                               core_resolve_timeout="2s")
        self.nsd.fall_silent()
        ue = lab.ue(0)
        await ue.connect()

        self.assertStatus(await ue.register_once(), 504)

    async def test_a_changed_zone_counts_when_its_ttl_has_ended(self):
        lab = await self.named(
            lambda one, two: [NAPTR, srv(1, one, ttl=1), HOST],
            core_listen=TWO)
        first, second = lab.core_addresses
        self.assertStatus(await lab.ue(0).register(), 200)
        self.assertEqual(await self.served_by(lab), first)

        self.nsd.change([NAPTR, srv(1, self.ports[1], ttl=1), HOST])

        number = 0

        async def moved():
            nonlocal number
            number += 1
            await lab.ue(1 + number % 3).register()
            return await self.served_by(lab) == second
        await until(moved, every_s=0.2)

    async def served_by(self, lab):
        """Where the core got the last REGISTER."""
        return (await lab.seen(method="REGISTER", status=0))[-1]["at"]


if __name__ == "__main__":
    unittest.main()
