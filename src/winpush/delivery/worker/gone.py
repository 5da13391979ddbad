"""Notices that channels are reported gone at a rate that no audience has: then the fault is elsewhere, and none of them
may be removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter

from winpush.delivery.states import DeliveryState
from winpush.delivery.storage.rows import Record

__all__ = ["GoneTally"]

_MOST_KEPT = 1000
_WINDOW = 2000
"""Answers after which older ones begin to count less, so that a wave in the middle of a broadcast is noticed too."""
_ANSWER = itemgetter(*map(Record._fields.index, ("broadcast", "service", "state", "outcome")))
_GONE, _DELIVERED = DeliveryState.GONE.value, DeliveryState.DELIVERED.value


class GoneTally:
    """Counts, by broadcast and service, the channels that were reported gone and those that took the notification.

    `most` is the highest share of gone channels to believe, None for any; it is asked from `at_least` gone ones on.
    """

    def __init__(self, most: float | None, at_least: int) -> None:
        self._most = most
        self._at_least = at_least
        self._seen: dict[tuple[int, str], tuple[int, int]] = {}

    def add(self, records: Iterable[Record]) -> dict[int, str]:
        """Adds these outcomes. The broadcasts of which they can't be believed, each with the reason."""
        if self._most is None:
            return {}
        wrong: dict[int, str] = {}
        for number, service, gone, alive in _counted(records):
            before = self._seen.get((number, service), (0, 0))
            gone, answered = before[0] + gone, before[1] + gone + alive
            if gone >= self._at_least and gone >= self._most * answered:
                wrong[number] = _reason(number, service, gone, answered)
            self._keep((number, service), gone, answered)
        return wrong

    def _keep(self, key: tuple[int, str], gone: int, answered: int) -> None:
        if len(self._seen) >= _MOST_KEPT and key not in self._seen:
            del self._seen[next(iter(self._seen))]
        while answered > _WINDOW:
            gone, answered = gone // 2, answered // 2
        self._seen[key] = gone, answered


def _counted(records: Iterable[Record]) -> list[tuple[int, str, int, int]]:
    """Broadcast, service, gone and delivered. A channel that was gone before the send has no outcome and isn't one."""
    gone: Counter[tuple[int, str]] = Counter()
    alive: Counter[tuple[int, str]] = Counter()
    for (number, service, state, outcome), count in Counter(map(_ANSWER, records)).items():
        if state == _DELIVERED:
            alive[number, service] += count
        elif state == _GONE and outcome is not None:
            gone[number, service] += count
    return [(*key, gone[key], alive[key]) for key in {**gone, **alive}]


def _reason(number: int, service: str, gone: int, answered: int) -> str:
    return (
        f"{service.upper()} reported {gone:,} of the last {answered:,} channels as gone, more than any audience has. "
        "No channel was removed. Check whether these are your app's channels and what answers in the service's place "
        f"(see 'winpush history --broadcast {number}'), then send a new broadcast. If they are gone indeed, allow it "
        "with 'winpush worker --most-gone 0' or WorkerSettings(most_gone=None)."
    )
