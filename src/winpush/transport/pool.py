"""The pool: connections kept alive for each host, a bound per host and in all, queues, and one sweep for deadlines."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from winpush.errors import SendAbortedError, SendTimeoutError, TransportError
from winpush.transport.checkout import Lender, LentConnection, Loan
from winpush.transport.connection import Connection, Job
from winpush.transport.dial import Route, dial
from winpush.transport.rate_limit import Pace
from winpush.transport.reactor import Reactor, is_available

__all__ = ["Host", "Limits", "Pool"]

_BUFFER_BYTES = 65_536
_SWEEP_SECONDS = 0.25
_FAREWELL_SECONDS = 1.0
_MAX_HOSTS = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections in all and per host, how long in seconds for a connection, and how long one may be idle.

    `sends_per_second` is a ceiling for all hosts together; None is none. A host hangs when requests wait for a
    connection, and none was free for `hang_seconds`.
    """

    connections: int = 500
    connections_per_host: int = 100
    connect_seconds: float = 10.0
    idle_seconds: float = 60.0
    hang_seconds: float = 5.0
    sends_per_second: float | None = None


class Host:
    """The connections to one origin, and the requests that wait for one."""

    __slots__ = ("_newest", "_newest_since", "hangs", "idle", "lent", "open", "opening", "pool", "route", "waiting")

    def __init__(self, pool: Pool, route: Route) -> None:
        self.pool = pool
        self.route = route
        self.idle: list[Connection] = []
        # What threads have borrowed, and none of them uses now: any thread may take one.
        self.lent: deque[LentConnection] = deque()
        self.waiting: deque[Job] = deque()
        self.open = 0
        self.opening = 0
        self.hangs = False
        """True while requests wait for a connection, and none has been free for long."""
        self._newest = 0.0
        self._newest_since = 0.0

    @property
    def is_full(self) -> bool:
        """True when it has as many connections as it may have."""
        return self.open + self.opening >= self.pool.limits.connections_per_host

    def judge(self, newest: float, now: float) -> None:
        """Sees whether it hangs. `newest` is the latest deadline of the requests in flight: while it stays the same, no
        request is begun."""
        if newest != self._newest or not self.waiting:
            self._newest, self._newest_since, self.hangs = newest, now, False
        elif now - self._newest_since >= self.pool.limits.hang_seconds:
            self.hangs = True

    def send(self, job: Job) -> None:
        """Sends a new request, as soon as the ceiling of sends per second allows it."""
        if self.pool.pace is None:
            self.submit(job)
        else:
            self.pool.pace.submit(self, job)

    def submit(self, job: Job) -> None:
        """Sends on an idle connection, or waits for one; opens one more where the limits allow."""
        self.pool.watch()
        if not self.waiting:
            connection = self._take_idle()
            if connection is not None:
                connection.start(job)
                return
        self._queue(job)

    def lend(self, loan: Loan) -> None:
        """Lends an idle connection to a thread, or one that is still to be free or opened."""
        self.pool.watch()
        connection = None if self.waiting else self._take_idle()
        if connection is not None:
            loan.begin(connection)
        else:
            self._queue(loan)

    def _queue(self, job: Job) -> None:
        self.waiting.append(job)
        self.pool.grow(self)
        if self.lent:  # put back by a thread that did not know yet that somebody waits
            self.pool.lender.take_back(self)

    def release(self, connection: Connection) -> None:
        """A connection is free: the next in the queue takes it, or it goes idle."""
        if connection.closed:
            return
        if self.pool.owes_room(self):
            connection.close()
        elif self.waiting:
            # A new connection is not asked: what lies there to read may be TLS's session tickets.
            if connection.used and not connection.is_quiet():
                connection.close(abort=True)
            else:
                self.waiting.popleft().begin(connection)
        else:
            connection.idle_since = self.pool.loop.time()
            self.idle.append(connection)

    def _take_idle(self) -> Connection | None:
        """An idle connection that is still good: young, and not closed by the other side."""
        oldest = self.pool.loop.time() - self.pool.limits.idle_seconds
        while self.idle or self.lent:
            connection = self.idle.pop() if self.idle else self.pool.lender.reclaim(self)
            if connection is None:  # a thread was quicker
                break
            if connection.idle_since > oldest and connection.is_quiet():
                return connection
            connection.close()
        return None

    def drop(self, job: Job) -> None:
        """Gives a send up: out of the queue, or its connection closed, since an answer may still come on it."""
        if self.pool.pace is not None and self.pool.pace.drop(job):
            return
        if job in self.waiting:
            self.waiting.remove(job)
            return
        for connection, host in list(self.pool.connections.items()):
            if host is self and connection.job is job:
                connection.job = None
                connection.close(abort=True)

    @property
    def is_used(self) -> bool:
        """True while there is a connection, or something that waits for one."""
        return bool(self.open or self.opening or self.waiting)


