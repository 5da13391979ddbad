"""LoopThread: one thread of ours runs the event loop, and other threads hand it their sends.

The cost of a hand-over is waking the loop. Threads that hand over at the same time share one wake-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable

from winpush.client.encoder import Encoder
from winpush.client.sender import Deferred, Ready, Sender
from winpush.client.side_thread import SideLoop
from winpush.client.throttle import Throttle
from winpush.errors import ClientClosedError, ConnectError, TransportError
from winpush.http import Response
from winpush.results import Result
from winpush.transport.checkout import Checkout
from winpush.transport.connection import Connection
from winpush.transport.host import closed_before
from winpush.transport.loops import new_event_loop
from winpush.transport.pool import Pool

__all__ = ["Call", "LoopThread"]


class Call:
    """A send that a thread waits for. `tell` is called in the loop's thread once it has ended.

    Its request is a job of the pool. If the send is deferred, or its answer defers it, a task finishes it. An
    unexpected error also ends it, and is raised in the waiting thread.
    """

    __slots__ = (
        "_failure", "_result", "_task", "_thread", "deadline", "is_in_turn", "prepared", "tell", "timeout", "wire",
    )  # fmt: skip

    def __init__(
        self, prepared: Ready | Deferred, timeout: float, tell: Callable[[Call], object], *, is_in_turn: bool = False
    ) -> None:
        self.prepared = prepared
        self.timeout = timeout
        self.tell = tell
        self.is_in_turn = is_in_turn
        """True for one of many, whose timeout starts when its app's throttle has ended."""
        self.wire = b""
        self.deadline = 0.0
        self._result: Result | None = None
        self._failure: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: LoopThread | None = None

    @property
    def result(self) -> Result:
        """How it ended. Raises an unexpected error."""
        if self._failure is not None:
            raise self._failure
        assert self._result is not None  # noqa: S101 - it has ended
        return self._result

    def run(self, thread: LoopThread) -> None:
        """In the loop's thread: sends it."""
        self._thread = thread
        self.deadline = thread.loop.time() + self.timeout
        try:
            if isinstance(self.prepared, Ready):
                self.wire = self.prepared.wire
                thread.sender.pool.host(self.prepared.destination.route).send(self, self.prepared.app)
            else:
                self._task = thread.loop.create_task(self._finish(thread.sender, self.prepared))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._fail(error)

    def refuse(self, sender: Sender) -> None:
        """Ends it because the client is closed. From any thread."""
        sent = self.prepared
        self._end(sender.encoder.fail(sent.channel, sent.notification, closed_before(), sent.key))

    def cancel(self, thread: LoopThread) -> None:
        """In the loop's thread: nobody waits for it any more."""
        if self._task is not None:
            self._task.cancel()
        thread.sender.pool.host(self.prepared.destination.route).drop(self)

    async def _finish(self, sender: Sender, deferred: Deferred) -> None:
        try:
            if self.is_in_turn and deferred.refused is None:
                result = await sender.finish_in_turn(deferred, self.timeout)
            else:
                result = await sender.finish(deferred, self.deadline)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits, and never lost in this one
            if self._task is None or not self._task.cancelling():
                self._fail(error)
                return
            # The pool has already ended everything on the wire; this waited for a token or for its turn.
            self.refuse(sender)
        else:
            self._end(result)

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        connection.start(self)

    def answered(self, response: Response) -> None:
        """The answer is complete."""
        assert self._thread is not None  # noqa: S101 - it runs
        try:
            outcome = self._thread.sender.read(self._request, response)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._fail(error)
            return
        if isinstance(outcome, Deferred):
            self._task = self._thread.loop.create_task(self._finish(self._thread.sender, outcome))
        else:
            self._end(outcome)

    def failed(self, error: TransportError) -> None:
        """No answer came."""
        assert self._thread is not None  # noqa: S101 - it runs
        self._end(self._thread.sender.fail(self._request, error))

    @property
    def _request(self) -> Ready:
        assert isinstance(self.prepared, Ready)  # noqa: S101 - it was written
        return self.prepared

    def _end(self, result: Result) -> None:
        self._result = result
        self.tell(self)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        self.tell(self)


