"""What the network does to registrations: flow 2.5 e2 of the reference."""

import asyncio
import re
import unittest

from home_core import subscribers
from home_core.subscribers import Subscriber
from lab.lab import until
from sip.message import address
from system.system_test import SystemTest, uri_of

# How long the connection outlives the association that the network ended.
LINGER_S = 5


class Watching(SystemTest):

    async def lab(self, **options):
        return await super().lab(**({
            "reg_event": "on", "reg_event_backoff_min": "200ms"} | options))

    async def registered(self, people=1, **options):
        """A lab, and phones that are registered and watched."""
        lab = await self.lab(**options)
        phones = [lab.ue(n) for n in range(people)]
        for ue in phones:
            self.assertStatus(await ue.register(), 200)
            await self.watched(lab, ue)
        return lab, *phones

    async def subscriptions(self, lab, ue=None):
        """What the notifier has, each after the answer to its NOTIFY."""
        found = await lab.core.control("subscriptions")
        return [s for s in found["subscriptions"]
                if s["notified"] and (not ue or s["impi"] == ue.impi)]

    async def watched(self, lab, ue):
        """The subscription to this phone's state, once it has begun."""
        async def begun():
            return await self.subscriptions(lab, ue)
        return (await until(begun))[-1]

    async def subscribes(self, lab, ue):
        return [s for s in await self.core_saw(lab, "SUBSCRIBE")
                if uri_of(s.get("to")) == ue.impu]

    async def gone(self, lab, ue):
        async def nothing():
            return not await lab.proxy.associations(ue.impi)
        await until(nothing)

    async def event(self, lab, name, count=1):
        """Wait until the proxy has counted so many of these."""
        async def counted():
            metrics = await lab.proxy.metrics()
            return metrics.sum("sallyport_core_events_total",
                               event=name) >= count
        await until(counted)

    async def active(self, lab, ue):
        """It is registered, and reached."""
        found, = await lab.proxy.associations(ue.impi)
        self.assertEqual(found["state"], "active")
        answer = await lab.core.control("send", to=ue.impu, method="OPTIONS")
        self.assertEqual(answer["status"], 200)

    async def path_of(self, lab, ue):
        """The Path of a phone, good for `send` when its binding is gone."""
        found = await lab.core.control("bindings", impi=ue.impi)
        return found["bindings"][0]["path"]


class Subscribing(Watching):

    # Conformance: DEREG-01, DEREG-02
    async def test_a_subscribe_follows_the_first_200(self):
        lab, ue = await self.registered()

        request, = await self.subscribes(lab, ue)
        self.assertEqual(request.uri, ue.impu)
        self.assertEqual(uri_of(request.get("from")), "sip:edge.ims.test")
        self.assertEqual(request.get("event"), "reg")
        self.assertGreater(int(request.get("expires")), ue.granted_s)
        self.assertEqual(uri_of(request.get("p-asserted-identity")),
                         "sip:edge.ims.test")
        self.assertRegex(request.get("p-charging-vector"), "icid-value=")
        self.assertFalse(request.has("route"))
        order = [m["start"] for m in await lab.seen("out", method="REGISTER")
                 + await lab.seen(method="SUBSCRIBE", status=0)]
        self.assertRegex(order[-2], "^SIP/2.0 200")
        self.assertEqual((await self.watched(lab, ue))["notified"], [200])

    # Conformance: DEREG-03
    async def test_a_refresh_subscribes_to_nothing_more(self):
        lab, ue = await self.registered()

        for _ in range(3):
            self.assertStatus(await ue.refresh(), 200)
        self.assertStatus(await ue.reconnect() and await ue.refresh(), 200)

        # Whatever a refresh led to has passed before this answer.
        self.assertStatus(await ue.options("sip:user000001@ims.test"), 480)
        self.assertEqual(len(await self.subscribes(lab, ue)), 1)

    # Conformance: DEREG-03
    async def test_a_second_device_subscribes_to_nothing_more(self):
        # A shard watches on behalf of its own associations.
        lab, ue = await self.registered(shards=1)
        other = lab.ue(0, contact_host="192.168.1.11:5062")

        self.assertStatus(await other.register(), 200)

        self.assertStatus(await other.options("sip:user000001@ims.test"), 480)
        self.assertEqual(len(await self.subscribes(lab, ue)), 1)

    async def test_nothing_is_subscribed_to_without_the_flag(self):
        lab = await self.lab(reg_event="off")
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        self.assertStatus(await ue.options("sip:user000001@ims.test"), 480)
        self.assertEqual(await self.subscribes(lab, ue), [])

    async def test_a_phone_that_leaves_is_watched_no_more(self):
        lab, ue = await self.registered()

        self.assertStatus(await ue.deregister(), 200)

        async def none():
            found = await lab.core.control("subscriptions")
            return not found["subscriptions"]
        await until(none)
        self.assertTrue(ue.flow.open)

    async def test_a_core_without_the_package_serves_all_the_same(self):
        lab = await self.lab()
        await lab.core.control("policy", reg_event="refuse")
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        await self.event(lab, "subscribes_refused")
        await self.active(lab, ue)
        self.assertEqual(len(await self.subscribes(lab, ue)), 1)


