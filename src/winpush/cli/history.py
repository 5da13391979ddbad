"""`winpush history`: the attempts, newest first."""

from __future__ import annotations

import difflib
import itertools
import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click

from winpush.cli.files import open_to_write
from winpush.cli.help import Command, is_typed, option
from winpush.cli.numbers import LIMIT
from winpush.cli.outbox import database_option, json_option, open_outbox, retype_database, show_time, table
from winpush.cli.output import echo_json_line
from winpush.cli.times import PastTime
from winpush.results import Outcome

if TYPE_CHECKING:
    from winpush.delivery import Attempt

__all__ = ["history"]

_SHORT = ("at", "broadcast", "channel", "outcome", "status_code")
_WIDE = (*_SHORT, "message_id", "debug_trace", "detail")
_CSV = (*_SHORT, "message_id", "debug_trace", "correlation_vector", "detail")
_TABLE_ROWS = 100


class _OutcomeName(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.3 on
    """The name of an outcome."""

    name = "OUTCOME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name. Raises click.BadParameter if there is no such outcome."""
        names = [outcome.value for outcome in Outcome]
        if value not in names:
            near = difflib.get_close_matches(str(value), names, 3, 0.4)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"The outcomes are {', '.join(names)}."
            self.fail(f"{value!r} is not an outcome. {hint}", param, ctx)
        return str(value)


@click.command(
    cls=Command,
    examples=[
        "winpush history --broadcast 1",
        "winpush history --outcome channel-throttled --since yesterday",
        "winpush history --for-key ada --since 2h --wide",
    ],
)
@option("--broadcast", heading="Filter", type=int, help="Only this broadcast.")
@option("--channel", heading="Filter", type=int, help="Only this channel.")
@option("--for-key", "key", heading="Filter", help="Only the channels with this key.")
@option("--outcome", heading="Filter", type=_OutcomeName(), help="Only this outcome, such as accepted.")
@option(
    "--since",
    heading="Filter",
    type=PastTime(),
    help="From this time on: today, yesterday, 2h (ago), 2026-11-27 or '2026-11-27 14:00' (UTC).",
)
@option("--until", heading="Filter", type=PastTime(), help="Before this time.")
@option("--after", heading="Filter", default=0, metavar="ID", help="Continue after this attempt, where a list ended.")
@option("--oldest-first", heading="Output", is_flag=True, help="Start with the oldest.")
@option(
    "--limit",
    heading="Output",
    type=LIMIT,
    metavar="N",
    help=f"At most N. Default: {_TABLE_ROWS} for a table, all otherwise.",
)
@option("--wide", heading="Output", is_flag=True, help="Also show the ids and the explanation in the table.")
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
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    help="File to write to; only its owner can read a new one.",
)
@json_option
@database_option
def history(db: str, limit: int | None, form: str, output: str, as_json: bool, wide: bool, **values: Any) -> None:
    """Show all send attempts, newest first.

    Each has the ids that Microsoft support asks for; the table shows them with --wide. Times are UTC.
    """
    if as_json:
        if form != "jsonl" and is_typed("form"):
            raise click.UsageError(f"--json and --format {form} contradict each other. Give only one of them.")
        form = "jsonl"
    if wide and form != "table":
        raise click.UsageError("--wide is for the table; JSON and CSV have all columns. Leave it out.")
    if limit is None and form == "table":
        limit = _TABLE_ROWS
    newest_first = not values.pop("oldest_first")
    with open_outbox(db) as outbox, open_to_write(output, is_for_people=form != "csv") as file:
        found = outbox.history(newest_first=newest_first, **values)
        last = _write(itertools.islice(found, limit), form, file, wide=wide)
        more = limit is not None and last is not None and next(found, None) is not None
    if more and last is not None:
        click.echo(f"There are more: {_next_command(last.id)}", err=True)


def _next_command(after: int) -> str:
    """The command that was typed, to continue after this attempt."""
    context = click.get_current_context()
    words = ["winpush", "history"]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if is_typed(parameter.name or "") and parameter.name not in ("after", "output"):
            text = value.isoformat() if isinstance(value, datetime) else str(value)
            text = retype_database(text) if parameter.name == "db" else text
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], text]
    return shlex.join([*words, "--after", str(after)])


def _write(attempts: Iterable[Attempt], form: str, file: IO[str], *, wide: bool) -> Attempt | None:
    """Writes them; returns the last one."""
    last: list[Attempt] = []

    def seen() -> Iterator[Attempt]:
        for each in attempts:
            last[:] = [each]
            yield each

    if form == "table":
        names = _WIDE if wide else _SHORT
        titles = {"at": "Time", "status_code": "Status"}
        headings = tuple(titles.get(name, name.replace("_", " ").capitalize()) for name in names)
        table(headings, ((*(_text(getattr(each, name)) for name in names),) for each in seen()), file)
    elif form == "jsonl":
        for each in seen():
            echo_json_line(each, file)
    else:
        _write_csv(seen(), file)
    return last[0] if last else None


def _write_csv(attempts: Iterable[Attempt], file: IO[str]) -> None:
    import csv

    from winpush.delivery.registry.cells import guard

    writer = csv.writer(file)
    writer.writerow(_CSV)
    for each in attempts:
        writer.writerow([guard(_text(getattr(each, name))) for name in _CSV])


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return show_time(value)
    return "" if value is None else str(value)
