"""`winpush db …`: creates and upgrades the tables of the outbox's database."""

from __future__ import annotations

import contextlib

import click

from winpush.cli.groups import GuessingGroup
from winpush.cli.outbox import database_errors, database_option, json_option
from winpush.cli.output import echo_json

__all__ = ["command"]


@click.group(cls=GuessingGroup, examples=["winpush db check"])
def command() -> None:
    """Create and upgrade the outbox's database tables.

    SQLite files don't need this: they are created and upgraded when opened.
    """


@command.command(examples=["winpush db upgrade"])
@database_option
@json_option
def upgrade(db: str, as_json: bool) -> None:
    """Create the tables, or upgrade them to this version.

    Safe to run repeatedly, and from several machines at once. Stop workers of the older version first.

    Exit code: 0 upgraded or already current, 2 usage error.
    """
    from winpush.delivery.storage.database import Database
    from winpush.delivery.storage.migrate import upgrade as bring_up

    with database_errors(), contextlib.closing(Database(db)) as database:
        before = bring_up(database)
    if as_json:
        echo_json({"from": before.found, "to": before.wanted})
    elif before.is_current:
        click.echo(f"Nothing to do: the tables are at revision {before.wanted}.")
    else:
        done = "Created the tables at" if before.found is None else f"Upgraded the tables from {before.found} to"
        click.echo(f"{done} revision {before.wanted}.")


@command.command(examples=["winpush db check"])
@database_option
@json_option
def check(db: str, as_json: bool) -> None:
    """Check whether the tables match this version. Changes nothing.

    Exit code: 0 they match, 1 they don't, 2 usage error.
    """
    from winpush.delivery.storage.database import Database
    from winpush.delivery.storage.migrate import check as look

    with database_errors(), contextlib.closing(Database(db)) as database:
        state = look(database)
    if as_json:
        echo_json({"found": state.found, "wanted": state.wanted, "current": state.is_current})
    else:
        advice = "." if state.is_current else ". Run 'winpush db upgrade'."
        if state.is_newer:
            advice = ". A later version of winpush has upgraded the database; upgrade winpush here as well."
        click.echo(f"Found revision {state.found or 'none'}, need {state.wanted}{advice}")
    if not state.is_current:
        click.get_current_context().exit(1)
