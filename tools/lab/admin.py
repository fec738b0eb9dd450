"""The proxy's admin endpoint: plain HTTP, and metrics that can be summed."""

import asyncio
import json
import re

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?$", re.M)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


async def get(address, path, timeout_s=10):
    """(status, body) of a GET."""
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: admin\r\n"
                         "Connection: close\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: *(\d+)", head, re.I)
            body = await (reader.readexactly(int(length.group(1)))
                          if length else reader.read())
        finally:
            writer.close()
    return int(head.split()[1]), body.decode()


class Metrics:
    """One reading of /metrics."""

    def __init__(self, text):
        self.samples = [(name, dict(_LABEL.findall(labels or "")),
                         float(value))
                        for name, labels, value in _SAMPLE.findall(text)]

    @classmethod
    async def read(cls, address):
        status, body = await get(address, "/metrics")
        if status != 200:
            raise OSError(f"/metrics answers {status}")
        return cls(body)

    def sum(self, pattern, **labels):
        """The sum of all samples whose whole name and labels match.

        Raises KeyError when there is none: a name that has gone must not look
        like a zero.
        """
        found = [value for name, has, value in self.samples
                 if re.fullmatch(pattern, name) and all(
                     re.fullmatch(v, has.get(k, "")) for k, v in
                     labels.items())]
        if not found:
            raise KeyError(f"no metric {pattern} {labels}")
        return sum(found)


async def associations(address, impi):
    """What the shards know of a private identity."""
    _, body = await get(address, f"/associations?impi={impi}")
    return json.loads(body)["associations"]
