"""Ways to be somebody else, or to be believed more than one is; none works.

Each row has its sentence and its clause of the reference; after each, and so at
the end, the witness compares what the core and all phones got with the truth.
"""

import asyncio
import ssl
import unittest

from lab.lab import until
from sip.message import Message, new_branch
from system import stolen_session
from system.disguises import CLAIMS, DATA, PASSES, YES
from system.stage import ELSEWHERE, Stage
from system.witness import EVIL
from ue import flow as flows

HOME = "sip:ims.test"


def first(value, claim):
    return value.replace("Digest ", "Digest " + claim, 1)


def middle(value, claim):
    head, comma, rest = value.partition(", ")
    return head + comma + claim + rest


def last(value, claim):
    return f"{value}, {claim.removesuffix(', ')}"


class Claims(Stage):
    """What a phone says of its own protection. Source: the reference, 4"""

    def blank(self, ue):
        return ue.answerer.blank("ims.test", HOME)

    # Conformance: SEC-01, SEC-02, SEC-03, SEC-17
    async def test_on_tls_wherever_it_stands(self):
        await self.stage()
        for state in (self.fresh, self.associated):
            for place in (first, middle, last):
                for sentence, claim, may in CLAIMS:
                    if place is last and not claim.endswith(", "):
                        continue
                    async with self.attempt(
                            f"{state.__name__}, {place.__name__}: {sentence}",
                            "4.1, 4.2"):
                        ue = await state()
                        request = ue.make_register(place(self.blank(ue),
                                                         claim))
                        self.assertIn(await self.fate(ue, request), may)

    # Conformance: SEC-01, SEC-02, SEC-03, SEC-06
    async def test_in_clear(self):
        await self.stage()
        for sentence, claim, may in CLAIMS:
            async with self.attempt(f"in clear: {sentence}", "4.4 D1"):
                ue = await self.in_clear()
                request = ue.make_register(first(self.blank(ue), claim),
                                           ue.clear)
                self.assertIn(await self.fate(ue, request, ue.clear), may)

    # Conformance: SEC-01, SEC-10
    async def test_beside_a_response(self):
        await self.stage()
        for sentence, claim, may in CLAIMS:
            async with self.attempt(f"with a response: {sentence}",
                                    "4.4 D6"):
                ue = await self.challenged()
                request = ue.make_register(first(
                    ue.answerer.answer("REGISTER", HOME), claim))
                self.assertIn(await self.fate(ue, request), may)

    # Conformance: SEC-01, ASSOC-14
    async def test_on_a_resumed_connection(self):
        await self.stage()
        for sentence, claim, may in CLAIMS[:16]:
            async with self.attempt(f"resumed: {sentence}", "4.4 D11"):
                ue = await self.resumed()
                request = ue.make_register(first(self.blank(ue), claim))
                self.assertIn(await self.fate(ue, request), may)

    # Conformance: SEC-04, ORIG-20
    async def test_in_other_header_fields(self):
        await self.stage()
        for field in ("Proxy-Authorization", "PROXY-authorization "):
            for sentence, claim, may in CLAIMS:
                async with self.attempt(f"{field}: {sentence}", "4.2 2"):
                    ue = await self.associated()
                    request = ue.make_register(self.blank(ue))
                    request.fields.append((field, first(self.blank(ue),
                                                        claim)))
                    self.assertIn(await self.fate(ue, request), may)

    # Conformance: SEC-04
    async def test_in_requests_that_do_not_register(self):
        await self.stage()
        for method in ("MESSAGE", "OPTIONS"):
            for field in ("Authorization", "Proxy-Authorization"):
                for sentence, claim, may in CLAIMS[:16]:
                    async with self.attempt(
                            f"{field} of {method}: {sentence}", "4.2 1"):
                        ue = await self.associated()
                        request = ue.make(method, self.first.impu)
                        request.fields.append((field, first(self.blank(ue),
                                                            claim)))
                        await self.fate(ue, request)

    # Conformance: SEC-02, PARSE-03
    async def test_in_a_field_of_odd_spelling(self):
        await self.stage()
        for name in ("AUTHORIZATION", "authorization", "Authorization ",
                     "aUTHORIZATION\t", "Authorization" + " " * 300):
            for scheme in ("Digest ", "DIGEST ", "digest\t", "Digest   ",
                           "Digest\r\n ", "\r\n Digest "):
                async with self.attempt(f"{name!r}: {scheme!r}", "8.1"):
                    ue = await self.associated()
                    request = ue.make_register()
                    request.fields.append((name, first(
                        self.blank(ue), f"{YES}, ").replace("Digest ", scheme,
                                                            1)))
                    self.assertEqual(await self.fate(ue, request), "passes")

    # Conformance: SEC-05, SEC-30
    async def test_data_that_looks_like_a_claim_stays(self):
        lab = await self.stage()
        for data, may in DATA:
            async with self.attempt(data, "4.2 3"):
                ue = await self.fresh()
                value = f"{self.blank(ue)}, {data}"
                request = ue.make_register(value)
                self.assertIn(await self.fate(ue, request), may)
                if may == PASSES:
                    seen = (await self.core_saw(lab))[-1]
                    self.assertEqual(seen.rows("authorization"), [value])

    # Conformance: SEC-04, SEC-18, SEC-19, SEC-21, SEC-22
    async def test_two_sets_of_credentials_and_odd_ones(self):
        await self.stage()

        def away(claim=f", {YES}"):
            return ('Digest username="a", realm="away.test", nonce="", '
                    f'uri="{HOME}", response=""{claim}')
        ue = await self.associated()
        own, its = self.blank(ue), ue.impi
        victim = self.blank(self.first)
        rows = (  # sentence, clause, rows of Authorization, status
            ("another realm claims, ours does not", "4.5",
             (away(), own), 200),
            ("ours stands first", "4.5", (own, away()), 200),
            ("both claim", "4.5", (f"{own}, {YES}", away()), 200),
            ("both are of other realms", "4.5", (away(), away("")), 400),
            ("twice the home realm", "D14", (own, own), 400),
            ("ours and the victim's", "D14", (own, victim), 400),
            ("the victim's and ours", "D14", (victim, own), 400),
            ("the home realm in other letters", "D14",
             (own, victim.replace('"ims.test"', '"IMS.TEST"')), 400),
            ("the home realm with a quoted-pair", "D14",
             (own, victim.replace('"ims.test"', '"ims\\.test"')), 400),
            ("the victim without a realm", "D14",
             (own, victim.replace(' realm="ims.test",', "")), 400),
            ("the victim's name for another realm", "4.5",
             (own, away().replace('"a"', f'"{self.first.impi}"')), 200),
            ("another scheme claims", "D13", (f"Bearer {YES}",), 401),
            ("another scheme with a token claims", "D13",
             (f"Bearer abc, {YES}",), None),
            ("another scheme beside ours", "D13", (f"Bearer {YES}", own),
             200),
            ("ours beside another scheme", "D13", (own, f"Basic {YES}"),
             200),
            ("a name that starts with Digest", "D13",
             ("Digestible" + own[6:],), 401),
            ("the victim's name under another scheme", "D13",
             ("Bearer" + victim[6:],), 401),
            ("username twice, ours first", "SEC-21",
             (f'{own}, username="{self.first.impi}"',), 400),
            ("username twice, ours last", "SEC-21",
             (f'{victim}, username="{its}"',), 400),
            ("username twice in two cases", "SEC-21",
             (f'{victim}, USERNAME="{its}"',), 400),
            ("username twice, equal", "SEC-21",
             (f'{own}, username="{its}"',), 400),
            ("response twice", "SEC-21", (f'{own}, response="a"',), 400),
            ("realm twice", "4.5", (f'{own}, realm="ims.test"',), 400),
            ("nonce twice", "4.5", (f'{own}, nonce="x"',), 400),
            ("no username", "D15", (own.replace(f'username="{its}", ', ""),),
             None),
            ("userhash", "D15", (f"{own}, userhash=true",), None),
            ("userhash, quoted and in capitals", "D15",
             (f'{own}, USERHASH="TRUE"',), None),
            ("username* beside username", "D15",
             (f"{own}, username*=UTF-8''{self.first.impi}",), None),
            ("username* alone", "D15", (own.replace(
                f'username="{its}"', f"username*=UTF-8''{its}"),), None),
            ("userhash with a response", "D15", (own.replace(
                'response=""', 'response="ab"') + ", userhash=true",), 400),
            ("no username and a response", "D15", (own.replace(
                f'username="{its}", ', "").replace(
                    'response=""', 'response="ab"'),), 400),
            ("username* and a response", "D15", (own.replace(
                f'username="{its}"', f"username*=UTF-8''{its}").replace(
                    'response=""', 'response="ab"'),), 400),
        )
        for sentence, clause, values, status in rows:
            async with self.attempt(sentence, clause):
                ue = await self.associated()
                request = ue.make_register()
                for value in values:
                    request.fields.append(("Authorization", value))
                got = await self.reaction(ue, request)
                if status:
                    self.assertEqual(got, status)
        async with self.attempt("a mechanism that is not ours", "D16"):
            ue = await self.associated()
            got = await self.reaction(ue, ue.make_register(
                f"{own}, algorithm=AKAv2-SHA-256"))
            self.assertGreaterEqual(got, 400)


