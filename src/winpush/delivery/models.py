"""The frozen values that the outbox returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from winpush.delivery.states import FINAL, BroadcastState, DeliveryState

__all__ = ["Attempt", "BroadcastInfo", "ChannelInfo", "Delivery", "ImportReport", "OutcomeEvent", "Progress", "Wait"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of one channel in a broadcast.

    `outcome` is that of the last attempt (a value of `winpush.Outcome`), None before the first and once it has been put
    off since (`waits_for` says why then). `due` is the time of the next attempt, None in a final state. `waits_for` (a
    value of `WaitReason`) says why nothing was sent when it was last due; None if it isn't waiting for such a reason.
    """

    broadcast: int
    channel: int
    state: DeliveryState
    outcome: str | None
    attempts: int
    at: datetime
    due: datetime | None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One send attempt: when, to which channel, its outcome, and the ids that Microsoft support asks for."""

    id: int
    broadcast: int
    channel: int
    at: datetime
    outcome: str
    status_code: int | None
    message_id: str | None
    debug_trace: str | None
    correlation_vector: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A registered channel, safe to show: `short` contains too little of the URI to push with."""

    id: int
    short: str
    service: str
    key: str | None
    device: str | None
    app: str | None
    tags: frozenset[str]
    platform: str | None
    os_version: str | None
    app_version: str | None
    locale: str | None
    time_zone: str | None
    attributes: Mapping[str, object]
    registered_at: datetime
    renewed_at: datetime
    gone_at: datetime | None
    gone_reason: str | None
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import: `taken` rows were stored, `refused` rows were skipped.

    Of those taken, `new` rows registered a channel, `renewed` rows renewed one that was known before, and `repeated`
    rows were for a channel that an earlier row of the file had registered or renewed.
    """

    taken: int
    refused: int
    new: int = 0
    renewed: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class BroadcastInfo:
    """A broadcast's current state and times. `stop_reason` says why, if it stopped itself."""

    id: int
    name: str | None
    state: BroadcastState
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    stop_reason: str | None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What some channels of a broadcast wait for.

    `reason` is a value of WaitReason, or the outcome after which they are retried (a value of `winpush.Outcome`).
    `next_at` is when the next of them is due, None if unknown.
    """

    reason: str
    number: int
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a broadcast.

    `states` counts channels by state, `outcomes` the final ones by outcome. `reached` and `last_channel` are channel
    numbers: the position in the registry, and where the broadcast ends. `total`, the size of the audience, and `waits`
    are set only by `progress(…, detailed=True)`.
    """

    broadcast: int
    state: BroadcastState
    states: Mapping[DeliveryState, int]
    outcomes: Mapping[str, int]
    reached: int
    last_channel: int
    elapsed: timedelta
    stop_reason: str | None = None
    total: int | None = None
    waits: tuple[Wait, ...] = ()

    @property
    def done(self) -> int:
        """Channels with a final outcome."""
        return sum(number for state, number in self.states.items() if state in FINAL)

    @property
    def waiting(self) -> int:
        """Channels that wait for a first attempt or a retry."""
        return self.states.get(DeliveryState.WAITING, 0)

    @property
    def share(self) -> float:
        """The share of the registry processed so far, 0 to 1."""
        return 1.0 if self.last_channel == 0 else min(self.reached / self.last_channel, 1.0)

    @property
    def rate(self) -> float:
        """Channels done per second since the start."""
        seconds = self.elapsed.total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def remaining(self) -> timedelta | None:
        """The estimated time until the whole registry is processed; None before the first progress."""
        if self.share <= 0:
            return None
        return self.elapsed * ((1 - self.share) / self.share)


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """What a hook receives after an outcome is stored: an attempt, or a delivery that ended without one."""

    broadcast: int
    channel: int
    state: DeliveryState
    outcome: str | None
    attempts: int
    at: datetime
    status_code: int | None = None
    message_id: str | None = None
    key: str | None = field(default=None)
