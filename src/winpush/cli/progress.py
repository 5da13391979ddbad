"""A broadcast's progress for people and for machines: how far it is, and what the rest waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.output import describe_delay, echo_json_line

if TYPE_CHECKING:
    from winpush.delivery import Progress, Wait

__all__ = ["describe", "follow", "progress_to_dict", "watch"]

_REFRESH_SECONDS = 0.2
_ENDED = ("finished", "cancelled", "stopped", "expired")
_ENDING = ("cancelling", "stopping", "expiring")
_REASONS = {
    "due": "{number} {are} due now: a worker sends {them} as soon as one runs",
    "paused": "{number} {wait} because the broadcast is paused: winpush broadcasts resume {broadcast}",
    "not-before": "{number} {wait} for the broadcast's start, {at}",
    "rate": "{number} {wait} for {their} turn at the broadcast's own rate",
    "quiet-hours": "{number} {wait} for quiet hours to end, {next} {at}",
    "asked-to-wait": "{number} {wait} because the service asked to, {next} {at}",
    "no-login": "{number} {wait} for a worker that has a login for {their} service",
    "turn": "{number} {wait} for another send to the same channel",
}
_RETRY = "{number} {wait} for a retry after {reason}, {next} {at}"
_ONE = {"are": "is", "them": "it", "their": "its", "wait": "waits", "next": "at"}
_SEVERAL = {"are": "are", "them": "them", "their": "their", "wait": "wait", "next": "the next at"}


def percent_of(state: Progress) -> float:
    """How much of the audience is done, 0 to 100."""
    return 100.0 if not state.total else 100 * state.done / state.total


def remaining_of(state: Progress, rate: float) -> timedelta | None:
    """How long the rest will take at this rate per second; None if unknown, such as when some of it waits."""
    left = (state.total or 0) - state.done
    waits = any(wait.reason not in ("due", "rate") for wait in state.waits)
    if state.state.value != "running" or waits or left <= 0 or rate <= 0:
        return None
    return timedelta(seconds=left / rate)


def describe(state: Progress, rate: float | None = None, now: datetime | None = None) -> list[str]:
    """The progress in lines: the first says how far it is."""
    rate, now = state.rate if rate is None else rate, now or datetime.now(UTC)
    if state.total == 0:
        return [f"Broadcast {state.broadcast}: {state.state.value}. No channel matched its audience."]
    head = f"Broadcast {state.broadcast}: {state.state.value}. {state.done:,} of {state.total or 0:,} done"
    remaining = remaining_of(state, rate)
    left = "" if remaining is None else f", {describe_delay(remaining)} left"
    lines = [f"{head} ({percent_of(state):.0f} %), {rate:,.0f}/s{left}."]
    lines += [f"  {number:>9,}  {name}" for name, number in sorted(state.outcomes.items(), key=lambda pair: -pair[1])]
    waits = [f"  {_describe_wait(wait, state.broadcast, now)}." for wait in state.waits]
    if waits and state.state.value in _ENDING:
        number = sum(wait.number for wait in state.waits)
        waits = [f"  {number:,} won't be sent: a worker does the rest."]
    lines += waits
    if state.stop_reason:
        lines.append(f"  {state.stop_reason}")
    return lines


def _describe_wait(wait: Wait, broadcast: int, now: datetime) -> str:
    text = _REASONS.get(wait.reason, _RETRY)
    at = "an unknown time" if wait.next_at is None else _moment(wait.next_at, now)
    words = _ONE if wait.number == 1 else _SEVERAL
    return text.format(number=f"{wait.number:,}", reason=wait.reason, broadcast=broadcast, at=at, **words)


def _moment(moment: datetime, now: datetime) -> str:
    """`22:00 UTC`, with the date if that isn't today."""
    same_day = moment.astimezone(UTC).date() == now.astimezone(UTC).date()
    return moment.astimezone(UTC).strftime("%H:%M UTC" if same_day else "%Y-%m-%d %H:%M UTC")


def progress_to_dict(state: Progress, rate: float | None = None) -> dict[str, Any]:
    """The progress as JSON. Fields that need the total are included only if it was asked for."""
    rate = state.rate if rate is None else rate
    shown: dict[str, Any] = {
        "broadcast": state.broadcast,
        "state": state.state.value,
        "done": state.done,
        "waiting": state.waiting,
        "states": {each.value: number for each, number in state.states.items()},
        "outcomes": dict(state.outcomes),
        "rate_per_second": round(rate, 1),
        "elapsed_seconds": round(state.elapsed.total_seconds(), 3),
        "stop_reason": state.stop_reason,
    }
    if state.total is not None:
        remaining = remaining_of(state, rate)
        shown["total"] = state.total
        shown["percent"] = round(percent_of(state), 1)
        shown["remaining_seconds"] = None if remaining is None else round(remaining.total_seconds(), 3)
        shown["waits"] = list(state.waits)
    return shown


def watch(look: Callable[[], Progress], seconds: float, *, as_json: bool) -> Progress:
    """Shows the progress until the broadcast ends: in place on a terminal, otherwise as a line per change."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    looks = _looks(look, seconds)
    if console.is_terminal and not as_json:
        with Live(console=console, auto_refresh=False) as live:
            for state, rate in looks:
                live.update(Text("\n".join(describe(state, rate))), refresh=True)
        return state
    before: list[str] = []
    for state, rate in looks:
        lines = describe(state, rate)
        if as_json:
            echo_json_line(progress_to_dict(state, rate))
        elif lines != before:
            click.echo(" ".join(line.strip() for line in lines))
        before = lines
    return state


def _looks(look: Callable[[], Progress], seconds: float) -> Iterator[tuple[Progress, float]]:
    """Reads the progress repeatedly until the broadcast ends, each time with the rate since the previous look."""
    state, began = look(), time.monotonic()
    yield state, state.rate
    while state.state.value not in _ENDED:
        took = time.monotonic() - began
        time.sleep(max(seconds, 4 * took))  # the longer counting takes, the less often
        before, earlier = state, began
        began = time.monotonic()
        state = look()
        yield state, max(state.done - before.done, 0) / max(began - earlier, 0.001)


def follow(look: Callable[[], Progress], *, quiet: bool) -> Progress:
    """Waits for the broadcast to end or to be paused, with a progress bar; returns its final state."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    def said(state: Progress) -> str:
        left = "" if not state.remaining else f", {describe_delay(state.remaining)} left"
        return f"{state.done:,} done, {state.waiting:,} waiting, {state.rate:,.0f}/s{left}"

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.description}"))
    console = Console(stderr=True)
    # In a pipe, the bar would be an empty line.
    with Bars(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        while True:
            state = look()
            bar.update(task, completed=state.share, description=said(state))
            if state.state.value in (*_ENDED, "paused"):
                return state
            if state.share >= 1.0 and state.waiting and not quiet:
                bar.update(task, description=f"{said(state)} (Ctrl-C exits; 'winpush worker' continues)")
            time.sleep(_REFRESH_SECONDS)
