"""How long a worker pauses when it finds nothing to claim."""

from __future__ import annotations

from winpush.delivery.storage.database import Millis

__all__ = ["Pauses"]

_LEAST_SECONDS = 0.02
_MOST_SECONDS = 1.0


class Pauses:
    """Until the next work is due. What is due and can't be claimed, since somebody else holds it, is looked at less and
    less often: having nothing to do costs nothing."""

    def __init__(self) -> None:
        self._seconds = _LEAST_SECONDS

    def reset(self) -> None:
        """Something was claimed."""
        self._seconds = _LEAST_SECONDS

    def until(self, moment: Millis | None, now: Millis) -> float:
        """Seconds to pause, if this is when the next work is due (None: there is none)."""
        if moment is None:
            return float("inf")
        left = (moment - now) / 1000
        if left > _LEAST_SECONDS:
            self.reset()
            return left
        seconds = self._seconds
        self._seconds = min(seconds * 2, _MOST_SECONDS)
        return seconds