class Pool:
    """All connections of one client, on one loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.view = memoryview(bytearray(_BUFFER_BYTES))
        self.connections: dict[Connection, Host] = {}
        self.starved: deque[Host] = deque()
        self.closed = False
        self._reactor = Reactor(self.loop) if is_available(self.loop) else None
        self.lender = Lender(self, can_lend=self._reactor is not None)
        rate = limits.sends_per_second
        self.pace = None if rate is None else Pace(self.loop, rate)
        self.hosts: dict[Route, Host] = {}
        self._opening = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def host(self, route: Route) -> Host:
        """The connections for a route, made on first use."""
        host = self.hosts.get(route)
        if host is None:
            if len(self.hosts) >= _MAX_HOSTS:
                self.hosts = {known: each for known, each in self.hosts.items() if each.is_used}
            host = self.hosts[route] = Host(self, route)
        return host

    @property
    def size(self) -> int:
        """Connections open and being opened."""
        return len(self.connections) + self._opening

    def grow(self, host: Host) -> None:
        """Opens connections for what waits, as far as the limits allow; beyond them the host queues for room."""
        while len(host.waiting) > host.opening and not host.is_full:
            if self.size >= self.limits.connections:
                if host not in self.starved:
                    self.starved.append(host)
                    self._make_room(host)
                return
            host.opening += 1
            self._opening += 1
            task = self.loop.create_task(self._open(host))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _make_room(self, wanting: Host) -> None:
        """Closes somebody's idle connection; its place is free when its socket is, and then `lost` gives it away."""
        for host in self.hosts.values():
            if host is wanting:
                continue
            connection = host.idle[0] if host.idle else self.lender.reclaim(host)
            if connection is not None:
                connection.close()
                return

    def owes_room(self, host: Host) -> bool:
        """True when another host waits for a place that this one should leave: it has no use for it, or far more."""
        if not self.starved:
            return False
        poorest = self.starved[0]
        return poorest is not host and (not host.waiting or host.open > poorest.open + poorest.opening + 1)

    async def _open(self, host: Host) -> None:
        connection: Connection | None = None
        failure: TransportError = SendAbortedError("The connection was closed as it was made.")
        try:
            async with asyncio.timeout(self.limits.connect_seconds):
                connection = await dial(host.route, self, host, self._reactor)
        except TimeoutError:
            seconds = self.limits.connect_seconds
            failure = SendTimeoutError(f"No connection to {host.route.origin} within {seconds:g} seconds.")
        except TransportError as error:
            failure = error
        finally:
            host.opening -= 1
            self._opening -= 1
        if connection is not None and self.closed:
            connection.close(abort=True)
        if connection is not None and not connection.closed:
            host.open += 1
            self.connections[connection] = host
            host.release(connection)
        elif host.waiting and not self.closed:
            host.waiting.popleft().failed(failure)
            self.grow(host)  # each of the others has a try of its own
        self._share_room()

    def flush(self) -> None:
        """Writes what has been gathered, for one who knows that no more is to come."""
        if self._reactor is not None:
            self._reactor.flush()

    def retired(self, connection: Connection) -> None:
        """A connection takes no further request."""
        host = self.connections.get(connection)
        if host is not None and connection in host.idle:
            host.idle.remove(connection)

    def lost(self, connection: Connection) -> None:
        """A connection's socket is gone: others may now be opened."""
        host = self.connections.pop(connection, None)
        if host is None:
            return
        host.open -= 1
        if not self.closed:
            self.grow(host)
            self._share_room()

    def _share_room(self) -> None:
        for _ in range(len(self.starved)):
            if self.size >= self.limits.connections:
                return
            self.grow(self.starved.popleft())

    # --- deadlines ----------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Has the sweep run while there is something to watch: one timer for all sends instead of one for each."""
        if self._sweep is None:
            self._sweep = self.loop.call_later(_SWEEP_SECONDS, self._sweep_deadlines)

    def _sweep_deadlines(self) -> None:
        self._sweep = None
        now = self.loop.time()
        busy = False
        newest: dict[Host, float] = {}
        for connection, host in [each for each in self.connections.items() if each[0].job is not None]:
            newest[host] = max(newest.get(host, 0.0), connection.deadline)
            if connection.deadline <= now:
                connection.fail(SendTimeoutError("The service did not answer in time.", request_sent=True))
            busy = True
        for host in self.hosts.values():
            busy = self._sweep_waiting(host, now) or busy
            host.judge(newest.get(host, 0.0), now)
        if busy and not self.closed:
            self.watch()

    def _sweep_waiting(self, host: Host, now: float) -> bool:
        late = [job for job in host.waiting if job.deadline <= now]
        if late:
            host.waiting = deque(job for job in host.waiting if job.deadline > now)
        for job in late:
            job.failed(SendTimeoutError(f"No connection to {host.route.origin} became free in the time for the send."))
        return bool(host.waiting)

    # --- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Ends everything: what waits or is under way fails with SendAbortedError. Leaves no task and no socket."""
        if self.closed:
            return
        self.closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        unsent = SendAbortedError("The client was closed before this was sent.")
        if self.pace is not None:
            self.pace.close(unsent)
        for host in self.hosts.values():
            while host.waiting:
                host.waiting.popleft().failed(unsent)
        self.lender.close()
        for connection in list(self.connections):
            if connection.job is not None:
                connection.fail(SendAbortedError("The client was closed before the answer came.", request_sent=True))
            if not self.lender.has(connection):
                connection.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._farewell()

    async def _farewell(self) -> None:
        """Waits until every socket is closed; those that do not end politely in time are cut."""
        deadline = self.loop.time() + _FAREWELL_SECONDS
        while self.connections:
            if self.loop.time() >= deadline:
                for connection in self.connections:
                    connection.abort()
            await asyncio.sleep(0.001)
        if self._reactor is not None:
            self._reactor.close()
