"""winpush's goals, and whether this run met them: judged on what pip installs, which is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.contenders import C_SENDER, COMPILED
from harness.extras import Extras
from harness.paced import Paced
from harness.summary import Row
from harness.twins import Twins


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: `seen` is None if it was not measured. With `at_most`, a smaller figure is better.

    `by_cpu` compares sends per second of CPU time, for goals that compare sends. It decides if `cpu_decides`, otherwise
    the rate does.
    """

    text: str
    unit: str
    wanted: float
    seen: float | None
    by_cpu: float | None = None
    at_most: bool = False
    cpu_decides: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it was met; None if it was not measured."""
        value = self.by_cpu if self.cpu_decides else self.seen
        if value is None:
            return None
        return value <= self.wanted if self.at_most else value >= self.wanted


# (way to send and loop, to the C sender by CPU), over both wires.
_TO_C = (
    ("winpush-many-uvloop", 0.75),
    ("winpush-many-stock", 0.75),
    ("winpush-send-uvloop", 0.50),
    ("winpush-send-stock", 0.50),
    ("winpush-threads-uvloop", 0.33),
)
# (contender, TLS, compared with, wanted): rates as a multiple of another contender's.
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
_P99_SHARE, _P99_RATIO = 0.80, 2.0
_TWINS_RATIO = 1.8
_LATENCY_RATIO = 0.85
_MEMORY_MIB = 40
_CONNECTION_KIB = 60
_IMPORT_MS = 60


def judge(rows: Sequence[Row], paced: Sequence[Paced], twins: Twins | None, extras: Extras) -> list[Goal]:
    """All goals, with this run's figures."""
    by_name = {(row.contender.name, row.tls): row for row in rows}
    return [*_c_goals(by_name), *_paced_goals(paced), *_twin_goals(twins), *_rate_goals(by_name), *_other_goals(extras)]


def _c_goals(by_name: dict[tuple[str, bool], Row]) -> list[Goal]:
    wires = [
        (by_name.get((name + COMPILED, tls)), by_name.get((C_SENDER.name, tls)), tls, wanted)
        for name, wanted in _TO_C
        for tls in (False, True)
    ]
    return [_rate_goal(ours, c, tls, wanted, cpu_decides=True) for ours, c, tls, wanted in wires if ours and c]


def _rate_goals(by_name: dict[tuple[str, bool], Row]) -> list[Goal]:
    pairs = [
        (by_name.get((name + COMPILED, tls)), by_name.get((other, tls)), tls, wanted)
        for name, tls, other, wanted in _RATES
    ]
    return [_rate_goal(ours, theirs, tls, wanted) for ours, theirs, tls, wanted in pairs if ours and theirs]


def _rate_goal(ours: Row, theirs: Row, tls: bool, wanted: float, *, cpu_decides: bool = False) -> Goal:
    text = f"{ours.contender.label}, {_wire(tls)}, vs. {theirs.contender.label}"
    seen, by_cpu = ours.rate / theirs.rate, theirs.cpu_us / ours.cpu_us
    return Goal(text, "×", wanted, seen, by_cpu, cpu_decides=cpu_decides)


def _wire(tls: bool) -> str:
    return "TLS" if tls else "plain"


def _paced_goals(paced: Sequence[Paced]) -> list[Goal]:
    """Goals for the latency of the send_many that pip installs."""
    ceilings = {each.tls: each for each in paced if each.contender.name == C_SENDER.name}
    goals = []
    for ours in paced:
        if ours.contender.name.startswith("winpush-many") and ours.contender.name.endswith(COMPILED):
            ceiling = ceilings.get(ours.tls)
            ratio = ours.at[_P99_SHARE].p99 / ceiling.at[_P99_SHARE].p99 if ceiling else None
            text = f"p99 at {_P99_SHARE:.0%} of its own maximum: {ours.contender.label}, {_wire(ours.tls)}"
            goals.append(Goal(f"{text}, vs. {C_SENDER.label}", "×", _P99_RATIO, ratio, at_most=True))
    return goals


def _twin_goals(twins: Twins | None) -> list[Goal]:
    if twins is None:
        return []
    text = f"{twins.label}, plain, two processes vs. one"
    return [Goal(text, "×", _TWINS_RATIO, twins.by_rate, twins.by_cpu, cpu_decides=twins.by_rate is None)]


def _other_goals(extras: Extras) -> list[Goal]:
    ours = max((rate for label, rate in extras.latency.items() if label.startswith("winpush")), default=None)
    wrk = next((rate for label, rate in extras.latency.items() if label.startswith("wrk")), None)
    latency = ours / wrk if ours and wrk else None
    few, many = (min(extras.memory_kib), max(extras.memory_kib)) if len(extras.memory_kib) > 1 else (0, 0)
    growth = (extras.memory_kib[many] - extras.memory_kib[few]) / 1024 if many else None
    biggest = max(extras.connection_bytes.values()) / 1024 if extras.connection_bytes else None
    memory = "memory of send_many over many channels, beyond that over 10,000"
    return [
        Goal("send_many to a slow server over many connections, vs. wrk", "×", _LATENCY_RATIO, latency),
        Goal(memory, "MiB", _MEMORY_MIB, growth, at_most=True),
        Goal("memory of one connection", "KiB", _CONNECTION_KIB, biggest, at_most=True),
        Goal("`import winpush`, beyond starting Python", "ms", _IMPORT_MS, extras.import_ms, at_most=True),
    ]
