"""The three sizes of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """One size. `minutes` is roughly the total time, and `seconds` is the length of one contender's run in one round.
    The other fields are for the extras and the latencies."""

    name: str
    minutes: int
    rounds: int
    seconds: float
    latency_rounds: int
    latency_seconds: float
    latency_connections: int
    memory_sends: tuple[int, int]
    kept_connections: int
    imports: int
    paced_rounds: int
    paced_seconds: float

    @property
    def installs(self) -> bool:
        """False if nothing is installed: what is missing is then left out."""
        return self.minutes > 0


SIZES = {
    size.name: size
    for size in (
        # CI uses it to check that the benchmark works; its figures mean nothing.
        Size("smoke", 0, 1, 0.03, 1, 0.1, 50, (500, 2_000), 50, 2, 1, 0.02),
        # A quick run.
        Size("small", 10, 3, 1.0, 1, 3.0, 1_000, (10_000, 100_000), 1_000, 7, 1, 0.5),
        # What is published.
        Size("full", 40, 5, 2.5, 3, 5.0, 1_000, (10_000, 1_000_000), 1_000, 15, 3, 2.0),
    )
}
