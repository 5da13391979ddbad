"""How long a worker pauses when it finds nothing to claim."""

from __future__ import annotations

from winpush.delivery.storage.database import Millis

__all__ = ["Pauses"]

_LEAST_SECONDS = 0.02
_MOST_SECONDS = 1.0


class Pauses:
    """Pauses until the next work is due. Work that is due but held by another worker is checked less and less often, so
    that an idle worker costs nothing."""

    def __init__(self) -> None:
        self._seconds = _LEAST_SECONDS

    def reset(self) -> None:
        """Starts again with short pauses: something was claimed."""
        self._seconds = _LEAST_SECONDS

    def until(self, moment: Millis | None, now: Millis) -> float:
        """Seconds to pause if the next work is due at `moment` (None: there is none)."""
        if moment is None:
            return float("inf")
        left = (moment - now) / 1000
        if left > _LEAST_SECONDS:
            self.reset()
            return left
        seconds = self._seconds
        self._seconds = min(seconds * 2, _MOST_SECONDS)
        return seconds
