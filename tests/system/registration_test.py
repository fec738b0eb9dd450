"""Registration through the whole system: flows 2.1 to 2.6 of the reference."""

import asyncio
import unittest

from lab.lab import until
from sip import digest
from system.system_test import SystemTest, uri_of

HOSTILE_FIELDS = (
    ("p-visited-network-id", '"evil.test"'),
    ("p-charging-vector", "icid-value=mine;orig-ioi=mine;term-ioi=mine"),
    ("p-asserted-identity", "<sip:boss@ims.test>"),
    ("route", "<sip:198.51.100.66;lr>"),
    ("path", "<sip:evil.test;lr>"),
    ("security-server", "tls;q=1"),
    ("p-access-network-info",
     "IEEE-802.11a, 3GPP-GERAN;network-provided, IEEE-802.11b"),
)


class SecurityAgreement(SystemTest):

    # Conformance: REG-01, REG-02, REG-03, REG-05, REG-06, REG-07, REG-09
    # Conformance: REG-10, REG-11, REG-12, SEC-06
    async def test_the_clear_half_reaches_the_core_clean(self):
        lab = await self.lab()
        ue = lab.ue(0)
        ue.sec_agree = True
        await ue.connect_clear()

        response = await ue.register_once("blank", ue.clear,
                                          extra=HOSTILE_FIELDS)

        self.assertStatus(response, 401)
        request, = await self.core_saw(lab)
        self.assertEqual(len(request.all("path")), 1)
        self.assertRegex(request.get("path"),
                         r"^<sip:t\.[\w-]+@[^>]*;lr(;[^>]*)?>$")
        self.assertEqual(request.all("require"), ["path"])
        self.assertEqual(request.all("p-visited-network-id"), ['"ims.test"'])
        vector = request.rows("p-charging-vector")
        self.assertEqual(len(vector), 1)
        self.assertRegex(vector[0], "icid-value=")
        self.assertRegex(vector[0], 'orig-ioi="Type 1ims.test"')
        self.assertNotRegex(vector[0], "term-ioi|mine")
        networks = request.all("p-access-network-info")
        self.assertEqual(networks[:2], ["IEEE-802.11a", "IEEE-802.11b"])
        self.assertRegex(networks[2], "network-provided")
        self.assertEqual(len(networks), 3)
        for name in ("security-client", "security-verify", "security-server",
                     "proxy-require", "record-route", "route",
                     "p-asserted-identity"):
            self.assertFalse(request.has(name), name)
        self.assertEqual(await self.marks(lab), [None])

    # Conformance: REG-13, REG-15, REG-16, REG-17, REG-19, REG-20, REG-21
    # Conformance: SEC-08, SEC-24, TLS-17, ASSOC-01
    async def test_the_protected_half_makes_the_association(self):
        for protocol in ("tcp", "udp"):
            with self.subTest(protocol):
                lab = await self.lab()
                ue = lab.ue(0)

                response = await ue.register_sec_agree(protocol=protocol)

                self.assertStatus(response, 200)
                self.assertRegex(ue.security_server[0], r"^tls(;|$)")
                self.assertIs(ue.seen[-1].flow, ue.flow)
                self.assertTrue(ue.answerer.trusts(
                    response.get("authentication-info")))
                self.assertEqual(ue.associated, list(
                    lab.subscribers[0].sets[0]))
                self.assertEqual(len(ue.service_route), 1)
                for name in ("p-charging-vector",
                             "p-charging-function-addresses"):
                    self.assertFalse(response.has(name), name)
                self.assertEqual(await self.marks(lab), [None, "tls-pending"])
                found, = await lab.proxy.associations(ue.impi)
                self.assertEqual(found["state"], "active")

    # Conformance: SEC-25, ERR-07
    async def test_a_changed_security_verify_is_494(self):
        lab = await self.lab()
        ue = lab.ue(0)
        ue.sec_agree = True
        await ue.connect_clear()
        await ue.register_once("blank", ue.clear)
        await ue.connect()
        ue.security_server = ["tls;q=0.1", "ipsec-3gpp;q=0.9"]

        response = await ue.register_once("answer")

        self.assertStatus(response, 494)
        self.assertRegex(response.get("security-server"), "^tls")
        self.assertEqual(len(await self.core_saw(lab)), 1)

    # Conformance: SEC-09, SEC-29
    async def test_the_seed_profile_says_yes_at_once_and_warns(self):
        lab = await self.lab(integrity_profile="seed")
        ue = lab.ue(0)

        self.assertStatus(await ue.register_sec_agree(), 200)

        self.assertEqual(await self.marks(lab), [None, "tls-yes"])
        self.assertIn("seed", lab.proxy.said())

    # Conformance: SEC-10
    async def test_the_seed_profile_does_not_change_tls_first(self):
        lab = await self.lab(integrity_profile="seed")
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        self.assertEqual(await self.marks(lab), [None, "tls-pending"])


