"""What the proxy prints and shows holds no secret (9.5 of the reference)."""

import asyncio
import base64
import re
import signal
import unittest
from unittest import mock

from lab.lab import until
from sip import digest
from system.system_test import SystemTest
from ue.flow import TlsFlow

# Parameters of credentials and challenges that are secret, or open a digest to
# guessing.
PARAMETERS = re.compile(
    r'\b(?:response|nonce|cnonce|nextnonce|rspauth)="([^"]+)"')
SESSION_TICKET, PRE_SHARED_KEY = 35, 41


class ClientHellos:
    """The tickets in what TLS clients send: in either version they are in
    clear there."""

    def __init__(self):
        self.tickets = set()

    def take(self, data):
        # One record with one whole ClientHello.
        if data[:1] != b"\x16" or data[5:6] != b"\x01":
            return
        at = 9 + 2 + 32
        at += 1 + data[at]  # session id
        at += 2 + int.from_bytes(data[at:at + 2])  # suites
        at += 1 + data[at] + 2  # compression; size of all extensions
        while at + 4 <= len(data):
            kind = int.from_bytes(data[at:at + 2])
            size = int.from_bytes(data[at + 2:at + 4])
            value = data[at + 4:at + 4 + size]
            at += 4 + size
            if kind == SESSION_TICKET and value:
                self.tickets.add(value)
            if kind == PRE_SHARED_KEY:
                self.tickets.add(value[4:4 + int.from_bytes(value[2:4])])


def shows(text, secret):
    """Some part of the secret stands in the text: as it is, or in hexadecimal
    digits or base64."""
    if isinstance(secret, str):
        return secret in text
    plain = secret.hex()
    if any(run in plain for run in re.findall("[0-9a-f]{16,}", text.lower())):
        return True
    shifted = [base64.b64encode(secret[i:]).decode().rstrip("=")
               for i in range(3)]
    return any(run.replace("-", "+").replace("_", "/") in one
               for run in re.findall("[A-Za-z0-9+/_-]{16,}", text)
               for one in shifted)


class Secrets(SystemTest):

    def watch(self):
        """Records the tickets that phones offer from now on."""
        hellos = ClientHellos()

        def flush(flow):
            if data := flow.outgoing.read():
                hellos.take(data)
                flow.transport.write(data)
        patch = mock.patch.object(TlsFlow, "flush", flush)
        patch.start()
        self.addCleanup(patch.stop)
        return hellos

    def phone(self, lab, number, texts, **more):
        ue = lab.ue(number, **more)
        ue.trace = lambda _, message: texts.append(
            message.to_bytes().decode("latin-1"))
        return ue

    async def register_and_resume(self, lab, texts):
        for number, version in ((0, "1.2"), (1, "1.3")):
            ue = self.phone(lab, number, texts, version=version)
            self.assertStatus(await ue.register_sec_agree(), 200)
            self.assertStatus(await ue.refresh(how="answer"), 200)

            async def ticket(ue=ue):
                return ue.flow.session
            await until(ticket)
            await ue.reconnect()
            self.assertTrue(ue.flow.resumed)
            self.assertStatus(await ue.register_once("blank"), 200)
            self.assertStatus(await ue.options(ue.impu), 200)

    async def go_wrong(self, lab, texts):
        """A wrong password, a foreign identity, credentials that are broken."""
        ue = self.phone(lab, 2, texts)
        ue.answerer = digest.Answerer(ue.impi, "a-wrong-password")
        await ue.register()
        ue = self.phone(lab, 3, texts)
        await ue.connect()
        self.assertStatus(await ue.register_once("blank"), 401)
        good = ue.answerer.answer("REGISTER", f"sip:{ue.domain}")
        for value in (good + ', response="0123456789abcdef"', good + ', "x'):
            self.assertStatus(await ue.register_once(value), 400)
        ue.raw(b"REGISTER sip:ims.test SIP/2.0\r\nAuthorization: "
               + good.encode() + b"\r\nContent-Length: 0\r\n\r\n")
        self.assertStatus(await ue.register_once("blank"), 401)
        ue.raw(b"\x00" + good.encode())
        async with asyncio.timeout(10):
            await ue.flow.ended

    async def pages(self, lab):
        """All that the admin endpoint shows."""
        paths = ["/", "/metrics", "/healthz", "/readyz", "/associations"]
        paths += [f"/associations?impi={s.impi}" for s in lab.subscribers]
        return "".join([(await lab.proxy.get(path))[1] for path in paths])

    # Conformance: TRUST-07
    async def test_nothing_that_is_printed_or_shown_is_secret(self):
        # There is one level of verbosity: everything.
        for shown in ("true", "false"):
            with self.subTest(admin_show_identities=shown):
                hellos, texts = self.watch(), []
                keys = f"{self.folder()}/tickets"
                lab = await self.lab(admin_show_identities=shown,
                                     ticket_key_file=keys)
                await self.register_and_resume(lab, texts)
                page = await self.pages(lab)
                await self.go_wrong(lab, texts)
                lab.proxy.signal(signal.SIGHUP)

                async def reloaded():
                    return "reloaded" in lab.proxy.said()
                await until(reloaded)
                page += await self.pages(lab)
                await lab.proxy.stop()
                text = page + await lab.proxy.printed()

                values = set(PARAMETERS.findall("".join(texts)))
                self.assertGreaterEqual(len(values), 10)
                self.assertGreaterEqual(len(hellos.tickets), 2)
                with open(keys, encoding="ascii") as file:
                    key_secrets = file.read().split()[1::3]
                self.assertTrue(key_secrets)
                secrets = values | hellos.tickets | set(map(
                    bytes.fromhex, key_secrets))
                secrets |= {s.password for s in lab.subscribers}
                secrets.add("a-wrong-password")
                for secret in secrets:
                    self.assertFalse(shows(text, secret), secret)
                # A TLS session identity, which nobody outside knows, has 32
                # octets.
                self.assertNotRegex(text, r"[0-9A-Fa-f]{32}")
                self.assertIn("ready ", text)
                self.assertIn("reloaded", text)

    def test_a_secret_would_be_seen(self):
        secret = bytes(range(40))
        self.assertTrue(shows("response=abc", "abc"))
        self.assertTrue(shows(f"ticket={secret[8:24].hex().upper()}", secret))
        self.assertTrue(shows(base64.b64encode(secret[4:30]).decode(), secret))
        self.assertTrue(shows(
            base64.urlsafe_b64encode(secret).decode().rstrip("="), secret))
        self.assertFalse(shows("ticket_key_rotated", secret))


if __name__ == "__main__":
    unittest.main()
