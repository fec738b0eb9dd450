"""Starting and ending: flags, the ready line, refusals, draining."""

import asyncio
import re
import signal
import socket
import unittest

from lab.lab import Proxy, until
from lab.process import Program
from system.system_test import BINARY, SystemTest


class Refusals(SystemTest):

    async def refused(self, folder, *words, **flags):
        """The start fails with status 2 and a message with these words."""
        settings = {"home_core": "sip:127.0.0.1:1;transport=tcp"} | flags
        proxy = Proxy(BINARY, folder, **settings)
        await proxy.launch()
        try:
            self.assertEqual(await proxy.wait(10), 2, proxy.said())
        finally:
            await proxy.kill()
        for word in words:
            self.assertIn(word, proxy.said())

    async def test_a_wrong_flag_is_named(self):
        folder = self.folder()
        for flags, words in (
                ({"no_such_flag": 1}, ["no_such_flag"]),
                ({"shards": "many"}, ["shards"]),
                ({"shards": -1}, ["shards"]),
                ({"tls_listen": "127.0.0.1"}, ["tls_listen", "127.0.0.1"]),
                ({"tls_listen": "nowhere:1"}, ["tls_listen", "nowhere:1"]),
                ({"tls_listen": "127.0.0.1:0;access=4g"},
                 ["tls_listen", "access=4g"]),
                ({"core_listen": "127.0.0.1:0;access=3gpp"}, ["core_listen"]),
                ({"core_listen": "127.0.0.1:99999"}, ["core_listen"]),
                ({"home_core": "http://here"}, ["home_core", "http://here"]),
                ({"home_core": "sip:here;transport=dtls"},
                 ["home_core", "dtls"]),
                ({"core_tls_listen": "127.0.0.1:0"},
                 ["core_tls_ca", "core_tls_listen"]),
                ({"core_tls_listen": "here", "core_tls_ca": "x"},
                 ["core_tls_listen", "here"]),
                ({"core_tls_certificate": "x"}, ["core_tls_private_key"]),
                ({"core_tls_private_key": "x"}, ["core_tls_certificate"]),
                ({"integrity_profile": "odd"}, ["integrity_profile", "odd"]),
                ({"connections_max": 1}, ["connections_max", "1"]),
                ({"head_bytes_max": 16385}, ["head_bytes_max", "16384"]),
                ({"body_bytes_max": 49153}, ["body_bytes_max", "49152"]),
                ({"header_fields_max": 129}, ["header_fields_max", "128"]),
                ({"header_value_bytes_max": 8193},
                 ["header_value_bytes_max", "8192"]),
                ({"via_values_max": 0}, ["via_values_max", "70"]),
                ({"route_values_max": 33}, ["route_values_max", "32"]),
                ({"register_contacts_max": 11},
                 ["register_contacts_max", "10"]),
                ({"request_uri_bytes_max": 63},
                 ["request_uri_bytes_max", "1024"]),
                ({"handshake_timeout": "0s"}, ["handshake_timeout"]),
                ({"outbound": "on"}, ["outbound", "off"]),
                ({"annex_n_plain_digest": "on"}, ["annex_n_plain_digest"]),
                ({"unmatched_cancel": "forward"}, ["unmatched_cancel", "481"]),
                ({"emergency_in_clear": "on"}, ["emergency_in_clear", "off"]),
                ({"impi_mismatch_action": "404"}, ["impi_mismatch_action"]),
                ({"core_registers_max": 3}, ["core_registers_max", "4"]),
                ({"associations_per_impi_max": 0},
                 ["associations_per_impi_max", "1000"]),
                ({"news_interval": "2h"}, ["news_interval", "1h"]),
                ({"domain": "a b"}, ["domain", "a b"])):
            with self.subTest(flags):
                await self.refused(folder, *words, **flags)

    async def test_a_missing_or_wrong_file_is_named(self):
        folder = self.folder()
        with open(f"{folder}/odd.pem", "w", encoding="utf-8") as file:
            file.write("nothing\n")
        with open(f"{folder}/tickets", "w", encoding="utf-8") as file:
            file.write("nothing\n")
        for flags, words in (
                ({"tls_certificate": f"{folder}/none.pem"},
                 ["tls_certificate", "none.pem", "No such file"]),
                ({"tls_private_key": f"{folder}/none.key"},
                 ["tls_private_key", "none.key", "No such file"]),
                ({"tls_certificate": f"{folder}/odd.pem"},
                 ["tls_certificate", "odd.pem"]),
                ({"tls_private_key": f"{folder}/rsa.key"},
                 ["tls_private_key", "rsa.key"]),
                ({"tls_private_key": f"{folder}/a,{folder}/b"},
                 ["tls_private_key"]),
                ({"core_tls_ca": f"{folder}/none.pem"},
                 ["core_tls_ca", "none.pem", "No such file"]),
                ({"core_tls_ca": f"{folder}/odd.pem"},
                 ["core_tls_ca", "odd.pem", "no certificate"]),
                ({"core_tls_certificate": f"{folder}/server.pem",
                  "core_tls_private_key": f"{folder}/rsa.key"},
                 ["core_tls_private_key", "rsa.key", "does not match"]),
                ({"core_tls_certificate": f"{folder}/none.pem",
                  "core_tls_private_key": f"{folder}/rsa.key"},
                 ["core_tls_certificate", "none.pem", "No such file"]),
                ({"ticket_key_file": f"{folder}/tickets"},
                 ["ticket_key_file", "tickets"])):
            with self.subTest(flags):
                await self.refused(folder, *words, **flags)

    async def test_a_port_in_use_is_named(self):
        folder = self.folder()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            for flag in ("tls_listen", "sip_listen", "core_listen",
                         "admin_listen"):
                with self.subTest(flag):
                    await self.refused(folder, flag, address, "in use",
                                       **{flag: address})

    async def test_a_second_proxy_does_not_share_the_ports(self):
        lab = await self.lab()
        for flag in ("tls", "sip", "core", "admin"):
            with self.subTest(flag):
                await self.refused(
                    lab.folder, f"{flag}_listen", "in use",
                    **{f"{flag}_listen": lab.proxy.ready[flag]})


