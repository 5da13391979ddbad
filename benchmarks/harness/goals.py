"""What winpush wants to reach, and whether this run saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.contenders import COMPILED
from harness.extras import Extras
from harness.summary import Row


@dataclass(frozen=True, slots=True)
class Goal:
    """One aim: `seen` is None where it was not measured. With `at_most` a smaller figure is the better one.

    `by_cpu` compares the sends of a second of CPU time, for those aims that compare sends.
    """

    text: str
    unit: str
    wanted: float
    seen: float | None
    by_cpu: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it was reached; None where it was not measured."""
        if self.seen is None:
            return None
        return self.seen <= self.wanted if self.at_most else self.seen >= self.wanted


# (contender, TLS, compared with, wanted): rates as a multiple of another contender's, compiled and in plain Python.
_RATES = (
    ("winpush-many-uvloop", False, "wrk", 0.60),
    ("winpush-many-uvloop", True, "wrk", 0.50),
    ("winpush-many-stock", False, "wrk", 0.50),
    ("winpush-many-stock", True, "wrk", 0.30),
    ("winpush-many-uvloop", False, "node-mpns", 4),
    ("winpush-many-uvloop", True, "node-mpns", 80),
    ("winpush-send-uvloop", False, "wrk", 0.40),
    ("winpush-send-stock", False, "wrk", 0.34),
    ("winpush-send-uvloop", False, "node-mpns", 2.5),
    ("winpush-threads-uvloop", False, "requests", 15),
)
_LATENCY_RATIO = 0.85
_MEMORY_MIB = 40
_CONNECTION_KIB = 60
_IMPORT_MS = 60


def judge(rows: Sequence[Row], extras: Extras) -> list[Goal]:
    """All goals, with what this run saw."""
    by_name = {(row.contender.name, row.tls): row for row in rows}
    return [*_rate_goals(by_name), *_other_goals(extras)]


def _rate_goals(by_name: dict[tuple[str, bool], Row]) -> list[Goal]:
    goals = []
    for ending in (COMPILED, ""):
        for name, tls, other, wanted in _RATES:
            goal = _rate_goal(by_name.get((name + ending, tls)), by_name.get((other, tls)), tls, wanted)
            if goal is not None:
                goals.append(goal)
    return goals


def _rate_goal(ours: Row | None, theirs: Row | None, tls: bool, wanted: float) -> Goal | None:
    if ours is None or theirs is None:
        return None
    text = f"{ours.contender.label}, {'TLS' if tls else 'plain'}, to {theirs.contender.label}"
    return Goal(text, "×", wanted, ours.rate / theirs.rate, theirs.cpu_us / ours.cpu_us)


def _other_goals(extras: Extras) -> list[Goal]:
    ours = max((rate for label, rate in extras.latency.items() if label.startswith("winpush")), default=None)
    wrk = next((rate for label, rate in extras.latency.items() if label.startswith("wrk")), None)
    latency = ours / wrk if ours and wrk else None
    few, many = (min(extras.memory_kib), max(extras.memory_kib)) if len(extras.memory_kib) > 1 else (0, 0)
    growth = (extras.memory_kib[many] - extras.memory_kib[few]) / 1024 if many else None
    biggest = max(extras.connection_bytes.values()) / 1024 if extras.connection_bytes else None
    memory = "memory of send_many over many channels, beyond that over 10,000"
    return [
        Goal("send_many to a slow server over many connections, to wrk", "×", _LATENCY_RATIO, latency),
        Goal(memory, "MiB", _MEMORY_MIB, growth, at_most=True),
        Goal("memory of one connection", "KiB", _CONNECTION_KIB, biggest, at_most=True),
        Goal("`import winpush`, beyond starting Python", "ms", _IMPORT_MS, extras.import_ms, at_most=True),
    ]
