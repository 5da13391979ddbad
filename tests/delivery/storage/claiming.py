"""A worker that claims and writes when the test says so."""

from __future__ import annotations

import itertools

from sqlalchemy import Connection

from tests.delivery.clock import Clock
from tests.delivery.leases import end_leases
from winpush.delivery import DeliveryState
from winpush.delivery.storage import claims, lanes, outcomes
from winpush.delivery.storage.database import Database, Millis, to_millis
from winpush.delivery.storage.rows import Batch, Effect, Record, Tried

__all__ = ["LEASE", "SIZE", "Worker", "claim_any"]

LEASE: Millis = 30_000
SIZE = 100


def claim_any(connection: Connection, owner: str, now: Millis, size: int) -> Batch | None:
    """Claims what is due, else the next batch of a lane; what may kill its worker comes last."""
    batch = claims.claim_due(connection, owner, now, LEASE, size)
    for claim in (lanes.claim_parcel, lanes.claim_lane, lanes.claim_suspect):
        batch = batch or claim(connection, owner, now, LEASE, size)
    return batch or claims.claim_due(connection, owner, now, LEASE, size, suspects=True)


class Worker:
    """Claims and writes as the engine does, when the test says so."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._database, self._numbers, self._clock = Database(url), itertools.count(), clock

    def claim(self, *, size: int = SIZE, takes_over: bool = False) -> Batch | None:
        """Claims what is due, else the next batch of a lane. `takes_over`: all leases have ended."""
        owner, now = f"worker/{next(self._numbers)}", to_millis(self._clock())
        with self._database.write() as connection:
            if takes_over:
                end_leases(connection)
            return claim_any(connection, owner, now, size)

    def write(
        self,
        batch: Batch,
        *,
        due: Millis | None = None,
        channels: int | None = None,
        gone: str | None = None,
        again: bool = False,
    ) -> int:
        """Writes that all targets were delivered (or wait until `due`, or are gone); returns how many counted."""
        now = to_millis(self._clock())
        state = DeliveryState.DELIVERED if due is None else DeliveryState.WAITING
        state, outcome = (state, "accepted") if gone is None else (DeliveryState.GONE, gone)
        records = [
            Record(
                target.broadcast,
                target.id,
                target.service,
                state.value,
                outcome,
                target.attempts + 1,
                now,
                due,
                Tried(target.broadcast, target.id, now, outcome, 200, None, None, None, None),
                None if gone is None else Effect(target.uri, gone=gone),
            )
            for target in batch.targets[:channels]
        ]
        with self._database.write() as connection:
            written = outcomes.record(connection, batch, records, now, LEASE, SIZE, again=again)
            if batch.lane is not None and written.is_mine:
                if batch.lane.end < batch.lane.last:
                    lanes.release_lane(connection, batch)
                else:
                    lanes.follow(connection, batch, now, SIZE, share=True)
            return len(written.records)

    def split(self, *, size: int) -> bool:
        with self._database.write() as connection:
            return lanes.split_lane(connection, to_millis(self._clock()), size)

    def give_back(self, batch: Batch) -> None:
        with self._database.write() as connection:
            claims.release_due(connection, batch)

    def end_leases(self) -> None:
        with self._database.write() as connection:
            end_leases(connection)

    def close(self) -> None:
        self._database.close()
