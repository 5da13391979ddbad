"""Quiet hours: when a device's own clock says that its owner is not to be disturbed."""

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
# Clocks are changed some days or months apart: one look in six hours misses no change.
_LOOK = timedelta(hours=6)
# The longest that hours can stay quiet: nearly a day, and one more where a zone changed the side of the date line.
_LONGEST = timedelta(hours=54)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` up to, but without, `end`, by the wall clock: `QuietHours(time(22), time(7))` is over midnight.

    Whole minutes, without a time zone: the zone is the device's. The wall clock alone counts. So where it is put back
    in quiet hours they are as much longer, and where it is put back over their end they come twice. Raises
    ValidationError for hours that are the same, which would be always or never.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value = getattr(self, name)
            if not isinstance(value, time):
                raise ValidationError(name, f"must be a datetime.time, such as time(22, 30), not {shown(value)}")
            if value.tzinfo is not None:
                raise ValidationError(name, "has a time zone; quiet hours are by the zone of each device")
            if value.second or value.microsecond:
                raise ValidationError(name, "must be a whole minute")
        if self.start == self.end:
            raise ValidationError("end", f"is {self.end:%H:%M}, as the start is; give hours that begin and end")

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """From `22:00-07:00`, as `str` writes it. Raises ValidationError for any other text."""
        match = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if match is None or int(match[1]) > 23 or int(match[3]) > 23:
            raise ValidationError("quiet_hours", f"are {shown(text)}; write them as 22:00-07:00")
        return cls(time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])))

    def to_minutes(self) -> tuple[int, int]:
        """Both as minutes after midnight."""
        return self.start.hour * 60 + self.start.minute, self.end.hour * 60 + self.end.minute

    @classmethod
    def from_minutes(cls, start: int, end: int) -> QuietHours:
        """The other way of `to_minutes`."""
        return cls(time(*divmod(start, 60)), time(*divmod(end, 60)))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def covers(self, now: datetime, zone: str | None) -> bool:
        """True when it is quiet at that moment in that zone (a name such as `Europe/Vienna`; None is never quiet)."""
        name = check_zone(zone)
        return name is not None and self._quiet(_utc(now), ZoneInfo(name))

    def next_allowed(self, now: datetime, zone: str | None) -> datetime:
        """The first moment from `now` on that is not quiet in that zone, in UTC: `now` itself when it isn't quiet.

        `now` is an aware datetime; a zone that is None, not known, is never quiet. Raises ValidationError for a naive
        time, and for a zone that the time zone database doesn't have.
        """
        name, moment = check_zone(zone), _utc(now)
        if name is None:
            return moment
        local = ZoneInfo(name)
        if not self._quiet(moment, local):
            return moment
        # Quiet ends at the hour that it is to end at, or where the clock is put over that hour.
        ends = [*self._ends(moment, local), *_changes(moment, local)]
        return min(end for end in ends if end > moment and not self._quiet(end, local))

    def _quiet(self, moment: datetime, zone: ZoneInfo) -> bool:
        shown_time = moment.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= shown_time < self.end
        return shown_time >= self.start or shown_time < self.end

    def _ends(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The moments at which the clock shows the end, on this day and the next ones; both where it comes twice."""
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
    """The moments, to the second, at which the zone's clocks are put forward or back while quiet could last."""
    at = moment
    while at < moment + _LONGEST:
        if at.astimezone(zone).utcoffset() != (at + _LOOK).astimezone(zone).utcoffset():
            yield _change(at.replace(microsecond=0), at.replace(microsecond=0) + _LOOK + _SECOND, zone)
        at += _LOOK


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second with another offset than that of `before`, found by halving."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
