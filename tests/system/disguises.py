"""The dresses in which a phone may hide what it must not say.

Rows are (sentence, text or function, what the proxy may do): PASSES without
the claim, REFUSED with 400, or EITHER where the reference leaves it open.
"""

from system.witness import EVIL

PASSES, REFUSED, EITHER = {"passes"}, {"refused"}, {"passes", "refused"}
YES = 'integrity-protected="tls-yes"'

# What stands behind `Digest ` and before the honest parameters.
CLAIMS = (
    ("as the reference writes it", f"{YES}, ", PASSES),
    ("in upper case", 'INTEGRITY-PROTECTED="TLS-YES", ', PASSES),
    ("in mixed case", 'iNtEgRiTy-pRoTeCtEd="tls-yes", ', PASSES),
    ("as a token", "integrity-protected=tls-yes, ", PASSES),
    ("without a value", "integrity-protected, ", PASSES),
    ("with an empty value", 'integrity-protected="", ', PASSES),
    ("with nothing behind =", "integrity-protected=, ", EITHER),
    ("spaces around =", 'integrity-protected  =  "tls-yes", ', PASSES),
    ("tabs around =", 'integrity-protected\t=\t"tls-yes", ', PASSES),
    ("a fold before the name", f"\r\n {YES}, ", PASSES),
    ("a fold of a tab before the name", f"\r\n\t{YES}, ", PASSES),
    ("a fold before =", 'integrity-protected\r\n ="tls-yes", ', PASSES),
    ("a fold behind =", 'integrity-protected=\r\n "tls-yes", ', PASSES),
    ("folds on both sides",
     'integrity-protected\r\n\t \r\n =\r\n \r\n\t"tls-yes", ', PASSES),
    ("a fold inside the name", 'integrity-\r\n protected="tls-yes", ',
     REFUSED),
    ("a fold inside the value", 'integrity-protected="tls-\r\n yes", ',
     PASSES),
    ("three times", f"{YES}, {YES}, {YES}, ", PASSES),
    ("three times in three forms",
     f"integrity-protected, {YES.upper()}, {YES}, ", PASSES),
    ("no, and then yes", f'integrity-protected="no", {YES}, ', PASSES),
    ("the value of IMS AKA", 'integrity-protected="yes", ', PASSES),
    ("the value of a trusted node", 'integrity-protected="auth-done", ',
     PASSES),
    ("the value of an address", "integrity-protected=ip-assoc-yes, ",
     PASSES),
    ("the value of AKAv2", 'integrity-protected="tls-connected", ', PASSES),
    ("in the wrong quotes", "integrity-protected='tls-yes', ", PASSES),
    ("a quoted-pair in the value", 'integrity-protected="tls\\-yes", ',
     PASSES),
    # Not every registrar ends these quotes where we do: decision 0008.
    ("a comma and a quote in the value",
     'integrity-protected="tls-yes, \\", ", ', REFUSED),
    ("behind an escaped quote", f'opaque="\\"", {YES}, ', REFUSED),
    ("behind an escaped backslash", f'opaque="\\\\", {YES}, ', REFUSED),
    ("behind a quote that hides a comma", f'opaque=",\\",", {YES}, ',
     REFUSED),
    ("behind a quoted fold", f'opaque="a\r\n b", {YES}, ', PASSES),
    ("behind a quote that never ends", f'opaque="x, {YES}, ', EITHER),
    ("behind a lonely quote", f'", {YES}, ', REFUSED),
    ("behind 60 other parameters",
     "".join(f"p{n}=v, " for n in range(60)) + f"{YES}, ", PASSES),
    ("behind 4000 spaces", " " * 4000 + f"{YES}, ", PASSES),
    ("behind 500 folds", "\r\n " * 500 + f"{YES}, ", PASSES),
    ("4000 spaces before =", "integrity-protected" + " " * 4000
     + '="tls-yes", ', PASSES),
    ("behind empty parameters", f", , {YES}, ", EITHER),
    ("with a semicolon behind it", f"{YES}; ", REFUSED),
    ("with no comma behind it", f"{YES} ", REFUSED),
    ("behind a lone LF", f"opaque=x,\n{YES}, ", REFUSED),
    ("behind a lone LF and a space", f"opaque=x,\n {YES}, ", REFUSED),
    ("behind a lone CR", f"opaque=x,\r{YES}, ", REFUSED),
    ("behind a lone CR and a space", f"opaque=x,\r {YES}, ", REFUSED),
    ("a NUL before the name", f"\0{YES}, ", EITHER),
    ("a NUL behind the name", 'integrity-protected\0="tls-yes", ', EITHER),
    ("a NUL inside the name", 'integrity\0-protected="tls-yes", ', EITHER),
    ("a NUL in the value", 'integrity-protected="tls-yes\0", ', EITHER),
    ("a vertical tab behind the name", 'integrity-protected\v="tls-yes", ',
     EITHER),
    ("a form feed before the name", f"\f{YES}, ", EITHER),
    ("a no-break space before the name", f"\u00a0{YES}, ", EITHER),
)

