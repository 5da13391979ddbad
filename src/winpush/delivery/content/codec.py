"""Lossless conversion between notifications and JSON.

Every notification, and every part of one, is a dataclass whose constructor checks it. Its fields are written by name,
and reading calls the constructor, so stored data passes the same checks as a user's own.
"""

from __future__ import annotations

import base64
import binascii
import enum
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from winpush import mpns, webpush, wns
from winpush.delivery.registry.rules import shown
from winpush.errors import ValidationError
from winpush.mpns.fields import Clear

__all__ = ["build", "check_known", "read_form", "taken_apart", "write_form"]

_MPNS = (mpns.Toast, mpns.Tile, mpns.FlipTile, mpns.IconicTile, mpns.CycleTile, mpns.Raw, mpns.Xml)
_WNS = (
    *(wns.Toast, wns.Tile, wns.LegacyToast, wns.LegacyTile, wns.Badge, wns.Raw, wns.Xml, wns.ClearToasts),
    *(wns.Text, wns.Image, wns.Group, wns.Subgroup, wns.Progress, wns.TileBinding, wns.LegacyBinding),
    *(wns.Header, wns.TextInput, wns.Selection, wns.SelectionInput, wns.Button, wns.MenuEntry),
    *(wns.SnoozeAndDismiss, wns.Audio),
)
_TYPES: Mapping[str, type[Any]] = {
    **{f"mpns.{kind.__name__}": kind for kind in _MPNS},
    **{f"wns.{kind.__name__}": kind for kind in _WNS},
    "webpush.Message": webpush.Message,
}
_NAMES: Mapping[type[Any], str] = {kind: name for name, kind in _TYPES.items()}
_ENUMS: Mapping[str, type[enum.Enum]] = {
    kind.__name__: kind for kind in (mpns.Batching, wns.Priority, wns.Glyph, wns.Sound, webpush.Urgency, Clear)
}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A type's constructor: its fields with their defaults, the positional ones, and the one that is `*args`."""

    defaults: Mapping[str, object]
    placed: tuple[str, ...]
    starred: str | None


def _shape(kind: type[Any]) -> _Shape:
    parameters = [each for name, each in inspect.signature(kind).parameters.items() if name != "self"]
    starred = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), None)
    by_place = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD] if starred else []
    return _Shape({each.name: each.default for each in fields(kind) if each.init}, tuple(by_place), starred)


_SHAPES: Mapping[type[Any], _Shape] = {kind: _shape(kind) for kind in _NAMES}


def check_known(field: str, value: object) -> None:
    """Raises ValidationError for anything but winpush's own notification types, which couldn't be read back."""
    if type(value) not in _SHAPES:
        raise ValidationError(field, f"must be one of winpush's own notification types, not {type(value).__name__}")


def taken_apart(value: object) -> dict[str, Any]:
    """The constructor arguments of a notification or a part of one."""
    return {name: getattr(value, name) for name in _SHAPES[type(value)].defaults}


def build(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """Constructs a value of this type from its fields. Raises ValidationError."""
    shape = _SHAPES[kind]
    named = dict(values)
    placed = [named.pop(name) for name in shape.placed]
    if shape.starred is not None:
        placed.extend(named.pop(shape.starred))
    return kind(*placed, **named)


def write_form(value: object) -> Any:
    """JSON-ready: a notification or a part of one, as an object with its type and the fields that are set."""
    if value is None or (isinstance(value, str | bool | int | float) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, enum.Enum):
        return {"type": _enum_name(type(value)), "value": value.value}
    if isinstance(value, tuple):
        return [write_form(item) for item in value]
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return {"type": "bytes", "base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, timedelta):
        return {"type": "timedelta", "microseconds": value // _MICROSECOND}
    if isinstance(value, datetime):
        return {"type": "datetime", "value": value.isoformat()}
    check_known("content", value)
    return {"type": _NAMES[type(value)], **_given(value)}


def _enum_name(kind: type[enum.Enum]) -> str:
    """Raises ValidationError for an enumeration that couldn't be read back."""
    if _ENUMS.get(kind.__name__) is not kind:
        raise ValidationError("content", f"can't store a member of {kind.__name__}; give its value")
    return kind.__name__


def _given(value: object) -> dict[str, Any]:
    # Omit only empty values, never other defaults: a default may change in a later version.
    defaults = _SHAPES[type(value)].defaults
    written = {
        name: write_form(item)
        for name, item in taken_apart(value).items()
        if not ((item is None or item == ()) and item == defaults[name])
    }
    if isinstance(value, webpush.Message):
        written["payload"] = _as_text(value.payload)
    return written


def _as_text(payload: bytes) -> Any:
    """A text payload as text, so that people can read and edit it in a file."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return write_form(payload)


def read_form(written: object) -> Any:
    """The inverse of `write_form`. Raises ValidationError for anything else, and for a notification that its type
    rejects."""
    if isinstance(written, list):
        return tuple([read_form(item) for item in written])
    if not isinstance(written, dict):
        return written
    named = dict(written)
    name = named.pop("type", None)
    try:
        if name in _TYPES:
            return _read_fields(_TYPES[name], named)
        if name in _ENUMS:
            return _ENUMS[name](named["value"])
        return _READERS[name](named)
    except ValidationError:
        raise
    except (KeyError, TypeError, ValueError, binascii.Error, OverflowError) as error:
        raise ValidationError(
            "content",
            f"contains a {shown(name)} that this version can't read ({type(error).__name__}: {shown(error)}); upgrade "
            "winpush if a later version wrote it",
        ) from None


def _read_fields(kind: type[Any], named: Mapping[str, Any]) -> Any:
    defaults = _SHAPES[kind].defaults
    unknown = named.keys() - defaults.keys()
    if unknown:
        raise ValidationError("content", f"has a {kind.__name__} with the unknown field {min(unknown)!r}")
    given = {name: read_form(item) for name, item in named.items()}
    return build(kind, {**{name: value for name, value in defaults.items() if _is_value(value)}, **given})


def _is_value(default: object) -> bool:
    """False for the marker of a field without a default; the constructor then reports it as missing."""
    return default is None or isinstance(default, str | int | bytes | tuple | enum.Enum) or is_dataclass(default)


_READERS: Mapping[Any, Any] = {
    "bytes": lambda named: base64.b64decode(named["base64"], validate=True),
    "timedelta": lambda named: named["microseconds"] * _MICROSECOND,
    "datetime": lambda named: datetime.fromisoformat(named["value"]),
}
