"""A connection while threads have it: they write and read its socket, which blocks; the loop doesn't watch it.

If other threads wait for the interpreter's lock, a call that releases it costs more than the call's own work. So the
kernel times the wait, and we ask it for its byte count instead of polling.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol

from winpush.errors import SendAbortedError, SendTimeoutError, TransportError
from winpush.transport.connection import Connection, Job
from winpush.transport.epoll_connection import EpollConnection
from winpush.transport.host import Host, closed_before
from winpush.transport.kernel_structs import CLOSED, count_received, set_timeouts

__all__ = ["Desk", "ThreadConnection", "TimedConnection"]

# A push service's answer has a few hundred bytes; a longer one takes several reads.
_BUFFER_BYTES = 4096
_UNKNOWN = -2
"""No count: differs from every count of the kernel, and from CLOSED."""


class Desk(Protocol):
    """Where a thread's connection is checked in and given up: the pool's checkout."""

    closed: bool

    def check_in(self, connection: ThreadConnection) -> None:
        """The next thread may have it."""

    def give_up(self, connection: ThreadConnection, *, abort: bool) -> None:
        """It is no longer usable."""


class _ThreadHome:
    """A checked-out connection's host and owner, as its threads see them."""

    __slots__ = ("desk", "view")

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.view = memoryview(bytearray(_BUFFER_BYTES))

    def release(self, connection: Connection) -> None:
        """The answer is there: the next thread, or a request that waits in the loop, may have the connection."""
        if isinstance(connection, ThreadConnection) and not connection.closed:
            self.desk.check_in(connection)

    def submit(self, job: Job) -> None:
        """Not one byte left: does nothing, because the thread itself takes another connection."""

    def retired(self, connection: Connection) -> None:
        """Does nothing: the pool learns of it when it gets the socket back."""

    def lost(self, connection: Connection) -> None:
        """As `retired`."""


class ThreadConnection(Connection):
    """A pooled connection that threads use. `pooled` is the same one as the loop knows it, `origin` its host."""

    __slots__ = ("_home", "_look", "_patience", "_sock", "_taken", "desk", "origin", "pooled")

    def __init__(self, desk: Desk, pooled: EpollConnection, host: Host) -> None:
        self._home = _ThreadHome(desk)
        super().__init__(self._home, self._home)
        self.desk = desk
        self.pooled = pooled
        self.origin = host
        self.used = pooled.used
        self._sock = pooled.sock
        self._patience = 0.0
        look = select.poll()
        look.register(pooled.fd, select.POLLIN)
        self._look: Callable[[int], object] = look.poll
        self._block()
        self._taken = self._count() if self.is_quiet() else _UNKNOWN

    def _block(self) -> None:
        self._sock.setblocking(True)  # noqa: FBT003 - its own name says what it means

    def _count(self) -> int:
        """How many bytes have come in total; CLOSED if the other side has closed."""
        return count_received(self._sock)

    def is_quiet(self) -> bool:
        """Asks the kernel, without waiting. False if the other side has closed, or has sent unsolicited data."""
        return not self._look(0)

    def is_good(self) -> bool:
        """As `is_quiet`, but without releasing the interpreter's lock if the kernel's count hasn't changed."""
        return self._count() == self._taken or self.is_quiet()

    def abort(self) -> None:
        """Ends a thread's wait for the answer, from another thread; the waiting thread closes the socket."""
        # Not SSLSocket's own method, which would make the waiting thread read the raw bytes.
        with contextlib.suppress(OSError):  # it may have ended already
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def run(self, job: Job, seconds: float) -> None:
        """One request, to its answer or failure; or neither, if not one byte left on a connection that has worked."""
        self._wait_for(seconds)
        self.start(job)
        while self.job is job:
            self._read()
            if self.job is job:  # the answer comes in pieces
                self._wait_for(job.deadline - time.monotonic())

    def _wait_for(self, seconds: float) -> None:
        """Sets how long the kernel waits. A difference of one percent isn't worth the call."""
        wanted = max(seconds, 0.001)
        if not 0.99 <= self._patience / wanted <= 1.01:
            self._patience = wanted
            self._set_patience(wanted)

    def _set_patience(self, seconds: float) -> None:
        set_timeouts(self._sock, seconds)

    def _write(self, wire: bytes) -> bool:
        sent = 0
        try:
            while sent < len(wire):
                sent += self._sock.send(wire[sent:] if sent else wire)
        except (TimeoutError, BlockingIOError):
            self.fail(SendTimeoutError("The service did not take the request in time.", request_sent=True))
        except OSError:
            if not sent:
                return False
            self.broken(BrokenPipeError("the rest of the request could not be written"))
        return True

    def _read(self) -> None:
        try:
            nbytes = self._sock.recv_into(self._home.view)
        except (TimeoutError, BlockingIOError):
            self.fail(SendTimeoutError("The service did not answer in time.", request_sent=True))
        except OSError as error:
            self.broken(error)
        else:
            self._taken += nbytes
            if nbytes:
                self.received(nbytes)
            else:
                self.broken(None)

    def broken(self, error: Exception | None) -> None:
        """The connection is gone; if the client was closed, that is the reason."""
        if self.desk.closed and self.job is not None:
            self.fail(SendAbortedError("The client was closed before the answer came.", request_sent=True))
        super().broken(error)

    def why_refused(self) -> TransportError:
        """The pooled connection's reason, unless the client was closed."""
        return closed_before() if self.desk.closed else self.pooled.why_refused()

    def _end(self, *, abort: bool) -> None:
        self.desk.give_up(self, abort=abort)


class TimedConnection(ThreadConnection):
    """For connections where the kernel's count means nothing, as over TLS: it polls, and Python times the wait."""

    __slots__ = ()

    def _block(self) -> None:
        """Does nothing: its first timeout makes it blocking."""

    def _count(self) -> int:
        return CLOSED

    def is_good(self) -> bool:
        """As `is_quiet`."""
        return not self._look(0)

    def _set_patience(self, seconds: float) -> None:
        self._sock.settimeout(seconds)
