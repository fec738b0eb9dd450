"""The core over TLS: who it must be, who we are, and what goes wrong."""

import asyncio
import re
import shutil
import signal
import ssl
import unittest

from lab.lab import Lab, until
from lab.process import show
from sip.message import Message
from system.authority import Authority
from system.dns_server import DnsServer, a, naptr, srv
from system.system_test import BINARY, SystemTest, uri_of

TWO = "127.0.0.1:0,127.0.0.1:0"


class CoreTls(SystemTest):

    async def tls_lab(self, make=lambda self: None, **options):
        """A core with a good certificate; `make` may issue others. FOLDER in
        an option is where they are."""
        folder = self.folder()
        self.authority = Authority(folder)
        self.stranger = Authority(folder, "stranger")
        self.authority.issue("core", "DNS:core.test,URI:sip:ims.test,"
                             "IP:127.0.0.1")
        make(self)
        lab = Lab(BINARY, folder, **{
            name: value.replace("FOLDER", folder)
            if isinstance(value, str) else value
            for name, value in ({"reg_event": "off", "core_transport": "tls",
                                 "core_certificate": "core"} | options).items()
        })
        self.addAsyncCleanup(self._end, lab)
        return await lab.start()

    async def refused(self, lab, **labels):
        """A phone gets 504, and the metrics say why."""
        ue = lab.ue(0)
        await ue.connect()
        self.assertStatus(await ue.register_once(), 504)
        self.assertGreater((await lab.proxy.metrics()).sum(
            "sallyport_tls_core_failures_total", direction="out",
            cause=labels.pop("cause", "untrusted")), 0)
        if labels:
            self.assertGreater((await lab.proxy.metrics()).sum(
                "sallyport_tls_core_untrusted_total", direction="out",
                **labels), 0)

    async def no_link(self, lab):
        async def gone():
            return (await lab.proxy.metrics()).sum(
                "sallyport_proxy_core_links_open") == 0
        await until(gone)

    def complaints(self, lab):
        return re.findall(r"core_link_failed (.*) shard=\d+",
                          lab.proxy.said())


class Registering(CoreTls):

    async def test_a_phone_registers_and_the_core_sees_tls(self):
        lab = await self.tls_lab()
        ue = lab.ue(0)

        self.assertStatus(await ue.register(), 200)

        for request in await self.core_saw(lab):
            self.assertTrue(request.all("via")[0].startswith("SIP/2.0/TLS "))
        seen = await lab.seen(method="REGISTER", status=0)
        self.assertTrue(all(m["peer"].startswith("tls:") for m in seen), seen)
        metrics = await lab.proxy.metrics()
        self.assertEqual(metrics.sum("sallyport_tls_core_handshakes_total",
                                     direction="out"), 1)
        self.assertEqual(metrics.sum("sallyport_proxy_core_links_open"), 1)
        self.assertEqual(self.complaints(lab), [])

    async def test_many_at_once_wait_for_the_handshake_on_one_link(self):
        lab = await self.tls_lab(people=20, shards=1)
        phones = [lab.ue(n) for n in range(20)]

        answers = await asyncio.gather(*(ue.register() for ue in phones))

        self.assertEqual({r.status for r in answers}, {200})
        metrics = await lab.proxy.metrics()
        self.assertEqual(metrics.sum("sallyport_tls_core_handshakes_total"), 1)

    # Conformance: ORIG-21
    async def test_a_service_route_leads_over_tls_too(self):
        lab = await self.tls_lab()
        one, two = lab.ue(0), lab.ue(1)
        await one.register()
        await two.register()

        self.assertStatus(await one.message(two.impu), 200)

        message, = await self.core_saw(lab, "MESSAGE")
        self.assertTrue(message.all("via")[0].startswith("SIP/2.0/TLS "))

    async def test_a_request_comes_over_the_link_that_we_made(self):
        lab = await self.tls_lab()
        one, two = lab.ue(0), lab.ue(1)
        await one.register()
        await two.register()

        self.assertStatus(await one.message(two.impu, body="hello"), 200)

        came, = await lab.seen("out", method="MESSAGE", status=0)
        self.assertTrue(came["peer"].startswith("tls:"))
        self.assertEqual((await lab.proxy.metrics()).sum(
            "sallyport_net_connections_accepted_total",
            listener="core_tls"), 0)

    async def test_what_the_network_ends_is_heard_over_tls(self):
        for flags in ({}, {"core_tls_listen": "127.0.0.1:0"}):
            with self.subTest(flags):
                lab = await self.tls_lab(reg_event="on", **flags)
                ue = lab.ue(0)
                await ue.register()

                async def watched():
                    found = await lab.core.control("subscriptions")
                    return [s for s in found["subscriptions"]
                            if s["notified"]]
                await until(watched)
                await lab.core.control("deactivate", to=ue.impu)

                async def gone():
                    return not await lab.proxy.associations(ue.impi)
                await until(gone)
                contact = (await self.core_saw(lab, "SUBSCRIBE"))[0].get(
                    "contact")
                self.assertEqual("transport=tls" in contact, bool(flags))

    async def test_a_link_that_breaks_is_made_again_and_resumes(self):
        lab = await self.tls_lab(shards=1)
        ue = lab.ue(0)
        await ue.register()
        await lab.core.control("hang_up")

        await self.no_link(lab)
        self.assertStatus(await ue.register(), 200)

        self.assertEqual((await lab.proxy.metrics()).sum(
            "sallyport_tls_core_handshakes_total", direction="out",
            kind="resumed"), 1)

    async def test_sighup_reads_whom_to_trust_and_drops_nothing(self):
        lab = await self.tls_lab(shards=1)
        ue = lab.ue(0)
        await ue.register()
        shutil.copy(f"{lab.folder}/stranger.pem", f"{lab.folder}/ca.pem")
        lab.proxy.process.send_signal(signal.SIGHUP)

        async def reloaded():
            return "reloaded certificates" in lab.proxy.said()
        await until(reloaded)
        self.assertStatus(await ue.register(), 200)  # the link still stands
        await lab.core.control("hang_up")

        await self.no_link(lab)
        self.assertStatus(await ue.register_once(), 504)
        self.assertGreater((await lab.proxy.metrics()).sum(
            "sallyport_tls_core_untrusted_total",
            reason="unknown_authority"), 0)


