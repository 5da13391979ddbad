"""Clocks that the tests of the outbox move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The real time plus an offset."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class StillClock(Clock):
    """A clock that moves only when it is told to: for decisions that depend on times and wait for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._began + self.ahead
