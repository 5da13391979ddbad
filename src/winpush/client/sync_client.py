"""Client: the same sending for code without asyncio, from any number of threads.

One thread of ours runs the loop, which opens the connections and lends them to the threads that send. Where that can't
be (no epoll, a ceiling of sends per second, a token to be fetched, many sends at once), a send hands its bytes over and
waits for the answer. Threads that do so at the same time share one wake-up of the loop, which is what it costs.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from queue import SimpleQueue
from types import TracebackType
from typing import Self, Unpack

from winpush.channels import Channel
from winpush.client.attempt import Courier
from winpush.client.bulk import Item, unpack
from winpush.client.encoder import ClientOptions, Destination, Dispatch, Settings, seconds, whole
from winpush.errors import ClientClosedError, ConfigurationError, SendAbortedError, TransportError, WinPushError
from winpush.http import Response
from winpush.results import Notification, Result
from winpush.transport.checkout import Lender
from winpush.transport.connection import Connection
from winpush.transport.loops import new_event_loop
from winpush.transport.pool import Pool
from winpush.wns.protocol.auth import Token
from winpush.wns.protocol.responses import wants_new_token

__all__ = ["Client"]


class _Call:
    """A send that a thread waits for: the job in the loop's thread, and where its end is told."""

    __slots__ = (
        "answer",
        "channel",
        "deadline",
        "destination",
        "is_one_of_many",
        "key",
        "notification",
        "task",
        "tell",
        "timeout",
        "token",
        "wire",
    )

    def __init__(
        self,
        destination: Destination,
        channel: Channel,
        notification: Notification,
        wire: bytes,
        token: Token | None,
        timeout: float,
    ) -> None:
        self.destination = destination
        self.channel = channel
        self.notification = notification
        self.wire = wire
        self.token = token
        self.timeout = timeout
        self.task: asyncio.Task[None] | None = None
        self.key: object = None
        self.deadline = 0.0
        self.is_one_of_many = False
        self.answer: Response | TransportError | Result | None = None

    tell: Callable[[_Call], None]

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        connection.start(self)

    def answered(self, connection: Connection, response: Response) -> None:
        """In the loop's thread: the answer is whole."""
        self.answer = response
        connection.host.release(connection)
        self.tell(self)

    @property
    def wants_new_token(self) -> bool:
        """True when WNS refused the token that the request had."""
        return self.token is not None and isinstance(self.answer, Response) and wants_new_token(self.answer)

    def failed(self, error: TransportError) -> None:
        """In the loop's thread: no answer came."""
        self.answer = error
        self.tell(self)


