"""Templates: `{name}` in the texts of a notification, filled in for each channel.

The syntax is `{name}`, `{{` and `}}` and nothing else: no format specifications, no attribute access. Values are filled
in as text, which the notification checks and escapes like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from winpush import mpns, webpush, wns
from winpush.delivery.content.codec import build, taken_apart
from winpush.delivery.registry.rules import Scalar
from winpush.errors import ValidationError
from winpush.webpush.message import write_json
from winpush.wns.options import NAMES as WNS_OPTIONS

__all__ = ["TemplatePlan", "as_text", "plan_template"]

_TOKEN = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_-]{0,63})\}|[{}]")
# Delivery options are the same for all channels; data-binding values in braces belong to the app (wns.md 9.1).
_NEVER_FILLED = frozenset({*WNS_OPTIONS, "callback_uri", "message_id"})
_ADDRESSES = frozenset({"launch", "arguments", "src", "image", "base_uri", "people", "param", "sound", "cycle_images"})
# The fields of web notifications that are addresses.
_WEB_ADDRESSES = frozenset({"url", "navigate", "icon", "image", "badge"})

_Fill = Callable[[Mapping[str, str]], Any]


@dataclass(frozen=True, slots=True)
class TemplatePlan:
    """How to fill a notification: the names of its placeholders, and a function that fills them in."""

    names: tuple[str, ...]
    fill: Callable[[Mapping[str, str]], Any]


def plan_template(notification: object) -> TemplatePlan | None:
    """The plan of a notification whose texts are templates; None if it has no placeholder and no escaped brace.

    Raises ValidationError naming the field that has any other brace than `{name}`, `{{` and `}}`, and for raw and XML
    notifications, whose contents can't be filled safely.
    """
    if isinstance(notification, mpns.Raw | mpns.Xml | wns.Raw | wns.Xml):
        raise ValidationError(
            "template",
            f"can't fill a {type(notification).__name__}, which is sent as it is; send one to each channel instead",
        )
    names: dict[str, None] = {}
    plan = _plan_message if isinstance(notification, webpush.Message) else _plan_fields
    fill = plan(notification, names)
    return None if fill is None else TemplatePlan(tuple(names), fill)


def as_text(value: Scalar) -> str:
    """The text to fill in for a value: numbers in decimal, True and False as `true` and `false`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _plan_fields(value: object, names: dict[str, None]) -> _Fill | None:
    kind, values = type(value), taken_apart(value)
    fills = {name: _plan_value(value, name, item, names) for name, item in values.items()}
    changing = [(name, fill) for name, fill in fills.items() if fill is not None]
    if not changing:
        return None

    def fill_fields(given: Mapping[str, str]) -> Any:
        return build(kind, {**values, **{name: fill(given) for name, fill in changing}})

    return fill_fields


def _plan_message(message: Any, names: dict[str, None]) -> _Fill | None:
    """A message for a browser: fills the strings in its JSON, or the whole of any other payload that is text."""
    try:
        text = message.payload.decode()
    except UnicodeDecodeError:
        raise ValidationError("template", "can't fill a payload that isn't text; send one to each channel") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        fill = _plan_text("Message.payload", text, address=False, names=names)
        return None if fill is None else lambda given: message.replace(payload=fill(given))
    fill_document = _plan_json("payload", document, names)
    if fill_document is None:
        return None
    return lambda given: message.replace(payload=write_json(fill_document(given)))


def _plan_json(name: str, value: object, names: dict[str, None]) -> _Fill | None:
    """A JSON value. The names in objects belong to the page and aren't filled."""
    if isinstance(value, str):
        return _plan_text(f"Message.{name}", value, address=name in _WEB_ADDRESSES, names=names)
    if isinstance(value, list):
        fills = [_plan_json(name, item, names) for item in value]
        return _together(fills, lambda given: [_or(fill, given, item) for fill, item in zip(fills, value, strict=True)])
    if isinstance(value, dict):
        by_name = {key: _plan_json(key, item, names) for key, item in value.items()}
        return _together(
            list(by_name.values()), lambda given: {key: _or(by_name[key], given, item) for key, item in value.items()}
        )
    return None


def _together(fills: list[_Fill | None], fill: _Fill) -> _Fill | None:
    return fill if any(fills) else None


def _or(fill: _Fill | None, given: Mapping[str, str], value: object) -> object:
    return value if fill is None else fill(given)


def _plan_value(owner: object, name: str, value: object, names: dict[str, None]) -> _Fill | None:
    if name in _NEVER_FILLED or (isinstance(owner, wns.Progress) and name == "value"):
        return None
    if isinstance(value, tuple):
        return _plan_items(owner, name, value, names)
    if type(value) is str:  # but not a member of a str enum
        return _plan_text(f"{type(owner).__name__}.{name}", value, _is_address(owner, name), names)
    return _plan_fields(value, names) if is_dataclass(value) and not isinstance(value, type) else None


def _plan_items(owner: object, name: str, items: tuple[object, ...], names: dict[str, None]) -> _Fill | None:
    fills = [_plan_value(owner, name, item, names) for item in items]
    if not any(fills):
        return None
    return lambda given: tuple([item if fill is None else fill(given) for item, fill in zip(items, fills, strict=True)])


def _is_address(owner: object, name: str) -> bool:
    """True if values go into a URI or query, and must not change its structure."""
    if isinstance(owner, mpns.Notification) and (name == "id" or name.endswith("_image")):
        return True
    return name in _ADDRESSES


def _plan_text(field: str, text: str, address: bool, names: dict[str, None]) -> _Fill | None:
    if "{" not in text and "}" not in text:
        return None
    parts = _split(field, text)
    whole = len(parts) == 1
    names.update(dict.fromkeys(part for part, is_name in parts if is_name))

    def fill_text(given: Mapping[str, str]) -> str:
        if address and not whole:
            return "".join([quote(given[part], safe="") if is_name else part for part, is_name in parts])
        return "".join([given[part] if is_name else part for part, is_name in parts])

    return fill_text


def _split(field: str, text: str) -> list[tuple[str, bool]]:
    """Splits the text into (part, is_name): literal text and placeholder names."""
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match[1] is None and len(match[0]) == 1:
            raise ValidationError(
                field,
                f"has a stray {match[0]!r} at position {match.start()}; write {{name}} for a placeholder, and {{{{ or "
                "}} for a literal brace",
            )
        if match.start() > end:
            parts.append((text[end : match.start()], False))
        parts.append((match[1], True) if match[1] else (match[0][0], False))
        end = match.end()
    return [*parts, (text[end:], False)] if end < len(text) else parts
