"""Checks for the values in an MPNS notification. Each raises ValidationError naming the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from winpush._xml import check_text
from winpush.errors import ValidationError
from winpush.http import check_header
from winpush.mpns.fields import Kind

MAX_COUNT = 99
MAX_PAYLOAD_BYTES = 3072
# "Request headers 1 KB" (mpns.md 1.3 [M4]) covers all headers together; this leaves room for the others.
MAX_CALLBACK_CHARACTERS = 700

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
UNVERIFIED_SCHEMES = ("isostore", "ms-appx")
"""Schemes for an app's files in Windows Phone's APIs. Whether a push can use them is unverified (mpns.md 6.9)."""
_IMAGE_SCHEMES = ("http", "https", *UNVERIFIED_SCHEMES)
_OTHER_IMAGE = re.compile(r"[^?#]*\.(gif|svg|webp|bmp|tiff?|ico|heic|avif)(?:[?#]|$)", re.IGNORECASE)
SOUND_TYPES = ("wav", "mp3", "wma")
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


def scheme_of(value: str) -> str | None:
    """The scheme of a file's address in lower case, or None for a path."""
    match = _SCHEME.match(value)
    return None if match is None else match[1].lower()


def check_image(field: str, value: str) -> None:
    """A jpg or png: a path in the app's package, or an http(s) address (mpns.md 6.9)."""
    check_string(field, value)
    if not value.strip():
        raise ValidationError(field, "is blank; give the image's address, or leave it out")
    scheme = scheme_of(value)
    if scheme is not None and scheme not in _IMAGE_SCHEMES:
        raise ValidationError(
            field, f"has the scheme {scheme!r}; an image is a path in the app's package or an http(s) address"
        )
    if other := _OTHER_IMAGE.match(value):  # a query may name what it is made from
        raise ValidationError(field, f"is a .{other[1]} file; phones show jpg and png")


def check_sound(field: str, value: str) -> None:
    """A sound file in the app's package (mpns.md 5)."""
    check_string(field, value)
    if scheme_of(value) not in (None, *UNVERIFIED_SCHEMES):
        raise ValidationError(field, "must be a path in the app's package, such as Sounds/new.wav")
    if value.rpartition(".")[2].lower() not in SOUND_TYPES:
        raise ValidationError(field, f"must be a file of one of the types {', '.join(SOUND_TYPES)}")


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


CHECKS: dict[Kind, Callable[[str, Any], None]] = {
    Kind.TEXT: check_string,
    Kind.IMAGE: check_image,
    Kind.COUNT: check_count,
    Kind.COLOUR: check_colour,
    Kind.LINK: check_link,
    Kind.SOUND: check_sound,
}
"""What a field of each kind can hold."""
