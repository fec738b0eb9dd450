"""A message ladder in the terminal, drawn while the messages pass.

The phones live in our process and the home core tells of its messages over a
socket, so events arrive a little out of order. Each waits a moment and is then
drawn in the order of its time.
"""

import asyncio
import os
import sys
import time

COLUMNS = {"UE1": 4, "UE2": 22, "proxy": 42, "core": 64}
NOTES = 68
SETTLE_S = 0.15

_STYLES = {"dim": "2", "bold": "1", "good": "32", "bad": "31", "note": "36"}


class Paint:
    """Colours, where a person can see them."""

    def __init__(self, out=sys.stdout):
        self.on = out.isatty() and not os.environ.get("NO_COLOR")

    def __call__(self, style, text):
        return f"\033[{_STYLES[style]}m{text}\033[0m" if self.on else text


def arrow(start, end, label):
    """One line: an arrow from one column to another with its label."""
    line = [" "] * (NOTES - 1)
    for at in COLUMNS.values():
        line[at] = "|"
    left, right = sorted((COLUMNS[start], COLUMNS[end]))
    line[left + 1:right] = "-" * (right - left - 1)
    if COLUMNS[end] == right:
        line[right - 1] = ">"
    else:
        line[left + 1] = "<"
    label = f" {label} "[:right - left - 3]
    at = left + 1 + (right - left - 1 - len(label)) // 2
    line[at:at + len(label)] = label
    return "".join(line)


def label(record):
    """What stands on the arrow: a method, or a status with its method."""
    if record["status"]:
        return f"{record['status']} {record['method']}"
    return record["method"]


class Ladder:

    def __init__(self, out=sys.stdout):
        self.out = out
        self.paint = Paint(out)
        self.events = []
        self.shards = {}  # column of a phone -> its home shard
        self.phones = {}  # user part -> column
        self.head_due = True

    def say(self, text="", style=None):
        print(self.paint(style, text) if style else text, file=self.out,
              flush=True)

    def title(self, text):
        self.say()
        self.say(text, "bold")
        self.head_due = True

    # Events.

    def phone(self, column, ue):
        """Show a phone's own messages in this column."""
        self.phones[ue.user] = column

        def trace(direction, message):
            pair = (column, "proxy") if direction == "out" else \
                ("proxy", column)
            self._add(time.time(), *pair, {
                "method": message.method, "status": message.status,
                "where": self._where(ue)}, column)
        ue.trace = trace

    def core(self, record):
        """A message that the home core saw or sent."""
        inward = record["direction"] == "in"
        party = record["from"] if inward == (not record["status"]) else \
            record["to"]
        column = next((c for user, c in self.phones.items() if user in party),
                      None)
        pair = ("proxy", "core") if inward else ("core", "proxy")
        self._add(record["time"], *pair, record, column)

    def note(self, text):
        """A line of words between the arrows, in its place in time."""
        self.events.append((time.time(), text))

    def _where(self, ue):
        if ue.flow and ue.flow.open:
            return ""
        return "in clear"

    def _add(self, at, start, end, record, column):
        self.events.append((at, start, end, record, column))

    async def draw(self):
        """Draw events for ever, each when it has settled."""
        while True:
            await asyncio.sleep(SETTLE_S / 3)
            self.draw_until(time.time() - SETTLE_S)

    async def settle(self):
        """Let everything that has happened be drawn."""
        await asyncio.sleep(SETTLE_S)
        self.draw_until(time.time())

    def draw_until(self, limit):
        self.events.sort(key=lambda event: event[0])
        while self.events and self.events[0][0] <= limit:
            self._draw(*self.events.pop(0)[1:])

    def _draw(self, *event):
        if self.head_due:
            self._head()
        if len(event) == 1:
            self.say(self.paint("dim", f"    {event[0]}"))
        else:
            self._draw_arrow(*event)

    def _draw_arrow(self, start, end, record, column):
        line = arrow(start, end, label(record))
        notes = []
        if record.get("integrity"):
            notes.append(f"integrity-protected={record['integrity']}")
        if record.get("where"):
            notes.append(record["where"])
        if column in self.shards:
            notes.append(f"shard {self.shards[column]}")
        status = record["status"]
        if status >= 400 and status != 401:
            line = self.paint("bad", line)
        self.say(line + " " + self.paint("note", ", ".join(notes)))

    def _head(self):
        self.head_due = False
        line = ""
        for name, at in COLUMNS.items():
            line = line.ljust(at - len(name) // 2) + name
        self.say(self.paint("dim", line))
