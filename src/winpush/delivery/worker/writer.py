"""Writes the outcomes of batches and, in the same transaction, reads what follows them."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from winpush.delivery.storage import claims, lanes, outcomes, schedule
from winpush.delivery.storage.database import DatabaseError, Millis
from winpush.delivery.storage.outcomes import Written
from winpush.delivery.storage.rows import Batch, Record
from winpush.delivery.worker.batch import Sending
from winpush.delivery.worker.gone_rate import GoneTally
from winpush.delivery.worker.hooks import Hook, run_hooks
from winpush.delivery.worker.outages import Outages
from winpush.delivery.worker.settings import WorkerSettings
from winpush.delivery.worker.store import Store

__all__ = ["Work", "Writer"]

_log = logging.getLogger("winpush.delivery")
Work = tuple[Batch, schedule.Held]
"""A claimed batch, and until when each app is on hold."""


class Writer:
    """Writes outcomes for the worker called `name`.

    `now` is the outbox's clock; `new_owner` names a claim; `stops` says whether lanes are given back after their
    current batch.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        settings: WorkerSettings,
        hooks: Sequence[Hook],
        outages: Outages,
        now: Callable[[], Millis],
        new_owner: Callable[[], str],
        stops: Callable[[], bool],
    ) -> None:
        self._store, self._name, self._settings, self._hooks = store, name, settings, tuple(hooks)
        self._outages = outages
        self._now, self._new_owner, self._stops = now, new_owner, stops
        self._gone = GoneTally(settings.most_gone, settings.gone_at_least)

    async def record(self, batch: Batch, records: list[Record]) -> None:
        """Writes some outcomes of due deliveries."""
        write = self._writing(batch, records)
        self._tell(await self._store(write, keeps=True))

    def tell_lost(self, batch: Batch) -> None:
        """Calls the hooks for the deliveries that this claim has ended as lost."""
        run_hooks(self._hooks, batch.lost)

    async def advance(self, sent: Sending | None, sending: Sending, *, share: bool) -> Work | None:
        """While a batch of a lane is being sent, writes the one before it and reads the one after it: None if the lane
        doesn't continue for now. If another worker runs the lane, no more of the batch is sent."""
        lane = sending.batch.lane
        assert lane is not None  # noqa: S101 - the caller's branch
        write = None if sent is None else self._writing(sent.batch, sent.done, reach=lane.end)

        def step(connection: Connection) -> tuple[Written | None, bool, Work | None]:
            # Either branch locks the lane, so that nobody cuts it before the next batch is read.
            if write is None:
                written, is_mine = None, lanes.keep_lane(connection, sending.batch, self._settings.lease_millis)
            else:
                written = write(connection)
                is_mine = written.is_mine
            return written, is_mine, self._behind(connection, sending.batch, share=share) if is_mine else None

        is_mine = False
        try:
            # Keeps outcomes even without `write`: those of the batch being sent depend on it.
            written, is_mine, following = await self._store(step, keeps=True)
        finally:
            sending.is_lost |= not is_mine
        if written is not None:
            self._tell(written)
        return following

    async def end(self, sending: Sending, *, share: bool) -> Work | None:
        """Writes the last outcomes of a batch. In a lane, also reads the next one or gives the lane back."""
        batch = sending.batch
        if batch.lane is None:
            await self.record(batch, sending.done)
            return None
        write = self._writing(batch, sending.done)

        def step(connection: Connection) -> tuple[Written, Work | None]:
            written = write(connection)
            if written.is_mine:
                return written, self._follow(connection, batch, share=share)
            lanes.release_lane(connection, batch)  # if the lane is this worker's after all, nobody waits for the lease
            return written, None

        written, following = await self._store(step, keeps=True)
        if not written.is_mine:
            extra = {"worker": self._name, "broadcast": batch.lane.broadcast}
            text = "Another worker has taken over a lane of broadcast %d because this one was silent for too long"
            _log.warning(text, batch.lane.broadcast, extra=extra)
        self._tell(written)
        return following

    async def keep(self, current: Callable[[], Sending]) -> None:
        """Renews the lease of the batch that is being sent, three times per lease, until cancelled. Notes if another
        worker has taken over."""
        while True:
            await asyncio.sleep(self._settings.lease.total_seconds() / 3)
            batch = current().batch
            keep = claims.keep_due if batch.lane is None else lanes.keep_lane
            try:
                is_kept = await self._store(lambda c: keep(c, batch, self._settings.lease_millis))  # noqa: B023 - it has run before the next round
                current().is_lost |= not is_kept
            except DatabaseError:  # told to stop while the database is away
                return
            except Exception:
                extra = {"worker": self._name}
                _log.exception("A batch's lease can't be renewed; another worker may take it over", extra=extra)
                raise

    def _writing(
        self, batch: Batch, records: list[Record], reach: int | None = None
    ) -> Callable[[Connection], Written]:
        """A function that writes these outcomes. When retried, it checks whether they were written before."""
        self._outages.note(records)
        doubted, tries = self._gone.add(records), itertools.count()
        lease, size = self._settings.lease_millis, self._settings.lane_batch

        def write(connection: Connection) -> Written:
            again = next(tries) > 0
            return outcomes.record(
                connection, batch, records, self._now(), lease, size, doubted=doubted, again=again, reach=reach
            )

        return write

    def _tell(self, written: Written) -> None:
        for number, reason in written.stopped.items():
            extra = {"worker": self._name, "broadcast": number}
            _log.warning("Broadcast %d has stopped itself. %s", number, reason, extra=extra)
        run_hooks(self._hooks, written.records)

    def _behind(self, connection: Connection, batch: Batch, *, share: bool) -> Work | None:
        now, size = self._now(), self._settings.lane_batch
        following = lanes.read_ahead(connection, batch, now, size, share=share, stops=self._stops())
        return None if following is None else (following, schedule.held(connection, now))

    def _follow(self, connection: Connection, batch: Batch, *, share: bool) -> Work | None:
        now, size, stops = self._now(), self._settings.lane_batch, self._stops()
        following = lanes.follow(connection, batch, now, size, share=share, stops=stops)
        if following is None and batch.is_parcel and not share and not stops:
            # Most parcels have one batch, and many are due at the same time.
            following = lanes.claim_parcel(connection, self._new_owner(), now, self._settings.lease_millis, size)
        return None if following is None else (following, schedule.held(connection, now))
