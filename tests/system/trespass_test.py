"""What a phone may not say, and what it may not do to others by other means
than a false name: trusted header fields, other people's transactions, smuggled
requests, addresses of victims.

Each row has its sentence and its clause of the reference; after each, and so at
the end, the witness compares what the core and all phones got with the truth.
"""

import asyncio
import unittest

from lab.lab import until
from sip.message import new_branch, response_to
from system.disguises import DRESSES, PASSES, TRUST_LIST
from system.stage import ELSEWHERE, Stage, Trap, rebranded
from system.witness import EVIL, NEVER, OURS
from ue import flow as flows

HOME = "sip:ims.test"


class TrustBoundary(Stage):
    """What only the network may say. Source: the reference, 3, 9.1"""

    def dressed(self, dress):
        """Every header field of the list in this dress, fillers once."""
        fields = []
        for name, value in TRUST_LIST.items():
            for field in dress(name, value):
                filler = field[0] in ("Subject", "X-Empty")
                if not filler or field not in fields:
                    fields.append(field)
        return fields

    def rows(self):
        for sentence, dress, may in DRESSES:
            yield sentence, self.dressed(dress), may
        many = [(f"X-{n}", "y") for n in range(75)]
        yield "behind 75 others", many + list(TRUST_LIST.items()), PASSES
        network = "IEEE-802.11, EVILTWIN-A;NETWORK-provided, IEEE-802.11a, " \
            "EVILTWIN-B ; network-provided ,IEEE-802.11b"
        yield "between siblings", [("P-Access-Network-Info", network)], PASSES
        yield "as a quoted value", [
            ("P-Access-Network-Info",
             'EVILTWIN;x="a,b\\"";network-provided')], PASSES

    # Conformance: TRUST-01, TRUST-03, TRUST-04, REG-06, REG-07, REG-12
    async def test_in_a_register(self):
        await self.stage()
        for sentence, fields, may in self.rows():
            for state in (self.fresh, self.associated):
                async with self.attempt(f"REGISTER, {state.__name__}: "
                                        f"{sentence}", "3.1, 9.1"):
                    ue = await state()
                    request = ue.make_register("blank")
                    request.fields += fields
                    self.assertIn(await self.fate(ue, request), may)
            async with self.attempt(f"REGISTER in clear: {sentence}",
                                    "3.1, 9.1"):
                ue = await self.in_clear()
                request = ue.make_register("blank", ue.clear)
                request.fields += fields
                self.assertIn(await self.fate(ue, request, ue.clear), may)

    # Conformance: TRUST-01, TRUST-03, TRUST-04, ORIG-05, ORIG-12
    async def test_in_requests(self):
        await self.stage()
        for method in ("MESSAGE", "OPTIONS"):
            for sentence, fields, may in self.rows():
                async with self.attempt(f"{method}: {sentence}", "3.3, 9.1"):
                    ue = await self.associated()
                    request = ue.make(method, self.first.impu)
                    request.fields += fields
                    self.assertIn(await self.fate(ue, request), may)

    # Conformance: TRUST-01, TRUST-03, TERM-07, TERM-08
    async def test_in_responses(self):
        lab = await self.stage()
        for method in ("MESSAGE", "OPTIONS"):
            for status in (200, 486):
                for sentence, fields, may in self.rows():
                    async with self.attempt(
                            f"{status} to {method}: {sentence}", "3.3, 9.1"):
                        await self.answered_with(lab, method, status, fields,
                                                 may)

    async def answered_with(self, lab, method, status, fields, may):
        ue = await self.associated()
        ue.answer, ue.inbox = lambda request: None, asyncio.Queue()
        asked = asyncio.ensure_future(lab.core.control(
            "send", to=ue.impu, method=method, timeout_s=10))
        request = await ue.next_request(method)
        response = response_to(request, status)
        response.fields += fields
        ue.send(response)
        if may != PASSES:  # if it was dropped, a clean one is not
            ue.send(response_to(request, status))
        try:
            got = (await asked)["status"]
        finally:
            ue.answer = lambda request: 200
        self.assertIn(got, (status, 480))

    async def test_the_list_is_the_whole_list(self):
        known = {name.lower() for name in TRUST_LIST}
        self.assertEqual(set(NEVER + OURS) - known,
                         {"security-client", "security-verify"})


