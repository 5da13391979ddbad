"""How much a contender is to send, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

URIS = 10_000
_FEWEST_SENDS = 100


@dataclass(frozen=True, slots=True)
class Load:
    """How much a contender is to send. `seconds` is for wrk, which takes no number of sends.

    With a `rate` the sends leave at fixed times, so many a second (0: all are due at once), and the latencies are
    written to the file `latencies`.
    """

    sends: int
    warmup: int
    concurrency: int
    seconds: float
    uris: int = URIS
    rate: float | None = None
    latencies: Path | None = None

    @property
    def patience_seconds(self) -> float:
        """How long to wait for a contender: one that hangs ends there, one that is slow does not."""
        return 60 + 20 * self.seconds + self.sends / 2_000

    @classmethod
    def lasting(cls, seconds: float, rate: float, concurrency: int) -> Load:
        """As many sends as take about this long, after a tenth as many to warm up."""
        sends = max(_FEWEST_SENDS, round(rate * seconds))
        return cls(sends, max(concurrency, sends // 10), concurrency, seconds)
