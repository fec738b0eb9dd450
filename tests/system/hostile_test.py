"""Bad input on every port, and those who behave are served meanwhile."""

import asyncio
import itertools
import socket
import ssl
import struct
import unittest

from lab.lab import until
from system.system_test import SystemTest, each, raise_descriptor_limit

BAD_CONNECTIONS = 10_000
GROWTH_BYTES_MAX = 16 << 20
REGISTER_HEAD = b"REGISTER sip:ims.test SIP/2.0\r\nVia: SIP/2.0/TCP a;branch="

GARBAGE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 8,
    "zeros": b"\0" * 4096,
    "line ends": b"\r\n" * 2000,
    "half a start line": b"REGIST",
    "http": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "no length": b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n",
    "two lengths": b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n"
                   b"Content-Length: 9\r\n\r\n",
    "length of minus one": b"OPTIONS sip:a SIP/2.0\r\n"
                           b"Content-Length: -1\r\n\r\n",
    "no colon": b"OPTIONS sip:a SIP/2.0\r\nhello\r\nContent-Length: 0"
                b"\r\n\r\n",
    "a long line": b"OPTIONS sip:a SIP/2.0\r\nX: " + b"x" * 20000,
    "many lines": b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 5000,
    "a ClientHello cut short": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a record too long": b"\x16\x03\x01\xff\xff" + b"\0" * 1000,
    "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
}


async def pour(address, data, end="close"):
    """Connect, write, and leave, as rudely as asked; never raises."""
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET)
    sock.setblocking(False)
    try:
        await loop.sock_connect(sock, address)
        await loop.sock_sendall(sock, data)
        if end == "wait":
            while await loop.sock_recv(sock, 65536):
                pass
    except OSError:
        pass
    finally:
        if end == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
        sock.close()


async def law_holds(lab):
    """Every connection that was accepted is open or closed for a reason."""
    metrics = await lab.proxy.metrics()
    begun = (metrics.sum("sallyport_net_connections_accepted_total")
             + metrics.sum("sallyport_net_connections_adopted_total")
             + metrics.sum("sallyport_net_connections_made_total"))
    ended = metrics.sum("sallyport_net_connections_closed_total")
    return begun == ended + metrics.sum("sallyport_net_connections_open")


class Garbage(SystemTest):

    # Conformance: ERR-01, PARSE-11, PARSE-17, PARSE-18
    async def test_on_any_port_it_is_dropped_and_others_are_served(self):
        lab = await self.lab(message_timeout="500ms", handshake_timeout="500ms")
        ue = lab.ue(0)
        await ue.register()
        for (name, data), port, end in itertools.product(
                GARBAGE.items(), ("tls", "sip", "core"), ("close", "reset")):
            await pour(lab.proxy.address(port), data, end)
            self.assertStatus(await ue.register_once("blank"), 200)
        await until(lambda: law_holds(lab))

    # Conformance: ERR-01
    async def test_inside_of_tls_too(self):
        lab = await self.lab(message_timeout="500ms")
        good = lab.ue(0)
        await good.register()
        for name, data in GARBAGE.items():
            with self.subTest(name):
                bad = lab.ue(1)
                await bad.connect()
                bad.raw(data or b"\r\n")
                bad.drop(reset=True)
                self.assertStatus(await good.register_once("blank"), 200)

    # Conformance: PARSE-17
    async def test_in_datagrams(self):
        lab = await self.lab()
        ue = lab.ue(0)
        ue.sec_agree = True
        await ue.connect_clear("udp")
        for port in ("sip", "core"):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for data in GARBAGE.values():
                sock.sendto(data[:60000], lab.proxy.address(port))
            sock.close()

        self.assertStatus(await ue.register_once("blank", ue.clear), 401)
        self.assertEqual(len(ue.seen), 1)

    # Conformance: TLS-14
    async def test_a_stream_of_the_wrong_sort_is_closed(self):
        lab = await self.lab()
        async with asyncio.timeout(10):
            await pour(lab.proxy.address("tls"), GARBAGE["http"], "wait")
            await pour(lab.proxy.address("sip"),
                       GARBAGE["a record too long"], "wait")


