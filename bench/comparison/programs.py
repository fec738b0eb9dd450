"""The programs that are compared: their files, their commands, their versions.

Adding one means: a configuration in bench/peers/, and an entry in PROGRAMS.
"""

import glob
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "..", "peers")
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
SHARED_MEMORY_MIB = 2048
PRIVATE_MEMORY_MIB = 32


class Missing(Exception):
    """A program, or a module of it, is not on this machine."""


@dataclass(frozen=True)
class Site:
    """Where a program serves in one run."""
    folder: str  # with server.pem, server.key, both.pem; it may write there
    port: int  # phones, TLS
    edge_port: int  # the core reaches phones here, TCP
    core_port: int  # the core itself, TCP
    connections: int  # phones at most
    descriptors: int


@dataclass(frozen=True)
class Program:
    """One entry of the comparison."""
    name: str  # as in --only
    title: str  # as in tables
    binary: str
    kind: str = "relay"  # for the load: does it say integrity-protected?
    speaks_sip: bool = True
    configuration: str = ""  # of bench/peers/
    shared: tuple = ()  # further files of bench/peers/
    modules: tuple = ()  # files that must be there, as patterns
    arguments: tuple = ()  # words between @ are filled in
    version_pattern: str = r"([\d.]+)"
    environment: dict = field(default_factory=dict)
    forbidden: str = ""  # a capability that it must not have

    def path(self):
        found = shutil.which(self.binary, path=SEARCH)
        if not found:
            raise Missing(f"{self.title}: {self.binary} is not installed: run "
                          "tools/setup --with-relays")
        return found

    def module_folder(self):
        """Of the modules, each of which must be there."""
        folder = ""
        for pattern in self.modules:
            found = glob.glob(pattern)
            if not found:
                raise Missing(f"{self.title}: {pattern} is not installed: run "
                              "tools/setup --with-relays")
            folder = os.path.dirname(found[0])
        return folder

    def check(self):
        """Raises Missing."""
        self.path()
        self.module_folder()

    def version(self):
        said = subprocess.run([self.path(), "-v"],
                              stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, text=True).stdout
        found = re.search(self.version_pattern, said)
        return found[1] if found else said.strip().splitlines()[0]

    def sockets(self, phones):
        """Descriptors that it needs for so many phones: a relay has a
        connection to the core for each of them."""
        return phones * (1 if self.speaks_sip else 2) + 200

    def values(self, site):
        return {"FOLDER": site.folder, "PORT": site.port,
                "EDGE_PORT": site.edge_port, "CORE_PORT": site.core_port,
                "CONNECTIONS": site.connections,
                "DESCRIPTORS": site.descriptors,
                "MODULES": self.module_folder(),
                "SHARED_MEMORY": SHARED_MEMORY_MIB,
                "PRIVATE_MEMORY": PRIVATE_MEMORY_MIB}

    def command(self, site):
        """Writes the files that it reads; what to start, and in which
        environment."""
        values = self.values(site)
        for name in (self.configuration, *self.shared):
            if name:
                write(name, site.folder, values)
        arguments = [fill(a, values, self.name) for a in self.arguments]
        environment = {name: fill(value, values, self.name)
                       for name, value in self.environment.items()}
        return [*self._guard(), self.path(), *arguments], environment

    def _guard(self):
        """What takes a capability away; only root has any."""
        if not self.forbidden or os.geteuid() != 0:
            return []
        return ["setpriv", f"--bounding-set=-{self.forbidden}"]


def fill(text, values, where):
    """`text` with each @NAME@ replaced; a name without a value is an error."""
    def value(match):
        if match[1] not in values:
            raise KeyError(f"{where}: nobody knows @{match[1]}@")
        return str(values[match[1]])
    return re.sub(r"@([A-Z_]+)@", value, text)


def write(name, folder, values):
    """A file of bench/peers/ with its values, into `folder`."""
    with open(os.path.join(PEERS, name), encoding="utf-8") as file:
        text = fill(file.read(), values, name)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


@dataclass(frozen=True)
class Sallyport(Program):
    """Ours: built here, not installed."""
    file: str = ""

    def path(self):
        if not os.access(self.file, os.X_OK):
            raise Missing(f"Sallyport: {self.file} is not there: build it")
        return self.file

    def version(self):
        return "of this tree"


def sallyport(file):
    return Sallyport(
        name="sallyport", title="Sallyport", binary="sallyport", kind="edge",
        file=file, arguments=(
            "--tls_listen=127.0.0.1:@PORT@", "--sip_listen=127.0.0.1:0",
            "--core_listen=127.0.0.1:@EDGE_PORT@",
            "--admin_listen=127.0.0.1:0",
            "--home_core=sip:127.0.0.1:@CORE_PORT@;transport=tcp",
            "--domain=edge.load.test", "--tls_certificate=@FOLDER@/server.pem",
            "--tls_private_key=@FOLDER@/server.key",
            "--state_directory=@FOLDER@",
            "--connections_max=@CONNECTIONS@",
            "--reg_event=off",  # this home core has no notifier
            "--shards=1"))


_OPENSSL = {"OPENSSL_CONF": "@FOLDER@/openssl.cnf"}
_KAMAILIO_MODULES = "/usr/lib/*/kamailio/modules/"

HAPROXY = Program(
    name="haproxy", title="HAProxy", binary="haproxy", speaks_sip=False,
    configuration="haproxy.cfg", shared=("openssl.cnf",),
    # -db: in the foreground, one process.
    arguments=("-db", "-f", "@FOLDER@/haproxy.cfg"), environment=_OPENSSL,
    version_pattern=r"version (\S+)")

NGINX = Program(
    name="nginx", title="nginx", binary="nginx", speaks_sip=False,
    configuration="nginx.conf", shared=("openssl.cnf",),
    modules=("/usr/lib/nginx/modules/ngx_stream_module.so",),
    arguments=("-p", "@FOLDER@", "-e", "stderr",
               "-c", "@FOLDER@/nginx.conf"), environment=_OPENSSL,
    version_pattern=r"nginx/(\S+)")


def kamailio(variant, title, *modules, forbidden=""):
    file = f"kamailio-{variant}.cfg"
    return Program(
        name=f"kamailio-{variant}", title=title, binary="kamailio",
        configuration=file, shared=("kamailio-edge.cfg", "openssl.cnf"),
        modules=tuple(f"{_KAMAILIO_MODULES}{m}.so" for m in ("tls", *modules)),
        # -DD: in the foreground, with its processes. Of the memory managers
        # tlsf is the fastest, fm costs a little more, and the default (qm,
        # which checks what it hands out) three times as much per message.
        arguments=("-f", f"@FOLDER@/{file}", "-DD", "-E", "-x", "tlsf",
                   "-X", "tlsf", "-m", "@SHARED_MEMORY@",
                   "-M", "@PRIVATE_MEMORY@", "-Y", "@FOLDER@"),
        environment=_OPENSSL, version_pattern=r"kamailio (\S+)",
        forbidden=forbidden)


STATELESS = kamailio("stateless", "Kamailio stateless")
STATEFUL = kamailio("stateful", "Kamailio stateful", "tm")
PCSCF = kamailio("pcscf", "Kamailio P-CSCF", "tm", "ims_usrloc_pcscf",
                 "ims_ipsec_pcscf", "ims_registrar_pcscf",
                 forbidden="net_admin")
PEER_PROGRAMS = (HAPROXY, NGINX, STATELESS, STATEFUL, PCSCF)
