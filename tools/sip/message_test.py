"""Messages, framing and digest against the examples of the specification."""

import unittest

from sip import digest
from sip.framer import Framer
from sip.message import (BadMessage, Message, address, response_to, split_list,
                         uri_parts)

REGISTER = (
    b"REGISTER sip:ims.example.com SIP/2.0\r\n"
    b"v: SIP/2.0/TLS 192.168.1.10:5062;branch=z9hG4bKue0002;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b"From: <sip:alice@ims.example.com>;tag=a73kszlfl\r\n"
    b"t: <sip:alice@ims.example.com>\r\n"
    b"Call-ID : 1j9FpLxk3uxtm8tn@192.168.1.10\r\n"
    b"CSeq: 2 REGISTER\r\n"
    b"Contact: <sip:alice@192.168.1.10:5062;transport=tls>;\r\n"
    b" +sip.instance=\"<urn:uuid:f81d4fae>\";expires=3600\r\n"
    b"Path: <sip:a;x=1@p1;lr>, <sip:p2;lr>\r\n"
    b"Content-Length: 4\r\n\r\nbody")


class Reading(unittest.TestCase):

    def test_compact_folded_and_spaced_fields_are_read(self):
        message = Message.parse(REGISTER)

        self.assertEqual(message.method, "REGISTER")
        self.assertEqual(message.branch, "z9hG4bKue0002")
        self.assertEqual(message.cseq, (2, "REGISTER"))
        self.assertEqual(message.call_id, "1j9FpLxk3uxtm8tn@192.168.1.10")
        self.assertEqual(message.tag("from"), "a73kszlfl")
        uri, fields = address(message.get("contact"))
        self.assertEqual(uri, "sip:alice@192.168.1.10:5062;transport=tls")
        self.assertEqual(fields["expires"], "3600")
        self.assertEqual(message.body, b"body")

    def test_list_header_splits_only_outside_of_brackets_and_quotes(self):
        self.assertEqual(Message.parse(REGISTER).all("path"),
                         ["<sip:a;x=1@p1;lr>", "<sip:p2;lr>"])
        self.assertEqual(split_list('"a, \\"b", <c,d>, e'),
                         ['"a, \\"b"', "<c,d>", "e"])

    def test_parameters_outside_of_brackets_belong_to_the_header(self):
        self.assertEqual(address("sip:a@b;tag=1"), ("sip:a@b", {"tag": "1"}))
        self.assertEqual(address('"A <x>" <sip:a@b;p=1>;tag=1'),
                         ("sip:a@b;p=1", {"tag": "1"}))

    def test_uri_is_taken_apart(self):
        self.assertEqual(uri_parts("sip:a;b=c@[::1]:5060;transport=tcp"),
                         ("sip", "a;b=c", "[::1]", 5060,
                          {"transport": "tcp"}))
        self.assertEqual(uri_parts("tel:+1555"), ("tel", "+1555", "", None,
                                                  {}))

    def test_what_is_no_message_is_refused(self):
        for bytes_ in (b"hello\r\n\r\n", b"SIP/2.0 200 OK\r\nx\r\n\r\n"):
            with self.assertRaises(BadMessage):
                Message.parse(bytes_)

    def test_response_copies_what_rfc_3261_says(self):
        response = response_to(Message.parse(REGISTER), 401)

        self.assertEqual(response.status, 401)
        self.assertEqual(response.transaction, ("z9hG4bKue0002", "REGISTER"))
        self.assertTrue(response.tag("to"))


class Framing(unittest.TestCase):

    def test_any_cut_of_the_stream_gives_the_same_messages(self):
        stream = b"\r\n\r\n" + REGISTER + REGISTER
        for at in range(len(stream)):
            framer = Framer()
            found = framer.feed(stream[:at]) + framer.feed(stream[at:])
            self.assertEqual([m.raw for m in found], [REGISTER, REGISTER])

    def test_a_stream_without_length_is_refused(self):
        with self.assertRaises(BadMessage):
            Framer().feed(b"OPTIONS sip:a SIP/2.0\r\nTo: b\r\n\r\n")


class Digest(unittest.TestCase):
    """The figures of the flows in the protocol reference, 2.2 and 2.3."""

    SECRET = "9cc2c844a485c78d8363cfd926583678"

    def proof(self, nonce, cnonce):
        return digest.Proof("MD5", nonce, "00000001", cnonce, "auth",
                            "sip:ims.example.com")

    def test_secret(self):
        self.assertEqual(self.SECRET, digest.ha1(
            "MD5", "alice_private@ims.example.com", "ims.example.com",
            "correct-horse-9"))

    def test_first_registration(self):
        proof = self.proof("7d3f0c9a5b1e4e6f8a2d91c04be7735f", "0a4f113b")

        self.assertEqual(proof.response(self.SECRET, "REGISTER"),
                         "8da834bf33e38152deced6c4688f3c39")
        self.assertEqual(proof.rspauth(self.SECRET),
                         "dcef8689fcbcb06b9e81efcf70d21018")

    def test_challenged_refresh(self):
        proof = self.proof("c19e6a04d2f84b7fb5a0338e9d6c1f72", "5ccc069c")

        self.assertEqual(proof.response(self.SECRET, "REGISTER"),
                         "3e3e26eb0bd1498236f8a2d0f0d90a21")
        self.assertEqual(proof.rspauth(self.SECRET),
                         "6c0599eb0db038a18a8c2b2acf8b2cdb")

    def test_sha_256_of_rfc_7616(self):
        secret = digest.ha1("SHA-256", "Mufasa", "http-auth@example.org",
                            "Circle of Life")
        proof = digest.Proof(
            "SHA-256", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "auth", "/dir/index.html")

        self.assertEqual(
            proof.response(secret, "GET"), "753927fa0e85d155564e2e272a28d180"
            "2ca10daf4496794697cf8db5856cb6c1")

    def test_the_best_offered_algorithm_is_answered(self):
        ue = digest.Answerer("a@b", "pw")
        ue.learn([digest.challenge("b", "n1", "SHA-256"),
                  digest.challenge("b", "n2", "MD5")])

        _, given = digest.parse(ue.answer("REGISTER", "sip:b"))

        self.assertEqual((given["nonce"], given["nc"]), ("n1", "00000001"))
        self.assertEqual(len(given["response"]), 64)

    def test_a_parameter_given_twice_is_refused(self):
        with self.assertRaises(BadMessage):
            digest.parse('Digest username="a", username="b"')


if __name__ == "__main__":
    unittest.main()
