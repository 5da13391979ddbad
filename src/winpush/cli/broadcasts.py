"""`winpush broadcasts …` and `winpush history`: what the outbox is doing, and what it did."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from winpush.cli.groups import GuessingGroup
from winpush.cli.help import Command, option
from winpush.cli.outbox import (
    database_option,
    json_option,
    open_outbox,
    show_time,
    table,
)
from winpush.cli.output import describe_delay, echo_json, echo_json_line

if TYPE_CHECKING:
    from winpush.delivery import Attempt, Outbox, Progress

__all__ = ["broadcasts", "follow", "history", "progress_to_dict", "show_progress"]

_REFRESH_SECONDS = 0.2
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


def follow(outbox: Outbox, number: int, *, quiet: bool) -> Progress:
    """Waits for the broadcast to end and shows its progress."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from winpush.delivery import Progress as State

    def describe(state: State) -> str:
        left = "" if state.remaining is None else f", {describe_delay(state.remaining)} left"
        return f"{state.done:,} done, {state.waiting:,} waiting, {state.rate:,.0f}/s{left}"

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.description}"))
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        while True:
            state = outbox.progress(number)
            bar.update(task, completed=state.share, description=describe(state))
            if state.state.value in ("finished", "cancelled", "stopped", "expired", "paused"):
                return state
            if state.share >= 1.0 and state.waiting and not quiet:
                bar.update(task, description=f"{describe(state)} (Ctrl-C exits; 'winpush worker' continues)")
            time.sleep(_REFRESH_SECONDS)


def progress_to_dict(state: Progress) -> dict[str, Any]:
    """The progress as JSON."""
    return {
        "broadcast": state.broadcast,
        "state": state.state.value,
        "done": state.done,
        "waiting": state.waiting,
        "states": {each.value: number for each, number in state.states.items()},
        "outcomes": dict(state.outcomes),
        "rate_per_second": round(state.rate, 1),
        "elapsed_seconds": round(state.elapsed.total_seconds(), 3),
        "stop_reason": state.stop_reason,
    }


def show_progress(state: Progress) -> None:
    """Prints the progress, with the number of each outcome."""
    click.echo(f"Broadcast {state.broadcast}: {state.state.value}. {state.done:,} done, {state.waiting:,} waiting.")
    for outcome, number in sorted(state.outcomes.items(), key=lambda pair: -pair[1]):
        click.echo(f"  {number:>9,}  {outcome}")
    if state.stop_reason:
        click.echo(f"  {state.stop_reason}")


@click.group(cls=GuessingGroup, examples=["winpush broadcasts list"])
def broadcasts() -> None:
    """Show, pause, resume and cancel the outbox's broadcasts."""


@broadcasts.command("list", examples=["winpush broadcasts list --limit 5"])
@option(
    "--limit",
    heading="Output",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="List the newest N.",
)
@json_option
@database_option
def list_(db: str, limit: int, as_json: bool) -> None:
    """List broadcasts, newest first."""
    with open_outbox(db) as outbox:
        found = list(itertools.islice(outbox.list_broadcasts(), limit))
    if as_json:
        for info in found:
            echo_json_line(info)
        return
    rows = (
        (str(info.id), info.name or "", info.state.value, show_time(info.created_at), show_time(info.ended_at))
        for info in found
    )
    table(("Number", "Name", "State", "Created", "Ended"), rows)


@broadcasts.command(examples=["winpush broadcasts show 1"])
@click.argument("number", type=int)
@json_option
@database_option
def show(db: str, number: int, as_json: bool) -> None:
    """Show a broadcast's progress."""
    with open_outbox(db) as outbox:
        state = outbox.progress(number)
    echo_json(progress_to_dict(state)) if as_json else show_progress(state)


def _add_change(name: str, help_text: str) -> None:
    def change(db: str, number: int, as_json: bool) -> None:
        with open_outbox(db) as outbox:
            state = getattr(outbox, name)(number)
        if as_json:
            echo_json({"broadcast": number, "state": state})
        else:
            click.echo(f"Broadcast {number} is {state.value}.")

    made = click.argument("number", type=int)(json_option(database_option(change)))
    broadcasts.command(name, help=help_text, examples=[f"winpush broadcasts {name} 1"])(made)


_add_change("pause", "Pause a broadcast: start no sends until it is resumed.")
_add_change("resume", "Resume a paused broadcast.")
_add_change("cancel", "Cancel a broadcast: drop everything not sent yet.")


@click.command(
    cls=Command,
    examples=[
        "winpush history --broadcast 1",
        "winpush history --outcome channel-throttled --since 2026-05-01T00:00Z",
    ],
)
@option("--broadcast", "number", heading="Filter", type=int, help="Only this broadcast.")
@option("--channel", heading="Filter", type=int, help="Only this channel.")
@option("--outcome", heading="Filter", help="Only this outcome, such as accepted.")
@option("--since", heading="Filter", type=_TIME, help="From this time on.")
@option("--until", heading="Filter", type=_TIME, help="Before this time.")
@option(
    "--limit",
    heading="Output",
    type=click.IntRange(1),
    metavar="N",
    help="At most N. Default: 100 for a table, all otherwise.",
)
@option(
    "--format",
    "form",
    heading="Output",
    type=click.Choice(["table", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@option(
    "--output",
    heading="Output",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="File to write to.",
)
@json_option
@database_option
def history(db: str, number: int | None, channel: int | None, limit: int | None, form: str, **values: Any) -> None:
    """Show all send attempts, oldest first.

    Each has the ids that Microsoft support asks for.
    """
    since, until = values["since"], values["until"]
    form = "jsonl" if values["as_json"] else form
    if limit is None and form == "table":
        limit = 100
    with open_outbox(db) as outbox:
        found = outbox.history(
            broadcast=number,
            channel=channel,
            outcome=values["outcome"],
            since=None if since is None else since.astimezone(UTC),
            until=None if until is None else until.astimezone(UTC),
        )
        _write_attempts(itertools.islice(found, limit), form, values["output"])


def _write_attempts(attempts: itertools.islice[Attempt], form: str, file: IO[str]) -> None:
    import csv

    names = ("at", "broadcast", "channel", "outcome", "status_code", "message_id", "debug_trace", "detail")
    if form == "table":
        rows = ((*(_text(getattr(each, name)) for name in names),) for each in attempts)
        table(tuple(name.replace("_", " ").capitalize() for name in names), rows)
    elif form == "jsonl":
        for each in attempts:
            echo_json_line(each, file)
    else:
        writer = csv.writer(file)
        writer.writerow((*names[:7], "correlation_vector", "detail"))
        for each in attempts:
            writer.writerow([_text(getattr(each, name)) for name in (*names[:7], "correlation_vector", "detail")])


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return show_time(value)
    return "" if value is None else str(value)
