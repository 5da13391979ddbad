"""How a broadcast is cut into lanes when it is stored: contiguous channel numbers, without counting the audience."""

from __future__ import annotations

from typing import Any

from winpush.delivery.storage.database import Millis

__all__ = ["cut", "new_lane"]

_MOST = 64
_LEAST_CHANNELS = 5_000


def cut(broadcast: int, last_channel: int, not_before: Millis, *, has_rate: bool) -> list[dict[str, Any]]:
    """The rows of the broadcast's lanes: one for a small registry, up to 64 for a large one. Workers that find no free
    lane halve the largest. With a rate there is only one lane."""
    number = 1 if has_rate else min(_MOST, last_channel // _LEAST_CHANNELS + 1)
    ends = [last_channel * (each + 1) // number for each in range(number)]
    begins = [1, *(end + 1 for end in ends[:-1])]
    return [new_lane(broadcast, first, last, not_before) for first, last in zip(begins, ends, strict=True) if last]


def new_lane(broadcast: int, first: int, last: int, not_before: Millis, skips_known: int = 0) -> dict[str, Any]:
    """The row of a lane that nobody has run yet."""
    place = {"broadcast": broadcast, "first": first, "last": last, "cursor": first - 1, "ahead": first - 1}
    times = {"lease_until": 0, "not_before": not_before, "turn": 0}
    return {**place, **times, "starts": 0, "skips_known": skips_known, "refusals": {}}