class Slowness(SystemTest):

    async def test_a_message_must_end_in_time(self):
        lab = await self.lab(message_timeout="300ms")
        async with asyncio.timeout(10):
            await pour(lab.proxy.address("sip"), REGISTER_HEAD, "wait")
        ue = lab.ue(0)
        await ue.register()
        ue.raw(REGISTER_HEAD)
        async with asyncio.timeout(10):
            await ue.flow.ended

    async def test_a_handshake_must_end_in_time(self):
        lab = await self.lab(handshake_timeout="300ms")
        for data in (b"", GARBAGE["a ClientHello cut short"]):
            async with asyncio.timeout(10):
                await pour(lab.proxy.address("tls"), data, "wait")
        await until(lambda: law_holds(lab))

    async def test_a_peer_that_reads_nothing_is_given_up(self):
        lab = await self.lab(queued_bytes_max=131072)
        slow, good = lab.ue(0), lab.ue(1)
        await slow.register()
        await good.register()
        slow.flow.transport.pause_reading()
        body = "x" * 40_000
        asked = [asyncio.ensure_future(lab.core.control(
            "send", to=slow.impu, body=body, timeout_s=20))
            for _ in range(400)]

        async def given_up():
            metrics = await lab.proxy.metrics()
            return metrics.sum("sallyport_net_connections_closed_total",
                               reason="slow_peer")
        await until(given_up, timeout_s=30)
        answer = await lab.core.control("send", to=good.impu, timeout_s=5)
        self.assertEqual(answer["status"], 200)
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


class Leaving(SystemTest):

    # Conformance: ERR-10, REG-18
    async def test_a_peer_may_vanish_at_every_step(self):
        lab = await self.lab()
        good = lab.ue(0)
        await good.register()

        async def after_hello(ue):
            await pour(lab.proxy.address("tls"), client_hello(), "reset")

        async def after_handshake(ue):
            await ue.connect()

        async def after_request(ue):
            await ue.connect()
            ue.send(ue.make_register())

        async def after_challenge(ue):
            await ue.connect()
            await ue.register_once()

        async def after_answer(ue):
            await after_challenge(ue)
            ue.send(ue.make_register("answer"))

        async def after_success(ue):
            await ue.register()

        async def after_message(ue):
            await ue.register()
            ue.send(ue.make("MESSAGE", good.impu, b"bye"))

        for step in (after_hello, after_handshake, after_request,
                     after_challenge, after_answer, after_success,
                     after_message):
            with self.subTest(step.__name__):
                for _ in range(10):
                    ue = lab.ue(1)
                    await step(ue)
                    if ue.flow:
                        ue.drop(reset=True)
                self.assertStatus(await good.register_once("blank"), 200)
        await until(lambda: law_holds(lab))


