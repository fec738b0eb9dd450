"""The machine on which it was measured: cores, limits, and facts to print."""

import os
import platform
import re
import resource
import subprocess
from datetime import datetime, timezone


class Unfit(Exception):
    """This machine cannot measure."""


def cores():
    """(core of the program, core of the load): the last two of ours."""
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2:
        raise Unfit("needs two cores, one for the program that is measured "
                    f"and one for the load; we may use {len(mine)}")
    return str(mine[-1]), str(mine[-2])


def raise_descriptor_limit():
    """The most that we may open; what we start inherits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        wanted = max(most, 70_000)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def facts(root, program_core, load_core, descriptors):
    """Names and values, in the order in which they are shown."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": processor(),
        "cores": f"{os.cpu_count()}; the program on {program_core}, "
                 f"the load with phones and core on {load_core}",
        "virtual machine": hypervisor() or "no",
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "system": system(),
        "compiler": first_line("g++", "--version"),
        "build of Sallyport": "bazel build --config=release",
        "commit": commit(root),
        "OpenSSL of the others": first_line("openssl", "version"),
        "hardware counters": hardware_counters(),
        "descriptors": f"{descriptors:,}",
        "load average at the start": load_average(),
    }


def load_average():
    return " ".join(f"{number:.2f}" for number in os.getloadavg())


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    model = re.search(r"^model name\s*: (.*)", text, re.M)
    number = re.search(r"^model\s*: (.*)", text, re.M)
    return (f"{model[1] if model else platform.machine()}"
            + (f" (model {number[1]})" if number else ""))


def hypervisor():
    found = re.search(r"Hypervisor vendor:\s*(.*)", said("lscpu"))
    return found[1] if found else ""


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2 ** 30


def system():
    with open("/etc/os-release", encoding="utf-8") as file:
        found = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M)
    return found[1] if found else platform.platform()


def commit(root):
    number = said("git", "-C", root, "rev-parse", "--short=12", "HEAD").strip()
    if not number:
        return "unknown"
    changed = said("git", "-C", root, "status", "--porcelain",
                   "--untracked-files=no").strip()
    return number + (" with changes" if changed else "")


def hardware_counters():
    exist = os.path.exists("/sys/bus/event_source/devices/cpu")
    return "yes" if exist else "no: instructions are not counted"


def first_line(*command):
    return (said(*command).splitlines() or ["unknown"])[0]


def said(*command):
    """What a command prints; nothing when it fails or is not there."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                              stderr=subprocess.DEVNULL, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
