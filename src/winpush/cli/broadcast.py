"""The demo's broadcast: to every device what it can take, and with each result what a good citizen does."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from winpush import AsyncClient, Outcome, Result
from winpush.cli.scenes import Forms
from winpush.errors import NothingToSendError
from winpush.results import Notification
from winpush.retries import RetryAt, decide

__all__ = ["Broadcast", "Report"]


@dataclass(slots=True)
class Report:
    """What came of one broadcast: results by outcome, one of each for its meaning, and what was done about them."""

    name: str
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    examples: dict[Outcome, Result] = field(default_factory=dict)
    deleted: int = 0
    soonest: dict[Outcome, timedelta] = field(default_factory=dict)
    nothing_to_send: int = 0
    waited_for: int = 0

    @property
    def sent(self) -> int:
        """How many sends ended in a result."""
        return self.outcomes.total()


class Broadcast:
    """A registry of channels, and sending to all of them by the rules."""

    def __init__(self, client: AsyncClient, channels: dict[str, str]) -> None:
        self._client = client
        self.channels = channels
        """Channel URI to the version of its phone, or WINDOWS."""
        self._not_before: dict[str, datetime] = {}

    async def send(self, name: str, forms: Forms, seconds: float, on_result: Callable[[], None]) -> Report:
        """Sends to every channel that may be sent to now, spread over so many seconds; returns what came of it."""
        report = Report(name)
        pairs = self._pairs(forms, report, seconds, on_result)
        async for result in self._client.send_many(pairs):
            self._act(result, report)
            on_result()
        return report

    async def _pairs(
        self, forms: Forms, report: Report, seconds: float, on_result: Callable[[], None]
    ) -> AsyncIterator[tuple[str, Notification, str]]:
        pause = seconds / max(len(self.channels), 1)
        for uri, version in list(self.channels.items()):
            if pause:
                await asyncio.sleep(pause)
            if self._not_before.get(uri, datetime.min.replace(tzinfo=UTC)) > datetime.now(UTC):
                report.waited_for += 1
                on_result()
                continue
            try:
                yield uri, forms.for_device(version), uri
            except NothingToSendError:
                report.nothing_to_send += 1
                on_result()

    def _act(self, result: Result, report: Report) -> None:
        uri, now = str(result.key), datetime.now(UTC)
        report.outcomes[result.outcome] += 1
        report.examples.setdefault(result.outcome, result)
        decision = decide(result, 1, now)
        if result.should_delete_channel:
            self.channels.pop(uri, None)
            report.deleted += 1
        elif isinstance(decision, RetryAt):
            self._not_before[uri] = decision.at
            report.soonest[result.outcome] = decision.at - now
