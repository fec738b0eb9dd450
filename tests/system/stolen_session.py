"""TLS sessions taken apart: a ticket without its secret, a secret with another
ticket, a ticket with an octet turned.

Python keeps its sessions closed, so this goes below it, to the same libssl: the
second word behind an ssl.SSLSession's head is the SSL_SESSION.
"""

import ctypes
import re

_OCTETS = 0x04
_MASTER_KEY = 4  # place among the elements of OpenSSL's SSL_SESSION_ASN1
_TICKET = 0xaa  # [10] EXPLICIT OCTET STRING
_POINTER_AT = object.__basicsize__  # behind the head of every Python object


def _libssl():
    """The library that Python's ssl has loaded."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        found = ctypes.CDLL(re.search(r"/\S*libssl\S*", file.read()).group())
    found.i2d_SSL_SESSION.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    found.d2i_SSL_SESSION.argtypes = (ctypes.c_void_p, ctypes.c_void_p,
                                      ctypes.c_long)
    found.d2i_SSL_SESSION.restype = ctypes.c_void_p
    found.SSL_SESSION_free.argtypes = (ctypes.c_void_p,)
    return found


def _slot(session):
    return ctypes.c_void_p.from_address(id(session) + _POINTER_AT)


class Parts:
    """The elements of a session as [tag, content] in their order."""

    def __init__(self, session):
        size = _libssl().i2d_SSL_SESSION(_slot(session), None)
        buffer = ctypes.create_string_buffer(size)
        at = ctypes.c_void_p(ctypes.addressof(buffer))
        _libssl().i2d_SSL_SESSION(_slot(session), ctypes.byref(at))
        (_, body), = _elements(buffer.raw)
        self.elements = _elements(body)

    @property
    def secret(self):
        return self.elements[_MASTER_KEY][1]

    @secret.setter
    def secret(self, value):
        self.elements[_MASTER_KEY][1] = value

    @property
    def ticket(self):
        outer = next(e for e in self.elements if e[0] == _TICKET)
        return _elements(outer[1])[0][1]

    @ticket.setter
    def ticket(self, value):
        outer = next(e for e in self.elements if e[0] == _TICKET)
        outer[1] = _encoded(_OCTETS, value)

    def into(self, session):
        """Put these parts into a session of Python's that nobody else has."""
        data = _encoded(0x30, b"".join(_encoded(*e) for e in self.elements))
        buffer = ctypes.create_string_buffer(data, len(data))
        at = ctypes.c_void_p(ctypes.addressof(buffer))
        made = _libssl().d2i_SSL_SESSION(None, ctypes.byref(at), len(data))
        if not made:
            raise ValueError("OpenSSL reads no session here")
        slot = _slot(session)
        _libssl().SSL_SESSION_free(slot)
        slot.value = made
        return session


def _elements(data):
    """The DER elements side by side in these octets."""
    found = []
    while data:
        tag, size, begin = data[0], data[1], 2
        if size & 0x80:
            begin += size & 0x7f
            size = int.from_bytes(data[2:begin], "big")
        found.append([tag, data[begin:begin + size]])
        data = data[begin + size:]
    return found


def _encoded(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def turned(octets, place):
    """The same with one octet changed."""
    changed = bytearray(octets)
    changed[place] ^= 0x41
    return bytes(changed)
