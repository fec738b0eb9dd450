"""What the network ends, ends at the edge: flow 2.5 e2 of the reference."""

import asyncio
import unittest

from lab.lab import until
from system.system_test import SystemTest, uri_of


class RegistrationEvents(SystemTest):

    async def watched(self, **options):
        """A lab with a registered phone whose registration is watched."""
        lab = await self.lab(reg_event="on", **options)
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)

        async def notified():
            return [s["notified"] for s in await self.subscriptions(lab)
                    ] == [[200]]
        await until(notified)
        return lab, ue

    async def subscriptions(self, lab):
        answer = await lab.core.control("subscriptions")
        return answer["subscriptions"]

    async def associated(self, lab, ue):
        return len(await lab.proxy.associations(ue.impi)) > 0

    # Conformance: DEREG-01, DEREG-02, DEREG-03
    async def test_one_subscription_for_a_user(self):
        lab, ue = await self.watched()
        self.assertStatus(await ue.register_once("blank"), 200)

        request, = await self.core_saw(lab, "SUBSCRIBE")
        self.assertEqual(request.uri, uri_of(request.get("to")))
        self.assertEqual(request.get("p-asserted-identity"),
                         "<sip:edge.ims.test>")
        contact = (await self.core_saw(lab))[-1].get("contact")
        granted = int(contact.partition("expires=")[2].partition(";")[0])
        self.assertGreater(int(request.get("expires")), granted)

    # Conformance: DEREG-04
    async def test_what_the_network_ends_ends_here(self):
        for shards in (1, 2):
            with self.subTest(shards=shards):
                lab, ue = await self.watched(shards=shards)

                await lab.core.control("deactivate", to=ue.impu)

                async def gone():
                    return not await self.associated(lab, ue)
                await until(gone)
                self.assertTrue(ue.flow.open)  # for a while
                await asyncio.wait_for(asyncio.shield(ue.flow.ended), 15)

                async def nobody_watches():
                    return not await self.subscriptions(lab)
                await until(nobody_watches)

    # Conformance: DEREG-06
    async def test_what_the_network_shortens_ends_sooner(self):
        lab, ue = await self.watched(registration_grace="0s")

        await lab.core.control("shorten", to=ue.impu, expires_s=2)

        async def gone():
            return not await self.associated(lab, ue)
        await until(gone)

    # Conformance: DEREG-07
    async def test_a_notify_of_another_dialog_is_refused(self):
        lab, ue = await self.watched()
        for wrong in ({"call_id": "another"}, {"to_tag": "another"},
                      {"from_tag": "another"}):
            with self.subTest(wrong):
                answer = await lab.core.control("notify", to=ue.impu, **wrong)
                self.assertEqual(answer["status"], 481)
        self.assertTrue(await self.associated(lab, ue))

    async def test_a_core_without_the_event_is_left_in_peace(self):
        lab = await self.lab(reg_event="on")
        await lab.core.control("policy", reg_event="refuse")
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)

        async def refused():
            metrics = await lab.proxy.metrics()
            return metrics.sum("sallyport_core_events_total",
                               event="subscribes_refused") == 1
        await until(refused)
        self.assertStatus(await ue.register_once("blank"), 200)
        self.assertEqual(len(await self.core_saw(lab, "SUBSCRIBE")), 1)
        self.assertTrue(await self.associated(lab, ue))


if __name__ == "__main__":
    unittest.main()
