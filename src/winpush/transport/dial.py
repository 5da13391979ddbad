"""Opens a connection in its steps: the first hop, the tunnel through a proxy, TLS. Every failure gets a message of our
own."""

from __future__ import annotations

import os
import socket
import ssl

from winpush.channels import Origin
from winpush.errors import ConnectError, DnsError, ProxyError, TlsError, TransportError
from winpush.transport.asyncio_connection import AsyncioConnection, dial_asyncio
from winpush.transport.connection import Connection, Home, Owner
from winpush.transport.epoll_connection import EpollConnection, EpollTlsConnection, secure
from winpush.transport.proxy import Proxy, connect_request, read_connect_answer
from winpush.transport.reach import reach
from winpush.transport.reactor import Reactor
from winpush.transport.route import Route
from winpush.transport.secured_proxy import dial_secured
from winpush.transport.tls import describe_tls, is_outage

__all__ = ["dial"]


async def dial(route: Route, owner: Owner, host: Home, reactor: Reactor | None) -> Connection:
    """A new connection, ready for its first request. Raises ConnectError or a subclass."""
    try:
        if route.proxy is not None and route.proxy_context is not None:
            return await dial_secured(route, route.proxy, route.proxy_context, owner, host)
        if reactor is not None:
            return await _dial_epoll(route, owner, host, reactor)
        connection = AsyncioConnection(owner, host)
        try:
            await dial_asyncio(route, connection)
        except BaseException:
            connection.close(abort=True)
            raise
        return connection
    except TransportError:
        raise
    except ssl.SSLError as error:
        raise TlsError(describe_tls(error, str(route.origin)), is_outage=is_outage(error)) from error
    except socket.gaierror as error:
        raise _describe_name(route, str(error.strerror), passes=True) from error
    except OSError as error:
        raise _describe_refusal(error, route) from error
    except ValueError as error:  # a label that IDNA refuses, or a name that TLS can't use
        raise _describe_name(route, "it is not a valid host name", passes=False) from error


async def _dial_epoll(route: Route, owner: Owner, host: Home, reactor: Reactor) -> Connection:
    sock = await reach(reactor.loop, route)
    if route.context is None:
        return EpollConnection(owner, host, reactor, sock)
    if route.proxy is not None and route.has_tunnel:
        await _open_tunnel(reactor, sock, route.origin, route.proxy)
    try:
        tls = await secure(reactor, sock, route.context, route.origin.dial_host)
    except ConnectionError as error:
        if route.proxy is None:
            raise
        raise route.hung_up() from error  # the proxy has done its part
    return EpollTlsConnection(owner, host, reactor, tls)


async def _open_tunnel(reactor: Reactor, sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    received = b""
    try:
        await reactor.loop.sock_sendall(sock, connect_request(origin, proxy))
        while not read_connect_answer(received, proxy):
            more = await reactor.loop.sock_recv(sock, 65_536)
            if not more:
                raise proxy.hung_up()
            received += more
    except ConnectionError:
        sock.close()
        raise proxy.hung_up() from None
    except BaseException:
        sock.close()
        raise


def _describe_name(route: Route, reason: str, *, passes: bool) -> ConnectError:
    """The error for a name that can't be resolved: the proxy's, if there is one. `passes`: it may pass by itself."""
    if route.proxy is not None:
        problem = f"The proxy {route.proxy} can't be reached: its name can't be resolved: {reason}."
        return ProxyError(problem, is_outage=passes)
    return DnsError(f"The name {route.origin.dial_host!r} can't be resolved: {reason}.")


def _describe_refusal(error: OSError, route: Route) -> ConnectError:
    # asyncio puts the address where the reason belongs, and lists all addresses that failed.
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    if route.proxy is not None:
        return ProxyError(f"The proxy {route.proxy} can't be reached: {reason}.", is_outage=True)
    return ConnectError(f"{route.origin} can't be reached: {reason}.")
