"""What several shards must know together of one user (2.9, 5.6)."""

import asyncio
import unittest

from lab.lab import until
from system.system_test import SystemTest

# Connections are spread over the shards by chance: with so many, all have some.
MANY = 12


class OneUser(SystemTest):

    async def counted(self, lab, event):
        metrics = await lab.proxy.metrics()
        return metrics.sum("sallyport_core_events_total", event=event)

    # Conformance: POL-09, ASSOC-25
    async def test_a_clear_register_is_judged_by_all_associations(self):
        lab = await self.lab(shards=2)
        agreed, first = lab.ue(0), lab.ue(1)
        self.assertStatus(await agreed.register_sec_agree(), 200)
        self.assertStatus(await first.register(), 200)
        before = len(await self.core_saw(lab))

        for number, answered in ((1, False), (0, True)):
            for protocol in ("tcp", "udp"):
                for _ in range(MANY):
                    ue = lab.ue(number)
                    ue.sec_agree = True
                    await ue.connect_clear(protocol)
                    if answered:
                        self.assertStatus(
                            await ue.register_once("blank", ue.clear), 401)
                    else:
                        ue.send(ue.make_register("blank", ue.clear), ue.clear)

        async def discarded():
            return await self.counted(
                lab, "discard_clear_associated") == 2 * MANY
        await until(discarded)
        self.assertGreater(await self.counted(lab, "handed_over"), 0)
        self.assertEqual(len(await self.core_saw(lab)), before + 2 * MANY)
        for ue in (agreed, first):
            self.assertStatus(await ue.register_once("blank"), 200)

    async def test_devices_are_counted_on_all_shards(self):
        lab = await self.lab(shards=2, associations_per_impi_max=2)
        first, second = self.device(lab, 1), self.device(lab, 2)
        for ue in (first, second):
            self.assertStatus(await ue.register(), 200)

        for number in range(3, 3 + MANY):
            third = self.device(lab, number)
            self.assertStatus(await third.register(), 503)
        self.assertEqual(await self.states(lab, first), ["active"] * 2)

        # One that is away makes room, wherever it was.
        first.drop()

        async def away():
            return "suspended" in await self.states(lab, first)
        await until(away)
        self.assertStatus(await third.register(), 200)

        async def moved():
            return await self.states(lab, first) == ["active"] * 2
        await until(moved)
        self.assertStatus(await second.register_once("blank"), 200)

    # Conformance: ASSOC-18
    async def test_a_device_has_one_association_on_all_shards(self):
        lab = await self.lab(shards=2)
        for _ in range(MANY):
            ue = self.device(lab, 1, instance="<urn:uuid:one>")
            self.assertStatus(await ue.register(), 200)

            async def alone():
                return await self.states(lab, ue) == ["active"]
            await until(alone)

    async def test_newcomers_at_once_are_no_more_than_allowed(self):
        lab = await self.lab(shards=2, associations_per_impi_max=2)
        ues = [self.device(lab, number) for number in range(1, MANY)]
        await asyncio.gather(*(ue.register() for ue in ues))

        async def bounded():
            return len(await self.states(lab, ues[0])) <= 2
        await until(bounded)

    def device(self, lab, number, **more):
        """One of the devices of one user."""
        return lab.ue(0, contact_host=f"192.168.1.{number}:5062", **more)

    async def states(self, lab, ue):
        """Of the associations of its user; one that begins is none."""
        return [a["state"] for a in await lab.proxy.associations(ue.impi)
                if a["state"] != "reserved"]


if __name__ == "__main__":
    unittest.main()
