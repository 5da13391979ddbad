"""Notices when channels are reported gone at an implausible rate. Then the fault lies elsewhere, and no channel may be
removed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from winpush.delivery.states import DeliveryState
from winpush.delivery.storage.rows import Record

__all__ = ["GoneTally"]

_MOST_KEPT = 1000
_WINDOW = 2000
"""After this many answers, older ones count less, so that a wave in the middle of a broadcast is noticed too."""
_SINGLE_WINDOWS = 4
"""The same for single notifications, in multiples of `at_least`: few are sent in the time that channels are lost in."""
_ANSWER = itemgetter(*map(Record._fields.index, ("broadcast", "service", "state", "outcome")))
_GONE, _DELIVERED = DeliveryState.GONE.value, DeliveryState.DELIVERED.value


class GoneTally:
    """Counts, by broadcast and service, the channels that were reported gone and those that took the notification.

    With `most` None, these reports are always believed; otherwise not once they are at least the share `most` of those
    that answered, and at least `at_least`.
    Broadcasts with fewer answers than that, such as single notifications, are judged together.
    """

    def __init__(self, most: float | None, at_least: int) -> None:
        self._most = most
        self._at_least = at_least
        self._seen: dict[tuple[int, str], _Count] = {}
        self._of_single: dict[str, _Count] = {}
        self._single: dict[str, deque[int]] = {}

    def add(self, records: Iterable[Record]) -> dict[int, str]:
        """Adds these outcomes. Returns the broadcasts whose outcomes can't be believed, each with the reason."""
        if self._most is None:
            return {}
        wrong: dict[int, str] = {}
        for number, service, gone, alive in _counted(records):
            count = self._seen.get((number, service), _NONE).plus(gone, alive)
            if self._is_wrong(count):
                wrong[number] = _reason(number, service, count, "channels")
            elif count.answered < self._at_least:
                wrong |= self._add_single(number, service, gone, alive)
            self._keep((number, service), count)
        return wrong

    def _add_single(self, number: int, service: str, gone: int, alive: int) -> dict[int, str]:
        """Adds answers of a broadcast too small to be judged alone. Returns what `add` does, earlier ones included."""
        count = self._of_single.get(service, _NONE).plus(gone, alive)
        self._of_single[service] = count.within(_SINGLE_WINDOWS * self._at_least)
        single = self._single.setdefault(service, deque(maxlen=_MOST_KEPT))
        if gone:
            single.append(number)
        if not gone or not self._is_wrong(count):
            return {}
        wrong = {each: _reason(each, service, count, "channels of single notifications") for each in single}
        single.clear()
        return wrong

    def _is_wrong(self, count: _Count) -> bool:
        return count.gone >= self._at_least and count.gone >= (self._most or 0) * count.answered

    def _keep(self, key: tuple[int, str], count: _Count) -> None:
        if len(self._seen) >= _MOST_KEPT and key not in self._seen:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = count.within(_WINDOW)


class _Count(NamedTuple):
    """How many of the channels that answered were gone."""

    gone: int
    answered: int

    def plus(self, gone: int, alive: int) -> _Count:
        return _Count(self.gone + gone, self.answered + gone + alive)

    def within(self, window: int) -> _Count:
        """Halved until at most `window` have answered."""
        gone, answered = self
        while answered > window:
            gone, answered = gone // 2, answered // 2
        return _Count(gone, answered)


_NONE = _Count(0, 0)


def _counted(records: Iterable[Record]) -> list[tuple[int, str, int, int]]:
    """Broadcast, service, gone and delivered. Doesn't count a channel gone before the send, which has no outcome."""
    gone: Counter[tuple[int, str]] = Counter()
    alive: Counter[tuple[int, str]] = Counter()
    for (number, service, state, outcome), count in Counter(map(_ANSWER, records)).items():
        if state == _DELIVERED:
            alive[number, service] += count
        elif state == _GONE and outcome is not None:
            gone[number, service] += count
    return [(*key, gone[key], alive[key]) for key in {**gone, **alive}]


def _reason(number: int, service: str, count: _Count, what: str) -> str:
    return (
        f"{service.upper()} reported {count.gone:,} of the last {count.answered:,} {what} as gone, more than is "
        "plausible. No channel was removed. Check that these are your app's channels and that it was the service that "
        f"answered (see 'winpush history --broadcast {number}'), then send it again. If they really are gone, "
        "allow it with 'winpush worker --most-gone 0' or WorkerSettings(most_gone=None)."
    )
