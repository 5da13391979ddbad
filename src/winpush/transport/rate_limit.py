"""Limits on sends per second: requests pass one by one, and those that are too early wait in line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from winpush.errors import TransportError
from winpush.transport.connection import Job

__all__ = ["RateLimits"]

# A loop's timers have a resolution of a millisecond at best; the time that they lose may be made up, to this limit.
_SLACK_SECONDS = 0.01


class Gate(Protocol):
    """Where a request goes when its turn has come: its host's queue."""

    def submit(self, job: Job) -> None:
        """Sends on some connection, as soon as one is free."""


class RateLimits:
    """A client's limits: one for all its sends, or one for each named app."""

    def __init__(self, loop: asyncio.AbstractEventLoop, per_second: float | Mapping[str, float]) -> None:
        by_app = per_second if isinstance(per_second, Mapping) else {}
        self._by_app: dict[str | None, RateLimit] = {app: RateLimit(loop, rate) for app, rate in by_app.items()}
        self._of_others = None if isinstance(per_second, Mapping) else RateLimit(loop, per_second)

    def submit(self, gate: Gate, job: Job, app: str | None) -> None:
        """Sends it now, or when its app's turn comes. Only then does the send's timeout start."""
        limit = self._by_app.get(app, self._of_others)
        if limit is None:
            gate.submit(job)
        else:
            limit.submit(gate, job)

    def drop(self, job: Job) -> bool:
        """Takes a request out of its line. False if it is in none."""
        return any(limit.drop(job) for limit in self._all())

    def close(self, error: TransportError) -> None:
        """Ends all waiting requests with an error."""
        for limit in self._all():
            limit.close(error)

    def _all(self) -> list[RateLimit]:
        return [*self._by_app.values(), *([] if self._of_others is None else [self._of_others])]


class RateLimit:
    """Lets at most `per_second` requests pass per second, evenly spaced."""

    def __init__(self, loop: asyncio.AbstractEventLoop, per_second: float) -> None:
        self._loop = loop
        self._interval = 1.0 / per_second
        self._next = loop.time()
        self._line: deque[tuple[Gate, Job, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, gate: Gate, job: Job) -> None:
        """Sends it now, or when its turn comes. Only then does the send's timeout start."""
        now = self._loop.time()
        if not self._line and self._next <= now:
            self._count(now)
            gate.submit(job)
        else:
            self._line.append((gate, job, now))
            self._wait()

    def drop(self, job: Job) -> bool:
        """Takes a request out of the line. False if it isn't in it."""
        for entry in self._line:
            if entry[1] is job:
                self._line.remove(entry)
                return True
        return False

    def close(self, error: TransportError) -> None:
        """Ends the waiting requests with an error."""
        if self._timer is not None:
            self._timer.cancel()
        while self._line:
            self._line.popleft()[1].failed(error)

    def _count(self, now: float) -> None:
        self._next = max(self._next, now - _SLACK_SECONDS) + self._interval

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_at(self._next, self._pass)

    def _pass(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._line and self._next <= now:
            gate, job, since = self._line.popleft()
            job.deadline += now - since
            self._count(now)
            gate.submit(job)
        if self._line:
            self._wait()
