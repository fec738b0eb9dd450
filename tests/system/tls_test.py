"""TLS as clients see it: versions, certificates, tickets, life times."""

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import unittest
import warnings

from lab.lab import until
from system.system_test import SystemTest
from ue import flow as flows

CERTIFICATE_REQUEST = 13


class Handshakes(SystemTest):

    async def connect(self, lab, change=lambda context: None, version=""):
        """A TLS connection with a context of one's own."""
        options = flows.TlsOptions(f"{lab.folder}/ca.pem", "localhost",
                                   version)
        context = options.context()
        change(context)
        return await flows.connect_tls(
            lab.proxy.address("tls"), lambda *_: None, context, "localhost")

    # Conformance: TLS-01, TLS-02, TLS-03
    async def test_both_versions_work_and_ask_no_client_certificate(self):
        lab = await self.lab()
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                kinds = []

                def watch(context):
                    # The one way in Python to see the handshake's messages.
                    context._msg_callback = (
                        lambda conn, direction, version, content, kind, data:
                        kinds.append(int(kind)))
                flow = await self.connect(lab, watch, version)

                self.assertEqual(flow.version, f"TLSv{version}")
                self.assertNotIn(CERTIFICATE_REQUEST, kinds)
                self.assertIn(11, kinds)  # the server's certificate
                flow.close()

    # Conformance: TLS-03
    async def test_old_versions_are_refused(self):
        lab = await self.lab()
        warnings.simplefilter("ignore", DeprecationWarning)
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            def change(context):
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = version
                context.maximum_version = version
            with self.subTest(version), self.assertRaises(
                    (ssl.SSLError, ConnectionError)):
                await self.connect(lab, change)

    # Conformance: TLS-04
    async def test_suites_without_aead_or_forward_secrecy_are_refused(self):
        lab = await self.lab()
        for suite in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256",
                      "AES128-GCM-SHA256", "NULL-SHA256"):
            with self.subTest(suite), self.assertRaises(
                    (ssl.SSLError, ConnectionError)):
                await self.connect(lab, lambda context: context.set_ciphers(
                    f"{suite}:@SECLEVEL=0"), "1.2")
        flow = await self.connect(lab, lambda context: context.set_ciphers(
            "ECDHE-ECDSA-AES128-GCM-SHA256"), "1.2")
        flow.close()

    async def test_each_client_gets_the_certificate_that_it_can_check(self):
        lab = await self.lab(
            tls_certificate=None, tls_private_key=None, flagfile=self.flags(
                "--tls_certificate={0}/server.pem,{0}/rsa.pem",
                "--tls_private_key={0}/server.key,{0}/rsa.key"))
        found = set()
        for suite in ("ECDHE-ECDSA-AES128-GCM-SHA256",
                      "ECDHE-RSA-AES128-GCM-SHA256"):
            flow = await self.connect(
                lab, lambda context: context.set_ciphers(suite), "1.2")
            found.add(flow.tls.getpeercert(binary_form=True))
            flow.close()
        self.assertEqual(len(found), 2)

    def flags(self, *lines):
        folder = self.folder()
        with open(f"{folder}/flags", "w", encoding="utf-8") as file:
            file.write("\n".join(lines).format(folder) + "\n")
        return f"{folder}/flags"

    # Conformance: TLS-11
    async def test_renegotiation_by_the_client_ends_the_connection(self):
        lab = await self.lab()
        host, port = lab.proxy.address("tls")
        client = await asyncio.create_subprocess_exec(
            "openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2",
            "-CAfile", f"{lab.folder}/ca.pem", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        try:
            async with asyncio.timeout(10):
                said = await client.stdout.readuntil(b"---\nSSL handshake")
                client.stdin.write(b"R\n")
                # Its input stays open: only the proxy can end this.
                said += await client.stdout.read()
        finally:
            if client.returncode is None:
                client.kill()
            await client.wait()
        self.assertIn(b"RENEGOTIATING", said)

    # Conformance: TLS-13
    async def test_a_stranger_must_register_in_time(self):
        lab = await self.lab(unregistered_timeout="300ms")
        flow = await self.connect(lab)

        async with asyncio.timeout(10):
            self.assertEqual(await flow.ended, "close_notify")

    # Conformance: TLS-14
    async def test_plain_sip_on_the_tls_port_is_closed(self):
        lab = await self.lab()
        reader, writer = await asyncio.open_connection(
            *lab.proxy.address("tls"))
        writer.write(b"OPTIONS sip:ims.test SIP/2.0\r\n\r\n")

        async with asyncio.timeout(10):
            try:
                said = await reader.read()
            except ConnectionError:
                said = b""
        writer.close()
        self.assertNotIn(b"SIP", said)

    # Conformance: PROXY-23
    async def test_a_ping_is_answered_by_a_pong(self):
        lab = await self.lab()
        ue = lab.ue(0)
        await ue.register()

        ue.raw(b"\r\n\r\n")

        await ue.flow.wait_line_ends(1)
        self.assertStatus(await ue.register_once("blank"), 200)
        self.assertEqual(ue.flow.framer.line_ends, 1)


class Tickets(SystemTest):

    # Conformance: TLS-15
    async def test_tickets_outlive_a_restart_with_the_same_keys(self):
        folder = self.folder()
        keys = f"{folder}/tickets"
        lab = await self.lab(ticket_key_file=keys)
        self.assertEqual(os.stat(keys).st_mode & 0o077, 0)
        for number, version in enumerate(("1.2", "1.3")):
            with self.subTest(version):
                ue = lab.ue(number, version)
                await ue.register()
                ue.drop()
                self.assertEqual(await lab.proxy.stop(), 0)
                await lab.start_proxy()
                ue.edge = lab.proxy.edge

                await ue.connect(resume=True)

                self.assertTrue(ue.flow.resumed)
                self.assertStatus(await ue.register_once("blank"), 401)
                self.assertStatus(await ue.register_once("answer"), 200)
                self.assertEqual((await self.marks(lab, ue))[-2:],
                                 [None, "tls-pending"])

    # Conformance: TLS-09
    async def test_a_foreign_ticket_means_a_full_handshake(self):
        lab = await self.lab()
        for number, version in enumerate(("1.2", "1.3")):
            with self.subTest(version):
                ue = lab.ue(number, version)
                await ue.register()
                ue.drop()
                await lab.proxy.stop()
                await lab.start_proxy()
                ue.edge = lab.proxy.edge

                await ue.connect(resume=True)

                self.assertFalse(ue.flow.resumed)
                self.assertStatus(await ue.register(), 200)

    # Conformance: TLS-16
    async def test_a_ticket_lives_at_least_an_hour(self):
        lab = await self.lab()
        for version in ("1.2", "1.3"):
            ue = lab.ue(0, version)
            await ue.register()
            self.assertTrue(ue.flow.session.has_ticket)
            self.assertGreaterEqual(ue.flow.session.ticket_lifetime_hint,
                                    3600)


def not_after(certificate):
    """Seconds since the epoch."""
    said = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-in", certificate],
        check=True, capture_output=True, text=True).stdout
    return ssl.cert_time_to_seconds(said.strip().partition("=")[2])


