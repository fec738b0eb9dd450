"""All steps one after the other: start a program, load it, end it."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field

from comparison import running
from comparison.load import Load, LoadFailed
from comparison.programs import Missing
from lab.process import StartFailed


SPARE = 64  # connections beyond those of phones


@dataclass
class Results:
    """What came out: records of phases, and what went wrong."""
    records: list = field(default_factory=list)
    failures: list = field(default_factory=list)

    def fail(self, step, why):
        self.failures.append({"program": step.program.name,
                              "round": step.round + 1, "run": step.run,
                              "phones": step.phones,
                              "reason": why})


@dataclass(frozen=True)
class Bench:
    """Where it is measured."""
    load: str  # the load generator's file
    sizes: object
    program_core: str
    load_core: str
    descriptors: int


async def run_all(bench, steps, progress):
    """Results of all steps; a program that fails does not stop the others."""
    results = Results()
    steps = list(steps)
    with tempfile.TemporaryDirectory(prefix="sallyport-compare-") as folder:
        running.prepare(f"{folder}/certificates")
        progress.begin(steps)
        for step in steps:
            progress.step(step)
            site = running.new_site(f"{folder}/site", step.phones + SPARE,
                                    bench.descriptors)
            shutil.copytree(f"{folder}/certificates", site.folder)
            try:
                await run_one(bench, step, site, results, progress)
            except (StartFailed, LoadFailed, Missing, OSError) as error:
                results.fail(step, str(error))
                progress.failed(step, str(error))
            shutil.rmtree(site.folder)
            progress.done(step)
    return results


async def run_one(bench, step, site, results, progress):
    program = running.Running(step.program, site, bench.program_core)
    try:
        await program.start()
        outcome = await Load(bench.load, step, program, bench.sizes,
                             bench.load_core).measure(progress.phase)
        if not program.running:
            raise StartFailed(f"ended under load{program.last_words()}")
    finally:
        await end(program)
    keep(results, step, outcome)
    if outcome.complaint:
        progress.failed(step, outcome.complaint)


async def end(program):
    """By SIGTERM, or at last by SIGKILL, with all that it has started."""
    if not program.process:
        return
    try:
        await program.stop(timeout_s=10)
    except asyncio.TimeoutError:
        pass  # stop() has killed it


def keep(results, step, outcome):
    for figures in outcome.figures:
        results.records.append({"program": step.program.name,
                                "round": step.round + 1,
                                "run": step.run} | figures)
    if outcome.complaint:
        results.fail(step, outcome.complaint)
