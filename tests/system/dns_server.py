"""A DNS server on a port of its own: answers from a table, over UDP."""

import asyncio
import socket
import struct

TYPES = {"A": 1, "SOA": 6, "AAAA": 28, "SRV": 33, "NAPTR": 35}
NO_SUCH_NAME, SERVER_FAILURE = 3, 2


def labels(name):
    parts = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def text(value):
    return bytes([len(value)]) + value.encode()


def a(address):
    return "A", socket.inet_aton(address)


def srv(priority, weight, port, target):
    return "SRV", struct.pack("!HHH", priority, weight, port) + labels(target)


def naptr(order, service, replacement):
    return "NAPTR", (struct.pack("!HH", order, 0) + text("s") + text(service) +
                     text("") + labels(replacement))


class DnsServer(asyncio.DatagramProtocol):
    """`records`: by name, a list of what a(), srv() and naptr() give."""

    def __init__(self, records, ttl=60):
        self.records = records
        self.ttl = ttl
        self.failing = False
        self.asked = []  # (name, type)
        self.transport = None

    async def start(self):
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0))
        return self

    @property
    def address(self):
        return "%s:%d" % self.transport.get_extra_info("sockname")[:2]

    def stop(self):
        self.transport.close()

    def datagram_received(self, data, peer):
        name, end = self.question(data)
        kind, = struct.unpack_from("!H", data, end)
        self.asked.append((name, kind))
        code, answers = 0, []
        if self.failing:
            code = SERVER_FAILURE
        elif name not in self.records:
            code = NO_SUCH_NAME
        else:
            answers = [value for known, value in self.records[name]
                       if TYPES[known] == kind]
        head = struct.pack("!HHHHHH", struct.unpack_from("!H", data)[0],
                           0x8580 | code, 1, len(answers), 0, 0)
        body = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, self.ttl, len(value)) +
            value for value in answers)
        self.transport.sendto(head + data[12:end + 4] + body, peer)

    @staticmethod
    def question(data):
        parts, at = [], 12
        while data[at]:
            parts.append(data[at + 1:at + 1 + data[at]].decode())
            at += 1 + data[at]
        return ".".join(parts).lower(), at + 1
