"""Many values of one kind in a few bytes: the columns of a segment. Pure functions."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence

__all__ = ["pack_ascending", "pack_offsets", "pack_texts", "unpack_ascending", "unpack_offsets", "unpack_texts"]

_LEVEL = 1
"""Most of what zlib saves, at a fraction of its time."""


def pack_ascending(numbers: Sequence[int]) -> bytes:
    """Packs ascending numbers from 0 up, below 2^64, as the distance of each from the one before."""
    distances = (number - before for number, before in zip(numbers, (0, *numbers), strict=False))
    return zlib.compress(struct.pack(f"<{len(numbers)}Q", *distances), _LEVEL)


def unpack_ascending(packed: bytes) -> list[int]:
    """The inverse of `pack_ascending`."""
    plain = zlib.decompress(packed)
    number, numbers = 0, []
    for distance in struct.unpack(f"<{len(plain) // 8}Q", plain):
        number += distance
        numbers.append(number)
    return numbers


def pack_offsets(numbers: Sequence[int], base: int) -> bytes | None:
    """Packs numbers from `base` up, less than 2^63 above it; None if all of them are the base."""
    offsets = [number - base for number in numbers]
    return zlib.compress(struct.pack(f"<{len(offsets)}q", *offsets), _LEVEL) if any(offsets) else None


def unpack_offsets(packed: bytes | None, base: int, number: int) -> list[int]:
    """The inverse of `pack_offsets`, for this many numbers."""
    if packed is None:
        return [base] * number
    return [base + offset for offset in struct.unpack(f"<{number}q", zlib.decompress(packed))]


def pack_texts(texts: Sequence[str | None]) -> bytes | None:
    """Packs texts in their order, some of them None; None if there is no text at all."""
    if not any(texts):
        return None
    return zlib.compress(json.dumps(texts, separators=(",", ":")).encode(), _LEVEL)


def unpack_texts(packed: bytes | None, number: int) -> list[str | None]:
    """The inverse of `pack_texts`, for this many texts."""
    if packed is None:
        return [None] * number
    texts: list[str | None] = json.loads(zlib.decompress(packed))
    return texts
