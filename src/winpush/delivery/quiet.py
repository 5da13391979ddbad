"""Quiet hours, by the device's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from winpush.errors import ValidationError

__all__ = ["QuietHours"]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` by the device's clock nothing is sent: `QuietHours(time(22), time(7))`, over midnight.

    Raises ValidationError when both are the same, or carry a time zone. Seconds are cut off.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if not isinstance(value, time) or value.tzinfo is not None:
                raise ValidationError(name, "must be a time without a time zone: it is the device's own")
            object.__setattr__(self, name, value.replace(second=0, microsecond=0))
        if self.start == self.end:
            raise ValidationError("end", "is the same as start: no hour would be left to send in, or none be quiet")

    def is_quiet(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether the device's clock shows quiet hours at `now` (aware)."""
        clock = now.astimezone(zone).time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def next_allowed(self, now: datetime, zone: ZoneInfo) -> datetime:
        """`now` when it is not quiet; else the first moment (UTC) at which the device's clock has come to the end.

        Where the clock is put forward over the end, that is the moment after the gap; where it is put back, the hours
        that come twice are both quiet.
        """
        if not self.is_quiet(now, zone):
            return now
        local = now.astimezone(zone)
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        moment = datetime.combine(day, self.end, zone).replace(fold=1).astimezone(UTC)
        # In a gap, or put back to before the end: the nearest minute that is not quiet.
        before = moment - timedelta(minutes=1)
        while before > now.astimezone(UTC) and not self.is_quiet(before, zone):
            moment, before = before, before - timedelta(minutes=1)
        while self.is_quiet(moment, zone):
            moment += timedelta(minutes=1)
        return moment

    def to_minutes(self) -> tuple[int, int]:
        """Both as minutes after midnight."""
        return self.start.hour * 60 + self.start.minute, self.end.hour * 60 + self.end.minute

    @classmethod
    def from_minutes(cls, start: int, end: int) -> Self:
        """The other way of `to_minutes`."""
        return cls(time(*divmod(start, 60)), time(*divmod(end, 60)))
