"""What every whole-system test shares: a lab, and ways to ask what happened."""

import asyncio
import os
import resource
import shutil
import tempfile
import unittest

from lab.lab import Lab, make_certificates
from sip.message import Message, address

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BINARY = os.environ.get("SALLYPORT") or os.path.join(ROOT, "proxy",
                                                     "sallyport")

_certificates = tempfile.TemporaryDirectory(prefix="certificates")


def certificates():
    """A folder with certificates, made once in a process."""
    if not os.listdir(_certificates.name):
        make_certificates(_certificates.name)
    return _certificates.name


class SystemTest(unittest.IsolatedAsyncioTestCase):
    """Gives labs and folders, and ends them; the proxy must end with 0."""

    maxDiff = None

    async def asyncSetUp(self):
        # unittest turns it on: too slow for a thousand phones.
        asyncio.get_running_loop().set_debug(False)

    def folder(self):
        """A folder of this test's own, with certificates."""
        folder = tempfile.mkdtemp(prefix="system")
        self.addCleanup(shutil.rmtree, folder)
        shutil.copytree(certificates(), folder, dirs_exist_ok=True)
        return folder

    async def lab(self, **options):
        """The proxy watches registrations only if the test is about that."""
        lab = Lab(BINARY, self.folder(), **({"reg_event": "off"} | options))
        self.addAsyncCleanup(self._end, lab)
        await lab.start()
        return lab

    async def _end(self, lab):
        status = await lab.stop()
        log = f"{lab.folder}/sallyport.log"
        if status not in (0, None) and os.path.exists(log):
            with open(log, encoding="utf-8", errors="replace") as file:
                self.fail(f"the proxy ended with {status}:\n"
                          f"{file.read()[-4000:]}")

    async def core_saw(self, lab, method="REGISTER", direction="in", **more):
        """The requests that the core got (or sent), oldest first."""
        seen = await lab.seen(direction, method=method, status=0, **more)
        return [Message.parse(m["text"].encode("latin-1")) for m in seen]

    async def marks(self, lab, ue=None):
        """integrity-protected of each REGISTER that the core got."""
        return [m["integrity"] for m in await lab.seen(method="REGISTER",
                                                       status=0)
                if not ue or ue.user in m["from"]]

    def assertStatus(self, response, status):
        self.assertEqual(response.status, status, response.start)


def uri_of(value):
    return address(value)[0]


def raise_descriptor_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def each(ues, action, at_once=100):
    """Do something with every UE, some at a time; the results in order."""
    room = asyncio.Semaphore(at_once)

    async def one(ue):
        async with room:
            return await action(ue)
    return await asyncio.gather(*map(one, ues))
