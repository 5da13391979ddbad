"""Route: how an origin is reached, decided once for each host."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from winpush.channels import Origin
from winpush.transport.proxy import Proxy

__all__ = ["Route"]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """How an origin is reached. `context` is None for http. Compared by identity: it is looked up for every send."""

    origin: Origin
    context: ssl.SSLContext | None = field(default=None, repr=False)
    proxy: Proxy | None = None

    @property
    def is_forwarded(self) -> bool:
        """True for http through a proxy: the proxy itself reads the request, so it is written in absolute form."""
        return self.proxy is not None and self.context is None