class Ending(Watching):

    # Conformance: DEREG-04
    async def test_a_deactivated_phone_is_let_go(self):
        # Several phones, so that both shards have some.
        lab, *phones = await self.registered(people=4)
        loop = asyncio.get_running_loop()
        for ue in phones:
            path = await self.path_of(lab, ue)
            began = loop.time()
            await lab.core.control("deactivate", to=ue.impu)

            await self.gone(lab, ue)

            self.assertTrue(ue.flow.open)
            answer = await lab.core.control("send", to=ue.impu, path=path)
            self.assertEqual(answer["status"], 480)
            ue.began = began
        for ue in phones:
            how = await asyncio.wait_for(ue.flow.ended, 15)
            self.assertEqual(how, "close_notify")
            self.assertGreater(loop.time() - ue.began, LINGER_S - 0.5)
            self.assertLess(loop.time() - ue.began, LINGER_S + 5)
            self.assertEqual(ue.received("MESSAGE"), [])
            self.assertEqual(await self.subscriptions(lab, ue), [])

    async def test_a_phone_that_was_let_go_can_come_back(self):
        lab, ue = await self.registered()
        await lab.core.control("deactivate", to=ue.impu)
        await self.gone(lab, ue)
        await asyncio.wait_for(ue.flow.ended, 15)

        self.assertStatus(await ue.register(), 200)

        await self.watched(lab, ue)
        await self.active(lab, ue)
        await lab.core.control("deactivate", to=ue.impu, event="rejected")
        await self.gone(lab, ue)

    # Conformance: DEREG-04
    async def test_each_event_that_ends_a_contact_counts(self):
        lab = await self.lab()
        for number, event in enumerate(("rejected", "probation", "expired",
                                        "unregistered")):
            with self.subTest(event):
                ue = lab.ue(number)
                self.assertStatus(await ue.register(), 200)
                await self.watched(lab, ue)

                await lab.core.control("deactivate", to=ue.impu, event=event)

                await self.gone(lab, ue)

    # Conformance: DEREG-05
    async def test_one_device_of_two_is_let_go(self):
        for state in ("full", "partial"):
            with self.subTest(state):
                lab, one = await self.registered(
                    core_flags=[f"--reginfo_state={state}"])
                two = lab.ue(0, contact_host="192.168.1.11:5062")
                self.assertStatus(await two.register(), 200)

                async def known():
                    return len(await lab.proxy.associations(one.impi)) == 2
                await until(known)
                await lab.core.control("deactivate", to=one.impu,
                                       instance=f'"{one.instance}"')

                await asyncio.wait_for(one.flow.ended, 15)
                self.assertTrue(two.flow.open)
                await self.active(lab, two)

    # Conformance: DEREG-06
    async def test_a_shortened_registration_ends_sooner(self):
        lab, ue = await self.registered(registration_grace="0s")
        await lab.core.control("policy",
                               subscription_ends_with_registration=False)

        await lab.core.control("shorten", to=ue.impu, expires_s=2)

        await self.gone(lab, ue)

    # Conformance: DEREG-06
    async def test_shortened_lowers_the_expiry(self):
        lab, ue = await self.registered()

        async def expires_s():
            found, = await lab.proxy.associations(ue.impi)
            return found["expires_s"]
        self.assertGreater(await expires_s(), 3000)
        await lab.core.control("shorten", to=ue.impu, expires_s=60)

        async def lower():
            return await expires_s() < 120
        await until(lower)
        self.assertGreater(await expires_s(), 30)
        await self.active(lab, ue)
        self.assertStatus(await ue.refresh(), 200)
        self.assertGreater(await expires_s(), 3000)


