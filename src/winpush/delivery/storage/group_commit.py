"""Group commit: concurrent writes from several threads share one transaction.

A commit waits for the disk or the server and blocks other writers while it does. Writes that arrive during a commit
therefore join the next one; each call returns once its own write is committed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from winpush.delivery.storage.availability import is_locked, may_be_of_one
from winpush.delivery.storage.database import Database, DatabaseError

__all__ = ["GroupCommit"]

_T = TypeVar("_T")
_V = TypeVar("_V")
_Store = Callable[[Connection, Sequence[_V]], Sequence[_T]]
_MOST = 200
_MOST_LOCKED = 1
"""How many of a group may each wait for a lock that somebody else holds, before the others get the error too."""


class _Write:
    """One thread's pending write. `turn` is set when it is done, or when its thread must lead the next transaction."""

    __slots__ = ("done", "error", "is_written", "result", "store", "turn", "value")

    def __init__(self, store: _Store[Any, Any], value: Any) -> None:
        self.store, self.value = store, value
        self.turn = threading.Event()
        self.done = False
        self.is_written = False  # from here on, its transaction may be committed at any moment
        self.result: Any = None
        self.error: BaseException | None = None

    def alone(self, connection: Connection) -> Sequence[Any]:
        self.is_written = False
        results = self.store(connection, [self.value])
        self.is_written = True
        return results

    def end(self, error: BaseException | None = None) -> None:
        self.error, self.done = error, True
        self.turn.set()


class GroupCommit:
    """Runs the writes of all threads on one database."""

    def __init__(
        self,
        database: Database,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        patience: timedelta = timedelta(milliseconds=5),
    ) -> None:
        """`patience`: the longest that a transaction waits for others to join it."""
        self._database, self._monotonic = database, monotonic
        self._most_patience = patience.total_seconds()
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._waiting: list[_Write] = []
        self._leader: _Write | None = None
        self._wanted, self._are_enough = 1, threading.Event()
        self._took = 0.0

    @property
    def waiting(self) -> int:
        """How many writes wait for the next transaction."""
        with self._lock:
            return len(self._waiting)

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """Runs `work` and returns its result once committed. If it raises, nothing of it is written.

        `work` runs again if another thread's write in the same transaction fails. Raises DatabaseError.
        """
        result: _T = self.run_together(_run_each, work)
        return result

    def run_together(self, store: _Store[_V, _T], value: _V) -> _T:
        """The same for values that are stored faster together: `store` gets those of all threads that passed it, and
        returns a result for each."""
        if self._process != os.getpid():  # after a fork, the leader and the lock's holder are in the parent
            self._begin()
        write = _Write(store, value)
        try:
            with self._lock:
                self._waiting.append(write)
                if len(self._waiting) >= self._wanted:
                    self._are_enough.set()
                if self._leader is None:
                    self._appoint()
            write.turn.wait()
            if not write.done:
                self._lead()
        finally:
            self._leave(write)
        if write.error is not None:
            raise write.error
        result: _T = write.result
        return result

    def _appoint(self) -> None:
        """Makes the longest waiting thread the leader, if any is waiting. The caller holds the lock."""
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.turn.set()

    def _leave(self, write: _Write) -> None:
        """Takes this thread out, whatever ended its wait or lead (such as Ctrl-C): nobody may wait for it any
        longer."""
        with self._lock:
            if not write.done and write in self._waiting:
                self._waiting.remove(write)
            if self._leader is write:
                self._appoint()

    def _lead(self) -> None:
        """Commits all pending writes, this thread's own first."""
        batch: list[_Write] = []
        try:
            self._gather()
            with self._lock:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            begun = self._monotonic()
            self._write(batch)
            self._wanted, self._took = len(batch), self._monotonic() - begun
        except BaseException:
            for write in batch:
                if not write.done:
                    write.end(_interrupted(may_be_stored=write.is_written))
            raise

    def _gather(self) -> None:
        """Waits for as many writes as came together the last time, but no longer than half of what their transaction
        took.

        Threads whose writes were just committed are asking for their next ones now. Without this wait, every other
        transaction would have only one write.
        """
        with self._lock:
            self._are_enough.clear()
            if len(self._waiting) >= self._wanted:
                return
        self._are_enough.wait(min(self._took / 2, self._most_patience))

    def _write(self, batch: list[_Write]) -> None:
        if len(batch) > 1 and self._write_all(batch):
            return
        locked = 0
        for place, write in enumerate(batch):
            try:
                (write.result,) = self._database.run(write.alone)
            except DatabaseError as error:
                locked += is_locked(error.__cause__)
                write.end(error)
                if locked > _MOST_LOCKED or not (error.may_be_stored or may_be_of_one(error.__cause__)):
                    _end_all(batch[place + 1 :], error)
                    return
            except Exception as error:  # noqa: BLE001 - raised again in the thread whose write this is
                write.end(error)
            else:
                write.end()

    def _write_all(self, batch: list[_Write]) -> bool:
        """False, with nothing written, if one of the writes may have failed by itself: running each on its own then
        shows which one. If the database has failed, all get the error: each would wait for it as long as this one."""
        try:
            with self._database.write(traced=True) as connection:
                for store, writes in _by_store(batch).items():
                    results = store(connection, [write.value for write in writes])
                    for write, result in zip(writes, results, strict=True):
                        write.result = result
                for write in batch:
                    write.is_written = True
        except Exception as error:  # noqa: BLE001 - raised again when each runs on its own
            if isinstance(error, DatabaseError) and (error.may_be_stored or not may_be_of_one(error.__cause__)):
                _end_all(batch, error)  # it may be stored already; a retry could store it twice
                return True
            for write in batch:
                write.is_written = False
            return False
        _end_all(batch)
        return True


def _end_all(writes: Iterable[_Write], error: DatabaseError | None = None) -> None:
    """Each thread raises an error of its own: raising the same one in several would mix up their tracebacks."""
    for write in writes:
        own = None if error is None else DatabaseError(str(error), may_be_stored=error.may_be_stored)
        if own is not None and error is not None:
            own.__cause__ = error.__cause__
        write.end(own)


def _interrupted(*, may_be_stored: bool) -> DatabaseError:
    outcome = (
        "It may be stored or not. Check before you try again; with an idempotency_key, just try again"
        if may_be_stored
        else "Nothing was stored. Try again"
    )
    return DatabaseError(
        f"The thread that was committing this write was interrupted. {outcome}", may_be_stored=may_be_stored
    )


def _run_each(connection: Connection, works: Sequence[Callable[[Connection], Any]]) -> list[Any]:
    return [work(connection) for work in works]


def _by_store(batch: Iterable[_Write]) -> dict[_Store[Any, Any], list[_Write]]:
    found: dict[_Store[Any, Any], list[_Write]] = {}
    for write in batch:
        found.setdefault(write.store, []).append(write)
    return found
