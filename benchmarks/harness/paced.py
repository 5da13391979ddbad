"""Latency at a constant rate: sends leave at fixed times, at a share of each contender's own maximum rate.

A latency is counted from the time at which the send was due to leave, whether or not it could. So it includes the wait
of a send that another one holds up (see `peers/pacing.py`).
"""

from __future__ import annotations

import array
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.contenders import Contender, Kind
from harness.load import Load
from harness.measure import Bench, Sample
from harness.provision import say
from harness.sizes import Size

SHARES = (0.5, 0.8, 0.95)
"""The rates, each as a share of the contender's own maximum."""
RARE = 1_000
"""The fewest sends for which a 99.9th percentile means anything."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles in ns; the 99.9th is None if there were too few sends for it."""

    p50: float
    p99: float
    p999: float | None

    @classmethod
    def of(cls, latencies: Sequence[int]) -> Latency:
        """The percentiles of one run."""
        ordered = sorted(latencies)
        rarest = percentile(ordered, 0.999) if len(ordered) >= RARE else None
        return cls(percentile(ordered, 0.5), percentile(ordered, 0.99), rarest)

    @classmethod
    def median(cls, rounds: Sequence[Latency]) -> Latency:
        """Each percentile's median over the rounds."""
        rarest = [each.p999 for each in rounds if each.p999 is not None]
        return cls(
            statistics.median(each.p50 for each in rounds),
            statistics.median(each.p99 for each in rounds),
            statistics.median(rarest) if rarest else None,
        )


def percentile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that at least this share of the values doesn't exceed; they are in ascending order."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Paced:
    """One contender, plain or TLS: its latency at each of `SHARES`, and what went wrong, if anything."""

    contender: Contender
    tls: bool
    at: dict[float, Latency]
    problem: str | None = None


def measure_paced(
    bench: Bench, contenders: Sequence[Contender], size: Size, folder: Path, left_out: dict[tuple[str, bool], str]
) -> list[Paced]:
    """All contenders that can be paced, plain before TLS. One that fails is left out, and noted in `left_out`.

    Other people's clients, and TLS, are measured only in a run whose figures mean something.
    """
    wires = [False, True] if bench.stub.tls_port is not None and size.installs else [False]
    found = []
    for tls in wires:
        say(f"Latency at a constant rate, {'TLS' if tls else 'plain'} …")
        for contender in chosen(bench, contenders):
            if (contender.name, tls) in left_out or (contender.kind is Kind.PEER and not size.installs):
                continue
            paced = _measure_one(bench, contender, size, folder / "latencies", tls=tls)
            if paced is None:
                left_out[contender.name, tls] = "at a constant rate it ended with an error"
            else:
                found.append(paced)
    return found


def chosen(bench: Bench, contenders: Sequence[Contender]) -> list[Contender]:
    """The contenders that can be paced and can run here; of winpush, the first build and loop for each way to send."""
    able, ways = [], set()
    for contender in contenders:
        if not contender.paced or bench.workshop.reason_against(contender) is not None:
            continue
        if contender.kind is Kind.WINPUSH:
            way = contender.arguments[1]
            if way in ways:
                continue
            ways.add(way)
        able.append(contender)
    return able


def _measure_one(bench: Bench, contender: Contender, size: Size, file: Path, *, tls: bool) -> Paced | None:
    rounds: list[Sequence[Latency]] = []
    problem: str | None = None
    for _ in range(size.paced_rounds):
        latencies, samples = _round(bench, contender, size, file, tls=tls)
        if len(latencies) < len(SHARES):
            say(f"  {contender.label}: ended with an error; see benchmarks/.cache/logs")
            return None
        rounds.append(latencies)
        problem = problem or next((sample.problem for sample in samples if sample.problem), None)
    medians = [Latency.median(of_share) for of_share in zip(*rounds, strict=True)]
    say(f"  {contender.label:44} p99 {' '.join(f'{each.p99 / 1e6:9.3f}' for each in medians)} ms")
    return Paced(contender, tls, dict(zip(SHARES, medians, strict=True)), problem)


def _round(
    bench: Bench, contender: Contender, size: Size, file: Path, *, tls: bool
) -> tuple[list[Latency], list[Sample]]:
    """Measures the maximum rate, with the same code, then the latency at each share of it; stops when a run fails."""
    found: list[Latency] = []
    load = Load.lasting(size.paced_seconds, contender.rate(tls=tls), contender.concurrency)
    sample = bench.run(contender, replace(load, rate=0, latencies=file), tls=tls)
    samples = [sample] if sample is not None else []
    rates = [share * sample.rate for share in SHARES] if sample is not None else []
    for rate in rates:
        load = Load.lasting(size.paced_seconds, rate, contender.concurrency)
        sample = bench.run(contender, replace(load, rate=rate, latencies=file), tls=tls)
        if sample is None:
            break
        samples.append(sample)
        latencies = array.array("Q")
        latencies.frombytes(file.read_bytes())
        found.append(Latency.of(latencies))
    return found, samples
