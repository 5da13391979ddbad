"""`winpush broadcasts …`: what the outbox is doing."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

from winpush.cli.groups import GuessingGroup
from winpush.cli.help import needs, option
from winpush.cli.numbers import LIMIT, Seconds
from winpush.cli.outbox import database_option, json_option, open_outbox, show_time, table
from winpush.cli.output import echo_json, echo_json_line
from winpush.cli.progress import describe, progress_to_dict, watch

if TYPE_CHECKING:
    from winpush.delivery import Progress

__all__ = ["broadcasts"]


@click.group(cls=GuessingGroup, examples=["winpush broadcasts list"])
def broadcasts() -> None:
    """Show, pause, resume and cancel the outbox's broadcasts."""


@broadcasts.command("list", examples=["winpush broadcasts list --limit 5"])
@option(
    "--limit",
    heading="Output",
    default=20,
    show_default=True,
    type=LIMIT,
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
@option("--watch", "is_watched", heading="Output", is_flag=True, help="Keep showing it until the broadcast ends.")
@option(
    "--interval",
    heading="Output",
    default=1.0,
    show_default=True,
    type=Seconds(0.05, 3600),
    metavar="SECONDS",
    help="How often --watch refreshes.",
)
@json_option
@database_option
def show(db: str, number: int, as_json: bool, is_watched: bool, interval: float) -> None:
    """Show a broadcast's progress, and what its waiting sends wait for.

    Times are UTC. With --watch, --json prints an object per refresh.

    Exit code: 0 shown, 1 watched and not finished (stopped, cancelled or expired), 2 usage error.
    """
    if not is_watched:
        needs("--watch", "--interval")
    with open_outbox(db) as outbox:

        def look() -> Progress:
            return outbox.progress(number, detailed=True)

        if is_watched:
            if watch(look, interval, as_json=as_json).state.value != "finished":
                click.get_current_context().exit(1)
            return
        state = look()
    echo_json(progress_to_dict(state)) if as_json else click.echo("\n".join(describe(state)))


_SAID = {"cancelling": "being cancelled: nothing more is sent. A worker does the rest"}


def _add_change(name: str, help_text: str) -> None:
    def change(db: str, number: int, as_json: bool) -> None:
        with open_outbox(db) as outbox:
            state = getattr(outbox, name)(number)
        if as_json:
            echo_json({"broadcast": number, "state": state})
        else:
            click.echo(f"Broadcast {number} is {_SAID.get(state.value, state.value)}.")

    made = click.argument("number", type=int)(json_option(database_option(change)))
    broadcasts.command(name, help=help_text, examples=[f"winpush broadcasts {name} 1"])(made)


_add_change("pause", "Pause a broadcast: start no sends until it is resumed.")
_add_change("resume", "Resume a paused broadcast.")
_add_change("cancel", "Cancel a broadcast: drop everything not sent yet.")
