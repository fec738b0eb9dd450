"""Subscriber files, barred identities and wildcards."""

import os
import tempfile
import unittest

from home_core import subscribers
from home_core.registrar import Policy, Registrar
from home_core.subscribers import Subscriber, Subscribers
from sip import digest
from sip.message import Message

ALICE = Subscriber("alice_private@ims.test", "pw", (
    ("sip:alice@ims.test", "-sip:hidden@ims.test", "tel:+15551230001",
     "sip:alice!.*!@ims.test"),
    ("sip:work@ims.test",)))


class Identities(unittest.TestCase):

    def test_a_set_shows_neither_barred_identities_nor_wildcards(self):
        self.assertEqual(ALICE.associated(0),
                         ["sip:alice@ims.test", "tel:+15551230001"])
        self.assertEqual(ALICE.wildcards(0), ["sip:alice!.*!@ims.test"])
        self.assertEqual(ALICE.wildcards(1), [])

    def test_a_barred_identity_belongs_to_its_set(self):
        self.assertEqual(ALICE.set_of("sip:hidden@ims.test"), 0)
        self.assertTrue(ALICE.bars("sip:hidden@IMS.test"))
        self.assertFalse(ALICE.bars("sip:alice@ims.test"))

    def test_a_wildcard_covers_what_its_pattern_matches(self):
        for impu, set_index in (
                ("sip:alice-room7@ims.test", 0),
                ("sip:alice-room7@ims.test;user=ip", 0),
                ("sip:alice@ims.test.evil.test", None),
                ("sip:notalice@ims.test", None),
                ("sip:work@ims.test", 1)):
            with self.subTest(impu):
                self.assertEqual(ALICE.serving(impu), set_index)

    def test_a_pattern_does_not_reach_outside_of_its_marks(self):
        self.assertFalse(subscribers.covers("sip:a!.*!@ims.test",
                                            "sip:ab@imsxtest"))

    def test_an_exact_identity_comes_before_a_wildcard(self):
        other = Subscriber("other@ims.test", "pw",
                           (("sip:alice-desk@ims.test",),))
        everybody = Subscribers([ALICE, other])

        self.assertIs(everybody.impu("sip:alice-desk@ims.test"), other)
        self.assertIs(everybody.impu("sip:alice-car@ims.test"), ALICE)
        self.assertIsNone(everybody.impu("sip:bob@ims.test"))


class Files(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_what_is_saved_is_loaded_again(self):
        either = Subscriber("b@ims.test", "pw",
                            (("sip:b@ims.test", "sip:b!(1|2)!@ims.test"),
                             ("-sip:c@ims.test",)))
        path = os.path.join(self.folder, "s.csv")
        subscribers.save(path, [ALICE, either])

        self.assertEqual(subscribers.load(path), [ALICE, either])

    def test_json_has_the_same_notation(self):
        path = self.write("s.json", """[
            {"impi": "a@ims.test", "password": "p",
             "impus": ["sip:a@ims.test", "-sip:b@ims.test"]}]""")

        found, = subscribers.load(path)

        self.assertTrue(found.bars("sip:b@ims.test"))

    def test_a_set_of_wildcards_alone_is_refused(self):
        path = self.write("s.csv", "a@ims.test,p,sip:a!.*!@ims.test\n")

        with self.assertRaises(ValueError):
            subscribers.load(path)


class Registering(unittest.TestCase):

    def setUp(self):
        self.registrar = Registrar(Subscribers([ALICE]), Policy())

    def register(self, impu):
        request = Message.request("REGISTER", "sip:ims.test")
        request.add("via", "SIP/2.0/TCP edge;branch=z9hG4bK1")
        request.add("from", f"<{impu}>;tag=1").add("to", f"<{impu}>")
        request.add("call-id", "c").add("cseq", "1 REGISTER")
        request.add("contact", "<sip:a@192.0.2.1>")
        request.add("path", "<sip:t@edge;lr>").add("require", "path")
        answerer = digest.Answerer(ALICE.impi, ALICE.password)
        challenged = self.registrar.register(request, now=0)
        if challenged.status != 401:
            return challenged
        answerer.learn(challenged.all("www-authenticate"))
        request.add("authorization", answerer.answer(
            "REGISTER", "sip:ims.test") + ', integrity-protected="tls-pending"')
        return self.registrar.register(request, now=0)

    def test_a_barred_identity_registers_its_set_without_being_shown(self):
        response = self.register("sip:hidden@ims.test")

        self.assertEqual(response.status, 200)
        self.assertEqual(response.all("p-associated-uri"),
                         ["<sip:alice@ims.test>", "<tel:+15551230001>"])

    def test_an_identity_under_a_wildcard_cannot_register(self):
        self.assertEqual(self.register("sip:alice-desk@ims.test").status, 403)

    def test_requests_reach_a_wildcard_but_no_barred_identity(self):
        self.register("sip:alice@ims.test")

        def bindings(impu):
            return len(self.registrar.of_identity(impu, now=1))
        self.assertEqual(bindings("sip:alice-desk@ims.test"), 1)
        self.assertEqual(bindings("sip:hidden@ims.test"), 0)
        self.assertEqual(bindings("sip:work@ims.test"), 0)


if __name__ == "__main__":
    unittest.main()
