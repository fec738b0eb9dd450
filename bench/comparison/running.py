"""A program of the comparison as a process: started on one core, ended by its
process id."""

import asyncio
import os

from comparison.programs import Site
from lab.lab import make_certificates, until
from lab.ports import free_port
from lab.process import Program as Process
from lab.process import StartFailed
from ue.flow import TlsOptions

READY_S = 20


def prepare(folder):
    """Certificates in a folder, also in the forms that peers want."""
    make_certificates(folder)
    with open(f"{folder}/both.pem", "w", encoding="ascii") as both:
        for name in ("server.pem", "server.key"):
            with open(f"{folder}/{name}", encoding="ascii") as file:
                both.write(file.read())


def new_site(folder, connections, descriptors):
    return Site(folder, free_port(), free_port(), free_port(), connections,
                descriptors)


class Running(Process):
    """From start() to stop(): the program serves at `site.port`."""

    def __init__(self, program, site, core):
        self.program = program
        self.site = site
        command, environment = program.command(site)
        super().__init__(program.name,
                         ["taskset", "--cpu-list", core, *command],
                         site.folder, env=dict(os.environ) | environment)

    async def start(self):
        await self.launch()
        try:
            await until(self._serves, READY_S)
        except TimeoutError:
            await self.kill()
            raise StartFailed(f"serves nobody after {READY_S} s"
                              f"{self.last_words()}") from None
        return self

    async def _serves(self):
        """A whole handshake: some listen before they have their workers."""
        if not self.running:
            raise StartFailed(f"ended with status {self.process.returncode}"
                              f"{self.last_words()}")
        try:
            _, writer = await asyncio.open_connection(
                "127.0.0.1", self.site.port, ssl=TlsOptions().context())
        except OSError:
            return False
        writer.transport.abort()
        return True

    def last_words(self):
        """What it wrote last, behind a colon."""
        lines = [line[:300] for line in self.said().strip().splitlines()[-3:]]
        return f": {' | '.join(lines)}" if lines else ""
