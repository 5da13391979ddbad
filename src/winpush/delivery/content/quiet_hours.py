"""Quiet hours: a daily period, in each device's local time, in which nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from winpush.delivery.registry.rules import check_zone, shown
from winpush.errors import ValidationError

__all__ = ["QuietHours"]

_TEXT = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
# Offset changes are days or months apart, so checking every six hours misses none.
_LOOK = timedelta(hours=6)
# The longest possible quiet period: almost a day, plus one where a zone crossed the date line.
_LONGEST = timedelta(hours=54)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` up to but not including `end`, local time: `QuietHours(time(22), time(7))` spans midnight.

    Both are whole minutes without a time zone; the device's zone applies. Only the wall clock counts: if it is set back
    during quiet hours, they last longer, and if it is set back across their end, they occur twice. Raises
    ValidationError if start and end are equal.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value = getattr(self, name)
            if not isinstance(value, time):
                raise ValidationError(name, f"must be a datetime.time, such as time(22, 30), not {shown(value)}")
            if value.tzinfo is not None:
                raise ValidationError(name, "has a time zone; give a time without one: each device's zone applies")
            if value.second or value.microsecond:
                raise ValidationError(name, "must be a whole minute, without seconds")
        if self.start == self.end:
            raise ValidationError("end", f"is {self.end:%H:%M}, the same as the start; give two different times")

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """Parses `22:00-07:00`, the format of `str`. Raises ValidationError for any other text."""
        match = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None or int(match[1]) > 23 or int(match[3]) > 23:
            raise ValidationError("quiet_hours", f"is {shown(text)}; write it as 22:00-07:00")
        return cls(time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])))

    def to_minutes(self) -> tuple[int, int]:
        """Start and end in minutes after midnight."""
        return self.start.hour * 60 + self.start.minute, self.end.hour * 60 + self.end.minute

    @classmethod
    def from_minutes(cls, start: int, end: int) -> QuietHours:
        """The inverse of `to_minutes`."""
        return cls(time(*divmod(start, 60)), time(*divmod(end, 60)))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def covers(self, now: datetime, zone: str | None) -> bool:
        """True if `now` is in quiet hours in this zone (such as `Europe/Vienna`); False if the zone is None."""
        name = check_zone(zone)
        return name is not None and self._quiet(_utc(now), ZoneInfo(name))

    def next_allowed(self, now: datetime, zone: str | None) -> datetime:
        """The first time at or after `now` that is outside quiet hours in this zone, in UTC.

        `now` is an aware datetime. With zone None (unknown), nothing is quiet. Raises ValidationError for a naive time
        or an unknown zone name.
        """
        name, moment = check_zone(zone), _utc(now)
        if name is None:
            return moment
        local = ZoneInfo(name)
        if not self._quiet(moment, local):
            return moment
        # Quiet hours end at their end time, or when the clock is set past it.
        ends = [*self._ends(moment, local), *_changes(moment, local)]
        return min(end for end in ends if end > moment and not self._quiet(end, local))

    def _quiet(self, moment: datetime, zone: ZoneInfo) -> bool:
        shown_time = moment.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= shown_time < self.end
        return shown_time >= self.start or shown_time < self.end

    def _ends(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The times at which the clock shows the end, today and on the next days; both if it occurs twice."""
        today: date = moment.astimezone(zone).date()
        for days in range(4):
            for fold in (0, 1):
                shown_end = datetime.combine(today + days * _DAY, self.end.replace(fold=fold), zone)
                yield shown_end.astimezone(UTC)


def _utc(now: datetime) -> datetime:
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise ValidationError("now", "must be an aware datetime, such as datetime.now(UTC)")
    return now.astimezone(UTC)


def _changes(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When the zone's UTC offset changes, to the second, within the longest possible quiet period."""
    at = moment
    while at < moment + _LONGEST:
        if at.astimezone(zone).utcoffset() != (at + _LOOK).astimezone(zone).utcoffset():
            yield _change(at.replace(microsecond=0), at.replace(microsecond=0) + _LOOK + _SECOND, zone)
        at += _LOOK


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second whose offset differs from that at `before`, by bisection."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
