"""What the API accepts as JSON, field by field: whatever arrives, the answer is a sentence and never a 500."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from winpush.errors import ValidationError

__all__ = [
    "Check",
    "a_flag",
    "a_number",
    "a_number_or_none",
    "a_text",
    "a_text_or_none",
    "a_whole",
    "a_whole_or_none",
    "check_fields",
    "read_json",
    "texts",
]

Check = Callable[[str, Any], None]
"""Raises ValidationError for a value that the field (the first argument) can't have."""

_MAX_CHARACTERS = 20_000
_MAX_TEXTS = 100


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object; an empty body counts as an empty one. Raises ValidationError."""
    try:
        asked = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ValidationError("body", f"is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise ValidationError("body", "must be a JSON object")
    return asked


def check_fields(asked: Mapping[str, Any], known: Mapping[str, Check]) -> None:
    """Checks every field. Raises ValidationError for an invalid or unknown one."""
    if unknown := sorted(set(asked) - set(known)):
        raise ValidationError(unknown[0][:40], f"is not a field here; choose from {', '.join(sorted(known))}")
    for name, value in asked.items():
        known[name](name, value)


def a_text(name: str, value: object) -> None:
    """Text that can be written as UTF-8."""
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
        raise ValidationError(name, f"must be text of at most {_MAX_CHARACTERS:,} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValidationError(name, f"has a lone surrogate at position {error.start}") from None


def a_flag(name: str, value: object) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise ValidationError(name, "must be true or false")


def a_number(name: str, value: object) -> None:
    """A finite number."""
    is_finite = math.isfinite(value) if isinstance(value, float) else isinstance(value, int)
    if not is_finite or isinstance(value, bool):
        raise ValidationError(name, "must be a number")


def a_whole(name: str, value: object) -> None:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError(name, "must be a whole number")


def texts(name: str, value: object) -> None:
    """A list of texts."""
    if not isinstance(value, list) or len(value) > _MAX_TEXTS:
        raise ValidationError(name, f"must be a list of at most {_MAX_TEXTS} texts")
    for each in value:
        a_text(name, each)


def a_text_or_none(name: str, value: object) -> None:
    """A text, or null."""
    if value is not None:
        a_text(name, value)


def a_number_or_none(name: str, value: object) -> None:
    """A finite number, or null."""
    if value is not None:
        a_number(name, value)


def a_whole_or_none(name: str, value: object) -> None:
    """A whole number, or null."""
    if value is not None:
        a_whole(name, value)