def client_hello():
    """The first bytes of a real handshake."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing,
                              server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Bounds(SystemTest):

    # Conformance: ERR-05, PROXY-28
    async def test_a_full_association_table_refuses_the_newcomer(self):
        lab = await self.lab(shards=1, associations_max=2)
        inside = [lab.ue(0), lab.ue(1)]
        for ue in inside:
            self.assertStatus(await ue.register(), 200)

        response = await lab.ue(2).register()

        self.assertStatus(response, 503)
        self.assertTrue(response.has("retry-after"))
        for ue in inside:
            self.assertStatus(await ue.register_once("blank"), 200)
        await inside[0].deregister()
        inside[0].close()
        self.assertStatus(await lab.ue(3).register(), 200)

    async def test_a_full_connection_table_serves_those_inside(self):
        lab = await self.lab(shards=1, connections_max=16)
        ue = lab.ue(0)
        await ue.register()
        socks = [socket.create_connection(lab.proxy.address("sip"))
                 for _ in range(40)]

        async def refused():
            metrics = await lab.proxy.metrics()
            return metrics.sum("sallyport_net_accepts_refused_total")
        await until(refused)
        self.assertStatus(await ue.register_once("blank"), 200)

        for sock in socks:
            sock.close()

        async def admitted():
            try:
                return (await lab.ue(1).register()).status == 200
            except OSError:
                return False
        await until(admitted)

    async def test_handshakes_at_once_are_bounded(self):
        lab = await self.lab(shards=1, handshakes_max=2,
                             handshake_timeout="1s")
        ue = lab.ue(0)
        await ue.register()
        socks = [socket.create_connection(lab.proxy.address("tls"))
                 for _ in range(10)]
        self.assertStatus(await ue.register_once("blank"), 200)
        for sock in socks:
            sock.close()

        async def admitted():
            try:
                return (await lab.ue(1).register()).status == 200
            except OSError:
                return False
        await until(admitted)

    # Conformance: ERR-05
    async def test_a_full_transaction_table_means_503(self):
        lab = await self.lab(shards=1, transactions_max=16)
        ue = lab.ue(0)
        await ue.register()
        await lab.core.control("fault", kind="drop")
        requests = [ue.make("MESSAGE", ue.impu) for _ in range(40)]
        for request in requests:
            ue.send(request)

        async def refused():
            return any(r.message.status == 503 for r in ue.seen)
        await until(refused)

        self.assertTrue(ue.flow.open)

    # Conformance: ERR-05, PROXY-28
    async def test_a_silent_core_gets_so_many_registers_and_no_more(self):
        lab = await self.lab(people=5, shards=1, core_registers_max=4)
        inside, *crowd, late = (lab.ue(n) for n in range(5))
        await inside.register()
        await lab.core.control("fault", kind="drop")
        for ue in crowd:
            await ue.connect()
            ue.send(ue.make_register("blank"))

        async def all_at_the_core():
            return len({m["from"] for m in await lab.seen(
                method="REGISTER", status=0)}) == 1 + len(crowd)
        await until(all_at_the_core)

        response = await late.register()

        self.assertStatus(response, 503)
        self.assertIn(int(response.get("retry-after")), range(30, 60))
        metrics = await lab.proxy.metrics()
        self.assertEqual(metrics.sum("sallyport_core_events_total",
                                     event="core_registers_full"), 1)
        await lab.core.control("clear")
        self.assertStatus(await inside.register_once("blank"), 200)

    # Conformance: PARSE-18
    async def test_what_is_too_long_is_refused(self):
        lab = await self.lab()
        for field, status in ((("x-long", "x" * 20_000), 513),
                              (("x-body", ""), 413)):
            ue = lab.ue(0)
            await ue.register()
            request = ue.make("MESSAGE", ue.impu)
            request.add(*field)
            if status == 413:
                request.body = b"x" * 60_000
            ue.send(request)

            async with asyncio.timeout(10):
                await ue.flow.ended
            self.assertIn(status, [r.message.status for r in ue.seen])


class Sources(SystemTest):

    async def test_one_source_gets_its_share_of_connections(self):
        lab = await self.lab(shards=1, connections_per_source_max=2)
        first, second, third = (lab.ue(n) for n in range(3))
        await first.register()
        await second.connect()

        with self.assertRaises(OSError):
            await third.connect()
        second.close()

        async def let_in():
            try:
                await third.connect()
            except OSError:
                return False
            return True
        await until(let_in)
        metrics = await lab.proxy.metrics()
        self.assertGreaterEqual(metrics.sum(
            "sallyport_net_connections_closed_total",
            reason="too_many_from_source"), 1)
        self.assertStatus(await first.register_once("blank"), 200)


class Endurance(SystemTest):

    async def test_ten_thousand_bad_connections_leave_nothing_behind(self):
        raise_descriptor_limit()
        lab = await self.lab(message_timeout="1s", handshake_timeout="1s")
        good = lab.ue(0)
        await good.register()
        await self.assault(lab, BAD_CONNECTIONS // 4)
        await until(lambda: self.quiet(lab), timeout_s=30)
        descriptors = lab.proxy.descriptors()
        resident = lab.proxy.resident_bytes()

        served = asyncio.ensure_future(self.serve(good))
        await self.assault(lab, BAD_CONNECTIONS)
        served.cancel()

        await until(lambda: self.quiet(lab), timeout_s=30)
        await until(lambda: law_holds(lab))
        self.assertGreater(len(good.seen), 5)
        self.assertTrue(good.flow.open)
        self.assertLessEqual(lab.proxy.descriptors(), descriptors + 4)
        metrics = await lab.proxy.metrics()
        accepted = metrics.sum("sallyport_net_connections_accepted_total")
        if lab.proxy.sanitized():
            # Too slow for the kernel's queue, which drops what it cannot hold.
            self.assertGreater(accepted, BAD_CONNECTIONS // 4)
        else:
            self.assertGreaterEqual(accepted, BAD_CONNECTIONS)
            self.assertLess(lab.proxy.resident_bytes(),
                            resident + GROWTH_BYTES_MAX)

    async def serve(self, ue):
        """Somebody who behaves, all the time."""
        while True:
            self.assertStatus(await ue.register_once("blank"), 200)

    async def quiet(self, lab):
        metrics = await lab.proxy.metrics()
        open_now = metrics.sum("sallyport_net_connections_open")
        links = metrics.sum("sallyport_proxy_core_links_open")
        return open_now <= links + 1 + 1  # the good UE and the core's own

    async def assault(self, lab, count):
        hello = client_hello()
        data = itertools.cycle([*GARBAGE.values(), hello, hello + hello])
        ports = itertools.cycle(["tls", "tls", "sip", "core"])
        ends = itertools.cycle(["close", "reset", "reset"])

        async def bad(number):
            if number % 50 == 0:  # some do finish the handshake
                ue = lab.ue(1)
                try:
                    await ue.connect()
                    ue.raw(next(data) or b"\0")
                    ue.drop(reset=True)
                except (OSError, ssl.SSLError):
                    pass
                lab.ues.remove(ue)
                return
            await pour(lab.proxy.address(next(ports)), next(data), next(ends))
        await each(range(count), bad)


if __name__ == "__main__":
    unittest.main()
