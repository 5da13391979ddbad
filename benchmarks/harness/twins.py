"""send_many from two processes at once, compared with one."""

from __future__ import annotations

import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.contenders import COMPILED, CONTENDERS
from harness.load import Load
from harness.measure import Bench
from harness.provision import say
from harness.sizes import Size

_BY_NAME = {contender.name: contender for contender in CONTENDERS}
_FASTEST_FIRST = [f"winpush-many-{loop}{build}" for build in (COMPILED, "") for loop in ("uvloop", "stock")]


@dataclass(frozen=True, slots=True)
class Twins:
    """How much two processes send, compared with one.

    `by_rate` is None if the four (two senders, two stubs) don't each have their own core. `by_cpu` compares sends per
    second of CPU time, and is 2 if neither process costs the other anything.
    """

    label: str
    by_rate: float | None
    by_cpu: float


def measure_twins(one: Bench, other: Bench, size: Size, problems: list[str]) -> Twins | None:
    """Two processes, each with its own stub, compared with one alone: medians of the rounds."""
    able = [_BY_NAME[name] for name in _FASTEST_FIRST if one.workshop.reason_against(_BY_NAME[name]) is None]
    if not able:
        return None
    contender = able[0]
    load = Load.lasting(size.seconds, contender.rate(tls=False), contender.concurrency)
    say(f"{contender.label} from two processes …")
    by_rate, by_cpu = [], []
    for _ in range(size.rounds):
        alone = one.run(contender, load, tls=False)
        with ThreadPoolExecutor(2) as threads:
            both = list(threads.map(lambda bench: bench.run(contender, load, tls=False), (one, other)))
        samples = [sample for sample in (alone, *both) if sample is not None]
        problems += [f"two processes: {sample.problem}" for sample in samples if sample.problem]
        if alone is None or len(samples) < 3:
            problems.append("two processes: one ended with an error")
            return None
        pair = samples[1:]
        rate = sum(sample.sends for sample in pair) / max(sample.wall_seconds for sample in pair)
        by_rate.append(rate / alone.rate)
        by_cpu.append(2 * alone.cpu_us / statistics.mean(sample.cpu_us for sample in pair))
    have_cores = {one.cores.server, one.cores.client}.isdisjoint({other.cores.server, other.cores.client})
    rate_ratio, cpu_ratio = statistics.median(by_rate), statistics.median(by_cpu)
    say(f"  {rate_ratio:.2f} × one by rate, {cpu_ratio:.2f} × by CPU")
    return Twins(contender.label, rate_ratio if have_cores else None, cpu_ratio)