class PrivateIdentity(Stage):
    """Somebody else's IMPI. Source: the reference, 4.4"""

    def names(self):
        """(sentence, username as written): none is the attacker's own."""
        victim, own = self.first.impi, self.liar.impi
        user, _, realm = own.partition("@")
        return (
            ("the victim's", f'"{victim}"'),
            ("the victim's, its realm in capitals",
             f'"{victim.replace("ims.test", "IMS.TEST")}"'),
            ("the victim's in quoted-pairs",
             '"' + "".join("\\" + c for c in victim) + '"'),
            ("our own in capitals", f'"{user.upper()}@{realm}"'),
            ("our own with an escape", f'"%75{user[1:]}@{realm}"'),
            ("our own and a space", f'"{own} "'),
            ("a space and our own", f'" {own}"'),
            ("our own, folded", f'"{user}\r\n @{realm}"'),
            ("our own and a NUL", f'"{own}\0"'),
            ("our own and a NUL and the victim's", f'"{own}\0{victim}"'),
            ("the victim's and a NUL and our own", f'"{victim}\0{own}"'),
            ("our own before the victim's", f'"{own}@{victim}"'),
            ("the victim's before our own", f'"{victim}@{own}"'),
            ("our own without a realm", f'"{user}"'),
            ("our own with an empty realm", f'"{user}@"'),
            ("our own with a dot behind the realm", f'"{own}."'),
            ("our own, cut by one", f'"{own[:-1]}"'),
            ("our own in a bracket", f'"<{own}>"'),
            ("our own as a URI", f'"sip:{own}"'),
            ("our own with a soft hyphen", f'"{user}\u00ad@{realm}"'),
            ("our own in full-width letters",
             '"' + "".join(chr(ord(c) + 0xfee0) for c in user)
             + f'@{realm}"'),
            ("300 letters and our own", f'"{"x" * 300}{own}"'),
            ("an empty one", '""'),
        )

    # Conformance: SEC-15
    async def test_on_an_associated_connection_is_403(self):
        await self.stage()
        await self.associated()
        for sentence, name in self.names():
            for response in ("", "0123456789abcdef0123456789abcdef"):
                async with self.attempt(f"{sentence}, response {response}",
                                        "D10"):
                    ue = await self.associated()
                    got = await self.reaction(ue, ue.make_register(
                        f'Digest username={name}, realm="ims.test", '
                        f'nonce="a", uri="{HOME}", response="{response}"'))
                    if name != '""':
                        self.assertIn(got, (400, 403))
        async with self.attempt("afterwards it is who it was", "D7"):
            ue = await self.associated()
            self.assertStatus(await ue.register_once("blank"), 200)

    # Conformance: SEC-12
    async def test_other_spellings_of_ones_own_name_are_ones_own(self):
        await self.stage()
        ue = await self.associated()
        user, _, realm = ue.impi.partition("@")
        for name in (f"{user}@{realm.upper()}",
                     "".join("\\" + c for c in ue.impi)):
            async with self.attempt(name, "4.4"):
                # The registrar may read names more narrowly than we do.
                got = await self.reaction(ue, ue.make_register(
                    f'Digest username="{name}", realm="ims.test", nonce="", '
                    f'uri="{HOME}", response=""'))
                self.assertIn(got, (200, 404))
                self.assertTrue(ue.flow.open)

    # Conformance: SEC-08, SEC-11
    async def test_on_a_rebinding_connection_it_is_a_strangers(self):
        await self.stage()
        for sentence, name in self.names():
            async with self.attempt(sentence, "D12"):
                ue = await self.resumed()
                status = await self.reaction(ue, ue.make_register(
                    f'Digest username={name}, realm="ims.test", nonce="", '
                    f'uri="{HOME}", response=""'))
                self.assertGreaterEqual(status, 400)
        async with self.attempt("and there is no way back", "D12"):
            ue = await self.resumed()
            self.assertStatus(await ue.register_once(
                self.first.answerer.blank("ims.test", HOME),
                impu=self.first.impu), 401)
            self.assertStatus(await ue.register_once("blank"), 401)

    # Conformance: SEC-10
    async def test_credentials_that_were_overheard(self):
        lab = await self.stage()
        told = [r for r in await self.core_saw(lab)
                if "tls-pending" in r.get("authorization", "")]
        stolen = told[0].get("authorization")
        bare = stolen.partition(", integrity-protected")[0]
        for state in (self.fresh, self.challenged, self.resumed,
                      self.associated):
            for value in (stolen, bare):
                async with self.attempt(f"{state.__name__}: {value[-40:]}",
                                        "D6, D10, D12"):
                    ue = await state()
                    request = ue.make_register(value, impu=self.first.impu)
                    request.set("call-id", self.first.call_id)
                    self.assertIn(await self.reaction(ue, request),
                                  (401, 403))

    # Conformance: POL-03, SEC-06
    async def test_in_clear_a_name_is_worth_nothing(self):
        await self.stage()
        for protocol in ("tcp", "udp"):
            async with self.attempt(f"over {protocol}", "2.9"):
                ue = await self.in_clear(protocol)
                blank = self.agreed.answerer.blank("ims.test", HOME)
                request = ue.make_register(f"{blank}, {YES}", ue.clear,
                                           impu=self.agreed.impu)
                request.set("call-id", self.agreed.call_id)
                self.assertEqual(await self.reaction(ue, request, ue.clear),
                                 401)
            async with self.attempt(f"a de-REGISTER over {protocol}", "2.9"):
                ue = await self.in_clear(protocol)
                leave = ue.make_register(blank, ue.clear, 0,
                                         impu=self.agreed.impu)
                star = ue.make_register(blank, ue.clear, 0, "*",
                                        impu=self.agreed.impu)
                await self.ignored(ue, leave, star, flow=ue.clear)


