"""Group commit: what several threads want to write at the same time is written in one transaction.

A commit waits for the disk, or for the server, and others can't write meanwhile. So whoever comes while one is under
way joins the next, together with all who came by then; each call returns when its own part is committed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from winpush.delivery.storage.database import Database, DatabaseError

__all__ = ["Together"]

_T = TypeVar("_T")
_MOST = 200


class _Wish:
    """What one thread wants written. `turn` is set when it is done, or when its thread is to do the next batch."""

    __slots__ = ("done", "error", "result", "turn", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.turn = threading.Event()
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def end(self, error: BaseException | None = None) -> None:
        self.error, self.done = error, True
        self.turn.set()


class Together:
    """Runs what is to be written, of all threads, on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: deque[_Wish] = deque()
        self._busy = False

    @property
    def waiting(self) -> int:
        """How many wait for the next transaction."""
        with self._lock:
            return len(self._waiting)

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` returns, once it is committed; what it raises, with nothing of it written.

        It may be run again, when another's part of the same transaction failed. Raises DatabaseError.
        """
        wish = _Wish(work)
        with self._lock:
            self._waiting.append(wish)
            leads, self._busy = not self._busy, True
        if not leads:
            wish.turn.wait()
        if not wish.done:
            self._lead()
        if wish.error is not None:
            raise wish.error
        result: _T = wish.result
        return result

    def _lead(self) -> None:
        """Writes what waits by now, this thread's own first, and hands on what has come since."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
        try:
            self._write(batch)
        except BaseException:
            for wish in batch:
                if not wish.done:
                    wish.end(DatabaseError("The thread that was writing was interrupted. Try again"))
            raise
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting[0].turn.set()
                else:
                    self._busy = False

    def _write(self, batch: list[_Wish]) -> None:
        if len(batch) > 1 and self._write_all(batch):
            return
        for wish in batch:
            try:
                wish.result = self._database.run(wish.work)
            except Exception as error:  # noqa: BLE001 - raised by the thread that it is of
                wish.end(error)
            else:
                wish.end()

    def _write_all(self, batch: list[_Wish]) -> bool:
        """False, and nothing written, when one of them fails: which, and why, shows when each is done by itself."""
        try:
            with self._database.write() as connection:
                for wish in batch:
                    wish.result = wish.work(connection)
        except Exception:  # noqa: BLE001 - shows again
            return False
        for wish in batch:
            wish.end()
        return True
