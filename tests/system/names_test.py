"""The core is found by DNS."""

import unittest

from lab.lab import until
from system.dns_server import DnsServer, a, naptr, srv
from system.system_test import SystemTest

TWO = "127.0.0.1:0,127.0.0.1:0"


class Names(SystemTest):

    async def named(self, records, core_listen="127.0.0.1:0", ttl=60, **flags):
        """A proxy that asks a server of ours; `records` gets the ports."""
        lab = await self.lab(core_listen=core_listen)
        await lab.proxy.stop()
        ports = [at.rsplit(":", 1)[1] for at in lab.core_addresses]
        self.dns = await DnsServer(records(*map(int, ports)), ttl).start()
        self.addCleanup(self.dns.stop)
        await lab.start_proxy(**{
            name: value.format(*ports) for name, value in flags.items()
        } | {"dns_servers": self.dns.address})
        return lab

    async def test_a_name_with_a_port_is_looked_up(self):
        lab = await self.named(
            lambda port: {"core.test": [a("127.0.0.1")]},
            home_core="sip:core.test:{0};transport=tcp")

        self.assertStatus(await lab.ue(0).register(), 200)

    # Conformance: REG-30
    async def test_the_next_address_is_tried_when_one_is_shut(self):
        lab = await self.named(
            lambda one, two: {
                "core.test": [naptr(1, "SIP+D2T", "_sip._tcp.core.test")],
                "_sip._tcp.core.test": [srv(1, 1, one, "a.core.test"),
                                        srv(2, 1, two, "a.core.test")],
                "a.core.test": [a("127.0.0.1")]},
            core_listen=TWO, home_core="sip:core.test")
        await lab.core.control("shut", at=lab.core_addresses[0])

        self.assertStatus(await lab.ue(0).register(), 200)

        metrics = await lab.proxy.metrics()
        self.assertEqual(
            metrics.sum("sallyport_core_events_total",
                        event="next_hop_retries"), 2)

    async def test_without_a_list_the_served_domain_is_found(self):
        lab = await self.named(
            lambda port: {
                "ims.test": [],
                "_sip._tcp.ims.test": [srv(1, 1, port, "a.ims.test")],
                "a.ims.test": [a("127.0.0.1")]},
            home_core="", home_domains="ims.test")

        self.assertStatus(await lab.ue(0).register(), 200)

        metrics = await lab.proxy.metrics()
        self.assertGreater(metrics.sum("sallyport_core_next_hop_up",
                                       entry="yes"), 0)

    # Conformance: REG-26
    async def test_a_name_that_does_not_exist_means_504(self):
        lab = await self.named(
            lambda port: {}, home_core="sip:nowhere.test;transport=tcp")
        ue = lab.ue(0)
        await ue.connect()

        self.assertStatus(await ue.register_once(), 504)

    async def test_a_name_that_moves_is_followed(self):
        lab = await self.named(
            lambda one, two: {
                "_sip._tcp.core.test": [srv(1, 1, one, "a.core.test")],
                "a.core.test": [a("127.0.0.1")]},
            core_listen=TWO, ttl=1, home_core="sip:core.test;transport=tcp")
        first, second = lab.core_addresses
        self.assertStatus(await lab.ue(0).register(), 200)
        self.dns.records["_sip._tcp.core.test"] = [
            srv(1, 1, int(second.rsplit(":", 1)[1]), "a.core.test")]
        number = iter(range(1, 1000))

        async def moved():
            await lab.ue(1 + next(number) % 3).register()
            return (await lab.seen(method="REGISTER", status=0))[-1][
                "at"] == second
        await until(moved, every_s=0.2)

    # Conformance: ORIG-21
    async def test_a_service_route_may_be_a_name(self):
        lab = await self.named(
            lambda port: {"scscf.test": [a("127.0.0.1")]},
            home_core="sip:127.0.0.1:{0};transport=tcp")
        port = lab.core_addresses[0].rsplit(":", 1)[1]
        await lab.core.control(
            "policy",
            service_route=f"<sip:orig@scscf.test:{port};transport=tcp;lr>")
        one, two = lab.ue(0), lab.ue(1)
        await one.register()
        await two.register()

        await one.message(two.impu)

        # The core does not know the name for its own, and says 404.
        self.assertEqual(len(await lab.seen(method="MESSAGE", status=0)), 1)


if __name__ == "__main__":
    unittest.main()
