"""Badges: a number or a small picture on the app's tile and taskbar button (wns.md 11.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from winpush._values import plain
from winpush.errors import ValidationError
from winpush.wns.notifications import Notification
from winpush.wns.options import Options
from winpush.wns.schema.enums import Glyph

__all__ = ["Badge"]

MAX_NUMBER = 2**32 - 1  # the largest in the tests of Microsoft's builder; Windows shows anything over 99 as 99+


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Badge(Notification):
    """`Badge(7)`, or `Badge(Glyph.ALERT)`. 0 and `Glyph.NONE` clear it; anything over 99 shows as 99+."""

    value: int | Glyph = 0
    version: int | None = None

    push_type = "badge"

    def __init__(self, value: int | Glyph, *, version: int | None = None, **options: Unpack[Options]) -> None:
        """`version` is the schema's, left out by default. Raises ValidationError for a negative number, and for text
        that isn't a glyph."""
        checked = _check(plain(value))
        version = plain(version)
        if version is not None and (type(version) is not int or version != 1):
            raise ValidationError("version", f"is {version!r}; the badge schema has version 1 only")
        object.__setattr__(self, "value", checked)
        object.__setattr__(self, "version", version)
        written = "" if version is None else f' version="{version}"'
        self._finish(f'<badge value="{checked}"{written}/>'.encode(), options)


def _check(value: object) -> int | Glyph:
    if isinstance(value, str):
        try:
            return Glyph(value)
        except ValueError:
            raise ValidationError("value", f"is {value!r}, which is not a glyph: see wns.Glyph") from None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError("value", f"must be a whole number or a wns.Glyph, not {type(value).__name__}")
    if not 0 <= value <= MAX_NUMBER:
        raise ValidationError(
            "value", f"is {value}; a badge's number must be from 0, which clears it, to {MAX_NUMBER:,}"
        )
    return value
