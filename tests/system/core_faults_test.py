"""A core of two addresses, of which one misbehaves."""

import asyncio
import unittest

from lab.lab import until
from system.system_test import SystemTest

TWO = "127.0.0.1:0,127.0.0.1:0"
GAUGES = ("sallyport_core_transactions",
          "sallyport_core_associations_reserved",
          "sallyport_core_associations_active",
          "sallyport_core_associations_suspended")

# What is wrong with an address, as a fault of the home core.
REFUSES = {"kind": "status", "status": 503, "retry_after_s": 1}
SILENT = {"kind": "drop"}
BREAKS_OFF = {"kind": "half_close"}
STALLS = {"kind": "half_stall"}
DRIPS = {"kind": "drip", "bytes_per_s": 50}


class TwoAddresses(SystemTest):

    async def two(self, **flags):
        lab = await self.lab(core_listen=TWO, **flags)
        self.first, self.second = lab.core_addresses
        return lab

    async def spoil(self, lab, at, **fault):
        await lab.core.control("fault", at=at, **fault)

    async def asked(self, lab, ue):
        """The addresses that got this phone's REGISTERs, in their order."""
        return [m["at"] for m in await lab.seen(method="REGISTER", status=0)
                if ue.user in m["from"]]

    async def gauges(self, lab):
        metrics = await lab.proxy.metrics()
        return [metrics.sum(name) for name in GAUGES]

    async def clean(self, lab, active):
        """Nothing is left of what went wrong, but `active` phones."""
        for ue in lab.ues:
            if ue.flow and not ue.granted_s:
                ue.close()  # what waits to register holds a slot

        async def nothing_left():
            return await self.gauges(lab) == [0, 0, active, 0]
        await until(nothing_left)


class Registering(TwoAddresses):

    async def tried_in_turn(self, fault, **flags):
        lab = await self.two(**flags)
        await self.spoil(lab, self.first, **fault)
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        asked = await self.asked(lab, ue)
        self.assertEqual(asked[:2], [self.first, self.second])
        await self.clean(lab, active=1)
        await lab.core.control("clear")
        self.assertStatus(await ue.deregister(), 200)
        await self.clean(lab, active=0)

    # Conformance: REG-30
    async def test_a_503_sends_the_phone_to_the_second_address(self):
        await self.tried_in_turn(REFUSES)

    # Conformance: REG-30, PROXY-30
    async def test_silence_sends_the_phone_to_the_second_address(self):
        await self.tried_in_turn(SILENT, timer_f_core="500ms")

    # Conformance: REG-30
    async def test_half_an_answer_sends_the_phone_to_the_second_address(self):
        await self.tried_in_turn(BREAKS_OFF)

    # Conformance: REG-30
    async def test_a_stalled_answer_sends_the_phone_to_the_second(self):
        await self.tried_in_turn(STALLS, message_timeout="300ms")

    # Conformance: REG-30
    async def test_a_dripped_answer_sends_the_phone_to_the_second(self):
        # Once: a registrar that has seen an nc takes it nowhere again.
        await self.tried_in_turn(DRIPS | {"count": 1},
                                 message_timeout="300ms")

    # Conformance: REG-30
    async def test_a_shut_address_sends_the_phone_to_the_second(self):
        lab = await self.two()
        await lab.core.control("shut", at=self.first)
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        self.assertEqual(await self.asked(lab, ue), [self.second] * 2)
        await self.clean(lab, active=1)

    # Conformance: REG-26
    async def test_both_bad_means_504_and_nothing_is_left(self):
        lab = await self.two(timer_f_core="300ms")
        await self.spoil(lab, self.first, **SILENT)
        await self.spoil(lab, self.second, **BREAKS_OFF)
        phones = [lab.ue(n) for n in range(4)]
        await asyncio.gather(*(ue.connect() for ue in phones))

        answers = await asyncio.gather(*(ue.register_once()
                                         for ue in phones))

        self.assertEqual({a.status for a in answers}, {504})
        await self.clean(lab, active=0)
        await lab.core.control("clear")

        ue = lab.ue(0)

        async def served():
            return (await ue.register()).status == 200
        await until(served)
        await self.clean(lab, active=1)

    async def test_a_slow_answer_within_time_is_taken(self):
        lab = await self.two()
        ue = lab.ue(0)
        await self.spoil(lab, self.first, kind="drip", bytes_per_s=2000,
                         count=2)

        self.assertStatus(await ue.register(), 200)

        self.assertEqual(await self.asked(lab, ue), [self.first] * 2)
        await self.clean(lab, active=1)

    # Conformance: PROXY-16
    async def test_an_answer_after_its_time_is_discarded(self):
        lab = await self.lab(timer_f_core="300ms")
        ue = lab.ue(0)
        await ue.connect()
        await lab.core.control("fault", kind="delay", delay_s=1, count=1)

        self.assertStatus(await ue.register_once(), 504)

        async def discarded():
            metrics = await lab.proxy.metrics()
            return metrics.sum("sallyport_core_events_total",
                               event="discard_unmatched_response")
        await until(discarded)
        self.assertEqual(len(ue.seen), 1)
        await self.clean(lab, active=0)

    async def test_a_refresh_takes_the_second_address_and_keeps_its_mark(self):
        lab = await self.two()
        ue = lab.ue(0)
        await ue.register()
        await self.spoil(lab, self.first, **REFUSES)

        self.assertStatus(await ue.refresh(), 200)

        self.assertEqual((await self.asked(lab, ue))[-1], self.second)
        self.assertEqual((await self.marks(lab))[-1], "tls-yes")
        await self.clean(lab, active=1)


