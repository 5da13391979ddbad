"""Faults on demand, for the next N requests or for a seeded share of them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from winpush.errors import ValidationError

__all__ = ["CUTS", "Fault", "Faults"]

CUTS = ("before-answer", "half-answer", "silence", "garbage")
"""How a connection can end: cut before the answer, cut halfway through it, never answered, or answered with garbage."""

MAX_DELAY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and for which requests.

    `status` is answered instead of the service's own (with the headers that the table lists for it), `delay_seconds`
    waits first, `cut` is one of CUTS. `count` limits it to the next N matching requests and `share` to a fraction of
    them, from 0 to 1; without either, every request is affected. `phone` limits it to the device with that id, or to
    the token servers with "token".
    """

    status: int | None = None
    delay_seconds: float = 0.0
    cut: str | None = None
    count: int | None = None
    share: float | None = None
    phone: str | None = None

    def __post_init__(self) -> None:
        if self.status is None and not self.delay_seconds and self.cut is None:
            raise ValidationError("fault", "does nothing; give status, delay_seconds or cut")
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
        """What the fault did to the request, in a few words for the record."""
        parts = [self.cut or "", f"status {self.status}" if self.status else ""]
        parts.append(f"delay {self.delay_seconds:g} s" if self.delay_seconds else "")
        return ", ".join(part for part in parts if part)


class Faults:
    """The active faults, in the order they were added. The first one that matches a request applies to it."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._faults: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Adds a fault."""
        self._faults.append((fault, fault.count))

    def clear(self) -> None:
        """Removes all faults."""
        self._faults.clear()

    @property
    def active(self) -> tuple[tuple[Fault, int | None], ...]:
        """Each fault, and how many more requests it will affect (None: no limit)."""
        return tuple(self._faults)

    def strike(self, phone: str | None, *, exactly: bool = False) -> Fault | None:
        """The fault for the next request of this phone, if any. Each call uses up one of a fault's `count`.

        With `exactly`, only faults that name it count: faults for every phone leave the token servers alone.
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
