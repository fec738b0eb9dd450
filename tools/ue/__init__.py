"""A SIP phone for tests and the demo, over TLS, TCP and UDP."""
