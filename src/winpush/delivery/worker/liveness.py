"""Which workers are dead, told without trusting a clock that can be set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from winpush.delivery.storage.database import Millis

__all__ = ["Watch"]

_MOST_SEEN = 1000


class Watch:
    """Says whether a claim whose lease is over was left behind.

    The times of leases come from the clocks of the machines, which differ and jump. So a lease that is over is only a
    suspicion: the claim is taken over when its worker has not prolonged it for `patience` more, by this process's own
    `monotonic` clock (seconds).
    """

    def __init__(self, patience: timedelta, monotonic: Callable[[], float]) -> None:
        self._patience = patience.total_seconds()
        self._monotonic = monotonic
        self._seen: dict[str, tuple[Millis, float]] = {}

    def is_lost(self, owner: str, lease_until: Millis) -> bool:
        """True when this claim has stood still for long enough; False the first time that it is asked about."""
        now = self._monotonic()
        lease, since = self._seen.get(owner, (None, now))
        if lease == lease_until:
            return now - since >= self._patience
        if len(self._seen) >= _MOST_SEEN:
            recent = now - 10 * self._patience
            self._seen = {each: seen for each, seen in self._seen.items() if seen[1] > recent}
        self._seen[owner] = (lease_until, now)
        return False
