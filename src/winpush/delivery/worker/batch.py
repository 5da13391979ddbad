"""Sends a batch: decides what each of its channels gets, one turn at a time, and collects the outcomes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from winpush.client.async_client import AsyncClient
from winpush.client.sender import Item
from winpush.delivery.content.content import Form
from winpush.delivery.states import DeliveryState, WaitReason
from winpush.delivery.storage import schedule
from winpush.delivery.storage.database import DatabaseError, Millis
from winpush.delivery.storage.rows import Batch, Record, Target
from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.login import Login
from winpush.delivery.worker.measure import measure
from winpush.delivery.worker.plans import item_of
from winpush.delivery.worker.policy import SendPlan, after, before, is_for_all, later
from winpush.delivery.worker.store import Store
from winpush.delivery.worker.turns import Turns, busy_with, rest
from winpush.results import Result

__all__ = ["Batches", "Sending"]

_TURN_MILLIS = 100
_FRESH_SECONDS = 0.002
_DELIVERED = DeliveryState.DELIVERED.value
Write = Callable[[list[Record]], Awaitable[object]]
"""Writes some outcomes of a batch."""


@dataclass(slots=True, eq=False)
class Sending:
    """A batch that is being sent: its plans, the senders on hold, and the outcomes so far."""

    batch: Batch
    plans: Mapping[int, SendPlan]
    held: schedule.Held
    done: list[Record] = field(default_factory=list)
    written: set[tuple[int, int]] = field(default_factory=set)
    """The deliveries with stored outcomes, as (broadcast, channel)."""
    is_lost: bool = False
    """True once another worker has taken the batch over; no more of it is sent."""


class Batches:
    """Sends batches for one worker. A channel that has to wait in one batch waits in all of them.

    `now` is the outbox's clock, `monotonic` a clock in seconds. `turn` limits how long several notifications to one
    channel are sent one after the other. `wake` makes the worker look for work.
    """

    def __init__(
        self,
        store: Store,
        login: Login,
        telemetry: Telemetry | None,
        *,
        now: Callable[[], Millis],
        monotonic: Callable[[], float],
        turn: timedelta,
        wake: Callable[[], None],
    ) -> None:
        self._store, self._login, self._telemetry = store, login, telemetry
        self._now, self._monotonic = now, monotonic
        self._turn = turn.total_seconds()
        self._wake = wake
        self._logins = (0, 0)
        self._approximate_now, self._fresh_until = 0, 0.0
        # Waits that services asked for since the batches in progress were claimed, by channel.
        self._resting: dict[int, Millis] = {}
        # Channels with a send in flight, and its start (nanoseconds since 1970; 0 without telemetry).
        self._in_flight: dict[int, int] = {}
        # The channels in batches of due deliveries and in parcels, each with the owners of those batches in the order
        # of their claims. Anything else for such a channel waits behind them. There are two owners if a batch was
        # claimed before the other was noted here.
        self._busy: dict[int, list[str]] = {}
        self._under_way: list[Sending] = []
        # Senders put on hold: a batch may have been read before that.
        self._held: schedule.Held = {}
        # Broadcasts that were running when their batches were read, but have since been paused or are ending.
        self._halted: frozenset[int] = frozenset()
        self._scopes: set[asyncio.Timeout] = set()
        self._end: float | None = None

    @property
    def busy(self) -> tuple[int, ...]:
        """The channels whose due deliveries are being sent. Can be called from any thread."""
        return tuple(self._busy)

    def take(self, batch: Batch) -> None:
        """Notes that the batch was claimed: its broadcasts are running, and its channels are busy from now on."""
        self._halted = self._halted.difference(batch.broadcasts)
        for channel, owner in busy_with(batch).items():
            self._busy.setdefault(channel, []).append(owner)

    def end(self, batch: Batch) -> None:
        """Notes that the batch's outcomes are written, or never will be."""
        for channel in busy_with(batch):
            self._free(batch, channel)

    def _free(self, batch: Batch, channel: int) -> None:
        owners = self._busy.get(channel, [])
        if batch.owner in owners:
            owners.remove(batch.owner)
            if not owners:
                del self._busy[channel]

    def _is_before(self, batch: Batch, channel: int) -> bool:
        """Whether another batch with this channel comes first."""
        owners = self._busy.get(channel, [batch.owner])
        return owners[0] != batch.owner

    async def send(
        self, client: AsyncClient, sending: Sending, concurrency: int, write_some: Write, enough: int
    ) -> None:
        """Sends what may be sent now. Afterwards `sending.done` has what to record about each target.

        For due deliveries, `write_some` gets outcomes as soon as `enough` of them are known, except for the last ones.
        Sends without an answer at the time set by `end_by` are put off.
        """
        scope = asyncio.timeout_at(self._end)
        self._scopes.add(scope)
        _hold(sending.held, self._held)
        self._under_way.append(sending)
        try:
            async with scope:
                await self._send(client, sending, concurrency, write_some, enough)
        except BaseException as error:
            for target in sending.batch.targets:
                self._in_flight.pop(target.id, None)
            if not (isinstance(error, TimeoutError) and scope.expired()):
                raise
            self._put_off(sending)
        finally:
            self._under_way.remove(sending)
            self._scopes.discard(scope)

    @property
    def broadcasts(self) -> frozenset[int]:
        """The broadcasts that are being sent."""
        return frozenset(number for sending in self._under_way for number in sending.batch.broadcasts)

    def hold(self, held: schedule.Held) -> None:
        """Sends nothing more for these senders until their holds end, in batches under way or already read."""
        now = self._now()
        self._held = {sender: until for sender, until in self._held.items() if until > now}
        for known in (self._held, *(sending.held for sending in self._under_way)):
            _hold(known, held)

    def halt(self, broadcasts: frozenset[int]) -> None:
        """Sends nothing more of these broadcasts, in batches under way or already read: their targets go back unsent.
        Replaces the broadcasts of the call before."""
        self._halted = broadcasts

    def end_by(self, when: float) -> None:
        """Waits for no answer after this time of the event loop."""
        self._end = when
        for scope in self._scopes:
            scope.reschedule(when)

    def _put_off(self, sending: Sending) -> None:
        """Makes sends without an answer due again at once. They may have arrived and will then arrive twice: the price
        of a stop that doesn't wait forever. Nothing is lost."""
        known = {(entry.broadcast, entry.channel) for entry in sending.done} | sending.written
        sending.done += [
            later(sending.plans[target.broadcast], target, self._now())
            for target in sending.batch.targets
            if (target.broadcast, target.id) not in known
        ]

    async def _send(
        self, client: AsyncClient, sending: Sending, concurrency: int, write_some: Write, enough: int
    ) -> None:
        batch, done, counted = sending.batch, sending.done, Counter[tuple[str, str, str]]()
        turns = Turns(batch.targets) if batch.lane is None and Turns.are_needed(batch.targets) else None
        pairs = self._pairs(sending) if turns is None else self._pairs_in_turn(turns, sending)
        left, plans, is_due, is_parcel = len(batch.targets), sending.plans, batch.lane is None, batch.is_parcel
        async for result in client.send_many(pairs, concurrency=concurrency):
            target: Any = result.key
            if self._monotonic() >= self._fresh_until:
                self._read_clock()
            entry = after(plans[target.broadcast], target, result, self._approximate_now)
            done.append(entry)
            began = self._in_flight.pop(target.id, 0)
            if self._telemetry is not None:
                counted[target.service, result.outcome.value, result.push_type] += 1
                measure(self._telemetry, target.service, result, began)
            if entry.state != _DELIVERED:
                await self._heed(target, result, entry)
            if is_parcel:
                self._free(batch, target.id)
            elif is_due:
                self._end_turn(batch, turns, target.id)
                if enough <= len(done) < left:
                    written, done[:] = list(done), []
                    left -= len(written)
                    sending.written |= {(entry.broadcast, entry.channel) for entry in written}
                    await write_some(written)
        self._count(client, counted)

    def _end_turn(self, batch: Batch, turns: Turns | None, channel: int) -> None:
        if turns is None or turns.end(channel):
            self._free(batch, channel)
            if turns is not None:
                self._wake()

    def _count(self, client: AsyncClient, counted: Counter[tuple[str, str, str]]) -> None:
        if self._telemetry is None:
            return
        self._telemetry.count(counted)
        granted, refused = client.token_requests
        self._telemetry.logged_in(granted - self._logins[0], refused - self._logins[1])
        self._logins = granted, refused

    async def _heed(self, target: Target, result: Result, entry: Record) -> None:
        """Applies an answer that asks for a pause, before anything else is sent to this channel or for its app."""
        if entry.effect is not None and entry.effect.not_before is not None:
            self._resting = rest(self._resting, target.id, entry.effect.not_before, self._now())
        sender = target.sender if is_for_all(result) else None
        if sender is not None and result.retry_after is not None:
            wait = result.retry_after // timedelta(milliseconds=1)
            until = max(self._held.get(sender, 0), self._now() + wait)
            self.hold({sender: until})
            # DatabaseError: told to stop while the database is away. The outcomes so far must be written all the same.
            with suppress(DatabaseError):
                await self._store(lambda c: schedule.hold(c, sender, until), keeps=True)

    def _pairs(self, sending: Sending) -> Iterator[Item]:
        batch, plans = sending.batch, sending.plans
        # Other sends to a channel may overtake a lane; deliveries that have waited keep their place.
        is_due, is_parcel = batch.lane is None, batch.is_parcel
        wait, may_go_on = 0, True
        self._read_clock()  # from here on, each result refreshes it
        for target in batch.targets:
            if sending.is_lost:
                return
            if is_parcel:
                wait = self._approximate_now + _TURN_MILLIS if self._is_before(batch, target.id) else 0
            elif is_due:
                may_go_on = not self._is_before(batch, target.id)
            form = self._form(sending, plans[target.broadcast], target, wait, may_go_on=may_go_on)
            if isinstance(form, Record):
                sending.done.append(form)
            else:
                self._in_flight[target.id] = self._started()
                yield item_of(target, form)

    async def _pairs_in_turn(self, turns: Turns, sending: Sending) -> AsyncIterator[Item]:
        """Like `_pairs`, but one at a time for each channel: if one target has to wait, those behind it wait too."""
        waits, seen, behind = dict[int, Millis](), set[int](), set[int]()
        end = self._monotonic() + self._turn
        async for target in turns:
            if sending.is_lost:
                return
            self._read_clock()
            number = target.id
            if self._is_before(sending.batch, number):
                behind.add(number)  # so are the targets after it, even if the other batch ends meanwhile
            may_go_on = number not in behind and (number not in seen or self._monotonic() < end)
            plan, wait = sending.plans[target.broadcast], waits.get(number, 0)
            form = self._form(sending, plan, target, wait, may_go_on=may_go_on)
            if isinstance(form, Record):
                waits[number] = form.due or 0
                sending.done.append(form)
                turns.end(number)
            else:
                self._in_flight[number] = self._started()
                yield item_of(target, form)
            seen.add(number)

    def _form(
        self, sending: Sending, plan: SendPlan, target: Target, wait: Millis, *, may_go_on: bool
    ) -> Form | Record:
        """What to send to a target now, not before `wait`, or what to record because nothing is sent."""
        now = self._approximate_now
        if target.broadcast in self._halted:
            return later(plan, target, now, WaitReason.PAUSED)
        if not may_go_on:
            return later(plan, target, now)
        if sending.held or self._resting:
            wait = max(wait, schedule.held_until(sending.held, target), self._resting.get(target.id, 0))
        if target.id in self._in_flight:  # by another batch, and the answer may ask for a pause
            wait = max(wait, now + _TURN_MILLIS)
        form = before(plan, target, wait, now)
        return form if self._login.is_given else self._login.or_wait(form, plan, target, now)

    def _started(self) -> int:
        """When a send starts, in nanoseconds since 1970; 0 if nobody measures it."""
        return 0 if self._telemetry is None else time.time_ns()

    def _read_clock(self) -> None:
        """Refreshes the time that every send uses, accurate to a few milliseconds."""
        self._approximate_now, self._fresh_until = self._now(), self._monotonic() + _FRESH_SECONDS


def _hold(known: schedule.Held, held: schedule.Held) -> None:
    for sender, until in held.items():
        known[sender] = max(until, known.get(sender, 0))
