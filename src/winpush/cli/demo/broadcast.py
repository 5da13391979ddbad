"""The demo's broadcasts: stored in an outbox and delivered by a worker process that you can kill."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from winpush.cli.output import counted
from winpush.delivery import BroadcastState, Content, Delivery, DeliveryState, Outbox

__all__ = ["Report", "deliver", "read_report"]

_LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Report:
    """The results of one broadcast: sends by outcome, what each means and leads to, and worker crashes."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    meanings: dict[str, str] = field(default_factory=dict)
    states: dict[str, DeliveryState] = field(default_factory=dict)
    soonest: dict[str, timedelta] = field(default_factory=dict)
    deleted: int = 0
    nothing_to_send: int = 0
    waited_for: int = 0
    crashes: int = 0
    lost: int = 0
    sent_twice: int = 0

    @property
    def sent(self) -> int:
        """Channels sent to."""
        return self.outcomes.total()

    @property
    def delivered(self) -> int:
        """Channels for which the push service accepted it."""
        taken = [name for name, state in self.states.items() if state is DeliveryState.DELIVERED]
        return sum(self.outcomes[name] for name in taken)

    @property
    def known(self) -> int:
        """Channels that the outbox has accounted for."""
        return self.sent + self.nothing_to_send + self.waited_for


async def deliver(
    outbox: Outbox,
    database: str,
    authority: str,
    content: Content,
    rate: int | None,
    say: Callable[[str], None],
    on_progress: Callable[[int], None],
) -> tuple[int, int]:
    """Stores a broadcast and runs worker processes until it is delivered, replacing any that die.

    Returns the broadcast's number, and how many workers died.
    """
    number = await asyncio.to_thread(outbox.broadcast, content, rate=rate)
    crashes = 0
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "winpush.cli.demo.worker", database, authority
        )
        try:
            if rate:
                say(f"The worker is process {process.pid}. Try killing it: kill -9 {process.pid}")
            code = await _watch(process, outbox, number, on_progress)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
        progress = await asyncio.to_thread(outbox.progress, number)
        if code >= 0 or progress.state is not BroadcastState.RUNNING:
            return number, crashes
        crashes += 1
        why, sent = signal.Signals(-code).name, counted(progress.done, "send")
        say(f"The worker died ({why}) after {sent}; another one takes over.")


async def _watch(
    process: asyncio.subprocess.Process, outbox: Outbox, number: int, on_progress: Callable[[int], None]
) -> int:
    while True:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                code = await process.wait()
        except TimeoutError:
            code = None
        progress = await asyncio.to_thread(outbox.progress, number)
        on_progress(progress.done + progress.waiting)
        if code is not None:
            return code


def read_report(outbox: Outbox, number: int, name: str, crashes: int) -> Report:
    """Reads a broadcast's results from the outbox."""
    report = Report(name, crashes=crashes)
    for attempt in outbox.history(broadcast=number):
        report.meanings.setdefault(attempt.outcome, attempt.detail or "The push service accepted it.")
    for delivery in outbox.deliveries(number):
        _count(report, delivery)
    return report


def _count(report: Report, delivery: Delivery) -> None:
    if delivery.state is DeliveryState.SKIPPED:
        report.nothing_to_send += 1
    elif delivery.outcome is None:
        report.waited_for += delivery.state is DeliveryState.WAITING
    else:
        report.outcomes[delivery.outcome] += 1
        report.states[delivery.outcome] = delivery.state
        report.deleted += delivery.state is DeliveryState.GONE
        if delivery.due is not None:
            wait = delivery.due - delivery.at
            report.soonest[delivery.outcome] = min(wait, report.soonest.get(delivery.outcome, wait))
