"""Cut a byte stream into SIP messages by Content-Length (RFC 3261 18.3)."""

import re

from sip.message import BadMessage, Message

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d+)[ \t]*$",
                     re.I | re.M)
HEAD_BYTES_MAX = 256 * 1024


class Framer:
    """Bytes in, messages out; lone CRLFs between messages are counted."""

    def __init__(self):
        self.buffer = b""
        self.line_ends = 0

    def feed(self, data):
        """The messages that these bytes complete."""
        self.buffer += data
        messages = []
        while message := self._next():
            messages.append(message)
        return messages

    def _next(self):
        while self.buffer.startswith(b"\r\n"):
            self.buffer = self.buffer[2:]
            self.line_ends += 1
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > HEAD_BYTES_MAX:
                raise BadMessage("head too long")
            return None
        head = self.buffer[:end].replace(b"\r\n", b"\n")
        found = _LENGTH.search(head)
        if not found:
            raise BadMessage("no Content-Length on a stream")
        total = end + 4 + int(found.group(1))
        if len(self.buffer) < total:
            return None
        data, self.buffer = self.buffer[:total], self.buffer[total:]
        return Message.parse(data)
