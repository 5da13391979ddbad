"""Text as people save it: in UTF-8, with or without a byte order mark, or in UTF-16, as Windows' own tools do."""

from __future__ import annotations

import codecs

__all__ = ["decode", "encoding_of", "to_ascii", "whole"]

_MAX_DIGITS = 12

# UTF-32's mark begins with UTF-16's, so it comes first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(start: bytes) -> str:
    """The encoding that a byte order mark in the first four bytes names; UTF-8 without one."""
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "utf-8")


def decode(data: bytes) -> str:
    """The text, without its byte order mark. Raises ValueError, whose message contains nothing of the text."""
    encoding = encoding_of(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise ValueError(f"is not {name}: byte {error.start + 1} can't be read; save it as UTF-8") from None
    if "\x00" in text:
        raise ValueError("has NUL characters, as UTF-16 without a byte order mark has; save it as UTF-8")
    return text


def to_ascii(data: bytes) -> bytes:
    """The ASCII in a text such as PEM. The text around PEM blocks is irrelevant and may be in any encoding."""
    try:
        text = decode(data)
    except ValueError:
        text = data.decode("latin-1")
    return text.encode("ascii", "ignore")


def whole(digits: str) -> int:
    """The number that decimal digits write, with leading zeros or without. Of one that has more than 12 digits only the
    first 12 count: it is too large in any case, and Python reads no number of thousands of digits."""
    return int(digits.lstrip("0")[:_MAX_DIGITS] or "0")
