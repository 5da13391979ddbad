"""Runs third-party code in threads of its own: if it blocks or never ends, no send and no program waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from winpush.transport.loops import new_event_loop

__all__ = ["UNWIND_SECONDS", "SideLoop", "in_thread"]

UNWIND_SECONDS = 1.0
"""How long a cancelled coroutine may take to end before it is abandoned."""

_Outcome = tuple[Any, BaseException | None]


async def in_thread(work: Callable[[], Any]) -> Any:
    """Runs it in a thread of its own, which can be abandoned if it takes too long. An executor's thread would keep the
    whole program from ending, and an executor can't pass on every exception."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Outcome] = loop.create_future()

    def end(outcome: _Outcome) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        outcome: _Outcome
        try:
            outcome = work(), None
        except BaseException as error:  # noqa: BLE001 - passed on to the loop's thread
            outcome = None, error
        # If the loop has ended, nothing waits for this any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(end, outcome)

    threading.Thread(target=run, name="winpush-token", daemon=True).start()
    return _give(await done)


class SideLoop:
    """An event loop in a thread of its own, which starts with the first coroutine.

    All coroutines share it, and it stays: whatever they open on it, such as an HTTP session, can be reused.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Returns or raises what the coroutine does. If the caller gives up, it is cancelled and not waited for."""
        future = asyncio.run_coroutine_threadsafe(_outcome(work), self._begin())
        return _give(await asyncio.wrap_future(future))

    def _begin(self) -> asyncio.AbstractEventLoop:
        loop = self._loop
        if loop is None:
            loop = self._loop = new_event_loop()
            self._thread = threading.Thread(target=self._serve, args=(loop,), name="winpush-login", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # no thread can be started
                self._loop = self._thread = None
                loop.close()
                raise
        return loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        finally:
            self._loop = None  # a coroutine may have stopped the loop: the next one gets a new loop
            _unwind(loop)

    def close(self) -> None:
        """Ends the loop and its thread, or abandons them if something blocks the loop."""
        loop, thread = self._loop, self._thread
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(loop.stop)
        if thread is not None:
            thread.join(2 * UNWIND_SECONDS)


async def _outcome(work: Callable[[], Awaitable[Any]]) -> _Outcome:
    try:
        return await work(), None
    except BaseException as error:  # noqa: BLE001 - a SystemExit would end the loop silently
        return None, error


def _give(outcome: _Outcome) -> Any:
    value, error = outcome
    if error is not None:
        raise error
    return value


def _unwind(loop: asyncio.AbstractEventLoop) -> None:
    """Ends what is left on a stopped loop, and closes it."""
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=UNWIND_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
