"""A thousand phones: each is itself, wherever it comes back."""

import collections
import unittest

from system.system_test import SystemTest, each, raise_descriptor_limit

PEOPLE = 1000
QUESTIONS_AT_ONCE = 8  # the admin endpoint is for people


class Crowd(SystemTest):

    # Conformance: TLS-05, TLS-15, ASSOC-14, ASSOC-22, TERM-01, TERM-02
    async def test_a_thousand_over_tls_1_2(self):
        await self.live("1.2")

    # Conformance: TLS-06, TLS-15, ASSOC-14, ASSOC-22, TERM-01, TERM-02
    async def test_a_thousand_over_tls_1_3(self):
        await self.live("1.3")

    async def live(self, version):
        raise_descriptor_limit()
        lab = await self.lab(people=PEOPLE, shards=2, core_flags=[
            "--edge_connections=4"])
        ues = [lab.ue(n, version) for n in range(PEOPLE)]

        await self.register_all(lab, ues)
        homes = await self.homes(lab, ues)
        self.assertEqual({shard for shard, _ in homes}, {0, 1})
        await self.message_all(lab, ues, 1)
        await self.return_all(ues)
        self.assertEqual(await self.homes(lab, ues), homes)
        await self.message_all(lab, ues, 2)
        await self.leave_all(lab, ues)
        await self.check_totals(lab)

    async def register_all(self, lab, ues):
        for response in await each(ues, lambda ue: ue.register()):
            self.assertStatus(response, 200)
        self.assertEqual(len(await self.bindings(lab)), PEOPLE)

    async def bindings(self, lab):
        return (await lab.core.control("bindings"))["bindings"]

    async def homes(self, lab, ues):
        """(shard, slot) of every UE's one and active association."""
        async def home(ue):
            found, = await lab.proxy.associations(ue.impi)
            self.assertEqual((found["impi"], found["state"]),
                             (ue.impi, "active"))
            return found["shard"], found["slot"]
        return await each(ues, home, QUESTIONS_AT_ONCE)

    async def message_all(self, lab, ues, count):
        """The core sends each its own text, and only it gets that."""
        answers = await each(ues, lambda ue: lab.core.control(
            "send", to=ue.impu, body=f"{count} for {ue.user}"))
        self.assertEqual({a["status"] for a in answers}, {200})
        for ue in ues:
            self.assertEqual([m.body.decode() for m in ue.received()], [
                f"{n} for {ue.user}" for n in range(1, count + 1)])
            self.assertIs(ue.seen[-1].flow, ue.flow)

    async def return_all(self, ues):
        """All lose their connections, and come back with their tickets."""
        ports = [ue.flow.local[1] for ue in ues]
        for ue in ues:
            ue.drop(reset=True)

        async def back(ue):
            await ue.connect(resume=True)
            return await ue.register_once("blank")
        for response in await each(ues, back):
            self.assertStatus(response, 200)
        self.assertTrue(all(ue.flow.resumed for ue in ues))
        moved = sum(ue.flow.local[1] != p for ue, p in zip(ues, ports))
        self.assertGreater(moved, PEOPLE * 0.9)

    async def leave_all(self, lab, ues):
        for response in await each(ues, lambda ue: ue.deregister()):
            self.assertStatus(response, 200)
        self.assertEqual(await self.bindings(lab), [])

    async def check_totals(self, lab):
        """No failure but the challenges, and nothing said that is untrue."""
        asked = await lab.core.control("seen", last=100_000, brief=True)
        marks = collections.Counter(
            m["integrity"] for m in asked["messages"]
            if m["method"] == "REGISTER" and not m["status"])
        self.assertEqual(marks, {None: PEOPLE, "tls-pending": PEOPLE,
                                 "tls-yes": 2 * PEOPLE})
        statuses = collections.Counter(m["status"] for m in asked["messages"])
        del statuses[0]
        self.assertEqual(set(statuses), {200, 401})
        self.assertEqual(statuses[401], PEOPLE)
        metrics = await lab.proxy.metrics()
        self.assertEqual(metrics.sum("sallyport_tls_handshakes_total",
                                     kind="full"), PEOPLE)
        self.assertEqual(metrics.sum("sallyport_tls_handshakes_total",
                                     kind="resumed"), PEOPLE)
        self.assertEqual(metrics.sum("sallyport_proxy_mail_lost_total"), 0)


if __name__ == "__main__":
    unittest.main()
