"""Times as people type them: `today`, `2h`, `2026-11-27 14:00`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

__all__ = ["PastTime", "ZonedTime"]

_AGO = re.compile(r"(\d{1,6})\s*([smhdw])(?:\s*ago)?", re.IGNORECASE)
_LATER = re.compile(r"(?:in\s+)?(\d{1,6})\s*([smhdw])", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Time(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.3 on
    """A moment, as an aware datetime."""

    name = "TIME"
    _how: str
    """What to write, for error messages."""

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Reads it. Raises click.BadParameter."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            moment = self._read(text)
        except (ValueError, OverflowError):
            moment = None
        if moment is None or moment.tzinfo is None:
            what = "not a time" if moment is None else "a time without its zone"
            self.fail(f"{text!r} is {what}. Write {self._how}.", param, ctx)
        return moment

    def _read(self, text: str) -> datetime:
        raise NotImplementedError


class PastTime(_Time):
    """A moment in the past. Without a zone it is UTC, like all times that are shown."""

    _how = (
        "today, yesterday, 2h (two hours ago), 2026-11-27 or '2026-11-27 14:00' "
        "(UTC; for another zone add its offset: 2026-11-27T14:00+01:00)"
    )

    def _read(self, text: str) -> datetime:
        now = self._now().astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        named = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
        if text.lower() in named:
            return named[text.lower()]
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2].lower()]: int(ago[1])})
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class ZonedTime(_Time):
    """A moment with an explicit zone: a wrong guess would be hours off."""

    _how = "2026-05-01T08:30+02:00 (the time and the offset of its zone; Z is UTC), or 2h (in two hours)"

    def _read(self, text: str) -> datetime:
        if later := _LATER.fullmatch(text):
            return self._now() + timedelta(**{_UNITS[later[2].lower()]: int(later[1])})
        return datetime.fromisoformat(text)