class Elsewhere(Stage):
    """Messages of other people's transactions. Source: 6.6, 9.4"""

    # Conformance: TERM-12, PROXY-16, ERR-08
    async def test_answers_and_cancels_from_another_connection(self):
        lab = await self.stage()
        for victim in self.victims:
            victim.answer = lambda request: None
            victim.inbox = asyncio.Queue()
            asked = asyncio.ensure_future(lab.core.control(
                "send", to=victim.impu, timeout_s=60))
            request = await victim.next_request("MESSAGE")
            victim.answer = lambda request: 200
            await self.disturb(victim, request)
            self.assertFalse(asked.done())
            victim.respond(request, 488)
            self.assertEqual((await asked)["status"], 488)

    async def disturb(self, victim, request):
        """Everything that could end the victim's transaction for it."""
        rows = [(f"{status} with the victim's branch", "9.4",
                 response_to(request, status))
                for status in (100, 180, 200, 302, 401, 486, 603)]
        for place in (8, 12, -1):
            odd = response_to(request, 200)
            branch = request.branch
            odd.set_all("via", [v.replace(branch, _turned(branch, place))
                                for v in odd.all("via")])
            rows.append((f"200 with octet {place} of the branch turned",
                         "9.4", odd))
        bare = response_to(request, 200)
        rows.append(("200 with our Via alone", "9.4", bare.set_all(
            "via", bare.all("via")[:1])))
        for sentence, clause, message in rows:
            async with self.attempt(sentence, clause):
                ue = await self.fresh()
                await self.ignored(ue, message)
            async with self.attempt(f"{sentence}, in clear", clause):
                ue = await self.in_clear()
                await self.ignored(ue, message, flow=ue.clear)
            async with self.attempt(f"{sentence}, associated", clause):
                ue = await self.associated()
                ue.send(message)
                self.assertStatus(await ue.register_once("blank"), 200)
        for method in ("CANCEL", "ACK"):
            async with self.attempt(f"{method} with the victim's branch",
                                    "6.6, 6.7"):
                ue = await self.associated()
                made = ue.make(method, request.uri)
                made.set_all("via", request.all("via"))
                for name in ("from", "to", "call-id"):
                    made.set(name, request.get(name))
                ue.send(made)
                self.assertStatus(await ue.register_once("blank"), 200)

    # Conformance: POL-02, POL-05, TERM-12, ERR-09
    async def test_the_registrars_word_from_somebody_else(self):
        lab = await self.stage()
        await lab.core.control("fault", kind="delay", delay_s=1.0, count=1)
        ue = await self.fresh()
        pending = ue.make_register(
            self.first.answerer.blank("ims.test", HOME), impu=self.first.impu)
        ue.send(pending)

        async def forwarded():
            return [r for r in await self.core_saw(lab)
                    if r.call_id == pending.call_id]
        at_core, = await until(forwarded)
        made = response_to(at_core, 200)
        made.add("contact", f"{ue.contact};expires=3600")
        made.add("p-associated-uri", f"<{self.first.impu}>")
        made.add("service-route", f"<sip:{EVIL}.test;lr>")
        helper = self.witness.ue(3)
        await helper.connect()
        helper.send(made)
        self.assertStatus(await helper.register_once(), 401)
        await helper.connect_clear("udp")
        helper.send(made, helper.clear)
        core_port = await flows.connect_udp(lab.proxy.address("core"),
                                            helper._on_message, ELSEWHERE)
        self.witness.opened(helper, core_port)
        helper.send(made, core_port)
        core_port.close()

        async def answered():
            return any(r.message.transaction == pending.transaction
                       for r in ue.seen)
        await until(answered)
        self.assertEqual([r.message.status for r in ue.seen], [401])
        async with self.attempt("a 200 that the core did not say", "5.3"):
            message = ue.make("MESSAGE", self.first.impu)
            await self.ignored(ue, message)


