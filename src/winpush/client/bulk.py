"""send_many: a bounded number of sends in flight, with no task and no future for each.

A slot handles one send at a time: when the connection has an answer, the slot puts out the result and takes the next
item from the source. Slots rest while the caller doesn't fetch results, so neither the input nor the output is ever
held in full. A slot whose host is full is parked and another takes its place, so a slow host doesn't hold up the
others. Once the maximum is parked, sends to a host that hangs end unsent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable, Iterator
from typing import Any

from winpush.client.sender import Deferred, Item, Ready, Sender, client_closed
from winpush.errors import SendTimeoutError, TransportError
from winpush.http import Response
from winpush.results import Result
from winpush.transport.connection import Connection
from winpush.transport.host import Host

__all__ = ["Bulk"]

_PARKED = 4
"""How many sends may wait for full hosts, per send in flight."""
_NONE_NOW = object()  # not None, which a source may yield by mistake


class _Slot:
    """Handles one send at a time. While the request is in flight, the slot is its job."""

    __slots__ = ("bulk", "deadline", "host", "is_parked", "request", "wire")

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk
        self.wire = b""
        self.deadline = 0.0
        self.host: Host | None = None
        self.is_parked = False

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        if self.is_parked:
            self.unpark()
        connection.start(self)

    def unpark(self) -> None:
        """It no longer waits for its host."""
        self.is_parked = False
        self.bulk.parked -= 1

    def answered(self, response: Response) -> None:
        """Puts out the result, and continues with the next item."""
        self.host = None
        bulk = self.bulk
        try:
            outcome = bulk.sender.read(self.request, response)
        except BaseException as error:  # noqa: BLE001 - raised by results()
            bulk.break_off(self, error)
            return
        if isinstance(outcome, Deferred):
            bulk.finish(self, outcome)
        else:
            bulk.put(outcome)
            bulk.next(self)

    def failed(self, error: TransportError) -> None:
        """Puts out the failure, and continues with the next item."""
        if self.is_parked:
            self.unpark()
        self.host = None
        self.bulk.put(self.bulk.sender.fail(self.request, error))
        # Not right away: with a host that refuses immediately, we would recurse ever deeper.
        self.bulk.loop.call_soon(self.bulk.next, self)

    request: Ready


class Bulk:
    """One run of send_many."""

    def __init__(self, sender: Sender, items: Iterable[Item] | AsyncIterable[Item], concurrency: int) -> None:
        self.sender = sender
        self.pool = sender.pool
        self.loop = sender.pool.loop
        self._timeout = sender.encoder.settings.timeout_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._concurrency = concurrency
        self.parked = 0
        self._most_parked = _PARKED * concurrency
        self._results: deque[Result] = deque()
        self._most_results = 2 * concurrency
        self._slots: set[_Slot] = set()
        self._resting: deque[_Slot] = deque()
        self._wakeup: asyncio.Future[None] | None = None
        self._source: Iterator[Item] | None = None
        self._items = items
        self._inbox: deque[Item] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._exhausted = False
        self._failure: BaseException | None = None
        self._ended = False

    # --- the caller's side --------------------------------------------------------------------------------------

    async def results(self) -> AsyncIterator[Result]:
        """Yields each Result as it comes. If the source fails, raises its error once the sends in flight have ended."""
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
        if self.sender.ended.done():
            raise client_closed()
        self.sender.ended.add_done_callback(self._close)
        if isinstance(self._items, AsyncIterable):
            self._pump = self.loop.create_task(self._fill(self._items))
        else:
            self._source = iter(self._items)
        for _ in range(self._concurrency):
            if self._exhausted and not self._inbox:
                break
            slot = _Slot(self)
            self._slots.add(slot)
            self.next(slot)

    def _finished(self) -> bool:
        waiting_for_input = not self._exhausted and self._pump is not None
        return not waiting_for_input and len(self._slots) == 0 and not self._results

    async def _end(self) -> None:
        """The caller is done, or has stopped iterating: cleans up everything of this run."""
        self._ended = True
        self.sender.ended.remove_done_callback(self._close)
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for slot in list(self._slots):
            if slot.host is not None:
                slot.host.drop(slot)
        self._slots.clear()

    def _close(self, _: object) -> None:
        """The client was closed: sends in flight end, and no others start."""
        if not self._exhausted or self._inbox:
            self._stop(client_closed())
        self._resume()
        self._notice_end()

    # --- the slots' side ----------------------------------------------------------------------------------------

    def put(self, result: Result) -> None:
        """A result for the caller."""
        self._results.append(result)
        if self._wakeup is not None:
            if not self._wakeup.done():
                self._wakeup.set_result(None)
            self._wakeup = None

    def finish(self, slot: _Slot, deferred: Deferred) -> None:
        """Has a task finish a slot's send; the slot continues after that."""
        self._run(self._finish(slot, deferred, slot.deadline))

    def break_off(self, slot: _Slot, error: BaseException) -> None:
        """A slot's send ended in an unexpected error: no other send starts, and `results` raises it."""
        self._stop(error)
        self.next(slot)

    def next(self, slot: _Slot) -> None:
        """Has the slot take the next item."""
        if len(self._slots) - self.parked > self._concurrency:
            self._leave(slot)  # it stood in for a parked slot, which now sends again
            return
        while not self._ended:
            if len(self._results) >= self._most_results:
                self._rest(slot)
                return
            item = self._take()
            if item is _NONE_NOW:
                self._rest(slot)
                return
            try:
                prepared = self.sender.prepare_item(item)
            except BaseException as error:  # noqa: BLE001 - not an item, or can't be sent: raised by results()
                self._stop(error)
                continue
            if isinstance(prepared, Ready):
                self._send(slot, prepared)
                return
            if isinstance(prepared, Deferred):
                self._run(self._finish(slot, prepared, None))
                return
            self.put(prepared)

    def _send(self, slot: _Slot, request: Ready) -> None:
        host = slot.host = self.pool.host(request.destination.route)
        slot.request = request
        slot.wire = request.wire
        slot.deadline = self.loop.time() + self._timeout
        if host.waiting and host.hangs and self.parked >= self._most_parked:
            problem = f"{host.route.origin} doesn't answer, and no more sends can wait for it."
            slot.failed(SendTimeoutError(problem))
            return
        host.send(slot, request.app)
        if host.waiting and host.waiting[-1] is slot and host.is_full:
            self._park(slot)

    def _park(self, slot: _Slot) -> None:
        """Has another slot continue instead of one that waits for its host."""
        if self.parked < self._most_parked:
            slot.is_parked = True
            self.parked += 1
            another = _Slot(self)
            self._slots.add(another)
            self.loop.call_soon(self.next, another)

    def _run(self, finishing: Coroutine[None, None, None]) -> None:
        task = self.loop.create_task(finishing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, slot: _Slot, deferred: Deferred, deadline: float | None) -> None:
        """The slow way, as a task. Without a deadline, the send hasn't started: its timeout starts with its turn."""
        try:
            if deadline is None:
                result = await self.sender.finish_in_turn(deferred, self._timeout)
            else:
                result = await self.sender.finish(deferred, deadline)
        except BaseException as error:  # noqa: BLE001 - raised by results(), unless the caller has stopped iterating
            self.break_off(slot, error)
            return
        self.put(result)
        self.next(slot)

    def _rest(self, slot: _Slot) -> None:
        if self._exhausted and not self._inbox:
            self._leave(slot)
        else:
            self._resting.append(slot)

    def _leave(self, slot: _Slot) -> None:
        self._slots.discard(slot)
        self._notice_end()

    def _notice_end(self) -> None:
        if self._wakeup is not None and not self._slots and not self._wakeup.done():
            self._wakeup.set_result(None)

    def _resume(self) -> None:
        """Wakes the slots that can work: all of them or, with an async source, one for each available item."""
        ready = len(self._resting)
        if self._source is None and not self._exhausted:
            ready = min(ready, len(self._inbox))
        for _ in range(ready):
            self.next(self._resting.popleft())

    # --- the source ---------------------------------------------------------------------------------------------

    def _take(self) -> Any:
        """The next item; `_NONE_NOW` if there is none now (or ever: then `_exhausted` is set)."""
        if self._source is None:
            item = self._inbox.popleft() if self._inbox else _NONE_NOW
            if self._room is not None and not self._room.done():
                self._room.set_result(None)
            return item
        if self._exhausted:
            return _NONE_NOW
        try:
            return next(self._source)
        except StopIteration:
            self._exhausted = True
        except BaseException as error:  # noqa: BLE001 - the source's own error, raised to the caller by results()
            self._stop(error)
        return _NONE_NOW

    def _stop(self, error: BaseException) -> None:
        self._exhausted = True
        self._inbox.clear()
        self._failure = self._failure or error
        if self._pump is not None:
            self._pump.cancel()

    async def _fill(self, pairs: AsyncIterable[Item]) -> None:
        """Takes only as much from an async source as the slots can hold."""
        try:
            async for item in pairs:
                if self._exhausted:  # stopped; a source that never awaits doesn't notice its cancellation
                    break
                self._inbox.append(item)
                self._resume()
                while len(self._inbox) >= self._concurrency:
                    self._room = self.loop.create_future()
                    await self._room
        except asyncio.CancelledError as error:
            if self._ended or self._exhausted:
                raise
            self._failure = error  # something that the source awaits was cancelled, not this task
        except Exception as error:  # noqa: BLE001 - the source's own error, raised to the caller by results()
            self._failure = error
        finally:
            self._exhausted = True
            self._resume()
            self._notice_end()