class PublicIdentity(Stage):
    """Somebody else's IMPU. Source: the reference, 2.8, 3.3, 5.6"""

    # Conformance: ASSOC-26
    async def test_registering_it_changes_nothing(self):
        lab = await self.stage()
        for field in ("to", "both"):
            async with self.attempt(f"a foreign identity in {field}",
                                    "2.2, 5.3"):
                ue = await self.associated()
                request = ue.make_register("blank", impu=self.first.impu)
                if field == "to":
                    request.set("from", f"<{ue.impu}>;tag=1")
                self.assertStatus(await ue.ask(request), 403)
                self.assertTrue(ue.flow.open)
            async with self.attempt("it is not asserted afterwards", "2.8"):
                message = ue.make("MESSAGE", ue.impu,
                                  p_preferred_identity=f"<{self.first.impu}>")
                self.assertStatus(await ue.ask(message), 200)
        async with self.attempt("a first REGISTER for it", "2.2"):
            ue = await self.challenged()
            request = ue.make_register("answer", impu=self.first.impu)
            self.assertStatus(await ue.ask(request), 403)
            await asyncio.wait_for(ue.flow.ended, 10)
        self.assertEqual(await lab.proxy.associations("nobody@ims.test"), [])

    # Conformance: ORIG-03, ORIG-04, ORIG-05, ORIG-06, ORIG-07, ORIG-19
    async def test_preferring_or_asserting_it_is_in_vain(self):
        await self.stage()
        ue = await self.associated()
        uri, tel = self.network.subscribers[0].sets[0]
        own, own_tel = self.network.subscribers[2].sets[0]
        phone = tel.removeprefix("tel:")
        values = (
            f"<{uri}>", uri, tel, f"<{tel}>", f'"{own}" <{uri}>',
            f"<{own}>, <{uri}>", f"<{uri}>, <{own}>", f"<{uri}>,<{own_tel}>",
            f"<sip:{phone}@ims.test;user=phone>", f"<{uri};{own}>",
            f"<{uri}?x={own}>", f"<{uri}>;x=<{own}>", f"<{uri.upper()}>",
            f"<{own}>\r\n ,\r\n <{uri}>", f'"\\"<{own}>" <{uri}>',
            f"<sip:{uri[4:].replace('@', '%40')}@ims.test>",
            f"<{own}\0{uri}>", "<>", "", "<", f"<{own}", f"{own}>",
            f"<{own[:-1]}>", f"<{own}.eviltwin>", f"<sip:a@{own[4:]}>",
            "<tel:+1555*>", f"<{own}>, <{own_tel}>, <{uri}>",
        )
        for name in ("P-Preferred-Identity", "p-preferred-IDENTITY ",
                     "P-Asserted-Identity"):
            for value in values:
                for method in ("MESSAGE", "OPTIONS"):
                    async with self.attempt(f"{method}: {name}: {value!r}",
                                            "2.8 5, 3.3"):
                        ue = await self.associated()
                        request = ue.make(method, ue.impu)
                        request.set("from", f"<{uri}>;tag=1")
                        request.set("to", f"<{uri}>")
                        request.fields.append((name, value))
                        self.assertIn(await self.reaction(ue, request),
                                      (200, 400, 404))


