"""Medians of what was measured, their spread, and ratios between programs."""

import statistics
from collections import defaultdict
from dataclasses import dataclass

from comparison import plan

BUSY = 0.9  # of a core; less is not busy

# What a record says of an operation, and how it is shown.
CPU, INSTRUCTIONS, THROUGHPUT, P50, P90, P99, PSS = (
    "proxy_cpu_us", "instructions_per_operation", "per_second", "p50_us",
    "p90_us", "p99_us", "pss_per_ue")


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing."""
    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values),
                   len(values))


class Figures:
    """All good measurements, by program, operation and name."""

    def __init__(self, records, sizes=plan.FULL):
        self.values = defaultdict(list)
        self.bound_by_load = set()  # (program, operation key)
        self.shares = defaultdict(list)  # the same -> of the program's core
        for record in records:
            operation = operation_of(record, sizes)
            if operation and not record.get("errors"):
                self._take(record, operation)

    def _take(self, record, operation):
        for name, value in derived(record).items():
            self.values[record["program"], operation.key, name].append(value)
        place = (record["program"], operation.key)
        self.shares[place].append(record.get("proxy_share", 0))
        if record.get("tool_bottleneck"):
            self.bound_by_load.add(place)

    def get(self, program, key, name):
        """The Spread, or None when it was not measured."""
        values = self.values.get((program, key, name))
        return Spread.of(values) if values else None

    def marks(self, program, key):
        """`*`: bound by the load; `°`: the program was not busy."""
        place = (program, key)
        idle = place in self.shares and \
            statistics.median(self.shares[place]) < BUSY
        return "*" * (place in self.bound_by_load) + "°" * idle

    def median(self, program, key, name):
        spread = self.get(program, key, name)
        return spread.median if spread else None

    def ratio(self, ours, theirs, key, name=CPU):
        """Of medians; None when one is missing."""
        ours, theirs = (self.median(p, key, name) for p in (ours, theirs))
        return ours / theirs if ours is not None and theirs else None


def operation_of(record, sizes):
    """The Operation that a record belongs to; None: to none."""
    rate = round(record.get("rate", 0))
    for operation in plan.BY_KEY.values():
        wanted = sizes.latency_rate if operation.rate else 0
        if (record["run"], record["phase"], rate) == (
                operation.run, operation.phase, wanted):
            return operation
    return None


def derived(record):
    """Named numbers of a record, with those that need arithmetic."""
    numbers = {name: record[name] for name in (CPU, INSTRUCTIONS, P50, P90, P99,
                                                PSS)
               if record.get(name) is not None}
    if record.get("done") and record.get("seconds"):
        numbers[THROUGHPUT] = record["done"] / record["seconds"]
    return numbers
