"""The worker: an asyncio loop that claims batches of work, sends them, and records the outcomes.

If the database goes away or the disk is full, sending stops but nothing is lost: outcomes are written once it is back.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from winpush.client.async_client import AsyncClient
from winpush.client.options import ClientOptions, Settings
from winpush.delivery.storage import broadcasts, claims, finalize, lanes, schedule
from winpush.delivery.storage.database import Database, DatabaseError, Millis, to_millis
from winpush.delivery.storage.notifier import listen
from winpush.delivery.storage.revision import read_revision, refuse_newer
from winpush.delivery.storage.rows import Batch
from winpush.delivery.storage.targets import AudienceError
from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.batch import Batches, Sending
from winpush.delivery.worker.hooks import Hook
from winpush.delivery.worker.login import Login
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.pauses import Pauses
from winpush.delivery.worker.plans import Plans, unreadable
from winpush.delivery.worker.policy import SendPlan
from winpush.delivery.worker.retention import clear_old
from winpush.delivery.worker.settings import WorkerSettings
from winpush.delivery.worker.store import Store
from winpush.delivery.worker.tombstones import clear_gone
from winpush.delivery.worker.writer import Work, Writer
from winpush.errors import WinPushError

__all__ = ["Worker"]

_log = logging.getLogger("winpush.delivery")
_Claimed = tuple[Batch | None, schedule.Held, bool]
"""A claimed batch or None, until when each app is on hold, and whether there may be more to do."""
_IDLE_SECONDS = 1.0
_STAND_BY_SECONDS = 0.25
_GATHER_SECONDS = 0.1
"""The least time between claims of small batches, such as those of single notifications."""
_SWEEP_SECONDS = 1.0
_HINDERED_SECONDS = 10.0
"""How long to leave suspect work, which may kill a worker, alone after it couldn't be claimed."""
_HOLDS_SECONDS = 1.0
"""How often batches under way learn of other workers' holds, and of broadcasts that were paused or cancelled."""


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
        self._clock, self._monotonic, self._settings = clock, monotonic, settings
        self._telemetry, self._keep_history, self._keep_gone = telemetry, keep_history, keep_gone
        self._gather_until = self._looked_until = self._swept_until = self._hindered_until = 0.0
        self._numbers = itertools.count(1)
        self._plans, self._pauses = Plans(), Pauses()
        self._outages = Outages(name, monotonic)
        self._store = Store(database, self._outages, monotonic)
        self._sender_lock = database.sender_lock()
        self._wake = asyncio.Event()
        self._batches = Batches(
            self._store,
            Login(name, options),
            telemetry,
            now=self._now,
            monotonic=monotonic,
            turn=settings.turn,
            wake=self._wake.set,
        )
        self._writer = Writer(
            self._store, name, settings, hooks, self._outages, self._now, self._new_owner, self._gives_lanes_back
        )
        self._stopping = False
        # Places are being vacated, so that a suspect batch, which may kill this process, can run alone in it.
        self._drains = False
        self._loop: asyncio.AbstractEventLoop | None = None
        # Each place runs a lane, or a batch of what is due.
        self._places: set[asyncio.Task[None]] = set()
        self._running_lanes = 0
        self._parcels_next = True

    @property
    def name(self) -> str:
        """This worker's name in claims and in the log."""
        return self._name

    @property
    def since_transaction(self) -> timedelta | None:
        """How long ago this worker's last successful transaction was (None: none yet). Callable from any thread."""
        return self._outages.since_database

    # --- from any thread ------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Gives the sends in flight a few seconds for their answers (see WorkerSettings) and records them; then `run`
        returns. A second call doesn't extend the wait."""
        if not self._stopping:
            self._store.stop_soon()
            self._stopping = True
            self._call(self._stop_waiting)
        self.wake()

    def _stop_waiting(self) -> None:
        self._store.stop_waiting()
        self._batches.end_by(asyncio.get_running_loop().time() + self._settings.stop.total_seconds())

    def wake(self) -> None:
        """Makes the worker look for work now instead of at its next poll."""
        self._call(self._wake.set)

    def _call(self, what: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(what)

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self, *, until_idle: bool = False, on_ready: Callable[[], None] = lambda: None) -> None:
        """Delivers until `stop()`; with `until_idle`, until nothing is due and no worker holds a claim.

        `on_ready` is called once, when the client is ready to send, even if this worker then waits for another one that
        sends from the same file.
        """
        self._loop = asyncio.get_running_loop()
        try:
            async with AsyncClient(**self._options) as client:
                on_ready()
                if not await self._become_sender(until_idle=until_idle):
                    return
                listener = asyncio.create_task(listen(self._database, self._wake.set))
                watching = asyncio.create_task(self._watch_holds())
                clearing = [
                    asyncio.create_task(clear(once=until_idle)) for clear in (self._clear_old, self._clear_gone)
                ]
                try:
                    with self._watched_queue():
                        await self._work(client, until_idle=until_idle)
                    if until_idle:
                        await asyncio.gather(*clearing)
                finally:
                    self.stop()  # whatever ended it, no place may run on alone
                    for each in (listener, watching, *clearing):
                        each.cancel()
                    await asyncio.gather(listener, watching, *clearing, *self._places, return_exceptions=True)
        finally:
            self._loop = None
            self._store.close()
            if self._sender_lock is not None:
                self._sender_lock.release()

    async def _become_sender(self, *, until_idle: bool) -> bool:
        """For a SQLite file, waits until no other worker sends from it. False if told to stop first or, with
        `until_idle`, if the other one has done everything."""
        if self._sender_lock is None:
            return True
        told = False
        while not self._sender_lock.acquire():
            if not told:
                told, extra = True, {"worker": self._name}
                _log.info("Another worker is sending from the same file; this one stands by", extra=extra)
            if self._stopping or (until_idle and await self._is_idle()):
                return False
            self._wake.clear()
            await self._pause(_STAND_BY_SECONDS)
        await self._store(claims.release_all)
        return True

    async def _is_idle(self) -> bool:
        """True if nothing is due soon, no worker, alive or dead, holds a claim, and nothing waits for its rate alone.

        All as of one moment: a lane claimed at the first look and free at the next would be missed.
        """

        def look(connection: Connection) -> tuple[Millis | None, bool]:
            return schedule.next_at(connection, self._now()), schedule.is_unfinished(connection, self._now())

        moment, unfinished = await self._store(look, writes=False, at_one_moment=True)
        return not unfinished and self._pauses.until(moment, self._now()) > _IDLE_SECONDS

    async def _work(self, client: AsyncClient, *, until_idle: bool) -> None:
        while not self._stopping:
            if not until_idle:
                await self._gather()
            self._wake.clear()
            busy = await self._fill(client, gathers=not until_idle)
            if len(self._places) >= self._settings.batches:
                await asyncio.wait(self._places, return_when=asyncio.FIRST_COMPLETED)
                continue
            if busy or (not until_idle and self._monotonic() < self._gather_until):
                continue
            wait = await self._time_to_wait()
            # Another worker may die holding claims; that work would still have to be done.
            if until_idle and not self._places and wait > _IDLE_SECONDS and await self._is_idle():
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

    # --- claiming -------------------------------------------------------------------------------------------------

    async def _fill(self, client: AsyncClient, *, gathers: bool) -> bool:
        """Claims work until all places are taken or none is left; True if there may be more."""
        while len(self._places) < self._settings.batches and not self._stopping:
            try:
                batch, held, more = await self._store(self._claiming())
            except AudienceError as error:
                await self._stop_unreadable(error.broadcast, error.__cause__)
                continue
            if batch is None:
                return more
            self._pauses.reset()
            self._writer.tell_lost(batch)
            if not batch.is_work:
                continue
            self._batches.take(batch)
            if gathers and batch.lane is None and len(batch.targets) < self._settings.batch // 2:
                self._gather_until = self._monotonic() + _GATHER_SECONDS
            await self._begin(client, batch, held)
        return False

    async def _begin(self, client: AsyncClient, batch: Batch, held: schedule.Held) -> None:
        """Gives a batch a place. A suspect one, which may kill this process, runs alone: nothing else dies with it."""
        survived = asyncio.Event()
        place = asyncio.create_task(self._run_place(client, batch, held, survived))
        self._places.add(place)
        place.add_done_callback(self._finished)
        place.add_done_callback(lambda _: survived.set())
        if batch.is_suspect:
            await survived.wait()

    def _claiming(self) -> Callable[[Connection], _Claimed]:
        """A function that claims a batch. When retried, it first gives back what it may have claimed before, because
        perhaps only the answer to its commit was lost."""
        owners: list[str] = []

        def claim(connection: Connection) -> _Claimed:
            for each in owners:
                claims.release_owned(connection, each)
            owners.append(self._new_owner())
            return self._claim(connection, owners[-1])

        return claim

    def _claim(self, connection: Connection, owner: str) -> _Claimed:
        now, has_gathered = self._now(), self._monotonic() >= self._gather_until
        looks = has_gathered and self._monotonic() >= self._looked_until
        may_run_lane, is_alone = self._running_lanes < self._lane_places, not self._places
        batch: Batch | None = None
        more = False
        if looks:
            refuse_newer(read_revision(connection))
            self._drains = self._has_suspects(connection, now)
        if self._drains:
            # Claim a suspect only when nothing else is under way: if it waited after that, a death meanwhile would be
            # blamed on it.
            batch = self._claim_suspect(connection, owner, now) if is_alone else None
            if batch is not None or not is_alone:
                return batch, schedule.held(connection, now), is_alone
        if has_gathered and (looks or not may_run_lane):
            batch, more = self._claim_due(connection, owner, now)
        if batch is None and may_run_lane:
            batch = self._claim_lane(connection, owner, now)
            if batch is None and has_gathered and not looks:
                batch, more = self._claim_due(connection, owner, now)
            if batch is None:
                more = lanes.split_lane(connection, now, self._settings.lane_batch) or more
        return batch, schedule.held(connection, now), more

    def _claim_lane(self, connection: Connection, owner: str, now: Millis) -> Batch | None:
        """Claims a lane or a due parcel. Alternates which of them comes first, so that neither waits until the other
        kind runs out."""
        for _ in range(2):
            claim = lanes.claim_parcel if self._parcels_next else lanes.claim_lane
            self._parcels_next = not self._parcels_next
            batch = claim(connection, owner, now, self._settings.lease_millis, self._settings.lane_batch)
            if batch is not None:
                return batch
        return None

    def _has_suspects(self, connection: Connection, now: Millis) -> bool:
        if self._monotonic() < self._hindered_until:
            return False
        return claims.has_suspects(connection, now) or lanes.has_suspects(connection, now)

    def _claim_suspect(self, connection: Connection, owner: str, now: Millis) -> Batch | None:
        lease, size = self._settings.lease_millis, self._settings.batch
        batch = claims.claim_due(connection, owner, now, lease, size, suspects=True)
        batch = batch or lanes.claim_suspect(connection, owner, now, lease, self._settings.lane_batch)
        self._drains, self._looked_until = False, 0.0
        if batch is None:  # another worker has claimed or locked it, and may be frozen: do everything else
            self._hindered_until = self._monotonic() + _HINDERED_SECONDS
        return batch

    def _claim_due(self, connection: Connection, owner: str, now: Millis) -> tuple[Batch | None, bool]:
        """Claims what is due, and ends broadcasts; while lanes are free, at most every tenth of a second."""
        more = broadcasts.expire_due(connection, now) > 0
        more = finalize.finalize_ending(connection, now) or more
        if self._monotonic() >= self._swept_until:
            broadcasts.finish_complete(connection, now)
            self._swept_until = self._monotonic() + _SWEEP_SECONDS
        self._looked_until = self._monotonic() + _GATHER_SECONDS
        size = self._settings.batch
        return claims.claim_due(connection, owner, now, self._settings.lease_millis, size, self._batches.busy), more

    def _gives_lanes_back(self) -> bool:
        return self._stopping or self._drains

    def _new_owner(self) -> str:
        return f"{self._name}/{next(self._numbers)}"

    @property
    def _lane_places(self) -> int:
        """One place is left for single notifications and retries, unless there is only one."""
        return max(1, self._settings.batches - 1)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._places.discard(task)
        self._wake.set()
        error = None if task.cancelled() else task.exception()
        extra = {"worker": self._name}
        if isinstance(error, DatabaseError) and self._stopping:
            text = "%s. The worker stopped before it could write a batch's last outcomes: those sends may be repeated"
            _log.warning(text, error, extra=extra)
        elif error is not None:
            # Its lease expires and the batch runs again; outcomes already written stay.
            _log.error("A batch failed; it will be retried when its lease expires", exc_info=error, extra=extra)

    async def _time_to_wait(self) -> float:
        moment = await self._store(lambda c: schedule.next_at(c, self._now()), writes=False)
        return self._pauses.until(moment, self._now())

    async def _pause(self, seconds: float) -> None:
        limit = min(seconds, self._settings.poll.total_seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._wake.wait()

    # --- a place --------------------------------------------------------------------------------------------------

    async def _run_place(self, client: AsyncClient, batch: Batch, held: schedule.Held, survived: asyncio.Event) -> None:
        """Sends a batch and each one that follows it in its lane. Sets `survived` once the suspect ones, which may kill
        this process, are done."""
        runs_lane = batch.lane is not None
        self._running_lanes += runs_lane
        share_from = self._monotonic() + self._settings.turn.total_seconds()
        following: Work | None = batch, held
        try:
            while following is not None:
                following = await self._deliver(client, *following, share_from)
                if following is not None:
                    self._batches.take(following[0])
                    if not following[0].is_suspect:
                        survived.set()
        finally:
            self._running_lanes -= runs_lane

    async def _deliver(self, client: AsyncClient, batch: Batch, held: schedule.Held, share_from: float) -> Work | None:
        """Sends a batch and those that are read ahead meanwhile. Returns the work that follows the last of them."""
        plans = await self._plans_of(batch)
        if len(plans) < len(batch.broadcasts):
            self._batches.end(batch)
            return None
        sent: Sending | None = None
        sending = Sending(batch, plans, held)
        heartbeat = asyncio.create_task(self._writer.keep(lambda: sending))
        try:
            while (following := await self._send(client, sent, sending, share_from)) is not None:
                if sending.is_lost or self._gives_lanes_back():
                    break
                sent, sending = sending, Sending(following[0], plans, following[1])
            return await self._writer.end(sending, share=self._monotonic() >= share_from)
        finally:
            self._batches.end(batch)
            heartbeat.cancel()
            await asyncio.gather(heartbeat, return_exceptions=True)
            self._plans.trim()

    async def _send(
        self, client: AsyncClient, sent: Sending | None, sending: Sending, share_from: float
    ) -> Work | None:
        """Sends a batch. Meanwhile the one before it is written and the one after it read; returns the latter."""
        batch, advancing = sending.batch, None
        if sent is not None or (batch.is_read_ahead and self._settings.batch > 1):
            share = self._monotonic() >= share_from
            advancing = asyncio.create_task(self._writer.advance(sent, sending, share=share))
        # Places share the connections, so that none waits for a connection that another holds.
        concurrency = max(1, self._connections // max(1, len(self._places)))
        telemetry, enough = self._telemetry, self._settings.store_after
        following = None
        try:
            with telemetry.batch(batch.broadcasts, len(batch.targets)) if telemetry else nullcontext():
                write_some = partial(self._writer.record, batch)
                await self._batches.send(client, sending, concurrency, write_some, enough)
        finally:
            if advancing is not None:
                following = await advancing
        return following

    async def _plans_of(self, batch: Batch) -> dict[int, SendPlan]:
        """The plan of each broadcast. A broadcast that can't be read is stopped, and the batch is released."""
        plans: dict[int, SendPlan] = {}
        for number, row in batch.broadcasts.items():
            try:
                plans[number] = self._plans.of(row)
            except (WinPushError, ValueError, LookupError, TypeError, AttributeError) as error:
                await self._stop_unreadable(number, error)
        if len(plans) < len(batch.broadcasts):
            await self._store(lambda c: _release(c, batch))
        return plans

    async def _stop_unreadable(self, number: int, error: BaseException | None) -> None:
        extra, reason = {"worker": self._name, "broadcast": number}, unreadable(error)
        kind = type(error).__name__  # its message may quote the content
        _log.warning("Stopping broadcast %d: it can't be read (%s)", number, kind, extra=extra)
        await self._store(lambda c: broadcasts.stop(c, number, self._now(), reason))

    async def _watch_holds(self) -> None:
        """While batches are under way, passes them the holds that services have asked of other workers, and which of
        their broadcasts were paused or cancelled or are stopping."""
        while True:
            await asyncio.sleep(_HOLDS_SECONDS)
            if not (numbers := self._batches.broadcasts):
                continue
            try:
                self._batches.hold(await self._store(lambda c: schedule.held(c, self._now()), writes=False))
                self._batches.halt(await self._store(partial(schedule.not_running, numbers=numbers), writes=False))
            except DatabaseError:  # told to stop while the database is away
                return
            except Exception:
                extra = {"worker": self._name}
                _log.exception("From now on, holds and pauses are only noticed between batches", extra=extra)
                raise

    def _now(self) -> Millis:
        return to_millis(self._clock())


def _release(connection: Connection, batch: Batch) -> None:
    if batch.lane is None:
        claims.release_due(connection, batch)
    else:
        lanes.release_lane(connection, batch, unstarted=True)
