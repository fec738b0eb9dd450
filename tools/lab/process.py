"""Programs that we start, wait for, and end by their own process id."""

import asyncio
import contextlib
import ctypes
import os
import re
import signal

READY_S = 20


class StartFailed(Exception):
    """The program ended, or said nothing, before it was ready."""


def _die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Program:
    """A program that prints `ready name=address ...` when it serves."""

    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.command = [str(c) for c in command]
        self.log = os.path.join(folder, f"{name}.log")
        self.env = env
        self.process = None
        self.ready_line = ""
        self.ready = {}  # name -> text
        self._drained = None

    async def launch(self):
        """Start it without waiting for anything."""
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C goes to us, and we end it.
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=log, env=self.env,
                start_new_session=True, preexec_fn=_die_with_parent)
        return self

    async def start(self):
        """Start it and wait until it serves."""
        await self.launch()
        try:
            self.ready_line = await asyncio.wait_for(self._find_ready(),
                                                     READY_S)
        except asyncio.TimeoutError:
            await self.kill()
            raise StartFailed(f"{self.name}: not ready in {READY_S} s\n"
                              f"{self.said()}") from None
        self.ready = dict(re.findall(r"(\w+)=(\S+)", self.ready_line))
        self._drained = asyncio.ensure_future(self.process.stdout.read())
        return self

    async def _find_ready(self):
        while line := (await self.process.stdout.readline()).decode():
            if line.startswith("ready "):
                return line.strip()
        await self.process.wait()
        raise StartFailed(f"{self.name} ended with status "
                          f"{self.process.returncode}\n{self.said()}")

    def said(self):
        """What it wrote to standard error."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    async def printed(self):
        """All that it wrote to both outputs, once it has ended."""
        rest = await self._drained
        return f"{self.ready_line}\n{rest.decode(errors='replace')}{self.said()}"

    def address(self, name):
        """The first address of that name in the ready line."""
        return endpoint(self.ready[name].split(",")[0])

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return bool(self.process) and self.process.returncode is None

    def signal(self, number):
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def wait(self, timeout_s=15):
        """Its exit status."""
        return await asyncio.wait_for(self.process.wait(), timeout_s)

    async def stop(self, timeout_s=15):
        """SIGTERM, then the exit status; a program that stays is killed."""
        self.signal(signal.SIGTERM)
        try:
            return await self.wait(timeout_s)
        except asyncio.TimeoutError:
            await self.kill()
            raise

    async def kill(self):
        """End it and what it has started: all of its session's group."""
        if self.running:
            # It may have ended a moment ago.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return await self.process.wait()

    # What the kernel says of it.

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def sanitized(self):
        """Under a sanitizer, whose allocator keeps what was freed."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as file:
            maps = file.read()
        return "libasan" in maps or "libtsan" in maps


def endpoint(text):
    """("::1", 5060) of "[::1]:5060"."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def show(address):
    """"[::1]:5060" of ("::1", 5060)."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
