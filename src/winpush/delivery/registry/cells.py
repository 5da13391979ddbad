"""Keeps spreadsheets from running CSV cells as formulas."""

from __future__ import annotations

from typing import overload

__all__ = ["guard", "unguard"]

# Excel runs a cell that starts with one of these, so a quote is written before it.
_FORMULA = tuple("=+-@\t\r'")


@overload
def guard(text: str) -> str: ...
@overload
def guard(text: str | None) -> str | None: ...
def guard(text: str | None) -> str | None:
    """The text, with a leading `'` if a spreadsheet would run it; `unguard` removes that."""
    return f"'{text}" if text is not None and text.startswith(_FORMULA) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
