"""Notifications for one person leave in order, one after the other, and wait for no clock."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import accepted
from winpush import AsyncClient, mpns
from winpush.delivery import Content, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.rows import Batch, Lane, Target
from winpush.delivery.worker.batch import Batches, Sending
from winpush.delivery.worker.login import Login
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.policy import SendPlan
from winpush.delivery.worker.store import Store
from winpush.emulator import Emulator, Phone


@pytest.fixture
def clock() -> Clock:
    """A stopped clock: what would have to wait for a later time is never sent."""
    return StillClock()


@contextmanager
def commits() -> Iterator[list[sa.Connection]]:
    """The write transactions that were committed."""
    written: list[sa.Connection] = []

    def count(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("winpush_writes"):
            written.append(connection)

    event.listen(sa.Engine, "commit", count)
    try:
        yield written
    finally:
        event.remove(sa.Engine, "commit", count)


def toast(number: int) -> mpns.Toast:
    return mpns.Toast(f"{number}")


def texts(emulator: Emulator, phone: Phone) -> list[str]:
    """The texts of the notifications that the phone accepted, in the order in which they came."""
    mine = [each.body for each in emulator.requests if each.phone == phone.id and each.status == 200]
    return [found[1] for body in mine if (found := re.search("Text1>([^<]*)<", body))]


def test_a_burst_to_one_person_arrives_in_order_without_a_wait(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox, phone = make_outbox(), winpush_emulator.create_channel()
    outbox.register({"uri": phone.uri, "key": "ada"})
    for number in range(200):
        outbox.notify("ada", toast(number))
    with commits() as written:
        outbox.deliver_until_idle()
    assert texts(winpush_emulator, phone) == [str(number) for number in range(200)]
    assert len(written) < 20


def test_bursts_to_several_people_each_arrive_in_order(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=30, batches=3))
    phones = [winpush_emulator.create_channel() for _ in range(10)]
    for number, phone in enumerate(phones):
        outbox.register({"uri": phone.uri, "key": f"person {number}"})
    for number in range(40):
        for person in range(10):
            outbox.notify(f"person {person}", toast(number))
    outbox.deliver_until_idle()
    assert {tuple(texts(winpush_emulator, phone)) for phone in phones} == {tuple(str(number) for number in range(40))}


def test_what_a_service_asks_to_wait_holds_for_the_rest_of_the_burst(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox, phone = make_outbox(), winpush_emulator.create_channel(state="inactive")
    outbox.register({"uri": phone.uri, "key": "ada"})
    numbers = [outbox.notify("ada", toast(number)) for number in range(5)]
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 1
    assert all(outbox.progress(number).waiting == 1 for number in numbers)
    winpush_emulator.change(phone, state="healthy")
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert Counter(texts(winpush_emulator, phone)) == Counter(str(number) for number in range(5))


def test_notifications_to_channels_of_parcels_go_one_at_a_time_and_in_order(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    clock = Clock()
    outbox = make_outbox(settings=WorkerSettings(batch=20, batches=4), clock=clock)
    phones = [winpush_emulator.create_channel(state="queue-full") for _ in range(40)]
    for number, phone in enumerate(phones):
        outbox.register({"uri": phone.uri, "key": f"person {number}"})
    broadcasts = [outbox.broadcast(toast(99)) for _ in range(2)]
    outbox.deliver_until_idle()
    assert [outbox.progress(number).waiting for number in broadcasts] == [40, 40]
    for phone in phones:
        winpush_emulator.change(phone, state="healthy")
    clock.ahead += timedelta(hours=1)
    for number in range(4):
        for person in range(40):
            outbox.notify(f"person {person}", toast(number))
    outbox.deliver_until_idle()
    for phone in phones:
        assert [text for text in texts(winpush_emulator, phone) if text != "99"] == ["0", "1", "2", "3"]
    assert accepted(winpush_emulator) == [6] * 40


def test_a_burst_that_takes_long_gives_its_place_up_and_goes_on_in_order(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    """With one batch at a time that takes two hundred, two hundred slow ones would keep all others from being sent."""
    outbox, phone = make_outbox(settings=WorkerSettings(turn=timedelta())), winpush_emulator.create_channel()
    other = winpush_emulator.create_channel()
    outbox.register({"uri": phone.uri, "key": "ada"})
    outbox.register({"uri": other.uri, "key": "bob"})
    numbers = [outbox.notify("ada", toast(number)) for number in range(8)]
    outbox.notify("bob", toast(0))
    outbox.deliver_until_idle()
    assert texts(winpush_emulator, phone) == [str(number) for number in range(8)]
    assert {tuple(outbox.progress(number).states.items()) for number in numbers} == {((DeliveryState.DELIVERED, 1),)}
    assert accepted(winpush_emulator) == [8, 1]


@pytest.mark.parametrize("times", [1, 2])
def test_a_notification_claimed_in_the_same_moment_as_a_parcel_of_its_channel_keeps_its_place(
    times: int, tmp_path: Path
) -> None:
    """The parcel is claimed by a place's last write, and the notification before the worker has noted it."""
    clock = StillClock()
    batches = Batches(
        Store(Database(f"sqlite:///{tmp_path}/push.db"), Outages("worker", time.monotonic), time.monotonic),
        Login("worker", {}),
        None,
        now=lambda: to_millis(clock()),
        monotonic=time.monotonic,
        turn=timedelta(seconds=1),
        wake=lambda: None,
    )
    plan = SendPlan(1, Content(mpns=toast(0)), None, 5, resend_unanswered=False)
    target = Target(1, 0, 7, "http://db3.notify.live.net/u/1/db3/a/b", "mpns", *[None] * 9)
    parcel = Batch("first", {1: None}, (target,), Lane(1, 1, 0, 7, 7, 0, has_gaps=False, parcel=1))
    due = Batch("second", {1: None}, (target,) * times)
    batches.take(parcel)
    batches.take(due)
    sending = Sending(due, {1: plan}, {})

    async def send() -> None:
        async with AsyncClient() as client:
            await batches.send(client, sending, 1, fail, 10)

    async def fail(_: object) -> None:
        raise AssertionError

    asyncio.run(send())
    assert [(each.state, each.due) for each in sending.done] == [(DeliveryState.WAITING.value, 0)] * times
    batches.end(parcel)
    assert batches.busy == (7,)  # until it is written that it waits
    batches.end(due)
    assert not batches.busy
