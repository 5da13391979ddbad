"""Quiet hours follow the device's own clock, even on nights when it changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import ValidationError
from winpush.delivery.content.quiet_hours import QuietHours

NIGHT = QuietHours(time(22), time(7))
NOON = QuietHours(time(12), time(13, 30))
VIENNA = "Europe/Vienna"


def local(text: str, zone: str = VIENNA, fold: int = 0) -> datetime:
    """That moment in UTC: datetimes in a zone are never equal to others where the clock shows the hour twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "allowed"),
    [
        (NIGHT, "2026-06-10 21:59:59", "2026-06-10 21:59:59"),
        (NIGHT, "2026-06-10 22:00", "2026-06-11 07:00"),
        (NIGHT, "2026-06-11 00:30", "2026-06-11 07:00"),
        (NIGHT, "2026-06-11 06:59:59.999999", "2026-06-11 07:00"),
        (NIGHT, "2026-06-11 07:00", "2026-06-11 07:00"),
        (NOON, "2026-06-10 11:59", "2026-06-10 11:59"),
        (NOON, "2026-06-10 12:15", "2026-06-10 13:30"),
        (NOON, "2026-06-10 23:00", "2026-06-10 23:00"),
        (QuietHours(time(8), time(0)), "2026-12-31 12:00", "2027-01-01 00:00"),
        (QuietHours(time(8), time(7, 59)), "2026-12-31 08:00", "2027-01-01 07:59"),
    ],
)
def test_quiet_lasts_until_the_clock_shows_its_end(hours: QuietHours, now: str, allowed: str) -> None:
    assert hours.next_allowed(local(now), VIENNA) == local(allowed)
    assert hours.covers(local(now), VIENNA) is (now != allowed)


def test_the_clock_is_the_devices_and_the_answer_is_in_utc() -> None:
    now = datetime(2026, 1, 10, 23, tzinfo=UTC)
    assert NIGHT.next_allowed(now, "America/New_York") == now
    assert NIGHT.next_allowed(now, "Asia/Kolkata") == datetime(2026, 1, 11, 1, 30, tzinfo=UTC)
    assert NIGHT.next_allowed(local("2026-01-10 12:00"), "Asia/Kolkata").tzinfo is UTC


def test_a_device_whose_zone_is_not_known_is_never_quiet() -> None:
    now = local("2026-01-10 23:00")
    assert NIGHT.next_allowed(now, None) == now
    assert not NIGHT.covers(now, None)


def test_an_end_that_the_clock_skips_is_where_it_skips() -> None:
    # On 2026-03-29 Vienna goes from 02:00 to 03:00.
    hours = QuietHours(time(22), time(2, 30))
    assert hours.next_allowed(local("2026-03-28 23:00"), VIENNA) == local("2026-03-29 03:00")


def test_hours_that_the_clock_skips_are_never_quiet() -> None:
    hours = QuietHours(time(2), time(3))
    now = local("2026-03-29 01:59:59")
    assert hours.next_allowed(now, VIENNA) == now
    assert not hours.covers(local("2026-03-29 03:00"), VIENNA)


def test_an_end_that_comes_twice_ends_quiet_twice() -> None:
    # On 2026-10-25 Vienna goes from 03:00 back to 02:00.
    hours = QuietHours(time(22), time(2, 30))
    assert hours.next_allowed(local("2026-10-24 23:00"), VIENNA) == local("2026-10-25 02:30")
    assert hours.covers(local("2026-10-25 02:10", fold=1), VIENNA)
    assert hours.next_allowed(local("2026-10-25 02:10", fold=1), VIENNA) == local("2026-10-25 02:30", fold=1)


def test_a_clock_that_is_put_back_before_the_start_ends_quiet_for_a_while() -> None:
    hours = QuietHours(time(2, 30), time(7))
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert hours.next_allowed(local("2026-10-25 02:45"), VIENNA) == change
    assert hours.next_allowed(local("2026-10-25 02:45", fold=1), VIENNA) == local("2026-10-25 07:00")


def test_a_day_that_a_country_left_out_is_no_trap() -> None:
    # Samoa went from the end of 2011-12-29 to the beginning of 2011-12-31.
    now = local("2011-12-29 23:00", "Pacific/Apia")
    assert NIGHT.next_allowed(now, "Pacific/Apia") == local("2011-12-31 07:00", "Pacific/Apia")


ZONES = st.sampled_from(
    ["UTC", VIENNA, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"]
)
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
# Nights in which some of these zones change their clocks, and any other time from 1975 to 2036.
NIGHTS = [datetime(*day, tzinfo=UTC) for day in ((2026, 3, 29), (2026, 10, 25), (2026, 4, 5), (2011, 12, 30))]
MOMENTS = st.one_of(
    st.builds(
        lambda night, minutes: night + timedelta(minutes=minutes), st.sampled_from(NIGHTS), st.integers(-3000, 3000)
    ),
    st.integers(0, 32_000_000).map(lambda minutes: datetime(1975, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)


@given(TIMES, TIMES, MOMENTS, ZONES)
def test_the_next_allowed_minute_is_the_first_that_is_not_quiet(
    start: time, end: time, now: datetime, zone: str
) -> None:
    if start == end:
        return
    hours = QuietHours(start, end)
    there = ZoneInfo(zone)

    def quiet(moment: datetime) -> bool:
        clock = moment.astimezone(there).time()
        return start <= clock < end if start < end else not end <= clock < start

    expected = now
    while quiet(expected):
        expected += timedelta(minutes=1)
    assert hours.next_allowed(now, zone) == expected


@given(TIMES, TIMES)
def test_hours_are_read_back_from_their_text(start: time, end: time) -> None:
    if start != end:
        assert QuietHours.parse(str(QuietHours(start, end))) == QuietHours(start, end)


@pytest.mark.parametrize("text", ["", "22:00", "24:00-07:00", "22-7", "22:00-07:60", "22:00 - 07:00", "22:00-29:00", 7])
def test_a_text_that_is_no_hours_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError, match="22:00-07:00"):
        QuietHours.parse(text)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("22:00", time(7), "start: must be a datetime.time"),
        (time(22), None, "end: must be"),
        (time(22, tzinfo=UTC), time(7), "each device's zone"),
        (time(22), time(7, 0, 1), "whole minute"),
        (time(22), time(22), "same as the start"),
    ],
)
def test_hours_that_are_none_are_refused(start: Any, end: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        QuietHours(start, end)


def test_a_naive_time_and_an_unknown_zone_are_refused() -> None:
    with pytest.raises(ValidationError, match="aware"):
        NIGHT.next_allowed(datetime(2026, 1, 1), VIENNA)  # noqa: DTZ001 - on purpose
    with pytest.raises(ValidationError, match="aware"):
        NIGHT.covers(7, VIENNA)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValidationError, match="time_zone"):
        NIGHT.next_allowed(datetime.now(UTC), "Mars/Olympus")
