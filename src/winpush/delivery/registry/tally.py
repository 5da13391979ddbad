"""Counts what an import does: rows that register a channel, renew one, or repeat a channel of an earlier row."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["Tally"]

_PAGE_BITS = 1 << 16


class Tally:
    """The counts so far: `new` and `renewed` channels, and rows `repeated` for a channel of an earlier row.

    Remembers one bit for each channel number: a set of a million numbers would take 60 MB.
    """

    def __init__(self) -> None:
        self.new = 0
        self.renewed = 0
        self.repeated = 0
        self._seen: dict[int, bytearray] = {}

    @property
    def taken(self) -> int:
        """How many rows were stored."""
        return self.new + self.renewed + self.repeated

    def add(self, rows: int, new: Collection[int], renewed: Collection[int]) -> None:
        """Counts this many rows, which registered or renewed these channels."""
        first = sum([self._mark(number) for number in renewed])
        for number in new:
            self._mark(number)
        self.new += len(new)
        self.renewed += first
        self.repeated += rows - len(new) - first

    def _mark(self, number: int) -> bool:
        """False if this number was marked before."""
        page, place = divmod(number, _PAGE_BITS)
        bits = self._seen.setdefault(page, bytearray(_PAGE_BITS // 8))
        byte, bit = place >> 3, 1 << (place & 7)
        was = bits[byte] & bit
        bits[byte] |= bit
        return not was
