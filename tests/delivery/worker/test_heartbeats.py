"""The heartbeat of a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from winpush.delivery import WorkerSettings
from winpush.delivery.storage.availability import DatabaseError
from winpush.delivery.storage.rows import Batch
from winpush.delivery.worker.batch import Sending
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.writer import Writer


def beat(answer: Callable[[], bool]) -> Sending:
    """Runs a heartbeat to its end, with a database that answers this way."""

    async def store(*_arguments: Any, **_options: Any) -> bool:
        return answer()

    settings, sending = WorkerSettings(lease=timedelta(milliseconds=30)), Sending(Batch("w/1", {}, ()), {}, {})
    outages = Outages("w", lambda: 0.0)
    writer = Writer(store, "w", settings, (), outages, lambda: 0, lambda: "w/2", lambda: False)  # type: ignore[arg-type]  # a stand-in
    asyncio.run(writer.keep(lambda: sending))
    return sending


def test_one_that_ends_with_a_worker_that_stops_without_its_database_says_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def is_away() -> bool:
        raise DatabaseError("The database is away")

    assert not beat(is_away).is_lost
    assert not caplog.records


def test_one_that_dies_of_anything_else_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def is_broken() -> bool:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        beat(is_broken)
    assert "A batch's lease can't be renewed" in caplog.text
    caplog.clear()  # it was to go wrong


def test_what_another_worker_has_taken_is_lost_and_stays_so(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([False, True])

    def taken_once() -> bool:
        try:
            return next(answers)
        except StopIteration:
            raise DatabaseError("told to stop") from None

    assert beat(taken_once).is_lost
    assert not caplog.records
