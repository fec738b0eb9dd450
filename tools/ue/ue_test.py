"""The phone and the home core with a toy edge between them."""

import asyncio
import os
import subprocess
import tempfile
import time
import unittest

from home_core import subscribers
from home_core.client import Client, ControlError
from home_core.control import Control
from home_core.registrar import Policy, Registrar
from home_core.server import HomeCore
from ue.flow import TlsOptions
from ue.mini_edge import MiniEdge
from ue.ue import Edge, Ue

CERTIFICATES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "..", "certificates")


class Network(unittest.IsolatedAsyncioTestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([CERTIFICATES, cls.folder.name], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    async def asyncSetUp(self):
        everybody = subscribers.Subscribers(
            subscribers.generated(3, "ims.test"))
        self.core = HomeCore(Registrar(everybody, Policy()))
        await self.core.start(("127.0.0.1", 0))
        self.control_server = Control(self.core)
        self.control = await Client.connect(
            *await self.control_server.listen("127.0.0.1", 0))
        self.mini = MiniEdge(f"{self.folder.name}/server.pem",
                             f"{self.folder.name}/server.key")
        self.edge = Edge(*await self.mini.start(self.core.wire.address))
        self.ues = []

    async def asyncTearDown(self):
        for ue in self.ues:
            ue.close()
        await self.control.close()
        self.mini.close()
        self.control_server.close()
        self.core.close()

    def ue(self, number, version=""):
        s = list(self.core.registrar.subscribers)[number]
        ue = Ue(s.impi, s.password, s.sets[0][0], self.edge, TlsOptions(
            f"{self.folder.name}/ca.pem", "localhost", version))
        self.ues.append(ue)
        return ue

    async def test_tls_first_registration_is_challenged_and_succeeds(self):
        ue = self.ue(0)

        response = await ue.register()

        self.assertEqual(response.status, 200)
        self.assertTrue(ue.answerer.trusts(
            response.get("authentication-info")))
        self.assertEqual(ue.granted_s, 3600)
        self.assertEqual(ue.associated, ["sip:user000000@ims.test",
                                         "tel:+15550000000"])
        seen = await self.control("seen", method="REGISTER", direction="in")
        self.assertEqual([m["integrity"] for m in seen["messages"]],
                         [None, "tls-pending"])

    async def test_security_agreement_ends_on_tls(self):
        ue = self.ue(0)

        response = await ue.register_sec_agree()

        self.assertEqual(response.status, 200)
        self.assertEqual(ue.security_server, ["tls;q=0.9"])

    async def test_refresh_needs_no_response_and_deregistration_unbinds(self):
        ue = self.ue(0)
        await ue.register()

        self.assertEqual((await ue.register_once("blank")).status, 200)
        self.assertEqual((await ue.deregister(star=True)).status, 200)

        found = await self.control("bindings")
        self.assertEqual(found["bindings"], [])
        self.assertEqual((await ue.register_once("blank")).status, 401)

    async def test_a_wrong_password_is_refused(self):
        ue = self.ue(0)
        ue.answerer.password = "wrong"

        self.assertEqual((await ue.register()).status, 403)

    async def test_a_message_travels_between_phones(self):
        one, two = self.ue(0), self.ue(1)
        await one.register()
        await two.register()

        response = await one.message(two.impu, "good morning")

        self.assertEqual(response.status, 200)
        request = await two.next_request("MESSAGE")
        self.assertEqual(request.body, b"good morning")
        self.assertEqual(request.get("p-called-party-id"), f"<{two.impu}>")

    async def test_the_core_sends_and_gets_the_answer(self):
        ue = self.ue(0)
        await ue.register()
        ue.answer = lambda request: 486

        answer = await self.control("send", to=ue.impu, body="hi")

        self.assertEqual(answer["status"], 486)
        with self.assertRaises(ControlError):
            await self.control("send", to="sip:user000001@ims.test")

    async def test_tickets_resume_on_a_new_port(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                ue = self.ue(0, version)
                await ue.register()
                port = ue.flow.local[1]

                await ue.reconnect()

                self.assertTrue(ue.flow.resumed)
                self.assertNotEqual(ue.flow.local[1], port)
                self.assertEqual(ue.flow.version, f"TLSv{version}")

    async def test_faults_come_and_go(self):
        ue = self.ue(0)
        await self.control("fault", kind="status", status=503, count=1)
        self.assertEqual((await ue.register()).status, 503)

        await self.control("fault", kind="drop", method="REGISTER", count=1)
        with self.assertRaises(TimeoutError):
            await ue.register_once(timeout_s=0.2)
        self.assertEqual((await ue.register()).status, 200)

    async def test_an_ended_connection_ends_the_wait(self):
        ue = self.ue(0)
        await ue.connect()
        await self.control("silence")
        asked = asyncio.ensure_future(ue.register_once())
        await asyncio.sleep(0)

        for writer in self.mini.flows.values():
            writer.close()

        with self.assertRaises(ConnectionError):
            await asked


class Decisions(unittest.TestCase):
    """The registrar alone, row by row."""

    def setUp(self):
        self.registrar = Registrar(subscribers.Subscribers([
            subscribers.Subscriber("a@ims.test", "pw", (("sip:a@ims.test",),
                                                        ("sip:b@ims.test",)))
        ]), Policy(expires_s_min=60, nonce_lifetime_s=10))
        self.ue = Ue("a@ims.test", "pw", "sip:a@ims.test", None)
        self.ue.flow = type("F", (), {"name": "TLS"})
        self.now = time.time()

    def send(self, how=None, mark=None, path=True, **changes):
        request = self.ue.make_register(how, **changes)
        if path:
            request.add("path", "<sip:t@edge;lr>").add("require", "path")
        if mark:
            value = request.get("authorization")
            request.set("authorization",
                        f'{value}, integrity-protected="{mark}"')
        response = self.registrar.register(request, self.now)
        self.ue.learn(response)
        return response

    def test_without_path_it_is_421(self):
        self.assertEqual(self.send(path=False).status, 421)

    def test_right_response_without_mark_is_challenged_again(self):
        self.send("blank")
        self.assertEqual(self.send("answer").status, 401)

    def test_tls_yes_of_a_stranger_is_challenged(self):
        self.assertEqual(self.send("blank", "tls-yes").status, 401)

    def test_tls_pending_without_response_is_challenged(self):
        self.assertEqual(self.send("blank", "tls-pending").status, 401)

    def test_yes_is_not_a_value_for_tls(self):
        self.assertEqual(self.send("blank", "yes").status, 400)

    def test_an_nc_used_twice_is_stale(self):
        self.send("blank")
        self.assertEqual(self.send("answer", "tls-pending").status, 200)
        self.ue.answerer.count = 0
        response = self.send("answer", "tls-pending")
        self.assertEqual(response.status, 401)
        self.assertIn("stale=true", response.get("www-authenticate"))

    def test_an_old_nonce_is_stale(self):
        self.send("blank")
        self.now += 11
        self.assertIn("stale=true", self.send("answer", "tls-pending").get(
            "www-authenticate"))

    def test_best_algorithm_comes_first(self):
        asked = self.send("blank").all("www-authenticate")
        self.assertEqual([a.split("algorithm=")[1].split(",")[0]
                          for a in asked], ["SHA-256", "MD5"])

    def test_a_short_expiry_is_423(self):
        self.send("blank")
        response = self.send("answer", "tls-pending", expires=5)
        self.assertEqual(response.status, 423)
        self.assertEqual(response.get("min-expires"), "60")

    def test_star_with_an_expiry_is_400(self):
        self.send("blank")
        self.assertEqual(self.send("answer", "tls-pending", contact="*",
                                   expires=60).status, 400)

    def test_sets_of_identities_register_on_their_own(self):
        self.send("blank")
        self.send("answer", "tls-pending")
        response = self.send("blank", "tls-yes", impu="sip:b@ims.test")
        self.assertEqual(response.get("p-associated-uri"), "<sip:b@ims.test>")
        self.assertEqual(len(self.registrar.all(self.now)), 2)

    def test_a_binding_ends_with_its_time(self):
        self.send("blank")
        self.send("answer", "tls-pending", expires=60)
        self.now += 61
        self.assertEqual(self.registrar.all(self.now), [])

    def test_subscribers_survive_being_saved(self):
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            everybody = subscribers.generated(2, "x") + \
                list(self.registrar.subscribers)
            subscribers.save(file.name, everybody)
            self.assertEqual(subscribers.load(file.name), everybody)


if __name__ == "__main__":
    unittest.main()
