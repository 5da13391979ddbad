"""Sends at times that are fixed beforehand, so that a slow answer delays no later send's clock.

A send that can't leave at its time, since all connections are busy, waits, and its wait counts: a latency is the time
from when it was to leave to its answer. (A sender that only sends again when an answer is there would leave out just
those that a slow moment holds up: coordinated omission.)
"""

from __future__ import annotations

import array
import asyncio
import ctypes
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_GRACE_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each send is to leave, in ns of the monotonic clock: one every `interval_ns`, the first at `start_ns`.

    With an interval of 0 all are due at once: what a contender can do at most.
    """

    start_ns: int
    interval_ns: int

    @classmethod
    def at_rate(cls, rate: float, start_ns: int) -> Schedule:
        """So many sends a second from then on; 0 for all at once."""
        return cls(start_ns, round(1e9 / rate) if rate > 0 else 0)

    def intended_ns(self, place: int) -> int:
        """When the send at this place (counted from 0) is to leave."""
        return self.start_ns + place * self.interval_ns


class _Time(ctypes.Structure):
    """C's `struct itimerspec`."""

    _fields_ = (
        ("interval_seconds", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("ns", ctypes.c_long),
    )


class _Timer:
    """Linux's timerfd, which a loop can watch: the loops' own timers know milliseconds only. (`os` has it in 3.13.)"""

    _ABSOLUTE = 1

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor: int = self._libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def set(self, at_ns: int) -> None:
        """Rings at this time of the monotonic clock, once."""
        when = _Time(0, 0, at_ns // 1_000_000_000, at_ns % 1_000_000_000)
        if self._libc.timerfd_settime(self.descriptor, self._ABSOLUTE, ctypes.byref(when), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")


class Pacer:
    """Holds each send of a running loop back until its time, and notes how long its answer took from then.

    `latencies` are in ns, in the order of the sends; `clock` gives the monotonic clock's.
    """

    def __init__(self, rate: float, sends: int, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.latencies = array.array("Q", bytes(8 * sends))
        self._clock = clock
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._timer = _Timer()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._timer.descriptor, self._ring)
        self.schedule = Schedule.at_rate(rate, clock() + _GRACE_NS)

    async def wait(self, place: int) -> None:
        """Returns when the time of this send has come. Places are waited for in order."""
        at = self.schedule.intended_ns(place)
        if self._clock() >= at:
            return
        waiter = self._loop.create_future()
        self._waiters.append((at, waiter))
        if len(self._waiters) == 1:
            self._timer.set(at)
        await waiter

    def _ring(self) -> None:
        os.read(self._timer.descriptor, 8)
        now = self._clock()
        while self._waiters and self._waiters[0][0] <= now:
            self._waiters.popleft()[1].set_result(None)
        if self._waiters:
            self._timer.set(self._waiters[0][0])

    def note(self, place: int) -> None:
        """The answer of this send is there."""
        self.latencies[place] = max(0, self._clock() - self.schedule.intended_ns(place))

    def close(self) -> None:
        """The loop watches the timer no longer."""
        self._loop.remove_reader(self._timer.descriptor)
        os.close(self._timer.descriptor)

    def write(self, path: str) -> None:
        """All latencies, as 64-bit numbers; the pacer is done."""
        self.close()
        Path(path).write_bytes(self.latencies.tobytes())