def _turned(text, place):
    place %= len(text)
    other = "a" if text[place] != "a" else "b"
    return text[:place] + other + text[place + 1:]


class TooEarly(Stage):
    """Requests before the 200. Source: the reference, 2.6, 2.8"""

    # Conformance: ORIG-01, ASSOC-16
    async def test_are_ignored_on_every_connection(self):
        await self.stage()
        for state in (self.fresh, self.challenged):
            for method in ("MESSAGE", "OPTIONS", "INVITE", "SUBSCRIBE",
                           "BYE", "ACK", "CANCEL", "REFER", "LEVITATE"):
                for preferred in (self.first.impu, self.liar.impu):
                    async with self.attempt(f"{state.__name__}: {method} as "
                                            f"{preferred}", "2.8 1"):
                        ue = await state()
                        await self.ignored(ue, ue.make(
                            method, self.first.impu,
                            p_preferred_identity=f"<{preferred}>"))
        for method in ("MESSAGE", "OPTIONS", "INVITE", "ACK"):
            async with self.attempt(f"resumed: {method}", "2.6"):
                ue = await self.resumed()
                message = ue.make(method, self.first.impu)
                ue.send(message)
                self.assertStatus(await ue.register_once("blank"), 200)
                self.assertNotIn(message.transaction, [
                    r.message.transaction for r in ue.seen])

    # Conformance: ORIG-01, PARSE-09
    async def test_nor_do_they_pass_in_the_wake_of_a_register(self):
        await self.stage()
        for state, how in ((self.fresh, None), (self.fresh, "blank"),
                           (self.challenged, "wrong")):
            async with self.attempt(f"{state.__name__}, {how}", "2.8 1"):
                ue = await state()
                if how == "wrong":
                    ue.answerer.password = "wrong"
                    how = "answer"
                register = ue.make_register(how)
                follow = ue.make("MESSAGE", self.first.impu)
                for one in (register, follow):
                    one.set("x-sent-on", ue.sender().number)
                    self.witness.sent(ue.sender(), one.to_bytes())
                ue.flow.send(register.to_bytes() + follow.to_bytes())

                async def answered():
                    return any(r.message.transaction == register.transaction
                               for r in ue.seen)
                await until(answered)
                self.assertEqual(len(ue.received()), 0)
                self.assertNotIn(follow.transaction, [
                    r.message.transaction for r in ue.seen])


