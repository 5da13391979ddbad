"""Pool: one client's hosts, the limit on their connections in total, and one sweep for deadlines."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from winpush.errors import ConnectError, SendAbortedError, SendTimeoutError, TransportError
from winpush.transport.checkout import Checkout
from winpush.transport.connection import Connection
from winpush.transport.dial import dial
from winpush.transport.host import Host, HostPool, Limits, closed_before
from winpush.transport.rate_limit import RateLimits
from winpush.transport.reactor import Reactor, is_available
from winpush.transport.route import Route

__all__ = ["Pool"]

_BUFFER_BYTES = 65_536
_SWEEP_SECONDS = 0.25
_FAREWELL_SECONDS = 1.0
# With fewer connections than busy hosts: how long a host keeps its connection while another has none. Each change of
# hands costs a new connection.
_TURN_SECONDS = 0.5
_MAX_HOSTS = 4096


def _late(connection: Connection) -> SendTimeoutError:
    if connection.has_written:
        return SendTimeoutError("The service did not answer in time.", request_sent=True)
    return SendTimeoutError("The time for the send was over before its first byte was written.")


def _aborted(connection: Connection) -> SendAbortedError:
    if connection.has_written:
        return SendAbortedError("The client was closed before the answer came.", request_sent=True)
    return closed_before()


class Pool(HostPool):
    """All connections of one client, on one loop."""

    checkout: Checkout

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.view = memoryview(bytearray(_BUFFER_BYTES))
        self.connections = {}
        self.starved = deque()
        self.closed = False
        self._reactor = Reactor(self.loop) if is_available(self.loop) else None
        self.checkout = Checkout(self, is_possible=self._reactor is not None)
        rate = limits.sends_per_second
        self.rate_limit = None if rate is None else RateLimits(self.loop, rate)
        self.hosts = {}
        self._opening = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.idle_seconds = limits.idle_seconds
        self.is_watched = False
        self.now = self.loop.time()
        self._sweep: asyncio.TimerHandle | None = None
        self._sweep_at = 0.0
        self._stood_still = False

    def host(self, route: Route) -> Host:
        """The connections for a route, created on first use."""
        host = self.hosts.get(route)
        if host is None:
            if len(self.hosts) >= _MAX_HOSTS:
                self.hosts = {known: each for known, each in self.hosts.items() if each.is_used}
            host = self.hosts[route] = Host(self, route)
        return host

    @property
    def size(self) -> int:
        """The number of connections that are open or being opened."""
        return len(self.connections) + self._opening

    def grow(self, host: Host) -> None:
        """Opens connections for the waiting requests, as far as the limits allow; beyond them, the host is starved."""
        while len(host.waiting) > host.opening and not host.is_full:
            if self.size >= self.limits.connections:
                if host not in self.starved:
                    host.starved_since = self.now
                    self.starved.append(host)
                    self._make_room(host)
                return
            host.opening += 1
            self._opening += 1
            task = self.loop.create_task(self._open(host))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _make_room(self, wanting: Host) -> None:
        """Closes another host's idle connection. Once its socket is closed, `lost` gives its place away."""
        for host in self.hosts.values():
            if host is wanting:
                continue
            connection = host.idle[0] if host.idle else self.checkout.reclaim(host)
            if connection is not None:
                connection.close()
                return

    def owes_room(self, host: Host) -> bool:
        """True if this host should give a connection to a starved one: it doesn't need it, it has far more, or the
        other has none and it is its turn."""
        starved = self.starved
        while starved and starved[0] is not host and not starved[0].waiting:
            starved.popleft()
        if not starved:
            return False
        other = starved[0]
        if other is not host:
            places = other.open + other.opening
            has_turn = not places and self.now - other.starved_since >= _TURN_SECONDS
            if not host.waiting or host.open > places + 1 or has_turn:
                return True
        if len(starved) > 1:
            starved.rotate(-1)  # the next release asks the next of them
        return False

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
        except Exception as error:  # noqa: BLE001 - no thread, no memory, a program that is ending
            problem = f"Nothing can be sent to {host.route.origin} now: {type(error).__name__}: {error}."
            failure = ConnectError(problem, is_outage=True)
            failure.__cause__ = error
        finally:
            host.opening -= 1
            self._opening -= 1
        if connection is not None and self.closed:
            connection.close(abort=True)
        if connection is not None and not connection.closed:
            host.open += 1
            self.connections[connection] = host
            host.release(connection)
            if host.idle and host.idle[-1] is connection:
                connection.used = True  # it was good when it opened, so what closes it later costs no send
        elif host.waiting and not self.closed:
            host.waiting.popleft().failed(failure)
        self._share_room()
        self.grow(host)  # each waiting request gets an attempt of its own

    def flush(self) -> None:
        """Writes what has been gathered, for a caller that knows that nothing more will come."""
        if self._reactor is not None:
            self._reactor.flush()

    def retired(self, connection: Connection) -> None:
        """A connection takes no more requests."""
        host = self.connections.get(connection)
        if host is not None and connection in host.idle:
            host.idle.remove(connection)

    def lost(self, connection: Connection) -> None:
        """A connection's socket is gone: another may be opened now."""
        host = self.connections.pop(connection, None)
        if host is None:
            return
        host.open -= 1
        host.starved_since = self.now
        if not self.closed:
            self._share_room()
            self.grow(host)

    def _share_room(self) -> None:
        for _ in range(len(self.starved)):
            if self.size >= self.limits.connections:
                return
            self.grow(self.starved.popleft())

    # --- deadlines ----------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Runs the sweep while there is something to watch: one timer for all sends instead of one for each."""
        if not self.is_watched:
            self.is_watched = True
            self._sweep_at = self._look_at_clock() + _SWEEP_SECONDS
            self._sweep = self.loop.call_later(_SWEEP_SECONDS, self._sweep_deadlines)

    def _look_at_clock(self) -> float:
        """The current time. Closes connections that have been idle too long, so that taking one needs no such check."""
        self.now = self.loop.time()
        for host in self.hosts.values():
            host.close_old(self.now - self.idle_seconds)
        return self.now

    def _sweep_deadlines(self) -> None:
        self.is_watched = False
        now = self._look_at_clock()
        # The loop, or the machine, stood still: first read the answers that came meanwhile. But not twice in a row.
        self._stood_still = now - self._sweep_at > _SWEEP_SECONDS and not self._stood_still
        if self._stood_still and not self.closed:
            self.watch()
            return
        busy = False
        newest: dict[Host, float] = {}
        for connection, host in [each for each in self.connections.items() if each[0].job is not None]:
            newest[host] = max(newest.get(host, 0.0), connection.deadline)
            if connection.deadline <= now:
                connection.fail(_late(connection))
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
            what = "became free" if host.open else "could be made"
            job.failed(SendTimeoutError(f"No connection to {host.route.origin} {what} in the time for the send."))
        return bool(host.waiting)

    # --- the end ------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Ends everything: waiting and running requests fail with SendAbortedError. Leaves no task and no socket."""
        if self.closed:
            return
        self.closed = True
        self.is_watched = False
        if self._sweep is not None:
            self._sweep.cancel()
        rate_limit, self.rate_limit = self.rate_limit, None  # from here on each host refuses new requests
        if rate_limit is not None:
            rate_limit.close(closed_before())
        for host in self.hosts.values():
            while host.waiting:
                host.waiting.popleft().failed(closed_before())
        self.checkout.close()
        for connection in list(self.connections):
            if connection.job is not None:
                connection.fail(_aborted(connection))
            if not self.checkout.has(connection):
                connection.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._farewell()

    def abandon(self) -> None:
        """Closes every socket of a pool whose loop has ended."""
        if self.closed:
            return
        self.closed = True
        self.is_watched = False
        for connection in list(self.connections):
            with contextlib.suppress(RuntimeError):  # its loop is closed
                connection.close(abort=True)
        self.connections.clear()
        if self._reactor is not None:
            self._reactor.close()

    async def _farewell(self) -> None:
        """Waits until every socket is closed; aborts those that don't shut down in time."""
        deadline = self.loop.time() + _FAREWELL_SECONDS
        while self.connections:
            if self.loop.time() >= deadline:
                self.checkout.forget()
                for connection in self.connections:
                    connection.abort()
            await asyncio.sleep(0.001)
        if self._reactor is not None:
            self._reactor.close()