class _Portal:
    """The thread with the loop, and the hand-over to it."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.process = os.getpid()
        self._loop = new_event_loop()
        self._inbox: deque[_Call] = deque()
        self._woken = False
        self._ready = threading.Event()
        self._dispatch = dispatch
        self._courier: Courier | None = None
        self.lender: Lender | None = None
        """Who lends connections to threads; None where sends must go through the loop."""
        self._thread = threading.Thread(target=self._run, name="winpush", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        self._loop.run_until_complete(self._open())
        self._ready.set()
        self._loop.run_forever()
        self._loop.close()

    async def _open(self) -> None:
        pool = Pool(self._dispatch.settings.limits)
        self._courier = Courier(self._dispatch, pool)
        if pool.pace is None and pool.lender.can_lend:
            self.lender = pool.lender

    def submit(self, call: _Call) -> None:
        """Hands a call over. Calls that come before the loop has looked share one wake-up."""
        self._inbox.append(call)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._woken = False  # before the look, so that whoever comes after it wakes us again
        while self._inbox:
            call = self._inbox.popleft()
            if not call.deadline:
                call.deadline = self._loop.time() + call.timeout
            if call.wire:
                self.courier.pool.host(call.destination.route).send(call)
            else:
                call.task = self._loop.create_task(self._walk(call))
        self.courier.pool.flush()  # threads wait for it

    async def _walk(self, call: _Call) -> None:
        """The slow way: there is no token at hand, or it was refused (its 401 is the answer), or it must wait."""
        where = (call.destination, call.channel, call.notification)
        try:
            if call.token is not None and isinstance(call.answer, Response):
                walked = (call.token, call.answer)
                call.answer = await self.courier.walk(*where, call.deadline, call.key, walked)
            elif call.is_one_of_many:
                call.answer = await self.courier.send_in_turn(*where, call.timeout, call.key)
            else:
                call.answer = await self.courier.send(*where, call.deadline, call.key)
        except asyncio.CancelledError:
            # What was on the wire the pool has ended already; this waited for a token, or for its turn.
            call.answer = SendAbortedError("The client was closed before this was sent.")
        call.tell(call)

    def drop(self, calls: Iterable[_Call]) -> None:
        """Gives calls up: nobody waits for them any more."""
        listed = list(calls)
        if listed:
            self._loop.call_soon_threadsafe(self._drop, listed)

    def _drop(self, calls: list[_Call]) -> None:
        self._drain()
        for call in calls:
            if call.task is not None:
                call.task.cancel()
            self.courier.pool.host(call.destination.route).drop(call)

    @property
    def courier(self) -> Courier:
        """What sends, in the loop's thread."""
        if self._courier is None:
            raise ClientClosedError("This client is closed.")
        return self._courier

    def close(self) -> None:
        """Ends the connections, the loop and the thread; calls that wait end with SendAbortedError."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _close(self) -> None:
        self._drain()
        await self.courier.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Client:
    """Sends notifications from ordinary code; safe to share between threads.

    Use it as `with Client() as client:`, or call `close()` at the end. The options are those of AsyncClient, and so
    are the results and errors. A process that forks gets connections of its own.
    """

    def __init__(self, **options: Unpack[ClientOptions]) -> None:
        self._settings = Settings.of(**options)
        self._dispatch = Dispatch(self._settings)
        self._lock = threading.Lock()
        self._portal: _Portal | None = None
        self._closed = False

    def send(self, channel_uri: str, notification: Notification, *, timeout: float | timedelta | None = None) -> Result:
        """Sends one notification to one channel, and waits for the answer. As AsyncClient.send."""
        portal = self._open_portal()
        dispatch = self._dispatch
        destination, channel = dispatch.resolve(channel_uri)
        wire, token = self._write(portal, destination, channel, notification)
        limit = self._settings.timeout_seconds if timeout is None else seconds("timeout", timeout)
        lender = portal.lender
        if not wire or lender is None:
            return self._hand_over(portal, _Call(destination, channel, notification, wire, token, limit))
        began = time.monotonic()
        answer = lender.exchange(destination.route, wire, began, limit)
        if not isinstance(answer, Response):
            return dispatch.fail(channel, notification, answer, None)
        if token is not None and wants_new_token(answer):
            left = max(began + limit - time.monotonic(), 0.001)
            call = _Call(destination, channel, notification, b"", token, left)
            call.answer = answer
            return self._hand_over(portal, call)
        return dispatch.read(channel, notification, answer, None)

    def _write(
        self, portal: _Portal, destination: Destination, channel: Channel, notification: Notification
    ) -> tuple[bytes, Token | None]:
        """The request, and the token in it; no bytes where the loop must see to it first: to a token, or to a hold."""
        courier, dispatch = portal.courier, self._dispatch
        token = courier.token_for(notification)
        if courier.needs_steps(channel, notification, token):
            return b"", token
        wire = dispatch.encode(destination, channel, notification, token)
        if dispatch.holds.any and dispatch.holds.find(channel, notification.service) is not None:
            wire = b""
        return wire, token

    def _hand_over(self, portal: _Portal, call: _Call) -> Result:
        """Sends by the loop's thread, and waits for it."""
        lock = threading.Lock()
        lock.acquire()
        call.tell = lambda _: lock.release()
        try:
            portal.submit(call)
            lock.acquire()
            if call.wants_new_token:
                call.wire = b""
                portal.submit(call)
                lock.acquire()
        except BaseException:  # Ctrl-C: the send is given up with the wait
            portal.drop([call])
            raise
        return self._read(call)

    def send_many(self, pairs: Iterable[Item], *, concurrency: int | None = None) -> Iterator[Result]:
        """Sends to many channels: `for result in client.send_many((uri, toast) for uri in uris)`. As AsyncClient's.

        `pairs` is read in the caller's own thread, between the results.
        """
        number = whole("concurrency", self._settings.limits.connections if concurrency is None else concurrency)
        return self._stream(iter(pairs), number)

    def _stream(self, source: Iterator[Item], concurrency: int) -> Iterator[Result]:
        portal = self._open_portal()
        ended: SimpleQueue[_Call] = SimpleQueue()
        pending: set[_Call] = set()
        failure: Exception | None = None
        exhausted = False
        try:
            while pending or not exhausted:
                if len(pending) < concurrency and not exhausted:
                    try:
                        made = self._take(portal, source)
                    except Exception as error:  # noqa: BLE001 - the source's own: raised when what is in flight has ended
                        failure, made = error, None
                    if made is None:
                        exhausted = True
                    elif isinstance(made, Result):
                        yield made
                    else:
                        made.tell = ended.put
                        pending.add(made)
                        portal.submit(made)
                    if ended.empty():
                        continue
                if pending:
                    call = ended.get()
                    if call.wire and call.wants_new_token:
                        call.wire = b""
                        portal.submit(call)
                        continue
                    pending.discard(call)
                    yield self._read(call)
        finally:
            portal.drop(pending)
        if failure is not None:
            raise failure

    def _take(self, portal: _Portal, source: Iterator[Item]) -> _Call | Result | None:
        """The next call; the Result of an item that can't be sent; None at the end of the source."""
        try:
            item = next(source)
        except StopIteration:
            return None
        uri, notification, key = unpack(item)
        try:
            destination, channel = self._dispatch.resolve(uri)
            wire, token = self._write(portal, destination, channel, notification)
        except WinPushError as error:
            if isinstance(error, ConfigurationError) or getattr(notification, "service", None) is None:
                raise
            return self._dispatch.fail(None, notification, error, key)
        call = _Call(destination, channel, notification, wire, token, self._settings.timeout_seconds)
        call.key = key
        call.is_one_of_many = True
        return call

    def _read(self, call: _Call) -> Result:
        answer = call.answer
        if isinstance(answer, Result):
            return answer
        if isinstance(answer, Response):
            return self._dispatch.read(call.channel, call.notification, answer, call.key)
        error = answer or SendAbortedError("The client was closed before this was sent.")
        return self._dispatch.fail(call.channel, call.notification, error, call.key)

    def _open_portal(self) -> _Portal:
        portal = self._portal
        if portal is not None and portal.process == os.getpid() and not self._closed:
            return portal
        with self._lock:
            if self._closed:
                raise ClientClosedError("This client is closed; make a new one, or send before its 'with' block ends.")
            if self._portal is None or self._portal.process != os.getpid():
                self._portal = _Portal(self._dispatch)
            return self._portal

    def close(self) -> None:
        """Closes every connection and ends the thread. Sends under way end with `Outcome.ABORTED`."""
        with self._lock:
            closed, self._closed = self._closed, True
            portal, self._portal = self._portal, None
        if portal is not None and not closed and portal.process == os.getpid():
            portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
