"""The options of a broadcast, and their checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypedDict

from winpush.delivery.content.content import Content, Form
from winpush.delivery.content.quiet_hours import QuietHours
from winpush.delivery.registry.rules import check_name_of, check_number
from winpush.delivery.storage.broadcasts import NewBroadcast
from winpush.delivery.storage.database import Millis, to_millis
from winpush.errors import ValidationError

__all__ = ["SendOptions", "new_broadcast", "read_moment"]

_MAX_KEY_CHARACTERS = 255
_MAX_WHOLE = 2**31 - 1


class SendOptions(TypedDict, total=False):
    """The options of `broadcast` and `notify`.

    - `name`: a label for lists, up to 255 characters.
    - `not_before`, `expires_at`: the first time to send and the time to stop (aware datetimes). Time spent waiting is
      deducted from the TTL given to WNS.
    - `idempotency_key`: up to 255 characters. If it was used before, nothing is stored, and the number of the earlier
      broadcast is returned.
    - `rate`: limit to this many sends per second, across all workers.
    - `quiet_hours`: don't send during these hours in the device's time zone (if known); wait until they end.
    - `max_attempts`: abandon a delivery after this many attempts (default 8).
    - `resend_unanswered`: retry if the answer was lost; the user may see the notification twice.
    - `stop_after`: stop the broadcast after this many consecutive refusals that a retry won't fix (default 20).
    """

    name: str | None
    not_before: datetime | None
    expires_at: datetime | None
    idempotency_key: str | None
    rate: int | None
    quiet_hours: QuietHours | None
    max_attempts: int
    resend_unanswered: bool
    stop_after: int


def new_broadcast(notification: Form | Content, audience: str, now: Millis, options: SendOptions) -> NewBroadcast:
    """The values to store, for an audience given as JSON. Raises ValidationError naming the option."""
    unknown = options.keys() - SendOptions.__annotations__.keys()
    if unknown:
        known = ", ".join(SendOptions.__annotations__)
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; the options are {known}")
    # Only rate may be None (no limit).
    for name in ("rate", "max_attempts", "stop_after"):
        if name in options and not (name == "rate" and options["rate"] is None):
            check_number(name, options.get(name), least=1, most=_MAX_WHOLE)
    for name in ("name", "idempotency_key"):
        check_name_of(name, options.get(name), _MAX_KEY_CHARACTERS)
    if not isinstance(options.get("resend_unanswered", False), bool):
        raise ValidationError("resend_unanswered", "must be True or False")
    begins, ends = (read_moment(name, options.get(name)) for name in ("not_before", "expires_at"))
    if ends is not None and ends <= max(now, begins or 0):
        raise ValidationError("expires_at", "is in the past, or not after not_before; give a later time")
    quiet = options.get("quiet_hours")
    if quiet is not None and not isinstance(quiet, QuietHours):
        raise ValidationError("quiet_hours", f"must be QuietHours, not {type(quiet).__name__}")
    quiet_start, quiet_end = (None, None) if quiet is None else quiet.to_minutes()
    return NewBroadcast(
        content=Content.of(notification).to_json(),
        audience=audience,
        not_before=max(begins or 0, now),
        expires_at=ends,
        name=options.get("name"),
        idempotency_key=options.get("idempotency_key"),
        rate=options.get("rate"),
        max_attempts=options.get("max_attempts", 8),
        resend_unanswered=int(options.get("resend_unanswered", False)),
        stop_after=options.get("stop_after", 20),
        quiet_start=quiet_start,
        quiet_end=quiet_end,
    )


def read_moment(name: str, value: object) -> Millis | None:
    """An aware datetime in milliseconds, as stored, or None. Raises ValidationError naming the field."""
    if value is None:
        return None
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValidationError(name, "must be a datetime with a time zone, such as datetime.now(UTC)")
    try:
        return to_millis(value.astimezone(UTC))
    except OverflowError:
        raise ValidationError(name, "is outside the years 1 to 9999 in UTC; give an earlier time") from None
