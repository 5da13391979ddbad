"""Third-party code runs beside the client's own loop: its result comes back, and nothing it does stays behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from winpush.client.side_thread import SideLoop, in_thread

pytestmark = pytest.mark.usefixtures("no_leaks")


def on(side: SideLoop, *work: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The result of each, one after the other."""

    async def main() -> list[Any]:
        return [await side.run(each) for each in work]

    try:
        return asyncio.run(main())
    finally:
        side.close()


def test_all_coroutines_share_one_loop_that_is_not_the_callers() -> None:
    async def where() -> tuple[Any, Any]:
        return asyncio.get_running_loop(), threading.current_thread()

    first, second = on(SideLoop(), where, where)
    assert first == second
    assert first[1] is not threading.current_thread()


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError(), RuntimeError("x")])
def test_whatever_a_coroutine_raises_is_raised_to_who_asked(error: BaseException) -> None:
    async def fail() -> None:
        raise error

    async def work() -> str:
        return "goes on"

    side = SideLoop()

    async def main() -> str:
        with pytest.raises(type(error)):
            await side.run(fail)
        return str(await side.run(work))

    try:
        assert asyncio.run(main()) == "goes on"
    finally:
        side.close()


def test_a_coroutine_that_stops_the_loop_stops_only_itself() -> None:
    async def stop() -> None:
        asyncio.get_running_loop().stop()

    async def work() -> str:
        return "goes on"

    side = SideLoop()

    async def main() -> str:
        with pytest.raises(asyncio.CancelledError):
            await side.run(_and_wait(stop))
        return str(await side.run(work))

    try:
        assert asyncio.run(main()) == "goes on"
    finally:
        side.close()


def _and_wait(work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    async def both() -> None:
        await work()
        await asyncio.Event().wait()

    return both


def test_closing_ends_what_still_runs() -> None:
    ended = threading.Event()

    async def main() -> None:
        began = threading.Event()

        async def wait() -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        waiting = asyncio.create_task(side.run(wait))
        await in_thread(began.wait)
        side.close()
        await asyncio.gather(waiting, return_exceptions=True)

    side = SideLoop()
    asyncio.run(main())
    assert ended.is_set()


def test_what_is_given_up_is_not_waited_for() -> None:
    may_end = threading.Event()

    async def main() -> None:
        blocking = asyncio.create_task(in_thread(may_end.wait))
        await asyncio.sleep(0)
        blocking.cancel()
        await asyncio.gather(blocking, return_exceptions=True)

    asyncio.run(main())
    may_end.set()
