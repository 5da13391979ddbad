"""The worker's transactions, on a thread of their own, so that the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from winpush.delivery.storage.availability import has_collided, is_locked
from winpush.delivery.storage.database import Database, DatabaseError
from winpush.delivery.worker.outages import Outages

__all__ = ["Store"]

_T = TypeVar("_T")
_LEAST_DELAY, _MOST_DELAY = 0.25, 10.0
"""Seconds between two tries while the database is away."""
_STOP_SECONDS = 6.0
"""How long a stopping worker tries to write its last outcomes; Docker kills it after ten."""


class Store:
    """Runs functions in transactions, one after the other, and retries while the database is away.

    `monotonic` is a clock in seconds.
    """

    def __init__(self, database: Database, outages: Outages, monotonic: Callable[[], float]) -> None:
        self._database, self._outages, self._monotonic = database, outages, monotonic
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="winpush-sql")
        self._told_to_stop = asyncio.Event()
        self._stopping = False
        self._give_up_at = 0.0

    def stop_soon(self) -> None:
        """Retries nothing from now on except, for a few seconds, what keeps outcomes. Can be called from any thread."""
        self._give_up_at = self._monotonic() + _STOP_SECONDS
        self._stopping = True

    def stop_waiting(self) -> None:
        """Ends the pauses between two tries. Call it on the loop's thread."""
        self._told_to_stop.set()

    async def __call__(
        self,
        work: Callable[[Connection], _T],
        *,
        writes: bool = True,
        keeps: bool = False,
        at_one_moment: bool = False,
    ) -> _T:
        """The result of `work` in a transaction. Raises what `work` raises, and DatabaseError once told to stop.

        `keeps`: `work` writes outcomes of sends. If the answer to its commit is lost, the server is asked whether it
        committed: once others have continued, the tables no longer tell. Other transactions do without this, because
        one without a number costs the server less. `at_one_moment`: everything that `work` reads, without writing, is
        of the same moment.
        """
        delay = _LEAST_DELAY
        while True:
            try:
                run = partial(self._run, work, writes=writes, traced=keeps, bounded=not at_one_moment)
                result = await asyncio.get_running_loop().run_in_executor(self._thread, run)
                self._outages.database_works()
                return result
            except DatabaseError as error:
                if self._stopping and not (keeps and self._monotonic() < self._give_up_at):
                    raise
                cause = error.__cause__
                if not has_collided(cause):
                    self._outages.database_failed(error)
            if self._stopping:
                await asyncio.sleep(_LEAST_DELAY)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._told_to_stop.wait()
            # If it was locked or collided, the database is up, and other work may be possible: try again soon.
            delay = _LEAST_DELAY if is_locked(cause) or has_collided(cause) else min(delay * 2, _MOST_DELAY)

    def _run(self, work: Callable[[Connection], _T], *, writes: bool, traced: bool, bounded: bool) -> _T:
        database = self._database
        with database.write(traced=traced) if writes else database.read(bounded=bounded) as connection:
            return work(connection)

    def close(self) -> None:
        """Ends the thread, after the transaction that it is in."""
        self._thread.shutdown()
