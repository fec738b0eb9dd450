"""What Sallyport means to reach, as ratios of medians or as plain numbers."""

from dataclasses import dataclass

from comparison import figures as names

OURS = "sallyport"


@dataclass(frozen=True)
class Target:
    """One line: our figure is at most `most` of theirs, or `most` itself."""
    says: str
    key: str
    name: str
    most: float
    than: str = ""  # a program; empty: `most` is an amount
    phones: int = 0  # fewer in the memory run say nothing

    def measured(self, figures):
        """None: one of the two is missing."""
        if self.than:
            return figures.ratio(OURS, self.than, self.key, self.name)
        return figures.median(OURS, self.key, self.name)


@dataclass(frozen=True)
class Verdict:
    target: Target
    measured: float | None

    @property
    def met(self):
        """None: not measured."""
        if self.measured is None:
            return None
        return self.measured <= self.target.most


def _reregister(key, phones):
    cpu = names.CPU
    return (
        Target(f"1. re-REGISTER, {phones}: at most 0.65 of HAProxy", key, cpu,
               0.65, "haproxy"),
        Target(f"1. re-REGISTER, {phones}: at most 1/6 of Kamailio stateful",
               key, cpu, 1 / 6, "kamailio-stateful"),
        Target(f"1. re-REGISTER, {phones}: at most 1/20 of Kamailio P-CSCF",
               key, cpu, 1 / 20, "kamailio-pcscf"),
    )


TARGETS = (
    *_reregister("reregister_few", "{few} phones"),
    *_reregister("reregister_many", "{many} phones"),
    Target("2. visit, full handshake: at most 0.5 of nginx", "visit",
           names.CPU, 0.5, "nginx"),
    Target("2. visit, resumed: at most 0.4 of nginx", "visit_resumed",
           names.CPU, 0.4, "nginx"),
    Target("3. MESSAGE: at most 5 us of CPU", "message", names.CPU, 5.0),
    Target("3. or MESSAGE: at most 1/6 of Kamailio stateful", "message",
           names.CPU, 1 / 6, "kamailio-stateful"),
    Target("4. idle registered phone, one of 15,000: at most 4,500 bytes",
           "memory", names.PSS, 4500, phones=15_000),
    Target("5. median latency: at most nginx's", "latency", names.P50, 1.0,
           "nginx"),
    Target("5. 99th percentile of latency: at most nginx's", "latency",
           names.P99, 1.0, "nginx"),
)


def judge(figures, sizes):
    """A Verdict for each target."""
    return [Verdict(t, t.measured(figures) if sizes.memory >= t.phones
                    else None) for t in TARGETS]