class LoopThread:
    """The thread with the loop, and the hand-over to it. Raises ConnectError if no file descriptor is free or no
    thread can be started."""

    def __init__(self, encoder: Encoder, throttle: Throttle) -> None:
        self.process = os.getpid()
        self.loop = new_event_loop()
        self.checkout: Checkout | None = None
        """Gives threads their own connections; None if every send must go through the loop."""
        self.closed = False
        self._is_closing = False
        self._inbox: deque[Call] = deque()
        self._woken = False
        self._ready = threading.Event()
        self._sender: Sender | None = None
        # Third-party credentials that block their loop must not block this one, which all senders need.
        self._aside = SideLoop()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(encoder, throttle), name="winpush", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # no thread can be started
            self.loop.close()
            problem = f"Nothing can be sent from this process now: {error}. Send again when threads can be started"
            raise ConnectError(problem, is_outage=True) from error
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def _run(self, encoder: Encoder, throttle: Throttle) -> None:
        try:
            self.loop.run_until_complete(self._open(encoder, throttle))
        except BaseException as failure:  # noqa: BLE001 - raised in the thread that waits for this one
            self._failure = failure
            self.loop.close()
            return
        finally:
            self._ready.set()
        self.loop.run_forever()
        self.loop.close()

    async def _open(self, encoder: Encoder, throttle: Throttle) -> None:
        pool = Pool(encoder.settings.limits)
        self._sender = Sender(encoder, throttle, pool, self._aside)
        # A connection through an https:// proxy is asyncio's, and a thread can't use those.
        if pool.rate_limit is None and pool.checkout.is_possible and not encoder.settings.proxies.any_secured:
            self.checkout = pool.checkout

    @property
    def sender(self) -> Sender:
        """The Sender. It belongs to the loop's thread, except for the methods that any thread may call."""
        if self._sender is None:
            raise ClientClosedError("This client is closed.")
        return self._sender

    def call(self, prepared: Ready | Deferred, timeout: float) -> Result:
        """Has it sent, and waits for its Result. Raises unexpected errors."""
        lock = threading.Lock()
        lock.acquire()
        call = Call(prepared, timeout, lambda _: lock.release())
        try:
            self.submit(call)
            lock.acquire()
        except BaseException:  # Ctrl-C: gives up the send along with the wait
            self.drop([call])
            raise
        return call.result

    def submit(self, call: Call) -> None:
        """Hands a call over. Calls that arrive before the loop has looked share one wake-up."""
        self._inbox.append(call)
        if self.closed:  # checked after appending: `_close` sets it before it empties the inbox
            self._refuse()
        elif not self._woken:
            self._woken = True
            self._tell(self._drain)

    def _tell(self, work: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and every call has ended with it
            self.loop.call_soon_threadsafe(work, *arguments)

    def _drain(self) -> None:
        self._woken = False  # before looking, so that a later call wakes the loop again
        while self._inbox and not self.closed:
            self._inbox.popleft().run(self)
        self.sender.pool.flush()  # threads wait for it

    def _refuse(self) -> None:
        """Ends the calls in a closed client's inbox. Several threads may do this at once."""
        with contextlib.suppress(IndexError):
            while True:
                self._inbox.popleft().refuse(self.sender)

    def drop(self, calls: Iterable[Call]) -> None:
        """Gives calls up: nobody waits for them any more."""
        listed = list(calls)
        if listed:
            self._tell(self._drop, listed)

    def _drop(self, calls: list[Call]) -> None:
        self._drain()
        for call in calls:
            call.cancel(self)

    def close(self) -> None:
        """Ends the connections, the loop and the thread; waiting calls end with SendAbortedError. Calling it
        twice does nothing.
        """
        if self._is_closing:
            return
        self._is_closing = True
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._aside.close()

    async def _close(self) -> None:
        self.closed = True
        self._refuse()
        await self.sender.close()
        await asyncio.sleep(0)  # a task cancelled before it has started would report nothing
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
