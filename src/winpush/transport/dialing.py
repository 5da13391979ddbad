"""Opening a connection: name, TCP, proxy, TLS; every failure in our own words."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import dataclass, field

from winpush.channels import Origin
from winpush.errors import ConnectError, DnsError, ProxyError, TlsError, TransportError
from winpush.transport.connection import Connection
from winpush.transport.proxy import Proxy, connect_request, read_connect_answer

__all__ = ["Route", "dial"]

# How long a polite farewell of TLS may take when a connection is closed.
TLS_GOODBYE_SECONDS = 1.0


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


async def dial(route: Route, connection: Connection) -> None:
    """Connects. Raises ConnectError or one of its kinds; the connection is usable when it returns."""
    loop = asyncio.get_running_loop()
    try:
        if route.proxy is None:
            await _dial_direct(loop, route, connection)
        elif route.context is None:
            await loop.create_connection(lambda: connection, route.proxy.host, route.proxy.port)
        else:
            await _dial_tunnel(loop, route, route.proxy, route.context, connection)
    except TransportError:
        raise
    except ssl.SSLError as error:
        raise TlsError(_describe_tls(error, route.origin)) from error
    except socket.gaierror as error:
        raise DnsError(f"The name {_dialled(route)!r} can't be resolved: {error.strerror}.") from error
    except OSError as error:
        raise _describe_refusal(error, route) from error
    except ValueError as error:  # a label that IDNA refuses, a name that TLS can't ask for
        raise DnsError(f"The name {_dialled(route)!r} can't be resolved: it is no host name.") from error


async def _dial_direct(loop: asyncio.AbstractEventLoop, route: Route, connection: Connection) -> None:
    tls = route.context is not None
    await loop.create_connection(
        lambda: connection,
        route.origin.dial_host,
        route.origin.port,
        ssl=route.context,
        server_hostname=route.origin.dial_host if tls else None,
        ssl_shutdown_timeout=TLS_GOODBYE_SECONDS if tls else None,
    )


async def _dial_tunnel(
    loop: asyncio.AbstractEventLoop, route: Route, proxy: Proxy, context: ssl.SSLContext, connection: Connection
) -> None:
    transport, tunnel = await loop.create_connection(lambda: _Tunnel(proxy), proxy.host, proxy.port)
    try:
        transport.write(connect_request(route.origin, proxy))
        await tunnel.opened
        secured = await loop.start_tls(
            transport,
            connection,
            context,
            server_hostname=route.origin.dial_host,
            ssl_shutdown_timeout=TLS_GOODBYE_SECONDS,
        )
    except BaseException:
        transport.abort()
        raise
    if secured is None:
        raise TlsError(f"The connection to {route.origin} was closed during the TLS handshake.")
    connection.connection_made(secured)


class _Tunnel(asyncio.Protocol):
    """The plain connection to a proxy until its CONNECT is answered."""

    def __init__(self, proxy: Proxy) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._proxy = proxy
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """A part of the proxy's answer."""
        self._received += data
        try:
            if read_connect_answer(self._received, self._proxy) and not self.opened.done():
                self.opened.set_result(None)
        except ProxyError as error:
            self._fail(error)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The proxy hung up."""
        self._fail(ProxyError(f"The proxy {self._proxy} closed the connection before the tunnel was open."))

    def _fail(self, error: ProxyError) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)


def _dialled(route: Route) -> str:
    return route.origin.dial_host if route.proxy is None else route.proxy.host


def _describe_refusal(error: OSError, route: Route) -> ConnectError:
    # asyncio puts the address where the reason belongs; of several addresses that failed it tells all.
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    if route.proxy is not None:
        return ProxyError(f"The proxy {route.proxy} can't be reached: {reason}.")
    return ConnectError(f"{route.origin} can't be reached: {reason}.")


def _describe_tls(error: ssl.SSLError, origin: Origin) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {origin} is not accepted: {error.verify_message}."
    return f"TLS with {origin} failed: {error.reason or error}."