class Documents(Watching):
    """NOTIFYs as a registrar would not send them."""

    async def ending(self, lab, ue):
        """The present document, but with everything terminated."""
        one, = await self.subscriptions(lab, ue)
        return re.sub(r'state="active" event="\w+"',
                      'state="terminated" event="deactivated"',
                      one["document"]).replace('state="active"',
                                               'state="terminated"')

    # Conformance: DEREG-08
    async def test_an_old_version_is_answered_and_ignored(self):
        lab, ue = await self.registered()
        await ue.refresh()
        await self.event(lab, "notify_applied", 2)
        ending = await self.ending(lab, ue)
        for version in (0, 1):
            body = re.sub(r'(<reginfo[^>]* version=")\d+',
                          rf"\g<1>{version}", ending)
            answer = await lab.core.control("notify", to=ue.impu, body=body)
            self.assertEqual(answer["status"], 200)

        await self.event(lab, "notify_old_version", 2)
        await self.active(lab, ue)
        # The same with a version that has grown is effective.
        answer = await lab.core.control("notify", to=ue.impu, body=ending)
        self.assertEqual(answer["status"], 200)
        await self.gone(lab, ue)

    # Conformance: DEREG-05
    async def test_a_foreign_contact_changes_nothing(self):
        lab, ue = await self.registered()
        body = (await self.ending(lab, ue)).replace(
            "192.168.1.10", "192.168.1.99").replace(
                ue.instance.strip("<>"), "urn:uuid:of-another-phone")
        body = re.sub(r'(<registration [^>]*)terminated', r"\g<1>active", body)

        answer = await lab.core.control("notify", to=ue.impu, body=body)

        self.assertEqual(answer["status"], 200)
        await self.event(lab, "notify_foreign_contact")
        await self.active(lab, ue)

    # Conformance: DEREG-07
    async def test_a_notify_outside_of_a_dialog_is_481(self):
        lab, ue = await self.registered()
        body = await self.ending(lab, ue)
        for wrong in ({"call_id": "other"}, {"from_tag": "other"},
                      {"to_tag": "other"}, {"to_tag": ""}):
            with self.subTest(wrong):
                answer = await lab.core.control("notify", to=ue.impu,
                                                body=body, **wrong)
                self.assertEqual(answer["status"], 481)

        await self.active(lab, ue)
        self.assertEqual((await self.subscriptions(lab, ue))[0]["notified"],
                         [200])

    async def test_what_cannot_be_read_is_refused(self):
        lab, ue = await self.registered()
        for status, wrong in ((489, {"event": "presence"}),
                              (415, {"content_type": "text/plain"}),
                              (400, {"body": "<reginfo"}),
                              (400, {"body": "x" * 1000})):
            with self.subTest(wrong):
                answer = await lab.core.control("notify", to=ue.impu, **wrong)
                self.assertEqual(answer["status"], status)

        await self.active(lab, ue)

    # Conformance: ASSOC-20, ASSOC-21
    async def test_a_wildcard_is_asserted_and_a_barred_identity_is_not(self):
        folder = self.folder()
        carol = Subscriber("carol_private@ims.test", "pw", ((
            "sip:carol@ims.test", "-sip:hidden@ims.test",
            "sip:carol!.*!@ims.test"),))
        subscribers.save(f"{folder}/more.csv", [carol])
        lab = await self.lab(core_flags=[f"--subscribers={folder}/more.csv"])
        lab.subscribers.append(carol)
        one, two = lab.ue(0), lab.ue(4)
        self.assertStatus(await one.register(), 200)
        self.assertStatus(await two.register(), 200)
        await self.watched(lab, two)
        await self.event(lab, "notify_applied", 2)
        asserted = []
        for preferred in ("sip:carol-desk@ims.test", "sip:hidden@ims.test",
                          "sip:caro@ims.test"):
            self.assertStatus(await two.ask(two.make(
                "MESSAGE", one.impu, b"x",
                p_preferred_identity=f"<{preferred}>")), 200)
            request = (await self.core_saw(lab, "MESSAGE"))[-1]
            asserted.append(address(request.get("p-asserted-identity"))[0])

        self.assertEqual(asserted, ["sip:carol-desk@ims.test",
                                    "sip:carol@ims.test",
                                    "sip:carol@ims.test"])


