"""The tuning of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from winpush.errors import ConfigurationError

__all__ = ["WorkerSettings"]

_MOST_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Tuning of a worker.

    - `batch`: channels in a batch. Of a broadcast, half of it is sent while the half before it is written; the outcomes
      of each are written together.
    - `batches`: batches in progress at once, one of them for single notifications if there are two or more.
      `batch * batches` is the most that a crash can send twice.
    - `store_after`: outcomes of single notifications written per transaction.
    - `lease`: a worker silent for this long is presumed dead, and others take over its work.
    - `poll`: the longest pause before looking for new work.
    - `turn`: how long a part of a broadcast, or several notifications to one channel, go on while others wait.
    - `stop`: how long a worker that is told to stop waits for answers. What has none by then is sent again later.
    - `most_gone`, `gone_at_least`: a broadcast stops, and removes no channel, once at least so many channels and at
      least this share (0 to 1) of those that answered are reported gone. None: any share is believed.
    """

    batch: int = 1000
    batches: int = 3
    store_after: int = 500
    lease: timedelta = timedelta(seconds=12)
    poll: timedelta = timedelta(seconds=1)
    turn: timedelta = timedelta(seconds=2)
    stop: timedelta = timedelta(seconds=5)
    most_gone: float | None = 0.8
    gone_at_least: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= _MOST_AT_ONCE:
            raise ConfigurationError(f"batch: is {self.batch}; give a number of channels from 1 to {_MOST_AT_ONCE:,}")
        if self.most_gone is not None and not 0 < self.most_gone <= 1:
            raise ConfigurationError(
                f"most_gone: is {self.most_gone}; give a share above 0 and up to 1, or None for no limit"
            )

    @property
    def lease_millis(self) -> int:
        """The lease in milliseconds, as the database has it."""
        return self.lease // timedelta(milliseconds=1)

    @property
    def lane_batch(self) -> int:
        """How many channels of a broadcast are sent to, and written, together."""
        return max(1, self.batch // 2)
