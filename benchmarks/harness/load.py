"""How much a contender sends, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

URIS = 10_000
_FEWEST_SENDS = 100


@dataclass(frozen=True, slots=True)
class Load:
    """How much a contender sends. `seconds` is for wrk, which can't be given a number of sends.

    With a `rate`, sends leave at fixed times, this many per second (0: all are due at once), and the latencies are
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
        """How long to wait for a contender: long enough for a slow one, so only one that hangs is stopped."""
        return 60 + 20 * self.seconds + self.sends / 2_000

    @classmethod
    def lasting(cls, seconds: float, rate: float, concurrency: int) -> Load:
        """The number of sends that takes about this long, after a tenth as many to warm up."""
        sends = max(_FEWEST_SENDS, round(rate * seconds))
        return cls(sends, max(concurrency, sends // 10), concurrency, seconds)