class Verifying(CoreTls):

    async def test_whoever_is_not_proven_gets_nothing(self):
        right = "IP:127.0.0.1"
        for reason, make in (
                ("unknown_authority",
                 lambda t: t.stranger.issue("made", right)),
                ("wrong_name", lambda t: t.authority.issue(
                    "made", "DNS:core.test", common_name="127.0.0.1")),
                ("wrong_name", lambda t: t.authority.issue(
                    "made", "", common_name="127.0.0.1")),
                ("expired", lambda t: t.authority.issue(
                    "made", right, days=-1)),
                ("wrong_purpose", lambda t: t.authority.issue(
                    "made", right, use="clientAuth"))):
            with self.subTest(reason):
                lab = await self.tls_lab(make, core_certificate="made")
                await self.refused(lab, reason=reason)
                self.assertEqual(await lab.seen(), [])
                said = self.complaints(lab)
                self.assertIn(f"name=127.0.0.1 reason=untrusted "
                              f"detail={reason}", said[-1])

    async def test_a_reason_is_logged_once_for_each_peer(self):
        lab = await self.tls_lab(
            lambda t: t.stranger.issue("made", "IP:127.0.0.1"),
            core_certificate="made", shards=1)
        for number in range(3):
            ue = lab.ue(number)
            await ue.connect()
            self.assertStatus(await ue.register_once(), 504)

        self.assertEqual(len(self.complaints(lab)), 1, lab.proxy.said())

    # Conformance: REG-30
    async def test_the_next_entry_point_serves(self):
        lab = await self.tls_lab(core_listen=TWO)
        first, second = lab.core_addresses
        await lab.proxy.stop()
        # The host is named twice, and the first name is not proven.
        await lab.start_proxy(
            dns_servers=await self.names(
                {"other.test": [a("127.0.0.1")]}),
            home_core=f"sip:other.test:{first.split(':')[1]};transport=tls,"
                      f"sip:{second};transport=tls")

        async def resolved():
            return (await lab.proxy.metrics()).sum(
                "sallyport_core_events_total", event="names_found") > 0
        await until(resolved)
        self.assertStatus(await lab.ue(0).register(), 200)

        self.assertEqual({m["at"] for m in await lab.seen(
            method="REGISTER", status=0)}, {second})
        self.assertIn("name=other.test reason=untrusted detail=wrong_name",
                      lab.proxy.said())

    async def names(self, records, ttl=60):
        dns = await DnsServer(records, ttl).start()
        self.addCleanup(dns.stop)
        return dns.address

    async def named(self, home, records, **flags):
        """A proxy that finds its core by `records` of the core's port."""
        lab = await self.tls_lab()
        await lab.proxy.stop()
        port = int(lab.core_addresses[0].split(":")[1])
        await lab.start_proxy(
            home_core=home.format(port=port),
            dns_servers=await self.names(records(port)), **flags)
        return lab

    # The name of the question counts, not that of the SRV record.
    async def test_dns_may_name_tls_and_the_domain_is_verified(self):
        def records(port):
            return {
                "ims.test": [naptr(1, "SIPS+D2T", "_sips._tcp.ims.test"),
                             naptr(2, "SIP+D2T", "_sip._tcp.ims.test")],
                "_sips._tcp.ims.test": [srv(1, 1, port, "host.other.test")],
                "host.other.test": [a("127.0.0.1")]}
        lab = await self.named("", records, home_domains="ims.test")

        self.assertStatus(await lab.ue(0).register(), 200)

        request = (await self.core_saw(lab))[0]
        self.assertTrue(request.all("via")[0].startswith("SIP/2.0/TLS "))

    async def test_srv_of_sips_is_asked_for_when_tls_is_wanted(self):
        def records(port):
            return {
                "_sips._tcp.core.test": [srv(1, 1, port, "host.other.test")],
                "host.other.test": [a("127.0.0.1")]}
        for home in ("sip:core.test;transport=tls", "sips:core.test"):
            with self.subTest(home):
                lab = await self.named(home, records)
                self.assertStatus(await lab.ue(0).register(), 200)

    async def test_the_name_of_the_srv_record_proves_nothing(self):
        def records(port):
            return {
                "_sips._tcp.other.test": [srv(1, 1, port, "core.test")],
                "core.test": [a("127.0.0.1")]}
        lab = await self.named("sips:other.test", records)

        await self.refused(lab, reason="wrong_name")