class Agreement(Stage):
    """An invented security agreement. Source: the reference, 4.6"""

    # Conformance: SEC-25, SEC-26, REG-10
    async def test_only_the_list_that_was_sent_is_accepted(self):
        lab = await self.stage()
        true = self.agreed.security_server[0]
        wrong = (
            "tls;q=0.1", "ipsec-3gpp;q=0.9", f"{true};x=1", f"{true}, {true}",
            f"{true}, ipsec-3gpp;alg=hmac-sha-1-96", "tls;q=1.0;q=0.9", ";",
            f"ipsec-3gpp, {true}", "tls;;q", f"digest, {true}",
        )
        for value in wrong:
            for state in (self.challenged, self.associated, self.resumed):
                async with self.attempt(f"{state.__name__}: {value!r}",
                                        "4.6"):
                    ue = await state()
                    before = len(await self.core_saw(lab))
                    how = "answer" if state == self.challenged else "blank"
                    request = ue.make_register(how)
                    request.fields.append(("Security-Verify", value))
                    self.assertIn(await self.reaction(ue, request),
                                  (400, 494))
                    self.assertEqual(len(await self.core_saw(lab)), before)
            async with self.attempt(f"MESSAGE: {value!r}", "4.6"):
                ue = await self.associated()
                request = ue.make("MESSAGE", ue.impu, require="sec-agree")
                request.fields.append(("Security-Verify", value))
                self.assertIn(await self.reaction(ue, request), (400, 494))

    # Conformance: SEC-24, SEC-25
    async def test_it_lends_nothing_to_anybody(self):
        await self.stage()
        true = self.agreed.security_server[0]
        for state in (self.fresh, self.challenged, self.resumed):
            async with self.attempt(f"{state.__name__}: the true list",
                                    "4.6, 4.4"):
                ue = await state()
                request = ue.make_register(
                    self.agreed.answerer.blank("ims.test", HOME),
                    impu=self.agreed.impu)
                request.set("call-id", self.agreed.call_id)
                request.add("security-verify", true)
                request.add("security-client", "tls")
                self.assertEqual(await self.reaction(ue, request), 401)


