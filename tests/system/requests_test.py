"""Requests from and to registered UEs: flows 2.7 and 2.8 of the reference."""

import asyncio
import unittest

from lab.lab import until
from sip.message import Message
from system.system_test import SystemTest, uri_of

# What only the network may say. Source: the reference, 9.1
TRUSTED = {
    "p-asserted-identity": "<sip:boss@ims.test>",
    "p-charging-vector": "icid-value=mine",
    "p-charging-function-addresses": "ccf=mine",
    "p-visited-network-id": "mine",
    "p-associated-uri": "<sip:mine@ims.test>",
    "service-route": "<sip:mine@ims.test;lr>",
    "path": "<sip:mine@ims.test;lr>",
    "p-called-party-id": "<sip:mine@ims.test>",
    "p-served-user": "<sip:mine@ims.test>",
    "p-profile-key": "<sip:mine@ims.test>",
    "p-asserted-service": "mine",
    "p-user-database": "<aaa://mine>",
    "p-media-authorization": "00",
    "p-private-network-indication": "mine",
    "security-server": "tls",
    "feature-caps": "*;mine",
    "resource-priority": "mine.1",
    "history-info": "<sip:mine@ims.test>;index=1",
    "restoration-info": "mine",
    "relayed-charge": "mine",
    "service-interact-info": "mine",
    "response-source": "mine",
    "attestation-info": "mine",
    "origination-id": "mine",
    "cellular-network-info": "mine",
}


class Pair(SystemTest):
    """Two registered UEs."""

    async def pair(self, **options):
        lab = await self.lab(**options)
        one, two = lab.ue(0), lab.ue(1)
        self.assertStatus(await one.register(), 200)
        self.assertStatus(await two.register_sec_agree(), 200)
        return lab, one, two


