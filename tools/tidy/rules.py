"""The rules of the source text. Each yields (path, line number, message)."""

import collections
import os
import re

import tree as trees

# A header that only some folders may include. `where` and `header` are regular
# expressions; a file that matches `unless` is excused.
Ban = collections.namedtuple("Ban", "where header unless why")

# Proves that each library is the one meant, so it includes them all.
_DEPENDENCIES = r"tests/build/dependencies_test\.cc"

_SYSTEM = (r"(?!sys/mman\.h)(sys|netinet|net|linux|openssl|ares|prometheus|benchmark)/.*|"
           r"(thread|mutex|shared_mutex|condition_variable|future|stop_token|"
           r"semaphore|barrier|latch|ctime|"
           r"fcntl\.h|poll\.h|netdb\.h|pthread\.h|time\.h|"
           r"liburing\.h|ares\.h|httplib\.h)")

BANS = [
    Ban(r"core/", r"(net|proxy|bench)/.*", None,
        "core/ knows nothing of net/, proxy/ or bench/"),
    Ban(r"core/", _SYSTEM, None,
        "core/ has no socket, thread, clock, chance or TLS library"),
    Ban(r"core/", r"random|iostream|fstream|filesystem|sys/mman\.h|unistd\.h",
        r".*_(test|fuzz)\.(h|cc)|core/testing/.*",
        "core/ reads no file, maps no page, rolls no dice; its tests may"),
    Ban(r"core/", r"arpa/inet\.h", r"core/base/endpoint\.cc",
        "an Endpoint reads and writes addresses, nobody else does"),
    Ban(r"core/", r"atomic", r"core/base/counter\.h",
        "core/ is shard-owned; only a Counter has readers elsewhere"),
    Ban(r"net/", r"core/(?!base/).*", None, "net/ sees only core/base/"),
    Ban(r"net/", r"(proxy|bench)/.*", None,
        "net/ knows nothing of proxy/ or bench/"),
    Ban(r"(?!net/tls/)", r"openssl/.*", _DEPENDENCIES,
        "nothing but net/tls/ sees BoringSSL"),
    Ban(r"(?!net/)", r"liburing.*", _DEPENDENCIES,
        "io_uring belongs to net/"),
    Ban(r"(?!net/)", r"ares.*\.h", _DEPENDENCIES, "c-ares belongs to net/"),
    Ban(r"(?!proxy/)", r"prometheus/.*|httplib\.h", _DEPENDENCIES,
        "the admin endpoint belongs to proxy/"),
    Ban(r"(?!bench/)", r"bench/.*", None, "nothing includes bench/"),
    Ban(r"(?!tests/)", r"tests/.*", None, "nothing includes tests/"),
    Ban(r"(?!tools/)", r"tools/.*", None, "nothing includes tools/"),
    Ban(r"(?!proxy/|bench/|tests/)", r"proxy/.*", None,
        "proxy/ is the program; only bench/ and tests/ stand above it"),
]

# Words of code, comments and strings left out, that a folder may not use.
Call = collections.namedtuple("Call", "where word unless why")

CALLS = [
    Call(r"core/", r"::now\(\)", None,
         "the present is an argument of every event"),
    Call(r"core/", r"\b(clock_gettime|gettimeofday|time)\((nullptr|NULL|0|&)",
         None, "the present is an argument of every event"),
    Call(r"core/", r"\b(random_device|mt19937(_64)?|rand\(\)|getrandom)",
         r".*_(test|fuzz)\.cc", "chance comes from outside"),
    Call(r"", r"\bgoto\b", None, "no goto"),
    Call(r"(core|net|proxy)/", r"\b(throw|dynamic_cast|typeid)\b", None,
         "our code throws nothing and asks no type at run time"),
]

