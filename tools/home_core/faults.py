"""Misbehaviour on command: what a broken or overloaded core would do."""

import asyncio
from dataclasses import dataclass

from sip.message import response_to

KINDS = ("drop", "delay", "status", "close", "half_close", "half_stall")


@dataclass
class Fault:
    """One misbehaviour towards requests of a method ("" for all)."""
    kind: str
    method: str = ""
    count: int = -1  # how many requests; -1 for all until cleared
    delay_s: float = 0
    status: int = 503
    headers: tuple = ()

    def hits(self, request):
        if self.count == 0 or self.method not in ("", request.method):
            return False
        self.count -= self.count > 0
        return True


class Faults:

    def __init__(self):
        self.active = []

    def add(self, **fields):
        if fields.get("kind") not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self.active.append(Fault(**fields))

    def clear(self):
        self.active = []

    def pick(self, request):
        if request.method == "ACK":
            return None
        return next((f for f in self.active if f.hits(request)), None)


def apply(fault, request, peer, handle, reply):
    """Do to this request what the fault says.

    `handle()` answers as without a fault, `reply(response)` sends.
    """
    match fault.kind:
        case "drop":
            pass
        case "delay":
            asyncio.get_running_loop().call_later(fault.delay_s, handle)
        case "status":
            response = response_to(request, fault.status)
            for name, value in fault.headers:
                response.add(name, value)
            reply(response)
        case "close":
            peer.close()
        case "half_close" | "half_stall":
            whole = response_to(request, 200).to_bytes()
            peer.send(whole[:len(whole) // 2])
            if fault.kind == "half_close":
                peer.close()
