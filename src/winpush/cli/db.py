"""`winpush db …`: the tables of the outbox's database."""

from __future__ import annotations

import contextlib
import json

import click

from winpush.cli.groups import GuessingGroup
from winpush.cli.outbox import database_errors, database_option, json_option

__all__ = ["command"]


@click.group(cls=GuessingGroup)
def command() -> None:
    """Prepare and upgrade the outbox's database.

    A SQLite file needs neither: it is made and upgraded when it is opened.
    """


@command.command()
@database_option
@json_option
def upgrade(db: str, as_json: bool) -> None:
    """Create the tables, or bring them to this version.

    Safe to type twice, and from several machines at once. Stop the workers of the older version first.

    Exit code: 0 done or nothing to do, 2 used wrongly.
    """
    from winpush.delivery.storage.database import Database
    from winpush.delivery.storage.migrate import upgrade as bring_up

    with database_errors(), contextlib.closing(Database(db)) as database:
        before = bring_up(database)
    if as_json:
        click.echo(json.dumps({"from": before.found, "to": before.wanted}))
    elif before.is_current:
        click.echo(f"Nothing to do: the tables have revision {before.wanted}.")
    else:
        click.echo(f"The tables have revision {before.wanted} now (before: {before.found or 'none'}).")


@command.command()
@database_option
@json_option
def check(db: str, as_json: bool) -> None:
    """Say whether the tables are what this version works with; changes nothing.

    Exit code: 0 they are, 1 they are not, 2 used wrongly.
    """
    from winpush.delivery.storage.database import Database
    from winpush.delivery.storage.migrate import check as look

    with database_errors(), contextlib.closing(Database(db)) as database:
        state = look(database)
    if as_json:
        click.echo(json.dumps({"found": state.found, "wanted": state.wanted, "current": state.is_current}))
    else:
        advice = "." if state.is_current else "; type 'winpush db upgrade'."
        if state.is_newer:
            advice = ": a later version of winpush has been here; install it."
        click.echo(f"Found revision {state.found or 'none'}, wanted {state.wanted}{advice}")
    if not state.is_current:
        click.get_current_context().exit(1)
