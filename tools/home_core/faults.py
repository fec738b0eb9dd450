"""Misbehaviour on command: what a broken or overloaded core would do."""

import asyncio
from dataclasses import dataclass

from sip.message import response_to

KINDS = ("drop", "delay", "status", "close", "half_close", "half_stall",
         "drip")


@dataclass
class Fault:
    """One misbehaviour towards requests of a method ("" for all) that arrive
    at one of the core's addresses ("" for all)."""
    kind: str
    method: str = ""
    count: int = -1  # how many requests; -1 for all until cleared
    delay_s: float = 0
    status: int = 503
    headers: tuple = ()
    retry_after_s: int | None = None  # with a status
    bytes_per_s: float = 100  # of a drip
    at: str = ""  # ADDRESS:PORT

    def hits(self, request, at):
        if self.count == 0 or self.method not in ("", request.method) or \
                self.at not in ("", at):
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

    def clear(self, at=""):
        """End them all, or those of one address."""
        self.active = [f for f in self.active if at and f.at != at]

    def pick(self, request, at):
        if request.method == "ACK":
            return None
        return next((f for f in self.active if f.hits(request, at)),
                    None)


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
            if fault.retry_after_s is not None:
                response.add("retry-after", fault.retry_after_s)
            reply(response)
        case "drip":
            peer.drip(fault.bytes_per_s)
            handle()
        case "close":
            peer.close()
        case "half_close" | "half_stall":
            whole = response_to(request, 200).to_bytes()
            peer.send(whole[:len(whole) // 2])
            if fault.kind == "half_close":
                peer.close()
