"""The store against a simple model of it: whatever workers and users do, in whatever order, the promise is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.delivery.leases import end_leases
from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox
from winpush.delivery.states import FINAL, StateError
from winpush.delivery.storage import claims, finalize, lanes, outcomes
from winpush.delivery.storage.database import Database, Millis, to_millis
from winpush.delivery.storage.rows import Batch, Effect, Record
from winpush.delivery.storage.schema import METADATA

LEASE: Millis = 30_000
NOTHING = Batch("nobody", {}, ())
ENDED = {BroadcastState.FINISHED, BroadcastState.CANCELLED, BroadcastState.STOPPED, BroadcastState.EXPIRED}


class Machine(RuleBasedStateMachine):
    """Channels, broadcasts, and workers that claim, write, crash and are believed dead."""

    batches: Bundle[Batch] = Bundle("batches")
    pairs: Bundle[tuple[Batch, Batch]] = Bundle("pairs")
    """A batch that is sent, and the one behind it, that is being sent."""
    broadcasts: Bundle[int] = Bundle("broadcasts")

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    @initialize()
    def open(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.outbox = Outbox(self.url, durable=False, clock=lambda: self.now, allow_hosts=["push.example"])
        self.database = Database(self.url, durable=False)
        with self.database.write() as connection:
            for table in METADATA.sorted_tables:
                connection.execute(sa.delete(table))
        self.numbers = iter(range(10**9))
        self.audiences: dict[int, set[int]] = {}
        self.final: dict[tuple[int, int], DeliveryState] = {}

    # --- the user -------------------------------------------------------------------------------------------------

    @rule(count=st.integers(1, 12))
    def register(self, count: int) -> None:
        self.outbox.register_many(
            f"http://push.example/throttledthirdparty/01.00/{next(self.numbers)}" for _ in range(count)
        )

    @precondition(lambda self: len(self.audiences) < 4)
    @rule(target=broadcasts, rate=st.sampled_from([None, None, 3]))
    def broadcast(self, rate: int | None) -> int:
        self.now += timedelta(milliseconds=1)
        members = {channel.id for channel in self.outbox.channels()}
        number = self.outbox.broadcast(mpns.Toast("Hello"), rate=rate, stop_after=5)
        self.audiences[number] = members
        return number

    @rule(pick=st.integers(0, 30))
    def remove(self, pick: int) -> None:
        self.now += timedelta(milliseconds=1)  # what happens in the same millisecond has no order
        there = [channel.id for channel in self.outbox.channels()]
        if there:
            self.outbox.remove(there[pick % len(there)])

    @rule(number=broadcasts, what=st.sampled_from(["pause", "resume", "cancel"]))
    def change(self, number: int, what: str) -> None:
        before = self.outbox.progress(number).state
        try:
            getattr(self.outbox, what)(number)
        except StateError:
            assert before in {*ENDED, BroadcastState.STOPPING, BroadcastState.CANCELLING}

    @rule(milliseconds=st.sampled_from([100, 2000, 45_000]))
    def let_time_pass(self, milliseconds: int) -> None:
        self.now += timedelta(milliseconds=milliseconds)

    # --- the workers ----------------------------------------------------------------------------------------------

    def claim_one(self, size: int, *, dead: bool) -> Batch | None:
        owner = f"worker/{next(self.numbers)}"
        with self.database.write() as connection:
            now = to_millis(self.now)
            finalize.finalize_ending(connection, now)
            if dead:
                end_leases(connection)
            batch = claims.claim_due(connection, owner, now, LEASE, size)
            for claim in (lanes.claim_parcel, lanes.claim_lane, lanes.claim_suspect):
                batch = batch or claim(connection, owner, now, LEASE, size)
            batch = batch or claims.claim_due(connection, owner, now, LEASE, size, suspects=True)
            if batch is None:
                lanes.split_lane(connection, now, size)
            return batch

    @rule(target=batches, size=st.integers(1, 8), dead=st.booleans())
    def claim(self, size: int, dead: bool) -> Batch:
        batch = self.claim_one(size, dead=dead)
        return batch or NOTHING

    @rule(
        target=batches,
        batch=consumes(batches),
        size=st.integers(1, 8),
        choices=st.lists(st.sampled_from("dddwwgfc"), min_size=8, max_size=8),
        again=st.booleans(),
    )
    def write(self, batch: Batch, size: int, choices: list[str], again: bool) -> Batch:
        """Writes one outcome each, and may crash ("c") before the end; or continues with its lane, maybe
        after it has written the same `again`, since it got no answer."""
        self.now += timedelta(milliseconds=1)  # a channel may go by it
        crash = choices.index("c") if "c" in choices else None
        following = self.write_some(batch, choices, size, crash)
        if again and crash is None:
            self.write_some(batch, choices, size, again=True)
        return following

    @rule(target=pairs, batch=consumes(batches), size=st.integers(1, 8))
    def read_ahead(self, batch: Batch, size: int) -> tuple[Batch, Batch]:
        """A worker reads the next batch of its lane before the one that it has is written."""
        with self.database.write() as connection:
            following = None
            if batch.is_read_ahead and lanes.keep_lane(connection, batch, LEASE):
                following = lanes.read_ahead(connection, batch, to_millis(self.now), size, share=False)
        return batch, following or NOTHING

    @rule(
        target=pairs,
        pair=consumes(pairs),
        size=st.integers(1, 8),
        choices=st.lists(st.sampled_from("dddwwgf"), min_size=8, max_size=8),
        again=st.booleans(),
    )
    def advance(self, pair: tuple[Batch, Batch], size: int, choices: list[str], again: bool) -> tuple[Batch, Batch]:
        """It writes the first of two, and reads the one behind the second; maybe after it got no answer to the same."""
        sent, sending = pair
        self.now += timedelta(milliseconds=1)
        if not sending.is_work:
            return self.write_some(sent, choices, size), NOTHING
        assert sending.lane is not None
        now, records = to_millis(self.now), records_of(sent, choices, to_millis(self.now))
        for repeats in (False, True) if again else (False,):
            with self.database.write() as connection:
                written = outcomes.record(
                    connection, sent, records, now, LEASE, size, again=repeats, reach=sending.lane.end
                )
                is_mine, following = written.is_mine, None
                if is_mine:
                    following = lanes.read_ahead(connection, sending, now, size, share=bool(now % 2))
        # One that was taken over writes what it had begun, too.
        return (sending, following or NOTHING) if is_mine else (self.write_some(sending, choices, size), NOTHING)

    def write_some(
        self, batch: Batch, choices: list[str], size: int, crash: int | None = None, *, again: bool = False
    ) -> Batch:
        if not batch.is_work:
            return NOTHING
        now = to_millis(self.now)
        records = records_of(batch, choices, now)[:crash]
        with self.database.write() as connection:
            written = outcomes.record(connection, batch, records, now, LEASE, size, again=again)
            if batch.lane is None or not written.is_mine or again:
                return NOTHING
            return lanes.follow(connection, batch, now, size, share=bool(now % 2)) or NOTHING

    # --- what is promised -----------------------------------------------------------------------------------------

    @invariant()
    def final_states_stay_and_are_counted_once(self) -> None:
        for number, members in getattr(self, "audiences", {}).items():
            counted: dict[DeliveryState, int] = {}
            for delivery in self.outbox.deliveries(number):
                assert delivery.channel in members
                if delivery.state in FINAL:
                    known = self.final.setdefault((number, delivery.channel), delivery.state)
                    assert known is delivery.state
                counted[delivery.state] = counted.get(delivery.state, 0) + 1
            progress = self.outbox.progress(number)
            assert progress.states == counted
            if progress.state in ENDED:
                assert {delivery.channel for delivery in self.outbox.deliveries(number)} == members
                assert progress.done == len(members)

    def teardown(self) -> None:
        """A worker that survives finishes everything, and each channel has exactly one outcome."""
        if not hasattr(self, "outbox"):
            return
        try:
            self.come_to_the_end()
        finally:
            self.outbox.close()
            self.database.close()

    def come_to_the_end(self) -> None:
        for number in self.audiences:
            if self.outbox.progress(number).state is BroadcastState.PAUSED:
                self.outbox.resume(number)
        for _ in range(500):
            if all(self.outbox.progress(number).state in ENDED for number in self.audiences):
                break
            batch = self.claim_one(50, dead=True)
            if batch is None:
                self.now += timedelta(minutes=10)
            else:
                self.write_some(batch, ["d"], 50)
        self.final_states_stay_and_are_counted_once()
        for number, members in self.audiences.items():
            assert {channel for broadcast, channel in self.final if broadcast == number} == members


def records_of(batch: Batch, choices: list[str], now: Millis) -> list[Record]:
    return [record(target, choices[place % len(choices)], now) for place, target in enumerate(batch.targets)]


def record(target: object, choice: str, now: Millis) -> Record:
    """The record of a channel: delivered, waiting, gone or refused."""
    row = target
    common = (row.broadcast, row.id, row.service)  # type: ignore[attr-defined]  # a row
    attempts = row.attempts + 1  # type: ignore[attr-defined]  # a row
    if choice == "w":
        return Record(*common, DeliveryState.WAITING.value, "queue-full", attempts, now, now + 1000)
    if choice == "g":
        effect = Effect(row.uri, gone="channel-gone")  # type: ignore[attr-defined]  # a row
        return Record(*common, DeliveryState.GONE.value, "channel-gone", attempts, now, effect=effect, refusal=False)
    if choice == "f":
        return Record(*common, DeliveryState.FAILED.value, "unauthorized", attempts, now, refusal=True)
    return Record(*common, DeliveryState.DELIVERED.value, "accepted", attempts, now, refusal=False)


def test_whatever_happens_each_channel_ends_in_one_outcome(url: str) -> None:
    sizes = settings(max_examples=15, stateful_step_count=25, suppress_health_check=list(HealthCheck))

    class Here(Machine):
        def __init__(self) -> None:
            super().__init__(url)

    run_state_machine_as_test(Here, settings=sizes)
