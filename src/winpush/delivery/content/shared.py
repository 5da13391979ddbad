"""A cache of what one content has made for some channels and may need for others, bounded in number and in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

__all__ = ["Shared", "size_of_texts"]

_MOST = 1024
MAX_BYTES = 4 << 20
_EACH_BYTES = 1600
"""The memory of a notification without its texts, its entry and its key, measured with `tracemalloc` and rounded up."""


class Shared:
    """Remembers values by key. When there are too many or they take too much memory, it forgets them all: values that
    few channels share just cycle through."""

    __slots__ = ("_values", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        """The approximate memory of the values."""
        self._values: dict[tuple[object, ...], Any] = {}

    def get(self, key: tuple[object, ...]) -> Any:
        """The value, or None."""
        return self._values.get(key)

    def keep(self, key: tuple[object, ...], value: Any, text_bytes: int) -> Any:
        """Remembers and returns the value, whose texts take this much memory."""
        size = _EACH_BYTES + text_bytes
        if len(self._values) >= _MOST or self.bytes + size > MAX_BYTES:
            self._values.clear()
            self.bytes = 0
        self._values[key] = value
        self.bytes += size
        return value


def size_of_texts(texts: Iterable[str]) -> int:
    """The memory that texts take: one to four bytes a character."""
    return sum(map(sys.getsizeof, texts))
