"""The other end of the control port, for tests and the demo."""

import asyncio
import itertools
import json


class ControlError(Exception):
    """The home core refused a command."""


class Client:
    """Talks to a running home core: `await client("seen", last=3)`."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.waiting = {}
        self.events = asyncio.Queue()
        self.reader = self.writer = self.task = None

    @classmethod
    async def connect(cls, host, port):
        client = cls()
        client.reader, client.writer = await asyncio.open_connection(
            host, port, limit=1 << 26)
        client.task = asyncio.ensure_future(client._read())
        return client

    async def __call__(self, cmd, **fields):
        number = next(self.numbers)
        answer = asyncio.get_running_loop().create_future()
        self.waiting[number] = answer
        line = json.dumps({"cmd": cmd, "id": number} | fields)
        self.writer.write(line.encode() + b"\n")
        return await answer

    async def _read(self):
        while line := await self.reader.readline():
            answer = json.loads(line)
            if "event" in answer:
                self.events.put_nowait(answer["event"])
                continue
            waiting = self.waiting.pop(answer["id"], None)
            if not waiting or waiting.done():
                continue
            if answer["ok"]:
                waiting.set_result(answer)
            else:
                waiting.set_exception(ControlError(answer["error"]))
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(ControlError("home core is gone"))

    async def close(self):
        self.task.cancel()
        self.writer.close()
