"""What the outbox hands out: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from winpush.delivery.states import FINAL, BroadcastState, DeliveryState

__all__ = ["Attempt", "BroadcastInfo", "ChannelInfo", "Delivery", "ImportReport", "OutcomeEvent", "Progress"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How it is with one channel of a broadcast.

    `outcome` is the last answer's name (a value of `winpush.Outcome`), None before the first; `due` is when it is sent
    next, None for a final state.
    """

    broadcast: int
    channel: int
    state: DeliveryState
    outcome: str | None
    attempts: int
    at: datetime
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the history: what was sent when, to which channel, and what came back, with its ids for support."""

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
    """A registered channel as it may be shown: `short` is too little of its URI to push with."""

    id: int
    short: str
    service: str
    key: str | None
    device: str | None
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
    """What an import did: rows that were registered or renewed, and rows that were left out."""

    taken: int
    refused: int


@dataclass(frozen=True, slots=True)
class BroadcastInfo:
    """A broadcast as it stands. `stop_reason` is a sentence where it stopped itself."""

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
class Progress:
    """How far a broadcast is.

    `states` counts channels by state, `outcomes` the final ones by the last answer. `reached` and `last_channel` are
    channel numbers: how far down the registry it has come, and how far it goes.
    """

    broadcast: int
    state: BroadcastState
    states: Mapping[DeliveryState, int]
    outcomes: Mapping[str, int]
    reached: int
    last_channel: int
    elapsed: timedelta
    stop_reason: str | None = None

    @property
    def done(self) -> int:
        """Channels with a final outcome."""
        return sum(number for state, number in self.states.items() if state in FINAL)

    @property
    def waiting(self) -> int:
        """Channels that are to be sent to later, or again."""
        return self.states.get(DeliveryState.WAITING, 0)

    @property
    def share(self) -> float:
        """How much of the registry it has gone through, from 0 to 1."""
        return 1.0 if self.last_channel == 0 else min(self.reached / self.last_channel, 1.0)

    @property
    def rate(self) -> float:
        """Channels done a second, since it began."""
        seconds = self.elapsed.total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def remaining(self) -> timedelta | None:
        """An estimate of the time until it has gone through the registry; None while nothing is known."""
        if self.share <= 0:
            return None
        return self.elapsed * ((1 - self.share) / self.share)


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """What a hook is told after it is stored: one attempt, or the end of a delivery without one."""

    broadcast: int
    channel: int
    state: DeliveryState
    outcome: str | None
    attempts: int
    at: datetime
    status_code: int | None = None
    message_id: str | None = None
    key: str | None = field(default=None)
