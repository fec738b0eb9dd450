"""The load generator as a process: its command line, and what it measured."""

import asyncio
import json
import os
from dataclasses import dataclass

from lab.process import Program as Process

SILENT = ("leave",)  # phases without figures
TIMEOUT_S = 20  # for one piece of work; the load gives up after it
PATIENCE_S = 60  # beyond what a step should take


class LoadFailed(Exception):
    """It could not measure, or did not end."""


@dataclass(frozen=True)
class Outcome:
    figures: list  # one dict for each phase
    complaint: str  # empty: no errors


class Load(Process):
    """One run against a program that serves already."""

    def __init__(self, binary, step, running, sizes, core):
        self.step = step
        self.measured = [p for p in step.phases if p not in SILENT]
        self.figures_file = os.path.join(running.site.folder, "figures")
        site = running.site
        super().__init__("load", [
            "taskset", "--cpu-list", core, binary,
            f"--target=127.0.0.1:{site.port}", f"--proxy_pid={running.pid}",
            f"--core_listen=127.0.0.1:{site.core_port}",
            f"--kind={running.program.kind}", f"--ues={step.phones}",
            f"--in_flight={min(sizes.in_flight, step.phones)}",
            f"--duration={sizes.duration_s}s", f"--idle={sizes.idle_s}s",
            f"--timeout={TIMEOUT_S}s", f"--phases={','.join(step.phases)}",
            f"--figures={self.figures_file}"], site.folder)

    async def measure(self, on_phase):
        """Runs it to its end; `on_phase` is called with each phase's name
        when it begins."""
        await self.launch()
        said = asyncio.ensure_future(self.process.stdout.read())
        ended = asyncio.ensure_future(self.process.wait())
        try:
            async with asyncio.timeout(self.step.seconds * 3 + PATIENCE_S):
                await self._follow(ended, on_phase)
        except TimeoutError:
            raise LoadFailed(f"the load did not end; it has measured "
                             f"{len(self.read())} phases") from None
        finally:
            if not ended.done():
                await self.kill()
            await said
        return self._outcome(ended.result(), said.result().decode())

    async def _follow(self, ended, on_phase):
        done = -1
        while not ended.done():
            if len(self.read()) > done:
                done = len(self.read())
                on_phase(self.measured[min(done, len(self.measured) - 1)])
            await asyncio.wait([ended], timeout=0.1)

    def read(self):
        """What it has measured so far."""
        try:
            with open(self.figures_file, encoding="utf-8") as file:
                return [json.loads(line) for line in file
                        if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def _outcome(self, status, printed):
        figures = self.read()
        last = (self.said().strip() or printed.strip()).splitlines()[-1:]
        words = f": {last[0][:300]}" if last else ""
        if status not in (0, 1):
            raise LoadFailed(f"the load ended with status {status}{words}")
        count_errors(figures)
        missing = len(self.measured) - len(figures)
        if missing:
            raise LoadFailed(f"the load wrote no figures of {missing} phases"
                             f"{words}")
        return Outcome(figures, complaint(figures, status, words))


def count_errors(figures):
    """The load counts from its start; here each phase has its own."""
    before = 0
    for phase in figures:
        total = phase.get("errors", before)
        phase["errors"] = total - before
        before = total


def complaint(figures, status, words):
    """What went wrong in which phases; empty: nothing."""
    wrong = [f"{f['errors']} errors in {f['phase']}" for f in figures
             if f["errors"]]
    if wrong:
        return ", ".join(wrong) + words
    return f"errors{words}" if status else ""
