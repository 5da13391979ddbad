"""The possible fates of a message for a browser, and a name for every state of a subscription."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["SUBSCRIPTION_STATES", "Fate", "SubscriptionState"]


class Fate(Enum):
    """What a push service finds about a request; each service has its own words for it (webpush.md 6 and 7)."""

    TAKEN = "taken"
    DROPPED = "dropped"
    METHOD = "method"
    OUTAGE = "outage"
    UNKNOWN = "unknown"
    DAMAGED = "damaged"
    GONE = "gone"
    NO_TOKEN = "no-token"  # noqa: S105 - the name of a fate
    OLD_TOKEN = "old-token"  # noqa: S105 - the name of a fate
    BAD_TOKEN = "bad-token"  # noqa: S105 - the name of a fate
    OTHER_KEY = "other-key"
    NO_TTL = "no-ttl"
    BAD_TTL = "bad-ttl"
    TTL_CONFLICT = "ttl-conflict"
    WNS_TYPE = "wns-type"
    TOPIC = "topic"
    ENCODING = "encoding"
    TOO_LARGE = "too-large"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A named state of a subscription, and the fate of every message to it."""

    name: str
    fate: Fate = Fate.TAKEN


_STATES = (
    SubscriptionState("healthy"),
    SubscriptionState("offline"),
    SubscriptionState("gone", Fate.GONE),
    SubscriptionState("unknown", Fate.UNKNOWN),
    SubscriptionState("throttled", Fate.THROTTLED),
    SubscriptionState("key-mismatch", Fate.OTHER_KEY),
    SubscriptionState("outage", Fate.OUTAGE),
)

SUBSCRIPTION_STATES = {each.name: each for each in _STATES}
"""Every state of a browser's subscription, by name: `healthy`, `offline`, `gone`, `throttled`, …"""
