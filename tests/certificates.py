"""Certificates made for one test run."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import trustme

from winpush import Tls
from winpush.transport.tls import ConnectedSocket


@dataclass(frozen=True, slots=True)
class Certificates:
    """The test run's certificate authority, and the certificates that it issues."""

    authority: trustme.CA

    @property
    def tls(self) -> Tls:
        """Client settings that trust it."""
        return Tls(ca=self.authority.cert_pem.bytes())

    def server(self, *names: str, client_ca: trustme.CA | None = None) -> ssl.SSLContext:
        """A server's context for these names; with `client_ca` it asks for a client certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslsocket_class = ConnectedSocket
        self.authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
        if client_ca is not None:
            client_ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
