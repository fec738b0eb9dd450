"""What a person sees while it runs: which round, which program, which phase,
and how long it will take."""

import sys
import time


class Progress:
    """One line that is written over on a terminal; elsewhere one line for each
    step."""

    def __init__(self, out=sys.stderr, now=time.monotonic):
        self.out, self.now = out, now
        self.live = out.isatty()
        self.left = []  # seconds that each step to come should take
        self.planned = self.took = self.began = 0.0
        self.rounds = 0
        self.label = ""

    def begin(self, steps):
        self.left = [s.seconds for s in steps]
        self.rounds = 1 + max((s.round for s in steps), default=0)

    def step(self, step):
        self.began = self.now()
        self.label = (f"round {step.round + 1} of {self.rounds}: "
                      f"{step.program.title}, {step.phones:,} phones")
        if not self.live:
            self._print(f"{self.label}; {self.time_left()} left\n")

    def phase(self, name):
        if self.live:
            self._print(f"\r\033[K{self.label}: {name}; "
                        f"{self.time_left()} left")

    def failed(self, step, why):
        self._print(f"{self._clear()}{step.program.title}: {why}\n")

    def done(self, step):
        self.left.pop(0)
        self.planned += step.seconds
        self.took += self.now() - self.began
        if self.live and not self.left:
            self._print(self._clear())

    def time_left(self):
        """Of the plan, corrected by how long the steps so far have taken."""
        pace = self.took / self.planned if self.planned else 1.0
        seconds = sum(self.left) * pace
        if seconds < 90:
            return f"about {seconds:.0f} s"
        return f"about {seconds / 60:.0f} min"

    def _clear(self):
        return "\r\033[K" if self.live else ""

    def _print(self, text):
        self.out.write(text)
        self.out.flush()
