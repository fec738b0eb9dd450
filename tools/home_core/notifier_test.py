"""Subscriptions to registration state: dialogs, news, documents."""

import unittest
import xml.etree.ElementTree as xml

from home_core import reginfo
from home_core.notifier import Notifier
from home_core.registrar import Policy, Registrar
from home_core.subscribers import Subscriber, Subscribers
from sip import digest
from sip.message import Message

ALICE = "sip:alice@ims.test"
NAMESPACES = {"r": reginfo.NAMESPACE, "ere": reginfo.WILDCARD_NAMESPACE}
EVERYBODY = [
    Subscriber("alice_private@ims.test", "pw", (
        (ALICE, "tel:+15551230001", "-sip:hidden@ims.test",
         "sip:alice!.*!@ims.test"),
        ("sip:work@ims.test",))),
    Subscriber("bob_private@ims.test", "pw", (("sip:bob@ims.test",),)),
]


class Document:
    """What a NOTIFY says."""

    def __init__(self, notify):
        root = xml.fromstring(notify.body)
        self.version = int(root.get("version"))
        self.state = root.get("state")
        self.registrations = root.findall("r:registration", NAMESPACES)

    @property
    def aors(self):
        return [r.get("aor") for r in self.registrations]

    @property
    def states(self):
        return {r.get("state") for r in self.registrations}

    @property
    def contacts(self):
        """Of the first registration: (uri, state, event)."""
        return [(c.findtext("r:uri", None, NAMESPACES), c.get("state"),
                 c.get("event")) for c in self.elements]

    @property
    def elements(self):
        return self.registrations[0].findall("r:contact", NAMESPACES)


class Case(unittest.TestCase):

    def setUp(self):
        self.now = 1000.0
        self.registrar = Registrar(Subscribers(EVERYBODY), Policy(
            expires_s_min=1, accept_plain_digest=True))
        self.sent = []
        self.notifier = Notifier(
            self.registrar, lambda one, request: self.sent.append(request),
            lambda: "sip:core.test", lambda: "SIP/2.0/TCP core.test")
        self.cseq = 0

    def start(self, method, uri, to):
        self.cseq += 1
        request = Message.request(method, uri)
        request.add("via", f"SIP/2.0/TCP edge;branch=z9hG4bK{self.cseq}")
        request.add("from", "<sip:edge.test>;tag=edge").add("to", to)
        request.add("call-id", "one").add("cseq", f"{self.cseq} {method}")
        return request

    def subscribe(self, impu=ALICE, expires=7200, to=None, event="reg"):
        request = self.start("SUBSCRIBE", impu, to or f"<{impu}>")
        request.add("contact", "<sip:edge.test:5070>")
        request.add("record-route", "<sip:hop.test;lr>, <sip:hip.test;lr>")
        if event is not None:
            request.add("event", event)
        if expires is not None:
            request.add("expires", expires)
        return self.notifier.subscribe(request, self.now)

    def register(self, contact="sip:alice@192.0.2.1", expires=600,
                 impu=ALICE, instance="<urn:uuid:1>"):
        subscriber = self.registrar.subscribers.impu(impu)
        request = self.start("REGISTER", "sip:ims.test", f"<{impu}>")
        request.add("contact", f'<{contact}>;+sip.instance="{instance}"')
        request.add("expires", expires)
        request.add("path", "<sip:t@edge;lr>").add("require", "path")
        answerer = digest.Answerer(subscriber.impi, "pw")
        answerer.learn(self.registrar.register(request, self.now).all(
            "www-authenticate"))
        request.add("authorization", answerer.answer("REGISTER",
                                                     "sip:ims.test"))
        response = self.registrar.register(request, self.now)
        self.assertEqual(response.status, 200)

    def taken(self):
        """The one NOTIFY since the last question, and its document."""
        (request,), self.sent = self.sent, []
        return request, Document(request)


