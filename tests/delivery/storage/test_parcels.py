"""Channels that wait together in a batch are one row, and continue as if each had its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import accepted, register
from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, QuietHours, WorkerSettings
from winpush.delivery.storage import parcels, schedule
from winpush.delivery.storage.database import Database, Millis, to_millis
from winpush.delivery.storage.rows import Record
from winpush.delivery.storage.schema import deliveries, lanes, segments
from winpush.emulator import Emulator, Fault

TOAST = mpns.Toast("Hello")
BATCH = 20
CHANNELS = 100
HOUR: Millis = 3_600_000


@pytest.fixture
def clock() -> Clock:
    """A clock stopped at 22:30, so that the test knows when the waiting rows are due."""
    clock = StillClock()
    clock.ahead += datetime(2030, 1, 1, 22, 30, tzinfo=UTC) - clock()
    return clock


@pytest.fixture
def outbox(make_outbox: Callable[..., Outbox]) -> Outbox:
    return make_outbox(settings=WorkerSettings(batch=2 * BATCH, batches=2))


def waiting_rows(url: str) -> tuple[int, int]:
    """How many parcels there are, and how many channels wait in their own rows."""
    database = Database(url)
    with database.read() as connection:
        counted = [
            connection.scalar(sa.select(sa.func.count()).select_from(table).where(is_waiting)) or 0
            for table, is_waiting in (
                (lanes, sa.and_(lanes.c.parcel > 0, lanes.c.cursor < lanes.c.last)),
                (deliveries, deliveries.c.due.is_not(None)),
            )
        ]
    database.close()
    return counted[0], counted[1]


def next_at(url: str, clock: Clock) -> Millis | None:
    database = Database(url)
    with database.read() as connection:
        found = schedule.next_at(connection, to_millis(clock()))
    database.close()
    return found


def in_quiet_hours(
    outbox: Outbox, emulator: Emulator, count: int = CHANNELS, expires_at: datetime | None = None
) -> int:
    """A broadcast of which all channels wait until seven in the morning."""
    uris = [emulator.create_channel().uri for _ in range(count)]
    outbox.register_many({"uri": uri, "time_zone": "UTC", "key": f"user {n}"} for n, uri in enumerate(uris, 1))
    number = outbox.broadcast(TOAST, quiet_hours=QuietHours(time(22), time(7)), expires_at=expires_at)
    outbox.deliver_until_idle()
    return number


# --- what it is -------------------------------------------------------------------------------------------------------


def test_a_broadcast_in_quiet_hours_writes_a_row_for_each_batch(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock
) -> None:
    number = in_quiet_hours(outbox, winpush_emulator)
    assert waiting_rows(url) == (CHANNELS // BATCH, 0)
    morning = datetime(2030, 1, 2, 7, tzinfo=UTC)
    for each in (waits := list(outbox.deliveries(number))):
        assert (each.state, each.outcome, each.waits_for) == (DeliveryState.WAITING, None, "quiet-hours")
        assert (each.attempts, each.due, each.at) == (0, morning, clock().replace(microsecond=each.at.microsecond))
    assert [each.channel for each in waits] == list(range(1, CHANNELS + 1))
    assert list(outbox.deliveries(number, state=DeliveryState.WAITING)) == waits
    assert list(outbox.deliveries(number, state=DeliveryState.DELIVERED)) == []
    progress = outbox.progress(number, detailed=True)
    assert (progress.states, progress.reached) == ({DeliveryState.WAITING: CHANNELS}, CHANNELS)
    ((reason, count, until),) = [(each.reason, each.number, each.next_at) for each in progress.waits]
    assert (reason, count, until, progress.total) == ("quiet-hours", CHANNELS, morning, CHANNELS)
    assert next_at(url, clock) == to_millis(morning)
    database = Database(url)
    with database.read() as connection:
        assert schedule.depths(connection) == (CHANNELS, 0)
    database.close()
    clock.ahead += timedelta(hours=9)
    assert outbox.progress(number, detailed=True).waits[0].reason == "due"
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: CHANNELS}
    assert outbox.progress(number).state is BroadcastState.FINISHED
    assert accepted(winpush_emulator) == [1] * CHANNELS
    assert waiting_rows(url) == (0, 0)
    assert next_at(url, clock) is None


STATES = ("healthy", "expired", "queue-full", "inactive", "healthy")


def test_a_wave_of_retries_with_all_kinds_of_outcomes_ends_each_channel_once(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str, clock: Clock
) -> None:
    outbox = make_outbox()
    phones = [winpush_emulator.create_channel(state="queue-full") for _ in range(500)]
    outbox.register_many(phone.uri for phone in phones)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert waiting_rows(url) == (1, 0)
    assert outbox.progress(number).states == {DeliveryState.WAITING: 500}
    for place, phone in enumerate(phones):
        winpush_emulator.change(phone, state=STATES[place % 5])
    clock.ahead += timedelta(hours=1)
    outbox.deliver_until_idle()
    assert waiting_rows(url) == (2, 0)
    by_state = Counter(each.state for each in outbox.deliveries(number))
    assert by_state == {DeliveryState.DELIVERED: 200, DeliveryState.GONE: 100, DeliveryState.WAITING: 200}
    assert outbox.progress(number).states == by_state
    assert [each.channel for each in outbox.deliveries(number)] == list(range(1, 501))
    (wait,) = [each for each in outbox.deliveries(number) if each.channel == 8]
    assert (wait.outcome, wait.attempts) == ("queue-full", 2)
    for place, phone in enumerate(phones):
        if STATES[place % 5] != "expired":
            winpush_emulator.change(phone, state="healthy")
    clock.ahead += timedelta(days=1)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 400, DeliveryState.GONE: 100}
    assert waiting_rows(url) == (0, 0)
    history = list(outbox.history(broadcast=number))
    assert Counter(each.outcome for each in history) == {
        "queue-full": 600,
        "accepted": 400,
        "channel-gone": 100,
        "device-inactive": 100,
    }
    assert len({each.id for each in history}) == len(history)
    assert [each.outcome for each in outbox.history(channel=3)] == ["queue-full", "queue-full", "accepted"]


def entries(dues: Sequence[Millis], outcome: str = "queue-full", attempts: int = 1) -> list[Record]:
    waiting = DeliveryState.WAITING.value
    return [Record(1, number, "mpns", waiting, outcome, attempts, 0, due) for number, due in enumerate(dues, 1)]


def test_what_is_due_within_a_quarter_of_its_wait_waits_together() -> None:
    (group,), rest = parcels.grouped(entries([4000 + 10 * each for each in range(101)]), 500)
    assert (len(group), rest) == (101, [])
    groups, rest = parcels.grouped(entries([4000] * 50 + [5000] * 50 + [5001] * 50), 500)
    assert ([len(group) for group in groups], rest) == ([100, 50], [])
    morning = 8 * HOUR
    groups, rest = parcels.grouped(entries([morning] * 50 + [morning + HOUR] * 50), 500)
    assert ([len(group) for group in groups], rest) == ([50, 50], [])


def test_what_differs_waits_apart_and_what_is_little_stays_in_rows() -> None:
    different = entries([5] * 50) + entries([5] * 50, "throttled") + entries([5] * 50, attempts=2)
    groups, rest = parcels.grouped(different, 500)
    assert ([len(group) for group in groups], rest) == ([50, 50, 50], [])
    groups, rest = parcels.grouped(entries([5] * 30), 500)
    assert (groups, len(rest)) == ([], 30)
    assert parcels.grouped(entries([5]), 1)[0] == []


# --- what users do to it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["cancel", "expire"])
def test_what_waits_in_parcels_ends_with_its_broadcast(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock, way: str
) -> None:
    morning = datetime(2030, 1, 2, 8, tzinfo=UTC)
    number = in_quiet_hours(outbox, winpush_emulator, expires_at=morning if way == "expire" else None)
    assert waiting_rows(url) == (CHANNELS // BATCH, 0)
    if way == "cancel":
        outbox.cancel(number)
    else:
        clock.ahead += timedelta(hours=12)
    outbox.deliver_until_idle()
    state = {"cancel": DeliveryState.CANCELLED, "expire": DeliveryState.EXPIRED}[way]
    assert outbox.progress(number).states == {state: CHANNELS}
    assert [each.channel for each in outbox.deliveries(number, state=state)] == list(range(1, CHANNELS + 1))
    assert outbox.progress(number).state.value == state.value
    assert waiting_rows(url) == (0, 0)
    assert accepted(winpush_emulator) == [0] * CHANNELS


def test_what_is_cancelled_after_an_attempt_keeps_its_number(outbox: Outbox, winpush_emulator: Emulator) -> None:
    register(outbox, winpush_emulator, 40, state="queue-full")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    outbox.cancel(number)
    outbox.deliver_until_idle()
    assert {(each.state, each.attempts) for each in outbox.deliveries(number)} == {(DeliveryState.CANCELLED, 1)}
    assert len(list(outbox.history(broadcast=number))) == 40


def test_a_pause_lasts_beyond_the_time_at_which_parcels_are_due(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock, url: str
) -> None:
    number = in_quiet_hours(outbox, winpush_emulator)
    outbox.pause(number)
    assert next_at(url, clock) is None
    assert outbox.progress(number, detailed=True).waits[0].reason == "paused"
    assert {each.due for each in outbox.deliveries(number)} == {datetime(2030, 1, 2, 7, tzinfo=UTC)}
    clock.ahead += timedelta(hours=12)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.WAITING: CHANNELS}
    outbox.resume(number)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: CHANNELS}


def test_channels_that_change_while_they_wait_are_sent_to_as_they_are_then(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, url: str
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=2 * BATCH, batches=2), keep_gone=timedelta(hours=1))
    phones = [winpush_emulator.create_channel() for _ in range(10)]
    people = [{"uri": phone.uri, "time_zone": "UTC", "device": f"{n}"} for n, phone in enumerate(phones, 1)]
    outbox.register_many(people)
    number = outbox.broadcast(TOAST, quiet_hours=QuietHours(time(22), time(7)))
    outbox.deliver_until_idle()
    assert waiting_rows(url) == (1, 0)
    outbox.remove(2)  # and is forgotten before it is due
    outbox.remove(3, erase=True)
    clock.ahead += timedelta(hours=8)
    outbox.deliver_until_idle()
    assert list(outbox.channels(gone=True)) == []
    outbox.remove(4)
    outbox.remove(5, erase=True)
    new = winpush_emulator.create_channel()
    assert outbox.register({**people[5], "uri": new.uri}) == 6
    clock.ahead += timedelta(minutes=30)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 6, DeliveryState.GONE: 4}
    gone = [each.channel for each in outbox.deliveries(number, state=DeliveryState.GONE)]
    assert gone == [2, 3, 4, 5]
    assert (phones[5].accepted, new.accepted) == (0, 1)
    assert len(list(outbox.deliveries(number))) == 10


def test_an_old_history_is_emptied_while_its_channels_wait(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, url: str
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=2 * BATCH, batches=2), keep_history=timedelta(days=1))
    phones = [winpush_emulator.create_channel(state="queue-full") for _ in range(CHANNELS)]
    outbox.register_many(phone.uri for phone in phones)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert len(list(outbox.history(broadcast=number))) == CHANNELS
    outbox.pause(number)
    clock.ahead += timedelta(days=2)
    outbox.deliver_until_idle()
    assert list(outbox.history()) == []
    assert {each.outcome for each in outbox.deliveries(number)} == {"queue-full"}
    database = Database(url)
    with database.read() as connection:
        assert connection.execute(sa.select(segments)).all() == []
    database.close()
    for phone in phones:
        winpush_emulator.change(phone, state="healthy")
    outbox.resume(number)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: CHANNELS}
    clock.ahead += timedelta(days=2)
    outbox.deliver_until_idle()
    assert list(outbox.list_broadcasts()) == []
    database = Database(url)
    with database.read() as connection:
        assert connection.execute(sa.select(lanes)).all() == []
    database.close()


def test_erasing_a_channel_takes_its_ids_out_of_attempts_whose_channels_wait(
    outbox: Outbox, winpush_emulator: Emulator
) -> None:
    register(outbox, winpush_emulator, 40, state="queue-full")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert all(each.detail for each in outbox.history(broadcast=number))
    outbox.remove(7, erase=True)
    assert [each.channel for each in outbox.history(broadcast=number) if not each.detail] == [7]


def test_refusals_of_parcels_add_up_until_the_broadcast_stops(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    phones = [winpush_emulator.create_channel(state="queue-full") for _ in range(CHANNELS)]
    outbox.register_many(phone.uri for phone in phones)
    number = outbox.broadcast(TOAST, stop_after=BATCH + BATCH // 2)
    outbox.deliver_until_idle()
    winpush_emulator.faults.add(Fault(status=401))
    clock.ahead += timedelta(hours=1)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.STOPPED
    assert "consecutive sends" in (progress.stop_reason or "")
    assert progress.states[DeliveryState.STOPPED] >= CHANNELS - 3 * BATCH


def test_channels_of_parcels_that_are_all_reported_gone_are_kept(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    phones = [winpush_emulator.create_channel(state="queue-full") for _ in range(CHANNELS)]
    outbox.register_many(phone.uri for phone in phones)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    for phone in phones:
        winpush_emulator.change(phone, state="expired")
    clock.ahead += timedelta(hours=1)
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.STOPPED
    assert len(list(outbox.channels())) == CHANNELS