class TlsFirst(SystemTest):

    # Conformance: REG-08, REG-14, REG-23, REG-29, SEC-10, SEC-11, ASSOC-05
    async def test_a_plain_client_registers(self):
        lab = await self.lab()
        ue = lab.ue(0)

        response = await ue.register()

        self.assertStatus(response, 200)
        challenge = ue.seen[0].message
        self.assertStatus(challenge, 401)
        self.assertFalse(challenge.has("security-server"))
        self.assertEqual(len(challenge.all("www-authenticate")), 2)
        first, second = await self.core_saw(lab)
        self.assertRegex(first.get("p-access-network-info"),
                         "network-provided")
        self.assertEqual(uri_of(second.get("contact")),
                         uri_of(ue.contact))
        self.assertEqual(await self.marks(lab), [None, "tls-pending"])
        found, = await lab.proxy.associations(ue.impi)
        self.assertEqual(found["state"], "active")

    async def test_a_verdict_can_be_explained(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        found, = await lab.proxy.associations(ue.impi)
        self.assertEqual(found["verdict"]["rule"], "D6")
        self.assertEqual(found["verdict"]["integrity_protected"],
                         "tls-pending")

        await ue.register_once("blank")

        found, = await lab.proxy.associations(ue.impi)
        self.assertEqual(found["verdict"]["rule"], "D7")
        self.assertEqual(found["verdict"]["integrity_protected"], "tls-yes")
        self.assertLess(found["verdict"]["ago_s"], 60)
        metrics = await lab.proxy.metrics()
        counted = {rule: metrics.sum(
            "sallyport_core_register_verdicts_total", rule=rule)
            for rule in ("D3", "D6", "D7", "D10")}
        self.assertEqual(counted, {"D3": 1, "D6": 1, "D7": 1, "D10": 0})

    # Conformance: REG-04, REG-07, SEC-12, SEC-13, SEC-16, ASSOC-10
    async def test_refresh_and_deregistration_keep_path_and_say_yes(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()

        self.assertStatus(await ue.register_once("blank"), 200)
        self.assertStatus(await ue.register_once("answer"), 200)
        self.assertStatus(await ue.deregister(star=True), 200)

        self.assertEqual(await self.marks(lab), [
            None, "tls-pending", "tls-yes", "tls-yes", "tls-yes"])
        requests = await self.core_saw(lab)
        self.assertEqual(len({r.get("path") for r in requests[1:]}), 1)
        self.assertEqual(len({r.get("p-charging-vector")
                              for r in requests}), 5)

        async def nobody():
            return not await lab.proxy.associations(ue.impi)
        await until(nobody)
        self.assertStatus(await ue.register_once("blank"), 401)
        self.assertIsNone((await self.marks(lab))[-1])

    # Conformance: SEC-13
    async def test_a_challenged_refresh_keeps_the_association(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        await lab.core.control("policy", rechallenge=True)

        self.assertStatus(await ue.refresh(), 200)

        self.assertEqual(await self.marks(lab), [
            None, "tls-pending", "tls-yes", "tls-yes"])

    # Conformance: SEC-14
    async def test_without_credentials_nothing_is_said(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()

        self.assertStatus(await ue.register_once(), 401)

        self.assertIsNone((await self.marks(lab))[-1])

    # Conformance: SEC-15
    async def test_another_private_identity_is_refused(self):
        lab = await self.lab()
        ue, other = lab.ue(0), lab.ue(1)
        await ue.register()

        response = await ue.register_once(other.answerer.blank(
            other.domain, f"sip:{other.domain}"))

        self.assertStatus(response, 403)
        self.assertEqual(len(await self.core_saw(lab)), 2)
        self.assertStatus(await ue.register_once("blank"), 200)

    # Conformance: SEC-01, SEC-02, SEC-03, SEC-05, SEC-17, SEC-30
    async def test_what_the_ue_claims_of_itself_is_deleted(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.connect()
        for claim in ('integrity-protected="tls-yes"',
                      "INTEGRITY-Protected=tls-yes", "integrity-protected",
                      'integrity-protected = "tls-yes"',
                      'integrity-protected="yes", integrity-protected="no"',
                      '\r\n integrity-protected="tls-yes"'):
            with self.subTest(claim):
                value = ue.answerer.blank(ue.domain, f"sip:{ue.domain}")
                odd = 'opaque="integrity-protected=tls-yes"'

                self.assertStatus(await ue.register_once(
                    f"{value}, {claim}, {odd}"), 401)

                seen = (await self.core_saw(lab))[-1].get("authorization")
                self.assertIn(odd, seen)
                without = seen.replace(odd, "").lower()
                self.assertNotIn("integrity", without)
                self.assertEqual(digest.parse(seen)[1]["username"], ue.impi)

    # Conformance: TLS-12
    async def test_a_wrong_password_ends_the_tls_session(self):
        lab = await self.lab()
        ue = lab.ue(0)
        right, ue.answerer.password = ue.answerer.password, "wrong"

        self.assertStatus(await ue.register(), 403)

        async with asyncio.timeout(10):
            self.assertEqual(await ue.flow.ended, "close_notify")
        ue.session = ue.flow.session
        await ue.connect(resume=True)
        self.assertFalse(ue.flow.resumed)
        ue.answerer.password = right
        self.assertStatus(await ue.register(), 200)

    # Conformance: REG-24
    async def test_a_stale_nonce_is_answered_on_the_same_connection(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await lab.core.control("policy", nonce_lifetime_s=-1)
        response = await ue.register()
        self.assertStatus(response, 401)
        self.assertIn("stale=true", response.get("www-authenticate"))
        await lab.core.control("policy", nonce_lifetime_s=300)

        response = await ue.register()

        self.assertStatus(response, 200)
        self.assertEqual(len({id(r.flow) for r in ue.seen}), 1)

    # Conformance: REG-25, ASSOC-02
    async def test_a_short_expiry_is_relayed_as_423(self):
        lab = await self.lab()
        ue = lab.ue(0)

        response = await ue.register(expires=5)

        self.assertStatus(response, 423)
        self.assertEqual(response.get("min-expires"), "60")
        self.assertNotIn("active", [a["state"] for a in
                                    await lab.proxy.associations(ue.impi)])

    # Conformance: REG-27
    async def test_a_star_with_an_expiry_is_400(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()

        self.assertStatus(await ue.register_once(
            "blank", contact="*", expires=60), 400)

        self.assertEqual(len(await self.core_saw(lab)), 2)

    # Conformance: ASSOC-17, ASSOC-22
    async def test_two_devices_of_one_subscriber_live_side_by_side(self):
        lab = await self.lab()
        one, two = lab.ue(0), lab.ue(0)

        self.assertStatus(await one.register(), 200)
        self.assertStatus(await two.register(), 200)

        found = await lab.proxy.associations(one.impi)
        self.assertEqual([a["state"] for a in found], ["active"] * 2)
        paths = {r.get("path") for r in await self.core_saw(lab)
                 if "tls-pending" in r.get("authorization", "")}
        self.assertEqual(len(paths), 2)


class Reconnecting(SystemTest):

    # Conformance: TLS-05, TLS-06, ASSOC-13, ASSOC-14, REG-04
    async def test_a_ticket_brings_the_association_back_again_and_again(self):
        lab = await self.lab()
        for number, version in enumerate(("1.2", "1.3")):
            with self.subTest(version):
                ue = lab.ue(number, version)
                await ue.register()
                before, = await lab.proxy.associations(ue.impi)

                for _ in range(4):
                    await ue.reconnect()
                    self.assertTrue(ue.flow.resumed)
                    self.assertStatus(await ue.register_once("blank"), 200)
                    now, = await lab.proxy.associations(ue.impi)
                    self.assertEqual((now["shard"], now["slot"]),
                                     (before["shard"], before["slot"]))

                self.assertEqual(await self.marks(lab, ue), [
                    None, "tls-pending"] + ["tls-yes"] * 4)

    # Conformance: ASSOC-13, TERM-09
    async def test_while_the_connection_is_lost_requests_get_480(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        ue.drop(reset=True)

        async def suspended():
            found, = await lab.proxy.associations(ue.impi)
            return found["state"] == "suspended"
        await until(suspended)

        answer = await lab.core.control("send", to=ue.impu)
        self.assertEqual(answer["status"], 480)
        await ue.connect(resume=True)
        await ue.register_once("blank")
        answer = await lab.core.control("send", to=ue.impu)
        self.assertEqual(answer["status"], 200)

    # Conformance: ASSOC-16
    async def test_a_resumed_connection_must_register_first(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        await ue.reconnect()

        message = ue.make("MESSAGE", ue.impu, b"too early")
        ue.send(message)
        self.assertStatus(await ue.register_once("blank"), 200)

        self.assertEqual(await self.core_saw(lab, "MESSAGE"), [])
        self.assertNotIn(message.transaction, [
            r.message.transaction for r in ue.seen])

    async def test_a_new_session_is_authenticated_anew(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        ue.drop()
        await ue.connect(resume=False)

        self.assertStatus(await ue.register_once("blank"), 401)
        self.assertStatus(await ue.register_once("answer"), 200)

        self.assertEqual(await self.marks(lab), [
            None, "tls-pending", None, "tls-pending"])

    # Conformance: ASSOC-18
    async def test_the_same_device_on_a_new_session_replaces_the_old(self):
        lab = await self.lab(shards=2)
        old = lab.ue(0)
        await old.register()
        new = lab.ue(0, instance=old.instance)

        self.assertStatus(await new.register(), 200)

        async def one_left():
            found = await lab.proxy.associations(old.impi)
            return len(found) == 1
        await until(one_left)
        answer = await lab.core.control("send", to=new.impu)
        self.assertEqual(answer["status"], 200)
        self.assertEqual(len(new.received("MESSAGE")), 1)
        self.assertEqual(old.received("MESSAGE"), [])

    async def test_a_resumption_beside_the_old_connection_moves_over(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()
        old, ue.session = ue.flow, ue.flow.session

        await ue.connect(resume=True)
        self.assertStatus(await ue.register_once("blank"), 200)

        async with asyncio.timeout(10):
            await old.ended
        await lab.core.control("send", to=ue.impu)
        self.assertIs(ue.seen[-1].flow, ue.flow)
        self.assertEqual((await self.marks(lab))[-1], "tls-yes")

    async def test_with_the_fresh_policy_a_ticket_brings_nothing_back(self):
        lab = await self.lab(resumption_policy="fresh")
        ue = lab.ue(0)
        await ue.register()
        await ue.reconnect()

        self.assertStatus(await ue.register_once("blank"), 401)

        self.assertIsNone((await self.marks(lab))[-1])


if __name__ == "__main__":
    unittest.main()
