"""The embedded engine: an asyncio loop that claims portions of work, sends them, and writes what came of them.

All SQL runs on one thread of its own, so that the loop never waits for the disk. A database that is away, or a disk
that is full, stops the sending, and loses nothing: what is known is written when it is back.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from winpush.client.async_client import AsyncClient
from winpush.client.options import ClientOptions, Settings
from winpush.delivery.content.content import Content
from winpush.delivery.models import OutcomeEvent
from winpush.delivery.states import DeliveryState
from winpush.delivery.storage import broadcasts, claims, finalize, outcomes, schedule
from winpush.delivery.storage.claims import Portion, Record, Target
from winpush.delivery.storage.database import Database, DatabaseError, Millis, from_millis, to_millis
from winpush.delivery.storage.notifier import listen
from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.liveness import Watch
from winpush.delivery.worker.policy import THROTTLED, Plan, after, before, is_for_all
from winpush.delivery.worker.retention import clear_old
from winpush.errors import WinPushError
from winpush.results import Notification, Result

__all__ = ["Hook", "Worker", "WorkerSettings"]

Hook = Callable[[OutcomeEvent], None]
"""What is called for each outcome, after it is stored, on the thread of the worker's event loop."""

_log = logging.getLogger("winpush.delivery")
_T = TypeVar("_T")
_Work = tuple[Portion, dict[str, Millis]]
"""What is claimed, and which services must be left alone until when."""
_Claimed = tuple[Portion | None, dict[str, Millis], bool]
"""The same, or None for what; and whether something was settled."""
_IDLE_SECONDS = 1.0
_MOST_PLANS = 1000
_MOST_RESTING = 10_000
_TURN_MILLIS = 100
_DELIVERED = DeliveryState.DELIVERED.value
_FRESH_SECONDS = 0.002
_GATHER_SECONDS = 0.1
"""Small portions, such as those of single notifications, are claimed no more often than this."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How the engine works.

    `portion` channels are claimed at once and `portions` worked on side by side: their product is the most that a crash
    can send twice. `store_after` outcomes are written together. A worker that says nothing for `lease` is taken over.
    """

    portion: int = 500
    portions: int = 3
    store_after: int = 500
    lease: timedelta = timedelta(seconds=24)
    poll: timedelta = timedelta(seconds=1)


