"""Connections lent to threads: a thread that blocks writes its request and reads the answer itself.

A hand-over to the loop's thread and back would cost two changes of threads a send, which is more than all the rest. So
the pool lends its connections, under its own limits, and a thread passes one on to the next. When the loop itself wants
one, or another host wants its place, it goes back.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from winpush.errors import SendAbortedError, SendTimeoutError, TransportError
from winpush.http import Response
from winpush.transport.connection import Connection, Job
from winpush.transport.epoll_connection import DirectConnection, TlsConnection

if TYPE_CHECKING:
    from winpush.transport.dial import Route
    from winpush.transport.pool import Host, Pool

__all__ = ["Lender", "LentConnection", "Loan"]

# An answer of a push service has a few hundred bytes; what is longer comes in several reads.
_BUFFER_BYTES = 4096

# In Linux's struct tcp_info: the state first, and later tcpi_bytes_received.
_ESTABLISHED = 1
_COUNT = slice(128, 136)
_COUNTED = 136


class Loan:
    """A thread's wish for a connection: it waits in the host's queue as a request would."""

    __slots__ = ("deadline", "given", "lender", "ready", "wire")

    def __init__(self, lender: Lender, deadline: float) -> None:
        self.lender = lender
        self.deadline = deadline
        self.wire = b""
        self.given: LentConnection | TransportError | None = None
        self.ready = threading.Lock()
        self.ready.acquire()

    def begin(self, connection: Connection) -> None:
        """In the loop's thread: the connection is the thread's from now on."""
        assert isinstance(connection, DirectConnection)  # noqa: S101 - no other kind is lent
        self.given = self.lender.lend(connection)
        self.ready.release()

    def answered(self, connection: Connection, response: Response) -> None:
        """Never called: a loan writes nothing."""

    def failed(self, error: TransportError) -> None:
        """In the loop's thread: there is none to be had."""
        self.given = error
        self.ready.release()


class _Exchange:
    """One request and its answer, in the thread that waits for it."""

    __slots__ = ("answer", "deadline", "wire")

    def __init__(self, wire: bytes, deadline: float) -> None:
        self.wire = wire
        self.deadline = deadline
        self.answer: Response | TransportError | None = None

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        connection.start(self)

    def answered(self, connection: Connection, response: Response) -> None:
        """The answer is whole; the next thread may have the connection."""
        self.answer = response
        connection.host.release(connection)

    def failed(self, error: TransportError) -> None:
        """No answer came."""
        self.answer = error


class _Shelf:
    """A lent connection's host and owner, as its threads see them."""

    __slots__ = ("host", "lender", "view")

    def __init__(self, lender: Lender, host: Host) -> None:
        self.lender = lender
        self.host = host
        self.view = memoryview(bytearray(_BUFFER_BYTES))

    def release(self, connection: Connection) -> None:
        """The answer is there: the next thread takes it, or whoever waits in the loop."""
        if isinstance(connection, LentConnection) and not connection.closed:
            self.lender.put_back(connection)

    def submit(self, job: Job) -> None:
        """Not one byte left: the thread itself takes another connection."""

    def retired(self, connection: Connection) -> None:
        """The pool learns of it when the socket is given back."""

    def lost(self, connection: Connection) -> None:
        """As `retired`."""


