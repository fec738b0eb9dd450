#!/usr/bin/env python3
"""Measures what one operation costs Sallyport, and what it costs other
programs on this machine in the same run.

  bench/compare --quick       about 3 minutes, to see whether all is well
  bench/compare               about 15 minutes: the figures to keep

The others are HAProxy and nginx as blind relays from TLS to TCP, and Kamailio
as an edge without state, with transactions, and with its P-CSCF modules. Each
runs alone on one core, tuned as bench/peers/ says and explains; phones and a
home core (bench/load) run on another. They take turns, round by round, so that
a change of the machine's mood hits all of them.

What it installs (tools/setup --with-relays) it never starts as a service; what
it starts it ends, also at Ctrl-C. Leave the machine alone meanwhile: the load
average at the start is in the results.

Into --out it writes results.md (tables, targets, what the figures do not show),
results.json (every round) and pictures (*.svg). The exit status is 0 when all
was measured without an error, whether or not targets are met; 1 when a program
failed, which results.md then tells; 2 when it could not begin.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
sys.path[:0] = [BENCH, os.path.join(ROOT, "tools")]

from comparison import machine, plan, programs, report, rounds  # noqa: E402
from comparison.progress import Progress  # noqa: E402

NAMES = ["sallyport", *(p.name for p in programs.PEER_PROGRAMS)]


class CannotBegin(Exception):
    """In words for a person."""


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="bench/compare", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_const", dest="sizes",
                      const=plan.QUICK, default=plan.FULL,
                      help="shorter phases, fewer phones and rounds")
    size.add_argument("--tiny", action="store_const", dest="sizes",
                      const=plan.TINY,
                      help="next to nothing: shows that it works, no figures")
    add("--rounds", type=positive, metavar="N",
        help=f"({plan.FULL.rounds}; with --quick {plan.QUICK.rounds})")
    add("--only", type=names, default=NAMES, metavar="NAMES",
        help="some programs, parted by commas: " + ", ".join(NAMES))
    add("--out", metavar="DIR", help="(bench/results/compare-DATE)")
    add("--installed", action="store_true",
        help="leave out programs that are not installed; install and build "
             "nothing; needs --sallyport and --load")
    add("--sallyport", metavar="FILE", help="a proxy that is built already")
    add("--load", metavar="FILE", help="a load that is built already")
    return parser.parse_args(argv)


def positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1")
    return int(text)


def names(text):
    wanted = text.split(",")
    for name in wanted:
        if name not in NAMES:
            raise argparse.ArgumentTypeError(
                f"{name} is none of {', '.join(NAMES)}")
    return wanted


def prepare(options):
    """Install and build what is missing; files of the proxy and of the load."""
    if options.installed:
        if not (options.sallyport and options.load):
            raise CannotBegin("--installed needs --sallyport and --load")
        return options.sallyport, options.load
    subprocess.run([os.path.join(ROOT, "tools", "setup"), "--with-relays"],
                   check=True)
    subprocess.run(["bazel", "build", "--config=release", "//proxy:sallyport",
                    "//bench/load"], cwd=ROOT, check=True)
    built = subprocess.run(
        ["bazel", "info", "--config=release", "bazel-bin"], cwd=ROOT,
        check=True, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL).stdout.strip()
    return (options.sallyport or os.path.join(built, "proxy", "sallyport"),
            options.load or os.path.join(built, "bench", "load", "load"))


def chosen(options, proxy):
    """The programs of --only, in table order; each is on this machine."""
    found = []
    for program in (programs.sallyport(proxy), *programs.PEER_PROGRAMS):
        if program.name not in options.only:
            continue
        try:
            program.check()
        except programs.Missing as error:
            if not options.installed:
                raise
            print(f"compare: left out: {error}", file=sys.stderr)
            continue
        found.append(program)
    if not found:
        raise CannotBegin("no program is left")
    return found


def save(folder, results, sizes, shown, facts):
    """All files of the results; their names."""
    with open(os.path.join(folder, "results.json"), "w",
              encoding="utf-8") as file:
        json.dump({"machine": facts, "sizes": dataclasses.asdict(sizes),
                   "programs": [dict(zip(("name", "title", "version"), p))
                                for p in shown],
                   "failures": results.failures,
                   "records": results.records}, file, indent=1)
        file.write("\n")
    with open(os.path.join(folder, "results.md"), "w",
              encoding="utf-8") as file:
        file.write(report.write(results, sizes, shown, facts))
    return ["results.json", "results.md",
            *pictures(results, sizes, shown, folder)]


def pictures(results, sizes, shown, folder):
    try:
        from comparison import plots  # matplotlib: perhaps just installed
    except ModuleNotFoundError as error:
        print(f"compare: no pictures: {error}: run tools/setup --with-relays",
              file=sys.stderr)
        return []
    return plots.draw(results, sizes, shown, folder)


async def measure(bench, steps):
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await rounds.run_all(bench, steps, Progress())


def main(argv):
    options = arguments(argv)
    sizes = plan.with_rounds(options.sizes, options.rounds)
    program_core, load_core = machine.cores()
    proxy, load = prepare(options)
    descriptors = machine.raise_descriptor_limit()
    facts = machine.facts(ROOT, program_core, load_core, descriptors)
    running = chosen(options, proxy)
    shown = [(p.name, p.title, p.version()) for p in running]
    folder = options.out or os.path.join(
        BENCH, "results", time.strftime("compare-%Y-%m-%d-%H%M"))
    os.makedirs(folder, exist_ok=True)
    bench = rounds.Bench(load, sizes, program_core, load_core, descriptors)
    results = asyncio.run(measure(bench, plan.steps(running, sizes,
                                                    descriptors)))
    files = save(folder, results, sizes, shown, facts)
    print(f"{folder}: {', '.join(files)}")
    return 1 if results.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (CannotBegin, machine.Unfit, programs.Missing, OSError,
            subprocess.CalledProcessError) as failure:
        print(f"compare: {failure}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\ncompare: ended", file=sys.stderr)
        sys.exit(130)
