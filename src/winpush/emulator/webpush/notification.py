"""What a page shows of a message: the notification in it, as Edge hands it to Windows.

What is shown is the page's own decision: its service worker gets the payload and calls `showNotification`. Most pages
send the arguments of that call as JSON, at the top or under `notification`; these are shown. For anything else, what
the service worker gets is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["MAX_ACTIONS", "read_notification"]

MAX_ACTIONS = 2
"""How many buttons Chromium shows: `Notification.maxActions`."""

_TEXTS = ("title", "body", "icon", "image", "badge", "tag", "lang", "dir")
_END_OF_TIME = 8.64e15
_FLAGS = ("requireInteraction", "silent", "renotify")


def read_notification(payload: bytes) -> dict[str, Any] | None:
    """The notification in a payload, with the names of the Notification API; None if there is none.

    Only what a browser would use: texts, flags, and the first two actions that have a title.
    """
    try:
        given = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    for candidate in (given, given.get("notification") if isinstance(given, dict) else None):
        if isinstance(candidate, dict) and _is_text(candidate.get("title")):
            return _of(candidate)
    return None


def _of(given: Mapping[str, Any]) -> dict[str, Any]:
    made = _texts(given, _TEXTS)
    made |= {name: True for name in _FLAGS if given.get(name) is True}
    if _is_time(given.get("timestamp")):
        made["timestamp"] = given["timestamp"]
    actions = given.get("actions")
    made["actions"] = [_action(each) for each in actions if _is_action(each)] if isinstance(actions, list) else []
    made["left_out"] = len(made["actions"][MAX_ACTIONS:])
    del made["actions"][MAX_ACTIONS:]
    return made


def _texts(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """JSON may escape half a surrogate pair, which can't be written as UTF-8; a browser replaces it."""
    found = {name: given[name] for name in names if _is_text(given.get(name))}
    return {name: text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for name, text in found.items()}


def _is_time(value: object) -> bool:
    """Milliseconds since 1970, within JavaScript's calendar."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_END_OF_TIME <= value <= _END_OF_TIME


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_action(value: object) -> bool:
    return isinstance(value, dict) and _is_text(value.get("title"))


def _action(given: Mapping[str, Any]) -> dict[str, Any]:
    return _texts(given, ("action", "title", "icon"))
