"""The values that the worker and the SQL exchange: what to send, and what to record. No SQL in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from winpush.channels import Service, sender_of, split_uri
from winpush.delivery.registry.rules import Scalar
from winpush.delivery.storage.database import Millis

__all__ = ["CAREFUL", "Batch", "Effect", "Lane", "Record", "Target", "Tried"]


class Target(NamedTuple):
    """One channel to send to for one broadcast. The order of the fields is that of the columns in `claims`."""

    broadcast: int
    attempts: int
    id: int
    uri: str
    service: str
    app: str | None
    key: str | None
    platform: str | None
    locale: str | None
    time_zone: str | None
    attributes: Mapping[str, Scalar] | None
    gone_at: Millis | None
    gone_reason: str | None
    not_before: Millis | None
    p256dh: str | None = None
    auth: str | None = None

    @property
    def sender(self) -> tuple[str, str | None] | None:
        """The sender that a throttle holds as a whole; None if it holds only the channel."""
        return sender_of(Service(self.service), split_uri(self.uri)[0].partition("://")[2], self.app)


class Lane(NamedTuple):
    """Where a batch is in its lane: the channels numbered above `begin` and up to `end`. The lane ends by `last`.

    `starts` counts the claims since the last write, and `has_gaps` says that some of them may have an outcome already.
    `parcel` is the number of a parcel, which is run like a lane, or 0.
    """

    broadcast: int
    first: int
    begin: int
    end: int
    last: int
    starts: int
    has_gaps: bool
    parcel: int = 0

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last number of the channels that its outcomes lie between. Those of a parcel are those of
        the batch that it comes from: bounds of different batches don't overlap."""
        return (self.first, self.last) if self.parcel else (self.begin + 1, self.end)


CAREFUL = 3
"""From this many claims on without a write, something in a batch may have killed its workers: the batch gets smaller,
and runs alone in its process."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Claimed work: a part of a lane or a parcel of one broadcast, or, without a lane, due deliveries of several.

    `owner` proves the claim when the outcomes are written. `broadcasts` has their rows, by number. `claims` is how
    often the due deliveries have been claimed since their last outcomes. `lost` has the deliveries that the claim
    itself has ended, because they keep killing their workers.
    """

    owner: str
    broadcasts: Mapping[int, Any]
    targets: Sequence[Target] = field(repr=False)
    lane: Lane | None = None
    claims: int = 1
    lost: tuple[Record, ...] = ()

    @property
    def is_work(self) -> bool:
        """False for a claim that only ended something."""
        return bool(self.targets) or self.lane is not None

    @property
    def is_parcel(self) -> bool:
        """Whether it is part of a parcel."""
        return self.lane is not None and self.lane.parcel > 0

    @property
    def is_read_ahead(self) -> bool:
        """Whether the next batch is read and sent while this one is written: in a lane that isn't at its end, has no
        rate and hasn't killed a worker."""
        lane = self.lane
        if lane is None or lane.parcel or lane.end >= lane.last or self.is_suspect:
            return False
        return all(row.rate is None for row in self.broadcasts.values())

    @property
    def is_suspect(self) -> bool:
        """Whether something in it may have killed its workers: it runs alone in its process."""
        return (self.claims if self.lane is None else self.lane.starts) >= CAREFUL


class Tried(NamedTuple):
    """One attempt, as a row of the history.

    A tuple, like Record: every send makes one of each, and a frozen dataclass takes four times as long.
    """

    broadcast: int
    channel: int
    at: Millis
    outcome: str
    status: int | None
    message_id: str | None
    debug_trace: str | None
    correlation_vector: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer means for the channel itself: `gone` (the reason), or no sends before `not_before`.

    It applies to the URI that was sent to; the device may have registered a new one since.
    """

    uri: str = field(repr=False)
    gone: str | None = None
    not_before: Millis | None = None


class Record(NamedTuple):
    """What to write about one channel of a broadcast. `state` is the value of a DeliveryState, ready to store."""

    broadcast: int
    channel: int
    service: str
    state: str
    outcome: str | None
    attempts: int
    at: Millis
    due: Millis | None = None
    tried: Tried | None = None
    effect: Effect | None = None
    refusal: bool | None = None
    """True for a refusal that a retry won't fix, False for an answer that ends a run of them, None for neither."""
    key: str | None = None
    """The channel's, for the hooks."""
