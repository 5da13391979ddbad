"""Checkout: threads take a connection out of the pool, write a request and read its answer themselves.

A hand-over to the loop's thread and back would cost two thread switches per send, more than everything else together.
So the pool lends its connections to threads, within its own limits: a thread checks one out, and checks it in for the
next thread. When the loop itself needs one, or another host needs its place, it goes back.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from winpush.errors import TransportError
from winpush.http import Response
from winpush.transport.connection import Connection
from winpush.transport.epoll_connection import EpollConnection, EpollTlsConnection
from winpush.transport.host import Host, HostPool, closed_before
from winpush.transport.kernel_structs import are_as_expected
from winpush.transport.route import Route
from winpush.transport.thread_connection import ThreadConnection, TimedConnection

__all__ = ["Checkout"]


class _Request:
    """A thread's request for a connection, which waits in the host's queue like any job."""

    __slots__ = ("checkout", "deadline", "given", "ready", "wire")

    def __init__(self, checkout: Checkout, deadline: float) -> None:
        self.checkout = checkout
        self.deadline = deadline
        self.wire = b""
        self.given: ThreadConnection | TransportError | None = None
        self.ready = threading.Lock()
        self.ready.acquire()

    def begin(self, connection: Connection) -> None:
        """In the loop's thread: the connection is the thread's from now on."""
        assert isinstance(connection, EpollConnection)  # noqa: S101 - no other kind can be checked out
        self.given = self.checkout.check_out(connection)
        self.ready.release()

    def answered(self, response: Response) -> None:
        """Never called, because it writes no request."""

    def failed(self, error: TransportError) -> None:
        """In the loop's thread: no connection can be had."""
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

    def answered(self, response: Response) -> None:
        """The answer is complete."""
        self.answer = response

    def failed(self, error: TransportError) -> None:
        """No answer came."""
        self.answer = error


class Checkout:
    """One pool's connections for threads. Any thread may call `exchange`, `check_in` and `give_up`; only the loop's
    thread calls the rest."""

    def __init__(self, pool: HostPool, *, is_possible: bool) -> None:
        self.pool = pool
        self.is_possible = is_possible
        self.closed = False
        self._out: dict[Connection, ThreadConnection] = {}
        self._counts = is_possible and are_as_expected()

    def has(self, connection: Connection) -> bool:
        """True if this connection of the pool is checked out."""
        return connection in self._out

    def exchange(self, route: Route, wire: bytes, now: float, seconds: float) -> Response | TransportError:
        """One request and its answer, in the calling thread. Blocks for at most `seconds`; `now` is the time on the
        monotonic clock."""
        job = _Exchange(wire, now + seconds)
        while True:
            given = self._take(route, now) or self._wait_for_one(route, job.deadline)
            if not isinstance(given, ThreadConnection):
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

    def _take(self, route: Route, now: float) -> ThreadConnection | None:
        """A connection that another thread has checked in, if it hasn't been idle for too long. In any thread."""
        host = self.pool.hosts.get(route)
        while host is not None and host.checked_in:
            try:
                connection = host.checked_in.pop()
            except IndexError:  # another thread was faster
                break
            if now - connection.idle_since < self.pool.limits.idle_seconds:
                return connection  # type: ignore[return-value]  # only threads check in, and only theirs
            connection.close()
        return None

    def _wait_for_one(self, route: Route, deadline: float) -> ThreadConnection | TransportError:
        """A connection from the pool, as soon as one is free. In any thread."""
        request = _Request(self, deadline)
        try:
            self.pool.loop.call_soon_threadsafe(self._ask, route, request)
        except RuntimeError:  # the loop has ended
            return closed_before()
        if self.closed and request.given is None:  # the loop may never get to it
            return closed_before()
        try:
            request.ready.acquire()
        except BaseException:
            self._call(self._withdraw, route, request)
            raise
        assert request.given is not None  # noqa: S101 - it is ready
        return request.given

    def _ask(self, route: Route, request: _Request) -> None:
        # A thread's clock and the loop's may differ.
        request.deadline += self.pool.loop.time() - time.monotonic()
        self.pool.host(route).check_out(request)

    def _withdraw(self, route: Route, request: _Request) -> None:
        if isinstance(request.given, ThreadConnection):
            self.check_in(request.given)
        elif request.given is None:
            self.pool.host(route).drop(request)

    def check_in(self, connection: ThreadConnection) -> None:
        """Leaves a connection to the next thread, or to the loop if requests wait there."""
        host = connection.origin
        connection.idle_since = time.monotonic()
        host.checked_in.append(connection)  # first, so that a request that starts to wait now finds it
        if host.waiting or self.pool.starved or self.closed:
            self._call(self.take_back, host)

    def give_up(self, connection: ThreadConnection, *, abort: bool) -> None:
        """The connection is no longer usable. Its socket is closed in the loop's thread, which may still have its file
        descriptor registered."""
        self._call(self._end, connection, abort)

    def _call(self, work: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it all connections
            self.pool.loop.call_soon_threadsafe(work, *arguments)

    def take_back(self, host: Host) -> None:
        """Serves the requests that wait in the loop with connections that threads have checked in."""
        while host.waiting or self.pool.owes_room(host) or self.closed:
            connection = self.reclaim(host)
            if connection is None:
                return
            if self.closed:
                connection.close()
            else:
                host.release(connection)

    def _end(self, connection: ThreadConnection, abort: bool) -> None:
        if self._out.pop(connection.pooled, None) is None:  # forgotten
            return
        connection.pooled.sock.setblocking(False)  # noqa: FBT003 - its own name says what it means
        connection.pooled.close(abort=abort)

    def check_out(self, pooled: EpollConnection) -> ThreadConnection:
        """Takes a connection away from the loop, for a thread."""
        pooled.rest()
        host = self.pool.connections[pooled]
        is_plain = self._counts and not isinstance(pooled, EpollTlsConnection)
        kind = ThreadConnection if is_plain else TimedConnection
        connection = self._out[pooled] = kind(self, pooled, host)
        return connection

    def reclaim(self, host: Host) -> EpollConnection | None:
        """The connection that was checked in last, returned to the loop; None if there is none."""
        try:
            connection = host.checked_in.pop()
        except IndexError:
            return None
        assert isinstance(connection, ThreadConnection)  # noqa: S101 - only threads check in, and only theirs
        pooled = connection.pooled
        del self._out[pooled]
        pooled.used = connection.used
        pooled.idle_since = connection.idle_since + self.pool.loop.time() - time.monotonic()
        pooled.wake()
        return pooled

    def close(self) -> None:
        """Ends what is checked out: closes idle connections, and wakes the threads that wait for an answer."""
        self.closed = True
        for host in {connection.origin for connection in self._out.values()}:
            self.take_back(host)
        for connection in self._out.values():
            connection.abort()

    def forget(self) -> None:
        """Ends the connections of threads that can't return them: a signal handler that calls `close` has interrupted
        its own thread in a send."""
        for connection in list(self._out.values()):
            self._end(connection, abort=True)
