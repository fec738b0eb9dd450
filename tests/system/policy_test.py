"""TLS required: what the unprotected port accepts (2.9 of the reference)."""

import unittest

from lab.lab import endpoint, until
from sip.message import Message, new_branch, response_to
from ue.ue import Edge
from system.system_test import SystemTest
from ue.ue import Edge


def request(ue, method, flow):
    """A request that would be fine on TLS."""
    made = Message.request(method, "sip:user000001@ims.test")
    made.add("via", f"SIP/2.0/{flow.name} 192.168.1.10:5062;"
             f"branch={new_branch()};rport")
    made.add("max-forwards", 70)
    made.add("from", f"<{ue.impu}>;tag=1").add("to", "<sip:a@ims.test>")
    made.add("call-id", f"clear-{method}").add("cseq", f"1 {method}")
    return made


class InClear(SystemTest):

    async def ue_in_clear(self, lab, protocol="tcp", number=0):
        ue = lab.ue(number)
        ue.sec_agree = True
        await ue.connect_clear(protocol)
        return ue

    async def discards(self, lab):
        metrics = await lab.proxy.metrics()
        return metrics.sum("sallyport_core_events_total",
                           event="discard_.*")

    # Conformance: POL-01, POL-02, POL-06
    async def test_nothing_but_register_is_answered(self):
        lab = await self.lab()
        for protocol in ("tcp", "udp"):
            with self.subTest(protocol):
                ue = await self.ue_in_clear(lab, protocol)
                before = await self.discards(lab)
                methods = ("INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "BYE",
                           "ACK", "CANCEL", "LEVITATE")
                for method in methods:
                    ue.send(request(ue, method, ue.clear), ue.clear)

                # In order behind them: its answer proves their silence.
                response = await ue.register_once("blank", ue.clear)

                self.assertStatus(response, 401)
                self.assertEqual([r.message.method for r in ue.seen],
                                 ["REGISTER"])

                async def counted():
                    return await self.discards(lab) - before == len(methods)
                await until(counted)

    async def test_a_datagram_is_answered_from_where_it_went(self):
        lab = await self.lab(sip_listen="0.0.0.0:0")
        ue = lab.ue(0)
        ue.sec_agree = True
        # A connected socket hears nothing from any other address.
        ue.edge = Edge(ue.edge.tls, ("127.0.0.2", ue.edge.sip[1]))
        await ue.connect_clear("udp")

        self.assertStatus(await ue.register_once("blank", ue.clear), 401)

    # Conformance: POL-03, POL-04, POL-05
    async def test_only_an_initial_register_is_accepted(self):
        lab = await self.lab()
        ue = await self.ue_in_clear(lab)
        self.assertStatus(await ue.register_once("blank", ue.clear), 401)
        with_response = ue.make_register("answer", ue.clear)
        leaving = ue.make_register("blank", ue.clear, expires=0)
        response = response_to(request(ue, "OPTIONS", ue.clear), 200)
        for message in (with_response, leaving, response):
            ue.send(message, ue.clear)

        self.assertStatus(await ue.register_once("blank", ue.clear), 401)

        self.assertEqual(len(await self.core_saw(lab)), 2)
        self.assertEqual([r.message.status for r in ue.seen], [401, 401])

    # Conformance: SEC-27, ERR-07
    async def test_without_an_offer_of_tls_it_is_421(self):
        lab = await self.lab()
        ue = await self.ue_in_clear(lab)
        ue.sec_agree = False

        response = await ue.register_once("blank", ue.clear)

        self.assertStatus(response, 421)
        self.assertEqual(response.all("require"), ["sec-agree"])
        self.assertRegex(response.get("security-server"), "^tls")
        self.assertEqual(await self.core_saw(lab), [])

    # Conformance: SEC-28
    async def test_an_offer_of_ipsec_alone_is_494(self):
        lab = await self.lab()
        ue = await self.ue_in_clear(lab)
        register = ue.make_register("blank", ue.clear)
        register.set("security-client", "ipsec-3gpp;alg=hmac-sha-1-96;"
                     "spi-c=1;spi-s=2;port-c=3;port-s=4")

        response = await ue.ask(register, ue.clear)

        self.assertStatus(response, 494)
        self.assertRegex(response.get("security-server"), "^tls")

    # Conformance: POL-09, ASSOC-25
    async def test_the_variant_of_the_association_decides(self):
        lab = await self.lab(shards=1)  # shards_test.py has several
        agreed, first = lab.ue(0), lab.ue(1)
        self.assertStatus(await agreed.register_sec_agree(), 200)
        self.assertStatus(await first.register(), 200)
        before = len(await self.core_saw(lab))

        other = await self.ue_in_clear(lab, number=1)
        other.send(other.make_register("blank", other.clear), other.clear)
        again = await self.ue_in_clear(lab, number=0)
        self.assertStatus(await again.register_once("blank", again.clear),
                          401)

        self.assertEqual(other.seen, [])
        self.assertEqual(len(await self.core_saw(lab)), before + 1)
        for ue in (agreed, first):
            self.assertStatus(await ue.register_once("blank"), 200)

    async def test_by_flag_a_laboratory_gets_403(self):
        lab = await self.lab(clear_action="reject403")
        ue = await self.ue_in_clear(lab)

        response = await ue.ask(request(ue, "MESSAGE", ue.clear), ue.clear)

        self.assertStatus(response, 403)

    # Conformance: POL-07
    async def test_when_tls_is_not_required_register_passes(self):
        lab = await self.lab(tls_required="false",
                             core_flags=["--accept_plain_digest"])
        ue = await self.ue_in_clear(lab)
        ue.sec_agree = False
        self.assertStatus(await ue.register_once("blank", ue.clear), 401)
        self.assertStatus(await ue.register_once("answer", ue.clear), 200)
        ue.send(request(ue, "MESSAGE", ue.clear), ue.clear)

        self.assertStatus(await ue.register_once("blank", ue.clear), 401)

        self.assertEqual(await self.core_saw(lab, "MESSAGE"), [])
        self.assertEqual(await self.marks(lab), [None] * 3)
        self.assertEqual(await lab.proxy.associations(ue.impi), [])


class AccessClass(SystemTest):

    # Conformance: POL-08
    async def test_a_3gpp_listener_refuses_the_scheme(self):
        listeners = "127.0.0.1:0,127.0.0.1:0;access=3gpp"
        lab = await self.lab(tls_listen=listeners, sip_listen=listeners)
        served, refused = (
            Edge(*(endpoint(lab.proxy.ready[name].split(",")[i])
                   for name in ("tls", "sip"))) for i in (0, 1))
        ue = lab.ue(0)
        ue.edge = refused
        await ue.connect()
        for how in (None, "blank"):
            self.assertStatus(await ue.register_once(how), 403)
        await ue.connect_clear()
        ue.sec_agree = True
        self.assertStatus(await ue.register_once("blank", ue.clear), 403)
        self.assertEqual(await self.core_saw(lab), [])

        ue.edge, ue.sec_agree = served, False
        await ue.connect()
        self.assertStatus(await ue.register(), 200)
        # The ticket opens the session there, but it is nobody's.
        ue.drop()
        ue.edge = refused
        await ue.connect(resume=True)
        self.assertStatus(await ue.register_once("blank"), 403)
        before = len(ue.seen)
        ue.send(ue.make("MESSAGE", "sip:user000001@ims.test"))
        self.assertStatus(await ue.register_once("blank"), 403)
        self.assertEqual(len(ue.seen), before + 1)
        self.assertEqual(await self.core_saw(lab, "MESSAGE"), [])


if __name__ == "__main__":
    unittest.main()
