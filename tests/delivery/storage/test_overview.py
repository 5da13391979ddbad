"""How large a broadcast is, and what is waiting in it for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import register
from winpush import mpns
from winpush.delivery import Audience, Outbox, QuietHours, Wait
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")


@pytest.fixture
def clock() -> Clock:
    return StillClock()


def waits(outbox: Outbox, number: int) -> set[tuple[str, int]]:
    return {(wait.reason, wait.number) for wait in outbox.progress(number, detailed=True).waits}


def test_the_total_is_that_of_the_audience_from_the_beginning_to_the_end(
    outbox: Outbox, winpush_emulator: Emulator
) -> None:
    for number in range(10):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "tags": {"news"} if number < 7 else ()})
    broadcast = outbox.broadcast(TOAST, Audience(any_tags={"news"}))
    before = outbox.progress(broadcast, detailed=True)
    assert (before.total, before.done, before.waits) == (7, 0, (Wait("due", 7),))
    outbox.deliver_until_idle()
    after = outbox.progress(broadcast, detailed=True)
    assert (after.total, after.done, after.waits) == (7, 7, ())
    assert outbox.progress(broadcast).total is None


def test_what_waits_for_quiet_hours_says_until_when(outbox: Outbox, winpush_emulator: Emulator, clock: Clock) -> None:
    clock.ahead += datetime(2026, 11, 27, 22, 30, tzinfo=UTC) - clock()
    for zone in ("UTC", "Asia/Tokyo", "Europe/London"):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "time_zone": zone})
    number = outbox.broadcast(TOAST, quiet_hours=QuietHours(time(22), time(7)))
    outbox.deliver_until_idle()
    (wait,) = outbox.progress(number, detailed=True).waits
    assert (wait.reason, wait.number) == ("quiet-hours", 2)
    assert wait.next_at == datetime(2026, 11, 28, 7, tzinfo=ZoneInfo("UTC"))


def test_each_reason_to_wait_is_told_apart(outbox: Outbox, winpush_emulator: Emulator, clock: Clock) -> None:
    register(outbox, winpush_emulator, 2, state="queue-full")
    register(outbox, winpush_emulator, 1, state="inactive")
    first = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert waits(outbox, first) == {("queue-full", 2), ("device-inactive", 1)}
    second = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert ("asked-to-wait", 1) in waits(outbox, second)
    outbox.pause(second)
    assert waits(outbox, second) == {("paused", 3)}
    later = outbox.broadcast(TOAST, not_before=clock() + timedelta(hours=1))
    assert outbox.progress(later, detailed=True).waits == (
        Wait("not-before", 3, outbox.get_broadcast(later).not_before),
    )
    clock.ahead += timedelta(hours=3)
    assert waits(outbox, first) == {("due", 3)}


def test_a_limited_broadcast_waits_for_its_rate(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> None:
    outbox = make_outbox()
    register(outbox, winpush_emulator, 20)
    number = outbox.broadcast(TOAST, rate=5)
    assert waits(outbox, number) == {("rate", 20)}
    assert outbox.progress(number, detailed=True).total == 20


def test_the_history_is_read_from_its_newest_end_and_by_key(outbox: Outbox, winpush_emulator: Emulator) -> None:
    for key in ("ada", "bob"):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key})
    for _ in range(3):
        outbox.notify("ada", TOAST)
        outbox.notify("bob", TOAST)
        outbox.deliver_until_idle()
    newest = list(outbox.history(newest_first=True))
    assert newest == list(outbox.history())[::-1]
    assert list(outbox.history(newest_first=True, after=newest[1].id)) == newest[2:]
    assert {each.channel for each in outbox.history(key="bob")} == {2}
    outbox.remove(2)
    assert len(list(outbox.history(key="bob", newest_first=True))) == 3
    assert list(outbox.history(key="nobody")) == []
