"""Time that passes only when a test says so: a loop with real sockets, whose timers follow the test's own clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["Hands", "run_still", "still"]

_T = TypeVar("_T")
_STEP_SECONDS = 0.25


class StillLoop(asyncio.SelectorEventLoop):
    """The stock loop, whose clock can be stopped and moved."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped: float | None = None
        super().__init__()

    def time(self) -> float:
        return time.monotonic() + self._ahead if self._stopped is None else self._stopped

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self._stopped = self.time()
        try:
            yield
        finally:
            self._ahead, self._stopped = self._stopped - time.monotonic(), None

    def advance(self, seconds: float) -> None:
        assert self._stopped is not None
        self._stopped += seconds


class Hands:
    """The hands of a stopped loop's clock."""

    def __init__(self, loop: StillLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Seconds on the loop's clock."""
        return self._loop.time()

    async def advance(self, seconds: float) -> None:
        """Moves the clock, in small steps: what is due at each is done before the next."""
        end = self.now() + seconds
        while self.now() < end:
            self._loop.advance(min(_STEP_SECONDS, end - self.now()))
            for _ in range(5):
                await asyncio.sleep(0)

    async def advance_until(self, condition: Callable[[], object]) -> None:
        """Moves the clock on until the condition holds."""
        while not condition():
            await self.advance(_STEP_SECONDS)


@contextmanager
def still() -> Iterator[Hands]:
    """Stops the running loop's clock. At the end of the block it runs again: closing a client takes some time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, StillLoop), "run it with run_still"
    with loop.stopped():
        yield Hands(loop)


def run_still(main: Callable[[], Awaitable[_T]]) -> _T:
    """Runs it on a loop whose clock can be stopped."""

    async def run() -> _T:
        return await main()

    with asyncio.Runner(loop_factory=StillLoop) as runner:
        return runner.run(run())
