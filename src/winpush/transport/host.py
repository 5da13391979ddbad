"""Host: one route's connections, how many it may have, the requests that wait for one, and whose turn it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from winpush.errors import SendAbortedError
from winpush.transport.connection import Connection, Job
from winpush.transport.rate_limit import RateLimits
from winpush.transport.route import Route

__all__ = ["Host", "HostPool", "Limits", "ThreadConnections", "closed_before"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The maximum number of connections, in total and per host, and how many seconds one may take to open or be idle.

    `sends_per_second` limits all hosts together, or each app by its name; None is no limit. A host hangs if requests
    wait for a connection and none has been free for `hang_seconds`.
    """

    connections: int = 500
    connections_per_host: int = 100
    connect_seconds: float = 10.0
    idle_seconds: float = 60.0
    hang_seconds: float = 5.0
    sends_per_second: float | Mapping[str, float] | None = None


def closed_before() -> SendAbortedError:
    """The error for a request that a closed client didn't send."""
    return SendAbortedError("The client was closed before this was sent.")


class ThreadConnections(Protocol):
    """What the pool's checkout does for a host."""

    def take_back(self, host: Host) -> None:
        """Serves the requests that wait in the loop with connections that threads have checked in."""

    def reclaim(self, host: Host) -> Connection | None:
        """The connection that was checked in last; None if there is none."""


class HostPool:
    """A host's view of its pool; Pool is a subclass."""

    limits: Limits
    loop: asyncio.AbstractEventLoop
    closed: bool
    hosts: dict[Route, Host]
    connections: dict[Connection, Host]
    starved: deque[Host]
    rate_limit: RateLimits | None
    checkout: ThreadConnections
    idle_seconds: float
    is_watched: bool
    """True while the sweep runs: `now` is then the loop's time, at most a sweep's interval old. It never
    runs in a closed pool, so a send has only this to check."""
    now: float

    def host(self, route: Route) -> Host:
        """The connections for a route, created on first use."""
        raise NotImplementedError

    def watch(self) -> None:
        """Starts the sweep, because there is something to watch: a request with a deadline."""
        raise NotImplementedError

    def grow(self, host: Host) -> None:
        """Opens connections for the waiting requests, as far as the limits allow."""
        raise NotImplementedError

    def owes_room(self, host: Host) -> bool:
        """True if another host waits for a place that this one should give up."""
        raise NotImplementedError


class Host:
    """The connections of one route, and the requests that wait for one.

    A connection belongs to its host; while a request is in flight on it, it belongs to that request alone
    (`Connection.job`). Once the answer is there, the connection returns by itself, so no sender can give one away or
    forget one.
    """

    __slots__ = (
        "_newest", "_newest_since", "checked_in", "hangs", "idle", "open", "opening", "pool", "route", "starved_since",
        "waiting",
    )  # fmt: skip

    def __init__(self, pool: HostPool, route: Route) -> None:
        self.pool = pool
        self.route = route
        self.idle: list[Connection] = []
        # Connections that threads have checked out but aren't using: any thread may take one.
        self.checked_in: deque[Connection] = deque()
        self.waiting: deque[Job] = deque()
        self.open = 0
        self.opening = 0
        self.starved_since = 0.0  # when it began to wait for a connection, or last lost one
        self.hangs = False
        """True while requests wait for a connection and none has been free for long."""
        self._newest = 0.0
        self._newest_since = 0.0

    @property
    def is_full(self) -> bool:
        """True if it has as many connections as `Limits.connections_per_host` allows; `Pool.grow` asks."""
        return self.open + self.opening >= self.pool.limits.connections_per_host

    @property
    def is_used(self) -> bool:
        """True while there is a connection, or a request that waits for one."""
        return bool(self.open or self.opening or self.waiting)

    def judge(self, newest: float, now: float) -> None:
        """Decides whether it hangs. `newest` is the latest deadline of the requests in flight: while it doesn't change,
        no request has started."""
        if newest != self._newest or not self.waiting:
            self._newest, self._newest_since, self.hangs = newest, now, False
        elif now - self._newest_since >= self.pool.limits.hang_seconds:
            self.hangs = True

    def send(self, job: Job, app: str | None) -> None:
        """Sends a new request, as soon as its app's rate limit allows."""
        if self.pool.rate_limit is None:
            self.submit(job)
        else:
            self.pool.rate_limit.submit(self, job, app)

    def submit(self, job: Job) -> None:
        """Gives the request an idle connection, or queues it; opens another connection if the limits allow."""
        pool = self.pool
        if not pool.is_watched:
            if pool.closed:
                job.failed(closed_before())
                return
            pool.watch()
        connection = None if self.waiting else self._take_idle()
        if connection is None:
            self._queue(job)
        else:
            connection.start(job)

    def check_out(self, request: Job) -> None:
        """Gives a connection to a thread's request, which writes nothing itself. Otherwise like `submit`."""
        if not self.pool.is_watched:
            if self.pool.closed:
                request.failed(closed_before())
                return
            self.pool.watch()
        connection = None if self.waiting else self._take_idle()
        if connection is not None:
            request.begin(connection)
        else:
            self._queue(request)

    def _queue(self, job: Job) -> None:
        self.waiting.append(job)
        self.pool.grow(self)
        if self.checked_in:  # by a thread that didn't know yet that a request waits
            self.pool.checkout.take_back(self)

    def release(self, connection: Connection) -> None:
        """A connection is free: the next request in the queue takes it, or it goes idle."""
        if connection.closed:
            return
        pool = self.pool
        if pool.starved and pool.owes_room(self):
            connection.close()
        elif self.waiting:
            # A new connection isn't checked: data on it may be TLS session tickets.
            if connection.used and not connection.is_quiet():
                connection.close(abort=True)
            else:
                self.waiting.popleft().begin(connection)
        else:
            connection.idle_since = pool.now
            self.idle.append(connection)

    def _take_idle(self) -> Connection | None:
        """An idle connection that the other side hasn't closed; None if there is none."""
        idle = self.idle
        while idle:
            connection = idle.pop()
            if connection.is_quiet():
                return connection
            connection.close()
        return self._take_checked_in() if self.checked_in else None

    def _take_checked_in(self) -> Connection | None:
        """A connection that a thread checked in, if it hasn't been idle for too long and is still good."""
        while (connection := self.pool.checkout.reclaim(self)) is not None:
            if connection.idle_since > self.pool.now - self.pool.idle_seconds and connection.is_quiet():
                return connection
            connection.close()
        return None

    def close_old(self, oldest: float) -> None:
        """Closes connections idle since `oldest`, on the loop's clock, or earlier. The longest idle comes first."""
        while self.idle and self.idle[0].idle_since <= oldest:
            self.idle.pop(0).close()

    def drop(self, job: Job) -> None:
        """Gives up a send: removes it from the queue, or closes its connection, on which an answer may still come."""
        if self.pool.rate_limit is not None and self.pool.rate_limit.drop(job):
            return
        if job in self.waiting:
            self.waiting.remove(job)
            return
        for connection, host in list(self.pool.connections.items()):
            if host is self and connection.job is job:
                connection.job = None
                connection.close(abort=True)