class Dialogs(Case):

    def test_a_subscribe_gets_200_and_a_full_document(self):
        self.register()

        response = self.subscribe(expires=7200)

        self.assertEqual(response.status, 200)
        self.assertEqual(response.get("expires"), "7200")
        request, document = self.taken()
        self.assertEqual(request.get("subscription-state"),
                         "active;expires=7200")
        self.assertEqual((document.version, document.state), (0, "full"))
        self.assertEqual(document.states, {"active"})
        self.assertEqual(document.contacts, [
            ("sip:alice@192.0.2.1", "active", "registered")])

    def test_a_notify_travels_back_along_the_dialog(self):
        response = self.subscribe()

        request, _ = self.taken()

        self.assertEqual(request.start, "NOTIFY sip:edge.test:5070 SIP/2.0")
        self.assertEqual(request.all("route"),
                         ["<sip:hop.test;lr>", "<sip:hip.test;lr>"])
        self.assertEqual(request.tag("from"), response.tag("to"))
        self.assertEqual(request.tag("to"), "edge")
        self.assertEqual(request.call_id, "one")
        self.assertEqual(request.get("event"), "reg")
        self.assertEqual(request.get("content-type"),
                         "application/reginfo+xml")

    def test_what_is_asked_badly_is_refused(self):
        for status, how in (
                (489, {"event": "presence"}),
                (489, {"event": "registration"}),
                (489, {"event": None}),
                (404, {"impu": "sip:nobody@ims.test"}),
                (404, {"impu": "sip:hidden@ims.test"}),
                (481, {"to": f"<{ALICE}>;tag=unknown"})):
            with self.subTest(how):
                self.assertEqual(self.subscribe(**how).status, status)
        self.assertEqual(self.sent, [])

    def test_a_policy_refuses_all(self):
        self.registrar.policy.reg_event = "refuse"

        self.assertEqual(self.subscribe().status, 489)

    def test_a_long_subscription_is_granted_less(self):
        self.registrar.policy.subscription_s_max = 100

        self.assertEqual(self.subscribe(expires=7200).get("expires"), "100")

    def test_without_expires_the_package_decides(self):
        self.assertEqual(self.subscribe(expires=None).get("expires"), "3761")

    def test_a_refresh_keeps_the_dialog_and_the_version_grows(self):
        to = self.subscribe().get("to")
        self.taken()

        response = self.subscribe(expires=300, to=to)

        self.assertEqual(response.get("to"), to)
        request, document = self.taken()
        self.assertEqual((document.version, document.state), (1, "full"))
        self.assertEqual(request.get("subscription-state"),
                         "active;expires=300")
        self.assertEqual(request.cseq, (2, "NOTIFY"))

    def test_an_unsubscribe_ends_with_a_last_notify(self):
        to = self.subscribe().get("to")
        self.taken()

        self.assertEqual(self.subscribe(expires=0, to=to).status, 200)

        request, _ = self.taken()
        self.assertEqual(request.get("subscription-state"),
                         "terminated;reason=timeout")
        self.assertEqual(self.subscribe(to=to).status, 481)

    def test_a_subscription_ends_with_its_time(self):
        self.subscribe(expires=10)
        self.taken()
        self.assertEqual(self.notifier.next_expiry(), self.now + 10)
        self.now += 10

        self.notifier.expire(self.now)

        request, _ = self.taken()
        self.assertEqual(request.get("subscription-state"),
                         "terminated;reason=timeout")
        self.assertIsNone(self.notifier.next_expiry())

    def test_some_answers_to_a_notify_end_the_subscription(self):
        for status, alive in ((200, True), (500, True), (481, False),
                              (None, False)):
            with self.subTest(status):
                self.subscribe()
                one = self.notifier.find(to=ALICE)

                self.notifier.answered(one, status)

                self.assertEqual(one.dialog in self.notifier.live, alive)

    def test_a_restart_forgets_without_a_word(self):
        to = self.subscribe().get("to")
        self.taken()

        self.notifier.forget()

        self.register()
        self.assertEqual(self.sent, [])
        self.assertEqual(self.subscribe(to=to).status, 481)


class News(Case):

    def setUp(self):
        super().setUp()
        self.register()
        self.subscribe()
        self.taken()

    def test_what_phones_do_is_told(self):
        self.register(expires=700)
        request, document = self.taken()
        self.assertEqual(document.version, 1)
        self.assertEqual(document.contacts, [
            ("sip:alice@192.0.2.1", "active", "refreshed")])
        self.assertEqual(document.elements[0].get("expires"), "700")

        self.register("sip:alice@192.0.2.2", instance="<urn:uuid:2>")
        request, document = self.taken()
        self.assertEqual(document.version, 2)
        self.assertEqual(document.contacts[1], (
            "sip:alice@192.0.2.2", "active", "registered"))

        self.register(expires=0)
        request, document = self.taken()
        self.assertEqual(document.states, {"active"})
        self.assertIn(("sip:alice@192.0.2.1", "terminated", "unregistered"),
                      document.contacts)

    def test_what_time_does_is_told(self):
        self.assertEqual(self.registrar.next_expiry(), self.now + 600)
        self.now += 600

        self.registrar.expire(self.now)

        _, document = self.taken()
        self.assertEqual(document.contacts, [
            ("sip:alice@192.0.2.1", "terminated", "expired")])

    def test_what_the_network_does_is_told(self):
        for event in ("deactivated", "rejected", "probation"):
            with self.subTest(event):
                self.register()
                if not self.notifier.live:
                    self.subscribe()
                self.sent.clear()

                self.registrar.deactivate(ALICE, self.now, event,
                                          retry_after_s=30)

                request, document = self.taken()
                self.assertEqual(document.contacts, [
                    ("sip:alice@192.0.2.1", "terminated", event)])
                self.assertEqual(document.elements[0].get("retry-after"),
                                 "30")
                self.assertEqual(document.states, {"terminated"})
                self.assertEqual(request.get("subscription-state"),
                                 "terminated;reason=noresource")
                self.assertEqual(self.registrar.all(self.now), [])

    def test_shortened_lowers_and_never_raises(self):
        for asked_s, expected_s in ((50, 50), (5000, 50)):
            self.registrar.shorten(ALICE, asked_s, self.now)

            _, document = self.taken()
            self.assertEqual(document.contacts, [
                ("sip:alice@192.0.2.1", "active", "shortened")])
            self.assertEqual(document.elements[0].get("expires"),
                             str(expected_s))
        self.assertEqual(self.registrar.next_expiry(), self.now + 50)

    def test_one_device_of_two_can_be_meant(self):
        self.register("sip:alice@192.0.2.2", instance="<urn:uuid:2>")
        self.sent.clear()

        self.registrar.deactivate(ALICE, self.now,
                                  instance='"<urn:uuid:2>"')

        request, document = self.taken()
        self.assertEqual(document.states, {"active"})
        self.assertEqual([event for _, _, event in document.contacts],
                         ["registered", "deactivated"])

    def test_nobody_can_be_ended_who_is_not_there(self):
        with self.assertRaises(LookupError):
            self.registrar.deactivate("sip:bob@ims.test", self.now)
        with self.assertRaises(ValueError):
            self.registrar.deactivate(ALICE, self.now, "refreshed")

    def test_news_of_others_is_not_told(self):
        self.register("sip:bob@192.0.2.9", impu="sip:bob@ims.test")
        self.register("sip:work@192.0.2.9", impu="sip:work@ims.test")

        self.assertEqual(self.sent, [])

    def test_a_subscription_can_outlive_the_registration(self):
        self.registrar.policy.subscription_ends_with_registration = False
        self.register(expires=0)
        request, document = self.taken()
        self.assertEqual(document.states, {"terminated"})

        self.register()

        request, document = self.taken()
        self.assertEqual(document.states, {"active"})
        self.assertEqual(document.version, 2)


