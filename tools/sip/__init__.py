"""SIP for the tools in plain Python: messages, framing, digest."""
