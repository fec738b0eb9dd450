"""Kamailio, baresip and NSD as processes of a test."""

import asyncio
import glob
import json
import os
import shutil
import signal

from lab.lab import until
from lab.ports import free_port
from lab.process import Program, show

TABLES = "/usr/share/kamailio/dbtext/kamailio"
HERE = os.path.dirname(os.path.abspath(__file__))
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"


class Missing(AssertionError):
    """A program that these tests talk to is not on this machine."""


def find(program):
    path = shutil.which(program, path=SEARCH)
    if not path:
        raise Missing(f"{program} is not installed: run "
                      "tools/setup --with-peers")
    return path


class Kamailio(Program):
    """A registrar that nobody of us wrote."""

    def __init__(self, folder, subscribers, granted_s):
        self.address_text = f"127.0.0.1:{free_port()}"
        modules = glob.glob("/usr/lib/*/kamailio/modules/")
        if not modules or not os.path.exists(f"{modules[0]}/pua_reginfo.so"):
            raise Missing("Kamailio's modules are not installed: run "
                          "tools/setup --with-peers")
        self._write_config(folder, subscribers, {
            "FOLDER": folder, "MODULES": modules[0], "GRANTED_S": granted_s,
            "PORT": self.address_text.partition(":")[2]})
        super().__init__("kamailio", [
            find("kamailio"), "-f", f"{folder}/kamailio.cfg", "-DD", "-E",
            "-m", "64", "-M", "8", "-Y", f"{folder}/run"], folder)
        self.folder = folder

    def _write_config(self, folder, subscribers, values):
        with open(os.path.join(HERE, "kamailio.cfg"),
                  encoding="utf-8") as file:
            text = file.read()
        for name, value in values.items():
            text = text.replace(name, str(value))
        rows = [f"{s.impi.replace('@', ':')}:{s.password}\n"
                for s in subscribers]
        os.makedirs(f"{folder}/db")
        os.makedirs(f"{folder}/run")
        for table in ("version", "presentity", "active_watchers", "watchers",
                      "pua"):
            shutil.copy(f"{TABLES}/{table}", f"{folder}/db")
        for name, content in {
                "kamailio.cfg": text,
                "db/subscriber": "username(string) domain(string) "
                                 "password(string)\n" + "".join(rows),
        }.items():
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(content)

    async def start(self):
        await self.launch()
        host, port = self.address_text.split(":")

        async def listening():
            if not self.running:
                raise AssertionError(f"kamailio ended:\n{self.said()}")
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                return False
            writer.close()
            return True
        await until(listening)
        return self

    def registers(self):
        """What it logged of each REGISTER, oldest first."""
        return self.saw("REGISTER")

    def saw(self, method):
        """What it logged of each request with this method, oldest first."""
        return [line.partition(f"saw {method} ")[2]
                for line in self.said().splitlines() if f"saw {method} " in
                line]

    async def order(self, *command):
        """Have its operator's tool do something."""
        process = await asyncio.create_subprocess_exec(
            find("kamcmd"), "-s", f"unix:{self.folder}/run/ctl", *command,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        async with asyncio.timeout(10):
            said, _ = await process.communicate()
        if process.returncode or said.startswith(b"error"):
            raise AssertionError(f"kamcmd {command}: {said.decode()}")


class Baresip(Program):
    """A softphone, steered over its control port (netstrings of JSON)."""

    CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:0
sip_cafile {ca}
sip_verify_server yes
sip_trans_def tls
call_local_timeout 20
audio_source aufile,{folder}/tone.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/heard.wav
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module uuid.so
module_app account.so
module_app contact.so
module_app menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{port}
"""

    def __init__(self, folder, subscriber, edge, ca, more=""):
        os.makedirs(folder)
        self.control_port = free_port()
        impu = subscriber.sets[0][0]
        account = (f"<{impu}>;auth_user={subscriber.impi};"
                   f"auth_pass={subscriber.password};"
                   f"outbound=\"sip:{show(edge.tls)};transport=tls\";"
                   f"regint=600{more}\n")
        for name, content in {
                "config": self.CONFIG.format(folder=folder, ca=ca,
                                             port=self.control_port),
                "accounts": account, "contacts": ""}.items():
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(content)
        super().__init__("baresip", [find("baresip"), "-f", folder,
                                     "-t", "120"], folder,
                         env={"HOME": folder, "PATH": SEARCH})
        self.events = asyncio.Queue()
        self.writer = self.task = None

    async def start(self):
        await self.launch()

        async def steerable():
            if not self.running:
                raise AssertionError(f"baresip ended:\n{self.said()}")
            try:
                reader, self.writer = await asyncio.open_connection(
                    "127.0.0.1", self.control_port)
            except OSError:
                return False
            self.task = asyncio.ensure_future(self._read(reader))
            return True
        await until(steerable)
        return self

    async def stop(self, timeout_s=15):
        if self.task:
            self.task.cancel()
            self.writer.close()
        return await super().stop(timeout_s)

    async def _read(self, reader):
        try:
            while True:
                size = await reader.readuntil(b":")
                text = await reader.readexactly(int(size[:-1]) + 1)
                self.events.put_nowait(json.loads(text[:-1]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def order(self, name, parameters=""):
        text = json.dumps({"command": name, "params": parameters,
                           "token": name})
        self.writer.write(f"{len(text)}:{text},".encode())

    async def event(self, kind, timeout_s=20):
        """Wait for an event of this kind; others are skipped."""
        async with asyncio.timeout(timeout_s):
            while True:
                event = await self.events.get()
                if event.get("type") == kind:
                    return event


class Nsd(Program):
    """An authoritative name server with the zone `peers.test`."""

    CONFIG = """\
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  database: ""
  server-count: 1
  zonefiles-check: yes
  pidfile: ""
  logfile: "/dev/stderr"
  zonesdir: "{folder}"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zones"
  xfrdfile: "{folder}/xfrd"
remote-control:
  control-enable: no
zone:
  name: peers.test
  zonefile: peers.zone
"""
    ZONE = """\
$ORIGIN peers.test.
$TTL 60
@ 30 SOA ns me {serial} 3600 600 86400 1
@ NS ns
ns A 127.0.0.1
"""

    def __init__(self, folder, records):
        self.folder = f"{folder}/nsd"
        os.makedirs(self.folder)
        port = free_port()
        self.address_text = f"127.0.0.1:{port}"
        self.serial = 0
        self._write("nsd.conf", self.CONFIG.format(port=port,
                                                   folder=self.folder))
        self._write_zone(records)
        super().__init__("nsd", [find("nsd"), "-d", "-V", "1", "-c",
                                 f"{self.folder}/nsd.conf"], folder)

    async def start(self):
        await self.launch()

        async def serving():
            if not self.running:
                raise AssertionError(f"nsd ended:\n{self.said()}")
            return "nsd started" in self.said()
        await until(serving)
        return self

    def change(self, records):
        """Other records from now on, or a little later."""
        self._write_zone(records)
        self.signal(signal.SIGHUP)

    def fall_silent(self):
        """All its processes stand still; kill() ends them all the same."""
        os.killpg(self.pid, signal.SIGSTOP)

    def _write_zone(self, records):
        self.serial += 1
        self._write("peers.zone", self.ZONE.format(serial=self.serial) +
                    "".join(f"{record}\n" for record in records))

    def _write(self, name, text):
        """Whole and at once, so that nobody reads half of it."""
        path = f"{self.folder}/{name}"
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(f"{path}.new", path)