class Reloading(SystemTest):

    async def test_sighup_reloads_the_certificate_and_drops_nobody(self):
        lab = await self.lab()
        old = lab.ue(0)
        await old.register()
        before = old.flow.tls.getpeercert(binary_form=True)
        shutil.copy(f"{lab.folder}/rsa.pem", f"{lab.folder}/server.pem")
        shutil.copy(f"{lab.folder}/rsa.key", f"{lab.folder}/server.key")

        lab.proxy.signal(signal.SIGHUP)

        async def renewed():
            ue = lab.ue(1)
            await ue.connect()
            now = ue.flow.tls.getpeercert(binary_form=True)
            ue.close()
            return now != before
        await until(renewed)
        ends = (await lab.proxy.metrics()).sum(
            "sallyport_tls_certificate_expires_seconds", shown_to="phones")
        self.assertEqual(ends, not_after(f"{lab.folder}/rsa.pem"))
        self.assertTrue(old.flow.open)
        self.assertStatus(await old.register_once("blank"), 200)
        await old.reconnect()
        self.assertTrue(old.flow.resumed)
        self.assertStatus(await old.register_once("blank"), 200)

    async def test_a_broken_new_certificate_keeps_the_old_one(self):
        lab = await self.lab()
        with open(f"{lab.folder}/server.pem", "w", encoding="utf-8") as file:
            file.write("not a certificate\n")

        lab.proxy.signal(signal.SIGHUP)

        async def complained():
            return "server.pem" in lab.proxy.said()
        await until(complained)
        self.assertStatus(await lab.ue(0).register(), 200)


if __name__ == "__main__":
    unittest.main()