class FromTheUe(Pair):

    # Conformance: ORIG-02, ORIG-08, ORIG-12, ORIG-15, ORIG-16, ORIG-19
    # Conformance: PROXY-01, PROXY-20
    async def test_a_message_follows_the_service_route(self):
        lab, one, two = await self.pair()
        request = one.make("MESSAGE", two.impu, b"\x00 bytes \xff\r\n",
                           p_preferred_identity=f"<{one.associated[1]}>",
                           x_unknown='odd  "value"')

        response = await one.ask(request)

        self.assertStatus(response, 200)
        seen, = await self.core_saw(lab, "MESSAGE")
        self.assertEqual([uri_of(v) for v in seen.all("route")],
                         [uri_of(v) for v in one.service_route])
        self.assertEqual(seen.all("p-asserted-identity"),
                         [f"<{one.associated[1]}>"])
        self.assertFalse(seen.has("p-preferred-identity"))
        self.assertFalse(seen.has("record-route"))
        self.assertRegex(seen.get("p-charging-vector"), "icid-value=.*orig-ioi")
        self.assertEqual(seen.get("max-forwards"), "69")
        self.assertEqual(len(seen.all("via")), 2)
        self.assertEqual(seen.get("x-unknown"), 'odd  "value"')
        self.assertEqual(two.received("MESSAGE")[0].body, request.body)
        for name in ("p-charging-vector", "p-charging-function-addresses"):
            self.assertFalse(response.has(name), name)
        self.assertIs(one.seen[-1].flow, one.flow)

    # Conformance: ORIG-03, ORIG-04
    async def test_an_identity_of_somebody_else_is_not_asserted(self):
        lab, one, two = await self.pair()
        request = one.make("MESSAGE", two.impu,
                           p_preferred_identity=f"<{two.impu}>")
        request.set("from", f"<{two.impu}>;tag=1")

        self.assertStatus(await one.ask(request), 200)

        seen, = await self.core_saw(lab, "MESSAGE")
        self.assertEqual(seen.all("p-asserted-identity"), [f"<{one.impu}>"])

    # Conformance: ORIG-05, TRUST-01, TRUST-03, TRUST-04
    async def test_what_only_the_network_may_say_is_dropped(self):
        lab, one, two = await self.pair()
        request = one.make("MESSAGE", two.impu)
        for name, value in TRUSTED.items():
            request.fields.append((name.upper() + " ", value))

        self.assertStatus(await one.ask(request), 200)

        seen, = await self.core_saw(lab, "MESSAGE")
        for name in TRUSTED:
            self.assertNotIn("mine", " ".join(seen.rows(name)), name)
        self.assertEqual(seen.all("p-asserted-identity"), [f"<{one.impu}>"])

    # Conformance: ORIG-09, TRUST-06
    async def test_a_route_of_its_own_is_replaced(self):
        lab, one, two = await self.pair()
        request = one.make("OPTIONS", two.impu)
        request.set("route", "<sip:198.51.100.66;lr>")

        self.assertStatus(await one.ask(request), 200)

        seen, = await self.core_saw(lab, "OPTIONS")
        self.assertEqual([uri_of(v) for v in seen.all("route")],
                         [uri_of(v) for v in one.service_route])

    # Conformance: ORIG-10
    async def test_by_flag_a_wrong_route_is_400(self):
        lab, one, two = await self.pair(service_route_mismatch="400")
        request = one.make("OPTIONS", two.impu)
        request.set("route", "<sip:198.51.100.66;lr>")

        self.assertStatus(await one.ask(request), 400)
        self.assertStatus(await one.options(two.impu), 200)

    # Conformance: ORIG-13, SEC-26
    async def test_the_security_agreement_stays_at_the_edge(self):
        lab, one, two = await self.pair()

        self.assertStatus(await two.message(one.impu), 200)
        seen, = await self.core_saw(lab, "MESSAGE")
        for name in ("security-verify", "require", "proxy-require"):
            self.assertFalse(seen.has(name), name)

        request = two.make("MESSAGE", one.impu)
        request.remove("security-verify")
        self.assertStatus(await two.ask(request), 494)

    # Conformance: ORIG-01
    async def test_before_registration_nothing_is_answered(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.connect()
        message = ue.make("MESSAGE", "sip:user000001@ims.test", b"hello")

        ue.send(message)
        self.assertStatus(await ue.register(), 200)

        self.assertNotIn(message.transaction, [
            r.message.transaction for r in ue.seen])
        self.assertEqual(await self.core_saw(lab, "MESSAGE"), [])

    # Conformance: PROXY-02, PROXY-18, PROXY-19, ERR-06
    async def test_what_a_proxy_must_refuse_is_refused(self):
        lab, one, two = await self.pair()
        no_hops = one.make("MESSAGE", two.impu).set("max-forwards", 0)
        odd_extension = one.make("MESSAGE", two.impu,
                                 proxy_require="levitation")
        odd_scheme = one.make("MESSAGE", "nobody:knows@this")

        for request, status in ((no_hops, 483), (odd_extension, 420),
                                (odd_scheme, 416)):
            with self.subTest(status):
                response = await one.ask(request)
                self.assertStatus(response, status)
                self.assertTrue(response.tag("to"))
        self.assertEqual(await self.core_saw(lab, "MESSAGE"), [])

    async def test_what_makes_a_dialog_is_refused(self):
        lab, one, two = await self.pair()
        for method in ("INVITE", "SUBSCRIBE", "REFER"):
            with self.subTest(method):
                response = await one.ask(one.make(method, two.impu))
                self.assertStatus(response, 405)
                self.assertTrue(response.has("allow"))

    # Conformance: PROXY-20
    async def test_a_large_body_passes_both_ways_unchanged(self):
        lab, one, two = await self.pair()
        body = bytes(range(256)) * 100

        self.assertStatus(await one.ask(one.make(
            "MESSAGE", two.impu, body), timeout_s=10), 200)

        self.assertEqual((await two.next_request("MESSAGE")).body, body)


class ToTheUe(Pair):

    # Conformance: TERM-01, TERM-03, TERM-05, TERM-06
    async def test_a_request_by_token_arrives_on_the_connection(self):
        lab, one, two = await self.pair()
        for method in ("MESSAGE", "OPTIONS"):
            with self.subTest(method):
                answer = await lab.core.control("send", to=one.impu,
                                                method=method, body="hello")

                self.assertEqual(answer["status"], 200)
                request = await one.next_request(method)
                self.assertIs(one.seen[-1].flow, one.flow)
                self.assertEqual(request.uri, uri_of(one.contact))
                self.assertFalse(request.has("route"))
                self.assertFalse(request.has("p-charging-vector"))
                self.assertFalse(request.has("p-charging-function-addresses"))
                self.assertEqual(uri_of(request.get("p-asserted-identity")),
                                 "sip:core@ims.test")
                self.assertEqual(two.received(), [])

    # Conformance: TERM-06
    async def test_privacy_hides_the_asserted_identity(self):
        lab, one, _ = await self.pair()

        await lab.core.control("send", to=one.impu,
                               headers=[["privacy", "id"]])

        request = await one.next_request("MESSAGE")
        self.assertFalse(request.has("p-asserted-identity"))
        self.assertEqual(request.get("privacy"), "id")

    # Conformance: TERM-07, TERM-08
    async def test_the_answer_bears_what_the_network_needs(self):
        lab, one, _ = await self.pair()
        one.answer = lambda request: one.respond(
            request, 200, p_asserted_identity="<sip:boss@ims.test>",
            p_charging_vector="icid-value=mine") and None

        answer = await lab.core.control("send", to=one.impu)

        response = Message.parse(answer["text"].encode("latin-1"))
        self.assertEqual(response.all("p-asserted-identity"),
                         [f"<{one.impu}>"])
        vector, = response.rows("p-charging-vector")
        self.assertRegex(vector, r"icid-value=\"?hc-")
        self.assertIn('term-ioi="Type 1ims.test"', vector)
        self.assertNotIn("mine", vector)

    # Conformance: TERM-13
    async def test_a_lost_callee_is_reported_at_once(self):
        lab, one, _ = await self.pair()
        one.answer = lambda request: None
        for body in ("", "hello"):
            with self.subTest(body):
                asked = asyncio.ensure_future(lab.core.control(
                    "send", to=one.impu, body=body, timeout_s=5))
                await one.next_request("MESSAGE")

                one.drop(reset=True)

                self.assertEqual((await asked)["status"], 480)
                await one.connect(resume=True)
                self.assertStatus(await one.register_once("blank"), 200)

    # Conformance: TERM-12
    async def test_an_answer_from_another_connection_is_dropped(self):
        lab, one, two = await self.pair()
        one.answer = lambda request: None
        asked = asyncio.ensure_future(
            lab.core.control("send", to=one.impu, timeout_s=20))
        request = await one.next_request("MESSAGE")

        two.respond(request, 486)
        self.assertStatus(await two.options(two.impu), 200)
        one.respond(request, 200)

        self.assertEqual((await asked)["status"], 200)

    # Conformance: TERM-10
    async def test_a_forged_token_is_403(self):
        lab, one, _ = await self.pair()
        path = (await self.core_saw(lab))[-1].get("path")
        head, at, tail = path.partition("@")
        turned = "A" if head[-1] != "A" else "B"

        answer = await lab.core.control(
            "send", to=one.impu, path=[head[:-4] + turned * 4 + at + tail])

        self.assertEqual(answer["status"], 403)

    # Conformance: TERM-11
    async def test_a_token_is_worth_nothing_in_the_hands_of_a_ue(self):
        lab, one, two = await self.pair()
        path = (await self.core_saw(lab))[-1].get("path")
        request = one.make("MESSAGE", two.impu, b"psst")
        request.set("route", path)

        self.assertStatus(await one.ask(request), 403)
        self.assertEqual(two.received("MESSAGE"), [])

    # Conformance: ASSOC-23, TERM-09
    async def test_a_token_ends_with_its_association(self):
        lab, one, _ = await self.pair()
        path = [(await self.core_saw(lab))[1].get("path")]
        await one.deregister()

        async def gone():
            return not await lab.proxy.associations(one.impi)
        await until(gone)

        answer = await lab.core.control("send", to=one.impu, path=path)
        self.assertEqual(answer["status"], 480)
        self.assertEqual(one.received("MESSAGE"), [])

    async def test_each_shard_reaches_the_ues_of_the_others(self):
        lab = await self.lab(people=12, core_flags=["--edge_connections=8"])
        ues = [lab.ue(n) for n in range(12)]
        for ue in ues:
            self.assertStatus(await ue.register(), 200)
        homes = {(await lab.proxy.associations(ue.impi))[0]["shard"]
                 for ue in ues}

        for _ in range(4):
            for ue in ues:
                answer = await lab.core.control("send", to=ue.impu)
                self.assertEqual(answer["status"], 200)

        self.assertEqual(homes, {0, 1})
        self.assertEqual([len(ue.received("MESSAGE")) for ue in ues],
                         [4] * 12)


if __name__ == "__main__":
    unittest.main()
