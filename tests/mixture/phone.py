"""One phone of the mixture: sends batches of REGISTERs, and knows from the
answers in which state its connection and its association are."""

import asyncio
import re

from mixture import oracle
from mixture.writer import Writer
from ue import flow as flows

ANSWER_S = 60
_BRANCH = re.compile(r"branch=z9hG4bKn(\d+)n")
# What is said of a REGISTER that nobody answered.
SILENCE, ENDED = "silence", "the connection ended"

# Features that the proxy takes out of what it forwards: who comes back without
# them is another request (RFC 3261 16.6 step 8).
CHANGED = {"security agreement", "trusted header fields",
           "a claim in Proxy-Authorization"}


class Phone(Writer):

    def __init__(self, number, edge, options, book, chance):
        super().__init__(number, book, chance)
        self.edge = edge
        self.context = options.context()
        self.sets = set()  # of the association that the session may have
        self.detached = False  # this connection is none of its (D12)
        self.flow = self.session = None
        self.waiting = {}  # number -> Sent
        self.progress = asyncio.Event()

    # A turn: one batch and what comes of it.

    async def turn(self, room):
        """At most `room` REGISTERs; returns how many."""
        if self.state == "down":
            await self._connect()
        batch = self._clear_batch(room) if self.clear else self._batch(room)
        self.waiting = {s.draft.number: s for s in batch}
        ends = batch[-1].expected.closes is not False
        await self._exchange(batch[:-1] if ends else batch)
        if ends:  # what is under way would be lost with the connection
            await self._exchange(batch[-1:])
        for sent in batch:
            self.book.enter(self, sent)
        if not self.clear:
            for sent in batch[:-1]:
                self._note(sent)
            await self._follow(batch[-1])
        return len(batch)

    def _note(self, sent):
        """What follows from a message that leaves the state alone."""
        if self._status(sent) == 200:
            self.sets.add(self._impu(sent))
        if sent.how == "none" and sent.expected.kind == oracle.FORWARD and \
                not CHANGED & set(sent.draft.features):
            self.plain.add(sent.draft.number)

    @staticmethod
    def _status(sent):
        return getattr(sent.reaction, "status", None)

    def _impu(self, sent):
        return self.impus["second identity" in sent.draft.features]

    async def _connect(self):
        self.silent = 0
        if self.clear:
            self.flow = await flows.connect_tcp(self.edge.sip, self._got)
            self.state = "clear"
        else:
            resume = self.session if self.chance.random() < 0.6 else None
            self.flow = await flows.connect_tls(
                self.edge.tls, self._got, self.context, "localhost", resume)
            back = self.flow.resumed and self.sets
            self.state = "rebinding" if back else "fresh"
        self.flow.ended.add_done_callback(lambda _: self.progress.set())

    async def _exchange(self, batch):
        if batch:
            self._write([s.draft.text() for s in batch])
            await self._settle(batch)

    def _write(self, texts):
        data = b"".join(texts)
        how = self.chance.randrange(3)
        if how == 0:
            cuts = sorted(self.chance.randrange(len(data)) for _ in range(3))
            for begin, end in zip([0, *cuts], [*cuts, len(data)]):
                if begin < end:
                    self.flow.send(data[begin:end])
        elif how == 1:
            for text in texts:
                self.flow.send(text)
        else:
            self.flow.send(data)

    async def _settle(self, batch):
        """Until all that must be answered is, or the connection has ended."""
        try:
            async with asyncio.timeout(ANSWER_S):
                while self.flow.open and (
                        batch[-1].expected.closes or
                        any(s.owed and not s.done for s in batch)):
                    self.progress.clear()
                    await self.progress.wait()
        except asyncio.TimeoutError:
            pass  # the book will say what is missing
        for sent in batch:
            if not sent.done:
                quiet = self.flow.open or batch[-1].done
                sent.reaction = SILENCE if quiet else ENDED

    def _got(self, message, flow):
        found = _BRANCH.search(message.get("via") or "")
        sent = self.waiting.get(int(found.group(1))) if found else None
        if flow is not self.flow or not sent or sent.done:
            self.book.stray(self, message)
            return
        sent.done = True
        sent.reaction = message
        if message.status == 401:
            self._learn(message, sent)
        self.progress.set()

    def _learn(self, message, sent):
        asked = message.get("www-authenticate", "")
        self.nonce = re.search(r'nonce="([^"]*)"', asked).group(1)
        self.count = 0
        offered = message.all("security-server")
        if offered:
            self.server_list = ", ".join(offered)
            own = sent.how in ("blank", "blank, claims")
            self.agreed = self.agreed or own and not self.clear

    # What follows from the last message of a batch.

    async def _follow(self, sent):
        expected, how = sent.expected, sent.how
        status = self._status(sent)
        if not self.flow.open or expected.closes is not False:
            return await self._down()
        if expected.kind != oracle.FORWARD:
            return None
        if status == 200:
            self._granted(sent)
        elif status == 403 and expected.integrity == "tls-pending":
            # Source: the reference, 2.2, E37: closed, the session revoked
            try:
                await asyncio.wait_for(asyncio.shield(self.flow.ended), 10)
            except asyncio.TimeoutError:
                self.book.differs(self, sent, "the connection stays open")
            await self._down()
            self.session, self.sets = None, set()
        elif how.startswith("another's") and self.state == "rebinding":
            self.state, self.detached = "fresh", True
        if self.chance.random() < 0.03 and self.state != "down":
            await self._down()
        return None

    def _granted(self, sent):
        impu = self._impu(sent)
        self.agreed = False  # it is not said whether the context lives on
        if self.state == "fresh":
            self.sets, self.detached = set(), False
        if "leaves" in sent.draft.features:
            self.sets.discard(impu)
        else:
            self.sets.add(impu)
        self.state = "associated" if self.sets else "fresh"

    async def _down(self):
        """Leave; whoever was associated may come back with a ticket."""
        if self.state == "fresh" and not self.detached:
            self.sets = set()
        self.detached = self.agreed = False
        self.plain.clear()
        if not self.clear:
            self.session = self.flow.session
        if self.flow.open and self.chance.random() < 0.5:
            self.flow.close()
        else:
            self.flow.abort()
        self.state = "down"
