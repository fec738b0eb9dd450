"""The tree of sources as a value: a dict from a path to its text."""

import os
import re

_TEXT = (".h", ".cc", ".c", ".py", ".sh", ".bzl", ".bazel", ".BUILD", ".md",
         ".cfg", ".conf", ".txt", ".json", ".service", ".lock", ".sip", ".xml")
_KEPT_DOT_NAMES = {".ci", ".bazelrc", ".bazelignore", ".gitignore",
                   ".gitattributes", ".clang-format"}


def read(root):
    """Reads every text file below `root` that could be part of the project."""
    tree = {}
    with open(os.path.join(root, ".bazelignore")) as file:
        ignored = set(file.read().split())
    for folder, names, files in os.walk(root):
        below = os.path.relpath(folder, root)
        names[:] = [n for n in names if _kept(n) and
                    os.path.normpath(os.path.join(below, n)) not in ignored]
        for name in files:
            path = os.path.join(folder, name)
            if _kept(name) and not os.path.islink(path) and _is_text(path):
                with open(path, errors="replace") as file:
                    tree[os.path.relpath(path, root)] = file.read()
    return tree


def _kept(name):
    if name.startswith("."):
        return name in _KEPT_DOT_NAMES
    return not name.startswith("bazel-") and name != "__pycache__"


def _is_text(path):
    if path.endswith(_TEXT):
        return True
    if "." in os.path.basename(path)[1:]:
        return False
    with open(path, "rb") as file:  # a script, or WORKSPACE, or a dot file
        return b"\0" not in file.read(1024)


def lines(text):
    return enumerate(text.splitlines(), 1)


def is_cpp(path):
    return path.endswith((".h", ".cc"))


def includes(text):
    """Yields (line number, header, in angle brackets?)."""
    for number, line in lines(text):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[2], match[1] == "<"


def without_comments(text):
    """Blanks comments and string contents, and keeps the line numbers."""
    def blank(match):
        kept = match[0][0] if match[0][0] in "\"'" else ""
        return kept + "\n" * match[0].count("\n") + kept
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', blank, text,
                  flags=re.S)