class LentConnection(Connection):
    """The same connection while threads have it: its socket blocks, and the loop does not watch it.

    A call that lets go of the interpreter's lock costs more than what it does when other threads wait for the lock. So
    the kernel keeps the time of a wait, and is asked for its own count of bytes instead of being polled.
    """

    __slots__ = ("_look", "_patience", "_sock", "_taken", "direct", "lender", "shelf")

    def __init__(self, lender: Lender, direct: DirectConnection, host: Host) -> None:
        self.shelf = _Shelf(lender, host)
        super().__init__(self.shelf, self.shelf)
        self.lender = lender
        self.direct = direct
        self.used = direct.used
        self._sock = direct.sock
        self._patience = 0.0
        look = select.poll()
        look.register(direct.fd, select.POLLIN)
        self._look: Callable[[int], object] = look.poll
        self._block()
        self._taken = self._count() if self.is_quiet() else -2

    def _block(self) -> None:
        self._sock.setblocking(True)  # noqa: FBT003 - its own name says what it means

    def _count(self) -> int:
        """How many bytes have come in all, by the kernel's count; -1 when the other side has closed."""
        info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTED)
        if info[0] != _ESTABLISHED or len(info) < _COUNTED:
            return -1
        return int.from_bytes(info[_COUNT], sys.byteorder)

    def is_quiet(self) -> bool:
        """Asks the kernel, without waiting, whether the other side has closed or spoken out of turn."""
        return not self._look(0)

    def is_good(self) -> bool:
        """As `is_quiet`, without letting go of the interpreter's lock where the kernel's count is as it was left."""
        return self._count() == self._taken or self.is_quiet()

    def abort(self) -> None:
        """Ends a thread's wait for the answer, from another thread; the socket is closed by the one that waits."""
        # Not SSLSocket's own: that would have the waiting thread read the bare bytes.
        with contextlib.suppress(OSError):  # it may have ended already
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def run(self, job: _Exchange, seconds: float) -> None:
        """One request, to its answer or failure; neither when not one byte left on a connection that was good."""
        self._wait_for(seconds)
        self.start(job)
        while self.job is job:
            self._read()
            if self.job is job:  # it comes in pieces
                self._wait_for(job.deadline - time.monotonic())

    def _wait_for(self, seconds: float) -> None:
        """Has the kernel wait so long, and no longer. A hundredth more or less is not worth the call."""
        wanted = max(seconds, 0.001)
        if not 0.99 <= self._patience / wanted <= 1.01:
            self._patience = wanted
            self._set_patience(wanted)

    def _set_patience(self, seconds: float) -> None:
        whole = int(seconds)
        time_of_day = struct.pack("ll", whole, int((seconds - whole) * 1_000_000))  # a struct timeval
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, time_of_day)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, time_of_day)

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
            nbytes = self._sock.recv_into(self.shelf.view)
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
        """The connection is gone; when the client was closed, that is why."""
        if self.lender.closed and self.job is not None:
            self.fail(SendAbortedError("The client was closed before the answer came.", request_sent=True))
        super().broken(error)

    def why_refused(self) -> TransportError:
        """As the connection itself says it."""
        return self.direct.why_refused()

    def _end(self, *, abort: bool) -> None:
        self.lender.give_up(self, abort=abort)


class LentTlsConnection(LentConnection):
    """Over TLS: how many of the kernel's bytes an answer takes is not known, and Python keeps the time."""

    __slots__ = ()

    def _block(self) -> None:
        """It does with its first timeout."""

    def _count(self) -> int:
        return -1

    def is_good(self) -> bool:
        """As `is_quiet`."""
        return not self._look(0)

    def _set_patience(self, seconds: float) -> None:
        self._sock.settimeout(seconds)


