"""Calls made by several threads at the same moment, and writes that share one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from tests.waiting import PATIENCE, eventually
from winpush.delivery.storage.group_commit import GroupCommit

__all__ = ["blocked", "in_threads"]


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """What each returns or raises, all begun at once."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - what the tests look at
            results[place] = error  # type: ignore[call-overload]  # either

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def blocked(together: GroupCommit, calls: list[Callable[[], Any]]) -> list[Any]:
    """What each of these calls returns or raises. They are made during another write, so that what they write comes
    together in the next transaction."""
    begun, go_on = threading.Event(), threading.Event()

    def first(_connection: Connection) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    def all_wait() -> None:
        begun.wait(PATIENCE)
        eventually(lambda: together.waiting == len(calls))
        go_on.set()

    def after_the_first(call: Callable[[], Any]) -> Any:
        begun.wait(PATIENCE)
        return call()

    runs: list[Callable[[], Any]] = [lambda: together.run(first), all_wait]
    runs += [lambda call=call: after_the_first(call) for call in calls]  # type: ignore[misc]  # bound
    return in_threads(runs)[2:]
