"""Ports for programs that cannot be told to take any free one."""

import random
import socket

EPHEMERAL = "/proc/sys/net/ipv4/ip_local_port_range"


def free_port():
    """A port of 127.0.0.1 that is free for TCP and UDP at this moment, and that no
    outgoing connection takes by itself."""
    with open(EPHEMERAL, encoding="ascii") as file:
        first_ephemeral = int(file.read().split()[0])
    last = max(first_ephemeral, 10_500)
    for port in random.sample(range(10_000, last), 400):
        if _is_free(port):
            return port
    raise OSError("no port is free on 127.0.0.1")


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
