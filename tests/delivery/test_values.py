"""Whatever a caller passes, an invalid value is refused by name, and never becomes a driver's error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from winpush import ValidationError, mpns
from winpush.delivery import Audience, Outbox

TOAST = mpns.Toast("Hello")
NUL, SURROGATE = "a\0b", "a\ud800b"
HUGE = [2**63, 10**5000, -1, True, "1", 1.0]
TEXTS = [NUL, SURROGATE, "a\nb", "", "x" * 1001, b"a", 7]

Call = Callable[[Outbox, Any], object]


class Nowhere(tzinfo):
    """A time zone that doesn't know its offset: its times are naive."""

    def utcoffset(self, _moment: datetime | None) -> None:
        return None

    def dst(self, _moment: datetime | None) -> None:
        return None

    def tzname(self, _moment: datetime | None) -> None:
        return None


NUMBERS: dict[str, Call] = {
    "remove.channel": lambda outbox, value: outbox.remove(value),
    "channels.after": lambda outbox, value: list(outbox.channels(after=value)),
    "pause.broadcast": lambda outbox, value: outbox.pause(value),
    "cancel.broadcast": lambda outbox, value: outbox.cancel(value),
    "progress.broadcast": lambda outbox, value: outbox.progress(value),
    "get.broadcast": lambda outbox, value: outbox.get_broadcast(value),
    "deliveries.broadcast": lambda outbox, value: list(outbox.deliveries(value)),
    "history.broadcast": lambda outbox, value: list(outbox.history(broadcast=value)),
    "history.channel": lambda outbox, value: list(outbox.history(channel=value)),
    "history.after": lambda outbox, value: list(outbox.history(after=value)),
    "send.rate": lambda outbox, value: outbox.broadcast(TOAST, rate=value),
    "send.max_attempts": lambda outbox, value: outbox.broadcast(TOAST, max_attempts=value),
    "send.stop_after": lambda outbox, value: outbox.notify("her", TOAST, stop_after=value),
}

STRINGS: dict[str, Call] = {
    "notify.key": lambda outbox, value: outbox.notify(value, TOAST),
    "send.name": lambda outbox, value: outbox.broadcast(TOAST, name=value),
    "notify.name": lambda outbox, value: outbox.notify("her", TOAST, name=value),
    "send.idempotency_key": lambda outbox, value: outbox.broadcast(TOAST, idempotency_key=value),
    "remove.reason": lambda outbox, value: outbox.remove(1, value),
    "history.outcome": lambda outbox, value: list(outbox.history(outcome=value)),
    "audience.keys": lambda outbox, value: list(outbox.channels(Audience(keys=[value]))),
    "audience.any_tags": lambda outbox, value: list(outbox.channels(Audience(any_tags=[value]))),
    "audience.locales": lambda outbox, value: list(outbox.channels(Audience(locales=[value]))),
    "audience.os_version_from": lambda outbox, value: list(outbox.channels(Audience(os_version_from=value))),
}

TIMES: dict[str, Call] = {
    "broadcast.not_before": lambda outbox, value: outbox.broadcast(TOAST, not_before=value),
    "notify.not_before": lambda outbox, value: outbox.notify("her", TOAST, not_before=value),
    "broadcast.expires_at": lambda outbox, value: outbox.broadcast(TOAST, expires_at=value),
    "history.since": lambda outbox, value: list(outbox.history(since=value)),
    "history.until": lambda outbox, value: list(outbox.history(until=value)),
}
NO_TIMES = [
    datetime(2026, 1, 1),  # noqa: DTZ001 - what is refused
    datetime(2026, 1, 1, tzinfo=Nowhere()),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    "2026-01-01",
    10**12,
]


def refused(outbox: Outbox, calls: dict[str, Call], values: list[Any]) -> None:
    for name, call in calls.items():
        field = name.partition(".")[2]
        for value in values:
            with pytest.raises(ValidationError) as caught:
                call(outbox, value)
            assert caught.value.field == field, (name, value)
            assert len(caught.value.problem) < 300
    assert list(outbox.list_broadcasts()) == []


def test_a_number_that_no_database_can_store_is_refused_by_its_name(outbox: Outbox) -> None:
    refused(outbox, NUMBERS, HUGE)


def test_a_text_that_no_database_can_store_is_refused_by_its_name(outbox: Outbox) -> None:
    refused(outbox, STRINGS, TEXTS)


def test_a_time_that_is_naive_or_past_the_year_9999_is_refused_by_its_name(outbox: Outbox) -> None:
    refused(outbox, TIMES, NO_TIMES)


def test_the_largest_values_are_stored_and_read_back(outbox: Outbox) -> None:
    outbox.register({"uri": "http://db3.notify.live.net/throttledthirdparty/01.00/x", "key": "her"})
    last = datetime.max.replace(tzinfo=UTC)
    most: Any = {"rate": 2**31 - 1, "max_attempts": 2**31 - 1, "stop_after": 2**31 - 1}
    text = "\U0001f600" * 255
    number = outbox.notify("her", TOAST, not_before=last, name=text, idempotency_key=text, **most)
    found = outbox.get_broadcast(number)
    assert (found.name, found.idempotency_key) == (text, text)
    assert found.not_before == last.replace(microsecond=999_000)
    assert [delivery.due for delivery in outbox.deliveries(number)] == [found.not_before]
    assert outbox.remove(2**63 - 1) is False
    assert list(outbox.history(channel=2**63 - 1, since=last)) == []


@pytest.mark.parametrize(("field", "value"), [("resend_unanswered", "yes"), ("quiet_hours", "22:00-07:00")])
def test_an_option_of_another_type_is_refused_by_its_name(outbox: Outbox, field: str, value: object) -> None:
    options: Any = {field: value}
    with pytest.raises(ValidationError, match=field):
        outbox.broadcast(TOAST, **options)
