"""The worker: an asyncio loop that claims batches of work, sends them, and records the outcomes.

All SQL runs on a separate thread, so the event loop never waits for the disk. If the database goes away or the disk is
full, sending stops but nothing is lost: outcomes are written once the database is back.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from winpush.client.async_client import AsyncClient
from winpush.client.attempt import Item
from winpush.client.options import ClientOptions, Settings
from winpush.delivery.states import DeliveryState
from winpush.delivery.storage import broadcasts, claims, finalize, outcomes, schedule
from winpush.delivery.storage.availability import is_locked
from winpush.delivery.storage.database import Database, DatabaseError, Millis, to_millis
from winpush.delivery.storage.notifier import listen
from winpush.delivery.storage.outcomes import Written
from winpush.delivery.storage.rows import Batch, Record, Target
from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.gone import GoneTally
from winpush.delivery.worker.hooks import Hook, run_hooks
from winpush.delivery.worker.liveness import Liveness
from winpush.delivery.worker.login import Login
from winpush.delivery.worker.measure import measure
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.pauses import Pauses
from winpush.delivery.worker.plans import Plans, item_of, unreadable
from winpush.delivery.worker.policy import SendPlan, after, before, is_for_all, later
from winpush.delivery.worker.retention import clear_old
from winpush.delivery.worker.settings import WorkerSettings
from winpush.delivery.worker.tombstones import clear_gone
from winpush.delivery.worker.turns import Turns, busy_with, rest
from winpush.errors import WinPushError
from winpush.results import Result

__all__ = ["Worker"]

_log = logging.getLogger("winpush.delivery")
_T = TypeVar("_T")
_Work = tuple[Batch, schedule.Held]
"""A claimed batch, and until when each app is on hold."""
_Claimed = tuple[Batch | None, schedule.Held, bool]
"""The same, with None if nothing was claimed, and whether any deliveries were finalized."""
_IDLE_SECONDS = 1.0
_TURN_MILLIS = 100
_LEAST_DELAY, _MOST_DELAY = 0.25, 10.0
"""Seconds between two tries while the database is away."""
_STOP_SECONDS = 6.0
"""How long a worker that was told to stop tries to write its last outcomes: docker kills it after ten."""
_DELIVERED = DeliveryState.DELIVERED.value
_FRESH_SECONDS = 0.002
_GATHER_SECONDS = 0.1
"""The least time between claims of small batches, such as those of single notifications."""


class Worker:
    """One worker of an outbox: `await run()` until `stop()`, or `await run(until_idle=True)`."""

    def __init__(
        self,
        database: Database,
        name: str,
        options: ClientOptions,
        *,
        clock: Callable[[], datetime],
        settings: WorkerSettings,
        hooks: Sequence[Hook] = (),
        telemetry: Telemetry | None = None,
        keep_history: timedelta | None = None,
        keep_gone: timedelta | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._name, self._options = database, name, options
        most = options.get("max_connections")
        client_settings = Settings.of() if most is None else Settings.of(max_connections=most)
        self._connections = client_settings.limits.connections
        self._clock, self._settings = clock, settings
        self._hooks, self._telemetry = tuple(hooks), telemetry
        self._keep_history, self._keep_gone = keep_history, keep_gone
        self._logins = (0, 0)
        self._login = Login(name, options)
        self._lease: Millis = settings.lease // timedelta(milliseconds=1)
        # A live worker renews its claims three times per lease.
        self._liveness = Liveness(settings.lease * 0.4, monotonic)
        self._monotonic = monotonic
        self._gather_until = self._looked_until = 0.0
        self._approximate_now, self._fresh_until = 0, 0.0
        self._numbers = itertools.count(1)
        self._plans = Plans()
        self._pauses = Pauses()
        self._gone = GoneTally(settings.most_gone, settings.gone_at_least)
        self._outages = Outages(name, monotonic)
        # Waits that services asked for since the batches in progress were claimed, by channel.
        self._resting: dict[int, Millis] = {}
        # Channels with a send in flight, and its start (nanoseconds since 1970; 0 without telemetry).
        self._sending: dict[int, int] = {}
        # Channels with deliveries in batches of due ones, and whose batch: what else is for them waits behind these.
        self._busy: dict[int, str] = {}
        self._taken: dict[int, str] = {}
        self._stopping = False
        self._give_up_at = 0.0
        self._told_to_stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sql = ThreadPoolExecutor(1, thread_name_prefix="winpush-sql")
        self._batches: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """What this worker is called in claims and in the log."""
        return self._name

    # --- from any thread ------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Finishes and records the sends in flight; then `run` returns."""
        self._give_up_at = self._monotonic() + _STOP_SECONDS
        self._stopping = True
        self._call(self._told_to_stop.set)
        self.wake()

    def wake(self) -> None:
        """Makes the worker look for work now instead of at its next poll."""
        self._call(self._wake.set)

    def _call(self, what: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(what)

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self, *, until_idle: bool = False) -> None:
        """Delivers until `stop()`; with `until_idle`, until nothing is due and no worker holds a claim."""
        self._loop = asyncio.get_running_loop()
        try:
            async with AsyncClient(**self._options) as client:
                listener = asyncio.create_task(listen(self._database, self._wake.set))
                clearing = asyncio.gather(self._clear_old(once=until_idle), self._clear_gone(once=until_idle))
                try:
                    with self._watched_queue():
                        await self._work(client, until_idle=until_idle)
                    if until_idle:
                        await clearing
                finally:
                    listener.cancel()
                    clearing.cancel()
                    await asyncio.gather(listener, clearing, *self._batches, return_exceptions=True)
        finally:
            self._loop = None
            self._sql.shutdown()

    async def _work(self, client: AsyncClient, *, until_idle: bool) -> None:
        while not self._stopping:
            if not until_idle:
                await self._gather()
            self._wake.clear()
            busy = await self._fill(client)
            if len(self._batches) >= self._settings.batches:
                await asyncio.wait(self._batches, return_when=asyncio.FIRST_COMPLETED)
                continue
            if busy:
                continue
            wait = await self._time_to_wait()
            idle = not self._batches and wait > _IDLE_SECONDS
            # Another worker may die and leave its claims: that work would still have to be done.
            if until_idle and idle and not await self._store(schedule.has_claims, writes=False):
                return
            await self._pause(wait)

    async def _clear_old(self, *, once: bool) -> None:
        if self._keep_history is not None:
            await clear_old(self._store, self._now, self._keep_history, once=once)

    async def _clear_gone(self, *, once: bool) -> None:
        if self._keep_gone is not None:
            await clear_gone(self._store, self._now, self._keep_gone, once=once)

    def _watched_queue(self) -> AbstractContextManager[None]:
        return nullcontext() if self._telemetry is None else self._telemetry.watching(self._depths)

    def _depths(self) -> tuple[int, int] | None:
        """The queue's depths, for the metrics. Runs on the thread that collects them."""
        try:
            with self._database.read() as connection:
                return schedule.depths(connection)
        except DatabaseError:
            return None

    async def _gather(self) -> None:
        """Pauses after a small batch, so that many single notifications share one claim and one write.

        The first notification after a quiet period is not delayed.
        """
        wait = self._gather_until - self._monotonic()
        if wait > 0 and not self._stopping:
            await asyncio.sleep(wait)

    async def _fill(self, client: AsyncClient) -> bool:
        """Claims batches until all slots are taken or no work is left; True if there may be more."""
        while len(self._batches) < self._settings.batches and not self._stopping:
            batch, held, finalized = await self._store(self._claim_more)
            if batch is None:
                return finalized
            self._gather_after(batch)
            if batch.is_work:
                task = asyncio.create_task(self._deliver(client, batch, held))
                self._batches.add(task)
                task.add_done_callback(self._finished)
        return False

    def _gather_after(self, batch: Batch) -> None:
        self._pauses.reset()
        if len(batch.targets) < self._settings.batch // 2:
            self._gather_until = self._monotonic() + _GATHER_SECONDS

    def _claim(self, connection: Connection) -> _Claimed:
        now, owner = self._now(), f"{self._name}/{next(self._numbers)}"
        self._looked_until = self._monotonic() + _GATHER_SECONDS
        ended = broadcasts.expire_due(connection, now) > 0
        finalized = finalize.finalize_ending(connection, now) or ended
        busy = tuple(self._busy)
        batch = claims.claim(connection, owner, now, self._lease, self._settings.batch, self._liveness.is_lost, busy)
        self._taken = busy_with(batch)
        return batch, schedule.held(connection, now), finalized

    def _claim_more(self, connection: Connection) -> _Claimed:
        """Claims the next range; does the full search of `_claim` at most every tenth of a second."""
        if self._monotonic() >= self._looked_until:
            return self._claim(connection)
        now, owner = self._now(), f"{self._name}/{next(self._numbers)}"
        batch = claims.claim_next(connection, owner, now, self._lease, self._settings.batch)
        return self._claim(connection) if batch is None else (batch, schedule.held(connection, now), False)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._batches.discard(task)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            # Its lease expires and the batch runs again; outcomes already written stay.
            text, extra = "A batch failed; it will be retried when its lease expires", {"worker": self._name}
            _log.error(text, exc_info=task.exception(), extra=extra)

    async def _time_to_wait(self) -> float:
        moment = await self._store(schedule.next_at, writes=False)
        return self._pauses.until(moment, self._now())

    async def _pause(self, seconds: float) -> None:
        limit = min(seconds, self._settings.poll.total_seconds())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), limit)

    # --- a batch --------------------------------------------------------------------------------------------------

    async def _deliver(self, client: AsyncClient, batch: Batch, held: schedule.Held) -> None:
        """Delivers a batch, and each batch claimed by the transaction that ends the one before."""
        following = await self._deliver_one(client, batch, held)
        while following is not None:
            following = await self._deliver_one(client, *following)

    async def _deliver_one(self, client: AsyncClient, batch: Batch, held: schedule.Held) -> _Work | None:
        heartbeat = asyncio.create_task(self._keep(batch))
        try:
            telemetry = self._telemetry
            with telemetry.batch(batch.broadcasts, len(batch.targets)) if telemetry else nullcontext():
                return await self._send(client, batch, held)
        except BaseException:
            for target in batch.targets:
                self._sending.pop(target.id, None)
            raise
        finally:
            for number in busy_with(batch):
                self._free(batch, number)
            heartbeat.cancel()
            await asyncio.gather(heartbeat, return_exceptions=True)

    def _free(self, batch: Batch, channel: int) -> None:
        if self._busy.get(channel) == batch.owner:
            del self._busy[channel]

    async def _send(self, client: AsyncClient, batch: Batch, held: schedule.Held) -> _Work | None:
        plans = await self._plans_of(batch)
        if len(plans) < len(batch.broadcasts):
            return None
        done: list[Record] = []
        left, enough = len(batch.targets), self._settings.store_after
        counted: Counter[tuple[str, str, str]] = Counter()
        # Batches share the connections, so that none waits for a connection that another batch holds.
        concurrency = max(1, self._connections // max(1, len(self._batches)))
        turns = Turns(batch.targets) if batch.first is None and Turns.are_needed(batch.targets) else None
        pairs = (
            self._pairs(batch, plans, held, done) if turns is None else self._pairs_in_turn(turns, plans, held, done)
        )
        async for result in client.send_many(pairs, concurrency=concurrency):
            target: Any = result.key
            if self._monotonic() >= self._fresh_until:
                self._read_clock()
            entry = after(plans[target.broadcast], target, result, self._approximate_now)
            done.append(entry)
            began = self._sending.pop(target.id, 0)
            if self._telemetry is not None:
                counted[target.service, result.outcome.value, result.push_type] += 1
                measure(self._telemetry, target.service, result, began)
            if entry.state != _DELIVERED:
                await self._heed(target, result, entry, held)
            if batch.first is None and (turns is None or turns.end(target.id)):
                self._free(batch, target.id)
                if turns is not None:
                    self._wake.set()
            # Every target yields one record. The last ones are left for `_end`, which also ends the batch.
            if enough <= len(done) < left:
                written, done[:] = list(done), []
                left -= len(written)
                await self._record(batch, written, last=False)
        following = await self._end(batch, done)
        self._plans.trim()
        if self._telemetry is not None:
            self._telemetry.count(counted)
            granted, refused = client.token_requests
            self._telemetry.logged_in(granted - self._logins[0], refused - self._logins[1])
            self._logins = granted, refused
        return following

    async def _heed(self, target: Target, result: Result, entry: Record, held: schedule.Held) -> None:
        """Applies an answer that asks for a pause, before anything else is sent to this channel or for its app."""
        if entry.effect is not None and entry.effect.not_before is not None:
            self._resting = rest(self._resting, target.id, entry.effect.not_before, self._now())
        sender = target.sender if is_for_all(result) else None
        if sender is not None and result.retry_after is not None:
            wait = result.retry_after // timedelta(milliseconds=1)
            until = held[sender] = max(held.get(sender, 0), self._now() + wait)
            await self._store(lambda c: schedule.hold(c, sender, until))

    async def _plans_of(self, batch: Batch) -> dict[int, SendPlan]:
        """The plan of each broadcast. A broadcast whose content can't be read is stopped, and the batch is released."""
        plans: dict[int, SendPlan] = {}
        for number, row in batch.broadcasts.items():
            try:
                plans[number] = self._plans.of(row)
            except (WinPushError, ValueError, LookupError, TypeError, AttributeError) as error:
                extra, reason = {"worker": self._name, "broadcast": number}, unreadable(error)
                kind = type(error).__name__
                _log.warning("Stopping broadcast %d: its content can't be read (%s)", number, kind, extra=extra)
                await self._store(lambda c, n=number, r=reason: broadcasts.stop(c, n, self._now(), r))  # type: ignore[misc]  # bound
        if len(plans) < len(batch.broadcasts):
            await self._store(lambda c: claims.release(c, batch, self._now()))
        return plans

    def _pairs(
        self, batch: Batch, plans: dict[int, SendPlan], held: schedule.Held, done: list[Record]
    ) -> Iterator[Item]:
        sending, measured = self._sending, self._telemetry is not None
        self._read_clock()  # from then on, each result refreshes it
        for target in batch.targets:
            now, number, wait = self._approximate_now, target.id, 0
            if held or self._resting:
                wait = max(schedule.held_until(held, target), self._resting.get(number, 0))
            if number in sending:  # in another batch: its answer may ask for a pause
                wait = max(wait, now + _TURN_MILLIS)
            form = before(plans[target.broadcast], target, wait, now)
            if not self._login.is_given:
                form = self._login.or_wait(form, plans[target.broadcast], target, now)
            if isinstance(form, Record):
                done.append(form)
            else:
                sending[number] = time.time_ns() if measured else 0
                yield item_of(target, form)

    async def _pairs_in_turn(
        self, turns: Turns, plans: dict[int, SendPlan], held: schedule.Held, done: list[Record]
    ) -> AsyncIterator[Item]:
        """As `_pairs`, one at a time for each channel: what one of them waits for, those behind it wait for too."""
        sending, waits, seen = self._sending, dict[int, Millis](), set[int]()
        end = self._monotonic() + self._settings.turn.total_seconds()
        async for target in turns:
            self._read_clock()
            now, number, plan = self._approximate_now, target.id, plans[target.broadcast]
            wait = max(waits.get(number, 0), schedule.held_until(held, target), self._resting.get(number, 0))
            if number in sending:
                wait = max(wait, now + _TURN_MILLIS)
            given_up = number in seen and self._monotonic() >= end
            form = later(plan, target, now) if given_up else before(plan, target, wait, now)
            if not self._login.is_given:
                form = self._login.or_wait(form, plan, target, now)
            if isinstance(form, Record):
                waits[number] = form.due or 0
                done.append(form)
                turns.end(number)
            else:
                sending[number] = time.time_ns() if self._telemetry is not None else 0
                yield item_of(target, form)
            seen.add(number)

    async def _record(self, batch: Batch, records: list[Record], *, last: bool) -> None:
        doubted = self._note(records)
        written = await self._store(lambda c: self._write(c, batch, records, doubted, last=last), keeps=True)
        self._tell(written)

    def _note(self, records: list[Record]) -> dict[int, str]:
        self._outages.note(records)
        return self._gone.add(records)

    def _write(
        self, connection: Connection, batch: Batch, records: list[Record], doubted: dict[int, str], *, last: bool
    ) -> Written:
        return outcomes.record(connection, batch, records, self._now(), self._lease, last=last, doubted=doubted)

    def _tell(self, written: Written) -> None:
        for number, reason in written.stopped.items():
            extra = {"worker": self._name, "broadcast": number}
            _log.warning("Broadcast %d has stopped itself. %s", number, reason, extra=extra)
        run_hooks(self._hooks, written.records)

    async def _end(self, batch: Batch, records: list[Record]) -> _Work | None:
        """Writes the last outcomes of a batch and, in the same transaction, claims the next one.

        PostgreSQL uses two transactions: workers that lock rows the other wants to claim would deadlock.
        """
        if self._stopping or not self._database.is_file or len(batch.targets) < self._settings.batch // 2:
            await self._record(batch, records, last=True)
            return None

        doubted = self._note(records)

        def write(connection: Connection) -> tuple[Written, _Claimed]:
            return self._write(connection, batch, records, doubted, last=True), self._claim_more(connection)

        try:
            written, (following, held, _) = await self._store(write)
        except Exception:  # noqa: BLE001 - the next claim raises it again; this batch's outcomes are kept
            self._tell(await self._store(lambda c: self._write(c, batch, records, doubted, last=True), keeps=True))
            return None
        self._tell(written)
        if following is None or not following.is_work:
            return None
        self._gather_after(following)
        return following, held

    async def _keep(self, batch: Batch) -> None:
        while True:
            await asyncio.sleep(self._settings.lease.total_seconds() / 3)
            await self._store(lambda c: claims.keep(c, batch, self._now(), self._lease))

    # --- the database's thread ------------------------------------------------------------------------------------

    def _now(self) -> Millis:
        return to_millis(self._clock())

    def _read_clock(self) -> None:
        """Refreshes the time that every send uses, accurate to a few milliseconds."""
        self._approximate_now, self._fresh_until = self._now(), self._monotonic() + _FRESH_SECONDS

    async def _store(self, work: Callable[[Connection], _T], *, writes: bool = True, keeps: bool = False) -> _T:
        """Runs `work` in a transaction on the database's thread; retries while the database is unavailable.

        Once told to stop it retries no more, except, for a few seconds, what `keeps` outcomes.
        """
        delay = _LEAST_DELAY
        while True:
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._sql, self._run, work, writes)
                self._outages.database_works()
                return result
            except DatabaseError as error:
                if self._stopping and not (keeps and self._monotonic() < self._give_up_at):
                    raise
                self._outages.database_failed(error)
                cause = error.__cause__
            if self._stopping:
                await asyncio.sleep(_LEAST_DELAY)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), delay)
            # Behind a lock that is held for long, there may be other work that can be done.
            delay = _LEAST_DELAY if is_locked(cause) else min(delay * 2, _MOST_DELAY)

    def _run(self, work: Callable[[Connection], _T], writes: bool) -> _T:
        self._taken = {}
        with self._database.write() if writes else self._database.read(bounded=True) as connection:
            result = work(connection)
        self._busy.update(self._taken)  # on this thread: the next claim may be waiting for it already
        return result
