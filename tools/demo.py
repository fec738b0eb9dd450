#!/usr/bin/env python3
"""Shows Sallyport at work between two phones and a home core.

It builds the proxy, starts it with two shards beside the stand-in for the home
core, both on free loopback ports, and lets two phones register over TLS, talk,
lose a connection and come back. Every message is drawn while it passes:
between whom, what it is, what the proxy tells the registrar about its
protection (`integrity-protected`), and the phone's home shard.

The exit status is 0 when every step went as it should.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile

TOOLS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TOOLS)
sys.path.insert(0, TOOLS)

from lab.ladder import Ladder  # noqa: E402
from lab.lab import DOMAIN, Lab, until  # noqa: E402
from lab.process import StartFailed, show  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(
        prog="tools/demo", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--keep", action="store_true",
        help="stay up afterwards, and say how to point a softphone at it")
    add("--address", default="127.0.0.1", metavar="IP",
        help="where the proxy listens for phones (%(default)s)")
    add("--shards", type=int, default=2, metavar="N", help="(%(default)s)")
    add("--binary", metavar="FILE",
        help="a proxy that is built already; without it tools/setup and a "
             "release build run first")
    return parser.parse_args()


def build():
    """Set up, build, and say where the proxy is."""
    target = "//proxy:sallyport"
    subprocess.run([os.path.join(TOOLS, "setup")], check=True)
    subprocess.run(["bazel", "build", "--config=release", target], cwd=ROOT,
                   check=True)
    folder = subprocess.run(
        ["bazel", "info", "--config=release", "bazel-bin"], cwd=ROOT,
        check=True, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL).stdout.strip()
    return os.path.join(folder, "proxy", "sallyport")


class Demo:

    def __init__(self, lab, ladder):
        self.lab = lab
        self.ladder = ladder
        self.one, self.two = lab.ue(0), lab.ue(1)
        ladder.phone("UE1", self.one)
        ladder.phone("UE2", self.two)

    # The story.

    async def agree(self):
        """UE1 registers: agrees on TLS in clear, then answers over TLS"""
        response = await self.one.register_sec_agree()
        expect(response.status == 200, "the REGISTER over TLS gets 200")
        expect(self.one.security_server, "the 401 offered `tls`")
        await self.marks(self.one, [None, "tls-pending"])
        await self.find_shard("UE1", self.one)

    async def tls_first(self):
        """UE2 registers: TLS first, as most softphones do"""
        expect((await self.two.register()).status == 200, "200 to REGISTER")
        await self.marks(self.two, [None, "tls-pending"])
        await self.find_shard("UE2", self.two)

    async def talk(self):
        """UE1 sends a MESSAGE to UE2"""
        response = await self.one.message(self.two.impu, "good morning")
        expect(response.status == 200, "200 to the MESSAGE")
        request = await self.two.next_request("MESSAGE")
        expect(request.body == b"good morning", "UE2 reads the text")
        expect(request.get("p-asserted-identity") == f"<{self.one.impu}>",
               "the network vouches for the sender")
        expect(not request.has("p-charging-vector"),
               "charging data stay in the network")

    async def refresh(self):
        """UE1 registers again: its connection is proof enough"""
        response = await self.one.register_once("blank")
        expect(response.status == 200, "200 without a challenge")
        await self.marks(self.one, ["tls-yes"])

    async def resume(self):
        """UE2 loses its connection and comes back with its ticket"""
        shard, port = self.ladder.shards["UE2"], self.two.flow.local[1]
        self.two.drop(reset=True)

        async def suspended():
            found = await self.lab.proxy.associations(self.two.impi)
            return found and found[0]["state"] != "active"
        self.ladder.note(f"UE2 loses its connection from port {port}")
        await until(suspended)
        await self.two.connect(resume=True)
        self.ladder.note(f"UE2 resumes TLS from port "
                         f"{self.two.flow.local[1]}, with its ticket")
        expect(self.two.flow.resumed, "TLS is resumed")
        expect(self.two.flow.local[1] != port, "from another port")
        response = await self.two.register_once("blank")
        expect(response.status == 200, "200 without a challenge")
        await self.marks(self.two, ["tls-yes"])
        await self.find_shard("UE2", self.two)
        expect(self.ladder.shards["UE2"] == shard, "on its home shard again")

    async def reach(self):
        """UE1 reaches UE2 on the new connection"""
        response = await self.one.message(self.two.impu, "still there?")
        expect(response.status == 200, "200 to the MESSAGE")
        await self.two.next_request("MESSAGE")

    async def leave(self):
        """Both de-register"""
        for ue in (self.one, self.two):
            response = await ue.deregister(star=True)
            expect(response.status == 200, "200 to the de-REGISTER")
            await self.marks(ue, ["tls-yes"])
        found = await self.lab.core.control("bindings")
        expect(found["bindings"] == [], "the registrar knows nobody")

    STEPS = (agree, tls_first, talk, refresh, resume, reach, leave)

    # Looking behind the scenes.

    async def marks(self, ue, wanted):
        """What the core was told with the last REGISTERs of a phone."""
        seen = [m["integrity"] for m in await self.lab.seen(method="REGISTER")
                if ue.user in m["from"]]
        expect(seen[-len(wanted):] == wanted,
               f"the core saw integrity-protected {wanted}, not "
               f"{seen[-len(wanted):]}")

    async def find_shard(self, column, ue):
        found = await self.lab.proxy.associations(ue.impi)
        expect(len(found) == 1, "one association")
        self.ladder.shards[column] = found[0]["shard"]

    async def run(self):
        """The number of steps that went as they should."""
        passed = 0
        for number, step in enumerate(self.STEPS, 1):
            self.ladder.title(f"{number}. {step.__doc__}")
            try:
                await step(self)
                await self.ladder.settle()
                passed += 1
                self.ladder.say("   as it should be", "good")
            except (Unexpected, OSError, TimeoutError) as error:
                await self.ladder.settle()
                what = str(error) or type(error).__name__
                self.ladder.say(f"   wrong: {what}", "bad")
                break
        return passed


class Unexpected(Exception):
    """Something did not go as it should."""


def expect(true, what):
    if not true:
        raise Unexpected(f"expected that {what}")


async def feed(core, ladder):
    """Draw what the home core sees."""
    await core.control("events")
    while True:
        ladder.core(await core.control.events.get())


def say_how_to_join(lab, ladder):
    s = lab.subscribers[2]
    tls = show(lab.proxy.address("tls"))
    ladder.title("Point a softphone at it")
    for name, value in {
            "SIP address": s.sets[0][0],
            "authentication name": s.impi,
            "password": s.password,
            "domain (realm)": DOMAIN,
            "outbound proxy": f"sip:{tls};transport=tls",
            "trusted CA file": f"{lab.folder}/ca.pem",
            "another user": f"{lab.subscribers[3].sets[0][0]}, password "
                            f"{lab.subscribers[3].password}",
            "metrics": f"http://{show(lab.proxy.address('admin'))}/metrics",
    }.items():
        ladder.say(f"  {name:20} {value}")
    ladder.say("\nCtrl-C ends it. What passes is drawn below.")


async def show_all(args, binary, folder, ladder):
    # Many softphones know no other algorithm, and stumble over a better one.
    core_flags = ["--algorithms=MD5"] if args.keep else []
    lab = Lab(binary, folder, people=4, shards=args.shards, host=args.address,
              core_flags=core_flags)
    drawing = []
    try:
        await lab.start()
        ladder.say(f"home core {lab.core.ready['sip']}, proxy "
                   f"{lab.proxy.ready_line}")
        drawing = [asyncio.ensure_future(feed(lab.core, ladder)),
                   asyncio.ensure_future(ladder.draw())]
        demo = Demo(lab, ladder)
        passed = await demo.run()
        if args.keep:
            say_how_to_join(lab, ladder)
            await asyncio.Event().wait()
        await ladder.settle()
        return passed == len(demo.STEPS), passed, len(demo.STEPS)
    finally:
        for task in drawing:
            task.cancel()
        status = await lab.stop()
        if status:
            ladder.say(f"the proxy ended with status {status}", "bad")


async def main(args, binary):
    ladder = Ladder()
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with tempfile.TemporaryDirectory(prefix="sallyport-demo-") as folder:
        try:
            good, passed, steps = await show_all(args, binary, folder, ladder)
        except asyncio.CancelledError:
            ladder.say("\nended")
            return 0 if args.keep else 130
        except (StartFailed, OSError) as error:
            ladder.say(f"demo: {error}", "bad")
            return 1
    ladder.say()
    ladder.say(f"{passed} of {steps} steps passed", "good" if good else "bad")
    return 0 if good else 1


if __name__ == "__main__":
    options = arguments()
    try:
        sys.exit(asyncio.run(main(options, options.binary or build())))
    except (subprocess.CalledProcessError, FileNotFoundError) as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
