"""Channels reported gone at a rate that no real audience has are kept, and the broadcast stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.delivery.clock import Clock
from tests.delivery.sending import register
from winpush import ConfigurationError, mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.lanes import claim_lane
from winpush.delivery.storage.outcomes import record
from winpush.delivery.storage.rows import Record
from winpush.delivery.worker.gone_rate import GoneTally
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")


@pytest.mark.parametrize("batch", [500, 10])
def test_a_wave_of_gone_channels_stops_the_broadcast_and_keeps_them(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, batch: int, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=batch, batches=1, store_after=batch))
    register(outbox, winpush_emulator, 60, state="expired")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.STOPPED
    assert "MPNS reported" in (progress.stop_reason or "")
    assert len(list(outbox.channels())) == 60
    assert caplog.text.count("has stopped itself") == 1


def test_a_registration_that_took_the_place_of_a_gone_one_stays_the_only_one(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    uris = [winpush_emulator.create_channel(state="expired").uri for _ in range(60)]
    again: list[int] = []

    def register_anew(_event: object) -> None:
        if not again and any(info.id == 1 for info in outbox.channels(gone=True)):
            again.append(outbox.register(uris[0]))

    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=1, store_after=10), hooks=[register_anew])
    outbox.register_many(uris)
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert {info.id for info in outbox.channels()} == {*range(2, 61), *again}


def test_who_was_erased_or_removed_meanwhile_is_not_brought_back(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    done: list[object] = []

    def leave(_event: object) -> None:
        if not done and len(list(outbox.channels(gone=True))) >= 4:
            done.append(outbox.remove_key("person 0", erase=True))
            done.append(outbox.remove(2, erase=True))
            done.append(outbox.remove(3, "opted out"))
            done.append(outbox.remove_key("person 3", "opted out"))

    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=1, store_after=10), hooks=[leave])
    for person in range(60):
        outbox.register({"uri": winpush_emulator.create_channel(state="expired").uri, "key": f"person {person}"})
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.STOPPED
    assert done == [1, True, False, 0]
    reasons = {info.id: info.gone_reason for info in outbox.channels(gone=True)}
    assert reasons == {1: "erased", 2: "erased", 3: "opted out", 4: "opted out"}
    assert {info.id for info in outbox.channels()} == {*range(5, 61)}


def test_a_reason_that_the_caller_gave_first_stays(outbox: Outbox, winpush_emulator: Emulator) -> None:
    (channel,) = register(outbox, winpush_emulator)
    assert outbox.remove(channel, "left")
    assert not outbox.remove(channel)
    assert [info.gone_reason for info in outbox.channels(gone=True)] == ["left"]


def test_a_broadcast_that_was_deleted_meanwhile_is_passed_over(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock
) -> None:
    """The tally of a worker remembers more than is kept."""
    (channel,) = register(outbox, winpush_emulator)
    number = outbox.broadcast(TOAST)
    lease, now = 12_000, to_millis(clock())
    database = Database(url)
    batch = database.run(lambda connection: claim_lane(connection, "worker", now, lease, 10))
    assert batch is not None
    sent = [Record(number, channel, "mpns", DeliveryState.DELIVERED.value, "accepted", 1, now)]
    doubted = {number + 1: "It was deleted long ago", number: "What it was told can't be true"}
    written = database.run(lambda connection: record(connection, batch, sent, now, lease, 10, doubted=doubted))
    database.close()
    assert list(written.stopped) == [number]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1}


def test_an_audience_of_which_some_are_gone_is_sent_to_as_ever(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(settings=WorkerSettings(gone_at_least=5))
    register(outbox, winpush_emulator, 95)
    register(outbox, winpush_emulator, 5, state="expired")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 95, DeliveryState.GONE: 5}
    assert len(list(outbox.channels())) == 95


def test_any_share_is_believed_where_that_is_allowed(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(settings=WorkerSettings(most_gone=None))
    register(outbox, winpush_emulator, 60, state="expired")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.GONE: 60}
    assert list(outbox.channels()) == []


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match="most_gone"):
        WorkerSettings(most_gone=share)


def records(service: str, state: DeliveryState, count: int) -> list[Record]:
    outcome = "accepted" if state is DeliveryState.DELIVERED else "channel-gone"
    return [Record(1, number, service, state.value, outcome, 1, 0) for number in range(count)]


def test_a_wave_at_one_service_is_noticed_whatever_the_other_answers() -> None:
    tally = GoneTally(0.8, 50)
    assert tally.add(records("mpns", DeliveryState.DELIVERED, 1000)) == {}
    assert list(tally.add(records("wns", DeliveryState.GONE, 60))) == [1]


def test_a_wave_in_the_middle_of_a_large_broadcast_is_noticed() -> None:
    tally = GoneTally(0.8, 50)
    for _ in range(1000):
        assert tally.add(records("wns", DeliveryState.DELIVERED, 500)) == {}
    waves = (tally.add(records("wns", DeliveryState.GONE, 500)) for _ in range(20))
    assert any(waves)


@pytest.mark.parametrize("batch", [500, 10])
def test_a_wave_of_single_notifications_to_gone_channels_keeps_them(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, batch: int
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=batch, batches=1, store_after=batch))
    for person in range(60):
        outbox.register({"uri": winpush_emulator.create_channel(state="expired").uri, "key": f"person {person}"})
    numbers = [outbox.notify(f"person {person}", TOAST) for person in range(60)]
    outbox.deliver_until_idle()
    assert len(list(outbox.channels())) == 60
    progress = outbox.progress(numbers[-1])
    assert progress.state is BroadcastState.STOPPED
    assert "single notifications" in (progress.stop_reason or "")


def single(number: int, state: DeliveryState, service: str = "wns") -> list[Record]:
    return [record._replace(broadcast=number) for record in records(service, state, 1)]


def test_single_notifications_that_come_after_many_good_ones_are_noticed_within_hundreds() -> None:
    tally = GoneTally(0.8, 50)
    for number in range(10_000):
        assert tally.add(single(number, DeliveryState.DELIVERED)) == {}
    assert any(tally.add(single(number, DeliveryState.GONE)) for number in range(10_000, 10_300))


def test_single_notifications_of_which_some_are_gone_are_believed() -> None:
    tally = GoneTally(0.8, 50)
    for number in range(10_000):
        assert tally.add(single(number, DeliveryState.DELIVERED if number % 3 else DeliveryState.GONE)) == {}


def test_single_notifications_of_the_other_service_say_nothing() -> None:
    tally = GoneTally(0.8, 50)
    for number in range(49):
        assert tally.add(single(number, DeliveryState.GONE)) == {}
        assert tally.add(single(1000 + number, DeliveryState.GONE, "mpns")) == {}
    assert set(tally.add(single(49, DeliveryState.GONE))) == set(range(50))


def test_a_broadcast_that_can_be_judged_by_itself_does_not_count_among_the_single_ones() -> None:
    tally = GoneTally(0.8, 50)
    for number in range(45):
        tally.add(single(number, DeliveryState.GONE))
    large = records("wns", DeliveryState.GONE, 20) + records("wns", DeliveryState.DELIVERED, 80)
    assert tally.add([record._replace(broadcast=900) for record in large]) == {}


def test_channels_that_were_gone_before_the_send_are_no_answers() -> None:
    removed = [Record(1, number, "wns", DeliveryState.GONE.value, None, 0, 0) for number in range(100)]
    assert GoneTally(0.8, 50).add(removed) == {}