class OurCertificate(CoreTls):

    async def test_a_core_that_asks_for_it_gets_it(self):
        lab = await self.tls_lab(
            lambda t: t.authority.issue("edge", "DNS:edge.ims.test"),
            core_flags=("--tls_demand_certificate",),
            core_tls_certificate="FOLDER/edge.pem",
            core_tls_private_key="FOLDER/edge.key")

        self.assertStatus(await lab.ue(0).register(), 200)

    async def test_a_core_that_asks_in_vain_says_so(self):
        lab = await self.tls_lab(core_flags=("--tls_demand_certificate",))

        ue = lab.ue(0)
        await ue.connect()
        self.assertStatus(await ue.register_once(), 504)

        self.assertEqual(await lab.seen(), [])
        # What we had sent may make the system reset the connection, so that
        # the alert is lost.
        self.assertRegex(
            " ".join(self.complaints(lab)),
            "reason=(peer_alert detail=certificate_required|"
            "closed detail=before_it_spoke)")


class Stalling(CoreTls):
    """The first entry point is a server that spoils the handshake."""

    async def serve(self, spoil):
        server = await asyncio.start_server(spoil, "127.0.0.1", 0)
        self.addCleanup(server.close)
        return show(server.sockets[0].getsockname()[:2])

    async def passed_over(self, spoil, **flags):
        lab = await self.tls_lab()
        await lab.proxy.stop()
        bad = await self.serve(spoil)
        await lab.start_proxy(
            home_core=f"sip:{bad};transport=tls,"
                      f"sip:{lab.core_addresses[0]};transport=tls", **flags)
        async with asyncio.timeout(5):
            self.assertStatus(await lab.ue(0).register(), 200)
        return lab

    # Conformance: REG-30
    async def test_a_close_in_the_handshake_moves_on(self):
        async def close(reader, writer):
            await reader.read(100)
            writer.close()
        lab = await self.passed_over(close)

        self.assertIn("reason=closed detail=in_handshake",
                      lab.proxy.said())

    # Conformance: REG-30
    async def test_a_handshake_that_never_ends_does(self):
        async def wait(reader, writer):
            while await reader.read(4096):
                pass
            writer.close()
        lab = await self.passed_over(wait, core_connect_timeout="300ms")

        self.assertIn("reason=handshake_timeout", lab.proxy.said())

    # Conformance: REG-30
    async def test_what_is_no_tls_moves_on(self):
        async def answer(reader, writer):
            await reader.read(4096)
            writer.write(b"SIP/2.0 400 What\r\nContent-Length: 0\r\n\r\n")
        lab = await self.passed_over(answer)

        self.assertIn("reason=not_tls", lab.proxy.said())