class Smuggling(Stage):
    """Requests inside of requests. Source: the reference, 8.2, E8, E9"""

    def inner(self, ue):
        made = ue.make("MESSAGE", self.first.impu, b"smuggled")
        made.add("p-asserted-identity", f"<{self.first.impu}>")
        made.add("x-smuggled", "yes")
        return made.to_bytes()

    async def outcome(self, ue, data):
        """What the core saw of it: (requests, of which smuggled ones)."""
        before = len(await self.core_saw(self.network, "MESSAGE"))
        ue.raw(data)
        if ue.flow.open:
            try:
                await ue.register_once(timeout_s=5)
            except (ConnectionError, TimeoutError):
                ue.close()
        seen = (await self.core_saw(self.network, "MESSAGE"))[before:]
        seen = [m for m in seen if m.has("x-sent-on")
                and m.get("from").startswith(f"<{self.liar.impu}>")]
        return len(seen), sum(m.has("x-smuggled") for m in seen)

    # Conformance: PARSE-11, ERR-04
    async def test_no_length_makes_two_of_one(self):
        await self.stage()
        ue = await self.associated()
        size = len(self.inner(ue))
        rows = (  # sentence, Content-Length fields, what reaches the core
            ("its true length", f"Content-Length: {size}", {(1, 0)}),
            ("the true length, compact", f"l: {size}", {(1, 0)}),
            ("two equal lengths", f"Content-Length: {size}\r\n"
             f"Content-Length: {size}", {(0, 0)}),
            ("two lengths, the first short", f"Content-Length: 0\r\n"
             f"Content-Length: {size}", {(0, 0)}),
            ("two lengths, the last short", f"Content-Length: {size}\r\n"
             "Content-Length: 0", {(0, 0)}),
            ("a short one in compact form", f"Content-Length: {size}\r\n"
             "l: 0", {(0, 0)}),
            ("a short one with a space", f"Content-Length: {size}\r\n"
             "content-length : 0", {(0, 0)}),
            ("a list", f"Content-Length: {size}, 0", {(0, 0)}),
            ("a list, the first short", f"Content-Length: 0, {size}",
             {(0, 0)}),
            ("a negative one", "Content-Length: -1", {(0, 0)}),
            ("a sign", f"Content-Length: +{size}", {(0, 0)}),
            ("hexadecimal", f"Content-Length: {size:#x}", {(0, 0)}),
            ("a fraction", f"Content-Length: {size}.0", {(0, 0)}),
            ("an overflow", f"Content-Length: {(1 << 32) + size}",
             {(0, 0)}),
            ("a larger overflow", f"Content-Length: {(1 << 64) + size}",
             {(0, 0)}),
            ("words behind it", f"Content-Length: {size} bytes", {(0, 0)}),
            ("two numbers", f"Content-Length: 0 {size}", {(0, 0)}),
            ("none at all", "X-Length: 0", {(0, 0)}),
            ("nothing behind the colon", "Content-Length:", {(0, 0)}),
            ("in the folded part", f"Content-Length:\r\n {size}",
             {(1, 0), (0, 0)}),
            ("folded between digits", f"Content-Length: 0\r\n {size}",
             {(0, 0)}),
            ("behind a lone LF", f"Subject: a\nContent-Length: {size}",
             {(0, 0)}),
            ("behind a lone CR", f"Subject: a\rContent-Length: {size}",
             {(0, 0)}),
            ("behind a NUL", f"\0Content-Length: {size}", {(0, 0)}),
            ("leading zeros", f"Content-Length: 000{size}",
             {(1, 0), (0, 0)}),
        )
        for sentence, length, outcomes in rows:
            async with self.attempt(sentence, "8.2, E8, E9"):
                ue = await self.associated()
                outer = ue.make("MESSAGE", ue.impu).to_bytes()
                data = outer.replace(b"Content-Length: 0",
                                     length.encode()) + self.inner(ue)
                self.assertIn(await self.outcome(ue, data), outcomes)

    # Conformance: ERR-04
    async def test_a_chunked_body_is_no_body(self):
        await self.stage()
        for coding in ("chunked", "identity"):
            async with self.attempt(coding, "8.2"):
                ue = await self.associated()
                outer = ue.make("MESSAGE", ue.impu, b"0\r\n\r\n")
                outer.add("transfer-encoding", coding)
                data = outer.to_bytes()
                self.assertEqual(await self.outcome(ue, data), (1, 0))

    # Conformance: PARSE-08, PARSE-09
    async def test_what_follows_is_a_request_of_its_own_sender(self):
        await self.stage()
        for sentence, surplus in (("at once", b""), ("a ping", b"\r\n\r\n"),
                                  ("one line end", b"\r\n")):
            async with self.attempt(f"{sentence} between", "8.2"):
                ue = await self.associated()
                outer, inner = (
                    ue.make("MESSAGE", ue.impu, b"x"),
                    ue.make("MESSAGE", self.first.impu, b"y",
                            p_preferred_identity=f"<{self.first.impu}>",
                            p_asserted_identity=f"<{self.first.impu}>"))
                for one in (outer, inner):
                    one.set("x-sent-on", ue.sender().number)
                    self.witness.sent(ue.sender(), one.to_bytes())
                ue.flow.send(outer.to_bytes() + surplus + inner.to_bytes())

                async def both():
                    return {outer.transaction, inner.transaction} <= {
                        r.message.transaction for r in ue.seen}
                await until(both)

    # Conformance: PARSE-12
    async def test_what_a_datagram_has_too_much_is_cut_off(self):
        lab = await self.stage()
        async with self.attempt("a second REGISTER in a datagram", "8.2"):
            ue = await self.in_clear("udp")
            outer = ue.make_register("blank", ue.clear)
            inner = rebranded(ue.make_register(
                self.first.answerer.blank("ims.test", HOME), ue.clear))
            inner.set("x-sent-on", ue.sender(ue.clear).number)
            before = len(await self.core_saw(lab))
            ue.raw(outer.to_bytes() + inner.to_bytes(), ue.clear)
            self.assertStatus(await ue.register_once("blank", ue.clear), 401)
            seen = (await self.core_saw(lab))[before:]
            self.assertEqual(len(seen), 2)
            self.assertFalse(any(inner.branch in m.get("via") or
                                 len(m.body) for m in seen))


