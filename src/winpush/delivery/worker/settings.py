"""The tuning of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["WorkerSettings"]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Tuning of a worker.

    - `batch`: channels claimed at once.
    - `batches`: batches in progress at once. `batch * batches` is the most that a crash can send twice.
    - `store_after`: outcomes written per transaction.
    - `lease`: a worker silent for this long is presumed dead, and others take over its work.
    - `poll`: the longest pause before looking for new work.
    - `turn`: how long several notifications to one channel, sent one after the other, go on while others may wait.
    """

    batch: int = 500
    batches: int = 3
    store_after: int = 500
    lease: timedelta = timedelta(seconds=24)
    poll: timedelta = timedelta(seconds=1)
    turn: timedelta = timedelta(seconds=2)
