"""Drives phones of all sorts against a running proxy, and closes the books."""

import asyncio
import collections
import os
import random
import re
import shutil
import tempfile
import time

from lab.admin import Metrics
from lab.lab import Proxy, make_certificates
from mixture.book import Book
from mixture.home import Home
from mixture.phone import Phone
from ue.flow import TlsOptions

AT_ONCE = 100
STEPS = 20
# A slow machine is no reason to close a connection. Source: the reference, 5.9
PATIENCE = {"unregistered_timeout": "1h", "challenge_timeout": "1h",
            "message_timeout": "5m", "timer_f_core": "5m"}


class Mixture:

    def __init__(self, binary, registers, ues, seed, say=print):
        self.binary, self.registers, self.ues = binary, registers, ues
        self.seed, self.say = seed, say
        self.left = registers
        self.began = time.monotonic()
        self.memory = []  # (share done, VmRSS, PSS), in KiB
        self.book = self.home = self.proxy = self.counts = None
        self.told = 0
        self.sanitized = False

    async def run(self):
        """True when nothing differs."""
        folder = tempfile.mkdtemp(prefix="mixture")
        self.home = Home({f"user{n:06}_private@ims.test": f"password-{n:06}"
                          for n in range(max(self.ues, 1000))})
        self.book = Book(self.home)
        try:
            make_certificates(folder)
            host, port = await self.home.start()
            self.proxy = Proxy(
                self.binary, folder, home_domains="ims.test",
                home_core=f"sip:{host}:{port};transport=tcp",
                core_probe_interval="0", reg_event="off", **PATIENCE)
            await self.proxy.start()
            await self._turns(folder)
            await self._count()
            self.sanitized = self.proxy.sanitized()
        finally:
            if self.proxy and self.proxy.process:
                await self.proxy.stop()
            self.home.close()
            shutil.rmtree(folder)
        return self.same

    async def _turns(self, folder):
        options = TlsOptions(f"{folder}/ca.pem", "localhost")
        everyone = [Phone(number, self.proxy.edge, options, self.book,
                          random.Random(self.seed * 1_000_003 + number))
                    for number in range(self.ues)]
        phones = collections.deque(everyone)
        await asyncio.gather(*[self._serve(phones) for _ in
                               range(min(AT_ONCE, self.ues))])
        for phone in everyone:
            if phone.flow and phone.flow.open:
                phone.flow.abort()

    async def _serve(self, phones):
        while self.left > 0:
            phone = phones.popleft()
            room = min(self.left, 6)
            self.left -= room
            used = await phone.turn(room)
            self.left += room - used
            phones.append(phone)
            self._tell()

    def _tell(self):
        step = self.book.total * STEPS // self.registers
        if step <= self.told:
            return
        self.told = step
        resident, share = self._resident()
        self.memory.append((step / STEPS, resident, share))
        spent = time.monotonic() - self.began
        self.say(f"{self.book.total:>7} REGISTERs, {spent:5.0f} s, "
                 f"{self.book.different} differences, the proxy has "
                 f"{resident} KiB (PSS {share})")

    def _resident(self):
        def read(name, word):
            with open(f"/proc/{self.proxy.pid}/{name}",
                      encoding="ascii") as file:
                return int(re.search(rf"^{word}:\s*(\d+)", file.read(),
                                     re.M).group(1))
        return read("status", "VmRSS"), read("smaps_rollup", "Pss")

    async def _count(self):
        metrics = await Metrics.read(self.proxy.address("admin"))
        self.counts = list(self.book.against(metrics))

    @property
    def growth(self):
        """KiB of VmRSS from the 20 % mark to the end."""
        first = next(m for m in self.memory if m[0] >= 0.2)
        return self.memory[-1][1] - first[1]

    @property
    def same(self):
        return not self.book.different and not self.home.strangers and all(
            mine == its for _, mine, its in self.counts)

    def report(self):
        yield from self.book.table()
        yield ""
        yield "variants that change nothing: " + ", ".join(
            f"{n} {v}" for v, n in self.book.variants.most_common())
        yield ""
        yield f"{'counted':<20} {'oracle':>8} {'proxy':>8}"
        for name, mine, its in self.counts:
            note = "" if mine == its else "   DIFFERS"
            yield f"{name:<20} {mine:>8} {its:>8.0f}{note}"
        yield ""
        for share, resident, pss in self.memory[::4] + self.memory[-1:]:
            yield f"at {share:4.0%}: VmRSS {resident} KiB, PSS {pss} KiB"
        yield f"from 20 % on: {self.growth:+} KiB"
        yield from self.book.differences
        for kind, count in self.book.kinds.most_common():
            yield f"{count:>7} times: {kind}"
        yield (f"{self.book.total} REGISTERs, {self.book.different} "
               f"differences, seed {self.seed}")


def binary(root):
    return os.environ.get("SALLYPORT") or os.path.join(root, "proxy",
                                                       "sallyport")
