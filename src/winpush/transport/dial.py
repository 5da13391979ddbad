"""Opening a connection: name, TCP, proxy, TLS; every failure in our own words."""

from __future__ import annotations

import os
import socket
import ssl

from winpush.channels import Origin
from winpush.errors import ConnectError, DnsError, ProxyError, TlsError, TransportError
from winpush.transport.asyncio_connection import AsyncioConnection, dial_asyncio
from winpush.transport.connect import connect
from winpush.transport.connection import Connection, Home, Owner
from winpush.transport.epoll_connection import EpollConnection, EpollTlsConnection, secure
from winpush.transport.proxy import Proxy, connect_request, read_connect_answer
from winpush.transport.reactor import Reactor
from winpush.transport.route import Route

__all__ = ["dial"]

# The other side ended the handshake without a word: it is going down, or something between is. No setting mends that.
_HANGING_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


async def dial(route: Route, owner: Owner, host: Home, reactor: Reactor | None) -> Connection:
    """A new connection, ready for its first request. Raises ConnectError or one of its kinds."""
    try:
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
        raise TlsError(_describe_tls(error, route.origin), is_outage=isinstance(error, _HANGING_UP)) from error
    except socket.gaierror as error:
        raise DnsError(f"The name {_dialled(route)!r} can't be resolved: {error.strerror}.") from error
    except OSError as error:
        raise _describe_refusal(error, route) from error
    except ValueError as error:  # a label that IDNA refuses, a name that TLS can't ask for
        raise DnsError(f"The name {_dialled(route)!r} can't be resolved: it is not a valid host name.") from error


async def _dial_epoll(route: Route, owner: Owner, host: Home, reactor: Reactor) -> Connection:
    if route.proxy is None:
        sock = await connect(reactor.loop, route.origin.dial_host, route.origin.port)
    else:
        sock = await connect(reactor.loop, route.proxy.host, route.proxy.port)
    if route.context is None:
        return EpollConnection(owner, host, reactor, sock)
    if route.proxy is not None:
        await _open_tunnel(reactor, sock, route.origin, route.proxy)
    return EpollTlsConnection(owner, host, reactor, await secure(reactor, sock, route.context, route.origin.dial_host))


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


def _dialled(route: Route) -> str:
    return route.origin.dial_host if route.proxy is None else route.proxy.host


def _describe_refusal(error: OSError, route: Route) -> ConnectError:
    # asyncio puts the address where the reason belongs; of several addresses that failed it tells all.
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    if route.proxy is not None:
        return ProxyError(f"The proxy {route.proxy} can't be reached: {reason}.", is_outage=True)
    return ConnectError(f"{route.origin} can't be reached: {reason}.")


def _describe_tls(error: ssl.SSLError, origin: Origin) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {origin} is not accepted: {error.verify_message}."
    return f"TLS with {origin} failed: {error.reason or error}."