class Serving(SystemTest):

    async def test_help_explains_and_succeeds(self):
        program = Program("help", [BINARY, "--help"], self.folder())
        await program.launch()
        said = (await program.process.stdout.read()).decode()

        self.assertEqual(await program.wait(), 0)
        for flag in ("tls_listen", "sip_listen", "core_listen", "home_core",
                     "domain", "visited_network_id", "tls_certificate",
                     "tls_private_key", "tls_required", "shards",
                     "admin_listen"):
            self.assertIn(f"--{flag}", said)

    async def test_every_policy_and_every_timer_is_a_flag(self):
        program = Program("help", [BINARY, "--help"], self.folder())
        await program.launch()
        said = (await program.process.stdout.read()).decode()
        await program.wait()

        defaults = dict(re.findall(
            r"--(\w+) \((?:(?! --\w+ \().)*?\); default: ([^;]*);",
            " ".join(said.split())))
        for flag, value in (
                # 0.4 of the reference
                ("tls_required", "true"), ("clear_action", '"discard"'),
                ("clear_register_without_tls_offer", '"421"'),
                ("integrity_profile", '"published"'),
                ("secagree_verify", '"strict"'),
                ("resumption_policy", '"rebind"'),
                ("rebind_ip_change", "false"),
                ("impi_mismatch_action", '"403"'),
                ("service_route_mismatch", '"replace"'),
                ("flow_lost_code", "480"), ("outbound", '"off"'),
                ("reg_event", '"on"'), ("assoc_without_digest", "false"),
                ("annex_n_plain_digest", '"off"'),
                ("close_on_auth_failure", "true"),
                ("unregistered_tls_action", '"discard"'),
                ("unmatched_cancel", '"481"'),
                ("emergency_in_clear", '"off"'),
                ("strip_pai_to_ue", '"on-privacy-id"'), ("lenient", "false"),
                # 5.9, and the times of 2.5 and 5.4
                ("handshake_timeout", "10s"), ("unregistered_timeout", "32s"),
                ("challenge_timeout", "4m"), ("registration_grace", "30s"),
                ("suspend_max", "168h"), ("ticket_lifetime", "24h"),
                ("timer_f_ue", "2m8s"), ("timer_f_core", "32s"),
                ("deregistered_linger", "5s"), ("message_timeout", "10s")):
            with self.subTest(flag):
                self.assertEqual(defaults.get(flag), value)

    async def test_what_weakens_it_is_said(self):
        weak = {"integrity_profile": "seed", "secagree_verify": "off",
                "assoc_without_digest": "true", "tls_required": "false"}
        for flag, value in weak.items():
            with self.subTest(flag):
                lab = await self.lab(**{flag: value})

                self.assertRegex(lab.proxy.said(), rf"(?m)^W.*\b{flag}=")
        lab = await self.lab()
        self.assertNotRegex(lab.proxy.said(), "|".join(weak))

    async def test_the_ready_line_names_real_ports(self):
        lab = await self.lab()

        self.assertRegex(
            lab.proxy.ready_line,
            r"^ready tls=127\.0\.0\.1:\d+ sip=127\.0\.0\.1:\d+ "
            r"core=127\.0\.0\.1:\d+ admin=127\.0\.0\.1:\d+ shards=2$")
        ports = {lab.proxy.address(n)[1] for n in ("tls", "sip", "core",
                                                   "admin")}
        self.assertEqual(len(ports), 4)
        self.assertNotIn(0, ports)
        for path in ("/readyz", "/", "/metrics"):
            self.assertEqual((await lab.proxy.get(path))[0], 200, path)

        async def healthy():
            return (await lab.proxy.get("/healthz"))[0] == 200
        await until(healthy)

    async def test_identities_are_hidden_unless_asked_for(self):
        lab = await self.lab(admin_show_identities="false")
        ue = lab.ue(0)
        await ue.register()

        _, page = await lab.proxy.get("/associations?impi=" + ue.impi)

        self.assertIn("active", page)
        self.assertNotIn(ue.impi, page)
        self.assertNotIn(ue.impu, page)
        self.assertNotIn(ue.user, lab.proxy.said())

    async def test_several_listeners_serve(self):
        lab = await self.lab(tls_listen="127.0.0.1:0,[::1]:0")
        addresses = lab.proxy.ready["tls"].split(",")
        self.assertEqual(len(addresses), 2)

        for number, address in enumerate(addresses):
            ue = lab.ue(number)
            host, _, port = address.rpartition(":")
            ue.edge = type(ue.edge)((host.strip("[]"), int(port)))
            self.assertStatus(await ue.register(), 200)

    async def test_without_a_certificate_it_makes_one(self):
        folder = self.folder()
        lab = await self.lab(tls_certificate=None, tls_private_key=None,
                             state_directory=folder)

        ue = lab.ue(0, ca="../" + folder.rpartition("/")[2] +
                    "/edge.ims.test.crt")

        self.assertStatus(await ue.register(), 200)


class Ending(SystemTest):

    async def test_sigterm_and_sigint_end_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                lab = await self.lab()
                await lab.ue(0).register()

                lab.proxy.signal(number)

                self.assertEqual(await lab.proxy.wait(10), 0)

    async def test_what_is_under_way_is_finished_first(self):
        lab = await self.lab()
        ue, other = lab.ue(0), lab.ue(1)
        await ue.register()
        await other.register()
        await lab.core.control("fault", kind="delay", delay_s=0.7,
                               method="REGISTER")
        asked = asyncio.ensure_future(ue.register_once("blank"))

        async def at_the_core():
            return len(await lab.seen(method="REGISTER", status=0)) == 5
        await until(at_the_core)
        lab.proxy.signal(signal.SIGTERM)

        self.assertStatus(await asked, 200)
        self.assertEqual(await lab.proxy.wait(10), 0)
        self.assertFalse(other.flow.open)


if __name__ == "__main__":
    unittest.main()