# Split, so that this file does not hold the words that it looks for.
_UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
_MACHINE_PATH = re.compile(r"(?<![\w.~}*-])/(wo" r"rk|ro" r"ot|ho" r"me)/\w")
_MIRROR = re.compile(r"\b(deb|ftp|security|snapshot)\.deb" r"ian\.")
_SOURCE = re.compile(r"(//|\*|#)\s*Source:\s*(.*)")
_SPEC = re.compile(r"(RFC \d+|TS \d\d\.\d{3}|FIPS \d+|ITU-T \w\.\d+|IANA |"
                   r"(spec|Sallyport) [\dE])")


def arrows(tree):
    for path, text in tree.items():
        if not trees.is_cpp(path):
            continue
        for number, header, _ in trees.includes(text):
            for ban in BANS:
                if (re.match(ban.where, path) and
                        re.fullmatch(ban.header, header) and
                        not (ban.unless and re.fullmatch(ban.unless, path))):
                    yield path, number, f"includes {header}: {ban.why}"


def calls(tree):
    for path, text in tree.items():
        if not trees.is_cpp(path):
            continue
        code = trees.without_comments(text)
        for number, line in trees.lines(code):
            for call in CALLS:
                match = re.search(call.word, line)
                if (match and re.match(call.where, path) and
                        not (call.unless and re.fullmatch(call.unless, path))):
                    yield path, number, f"{match[0]}: {call.why}"


def header_guards(tree):
    for path, text in tree.items():
        if not path.endswith(".h"):
            continue
        guard = re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
        wanted = (f"#ifndef {guard}\n#define {guard}\n", f"#endif  // {guard}")
        if wanted[0] not in text or not text.rstrip().endswith(wanted[1]):
            yield path, 1, f"the header guard is {guard}"


def macros(tree):
    for path, text in tree.items():
        if not trees.is_cpp(path) or not path.startswith(
                ("core/", "net/", "proxy/")):
            continue
        for number, line in trees.lines(text):
            match = re.match(r"\s*#\s*define\s+(\w+)", line)
            if match and not match[1].endswith("_H_") and (
                    os.path.basename(path) != "assert.h"):
                yield path, number, f"{match[1]}: no macro but an assert"


def finished(tree):
    for path, text in tree.items():
        for number, line in trees.lines(text):
            match = _UNFINISHED.search(line)
            if match:
                yield path, number, f"{match[0]}: finish it, or file it"


def no_place(tree):
    """The tree must build wherever it lies, from whatever mirror."""
    for path, text in tree.items():
        for number, line in trees.lines(text):
            for pattern in (_MACHINE_PATH, _MIRROR):
                match = pattern.search(line)
                if match:
                    yield path, number, f"{match[0]}: names one machine"


def clauses(tree):
    for path, text in tree.items():
        if not trees.is_cpp(path):
            continue
        for number, line in trees.lines(text):
            match = _SOURCE.search(line)
            if match and not _SPEC.match(match[2]):
                yield path, number, (
                    "write Source: <spec> <clause>, as in RFC 3261 18.3")


def folders(tree):
    """A folder of sources is a package, and says what it is in one sentence."""
    with_sources = {os.path.dirname(p) for p in tree
                    if trees.is_cpp(p) and "/" in p}
    packages = {os.path.dirname(p) for p in tree
                if os.path.basename(p) == "BUILD.bazel"}
    for folder in sorted(with_sources - packages):
        yield folder, 1, "has sources and no BUILD.bazel"
    for folder in sorted(packages):
        path = os.path.join(folder, "BUILD.bazel")
        first = (tree[path].splitlines() or [""])[0]
        if not re.fullmatch(r'(# |""")\w.{10,}', first):
            yield path, 1, "begins with a sentence on what the folder is"


def top_level(tree):
    allowed = {"bench", "core", "docs", "net", "proxy", "tests", "tools", ".ci"}
    for folder in sorted({p.split("/")[0] for p in tree if "/" in p} - allowed):
        yield folder, 1, "is not one of the top folders"


ALL = [arrows, calls, header_guards, macros, finished, no_place, clauses,
       folders, top_level]
