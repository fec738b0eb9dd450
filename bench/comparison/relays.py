"""Which of the other programs are here, and which must be."""

import os
import unittest

from comparison import programs

ROOT = os.path.dirname(os.path.realpath("WORKSPACE"))
# tools/setup --with-relays leaves it behind.
PROMISE = os.path.join(ROOT, ".deps", ".relays")


def promised():
    return os.path.exists(PROMISE)


def installed():
    """The programs that are on this machine. Raises Missing when one is not
    that tools/setup has promised."""
    found = []
    for program in programs.PEER_PROGRAMS:
        try:
            program.check()
            found.append(program)
        except programs.Missing:
            if promised():
                raise
    return found


def needed(program):
    """Skips a test, or fails it, when the program is not here."""
    if program not in installed():
        raise unittest.SkipTest(f"{program.title} is not installed")
