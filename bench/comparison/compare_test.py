"""bench/compare measures a moment: with all programs that are here, and with
one that fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

from comparison import plan, relays

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.dirname(HERE)
COMPARE = os.path.join(BENCH, "compare.py")
LOAD = os.path.join(BENCH, "load", "load")
SALLYPORT = os.path.join(BENCH, "..", "proxy", "sallyport")
SECONDS = 240


def has_matplotlib():
    return subprocess.run([sys.executable, "-c", "import matplotlib"],
                          stderr=subprocess.DEVNULL, check=False
                          ).returncode == 0


def begin(folder, *more, sallyport=SALLYPORT):
    return subprocess.Popen(
        [sys.executable, COMPARE, "--tiny", "--installed",
         f"--sallyport={sallyport}", f"--load={LOAD}", f"--out={folder}",
         *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@unittest.skipUnless(len(os.sched_getaffinity(0)) > 1, "one core only")
class Compare(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="compare")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_it(self, status, *more, **options):
        process = begin(self.folder, *more, **options)
        said, _ = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, status, said)
        return said

    def results(self):
        with open(f"{self.folder}/results.json", encoding="utf-8") as file:
            return json.load(file)

    def table(self):
        with open(f"{self.folder}/results.md", encoding="utf-8") as file:
            return file.read()

    def test_all_programs_are_measured_without_an_error(self):
        names = ["sallyport", *(p.name for p in relays.installed())]

        self.run_it(0)

        found = self.results()
        self.assertEqual([p["name"] for p in found["programs"]], names)
        self.assertEqual(found["failures"], [])
        self.assertEqual({r["errors"] for r in found["records"]}, {0})
        for name in names:
            phases = {(r["run"], r["phase"]) for r in found["records"]
                      if r["program"] == name}
            self.assertLessEqual({(o.run, o.phase)
                                  for o in plan.BY_KEY.values() if not o.sip},
                                 phases)
        rows = [line for line in self.table().splitlines()
                if line.startswith("| re-REGISTER, 4 phones |")]
        self.assertEqual(len(rows), 3)  # CPU, ratios, throughput
        self.assertNotIn("–", "".join(rows))
        self.check_pictures()

    def check_pictures(self):
        if not has_matplotlib():
            self.assertFalse(relays.promised(), "matplotlib was promised")
            self.skipTest("matplotlib is not installed")
        for name in ("cpu", "latency", "memory", "throughput"):
            picture = xml.etree.ElementTree.parse(f"{self.folder}/{name}.svg")
            self.assertTrue(picture.getroot().tag.endswith("svg"))

    def test_a_program_that_fails_is_reported_and_others_are_measured(self):
        others = [p.name for p in relays.installed()[:1]]

        self.run_it(1, f"--only={','.join(['sallyport', *others])}",
                    sallyport="/bin/false")

        found = self.results()
        self.assertEqual({f["program"] for f in found["failures"]},
                         {"sallyport"})
        self.assertEqual({r["program"] for r in found["records"]},
                         set(others))
        self.assertIn("- Sallyport, round 1, 4 phones: ended with status 1",
                      self.table())

    def test_a_program_that_is_not_known_is_refused(self):
        self.assertIn("apache is none of", self.run_it(2, "--only=apache"))

    def test_an_interrupt_ends_all_that_was_started(self):
        process = begin(self.folder, "--only=sallyport", "--rounds=50")
        line = process.stdout.readline()
        self.assertIn("round 1 of 50", line)
        self.await_children(process)

        process.send_signal(signal.SIGINT)

        said, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, said)
        self.assertEqual(self.serving(), [])

    def await_children(self, process):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with open(f"/proc/{process.pid}/task/{process.pid}/children",
                      encoding="ascii") as file:
                if file.read().strip() and self.serving():
                    return
            time.sleep(0.02)
        self.fail("nothing was started")

    def serving(self):
        """Command lines that name our proxy's own file."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                    words = file.read().split("\0")
            except OSError:
                continue
            if words[0] == SALLYPORT:
                found.append(words)
        return found


if __name__ == "__main__":
    unittest.main()