class Listening(CoreTls):

    async def listening(self, **options):
        return await self.tls_lab(core_tls_listen="127.0.0.1:0", **options)

    async def test_path_leads_the_core_to_the_listener(self):
        lab = await self.listening()
        one, two = lab.ue(0), lab.ue(1)
        await one.register()
        await two.register()
        port = lab.proxy.address("core_tls")[1]

        self.assertStatus(await one.message(two.impu, body="hello"), 200)

        for request in await self.core_saw(lab):
            self.assertTrue(uri_of(request.get("path")).endswith(
                f"@edge.ims.test:{port};transport=tls;lr"), request.get("path"))
        metrics = await lab.proxy.metrics()
        self.assertEqual(metrics.sum(
            "sallyport_net_connections_accepted_total",
            listener="core_tls"), 1)
        self.assertEqual(metrics.sum("sallyport_tls_core_handshakes_total",
                                     direction="in"), 1)
        came, = await lab.seen("out", method="MESSAGE", status=0)
        self.assertTrue(came["peer"].endswith(f":{port}"))

    async def test_all_shards_hand_over_and_answer(self):
        lab = await self.listening(
            people=8, shards=2, core_flags=("--edge_connections=4",))
        phones = [lab.ue(n) for n in range(8)]
        for ue in phones:
            await ue.register()

        for ue, other in zip(phones, phones[1:]):
            self.assertStatus(await ue.message(other.impu), 200)

    async def test_who_does_not_prove_himself_is_not_heard(self):
        lab = await self.listening()
        self.stranger.issue("thief", "IP:127.0.0.1")
        host, port = lab.proxy.address("core_tls")
        for reason, extra in (
                ("no_certificate", ()),
                ("unknown_authority", ("-cert", f"{lab.folder}/thief.pem",
                                       "-key", f"{lab.folder}/thief.key"))):
            with self.subTest(reason):
                process = await asyncio.create_subprocess_exec(
                    "openssl", "s_client", "-connect", f"{host}:{port}",
                    "-tls1_2", *extra, stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL)
                async with asyncio.timeout(10):
                    self.assertNotEqual(await process.wait(), 0)
                metrics = await lab.proxy.metrics()
                self.assertEqual(metrics.sum(
                    "sallyport_tls_core_untrusted_total", direction="in",
                    reason=reason), 1)

    async def test_a_certificate_is_not_enough_the_address_counts(self):
        lab = await self.listening()
        ask = Message.request("OPTIONS", "sip:edge.ims.test")
        for name, value in (
                ("via", "SIP/2.0/TLS 127.0.0.1;branch=z9hG4bKtls"),
                ("max-forwards", "9"), ("from", "<sip:a@ims.test>;tag=1"),
                ("to", "<sip:edge.ims.test>"), ("call-id", "tls"),
                ("cseq", "1 OPTIONS"), ("content-length", "0")):
            ask.add(name, value)
        context = ssl.create_default_context(cafile=f"{lab.folder}/ca.pem")
        context.load_cert_chain(f"{lab.folder}/core.pem",
                                f"{lab.folder}/core.key")
        reader, writer = await asyncio.open_connection(
            *lab.proxy.address("core_tls"), ssl=context)
        writer.write(ask.to_bytes())
        async with asyncio.timeout(5):
            self.assertIn(b"200 OK", await reader.readline())
        writer.close()
        with self.assertRaises(OSError):
            await asyncio.open_connection(
                *lab.proxy.address("core_tls"), ssl=context,
                local_addr=("127.0.0.3", 0))
        self.assertEqual((await lab.proxy.metrics()).sum(
            "sallyport_net_connections_closed_total",
            reason="foreign_peer"), 1)


if __name__ == "__main__":
    unittest.main()
