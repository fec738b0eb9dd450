"""Registration state as an XML document (RFC 3680 5)."""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE = "application/reginfo+xml"
NAMESPACE = "urn:ietf:params:xml:ns:reginfo"
# Source: TS 24.229 7.10.2
WILDCARD_NAMESPACE = "urn:3gpp:ns:extRegExp:1.0"

# What can become of a contact, and the state that it is in after that.
# Source: RFC 3680 5.3
EVENTS = {
    "registered": "active", "created": "active", "refreshed": "active",
    "shortened": "active", "expired": "terminated",
    "deactivated": "terminated", "probation": "terminated",
    "unregistered": "terminated", "rejected": "terminated",
}


@dataclass(frozen=True)
class Contact:
    id: str
    uri: str
    event: str
    expires_s: int | None = None
    retry_after_s: int | None = None  # with probation
    parameters: dict = field(default_factory=dict)

    @property
    def state(self):
        return EVENTS[self.event]


@dataclass(frozen=True)
class Registration:
    aor: str
    id: str
    state: str  # init, active or terminated
    contacts: tuple = ()
    wildcard: str = ""


def render(version, registrations, partial=False):
    """The document as octets."""
    extra = f' xmlns:ere="{WILDCARD_NAMESPACE}"' if any(
        r.wildcard for r in registrations) else ""
    lines = ['<?xml version="1.0"?>',
             f'<reginfo xmlns="{NAMESPACE}"{extra} version="{version}" '
             f'state="{"partial" if partial else "full"}">']
    for registration in registrations:
        lines += _registration(registration)
    return "\n".join(lines + ["</reginfo>", ""]).encode(errors="replace")


def _registration(registration):
    yield " <registration" + _attributes(
        aor=registration.aor, id=registration.id,
        state=registration.state) + ">"
    for contact in registration.contacts:
        yield from _contact(contact)
    if registration.wildcard:
        yield (f"  <ere:wildcardedIdentity>{escape(registration.wildcard)}"
               "</ere:wildcardedIdentity>")
    yield " </registration>"


def _contact(contact):
    yield "  <contact" + _attributes(
        id=contact.id, state=contact.state, event=contact.event,
        expires=contact.expires_s, retry_after=contact.retry_after_s) + ">"
    yield f"   <uri>{escape(contact.uri)}</uri>"
    # Source: RFC 3680 5.3.2, header parameters that are not its own
    for name, value in contact.parameters.items():
        if name not in ("q", "expires"):
            yield (f"   <unknown-param{_attributes(name=name)}>"
                   f"{escape(value)}</unknown-param>")
    yield "  </contact>"


def _attributes(**values):
    return "".join(f" {name.replace('_', '-')}={quoteattr(str(value))}"
                   for name, value in values.items() if value is not None)
