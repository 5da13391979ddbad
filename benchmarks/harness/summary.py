"""From samples to the rows of the table: medians over the rounds, and their ratios."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.contenders import C_SENDER, NODE_MPNS, WRK, Contender
from harness.measure import Measured, Sample


@dataclass(frozen=True, slots=True)
class Row:
    """One contender, plain or TLS.

    `to_wrk` and `to_node_mpns` compare rates; `to_wrk_by_cpu` and `to_c_by_cpu` (the C sender) compare sends per second
    of CPU time. `spread` is the range of the rounds' rates, as a share of their median. `client_busy` and `stub_busy`
    are shares of a core. A ratio is None if there is nothing to compare with.
    """

    contender: Contender
    tls: bool
    rate: float
    spread: float
    to_wrk: float | None
    to_wrk_by_cpu: float | None
    to_c_by_cpu: float | None
    to_node_mpns: float | None
    cpu_us: float
    peak_mib: float
    client_busy: float
    stub_busy: float
    ids_checked: int
    answers: int
    problem: str | None


def summarize(contenders: Sequence[Contender], measured: Measured) -> list[Row]:
    """The rows, in the contenders' order, plain before TLS."""
    return [
        _row(contender, tls, measured)
        for tls in (False, True)
        for contender in contenders
        if (contender.name, tls) in measured.samples
    ]


def _row(contender: Contender, tls: bool, measured: Measured) -> Row:
    samples = measured.samples[contender.name, tls]
    rates = [sample.rate for sample in samples]
    rate = _median_rate(samples)
    cpu_us = _median_cpu(samples)
    wrk = measured.samples.get((WRK.name, tls))
    c_sender = measured.samples.get((C_SENDER.name, tls))
    node_mpns = measured.samples.get((NODE_MPNS.name, tls))
    return Row(
        contender=contender,
        tls=tls,
        rate=rate,
        spread=(max(rates) - min(rates)) / rate,
        to_wrk=rate / _median_rate(wrk) if wrk else None,
        to_wrk_by_cpu=_median_cpu(wrk) / cpu_us if wrk else None,
        to_c_by_cpu=_median_cpu(c_sender) / cpu_us if c_sender else None,
        to_node_mpns=rate / _median_rate(node_mpns) if node_mpns else None,
        cpu_us=cpu_us,
        peak_mib=statistics.median(sample.peak_kib for sample in samples) / 1024,
        client_busy=cpu_us * rate / 1e6,
        stub_busy=statistics.median(sample.stub_us for sample in samples) * rate / 1e6,
        ids_checked=sum(sample.ids_checked for sample in samples),
        answers=sum(sample.sends for sample in samples),
        problem=next((sample.problem for sample in samples if sample.problem), None),
    )


def _median_rate(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.rate for sample in samples)


def _median_cpu(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.cpu_us for sample in samples)


def versions(measured: Measured) -> dict[str, str]:
    """Package -> version, as reported by the contenders themselves."""
    return {
        package: version
        for samples in measured.samples.values()
        for sample in samples
        for package, version in sample.versions.items()
    }
