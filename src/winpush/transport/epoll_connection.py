"""Connections that read and write their sockets themselves, as soon as a Reactor says that they are ready.

The standard library's TLS works directly on the socket here. Through asyncio, it would copy every byte four times and
hold 256 KiB per connection.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from typing import ClassVar

from winpush.errors import TlsError, TransportError
from winpush.transport.connection import Connection, Home, Job, Owner
from winpush.transport.kernel import KernelSocket, TlsSocket
from winpush.transport.reactor import READABLE, WRITABLE, Reactor
from winpush.transport.tls import is_outage

__all__ = ["EpollConnection", "EpollTlsConnection", "secure"]


class EpollConnection(Connection):
    """A plain connection over a socket of our own that is already connected."""

    # Raised by the kernel, or by TLS, if the call must be repeated later.
    _not_now: ClassVar[tuple[type[OSError], ...]] = (BlockingIOError,)

    __slots__ = ("_backlog", "_kernel", "_reactor", "_unsent", "fd", "sock")

    def __init__(self, owner: Owner, host: Home, reactor: Reactor, sock: socket.socket) -> None:
        super().__init__(owner, host)
        self._reactor = reactor
        self.sock = sock
        self.fd = sock.fileno()
        self._kernel = KernelSocket(sock)
        self._backlog = b""
        self._unsent = False
        reactor.add(self.fd, self._handle)

    def is_quiet(self) -> bool:
        """True while it is open. The reactor asks the kernel just before writing, for all connections at once."""
        return not self.closed

    @property
    def has_written(self) -> bool:
        """False until the reactor has written the request."""
        return not self._unsent

    def abort(self) -> None:
        """Does nothing: `close` has already closed the socket."""

    def rest(self) -> None:
        """The loop stops watching it: a thread has it."""
        self._reactor.remove(self.fd)

    def wake(self) -> None:
        """The loop watches it again."""
        self.sock.setblocking(False)  # noqa: FBT003 - its own name says what it means
        self._reactor.add(self.fd, self._handle)

    def start(self, job: Job) -> None:
        """Writes a job's request, together with the others of the loop's present turn."""
        self.job = job
        self.deadline = job.deadline
        self._received = 0
        self._unsent = True
        self._reactor.write_soon(self, job.wire)

    def write_now(self, wire: bytes, stirred: bool) -> None:
        """Hands the kernel the request that the reactor has held back."""
        if self.closed:
            return
        self._unsent = False
        # Data on a new connection may be TLS session tickets.
        if (stirred and self.used) or not self._write(wire):
            self.refused()

    def _write(self, wire: bytes) -> bool:
        try:
            written = self._kernel.send(wire)
        except self._not_now:
            written = 0
        except OSError:
            return False
        if written < len(wire):
            self._keep(wire[written:])
        return True

    def _keep(self, rest: bytes) -> None:
        """Keeps what the kernel didn't take, until it takes more."""
        self._backlog = rest
        self._reactor.change(self.fd, READABLE | WRITABLE)

    def _flush(self) -> None:
        wire, self._backlog = self._backlog, b""
        self._reactor.change(self.fd, READABLE)
        if wire and not self._write(wire):
            self.broken(BrokenPipeError("the rest of the request could not be written"))

    def _handle(self, mask: int) -> None:
        if self._unsent:
            # Bytes that come before the request can't answer it. (On a new connection, they may be session tickets.)
            if self.used:
                self.refused()
            return
        if mask & WRITABLE:
            self._flush()
            if mask == WRITABLE or self.closed:
                return
        try:
            nbytes = self._kernel.receive(self._view)
        except self._not_now:
            return
        except OSError as error:
            self.broken(error)
            return
        if nbytes:
            self.received(nbytes)
        else:
            self.broken(None)

    def _end(self, *, abort: bool) -> None:  # noqa: ARG002 - a plain connection has no shutdown handshake
        self._reactor.remove(self.fd)
        self.sock.close()
        # Not from here: the pool may be iterating over its connections.
        self._reactor.loop.call_soon(self._owner.lost, self)


class EpollTlsConnection(EpollConnection):
    """A connection over a TLS socket of our own, after the handshake."""

    _not_now = (ssl.SSLWantReadError, ssl.SSLWantWriteError)

    __slots__ = ("_tls",)

    def __init__(self, owner: Owner, host: Home, reactor: Reactor, tls: ssl.SSLSocket) -> None:
        super().__init__(owner, host, reactor, tls)
        self._tls = tls
        self._kernel = TlsSocket(tls)

    def why_refused(self) -> TransportError:
        """The reason. A server that refuses the client certificate says so only now."""
        try:
            self._tls.recv(1)
        except ssl.SSLError as error:  # the server's alert says why
            if is_outage(error):
                return TlsError(f"The server ended TLS: {error.reason or error}.", is_outage=True)
            return TlsError(f"The server ended TLS: {error.reason or error}. Check the client certificate.")
        except OSError:
            pass
        return super().why_refused()

    def _end(self, *, abort: bool) -> None:
        if not abort:
            with contextlib.suppress(OSError, ValueError):
                self._tls.unwrap()  # sends close_notify, without waiting for the answer
        super()._end(abort=abort)


def _check_peer(sock: socket.socket) -> None:
    try:
        sock.getpeername()
    except OSError as error:
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error


async def secure(reactor: Reactor, sock: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """TLS over a connected socket, which it takes over. Raises OSError (ssl.SSLError is one)."""
    try:
        _check_peer(sock)  # finds most resets: a context of the user's own doesn't use `ConnectedSocket`
        tls = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    try:
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await reactor.wait(tls.fileno(), READABLE)
            except ssl.SSLWantWriteError:
                await reactor.wait(tls.fileno(), WRITABLE)
            else:
                return tls
    except BaseException:
        tls.close()
        raise