class Victims(Stage):
    """Addresses that a phone names. Source: the reference, 6.1, 9.4"""

    # Conformance: PROXY-22, PROXY-27, TERM-02, REG-12
    async def test_nobody_is_called_at_them(self):
        await self.stage()
        trap = await Trap().start()
        self.addCleanup(trap.close)
        host, port = trap.address
        top = f"SIP/2.0/%s {trap.name};branch=%s"
        ways = (
            ("sent-by", top), ("maddr", f"{top};maddr={host};rport"),
            ("received", f"{top};received={host}"),
            ("rport with a value", f"{top};rport={port};received={host}"),
            ("rport twice", f"{top};rport;rport={port}"),
            ("alias", f"{top};alias;rport"),
            ("all of them", f"{top};maddr={host};received={host};"
             f"rport={port};alias;ttl=9;keep"),
            ("a comma", f"{top};rport, SIP/2.0/UDP {trap.name};branch=1"),
            ("a broadcast maddr", f"{top};maddr=255.255.255.255;rport"),
        )
        fields = (
            ("contact", f"<sip:{EVIL}@{trap.name}>;expires=3600"),
            ("route", f"<sip:{trap.name};lr>"),
            ("record-route", f"<sip:{trap.name};lr>"),
            ("path", f"<sip:{trap.name};lr>"),
            ("reply-to", f"<sip:{trap.name}>"),
            ("call-info", f"<sip:{trap.name}>;purpose=info"),
        )
        for protocol in ("tcp", "udp", "tls"):
            for sentence, via in ways:
                async with self.attempt(f"{protocol}: {sentence}",
                                        "6.1, 9.4"):
                    ue = await (self.fresh() if protocol == "tls"
                                else self.in_clear(protocol))
                    flow = ue.flow or ue.clear
                    request = ue.make_register("blank", flow, extra=fields)
                    request.set("via", via % (flow.name, new_branch()))
                    ue.send(request, flow)
                    probe = await ue.register_once("blank", flow)
                    self.assertStatus(probe, 401)
                    self.assertEqual(trap.got, [])

    # Conformance: TRUST-06, ORIG-09
    async def test_no_request_is_relayed_to_them(self):
        await self.stage()
        trap = await Trap().start()
        self.addCleanup(trap.close)
        uri = f"sip:{EVIL}@{trap.name}"
        rows = (
            ("Request-URI", uri, None), ("Route", "", f"<sip:{trap.name};lr>"),
            ("strict Route", "", f"<sip:{trap.name}>"),
            ("maddr of the Request-URI",
             f"sip:{EVIL}@ims.test;maddr={trap.address[0]}", None),
            ("Route behind ours", "",
             f"<sip:edge.ims.test;lr>, <sip:{trap.name};lr>"),
            ("Service-Route and Route", "",
             f"{{route}}, <sip:{trap.name};lr>"),
        )
        for method in ("MESSAGE", "OPTIONS"):
            for sentence, to, route in rows:
                async with self.attempt(f"{method}: {sentence}", "9.4"):
                    ue = await self.associated()
                    request = ue.make(method, to or self.liar.impu)
                    if route:
                        request.set("route", route.format(
                            route=ue.service_route[0]))
                    await self.reaction(ue, request)
                    self.assertEqual(trap.got, [])


if __name__ == "__main__":
    unittest.main()
