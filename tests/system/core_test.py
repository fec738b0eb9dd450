"""The home core as a neighbour: down, slow, broken, over UDP and IPv6."""

import asyncio
import unittest

from lab.lab import HomeCore, until
from sip.message import Message, new_branch
from system.system_test import SystemTest


class Failing(SystemTest):

    # Conformance: REG-26
    async def test_a_core_that_is_down_means_504(self):
        lab = await self.lab()
        await lab.core.stop()
        ue = lab.ue(0)
        await ue.connect()

        self.assertStatus(await ue.register_once(), 504)

    async def test_a_core_that_comes_back_is_used_again(self):
        lab = await self.lab(core_backoff_max="200ms")
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)
        address = lab.core.ready["sip"]
        await lab.core.stop()
        self.assertStatus(await ue.register_once("blank"), 504)
        lab.core = HomeCore(lab.folder, "--generate=4", listen=address)
        await lab.core.start()

        async with asyncio.timeout(10):
            while (await ue.register_once("blank")).status != 401:
                pass
        self.assertStatus(await ue.register_once("answer"), 200)

    # Conformance: REG-26, PROXY-30
    async def test_a_silent_core_means_504_in_time(self):
        lab = await self.lab(timer_f_core="500ms")
        ue = lab.ue(0)
        await ue.connect()
        await lab.core.control("silence")

        self.assertStatus(await ue.register_once(), 504)

        await lab.core.control("clear")
        self.assertStatus(await ue.register(), 200)

    async def test_a_slow_core_is_waited_for(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        await lab.core.control("fault", kind="delay", delay_s=0.5, count=1)

        self.assertStatus(await ue.register_once("blank"), 200)

    async def test_a_core_that_breaks_off_harms_nobody(self):
        lab = await self.lab(timer_f_core="2s")
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)
        for kind in ("close", "half_close", "half_stall", "drop"):
            with self.subTest(kind):
                await lab.core.control("fault", kind=kind, count=1)

                self.assertStatus(await ue.register_once("blank"), 504)

                if kind == "half_stall":
                    # Nobody can read on behind half a message.
                    await lab.core.control("hang_up")

                async def served_again():
                    return (await ue.register_once("blank")).status == 200
                await until(served_again)
                self.assertTrue(ue.flow.open)

    # Conformance: PROXY-13
    async def test_a_503_of_the_core_becomes_500(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.connect()
        await lab.core.control("fault", kind="status", status=503, count=1)

        self.assertStatus(await ue.register_once(), 500)

    # Conformance: REG-30
    async def test_the_second_entry_point_is_tried(self):
        lab = await self.lab()
        spare = HomeCore(lab.folder, "--generate=4")
        await spare.start()
        self.addAsyncCleanup(spare.stop)
        await lab.core.stop()
        await lab.proxy.stop()
        lab.core, dead = spare, lab.core
        await lab.start_proxy(home_core=(
            f"sip:{dead.ready['sip']};transport=tcp,"
            f"sip:{spare.ready['sip']};transport=tcp"))

        self.assertStatus(await lab.ue(0).register(), 200)

    # Conformance: ORIG-21
    async def test_an_unreachable_service_route_means_504(self):
        lab = await self.lab()
        await lab.core.control(
            "policy", service_route="<sip:orig@127.0.0.1:1;transport=tcp;lr>")
        ue = lab.ue(0)
        await ue.register()

        self.assertStatus(await ue.options("sip:user000001@ims.test"), 504)
        self.assertStatus(await ue.message("sip:user000001@ims.test"), 504)

    # Conformance: TERM-14
    async def test_a_stranger_on_the_core_port_is_ignored(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        path = (await self.core_saw(lab))[-1].get("path")
        request = Message.request("MESSAGE", ue.impu)
        request.add("via", f"SIP/2.0/TCP 127.0.0.2;branch={new_branch()}")
        request.add("from", "<sip:x@y>;tag=1").add("to", f"<{ue.impu}>")
        request.add("call-id", "stranger").add("cseq", "1 MESSAGE")
        request.add("route", path)
        reader, writer = await asyncio.open_connection(
            *lab.proxy.address("core"), local_addr=("127.0.0.2", 0))

        writer.write(request.to_bytes())
        answer = await lab.core.control("send", to=ue.impu, method="OPTIONS")

        self.assertEqual(answer["status"], 200)
        self.assertEqual(ue.received("MESSAGE"), [])
        writer.close()


class Transports(SystemTest):

    async def through_all(self, lab):
        one, two = lab.ue(0), lab.ue(1)
        self.assertStatus(await one.register(), 200)
        self.assertStatus(await two.register_sec_agree(), 200)
        self.assertStatus(await one.message(two.impu), 200)
        self.assertStatus(await two.options(one.impu), 200)
        answer = await lab.core.control("send", to=one.impu)
        self.assertEqual(answer["status"], 200)
        self.assertStatus(await one.deregister(), 200)
        self.assertEqual(await self.marks(lab, one), [
            None, "tls-pending", "tls-yes"])

    # Conformance: PROXY-25
    async def test_the_core_over_udp(self):
        lab = await self.lab(core_transport="udp")
        await self.through_all(lab)
        peers = {m["peer"].split(":")[0] for m in await lab.seen()
                 if len(m["text"]) < 1200}
        self.assertEqual(peers, {"udp"})

    # Conformance: PROXY-25
    async def test_large_requests_to_the_core_avoid_udp(self):
        lab = await self.lab(core_transport="udp")
        one, two = lab.ue(0), lab.ue(1)
        await one.register()
        await two.register()

        self.assertStatus(await one.message(two.impu, "x" * 4000), 200)

        seen, = await lab.seen(method="MESSAGE", status=0)
        self.assertEqual(seen["peer"].split(":")[0], "tcp")

    async def test_everything_over_ipv6(self):
        lab = await self.lab(host="::1", core_listen="[::1]:0")
        await self.through_all(lab)
        self.assertIn("[::1]", lab.proxy.ready["tls"])


if __name__ == "__main__":
    unittest.main()