# Text that looks like a claim and is data, and what becomes of it: it stays, or
# it is refused for its escaped quotes (decision 0008).
DATA = (
    ('opaque="integrity-protected=tls-yes"', PASSES),
    ('opaque=", integrity-protected=tls-yes, "', PASSES),
    ("opaque=\"'\", x=\"', integrity-protected=tls-yes\"", PASSES),
    ('opaque="\\", integrity-protected=\\"tls-yes"', REFUSED),
    ('opaque="a\\\\\\", integrity-protected=tls-yes, b"', REFUSED),
)

# How a header field is written: a function of (name, value) to a field or
# several, and whether the proxy may refuse it.
_LONG = "x" * 8000


def _mixed(name):
    return "".join(c.upper() if i % 2 else c.lower()
                   for i, c in enumerate(name))


DRESSES = (
    ("as it is", lambda n, v: [(n, v)], PASSES),
    ("in upper case", lambda n, v: [(n.upper(), v)], PASSES),
    ("in lower case", lambda n, v: [(n.lower(), v)], PASSES),
    ("in mixed case", lambda n, v: [(_mixed(n), v)], PASSES),
    ("a space before the colon", lambda n, v: [(n + " ", v)], PASSES),
    ("a tab before the colon", lambda n, v: [(n + "\t", v)], PASSES),
    ("forty spaces before the colon", lambda n, v: [(n + " " * 40, v)],
     PASSES),
    ("folded at once", lambda n, v: [(n, f"\r\n {v}")], PASSES),
    ("folded twice", lambda n, v: [(n, f"\r\n \r\n\t{v}")], PASSES),
    ("folded behind the value", lambda n, v: [(n, f"{v}\r\n ")], PASSES),
    ("twice", lambda n, v: [(n, v), (n, v)], PASSES),
    ("twice in two cases", lambda n, v: [(n.upper(), v), (n.lower(), v)],
     PASSES),
    ("empty, and then not", lambda n, v: [(n, ""), (n, v)], PASSES),
    ("in a comma list", lambda n, v: [(n, f"{v}, {v} ,{v}")], PASSES),
    ("behind a field of 8000 octets",
     lambda n, v: [("Subject", _LONG), (n, v)], PASSES),
    ("behind a field that folds", lambda n, v: [("Subject", "a\r\n b\r\n c"),
                                                (n, v)], PASSES),
    ("behind an empty field", lambda n, v: [("X-Empty", ""), (n, v)], PASSES),
    ("behind a lone LF", lambda n, v: [("Subject", f"a\n{n}: {v}")], REFUSED),
    ("behind a lone CR", lambda n, v: [("Subject", f"a\r{n}: {v}")], REFUSED),
    ("behind LF CR", lambda n, v: [("Subject", f"a\n\r{n}: {v}")], REFUSED),
    ("behind a NUL", lambda n, v: [("\0" + n, v)], EITHER),
    ("with a NUL before the colon", lambda n, v: [(n + "\0", v)], EITHER),
    ("with a vertical tab before the colon", lambda n, v: [(n + "\v", v)],
     EITHER),
    ("with a space inside the name", lambda n, v: [(n.replace("-", " -", 1),
                                                    v)], EITHER),
)

_SIP = f"<sip:{EVIL}@ims.test>"
# Source: the reference, 9.1 and 3.1
TRUST_LIST = {
    "P-Asserted-Identity": _SIP,
    "P-Preferred-Identity": _SIP,
    "P-Charging-Vector": f'icid-value="{EVIL}";orig-ioi={EVIL}',
    "P-Charging-Function-Addresses": f"ccf={EVIL}",
    "P-Visited-Network-ID": f'"{EVIL}"',
    "P-Associated-URI": _SIP,
    "Service-Route": f"<sip:{EVIL}.test;lr>",
    "Path": f"<sip:{EVIL}.test;lr>",
    "P-Called-Party-ID": _SIP,
    "P-Served-User": f"{_SIP};sescase=orig;regstate=reg",
    "P-Profile-Key": _SIP,
    "P-Asserted-Service": f"urn:urn-7:3gpp-service.{EVIL}",
    "P-User-Database": f"<aaa://{EVIL}.test>",
    "P-Media-Authorization": f"00{EVIL}",
    "P-Private-Network-Indication": f"{EVIL}.test",
    "Security-Server": f"tls;q=1;{EVIL}=1",
    "P-Access-Network-Info": f"{EVIL.upper()};network-provided",
    "Feature-Caps": f'*;+g.3gpp.{EVIL}="1"',
    "Resource-Priority": f"{EVIL}.0",
    "History-Info": f"{_SIP};index=1",
    "Restoration-Info": f"noresponse;{EVIL}",
    "Relayed-Charge": f"{EVIL};1",
    "Service-Interact-Info": f"{EVIL}",
    "Response-Source": f'"{EVIL}"',
    "Attestation-Info": f'"{EVIL}"',
    "Origination-Id": f"{EVIL}",
    "Cellular-Network-Info": f"3GPP-E-UTRAN;{EVIL}",
    "Additional-Identity": _SIP,
}