class Worker:
    """One worker of an outbox: `await run()` until `stop()`, or `await run(until_idle=True)`."""

    def __init__(
        self,
        database: Database,
        name: str,
        options: ClientOptions,
        *,
        clock: Callable[[], datetime],
        pace: WorkerSettings,
        hooks: Sequence[Hook] = (),
        telemetry: Telemetry | None = None,
        keep_history: timedelta | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._name = name
        self._options = options
        most = options.get("max_connections")
        settings = Settings.of() if most is None else Settings.of(max_connections=most)
        self._connections = settings.limits.connections
        self._clock = clock
        self._pace = pace
        self._hooks = tuple(hooks)
        self._telemetry = telemetry
        self._keep_history = keep_history
        self._logins = (0, 0)
        self._lease: Millis = pace.lease // timedelta(milliseconds=1)
        # A worker that lives prolongs its claims three times in a lease.
        self._watch = Watch(pace.lease * 0.4, monotonic)
        self._monotonic = monotonic
        self._gather_until = 0.0
        self._looked_until = 0.0
        self._about, self._fresh_until = 0, 0.0
        self._numbers = itertools.count(1)
        self._plans: dict[int, Plan] = {}
        self._contents: dict[str, Content] = {}
        # What this worker knows of channels before the portions that were claimed earlier do.
        self._resting: dict[int, Millis] = {}
        # Channels that are sent to right now, and since when (nanoseconds since 1970; 0 where nothing is measured).
        self._sending: dict[int, int] = {}
        self._stopping = False
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sql = ThreadPoolExecutor(1, thread_name_prefix="winpush-sql")
        self._portions: set[asyncio.Task[None]] = set()

    # --- from any thread ------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """What is in flight is finished and written; then `run` returns."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """There may be something to do."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._wake.set)

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self, *, until_idle: bool = False) -> None:
        """Delivers. With `until_idle` it returns when nothing is due, and no worker has claimed anything."""
        self._loop = asyncio.get_running_loop()
        try:
            async with AsyncClient(**self._options) as client:
                ears = asyncio.create_task(listen(self._database, self._wake.set))
                clearing = asyncio.create_task(self._clear_old(once=until_idle))
                try:
                    with self._watched_queue():
                        await self._work(client, until_idle=until_idle)
                    if until_idle:
                        await clearing
                finally:
                    ears.cancel()
                    clearing.cancel()
                    await asyncio.gather(ears, clearing, *self._portions, return_exceptions=True)
        finally:
            self._loop = None
            self._sql.shutdown()

    async def _work(self, client: AsyncClient, *, until_idle: bool) -> None:
        while not self._stopping:
            if not until_idle:
                await self._gather()
            self._wake.clear()
            busy = await self._fill(client)
            if len(self._portions) >= self._pace.portions:
                await asyncio.wait(self._portions, return_when=asyncio.FIRST_COMPLETED)
                continue
            if busy:
                continue
            wait = await self._time_to_wait()
            idle = not self._portions and wait > _IDLE_SECONDS
            # What another worker holds may be left behind by it: that is still to be done.
            if until_idle and idle and not await self._store(schedule.has_claims, writes=False):
                return
            await self._pause(wait)

    async def _clear_old(self, *, once: bool) -> None:
        if self._keep_history is not None:
            await clear_old(self._store, self._now, self._keep_history, once=once)

    def _watched_queue(self) -> AbstractContextManager[None]:
        return nullcontext() if self._telemetry is None else self._telemetry.watching(self._depths)

    def _depths(self) -> tuple[int, int] | None:
        """Called on the thread of whoever collects the metrics."""
        try:
            with self._database.read() as connection:
                return schedule.depths(connection)
        except DatabaseError:
            return None

    async def _gather(self) -> None:
        """After a small portion, waits for what else comes: many single notifications are claimed and written at once.

        The first one after a pause is not held up.
        """
        wait = self._gather_until - self._monotonic()
        if wait > 0 and not self._stopping:
            await asyncio.sleep(wait)

    async def _fill(self, client: AsyncClient) -> bool:
        """Claims until all places are taken or there is nothing; True when there may be more."""
        while len(self._portions) < self._pace.portions and not self._stopping:
            portion, held, settled = await self._store(self._claim_more)
            if portion is None:
                return settled
            self._gather_after(portion)
            if portion.is_work:
                task = asyncio.create_task(self._deliver(client, portion, held))
                self._portions.add(task)
                task.add_done_callback(self._finished)
        return False

    def _gather_after(self, portion: Portion) -> None:
        if len(portion.targets) < self._pace.portion // 2:
            self._gather_until = self._monotonic() + _GATHER_SECONDS

    def _claim(self, connection: Connection) -> _Claimed:
        now, owner = self._now(), f"{self._name}/{next(self._numbers)}"
        self._looked_until = self._monotonic() + _GATHER_SECONDS
        ended = broadcasts.expire_due(connection, now) > 0
        settled = finalize.settle(connection, now) or ended
        portion = claims.claim(connection, owner, now, self._lease, self._pace.portion, self._watch.is_lost)
        return portion, schedule.held(connection, now), settled

    def _claim_more(self, connection: Connection) -> _Claimed:
        """As `_claim`; but whatever is not simply next is looked for no more often than each tenth of a second."""
        if self._monotonic() >= self._looked_until:
            return self._claim(connection)
        now, owner = self._now(), f"{self._name}/{next(self._numbers)}"
        portion = claims.claim_next(connection, owner, now, self._lease, self._pace.portion)
        return self._claim(connection) if portion is None else (portion, schedule.held(connection, now), False)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._portions.discard(task)
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            # Its claim runs out, and it is done again: what was written stays written.
            _log.error("a portion of a broadcast failed; it is taken up again", exc_info=task.exception())

    async def _time_to_wait(self) -> float:
        moment = await self._store(schedule.next_at, writes=False)
        if moment is None:
            return float("inf")
        return max((moment - self._now()) / 1000, 0.02)

    async def _pause(self, seconds: float) -> None:
        limit = min(seconds, self._pace.poll.total_seconds())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), limit)

    # --- a portion ------------------------------------------------------------------------------------------------

    async def _deliver(self, client: AsyncClient, portion: Portion, held: dict[str, Millis]) -> None:
        """A portion, and those that are claimed where it ends."""
        following = await self._deliver_one(client, portion, held)
        while following is not None:
            following = await self._deliver_one(client, *following)

    async def _deliver_one(self, client: AsyncClient, portion: Portion, held: dict[str, Millis]) -> _Work | None:
        heart = asyncio.create_task(self._keep(portion))
        try:
            with self._span(portion):
                return await self._send(client, portion, held)
        except BaseException:
            for target in portion.targets:
                self._sending.pop(target.id, None)
            raise
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)

    def _span(self, portion: Portion) -> AbstractContextManager[None]:
        if self._telemetry is None:
            return nullcontext()
        return self._telemetry.portion(portion.broadcasts, len(portion.targets))

    async def _send(self, client: AsyncClient, portion: Portion, held: dict[str, Millis]) -> _Work | None:
        plans = await self._plans_of(portion)
        if len(plans) < len(portion.broadcasts):
            return None
        done: list[Record] = []
        left, enough = len(portion.targets), self._pace.store_after
        counted: Counter[tuple[str, str, str]] = Counter()
        # Together they are as many as there may be connections: none waits for one that another portion has.
        concurrency = max(1, self._connections // max(1, len(self._portions)))
        async for result in client.send_many(self._pairs(portion, plans, held, done), concurrency=concurrency):
            target: Any = result.key
            if self._monotonic() >= self._fresh_until:
                self._look_at_the_clock()
            entry = after(plans[target.broadcast], target, result, self._about)
            done.append(entry)
            began = self._sending.pop(target.id, 0)
            if self._telemetry is not None:
                counted[target.service, result.outcome.value, result.push_type] += 1
                self._measure(self._telemetry, target.service, result, began)
            if entry.state != _DELIVERED:
                await self._heed(target, result, entry, held)
            # Each target comes to one record: those of the last answers are written when the portion is given up.
            if enough <= len(done) < left:
                written, done[:] = list(done), []
                left -= len(written)
                await self._record(portion, written, last=False)
        following = await self._end(portion, done)
        if self._telemetry is not None:
            self._telemetry.count(counted)
            granted, refused = client.token_requests
            self._telemetry.logged_in(granted - self._logins[0], refused - self._logins[1])
            self._logins = granted, refused
        return following

    async def _heed(self, target: Target, result: Result, entry: Record, held: dict[str, Millis]) -> None:
        """What an answer asks for before the next one is sent: to leave this channel alone, or its whole service."""
        if entry.effect is not None and entry.effect.not_before is not None:
            self._rest(target.id, entry.effect.not_before)
        if is_for_all(result) and result.retry_after is not None:
            service, wait = target.service, result.retry_after // timedelta(milliseconds=1)
            until = held[service] = max(held.get(service, 0), self._now() + wait)
            await self._store(lambda c: schedule.hold(c, service, until))

    @staticmethod
    def _measure(telemetry: Telemetry, service: str, result: Result, began: int) -> None:
        kind, outcome = result.push_type, result.outcome.value
        telemetry.sent(service, kind, outcome, result.status_code, began, time.time_ns())
        if result.retry_after is not None and result.outcome in THROTTLED:
            scope = "app" if is_for_all(result) else "channel"
            telemetry.waited(service, scope, result.retry_after.total_seconds())

    def _rest(self, channel: int, until: Millis) -> None:
        if len(self._resting) >= _MOST_RESTING:
            now = self._now()
            self._resting = {each: moment for each, moment in self._resting.items() if moment > now}
            if len(self._resting) >= _MOST_RESTING:  # the database knows them; only the newest are news
                self._resting.clear()
        self._resting[channel] = until

    async def _plans_of(self, portion: Portion) -> dict[int, Plan]:
        """The plan of each broadcast; one whose content can't be read stops, and its claim runs out."""
        plans: dict[int, Plan] = {}
        for number, row in portion.broadcasts.items():
            try:
                plans[number] = self._plan(row)
            except (WinPushError, ValueError, LookupError, TypeError, AttributeError) as error:
                _log.warning("the content of broadcast %d can't be read (%s); it stops", number, type(error).__name__)
                reason = (
                    f"Its content can't be read here ({type(error).__name__}: {error}). It may have been stored by a "
                    "later version of winpush: run the workers with that version, and send anew."
                )
                await self._store(lambda c, n=number, r=reason: broadcasts.stop(c, n, self._now(), r))  # type: ignore[misc]  # bound
        if len(plans) < len(portion.broadcasts):
            await self._store(lambda c: claims.release(c, portion, self._now()))
        return plans

    def _plan(self, row: Any) -> Plan:
        plan = self._plans.get(row.id)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[row.id] = Plan.of(row, self._content(row.content))
        return plan

    def _content(self, text: str) -> Content:
        """One object for the same content of several broadcasts, so that it is read and encoded once."""
        content = self._contents.get(text)
        if content is None:
            if len(self._contents) >= _MOST_PLANS:
                self._contents.clear()
            content = self._contents[text] = Content.from_json(text)
        return content

    def _pairs(
        self, portion: Portion, plans: dict[int, Plan], held: dict[str, Millis], done: list[Record]
    ) -> Iterator[tuple[str, Notification, object]]:
        sending, measured = self._sending, self._telemetry is not None
        self._look_at_the_clock()  # from then on with each result
        for target in portion.targets:
            now, number, wait = self._about, target.id, 0
            if held or self._resting:
                wait = max(held.get(target.service, 0), self._resting.get(number, 0))
            if number in sending:  # by another portion: its answer may ask to wait
                wait = max(wait, now + _TURN_MILLIS)
            form = before(plans[target.broadcast], target, wait, now)
            if isinstance(form, Record):
                done.append(form)
            else:
                sending[number] = time.time_ns() if measured else 0
                yield target.uri, form, target

    async def _record(self, portion: Portion, records: list[Record], *, last: bool) -> None:
        self._tell(await self._store(lambda c: self._write(c, portion, records, last=last)))

    def _write(self, connection: Connection, portion: Portion, records: list[Record], *, last: bool) -> list[Record]:
        return outcomes.record(connection, portion, records, self._now(), self._lease, last=last)

    async def _end(self, portion: Portion, records: list[Record]) -> _Work | None:
        """Writes the last outcomes of a portion and, in the same transaction, claims what is next.

        On PostgreSQL each has its own: two workers that hold what the other one claims would wait for each other.
        """
        if self._stopping or not self._database.is_file or len(portion.targets) < self._pace.portion // 2:
            await self._record(portion, records, last=True)
            return None

        def write(connection: Connection) -> tuple[list[Record], _Claimed]:
            return self._write(connection, portion, records, last=True), self._claim_more(connection)

        try:
            written, (following, held, _) = await self._store(write)
        except DatabaseError:
            raise
        except Exception:  # noqa: BLE001 - who claims next meets it, too; what came of this portion is kept
            await self._record(portion, records, last=True)
            return None
        self._tell(written)
        if following is None or not following.is_work:
            return None
        self._gather_after(following)
        return following, held

    def _tell(self, records: list[Record]) -> None:
        if not self._hooks:
            return
        for entry in records:
            tried = entry.tried
            event = OutcomeEvent(
                entry.broadcast,
                entry.channel,
                DeliveryState(entry.state),
                entry.outcome,
                entry.attempts,
                from_millis(entry.at),
                None if tried is None else tried.status,
                None if tried is None else tried.message_id,
            )
            for hook in self._hooks:
                try:
                    hook(event)
                except Exception:  # noqa: BLE001 - the user's own code; it must not stop the sending
                    _log.exception("a hook failed for channel %d of broadcast %d", entry.channel, entry.broadcast)

    async def _keep(self, portion: Portion) -> None:
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            await self._store(lambda c: claims.keep(c, portion, self._now(), self._lease))

    # --- the database's thread ------------------------------------------------------------------------------------

    def _now(self) -> Millis:
        return to_millis(self._clock())

    def _look_at_the_clock(self) -> None:
        """The time, to some milliseconds: for what is asked at every send."""
        self._about, self._fresh_until = self._now(), self._monotonic() + _FRESH_SECONDS

    async def _store(self, work: Callable[[Connection], _T], *, writes: bool = True) -> _T:
        """Runs it in a transaction on the database's thread; again and again while the database can't."""
        delay = 0.25
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._sql, self._run, work, writes)
            except DatabaseError as error:
                if self._stopping:
                    raise
                _log.warning("%s; again in %.2g s", error, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 10.0)

    def _run(self, work: Callable[[Connection], _T], writes: bool) -> _T:
        with self._database.write() if writes else self._database.read() as connection:
            return work(connection)
