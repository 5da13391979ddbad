"""Checks for the values in an MPNS notification. Each raises ValidationError naming the field."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from uuid import UUID

from winpush._xml import check_text
from winpush.errors import ValidationError
from winpush.http import check_header

MAX_COUNT = 99
MAX_PAYLOAD_BYTES = 3072
# "Request headers 1 KB" (mpns.md 1.3 [M4]) covers all headers together; this leaves room for the others.
MAX_CALLBACK_CHARACTERS = 700

_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{2})?[0-9A-Fa-f]{6}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def check_string(field: str, value: str) -> None:
    """Non-empty text that XML can carry."""
    if not isinstance(value, str):
        raise ValidationError(field, f"must be text, not {type(value).__name__}")
    if not value:
        raise ValidationError(
            field, "is empty; leave it out to keep what the phone shows, or pass mpns.CLEAR to erase it"
        )
    check_text(field, value)


def check_count(field: str, value: int) -> None:
    """A whole number from 0 (which hides the counter) to 99."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError(field, f"must be a whole number, not {type(value).__name__}")
    if not 0 <= value <= MAX_COUNT:
        raise ValidationError(field, f"is {value}; a tile's count must be from 0 (hidden) to {MAX_COUNT}")


def check_colour(field: str, value: str) -> None:
    """`#AARRGGBB`, or `#RRGGBB`."""
    check_string(field, value)
    if not _COLOUR.fullmatch(value):
        raise ValidationError(field, f"is {value!r}, which is not a colour; use #AARRGGBB, such as #FF524742")


def check_link(field: str, value: str) -> None:
    """A page of the app (`/Page.xaml?…`) or a query for its start page (`?…`)."""
    check_string(field, value)
    if value[0] not in "/?":
        raise ValidationError(field, "must start with '/' (a page of the app) or '?' (a query for its start page)")


def check_tile_id(value: str) -> None:
    """The navigation URI of a secondary tile."""
    check_string("id", value)
    if value[0] != "/":
        raise ValidationError(
            "id",
            "must be the secondary tile's navigation URI, which starts with '/'; leave it out for the app's own tile",
        )


def check_message_id(value: UUID | str) -> UUID:
    """A UUID, or its text with hyphens."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValidationError("message_id", "must be a UUID, such as 2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1")
    return UUID(value)


def check_callback_uri(value: str) -> None:
    """An absolute http(s) URI that fits in a header."""
    if not isinstance(value, str):
        raise ValidationError("callback_uri", f"must be text, not {type(value).__name__}")
    check_header("callback_uri", value)
    if len(value) > MAX_CALLBACK_CHARACTERS:
        raise ValidationError(
            "callback_uri",
            f"has {len(value)} characters; at most {MAX_CALLBACK_CHARACTERS} fit within MPNS's 1,024 bytes of headers",
        )
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or " " in value:
        raise ValidationError("callback_uri", "must be an absolute http or https URI")


def check_payload(body: bytes) -> None:
    """At most 3,072 bytes (3 KB, mpns.md 1.3)."""
    if len(body) > MAX_PAYLOAD_BYTES:
        raise ValidationError("payload", f"has {len(body):,} bytes; MPNS accepts at most {MAX_PAYLOAD_BYTES:,}")
