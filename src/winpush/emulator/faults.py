"""Faults on demand: the next N requests, or a seeded share of them, meet trouble instead of the service."""

from __future__ import annotations

import random
from dataclasses import dataclass

from winpush.errors import ValidationError

__all__ = ["CUTS", "Fault", "Faults"]

CUTS = ("before-answer", "half-answer", "silence", "garbage")
"""How a connection can end: cut before the answer, after half of it, never answered, answered with what is no HTTP."""

MAX_DELAY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens, and to which requests.

    `status` answers with that status (with the table's headers where the table has it), `delay_seconds` waits first,
    `cut` is one of CUTS. `count` faults the next N matching requests, `share` a part from 0 to 1 of them; without
    both, all. `phone` restricts it to one phone's id, or with "token" to the token servers.
    """

    status: int | None = None
    delay_seconds: float = 0.0
    cut: str | None = None
    count: int | None = None
    share: float | None = None
    phone: str | None = None

    def __post_init__(self) -> None:
        if self.status is None and not self.delay_seconds and self.cut is None:
            raise ValidationError("fault", "does nothing: give status, delay_seconds or cut")
        if self.status is not None and (not isinstance(self.status, int) or not 200 <= self.status <= 599):
            raise ValidationError("status", f"is {self.status!r}; give a status from 200 to 599")
        if not isinstance(self.delay_seconds, int | float) or not 0 <= self.delay_seconds <= MAX_DELAY_SECONDS:
            raise ValidationError("delay_seconds", f"must be from 0 to {MAX_DELAY_SECONDS:g} seconds")
        if self.cut is not None and self.cut not in CUTS:
            raise ValidationError("cut", f"is {self.cut!r}; choose one of {', '.join(CUTS)}")
        if self.count is not None and (not isinstance(self.count, int) or self.count < 1):
            raise ValidationError("count", "must be a whole number from 1")
        if self.share is not None and (not isinstance(self.share, int | float) or not 0 < self.share <= 1):
            raise ValidationError("share", "must be over 0 and at most 1")

    @property
    def name(self) -> str:
        """A word for the record: what was done to the request."""
        parts = [self.cut or "", f"status {self.status}" if self.status else ""]
        parts.append(f"delay {self.delay_seconds:g} s" if self.delay_seconds else "")
        return ", ".join(part for part in parts if part)


class Faults:
    """The faults that are set; the first that matches a request is used, in the order in which they were added."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._faults: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Sets one more."""
        self._faults.append((fault, fault.count))

    def clear(self) -> None:
        """Ends all of them."""
        self._faults.clear()

    @property
    def active(self) -> tuple[tuple[Fault, int | None], ...]:
        """Each fault that can still strike, and how often it still will (None: without end)."""
        return tuple(self._faults)

    def strike(self, phone: str | None, *, exactly: bool = False) -> Fault | None:
        """The fault that the next request of this phone meets, if any; a counted one is used up by it.

        With `exactly`, only a fault that names it: a token server is no phone.
        """
        for place, (fault, left) in enumerate(self._faults):
            if fault.phone not in ((phone,) if exactly else (None, phone)):
                continue
            if fault.share is not None and self._rng.random() >= fault.share:
                continue
            if left is not None:
                self._faults[place] = (fault, left - 1)
            self._faults = [(each, number) for each, number in self._faults if number != 0]
            return fault
        return None