class Documents(Case):

    def test_nobody_has_been_there_yet(self):
        self.subscribe()

        _, document = self.taken()

        self.assertEqual(document.states, {"init"})
        self.assertEqual(document.elements, [])

    def test_a_document_has_the_set_without_the_barred(self):
        self.subscribe()

        _, document = self.taken()

        self.assertEqual(document.aors, [
            ALICE, "tel:+15551230001", "sip:alicewildcard@ims.test"])
        self.assertEqual([r.findtext("ere:wildcardedIdentity", None,
                                     NAMESPACES)
                          for r in document.registrations],
                         [None, None, "sip:alice!.*!@ims.test"])

    def test_a_contact_shows_its_instance(self):
        self.register()
        self.subscribe()

        _, document = self.taken()

        parameter = document.elements[0].find("r:unknown-param", NAMESPACES)
        self.assertEqual(parameter.get("name"), "+sip.instance")
        self.assertEqual(parameter.text, '"<urn:uuid:1>"')

    def test_ids_are_unique_and_stay(self):
        self.register()
        self.register("sip:alice@192.0.2.2", instance="<urn:uuid:2>")
        self.subscribe()
        first = self.taken()[1]
        self.register()
        second = self.taken()[1]

        def ids(document):
            return {c.get("id") for r in document.registrations
                    for c in r.findall("r:contact", NAMESPACES)}
        self.assertEqual(len(ids(first)), 6)
        self.assertEqual(ids(first), ids(second))

    def test_a_partial_document_has_the_change_alone(self):
        self.registrar.policy.reginfo_state = "partial"
        self.register()
        self.subscribe()
        self.assertEqual(self.taken()[1].state, "full")

        self.register("sip:alice@192.0.2.2", instance="<urn:uuid:2>")

        _, document = self.taken()
        self.assertEqual((document.version, document.state), (1, "partial"))
        self.assertEqual(document.contacts, [
            ("sip:alice@192.0.2.2", "active", "registered")])

    def test_what_a_phone_wrote_cannot_break_the_document(self):
        evil = "sip:alice@192.0.2.1;x=\"'&"
        self.register(evil, instance="<urn:uuid:&amp;]]>")
        self.subscribe()

        _, document = self.taken()

        self.assertEqual(document.contacts[0][0], evil)

    def test_any_notify_can_be_made(self):
        self.register()
        self.subscribe()
        self.taken()
        one = self.notifier.find(to=ALICE)

        old = self.notifier.made(one, self.now, version=0)
        foreign = self.notifier.made(one, self.now, body="<x/>",
                                     state="terminated", call_id="other",
                                     from_tag="f", to_tag="")

        self.assertEqual(Document(old).version, 0)
        self.assertEqual(foreign.body, b"<x/>")
        self.assertEqual(foreign.get("subscription-state"), "terminated")
        self.assertEqual((foreign.call_id, foreign.tag("from"),
                          foreign.tag("to")), ("other", "f", None))
        self.register()
        self.assertEqual(self.taken()[1].version, 1)


if __name__ == "__main__":
    unittest.main()
