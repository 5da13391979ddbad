"""Base64url, written without padding, as browsers do, and read with or without it (RFC 4648, section 5)."""

from __future__ import annotations

import base64
import binascii
import re

from winpush.errors import ValidationError

__all__ = ["decode", "encode"]

_TEXT = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def encode(data: bytes) -> str:
    """The text, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(field: str, text: object) -> bytes:
    """The bytes. Padding is optional, and `+/` are accepted for `-_`, since some databases store them so.

    Raises ValidationError, which never contains the text: it may be a key.
    """
    if not isinstance(text, str):
        raise ValidationError(field, f"must be base64url text, not {type(text).__name__}")
    plain = text.strip()
    if not _TEXT.fullmatch(plain):
        raise ValidationError(field, "is not base64url: it has a character other than A-Z, a-z, 0-9, - and _")
    try:
        # More padding than is needed is ignored.
        return binascii.a2b_base64(plain.encode("ascii").translate(_STANDARD) + b"==")
    except binascii.Error:
        raise ValidationError(field, "is not base64url: a character is missing at its end") from None
