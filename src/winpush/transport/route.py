"""Route: how to reach an origin, decided once for each host."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from winpush.channels import Origin
from winpush.errors import ProxyError, TlsError
from winpush.http import Response
from winpush.transport.proxy import Proxy

__all__ = ["Route"]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """How to reach an origin. Compared by identity, because every send looks it up.

    `context` is the TLS of the origin, None for http; `proxy_context` that of an https:// proxy, None without one.
    """

    origin: Origin
    context: ssl.SSLContext | None = field(default=None, repr=False)
    proxy: Proxy | None = None
    proxy_context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def is_forwarded(self) -> bool:
        """True for http through an HTTP proxy: the proxy itself reads the request, so it is written in absolute
        form."""
        return self.proxy is not None and self.context is None and not self.proxy.is_socks

    @property
    def has_tunnel(self) -> bool:
        """True for https through an HTTP proxy: a CONNECT opens the way to the origin."""
        return self.proxy is not None and self.context is not None and not self.proxy.is_socks

    def hung_up(self) -> TlsError:
        """The error for an origin that closes the connection during the TLS handshake."""
        return TlsError(f"The connection to {self.origin} was closed during the TLS handshake.", is_outage=True)

    def refusal(self, response: Response) -> ProxyError | None:
        """Why the proxy didn't forward a request; None if the answer is the origin's own."""
        if response.status_code != 407 or self.proxy is None or not self.is_forwarded:
            return None
        wanted = [value.decode("latin-1") for name, value in response.headers if name.lower() == b"proxy-authenticate"]
        return self.proxy.wants_login(wanted)