class Lender:
    """What is lent of one pool. `exchange` is called by any thread, all else by the loop's unless it says so."""

    def __init__(self, pool: Pool, *, can_lend: bool) -> None:
        self.pool = pool
        self.can_lend = can_lend
        self.closed = False
        self._lent: dict[Connection, LentConnection] = {}

    def has(self, connection: Connection) -> bool:
        """True for a connection of the pool that is lent."""
        return connection in self._lent

    def exchange(self, route: Route, wire: bytes, now: float, seconds: float) -> Response | TransportError:
        """One request and its answer, in the thread that calls. It blocks for `seconds` at most; `now` is the time on
        the steady clock."""
        job = _Exchange(wire, now + seconds)
        while True:
            given = self._take(route, now) or self._borrow(route, job.deadline)
            if not isinstance(given, LentConnection):
                return given
            connection = given
            if connection.used and not connection.is_good():
                connection.close()
                continue
            try:
                connection.run(job, seconds)
            except BaseException:  # Ctrl-C: an answer may still come on it
                connection.job = None
                connection.close(abort=True)
                raise
            if job.answer is not None:
                return job.answer
            seconds = job.deadline - time.monotonic()

    def _take(self, route: Route, now: float) -> LentConnection | None:
        """One that another thread has put back, if it is young. In any thread."""
        host = self.pool.hosts.get(route)
        while host is not None and host.lent:
            try:
                connection = host.lent.pop()
            except IndexError:  # another thread was quicker
                break
            if now - connection.idle_since < self.pool.limits.idle_seconds:
                return connection
            connection.close()
        return None

    def _borrow(self, route: Route, deadline: float) -> LentConnection | TransportError:
        """One from the pool, as soon as there is one. In any thread."""
        loan = Loan(self, deadline)
        try:
            self.pool.loop.call_soon_threadsafe(self._ask, route, loan)
        except RuntimeError:  # the loop has ended
            return SendAbortedError("The client was closed before this was sent.")
        try:
            loan.ready.acquire()
        except BaseException:
            self.pool.loop.call_soon_threadsafe(self._withdraw, route, loan)
            raise
        assert loan.given is not None  # noqa: S101 - it is ready
        return loan.given

    def _ask(self, route: Route, loan: Loan) -> None:
        if self.pool.closed:
            loan.failed(SendAbortedError("The client was closed before this was sent."))
            return
        # A thread's clock and the loop's need not be the same.
        loan.deadline += self.pool.loop.time() - time.monotonic()
        self.pool.host(route).lend(loan)

    def _withdraw(self, route: Route, loan: Loan) -> None:
        if isinstance(loan.given, LentConnection):
            self.put_back(loan.given)
        elif loan.given is None:
            self.pool.host(route).drop(loan)

    def put_back(self, connection: LentConnection) -> None:
        """Leaves a connection to the next thread, or to the loop where somebody waits there. In any thread."""
        host = connection.shelf.host
        connection.idle_since = time.monotonic()
        host.lent.append(connection)  # first, so that whoever begins to wait now finds it
        if host.waiting or self.pool.starved or self.closed:
            self._call(self.take_back, host)

    def give_up(self, connection: LentConnection, *, abort: bool) -> None:
        """The connection is of no more use. Its socket is closed in the loop's thread, which may still know its number.
        In any thread."""
        self._call(self._end, connection, abort)

    def _call(self, work: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and all connections with it
            self.pool.loop.call_soon_threadsafe(work, *arguments)

    def take_back(self, host: Host) -> None:
        """Has those who wait in the loop served with what threads have put back."""
        while host.waiting or self.pool.owes_room(host) or self.closed:
            direct = self.reclaim(host)
            if direct is None:
                return
            if self.closed:
                direct.close()
            else:
                host.release(direct)

    def _end(self, connection: LentConnection, abort: bool) -> None:
        del self._lent[connection.direct]
        connection.direct.sock.setblocking(False)  # noqa: FBT003 - its own name says what it means
        connection.direct.close(abort=abort)

    def lend(self, direct: DirectConnection) -> LentConnection:
        """Takes a connection out of the loop's sight."""
        direct.rest()
        host = self.pool.connections[direct]
        kind = LentTlsConnection if isinstance(direct, TlsConnection) else LentConnection
        connection = kind(self, direct, host)
        self._lent[direct] = connection
        return connection

    def reclaim(self, host: Host) -> DirectConnection | None:
        """The last connection that a thread has put back, under the loop's eyes again; None when there is none."""
        try:
            connection = host.lent.pop()
        except IndexError:
            return None
        direct = connection.direct
        del self._lent[direct]
        direct.used = connection.used
        direct.idle_since = connection.idle_since + self.pool.loop.time() - time.monotonic()
        direct.wake()
        return direct

    def close(self) -> None:
        """Ends what is lent: what lies idle is closed, and the threads that wait for an answer are woken."""
        self.closed = True
        for host in {connection.shelf.host for connection in self._lent.values()}:
            self.take_back(host)
        for connection in self._lent.values():
            connection.abort()
