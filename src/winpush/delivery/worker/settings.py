"""The tuning of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from winpush.errors import ConfigurationError

__all__ = ["WorkerSettings", "check_limit"]

_MILLISECOND = timedelta(milliseconds=1)
_WHOLE = {"batch": 50_000, "batches": 1000, "store_after": 50_000, "gone_at_least": 1_000_000}
"""The settings that are whole numbers from 1 up, with their maximum."""
_TIMES = {"lease": _MILLISECOND, "poll": _MILLISECOND, "turn": timedelta(), "stop": timedelta()}
"""The settings that are times, with their minimum. The database stores milliseconds."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Tuning of a worker.

    - `batch`: channels in a batch. A broadcast is sent in half batches: one is sent while the outcomes of the one
      before it are written, all together.
    - `batches`: batches in progress at once, one of them for single notifications if there are two or more.
      `batch * batches` is the most sends that a crash can repeat.
    - `store_after`: outcomes of single notifications written per transaction.
    - `lease`: a worker silent for this long is presumed dead, and others take over its work.
    - `poll`: the longest pause before looking for new work.
    - `turn`: how long a worker stays with a part of a broadcast, or with several notifications to one channel, while
      others wait.
    - `stop`: how long a stopping worker waits for answers. Sends without an answer by then are repeated later.
    - `most_gone`, `gone_at_least`: a broadcast stops, without removing any channel, once at least `gone_at_least`
      channels and at least the share `most_gone` (0 to 1) of those that answered are reported gone. With
      `most_gone=None`, any share is believed.
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
        for name, most in _WHOLE.items():
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
                raise ConfigurationError(f"{name}: is {number!r}; give a whole number from 1 to {most:,}")
        for name, least in _TIMES.items():
            time = getattr(self, name)
            if not isinstance(time, timedelta) or time < least:
                raise ConfigurationError(
                    f"{name}: is {time!r}; give a timedelta of at least {least}, such as timedelta(seconds=12)"
                )
        share = self.most_gone
        if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1):
            raise ConfigurationError(f"most_gone: is {share!r}; give a share above 0 and up to 1, or None for no limit")

    @property
    def lease_millis(self) -> int:
        """The lease in milliseconds, as the database stores it."""
        return self.lease // _MILLISECOND

    @property
    def lane_batch(self) -> int:
        """How many channels of a broadcast are sent and written together."""
        return max(1, self.batch // 2)


def check_limit(name: str, age: object) -> timedelta | None:
    """How long something is kept, None for ever. Raises ConfigurationError for what isn't a positive timedelta."""
    if age is None or (isinstance(age, timedelta) and age > timedelta()):
        return age
    raise ConfigurationError(f"{name}: is {age!r}; give a positive timedelta, or None for no limit")
