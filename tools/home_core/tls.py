"""Who the home core is over TLS, and whom it believes."""

import ssl
from dataclasses import dataclass


@dataclass
class Tls:
    certificate: str
    private_key: str
    ca: str = ""          # vouches for the edge, whichever of us connects
    demand: bool = False  # a client must show a certificate

    def server(self):
        """For those who connect to us."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.private_key)
        if self.demand:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self):
        """For those to whom we connect."""
        context = ssl.create_default_context(cafile=self.ca or None)
        context.load_cert_chain(self.certificate, self.private_key)
        return context
