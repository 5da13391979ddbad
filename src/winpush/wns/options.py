"""The single table of delivery options: each one's header, the kinds of notification that accept it, and its check
(wns.md 3 and 5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypedDict, cast

from winpush.errors import ValidationError
from winpush.http import check_header
from winpush.wns.schema.enums import Priority

__all__ = ["OPTIONS", "Option", "Options", "check_options"]

MAX_TAG_CHARACTERS = 16
_TAG = re.compile(r"[A-Za-z0-9]{1,16}")
_MAX_VECTOR_CHARACTERS = 128
_EVERY_KIND = frozenset({"toast", "tile", "badge", "raw"})


class Options(TypedDict, total=False):
    """How to deliver a notification. Each notification accepts the options for its kind.

    - `tag`: up to 16 letters and digits, naming the tile in the notification queue (or the toast, on Windows Phone)
      that this one replaces.
    - `group`: the same for a group of toasts (Windows Phone).
    - `ttl`: how long it is worth showing, in whole seconds from when WNS receives it.
    - `cache`: whether WNS keeps it for an offline device. By default tiles and badges are kept, raw is not.
    - `suppress_popup`: True puts a toast in the action centre without a banner. Windows Phone channels only; a
      Windows channel drops it with an error.
    - `request_status`: True asks for the device's connection status in the response.
    - `priority`: how soon a device in battery saver gets it.
    - `correlation_vector`: your own MS-CV for support cases; use a different one for each request.
    """

    tag: str | None
    group: str | None
    ttl: timedelta | None
    cache: bool | None
    suppress_popup: bool | None
    request_status: bool | None
    priority: Priority | None
    correlation_vector: str | None


def check_tag(field: str, value: object) -> None:
    """Up to 16 letters and digits: devices since build 15063 accept 64, but the header's stated limit is still 16."""
    if not isinstance(value, str):
        raise ValidationError(field, f"must be text, not {type(value).__name__}")
    if not _TAG.fullmatch(value):
        raise ValidationError(field, f"must be 1 to {MAX_TAG_CHARACTERS} characters from A-Z, a-z and 0-9")


def _check_ttl(field: str, value: object) -> None:
    if not isinstance(value, timedelta):
        raise ValidationError(field, f"must be a timedelta, such as timedelta(hours=1), not {type(value).__name__}")
    if value < timedelta(0) or value % timedelta(seconds=1):
        raise ValidationError(field, "must be a whole number of seconds, and not negative")


def _check_flag(field: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ValidationError(field, f"must be True or False, not {value!r}")


def _check_priority(field: str, value: object) -> None:
    if type(value) is not Priority:
        raise ValidationError(field, "must be a member of wns.Priority")


def _check_vector(field: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValidationError(field, f"must be text, not {type(value).__name__}")
    check_header(field, value)
    if not value or " " in value or len(value) > _MAX_VECTOR_CHARACTERS:
        raise ValidationError(field, f"must have 1 to {_MAX_VECTOR_CHARACTERS} characters and no spaces")


def _write_flag(value: object) -> str:
    return "true" if value else "false"


def _write_cache(value: object) -> str:
    return "cache" if value else "no-cache"


def _write_ttl(value: object) -> str:
    return str(cast(timedelta, value) // timedelta(seconds=1))


def _write_priority(value: object) -> str:
    return str(cast(Priority, value).value)


@dataclass(frozen=True, slots=True)
class Option:
    """One delivery option: its Python name, its header, the kinds that accept it, and how it is checked and written."""

    name: str
    header: str
    kinds: frozenset[str]
    check: Callable[[str, object], None]
    write: Callable[[object], str]


OPTIONS = (
    # The page says tiles only, but on Windows Phone it also names a toast to replace or delete.
    Option("tag", "X-WNS-Tag", frozenset({"toast", "tile"}), check_tag, str),
    Option("group", "X-WNS-Group", frozenset({"toast"}), check_tag, str),
    Option("ttl", "X-WNS-TTL", _EVERY_KIND, _check_ttl, _write_ttl),
    Option("cache", "X-WNS-Cache-Policy", _EVERY_KIND, _check_flag, _write_cache),
    Option("suppress_popup", "X-WNS-SuppressPopup", frozenset({"toast"}), _check_flag, _write_flag),
    Option("request_status", "X-WNS-RequestForStatus", _EVERY_KIND, _check_flag, _write_flag),
    Option("priority", "X-WNS-PRIORITY", _EVERY_KIND, _check_priority, _write_priority),
    Option("correlation_vector", "MS-CV", _EVERY_KIND, _check_vector, str),
)
"""Every delivery option, in the order of the headers."""

NAMES = tuple(option.name for option in OPTIONS)


def check_options(kind: str, options: Options) -> None:
    """Checks each given option, and their combination. Raises ValidationError naming the option and the rule."""
    for option in OPTIONS:
        value = options.get(option.name)
        if value is None:
            continue
        option.check(option.name, value)
        if kind not in option.kinds:
            raise ValidationError(
                option.name, f"is for {' and '.join(sorted(option.kinds))} only ({option.header}), not for {kind}"
            )
    if kind == "toast" and options.get("cache"):
        # The header's table omits toasts, but the same page's text says that one toast is kept by default.
        raise ValidationError("cache", "is True, which is for tiles, badges and raw; for a toast it can only be False")
    if options.get("ttl") == timedelta(0) and options.get("cache") is not False:
        raise ValidationError("ttl", "is 0, which WNS rejects without cache=False")
