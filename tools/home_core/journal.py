"""What the core saw and sent, kept for those who ask."""

import asyncio
import collections
import itertools
import time

from sip import digest
from sip.message import BadMessage

RECORDS_MAX = 20_000
LISTENER_RECORDS_MAX = 10_000


def integrity(message):
    """The value of integrity-protected in a message, or None."""
    for value in message.all("authorization"):
        try:
            scheme, found = digest.parse(value)
        except BadMessage:
            continue
        if scheme.lower() == "digest":
            return found.get("integrity-protected")
    return None


def describe(message):
    """A message in the few words that a ladder shows."""
    return {
        "start": message.start,
        "method": message.method,
        "status": message.status,
        "call_id": message.call_id,
        "cseq": message.cseq[0],
        "from": message.get("from", ""),
        "to": message.get("to", ""),
        "integrity": integrity(message) if message.is_request else None,
        "path": message.get("path"),
    }


class Journal:
    """The last messages in both directions, and live streams of them."""

    def __init__(self):
        self.records = collections.deque(maxlen=RECORDS_MAX)
        self.numbers = itertools.count(1)
        self.listeners = set()

    def note(self, direction, message, peer):
        data = message.raw if direction == "in" else message.to_bytes()
        record = {"n": next(self.numbers), "time": time.time(),
                  "direction": direction, "peer": str(peer),
                  "at": peer.wire.name, "text": data.decode("latin-1")}
        try:
            record |= describe(message)
        except (BadMessage, ValueError, IndexError) as error:
            record |= {"start": message.start, "method": "", "status": 0,
                       "error": str(error)}
        self.records.append(record)
        for listener in list(self.listeners):
            if listener.full():
                self.listeners.discard(listener)
            else:
                listener.put_nowait(record)

    def listen(self):
        listener = asyncio.Queue(LISTENER_RECORDS_MAX)
        self.listeners.add(listener)
        return listener

    def last(self, count, after=0, **wanted):
        """The newest records with these values, in their order."""
        found = [r for r in self.records if r["n"] > after
                 and all(r.get(k) == v for k, v in wanted.items())]
        return found[-count:]
