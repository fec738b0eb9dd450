"""Signs, not limits: the longest files and functions, for a reader to judge."""

import re

import tree as trees

_NOT_A_FUNCTION = re.compile(
    r"(namespace|class|struct|enum|union|extern|template|constexpr \w+ k)\b")


def functions(path, text):
    """Yields (lines, path:line name) of bodies that end with a brace at column 0."""
    head = 0
    rows = text.splitlines()
    for number, line in enumerate(rows):
        if line[:1].strip() and line[0] not in "#}/":
            head = number
        if line == "}" and not _NOT_A_FUNCTION.match(rows[head]):
            name = rows[head].split("(")[0].split()[-1:] or ["?"]
            yield number - head + 1, f"{path}:{head + 1} {name[0]}"


def report(tree, count=10):
    cpp = {p: t for p, t in tree.items() if trees.is_cpp(p)}
    files = sorted(((len(t.splitlines()), p) for p, t in cpp.items()),
                   reverse=True)
    bodies = sorted((f for p, t in cpp.items() for f in functions(p, t)),
                    reverse=True)
    for title, rows in (("files", files), ("functions", bodies)):
        print(f"Longest {title} of {len(rows)}:")
        for size, name in rows[:count]:
            print(f"  {size:5} {name}")
