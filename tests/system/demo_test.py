"""The demo: it shows all its steps, and ends what it started."""

import os
import re
import signal
import unittest

from lab.process import Program
from system.system_test import BINARY, ROOT, SystemTest


class Demo(SystemTest):

    def demo(self, *flags):
        return Program("demo", [os.path.join(ROOT, "tools", "demo"),
                                f"--binary={BINARY}", *flags], self.folder())

    async def test_all_steps_pass(self):
        demo = self.demo()
        await demo.launch()
        said = (await demo.process.stdout.read()).decode()

        self.assertEqual(await demo.wait(), 0, said + demo.said())
        self.assertIn("7 of 7 steps passed", said)
        for words in ("tls-pending", "tls-yes", "401 REGISTER", "MESSAGE",
                      "shard"):
            self.assertIn(words, said)
        self.assertNotIn("\033", said)

    async def test_it_stays_until_ctrl_c_and_leaves_nothing_behind(self):
        demo = self.demo("--keep")
        await demo.launch()
        said = b""
        while b"Ctrl-C ends it" not in said:
            line = await demo.process.stdout.readline()
            self.assertTrue(line, said.decode() + demo.said())
            said += line
        children = children_of(demo.pid)
        self.assertEqual(len(children), 2)

        demo.signal(signal.SIGINT)
        await demo.process.stdout.read()

        self.assertEqual(await demo.wait(), 0)
        for pid in children:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))
        folder = re.search(rb"(/\S+)/ca\.pem", said).group(1).decode()
        self.assertFalse(os.path.exists(folder))


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


if __name__ == "__main__":
    unittest.main()
