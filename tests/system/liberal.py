"""A careless reading of SIP: all that the laxest parser could see in a message.

Written for the checker of the impersonation tests, and on purpose sharing
nothing with tools/sip: any control character may end a line or stand in a name,
any of `,` `;` and space may part parameters.
"""

import re

_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PARAMETER = re.compile(
    r'"(?:[^"\\]|\\.)*"?'  # a quoted string on its own says nothing
    r'|([^\s,;="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"?|[^\s,;"]*))?', re.S)


def head(text):
    """The text before the empty line."""
    return text.partition("\r\n\r\n")[0]


def fields(text):
    """[(name in lower case, value)] of all that may be a header field."""
    found = []
    for line in _LINE_END.split(head(text))[1:]:
        if line[:1] in (" ", "\t") and found:
            found[-1][1] += " " + line.strip()
            continue
        name, _, value = line.partition(":")
        found.append([re.sub(r"[\x00-\x20\x7f]", "", name).lower(),
                      value.strip()])
    return [tuple(one) for one in found]


def values(text, name):
    return [v for n, v in fields(text) if n == name]


def parameters(value):
    """[(name in lower case, value or None)] of credentials."""
    spaced = _CONTROLS.sub(" ", value)
    return [(m.group(1).lower(), m.group(2) and _unquoted(m.group(2)))
            for m in _PARAMETER.finditer(spaced) if m.group(1)]


def _unquoted(text):
    return re.sub(r"\\(.)", r"\1", text.strip('"')) if text[:1] == '"' \
        else text


def credentials(text, name="authorization"):
    """Each row's parameters with its scheme: [(scheme, [(name, value)])]."""
    rows = []
    for value in values(text, name):
        all_of_it = parameters(value)
        scheme = all_of_it[0][0] if all_of_it else ""
        rows.append((scheme, all_of_it))
    return rows


def claims(text):
    """Every value of integrity-protected, wherever credentials may stand."""
    return [value for name in ("authorization", "proxy-authorization")
            for _, row in credentials(text, name)
            for parameter, value in row if parameter == "integrity-protected"]


def start(text):
    return _LINE_END.split(text, maxsplit=1)[0]


def branches(text):
    """The branch of every Via, from the top."""
    return re.findall(r"branch=([^;,\s]*)",
                      " ".join(values(text, "via") + values(text, "v")))
