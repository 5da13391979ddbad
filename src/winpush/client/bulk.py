"""send_many: a bounded number of sends in flight, each connection taking its next request itself.

There is no task and no future for a send: a lane is told of its answer by the connection, puts the result out, and
takes the next pair from the source. Lanes rest while the caller does not fetch results, so neither the input nor the
output is ever held whole. A lane whose host is full is parked and another takes its place, so that a slow host does not
hold up the others; when as many as can be are parked, what is for a host that hangs is not sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from winpush.channels import Channel, Service
from winpush.client.attempt import Courier
from winpush.client.encoder import Destination
from winpush.errors import ConfigurationError, SendTimeoutError, TransportError, ValidationError, WinPushError
from winpush.http import Response
from winpush.results import Notification, Result
from winpush.transport.connection import Connection
from winpush.transport.pool import Host
from winpush.wns.protocol.auth import Token
from winpush.wns.protocol.responses import wants_new_token

__all__ = ["Bulk", "Item", "unpack"]

_WNS = Service.WNS  # a member of an enumeration is slow to get at
_PARKED = 4
"""So many sends for each one in flight may wait for hosts that are full."""

Item = tuple[str, Notification] | tuple[str, Notification, object]
"""What is sent: a channel URI and a notification, and the caller's own key if the result is to carry one."""


def unpack(item: Item) -> tuple[str, Notification, object]:
    """Channel URI, notification and key of an item. Raises ValidationError for what is no pair or triple."""
    if isinstance(item, (tuple, list)):
        if len(item) == 2:
            return item[0], item[1], None
        if len(item) == 3:
            return item[0], item[1], item[2]
    raise ValidationError("pairs", f"an item is (channel_uri, notification) or with a key as third, not {item!r:.60}")


class _Lane:
    """One send at a time: the job that waits, and the exchange that is told."""

    __slots__ = ("bulk", "channel", "deadline", "destination", "host", "key", "notification", "parked", "token", "wire")

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk
        self.wire = b""
        self.deadline = 0.0
        self.host: Host | None = None
        self.parked = False

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        self.unpark()
        connection.start(self)

    def unpark(self) -> None:
        """It no longer waits."""
        if self.parked:
            self.parked = False
            self.bulk.parked -= 1

    def answered(self, connection: Connection, response: Response) -> None:
        """Puts the result out, and goes on with the same connection."""
        bulk = self.bulk
        if response.status_code == 401 and self.token is not None and wants_new_token(response):
            connection.host.release(connection)
            bulk.walk(self, (self.token, response))
            return
        bulk.put(bulk.dispatch.read(self.channel, self.notification, response, self.key))
        bulk.next(self, connection)

    def failed(self, error: TransportError) -> None:
        """Puts the failure out, and goes on."""
        self.unpark()
        self.bulk.put(self.bulk.dispatch.fail(self.channel, self.notification, error, self.key))
        # Not at once: a host that refuses at once would have us call ourselves ever deeper.
        self.host = None
        self.bulk.loop.call_soon(self.bulk.next, self, None)

    destination: Destination
    channel: Channel
    notification: Notification
    key: object
    token: Token | None


