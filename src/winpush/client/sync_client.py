"""Client: the same sending for code without asyncio, from any number of threads.

One thread runs the loop, which opens the connections. On Linux, a sending thread checks a connection out and does its
own reading and writing. If it can't (no epoll, a rate limit, an https:// proxy, a missing token, many sends at once),
it hands its send to the loop's thread and waits for the Result.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Self, Unpack

from winpush.client.encoder import Encoder
from winpush.client.loop_thread import Call, LoopThread
from winpush.client.options import ClientOptions, Settings, parse_count, parse_seconds
from winpush.client.sender import Address, Item, Ready, client_closed
from winpush.client.throttle import Throttle
from winpush.http import Response
from winpush.results import Notification, Result

__all__ = ["Client"]


class Client:
    """Sends notifications from ordinary code; safe to share between threads.

    Use it as `with Client() as client:`, or call `close()` at the end. Options, results and errors are the same as for
    AsyncClient, but an async `get_token` runs on an event loop of its own, which it may block. A forked process gets
    connections of its own. Under gevent's or eventlet's monkey-patching, a sending greenlet lets the others run; patch
    before creating the client. The first send raises ConnectError if the process has no file descriptor left or can
    start no thread; the next one tries again.
    """

    def __init__(self, **options: Unpack[ClientOptions]) -> None:
        self._settings = Settings.of(**options)
        self._encoder = Encoder(self._settings)
        self._throttle = Throttle.of(self._settings)
        self._locks: dict[int, threading.RLock] = {}
        self._thread: LoopThread | None = None
        self._closed = False

    def send(
        self,
        channel_uri: Address,
        notification: Notification,
        *,
        app: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> Result:
        """Sends one notification to one channel, and waits for the answer. See AsyncClient.send."""
        thread = self._open()
        sender, checkout = thread.sender, thread.checkout
        prepared = sender.prepare(channel_uri, notification, None, app)
        limit = self._settings.timeout_seconds if timeout is None else parse_seconds("timeout", timeout)
        if checkout is None or not isinstance(prepared, Ready):
            return thread.call(prepared, limit)
        began = time.monotonic()
        answer = checkout.exchange(prepared.destination.route, prepared.wire, began, limit)
        if not isinstance(answer, Response):
            return sender.fail(prepared, answer)
        outcome = sender.read(prepared, answer)
        if isinstance(outcome, Result):
            return outcome
        return thread.call(outcome, max(began + limit - time.monotonic(), 0.001))

    def send_many(self, pairs: Iterable[Item], *, concurrency: int | None = None) -> Iterator[Result]:
        """Sends to many channels: `for result in client.send_many((uri, toast) for uri in uris)`.

        See AsyncClient.send_many. `pairs` is read in the caller's own thread, between the results.
        """
        number = parse_count("concurrency", self._settings.limits.connections if concurrency is None else concurrency)
        return self._stream(iter(pairs), number)

    def _stream(self, source: Iterator[Item], concurrency: int) -> Iterator[Result]:
        thread = self._open()
        ended: queue.SimpleQueue[Call] = queue.SimpleQueue()  # looked up now: gevent may have patched it
        pending: set[Call] = set()
        failure: BaseException | None = None
        is_exhausted = False
        try:
            while pending or not is_exhausted:
                if len(pending) < concurrency and not is_exhausted:
                    try:
                        made = self._take(thread, source, ended)
                    except Exception as error:  # noqa: BLE001 - raised when the sends in flight have ended
                        failure, made = error, None
                    if isinstance(made, Call):
                        pending.add(made)
                        thread.submit(made)
                    elif made is not None:
                        yield made
                    is_exhausted = made is None
                    if ended.empty():
                        continue
                if pending:
                    call = ended.get()
                    pending.discard(call)
                    try:
                        result = call.result
                    except BaseException as error:  # noqa: BLE001 - raised at the end, as the source's
                        failure, is_exhausted = failure or error, True
                    else:
                        yield result
        finally:
            thread.drop(pending)
        if failure is not None:
            raise failure

    def _take(self, thread: LoopThread, source: Iterator[Item], ended: queue.SimpleQueue[Call]) -> Call | Result | None:
        """The next call; the Result of an item that can't be sent; None at the end of the source."""
        if thread.closed:
            raise client_closed()
        try:
            item = next(source)
        except StopIteration:
            return None
        prepared = thread.sender.prepare_item(item)
        if isinstance(prepared, Result):
            return prepared
        return Call(prepared, self._settings.timeout_seconds, ended.put, is_in_turn=True)

    def _open(self) -> LoopThread:
        thread = self._thread
        if thread is not None and thread.process == os.getpid() and not self._closed:
            return thread
        with self._lock():
            if self._closed:
                raise client_closed()
            thread = self._thread
            return self._begin() if thread is None or thread.process != os.getpid() else thread

    def _begin(self) -> LoopThread:
        before, made = self._thread, LoopThread(self._encoder, self._throttle)
        if self._closed or self._thread is not before:  # a signal handler closed the client or sent meanwhile
            made.close()
            return self._open()
        self._thread = made
        return made

    def _lock(self) -> threading.RLock:
        """This process's lock: a forked process may have inherited its parent's in a locked state. Reentrant, because a
        signal handler that closes the client may interrupt the thread that holds it."""
        return self._locks.setdefault(os.getpid(), threading.RLock())

    def close(self) -> None:
        """Closes every connection and ends the thread. Sends in progress end with `Outcome.ABORTED`."""
        with self._lock():
            closed, self._closed = self._closed, True
            thread, self._thread = self._thread, None
        if thread is not None and not closed and thread.process == os.getpid():
            thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
