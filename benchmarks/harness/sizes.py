"""How much is measured: the three sizes of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """One size. `minutes` is about how long it takes in all, `seconds` the length of one contender's run in one round;
    the rest are the counts of the extras."""

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
        """False where nothing is to be installed: what isn't there is left out."""
        return self.minutes > 0


SIZES = {
    size.name: size
    for size in (
        # What CI uses to see that the benchmark works; its figures mean nothing.
        Size("smoke", 0, 1, 0.03, 1, 0.1, 50, (500, 2_000), 50, 2, 1, 0.02),
        # A look, in a few minutes.
        Size("small", 10, 3, 1.0, 1, 3.0, 1_000, (10_000, 100_000), 1_000, 7, 1, 0.5),
        # What is published.
        Size("full", 40, 5, 2.5, 3, 5.0, 1_000, (10_000, 1_000_000), 1_000, 15, 3, 2.0),
    )
}