class Bulk:
    """One run of send_many."""

    def __init__(self, courier: Courier, pairs: Iterable[Item] | AsyncIterable[Item], concurrency: int) -> None:
        self.courier = courier
        self.dispatch = courier.dispatch
        self.pool = courier.pool
        self.loop = courier.pool.loop
        self._timeout = courier.dispatch.settings.timeout_seconds
        self._walks: set[asyncio.Task[None]] = set()
        self._concurrency = concurrency
        self.parked = 0
        self._most_parked = _PARKED * concurrency
        self._results: deque[Result] = deque()
        self._most_results = 2 * concurrency
        self._lanes: set[_Lane] = set()
        self._resting: deque[_Lane] = deque()
        self._wakeup: asyncio.Future[None] | None = None
        self._source: Iterator[Item] | None = None
        self._pairs = pairs
        self._inbox: deque[Item] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._exhausted = False
        self._failure: BaseException | None = None
        self._ended = False

    # --- the caller's side --------------------------------------------------------------------------------------

    async def results(self) -> AsyncIterator[Result]:
        """Yields each Result as it comes. When the source fails, what is in flight ends first; then that is raised."""
        self._begin()
        try:
            while True:
                while self._results:
                    yield self._results.popleft()
                    if self._resting and len(self._results) <= self._concurrency:
                        self._resume()
                if self._finished():
                    break
                self._wakeup = self.loop.create_future()
                await self._wakeup
        finally:
            await self._end()
        if self._failure is not None:
            raise self._failure

    def _begin(self) -> None:
        if isinstance(self._pairs, AsyncIterable):
            self._pump = self.loop.create_task(self._fill(self._pairs))
        else:
            self._source = iter(self._pairs)
        for _ in range(self._concurrency):
            if self._exhausted and not self._inbox:
                break
            lane = _Lane(self)
            self._lanes.add(lane)
            self.next(lane, None)

    def _finished(self) -> bool:
        waiting_for_input = not self._exhausted and self._pump is not None
        return not waiting_for_input and len(self._lanes) == 0 and not self._results

    async def _end(self) -> None:
        """The caller is done, or has turned away: nothing of this run stays behind."""
        self._ended = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for task in list(self._walks):
            task.cancel()
        await asyncio.gather(*self._walks, return_exceptions=True)
        for lane in list(self._lanes):
            if lane.host is not None:
                lane.host.drop(lane)
        self._lanes.clear()

    # --- the lanes' side ----------------------------------------------------------------------------------------

    def put(self, result: Result) -> None:
        """A result for the caller."""
        self._results.append(result)
        if self._wakeup is not None:
            if not self._wakeup.done():
                self._wakeup.set_result(None)
            self._wakeup = None

    def next(self, lane: _Lane, connection: Connection | None) -> None:
        """Has the lane take the next item: on the connection it holds if that leads to the same host."""
        if len(self._lanes) > self._concurrency:
            if connection is not None and lane.host is not None and lane.host.waiting:
                lane.host.release(connection)
                connection = None
            if len(self._lanes) - self.parked > self._concurrency:
                self._retire(lane, connection)
                return
        while not self._ended:
            if len(self._results) >= self._most_results:
                self._rest(lane, connection)
                return
            item = self._take()
            if item is None:
                self._rest(lane, connection)
                return
            if not self._prepare(lane, item):
                continue
            if lane.wire:
                self._send(lane, connection)
                return
            if connection is not None and lane.host is not None:
                lane.host.release(connection)
            self.walk(lane, None)
            return
        if connection is not None and lane.host is not None:
            lane.host.release(connection)

    def _send(self, lane: _Lane, connection: Connection | None) -> None:
        host = self.pool.host(lane.destination.route)
        held, lane.host = lane.host, host
        if connection is not None and held is not None:
            paced = self.pool.pace is not None
            if held is host and not host.waiting and not self.pool.starved and not paced and connection.is_quiet():
                connection.start(lane)
                return
            held.release(connection)
        if host.waiting and host.hangs and self.parked >= self._most_parked:
            problem = f"{host.route.origin} answers nothing, and more than can wait for it do so already."
            lane.failed(SendTimeoutError(problem))
            return
        host.send(lane)
        if host.waiting and host.waiting[-1] is lane and host.is_full:
            self._park(lane)

    def _park(self, lane: _Lane) -> None:
        """Has another lane go on in the place of one that waits for its host."""
        if self.parked < self._most_parked:
            lane.parked = True
            self.parked += 1
            another = _Lane(self)
            self._lanes.add(another)
            self.loop.call_soon(self.next, another, None)

    def _retire(self, lane: _Lane, connection: Connection | None) -> None:
        """Ends a lane that has gone on in the place of another, which now sends itself."""
        if connection is not None and lane.host is not None:
            lane.host.release(connection)
        self._lanes.discard(lane)
        self._notice_end()

    def _prepare(self, lane: _Lane, item: Item) -> bool:
        """Fills the lane; what can't be sent becomes a result at once, and the run goes on."""
        try:
            uri, notification, key = unpack(item)
            lane.notification = notification
            lane.key = key
        except ValidationError as error:
            self._stop(error)
            return False
        try:
            destination, channel = lane.destination, lane.channel = self.dispatch.resolve(uri)
            if getattr(notification, "service", None) is not _WNS:
                lane.token = None
                lane.wire = self.dispatch.encode(destination, channel, notification)
            else:
                token = lane.token = self.courier.token_for(notification)
                steps = self.courier.needs_steps(channel, notification, token)
                lane.wire = b"" if steps else self.dispatch.encode(destination, channel, notification, token)
            if self.dispatch.holds.any and self.dispatch.holds.find(channel, notification.service) is not None:
                lane.wire = b""
        except WinPushError as error:
            if isinstance(error, ConfigurationError) or getattr(notification, "service", None) is None:
                self._stop(error)
            else:
                self.put(self.dispatch.fail(None, notification, error, key))
            return False
        lane.deadline = self.loop.time() + self._timeout
        return True

    def walk(self, lane: _Lane, walked: tuple[Token, Response] | None) -> None:
        """The slow way, as a task: there is no token at hand, or it was refused, or the service wants no more now."""
        lane.host = None
        task = self.loop.create_task(self._walk(lane, walked))
        self._walks.add(task)
        task.add_done_callback(self._walks.discard)

    async def _walk(self, lane: _Lane, walked: tuple[Token, Response] | None) -> None:
        where = (lane.destination, lane.channel, lane.notification)
        if walked is None:
            self.put(await self.courier.send_in_turn(*where, self._timeout, lane.key))
        else:
            self.put(await self.courier.walk(*where, lane.deadline, lane.key, walked))
        self.next(lane, None)

    def _rest(self, lane: _Lane, connection: Connection | None) -> None:
        if connection is not None and lane.host is not None:
            lane.host.release(connection)
        lane.host = None
        if self._exhausted and not self._inbox:
            self._lanes.discard(lane)
            self._notice_end()
        else:
            self._resting.append(lane)

    def _notice_end(self) -> None:
        if self._wakeup is not None and not self._lanes and not self._wakeup.done():
            self._wakeup.set_result(None)

    def _resume(self) -> None:
        """Wakes the lanes that can work: all of them, or with an async source as many as there are items."""
        ready = len(self._resting)
        if self._source is None and not self._exhausted:
            ready = min(ready, len(self._inbox))
        for _ in range(ready):
            self.next(self._resting.popleft(), None)

    # --- the source ---------------------------------------------------------------------------------------------

    def _take(self) -> Item | None:
        """The next item; None when there is none now (or ever, then `_exhausted` is set)."""
        if self._source is None:
            item = self._inbox.popleft() if self._inbox else None
            if self._room is not None and not self._room.done():
                self._room.set_result(None)
            return item
        if self._exhausted:
            return None
        try:
            return next(self._source)
        except StopIteration:
            self._exhausted = True
        except BaseException as error:  # noqa: BLE001 - the source's own error, raised to the caller by results()
            self._stop(error)
        return None

    def _stop(self, error: BaseException) -> None:
        self._exhausted = True
        self._inbox.clear()
        self._failure = self._failure or error
        if self._pump is not None:
            self._pump.cancel()

    async def _fill(self, pairs: AsyncIterable[Item]) -> None:
        """Takes from an async source what the lanes can hold, and no more."""
        try:
            async for item in pairs:
                self._inbox.append(item)
                self._resume()
                while len(self._inbox) >= self._concurrency:
                    self._room = self.loop.create_future()
                    await self._room
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the source's own error, raised to the caller by results()
            self._failure = error
        finally:
            self._exhausted = True
            self._resume()
            self._notice_end()
