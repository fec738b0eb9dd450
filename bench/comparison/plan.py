"""What is measured, how often and how long: runs, operations, sizes."""

from dataclasses import dataclass, replace

START_S = 0.7  # of a program and of the load, roughly
REGISTRATIONS_PER_S = 800  # full handshakes with two REGISTERs, roughly
LATENCY_RATE = 4000


@dataclass(frozen=True)
class Operation:
    """Something that programs are compared by."""
    key: str
    title: str
    run: str  # where it is measured
    phase: str  # of the load
    rate: int = 0  # 0: as fast as it goes with `in_flight` pieces in flight
    sip: bool = False  # only programs that speak SIP can do it

    @property
    def load_phase(self):
        return f"{self.phase}@{self.rate}" if self.rate else self.phase


OPERATIONS = (
    Operation("reregister_few", "re-REGISTER, {few} phones", "few",
              "reregister"),
    Operation("reregister_many", "re-REGISTER, {many} phones", "many",
              "reregister"),
    Operation("message", "MESSAGE to a phone", "few", "message", sip=True),
    Operation("handshake", "TLS handshake, full", "few", "handshake"),
    Operation("handshake_resumed", "TLS handshake, resumed", "few",
              "handshake_resumed"),
    Operation("visit", "visit, full handshake", "few", "visit"),
    Operation("visit_resumed", "visit, resumed", "few", "visit_resumed"),
)
LATENCY = Operation("latency", "re-REGISTER at {rate} per second", "few",
                    "reregister", rate=LATENCY_RATE)
MEMORY = Operation("memory", "idle registered phone", "memory", "idle")
BY_KEY = {o.key: o for o in (*OPERATIONS, LATENCY, MEMORY)}

# In this order: what fills tables (visits) comes after what they would slow.
RUNS = {
    "few": ("register", "reregister", "message", LATENCY.load_phase, "leave",
            "handshake", "handshake_resumed", "visit", "visit_resumed"),
    "many": ("register", "reregister", "leave"),
    "memory": ("register", "idle"),
}


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""
    rounds: int = 5
    duration_s: float = 3  # of each timed phase
    few: int = 64
    many: int = 1000
    memory: int = 15_000
    in_flight: int = 64
    idle_s: float = 3
    latency_rate: int = LATENCY_RATE

    def phones(self, run):
        return {"few": self.few, "many": self.many, "memory": self.memory}[run]

    def fill(self, text):
        """`text` with these numbers in it."""
        return text.format(few=f"{self.few:,}", many=f"{self.many:,}",
                           rate=f"{self.latency_rate:,}")

    def title(self, operation):
        return self.fill(operation.title)


FULL = Sizes()
QUICK = Sizes(rounds=3, duration_s=0.6, memory=3000, idle_s=1)
TINY = Sizes(rounds=1, duration_s=0.2, few=4, many=8, memory=16, in_flight=4,
             idle_s=0.2, latency_rate=100)


@dataclass(frozen=True)
class Step:
    """One start of one program, and one run of the load against it."""
    round: int
    program: object
    run: str
    phones: int
    phases: tuple
    seconds: float  # it should take about so long


def phases(run, program, sizes):
    """Those of a run that this program can do, with this size's rate."""
    wanted = [p for p in RUNS[run] if program.speaks_sip or p != "message"]
    return tuple(f"reregister@{sizes.latency_rate}"
                 if p == LATENCY.load_phase else p for p in wanted)


def seconds(phones, names, sizes):
    """How long a step should take."""
    timed = sum(name not in ("register", "leave", "idle") for name in names)
    return (START_S + phones / REGISTRATIONS_PER_S + timed * sizes.duration_s
            + ("idle" in names) * sizes.idle_s)


def steps(programs, sizes, descriptors):
    """All steps in their order: for one question all programs one after the
    other, and each round begins with another program, so that none always
    comes after the same."""
    for number in range(sizes.rounds):
        for run in RUNS:
            if run == "memory" and number > 0:
                continue
            turn = number % len(programs)
            for program in (*programs[turn:], *programs[:turn]):
                yield step(number, program, run, sizes, descriptors)


def step(number, program, run, sizes, descriptors):
    phones = most_phones(program, sizes.phones(run), descriptors)
    names = phases(run, program, sizes)
    return Step(number, program, run, phones, names,
                seconds(phones, names, sizes))


def most_phones(program, wanted, descriptors):
    """As many as wanted, if so many sockets can be open: in the program, and
    in the load, which is phones and core in one process."""
    spare = program.sockets(0)
    per_phone = program.sockets(1) - spare
    return min(wanted, max(1, (descriptors - spare) // per_phone))


def with_rounds(sizes, rounds):
    return replace(sizes, rounds=rounds) if rounds else sizes
