"""Detects dead workers without trusting clocks that can be set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from winpush.delivery.storage.database import Millis

__all__ = ["Liveness"]

_MAX_SEEN = 1000


class Liveness:
    """Says whether the worker that holds an expired claim is dead.

    Lease times come from the clocks of several machines, which differ and jump. An expired lease is therefore only a
    suspicion: the claim counts as lost once it has not been renewed for another `patience`, measured by this process's
    own `monotonic` clock (seconds).
    """

    def __init__(self, patience: timedelta, monotonic: Callable[[], float]) -> None:
        self._patience = patience.total_seconds()
        self._monotonic = monotonic
        self._seen: dict[str, tuple[Millis, float]] = {}

    def is_lost(self, owner: str, lease_until: Millis) -> bool:
        """True once this claim has gone without renewal for long enough; False the first time it is seen."""
        now = self._monotonic()
        lease, since = self._seen.get(owner, (None, now))
        if lease == lease_until:
            return now - since >= self._patience
        if len(self._seen) >= _MAX_SEEN:
            recent = now - 10 * self._patience
            self._seen = {each: seen for each, seen in self._seen.items() if seen[1] > recent}
        self._seen[owner] = (lease_until, now)
        return False
