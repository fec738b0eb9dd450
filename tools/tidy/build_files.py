"""What the BUILD files say, compared with what the sources include.

Bazel hides undeclared headers of other targets only partly under gcc: a header
of an indirect dependency is found. So includes are compared with `deps` here.
BUILD files are read by running them as the Python that they nearly are.
"""

import os
import re

import tree as trees

# Headers of libraries, and what one of the target's deps must begin with.
LIBRARIES = [
    (r"absl/(.*)/[^/]+", r"@com_google_absl//absl/\1:"),
    (r"openssl/.*", r"(@boringssl//|//net/tls:boringssl)"),
    (r"liburing.*", r"@liburing"),
    (r"(gtest|gmock)/.*", r"@googletest//"),
    (r"benchmark/.*", r"@benchmark"),
    (r"ares.*\.h", r"@cares"),
    (r"prometheus/.*", r"@prometheus//"),
    (r"httplib\.h", r"@httplib"),
    (r"nlohmann/.*", r"@nlohmann_json"),
    (r"pugixml\.hpp", r"@pugixml"),
]
_BUILTINS = {"dict", "enumerate", "len", "list", "range", "sorted", "str", "zip"}


class _Names(dict):
    """The names of one BUILD file; an unknown one is a rule that is recorded."""

    def __init__(self, package, tree):
        super().__init__()
        self.package, self.tree = package, tree
        self.targets, self.exported = {}, set()

    def __missing__(self, name):
        import builtins
        if name in _BUILTINS:
            return getattr(builtins, name)
        if name == "glob":
            return self._glob
        if name == "select":
            return lambda branches, **_: _select(branches)
        if name == "exports_files":
            return lambda files, **_: self.exported.update(files)
        return self._record

    def _record(self, *_, **attributes):
        if "name" in attributes:
            self.targets[attributes["name"]] = attributes

    def _glob(self, include, exclude=(), **_):
        files = [os.path.relpath(p, self.package or ".") for p in self.tree
                 if os.path.dirname(p) == self.package or
                 p.startswith(self.package + "/")]
        return [f for f in files
                if any(_glob_match(f, i) for i in include) and
                not any(_glob_match(f, e) for e in exclude)]


def _select(branches):
    values = list(branches.values())
    if not values or not isinstance(values[0], list):
        return values[0] if values else []
    return [v for value in values for v in value]


def _glob_match(file, pattern):
    wild = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*"}
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern)
    return re.fullmatch("".join(wild.get(p, re.escape(p)) for p in parts), file)


def read(tree):
    """Returns (targets by label, packages with the files that they name)."""
    targets, named = {}, {}
    for path, text in tree.items():
        if os.path.basename(path) != "BUILD.bazel":
            continue
        package = os.path.dirname(path)
        names = _Names(package, tree)
        exec(compile(text, path, "exec"), names)  # pylint: disable=exec-used
        for name, attributes in names.targets.items():
            targets[f"//{package}:{name}"] = (package, attributes)
        named[package] = names.exported | {
            f.lstrip(":") for a in names.targets.values()
            for key in ("srcs", "hdrs", "textual_hdrs", "data")
            for f in a.get(key) or []}
    return targets, named


def _label(package, label):
    if label.startswith(":"):
        return f"//{package}{label}"
    if "//" in label and ":" not in label:
        return f"{label}:{label.rsplit('/', 1)[-1]}"
    return label


def _headers(targets, label, depth=4):
    """The headers that a dep on `label` offers; a target of deps alone offers
    theirs, as an alias does."""
    if label not in targets or depth == 0:
        return set()
    package, attributes = targets[label]
    own = {os.path.join(package, h.lstrip(":"))
           for key in ("hdrs", "textual_hdrs")
           for h in attributes.get(key) or []}
    if own or attributes.get("srcs"):
        return own
    onward = list(attributes.get("deps") or [])
    if "actual" in attributes:
        onward.append(attributes["actual"])
    return own.union(*(_headers(targets, _label(package, d), depth - 1)
                       for d in onward))


def declared(tree):
    """Each include is of the target itself or of one of its deps."""
    targets, _ = read(tree)
    for label, (package, attributes) in sorted(targets.items()):
        files = [f.lstrip(":") for key in ("srcs", "hdrs", "textual_hdrs")
                 for f in attributes.get(key) or []]
        own = {os.path.join(package, f) for f in files}
        deps = [_label(package, d) for d in attributes.get("deps") or []]
        seen = own.union(*(_headers(targets, d) for d in deps))
        for path in sorted(p for p in own if trees.is_cpp(p) and p in tree):
            yield from _undeclared(tree, path, label, deps, seen)


def _undeclared(tree, path, label, deps, seen):
    for number, header, _ in trees.includes(tree[path]):
        if header in tree and header not in seen:
            yield path, number, f"{label} needs the target of {header} in deps"
        for pattern, wanted in LIBRARIES:
            match = re.fullmatch(pattern, header)
            if match and header not in tree and not any(
                    re.match(match.expand(wanted), d) for d in deps):
                yield path, number, (
                    f"{label} needs {match.expand(wanted)}... for {header}")


def dead_files(tree):
    """A source that no target names is built by nobody."""
    _, named = read(tree)
    for path in sorted(tree):
        folder = os.path.dirname(path)
        while folder and folder not in named:
            folder = os.path.dirname(folder)
        if trees.is_cpp(path) and folder and (
                os.path.relpath(path, folder) not in named[folder]):
            yield path, 1, "no target has this file"


ALL = [declared, dead_files]