class Tokens(Stage):
    """A flow token in the wrong hands. Source: the reference, 6.9, 9.4"""

    def forged(self, ue):
        """(sentence, Route value) made of somebody else's Path."""
        path = self.path_of(ue)
        head, at, tail = path.partition("@")
        token = head.removeprefix("<sip:t.")

        def uri(text):
            return f"<sip:{text}{at}{tail}"
        yield "as it is", path
        for prefix in ("r.", "n.", "T.", "R.", "t", "", "t..", "t.t.", "%74.",
                       "t%2e", "t.%00", "t.\0"):
            yield f"with the prefix {prefix!r}", uri(prefix + token)
        for place in range(len(token)):
            turned = "A" if token[place] != "A" else "B"
            yield f"octet {place} turned", uri(
                "t." + token[:place] + turned + token[place + 1:])
        for size in (0, 1, 2, len(token) // 2, len(token) - 1):
            yield f"cut to {size}", uri("t." + token[:size])
        for more in ("A", "=", "AAAA", ":pw", ";x", "%41", "A" * 600):
            yield f"and {more[:8]!r}", uri(f"t.{token}{more}")
        yield "in other letters", uri("t." + token.swapcase())
        yield "all zeros", uri("t." + "A" * len(token))
        yield "with two hosts", uri(f"t.{token}@{EVIL}.test")

    # Conformance: TERM-10, TERM-11, ORIG-14
    async def test_from_the_access_side(self):
        await self.stage()
        for victim in self.victims:
            for sentence, route in self.forged(victim):
                async with self.attempt(f"{victim.user}: {sentence}",
                                        "6.9, 9.4"):
                    ue = await self.associated()
                    request = ue.make("MESSAGE", victim.impu, b"psst")
                    request.uri = f"sip:{EVIL}@ims.test"
                    request.set("route", route)
                    got = await self.reaction(ue, request)
                    self.assertIn(got, (400, 403, 404, 480, 430))

    # Conformance: TERM-11, TRUST-06
    async def test_in_other_places_of_a_request(self):
        await self.stage()
        path = self.path_of(self.first)
        uri = path.strip("<>")
        ours = "<sip:edge.ims.test;lr>"
        rows = (
            ("as Request-URI, without Route", uri, ()),
            ("as Request-URI, with a port", uri.replace(";lr", ":5061;lr"),
             ()),
            ("behind our own Route", "", (ours, path)),
            ("before our own Route", "", (path, ours)),
            ("twice", "", (path, path)),
            ("behind a foreign Route", "", ("<sip:eviltwin.test;lr>", path)),
            ("as a strict route", "", (path.replace(";lr", ""),)),
            ("as Request-URI and Route", uri, (path,)),
            ("in a header of the Request-URI",
             f"{self.first.impu}?Route={uri}", ()),
            ("without brackets", "", (uri,)),
            ("as sips", "", (path.replace("sip:", "sips:"),)),
            ("with maddr", "", (path.replace(";lr", ";maddr=127.0.0.1;lr"),)),
        )
        for method in ("MESSAGE", "OPTIONS"):
            for sentence, to, route in rows:
                async with self.attempt(f"{method}: {sentence}", "9.4"):
                    ue = await self.associated()
                    request = ue.make(method, f"sip:{EVIL}@ims.test")
                    request.uri = to or request.uri
                    request.remove("route")
                    for value in route:
                        request.add("route", value)
                    await self.reaction(ue, request)

    # Conformance: POL-01, POL-02, POL-06
    async def test_in_clear(self):
        await self.stage()
        for protocol in ("tcp", "udp"):
            ue = await self.in_clear(protocol)
            for sentence, route in self.forged(self.first):
                async with self.attempt(f"{protocol}: {sentence}", "2.9"):
                    made = [self.request_in_clear(ue, method, route)
                            for method in ("MESSAGE", "ACK", "CANCEL", "BYE")]
                    await self.ignored(ue, *made, flow=ue.clear)

    def request_in_clear(self, ue, method, route):
        made = Message.request(method, self.first.impu)
        made.add("via", f"SIP/2.0/{ue.clear.name} 192.168.1.10:5062;"
                 f"branch={new_branch()};rport").add("max-forwards", 70)
        made.add("from", f"<{ue.impu}>;tag=1").add("to", "<sip:a@ims.test>")
        made.add("call-id", new_branch()).add("cseq", f"1 {method}")
        return made.add("route", route)

    # Conformance: TERM-14
    async def test_at_the_port_of_the_core(self):
        lab = await self.stage()
        at = lab.proxy.address("core")
        for connect in (flows.connect_tcp, flows.connect_udp):
            ue = self.anew()
            ue.clear = await connect(at, ue._on_message, ELSEWHERE)
            self.witness.opened(ue, ue.clear)
            path = self.path_of(self.first)
            sentences = ("MESSAGE", "OPTIONS", "NOTIFY", "REGISTER", "CANCEL",
                         "ACK", "INVITE")
            for method in sentences:
                async with self.attempt(f"{ue.clear.name}: {method}",
                                        "1.3, E35"):
                    before = await self.event("discard_foreign_peer")
                    ue.send(self.request_in_clear(ue, method, path), ue.clear)

                    async def dropped():
                        now = await self.event("discard_foreign_peer")
                        return now > before or not ue.clear.open
                    await until(dropped)
                    self.assertEqual(ue.seen, [])
                    if not ue.clear.open:
                        ue.clear = await connect(at, ue._on_message,
                                                 ELSEWHERE)
                        self.witness.opened(ue, ue.clear)


class Sessions(Stage):
    """The TLS session of somebody else. Source: the reference, 2.6, 5.8"""

    async def thief(self, local=None, version=""):
        """A liar on a connection of a session that it has stolen whole."""
        victim = self.witness.ue(4, version, "<urn:uuid:4>")
        self.assertStatus(await victim.register(), 200)
        victim.keep()
        ue = self.anew()
        ue.context, ue.tls = victim.context, victim.tls
        ue.session, ue.saved = victim.session, victim.sender()
        await ue.connect(resume=True, local=local)
        self.assertTrue(ue.flow.resumed)
        return victim, ue

    # Conformance: ASSOC-15, ASSOC-16, SEC-11
    async def test_a_whole_session_is_a_session_and_no_identity(self):
        await self.stage()
        for version in ("1.2", "1.3"):
            async with self.attempt(f"{version}: under another name", "D12"):
                _, ue = await self.thief(version=version)
                self.assertStatus(await ue.register_once("blank"), 401)
            async with self.attempt(f"{version}: without a REGISTER", "2.6"):
                victim, ue = await self.thief(version=version)
                await self.ignored(ue, ue.make("MESSAGE", ue.impu),
                                   ue.make("OPTIONS", victim.impu))
            async with self.attempt(f"{version}: from elsewhere", "5.7"):
                victim, ue = await self.thief(ELSEWHERE, version)
                blank = victim.answerer.blank("ims.test", HOME)
                self.assertStatus(await ue.register_once(
                    blank, impu=victim.impu), 401)
                self.assertStatus(await victim.register_once("blank"), 200)
            async with self.attempt(f"{version}: with all of it", "D11"):
                # Who has ticket and secret is the phone: 5.8 3, 2.6.
                victim, ue = await self.thief(version=version)
                ue.instance = victim.instance
                self.assertStatus(await ue.register_once(
                    victim.answerer.blank("ims.test", HOME),
                    impu=victim.impu), 200)
                await asyncio.wait_for(victim.flow.ended, 10)

    async def offer(self, victim, version, parts):
        """What the victim's name gets on a session of these parts.

        TLS 1.2 says that a resumption failed, 1.3 as well; both are "closed".
        """
        spare = await self.session_of(5, version, victim.context)
        ue = self.anew()
        ue.context, ue.tls = victim.context, victim.tls
        ue.session, ue.saved = parts.into(spare), victim.sender()
        try:
            await ue.connect(resume=True)
        except (ssl.SSLError, OSError):
            return "closed"
        return await self.reaction(ue, ue.make_register(
            victim.answerer.blank("ims.test", HOME), impu=victim.impu))

    async def session_of(self, number, version, context=None):
        """A session of somebody's own, good for a ticket."""
        ue = self.witness.ue(number, version, f"<urn:uuid:{number}>")
        ue.context = context or ue.context
        self.assertStatus(await ue.register(), 200)
        ue.close()
        return ue.flow.session

    # Conformance: TLS-05, TLS-06, TLS-09
    async def test_a_ticket_without_its_secret_opens_nothing(self):
        await self.stage()
        for version in ("1.2", "1.3"):
            victim = self.witness.ue(4, version)
            self.assertStatus(await victim.register(), 200)
            self.victims = [self.first, self.agreed, victim]
            parts = stolen_session.Parts(victim.flow.session)
            mine = stolen_session.Parts(await self.session_of(5, version))
            ticket, secret = parts.ticket, parts.secret
            for sentence, false in (
                    ("a secret of zeros", bytes(len(secret))),
                    ("the secret with one octet turned",
                     stolen_session.turned(secret, 7)),
                    ("the secret of an own session", mine.secret)):
                async with self.attempt(f"{version}: {sentence}", "5.8"):
                    parts.secret = false
                    self.assertEqual(await self.offer(victim, version, parts),
                                     "closed")
            parts.secret = secret
            for sentence, false in self.forged(ticket, mine.ticket):
                async with self.attempt(f"{version}: a ticket, {sentence}",
                                        "5.8 3"):
                    parts.ticket = false
                    self.assertEqual(await self.offer(victim, version, parts),
                                     401)
                    self.assertFalse(self.liar.flow.resumed)
            # The true one does, or all of the above would prove nothing.
            parts.ticket = ticket
            self.assertEqual(await self.offer(victim, version, parts), 200)
            self.assertTrue(self.liar.flow.resumed)
            self.assertEqual(await self.witness.check(), [])

    def forged(self, ticket, mine):
        """(sentence, ticket that the proxy has never sealed)"""
        for place in (*range(0, len(ticket), 23), -1):
            yield (f"octet {place} turned",
                   stolen_session.turned(ticket, place))
        for cut in (ticket[:1], ticket[:28], ticket[:-1], ticket + b"\0",
                    ticket[16:], ticket * 2):
            yield f"{len(cut)} octets of it", cut
        yield "the head of an own one", mine[:28] + ticket[28:]
        yield "the tail of an own one", ticket[:-16] + mine[-16:]

if __name__ == "__main__":
    unittest.main()
