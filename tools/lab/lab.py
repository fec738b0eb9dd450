"""A whole network in one folder: certificates, home core, proxy, phones."""

import asyncio
import os
import subprocess

from home_core import subscribers
from home_core.client import Client
from lab.admin import Metrics, associations, get
from lab.process import Program, endpoint, show
from ue.flow import TlsOptions
from ue.ue import Edge, Ue

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
DOMAIN = "ims.test"


def make_certificates(folder):
    subprocess.run([os.path.join(TOOLS, "certificates"), folder], check=True)


class HomeCore(Program):
    """The stand-in for the home core as a process, with its control port."""

    def __init__(self, folder, *flags, listen="127.0.0.1:0"):
        super().__init__("home_core", [
            os.path.join(TOOLS, "home_core", "home_core"),
            f"--listen={listen}", f"--domain={DOMAIN}", *flags], folder)
        self.control = None

    async def start(self):
        await super().start()
        self.control = await Client.connect(*self.address("control"))
        return self

    async def stop(self, timeout_s=15):
        if self.control:
            await self.control.close()
        return await super().stop(timeout_s)


class Proxy(Program):
    """The program under test, with a flag for each keyword."""

    def __init__(self, binary, folder, host="127.0.0.1", **flags):
        anywhere = show((host, 0))
        settings = {
            "tls_listen": anywhere, "sip_listen": anywhere,
            "core_listen": anywhere, "admin_listen": "127.0.0.1:0",
            "domain": f"edge.{DOMAIN}", "visited_network_id": DOMAIN,
            "tls_certificate": f"{folder}/server.pem",
            "tls_private_key": f"{folder}/server.key",
            "shards": 2, "admin_show_identities": "true",
        } | flags
        super().__init__("sallyport", [binary] + [
            f"--{name}={value}" for name, value in settings.items()
            if value is not None], folder)

    async def get(self, path):
        return await get(self.address("admin"), path)

    async def metrics(self):
        return await Metrics.read(self.address("admin"))

    async def associations(self, impi):
        return await associations(self.address("admin"), impi)

    @property
    def edge(self):
        """Its addresses, as a phone needs them."""
        return Edge(self.address("tls"), self.address("sip"))


class Lab:
    """Everything that one test or one demo needs; ends what it started."""

    def __init__(self, binary, folder, people=4, shards=2, core_flags=(),
                 core_listen="127.0.0.1:0", core_transport="tcp",
                 core_certificate="server", host="127.0.0.1", **proxy_flags):
        """`core_transport` tls: with FOLDER/`core_certificate`.pem and .key."""
        self.folder = folder
        if core_transport == "tls":
            own = f"{folder}/{core_certificate}"
            core_flags = (f"--tls_listen={core_listen}",
                          f"--tls_certificate={own}.pem",
                          f"--tls_private_key={own}.key",
                          f"--tls_ca={folder}/ca.pem", *core_flags)
            core_listen = "127.0.0.1:0"
            proxy_flags = {"core_tls_ca": f"{folder}/ca.pem"} | proxy_flags
        self.subscribers = subscribers.generated(people, DOMAIN)
        self.core = HomeCore(folder, f"--generate={people}", *core_flags,
                             listen=core_listen)
        self.binary = binary
        self.proxy = None
        self.transport = core_transport
        self.proxy_flags = {"host": host, "shards": shards} | proxy_flags
        self.ues = []

    async def start(self):
        if not os.path.exists(f"{self.folder}/server.pem"):
            make_certificates(self.folder)
        await self.core.start()
        await self.start_proxy()
        return self

    async def start_proxy(self, **changes):
        """Start it, or start it anew after it has ended."""
        self.proxy = Proxy(self.binary, self.folder, **{
            "home_core": ",".join(f"sip:{at};transport={self.transport}"
                                  for at in self.core_addresses)
        } | self.proxy_flags | changes)
        await self.proxy.start()
        await self._tell_the_core()

    async def _tell_the_core(self):
        """Where the proxy is to be found; without a listener for TLS it is
        where it came from."""
        listener = "core_tls" if self.transport == "tls" else "core"
        if listener in self.proxy.ready:
            await self.core.control("edge", address=(
                f"{show(self.proxy.address(listener))}/{self.transport}"))

    @property
    def core_addresses(self):
        """Where the core serves, in the order of `core_listen`."""
        return self.core.ready["tls" if self.transport == "tls"
                               else "sip"].split(",")

    def ue(self, number, version="", ca="ca.pem", **more):
        s = self.subscribers[number]
        ue = Ue(s.impi, s.password, s.sets[0][0], self.proxy.edge,
                TlsOptions(f"{self.folder}/{ca}", "localhost", version),
                **more)
        self.ues.append(ue)
        return ue

    async def seen(self, direction="in", **wanted):
        """What the core saw, oldest first."""
        answer = await self.core.control("seen", direction=direction,
                                         last=100_000, **wanted)
        return answer["messages"]

    async def stop(self):
        """Ends phones, proxy and core; the exit status of the proxy."""
        for ue in self.ues:
            ue.close()
        status = None
        try:
            if self.proxy and self.proxy.process:
                status = await self.proxy.stop()
        finally:
            if self.core.process:
                await self.core.stop()
        return status


async def until(question, timeout_s=10, every_s=0.02):
    """Ask until the answer is true; for what sends no event of its own."""
    async with asyncio.timeout(timeout_s):
        while not (answer := await question()):
            await asyncio.sleep(every_s)
        return answer


__all__ = ["DOMAIN", "HomeCore", "Lab", "Proxy", "endpoint",
           "make_certificates", "until"]
