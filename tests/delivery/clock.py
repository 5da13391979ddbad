"""A clock that the tests of the outbox move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The real time, and what it is moved by."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class StillClock(Clock):
    """A clock that stands still where it is not moved: for what is decided by moments and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._began + self.ahead
