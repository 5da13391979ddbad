"""Equal outcomes in a batch are one row, and are read as if each channel had its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock
from tests.delivery.sending import register
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import attempts, deliveries, segments
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
STATES = ("healthy", "expired", "healthy", "queue-full", "inactive")
CHANNELS = 40


@pytest.fixture
def outbox(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> Outbox:
    """Batches of 8 channels with four kinds of outcomes, each sent to once."""
    made = make_outbox(settings=WorkerSettings(batch=8, batches=2))
    for number in range(CHANNELS):
        uri = winpush_emulator.create_channel(state=STATES[number % len(STATES)]).uri
        made.register({"uri": uri, "key": f"user {number % 10}"})
    return made


def rows(url: str, *tables: sa.Table) -> Iterator[list[Any]]:
    database = Database(url)
    with database.read() as connection:
        for table in tables:
            yield list(connection.execute(sa.select(table)))
    database.close()


def test_a_batch_of_channels_that_end_alike_is_one_row(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=100, batches=1))
    register(outbox, winpush_emulator, 100)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    packed, single, tried = rows(url, segments, deliveries, attempts)
    assert [(row.state, row.number) for row in packed] == [("delivered", 50), ("delivered", 50)]
    assert (single, tried) == ([], [])
    assert [each.channel for each in outbox.deliveries(number)] == list(range(1, 101))
    history = list(outbox.history(broadcast=number))
    assert {each.channel for each in history} == set(range(1, 101))
    assert all(each.message_id for each in history)
    assert len({each.id for each in history}) == 100


def test_deliveries_and_attempts_are_read_in_order_from_any_place(outbox: Outbox, clock: Clock) -> None:
    first, second = outbox.broadcast(TOAST), outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(hours=1)
    outbox.notify("user 2", TOAST)
    outbox.deliver_until_idle()
    for number in (first, second):
        every = list(outbox.deliveries(number))
        assert [each.channel for each in every] == list(range(1, CHANNELS + 1))
        for state in DeliveryState:
            assert list(outbox.deliveries(number, state=state)) == [each for each in every if each.state is state]
    oldest = list(outbox.history())
    ids = [each.id for each in oldest]
    assert ids == sorted(set(ids))
    newest = list(outbox.history(newest_first=True))
    assert newest == oldest[::-1]
    for place in range(0, len(oldest), 7):
        assert list(outbox.history(after=ids[place])) == oldest[place + 1 :]
        assert list(outbox.history(after=newest[place].id, newest_first=True)) == newest[place + 1 :]


def test_the_history_is_chosen_from_by_channel_key_outcome_broadcast_and_time(outbox: Outbox, clock: Clock) -> None:
    numbers = [outbox.broadcast(TOAST)]
    outbox.deliver_until_idle()
    clock.ahead += timedelta(minutes=1)
    middle = clock()
    numbers.append(outbox.broadcast(TOAST))
    outbox.notify("user 3", TOAST)
    outbox.deliver_until_idle()
    every = list(outbox.history())
    assert {each.broadcast for each in every} >= set(numbers)
    assert list(outbox.history(channel=3)) == [each for each in every if each.channel == 3]
    of_key = {channel.id for channel in outbox.channels(gone=None) if channel.key == "user 3"}
    assert len(of_key) == 4
    assert list(outbox.history(key="user 3")) == [each for each in every if each.channel in of_key]
    for outcome in {each.outcome for each in every}:
        assert list(outbox.history(outcome=outcome)) == [each for each in every if each.outcome == outcome]
    assert list(outbox.history(broadcast=numbers[1])) == [each for each in every if each.broadcast == numbers[1]]
    assert list(outbox.history(since=middle)) == [each for each in every if each.at >= middle]
    assert list(outbox.history(until=middle)) == [each for each in every if each.at < middle]
    chosen = [each for each in every if each.broadcast == numbers[0] and each.channel == 6]
    assert list(outbox.history(broadcast=numbers[0], channel=6)) == chosen != []


def test_erasing_a_channel_takes_its_ids_out_of_segments_and_leaves_the_others(outbox: Outbox) -> None:
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    before = {each.channel: each for each in outbox.history(broadcast=number)}
    outbox.remove(1, erase=True)
    outbox.remove(38, erase=True)
    after = {each.channel: each for each in outbox.history(broadcast=number)}
    assert after.keys() == before.keys()
    for channel, attempt in after.items():
        if channel in (1, 38):
            assert (attempt.message_id, attempt.debug_trace, attempt.detail) == (None, None, None)
            assert attempt.outcome == before[channel].outcome
        else:
            assert attempt == before[channel]


def test_an_old_history_is_emptied_and_its_broadcast_stays_until_it_is_old_itself(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, url: str
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=8, batches=2), keep_history=timedelta(days=1))
    register(outbox, winpush_emulator, 20)
    waiting = outbox.register(winpush_emulator.create_channel(state="queue-full").uri)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=2)
    outbox.pause(number)
    outbox.deliver_until_idle()
    assert list(outbox.history()) == []
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 20, DeliveryState.WAITING: 1}
    assert [each.channel for each in outbox.deliveries(number)] == [*range(1, 21), waiting]
    outbox.cancel(number)
    outbox.deliver_until_idle()
    clock.ahead += timedelta(days=2)
    outbox.deliver_until_idle()
    assert list(outbox.list_broadcasts()) == []
    assert list(rows(url, segments, deliveries, attempts)) == [[], [], []]


def test_a_cancelled_broadcast_has_segments_of_what_it_never_sent(outbox: Outbox, clock: Clock, url: str) -> None:
    number = outbox.broadcast(TOAST, not_before=clock() + timedelta(hours=1))
    outbox.cancel(number)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.CANCELLED: CHANNELS}
    assert {each.state for each in outbox.deliveries(number)} == {DeliveryState.CANCELLED}
    assert list(outbox.history()) == []
    packed, single = rows(url, segments, deliveries)
    assert (len(packed), single) == (1, [])


def test_ids_of_attempts_go_on_when_all_of_them_have_been_deleted(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    """Whoever reads on behind the last one that it has seen would see nothing more."""
    outbox = make_outbox(keep_history=timedelta(days=1))
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    last = 0
    for _ in range(3):
        outbox.broadcast(TOAST)
        outbox.notify("ada", TOAST)
        outbox.deliver_until_idle()
        found = [each.id for each in outbox.history(after=last)]
        assert len(found) == 2
        last = max(found)
        clock.ahead += timedelta(days=3)
        outbox.deliver_until_idle()
        assert list(outbox.history()) == []