class Serving(TwoAddresses):
    """Requests of a registered phone go where Service-Route says."""

    async def registered(self, at, **flags):
        lab = await self.two(**flags)
        await lab.core.control("policy", service_route_at=(
            self.first, self.second)[at])
        one, two = lab.ue(0), lab.ue(1)
        self.assertStatus(await one.register(), 200)
        self.assertStatus(await two.register(), 200)
        return lab, one, two

    async def test_requests_go_to_the_address_of_the_service_route(self):
        for at in (0, 1):
            with self.subTest(at):
                lab, one, two = await self.registered(at)

                self.assertStatus(await one.message(two.impu), 200)

                got, = await lab.seen(method="MESSAGE", status=0)
                self.assertEqual(got["at"], (self.first, self.second)[at])

    async def test_a_new_service_route_counts_from_the_refresh_on(self):
        lab, one, two = await self.registered(0)
        await lab.core.control("policy", service_route_at=self.second)
        await one.refresh()

        self.assertStatus(await one.message(two.impu), 200)

        got, = await lab.seen(method="MESSAGE", status=0)
        self.assertEqual(got["at"], self.second)

    # Conformance: ORIG-21
    async def test_a_service_route_that_breaks_off_means_504(self):
        lab, one, two = await self.registered(1)
        for fault in (BREAKS_OFF, {"kind": "close"}):
            with self.subTest(fault):
                await self.spoil(lab, self.second, count=1, **fault)

                self.assertStatus(await one.message(two.impu), 504)

                async def served():
                    return (await one.message(two.impu)).status == 200
                await until(served)
                self.assertTrue(one.flow.open)
        await self.clean(lab, active=2)

    # Conformance: PROXY-13
    async def test_a_503_to_a_request_becomes_500(self):
        lab, one, two = await self.registered(1)
        await self.spoil(lab, self.second, count=1, **REFUSES)

        self.assertStatus(await one.message(two.impu), 500)

        await self.clean(lab, active=2)

    async def test_one_bad_address_does_not_disturb_the_other(self):
        lab, one, two = await self.registered(1)
        await self.spoil(lab, self.first, **SILENT)

        for _ in range(3):
            self.assertStatus(await one.message(two.impu), 200)
            self.assertStatus(await two.options(one.impu), 200)

        await self.clean(lab, active=2)


if __name__ == "__main__":
    unittest.main()