class Losing(Watching):
    """A subscription that is lost is taken up again."""

    async def again(self, lab, ue, dialogs=2):
        """A new dialog has begun, and works."""
        async def another():
            ids = {s.call_id for s in await self.subscribes(lab, ue)}
            return len(ids) >= dialogs and await self.subscriptions(lab, ue)
        await until(another, timeout_s=30)
        await lab.core.control("deactivate", to=ue.impu)
        await self.gone(lab, ue)

    async def test_a_notifier_that_forgot_is_asked_anew(self):
        lab = await self.lab(core_flags=["--subscription_s_max=4"])
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)
        await self.watched(lab, ue)

        await lab.core.control("forget")

        await self.again(lab, ue)

    async def test_a_subscription_is_refreshed_in_its_dialog(self):
        lab = await self.lab(core_flags=["--subscription_s_max=4"])
        ue = lab.ue(0)
        self.assertStatus(await ue.register(), 200)

        async def refreshed():
            return len(await self.subscribes(lab, ue)) >= 3
        await until(refreshed, timeout_s=30)
        requests = await self.subscribes(lab, ue)

        self.assertEqual(len({s.call_id for s in requests}), 1)
        self.assertEqual([s.cseq[0] for s in requests],
                         sorted(s.cseq[0] for s in requests))
        self.assertTrue(all(s.tag("to") for s in requests[1:]))

    async def test_a_subscription_that_the_core_ended_is_begun_anew(self):
        lab, ue = await self.registered()
        await lab.core.control("notify", to=ue.impu,
                               state="terminated;reason=deactivated")
        await lab.core.control("forget")

        await self.again(lab, ue)

    # Conformance: REG-30
    async def test_the_second_entry_point_gets_the_subscribe(self):
        lab = await self.lab(core_listen="127.0.0.1:0,127.0.0.1:0")
        await lab.core.control("fault", kind="status", status=503,
                               method="SUBSCRIBE", at=lab.core_addresses[0])
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        one = await until(lambda: self.subscriptions(lab, ue), timeout_s=30)
        self.assertEqual(one[0]["impi"], ue.impi)

    async def test_a_silent_notifier_harms_no_registration(self):
        lab = await self.lab(timer_f_core="500ms")
        await lab.core.control("fault", kind="drop", method="SUBSCRIBE")
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        await self.event(lab, "subscribes_unanswered")
        await self.active(lab, ue)
        await lab.core.control("clear")
        await self.again(lab, ue)


if __name__ == "__main__":
    unittest.main()
