"""Erasing keeps nothing about a person; tombstones expire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock
from tests.delivery.sending import register
from winpush import ConfigurationError, mpns
from winpush.delivery import Audience, BroadcastState, DeliveryState, Outbox
from winpush.delivery.storage.claims import claim_due
from winpush.delivery.storage.database import Database, to_millis
from winpush.delivery.storage.lanes import claim_lane
from winpush.delivery.storage.outcomes import record
from winpush.delivery.storage.rows import Record, Tried
from winpush.delivery.storage.schema import METADATA
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
PERSON = {
    "key": "lovelace-key",
    "device": "lovelace-device",
    "tags": {"lovelace-tag"},
    "attributes": {"name": "lovelace"},
}


def everything(url: str) -> str:
    """Everything in the tables."""
    database = Database(url)
    with database.read() as connection:
        rows = [str(row) for table in METADATA.sorted_tables for row in connection.execute(sa.select(table))]
    database.close()
    return "\n".join(rows)


def test_erasing_a_channel_keeps_nothing_of_its_person(outbox: Outbox, winpush_emulator: Emulator, url: str) -> None:
    first, second = (winpush_emulator.create_channel(state=state).uri for state in ("expired", "healthy"))
    number = outbox.register({"uri": first, **PERSON})
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()  # leaves a tombstone of the same device
    number = outbox.register({"uri": second, **PERSON})
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.remove(number, erase=True)
    left = everything(url)
    assert not [word for word in ("lovelace", first[-20:], second[-20:]) if word in left]
    attempts = list(outbox.history())
    assert [each.outcome for each in attempts] == ["channel-gone", "accepted"]
    assert {(each.message_id, each.detail) for each in attempts} == {(None, None)}
    assert {(info.short, info.gone_reason) for info in outbox.channels(gone=True)} == {("erased", "erased")}
    assert not outbox.remove(99, erase=True)


@pytest.mark.parametrize("is_lane", [True, False])
def test_who_is_erased_while_being_sent_to_has_no_ids_of_the_service_in_the_history(
    outbox: Outbox, winpush_emulator: Emulator, url: str, clock: Clock, is_lane: bool
) -> None:
    channels = [outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key}) for key in ("ada", "bob")]
    number = outbox.broadcast(TOAST) if is_lane else outbox.notify("ada", TOAST)
    database, now = Database(url), to_millis(clock())
    claim = claim_lane if is_lane else claim_due
    batch = database.run(lambda connection: claim(connection, "worker", now, 12_000, 10))
    assert batch is not None
    outbox.remove_key("ada", erase=True)
    records = [
        Record(number, each, "mpns", "delivered", "accepted", 1, now, tried=Tried(
            number, each, now, "accepted", 200, f"message {each}", "trace", "vector", "detail"
        ))
        for each in channels
        if is_lane or each == channels[0]
    ]  # fmt: skip
    database.run(lambda connection: record(connection, batch, records, now, 12_000, 10))
    database.close()
    found = {each.channel: (each.outcome, each.message_id, each.detail) for each in outbox.history()}
    assert found.pop(channels[0]) == ("accepted", None, None)
    assert found == ({channels[1]: ("accepted", "message 2", "detail")} if is_lane else {})


def test_erasing_a_key_erases_what_was_for_it_alone(outbox: Outbox, winpush_emulator: Emulator, url: str) -> None:
    uris = [winpush_emulator.create_channel().uri for _ in range(2)]
    outbox.register_many({"uri": uri, **PERSON, "device": f"lovelace-{uri[-5:]}"} for uri in uris)
    done = outbox.notify("lovelace-key", mpns.Toast("Dear lovelace"), name="for lovelace", idempotency_key="lovelace-1")
    outbox.deliver_until_idle()
    waiting = outbox.notify("lovelace-key", mpns.Toast("Dear lovelace"))
    assert outbox.remove_key("lovelace-key", erase=True) == 2
    assert "lovelace" not in everything(url)
    outbox.deliver_until_idle()
    assert outbox.progress(done).states == {DeliveryState.DELIVERED: 2}
    assert outbox.get_broadcast(waiting).state is BroadcastState.CANCELLED
    assert winpush_emulator.phones[0].accepted == 1


@pytest.mark.parametrize("tags", [set(), {"erased"}])
def test_what_was_for_an_erased_key_is_for_nobody_whatever_others_are_called(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock, tags: set[str]
) -> None:
    for key in ("erased", "ada"):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key, "tags": tags})
    number = outbox.broadcast(TOAST, Audience(keys={"ada"}), not_before=clock() + timedelta(days=1))
    assert outbox.remove_key("ada", erase=True) == 1
    assert outbox.progress(number, detailed=True).total == 0
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.CANCELLED
    assert outbox.progress(number).states == {}
    assert list(outbox.deliveries(number)) == []


def test_a_key_is_removed_with_tombstones_left(outbox: Outbox, winpush_emulator: Emulator) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "ada"})
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "bob"})
    assert outbox.remove_key("ada", "left") == 1
    assert outbox.remove_key("ada") == 0
    assert [info.gone_reason for info in outbox.channels(gone=True)] == ["left"]
    assert [info.key for info in outbox.channels()] == ["bob"]


def test_what_waits_for_an_erased_channel_ends_as_gone(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    (channel,) = register(outbox, winpush_emulator, state="queue-full")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    outbox.remove(channel, erase=True)
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.GONE: 1}


def test_tombstones_are_deleted_after_their_time_whatever_waits_for_them(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, url: str
) -> None:
    outbox = make_outbox(keep_gone=timedelta(days=30))
    old, young, live = register(outbox, winpush_emulator, 3)
    for number in (old, live):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": f"key {number}", "tags": {"news"}})
    waiting = outbox.notify("key 1", TOAST, not_before=clock() + timedelta(days=365))
    assert outbox.remove_key("key 1") == 1
    outbox.remove(old)
    clock.ahead += timedelta(days=20)
    outbox.remove(young)
    clock.ahead += timedelta(days=20)
    outbox.deliver_until_idle()
    assert [info.id for info in outbox.channels(gone=True)] == [young]
    assert [info.id for info in outbox.channels()] == [live, 5]
    assert "key 1" not in everything(url).replace('key 1"]', "")
    assert outbox.get_broadcast(waiting).state is BroadcastState.FINISHED
    assert outbox.progress(waiting).states == {DeliveryState.GONE: 1}


def test_tombstones_stay_until_every_broadcast_that_counts_them_has(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_gone=timedelta(days=1))
    first, _ = register(outbox, winpush_emulator, 2)
    number = outbox.broadcast(TOAST, not_before=clock() + timedelta(days=30))
    outbox.remove(first)
    clock.ahead += timedelta(days=20)
    outbox.deliver_until_idle()
    assert [info.id for info in outbox.channels(gone=True)] == [first]
    clock.ahead += timedelta(days=20)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.GONE: 1, DeliveryState.DELIVERED: 1}
    clock.ahead += timedelta(days=1)
    outbox.deliver_until_idle()
    assert not list(outbox.channels(gone=True))


def test_tombstones_are_kept_for_ever_where_that_is_set(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(keep_gone=None)
    (channel,) = register(outbox, winpush_emulator)
    outbox.remove(channel)
    clock.ahead += timedelta(days=10_000)
    outbox.deliver_until_idle()
    assert len(list(outbox.channels(gone=True))) == 1
    with pytest.raises(ConfigurationError, match="keep_gone"):
        make_outbox(keep_gone=timedelta())
