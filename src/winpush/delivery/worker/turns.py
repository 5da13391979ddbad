"""One send at a time for each channel of a batch, in order; the next one starts as soon as the last has ended."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable

from winpush.delivery.storage.database import Millis
from winpush.delivery.storage.rows import Batch, Target

__all__ = ["Turns", "busy_with", "rest"]

_MAX_RESTING = 10_000


def rest(resting: dict[int, Millis], channel: int, until: Millis, now: Millis) -> dict[int, Millis]:
    """Notes that nothing may be sent to this channel until then. When there are many entries, past ones are dropped."""
    if len(resting) >= _MAX_RESTING:
        resting = {each: moment for each, moment in resting.items() if moment > now}
        if len(resting) >= _MAX_RESTING:  # the database has them too
            resting.clear()
    resting[channel] = until
    return resting


class Turns:
    """The targets of a batch in which channels occur more than once: `async for target in turns`.

    A channel's first target comes at once, each later one when `end` is called for the one before it.
    """

    def __init__(self, targets: Iterable[Target]) -> None:
        self._ready: deque[Target] = deque()
        self._later: dict[int, deque[Target]] = defaultdict(deque)
        self._under_way: set[int] = set()
        self._change = asyncio.Event()
        for target in targets:
            if target.id in self._under_way:
                self._later[target.id].append(target)
            else:
                self._under_way.add(target.id)
                self._ready.append(target)

    @staticmethod
    def are_needed(targets: Iterable[Target]) -> bool:
        """Whether any channel occurs more than once."""
        numbers = [target.id for target in targets]
        return len(set(numbers)) < len(numbers)

    def end(self, channel: int) -> bool:
        """Ends the channel's current turn; True if that was its last."""
        self._change.set()
        later = self._later.get(channel)
        if later:
            self._ready.append(later.popleft())
            return False
        self._under_way.discard(channel)
        return True

    async def __aiter__(self) -> AsyncIterator[Target]:
        while self._under_way:
            while self._ready:
                yield self._ready.popleft()
            self._change.clear()
            if self._under_way and not self._ready:
                await self._change.wait()


def busy_with(batch: Batch) -> dict[int, str]:
    """The channels of a batch of due deliveries or of a parcel, each with the batch's owner. Empty for a lane."""
    is_due = batch.lane is None or batch.is_parcel
    return {each.id: batch.owner for each in batch.targets} if is_due else {}
