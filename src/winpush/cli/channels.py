"""`winpush channels …`: the registry of the outbox."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from winpush._text import encoding_of
from winpush.cli.addresses import read_address
from winpush.cli.files import open_to_read, open_to_write, read_bytes, standard_input
from winpush.cli.groups import GuessingGroup
from winpush.cli.help import is_typed, option
from winpush.cli.numbers import DAYS, LIMIT
from winpush.cli.outbox import (
    audience_options,
    database_option,
    json_option,
    open_outbox,
    show_time,
    table,
    take_audience,
    take_pair,
)
from winpush.cli.output import counted, echo_json, echo_json_line, host_to_allow
from winpush.cli.words import in_words
from winpush.errors import ValidationError
from winpush.webpush import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterable

    from winpush.delivery import ChannelInfo, Registration, RowError

__all__ = ["command"]


@click.group(cls=GuessingGroup, examples=["winpush channels list"])
def command() -> None:
    """Manage the outbox's registered channels."""


@command.command(
    examples=[
        'winpush channels add "$URI" --platform windows --key ada --tag news',
        "winpush channels add browser.json --key ada",
    ]
)
@click.argument("uri", metavar="URI|FILE")
@option("--key", heading="Channel", help="Your own id for the user or device, for notify.")
@option("--device", heading="Channel", help="The device's id: a new URI replaces the device's old one.")
@option(
    "--app", heading="Channel", metavar="NAME", help="The channel's app, for workers with several apps' credentials."
)
@option("--tag", "tags", heading="Channel", multiple=True, help="A tag, for audiences. Repeatable.")
@option("--platform", heading="Channel", help="Platform: 7.0, 7.1, 7.8, 8.0, 8.1 or windows.")
@option("--os-version", heading="Channel", help="OS version, such as 10.0.19045.")
@option("--app-version", heading="Channel", help="Version of your app, such as 2.1.")
@option("--locale", heading="Channel", help="Language tag, such as de-AT.")
@option("--time-zone", heading="Channel", help="IANA time zone, such as Europe/Vienna.")
@option(
    "--attribute",
    heading="Channel",
    multiple=True,
    metavar="NAME=VALUE",
    help="An attribute, for templates and audiences. Repeatable.",
)
@option(
    "--allow-host",
    heading="Connection",
    multiple=True,
    metavar="HOST[:PORT]",
    envvar="WINPUSH_ALLOW_HOST",
    show_envvar=True,
    help="Also accept URIs of this host, such as an emulator's. Repeatable.",
)
@json_option
@database_option
def add(
    uri: str, db: str, attribute: tuple[str, ...], allow_host: tuple[str, ...], as_json: bool, **values: Any
) -> None:
    """Register or renew a channel.

    For a browser, give a FILE with its subscription, as JSON.stringify(subscription) returns it, or '-' for standard
    input.
    """
    fields: dict[str, Any] = {name: value for name, value in values.items() if value not in (None, ())}
    fields["attributes"] = dict(take_pair(each) for each in attribute)
    registration = _registration(read_address(uri, allow_host), fields, allow_host)
    with open_outbox(db, allow_hosts=allow_host, create=True) as outbox:
        number = outbox.register(registration)
    echo_json({"channel": number}) if as_json else click.echo(f"Registered as channel {number}.")


def _registration(address: str | Subscription, fields: dict[str, Any], allow_hosts: tuple[str, ...]) -> Registration:
    from winpush.delivery import Registration

    if isinstance(address, Subscription):
        return Registration.of_subscription(address, allow_hosts=allow_hosts, **fields)
    try:
        return Registration(address, allow_hosts=allow_hosts, **fields)
    except ValidationError as error:
        if error.field != "p256dh":
            raise
        raise click.UsageError(
            "This is a browser's endpoint. Its messages are encrypted with the browser's keys, so put the whole "
            "subscription, as JSON.stringify(subscription) returns it, in a file and give the file."
        ) from None


@command.command("list", examples=["winpush channels list --tag news", "winpush channels list --gone"])
@audience_options
@option("--gone", heading="Filter", is_flag=True, help="List gone channels instead, with reason and time.")
@option(
    "--limit",
    heading="Output",
    default=100,
    show_default=True,
    type=LIMIT,
    metavar="N",
    help="List at most N channels.",
)
@option("--after", heading="Filter", default=0, help="List channels after this number.")
@json_option
@database_option
def list_(db: str, gone: bool, limit: int, after: int, as_json: bool, **values: Any) -> None:
    """List channels."""
    with open_outbox(db) as outbox:
        found = outbox.channels(take_audience(values), gone=gone, after=after)
        _show(itertools.islice(found, limit), as_json)


@command.command(examples=["winpush channels stale --days 25"])
@option(
    "--days",
    heading="Filter",
    default=30,
    show_default=True,
    type=DAYS,
    metavar="N",
    help="Not renewed for N days.",
)
@option(
    "--limit",
    heading="Output",
    default=100,
    show_default=True,
    type=LIMIT,
    metavar="N",
    help="List at most N channels.",
)
@json_option
@database_option
def stale(db: str, days: int, limit: int, as_json: bool) -> None:
    """List WNS channels due for renewal.

    WNS expires a channel after 30 days.
    """
    with open_outbox(db) as outbox:
        _show(itertools.islice(outbox.stale(timedelta(days=days)), limit), as_json)


@command.command(examples=["winpush channels show 1"])
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@json_option
@database_option
def show(db: str, number: int, as_json: bool) -> None:
    """Show a channel."""
    with open_outbox(db) as outbox:
        for info in outbox.channels(gone=None, after=number - 1):
            if info.id == number:
                echo_json(info) if as_json else _show_one(info)
                return
            break
    raise click.UsageError(f"Channel {number} does not exist. Run 'winpush channels list' to see the channels.")


@command.command(
    examples=["winpush channels remove 1 --reason 'left the company'", "winpush channels remove --for-key bob --erase"]
)
@click.argument("number", type=int, required=False)
@option("--for-key", "key", heading="Channel", help="All channels with this key.")
@option("--reason", heading="Channel", default="removed", show_default=True, help="Reason to record.")
@option("--erase", heading="Channel", is_flag=True, help="Keep nothing: neither URI, key, device, tags nor attributes.")
@json_option
@database_option
def remove(db: str, number: int | None, key: str | None, reason: str, erase: bool, as_json: bool) -> None:
    """Remove a channel, or all channels with a key. Nothing is sent to them again.

    Their URIs are kept for a time (see 'winpush worker --keep-gone') unless you --erase them. With a key, --erase also
    erases what was sent only to this key.
    """
    if number is not None and key is not None:
        raise click.UsageError(f"Give either a channel's number or --for-key, not both: {number} or --for-key {key}.")
    if number is None and key is None:
        raise click.UsageError("Give the number of a channel, or --for-key KEY.")
    if erase and is_typed("reason"):
        raise click.UsageError("--erase keeps nothing, so no --reason either. Give only one of them.")
    with open_outbox(db) as outbox:
        if key is not None:
            count = outbox.remove_key(key, reason, erase=erase)
        else:
            count = outbox.remove(number or 0, reason, erase=erase)
    if not count:
        what = f"No channel has the key {key!r}" if number is None else f"Channel {number} does not exist"
        raise click.UsageError(f"{what}, or it is already gone. Run 'winpush channels list' to see the channels.")
    if as_json:
        echo_json({"channel": number, "key": key, "removed": int(count), "gone_reason": "erased" if erase else reason})
    else:
        what = f"channel {number}" if key is None else counted(count, "channel")
        click.echo(f"{'Erased' if erase else 'Removed'} {what}.")


_FORMAT = option(
    "--format",
    "file_format",
    heading="Output",
    type=click.Choice(["csv", "jsonl"]),
    help="File format. Default: by the file's extension.",
)
_SHOWN_ERRORS = 20


@command.command("import", examples=["winpush channels import channels.csv"])
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@_FORMAT
@option(
    "--allow-host",
    heading="Connection",
    multiple=True,
    metavar="HOST[:PORT]",
    envvar="WINPUSH_ALLOW_HOST",
    show_envvar=True,
    help="Also accept URIs of this host, such as an emulator's. Repeatable.",
)
@json_option
@database_option
def import_(db: str, file: str, file_format: str | None, allow_host: tuple[str, ...], as_json: bool) -> None:
    """Register the channels in a file ('-' for standard input).

    CSV: the first row names the columns: 'uri' and any of key, device, app, tags (separated by spaces), platform,
    os_version, app_version, locale, time_zone, attributes (a JSON object), attribute.NAME, and for browsers p256dh and
    auth. JSON Lines: one object per line with the same names. Invalid rows are skipped and listed with their line
    numbers.

    Exit code: 0 all registered, 1 some skipped, 2 usage error.
    """
    chosen: Any = _format_of(file, file_format)
    told = _Told(as_json=as_json)
    with (
        open_outbox(db, allow_hosts=allow_host, create=True) as outbox,
        open_to_read(file, _encoding_of(file)) as lines,
    ):
        try:
            report = outbox.import_channels(lines, format=chosen, on_error=told.refused, on_progress=told.taken)
        finally:
            told.end()
    if as_json:
        echo_json_line(report)
    else:
        repeated = f", repeated {report.repeated:,}" if report.repeated else ""
        click.echo(
            f"Registered {counted(report.new, 'new channel')}, renewed {report.renewed:,}{repeated}; "
            f"skipped {counted(report.refused, 'row')}."
        )
    if report.refused:
        click.get_current_context().exit(1)


class _Told:
    """What an import reports while it runs: the first refused rows and, on a terminal, how many are registered."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._shows_progress = sys.stderr.isatty() and not as_json
        self._errors = 0
        self._of_other_hosts = 0

    def refused(self, error: RowError) -> None:
        """A row was refused."""
        self._errors += 1
        said, host = host_to_allow(error.problem if self._as_json else str(error))
        self._of_other_hosts += host is not None
        if self._as_json:
            problem = said if host is None else f"{said}; to send to your own server, allow it with --allow-host {host}"
            echo_json_line(replace(error, problem=in_words(problem)))
        elif self._errors <= _SHOWN_ERRORS:
            self._clear()
            click.echo(in_words(said), err=True)

    def taken(self, number: int) -> None:
        """This many rows are registered."""
        if self._shows_progress:
            self._clear()
            click.echo(f"{number:,} registered, {self._errors:,} skipped …", nl=False, err=True)

    def end(self) -> None:
        """All rows have been read."""
        self._clear()
        if self._errors > _SHOWN_ERRORS and not self._as_json:
            click.echo(f"… and {counted(self._errors - _SHOWN_ERRORS, 'row')} more.", err=True)
        if self._of_other_hosts:
            were = "was" if self._of_other_hosts == 1 else "were"
            rows = f"{counted(self._of_other_hosts, 'row')} {were}"
            click.echo(
                f"{rows} refused because the host isn't a push service's. If it is your own, such as an emulator's, "
                "allow it with --allow-host HOST[:PORT].",
                err=True,
            )

    def _clear(self) -> None:
        if self._shows_progress:
            click.echo("\r\x1b[K", nl=False, err=True)


@command.command(examples=["winpush channels export backup.jsonl", "winpush channels export german.csv --locale de"])
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@_FORMAT
@audience_options
@database_option
def export(db: str, file: str, file_format: str | None, **values: Any) -> None:
    """Write the channels to a file that 'import' can read.

    Without FILE it writes to standard output. The file contains channel URIs. Anyone with these and your credentials
    can push: treat it like a password.
    """
    chosen: Any = _format_of(file, file_format)
    with open_outbox(db) as outbox, open_to_write(file) as target:
        number = outbox.export_channels(target, take_audience(values), format=chosen)
    click.echo(f"Exported {counted(number, 'channel')}.", err=True)


def _encoding_of(file: str) -> str:
    """The encoding, by the byte order mark, which Excel writes; UTF-8 without one."""
    if file == "-":
        peek = getattr(standard_input().buffer, "peek", None)
        return "utf-8-sig" if peek is None else encoding_of(peek(4))
    return encoding_of(read_bytes(file, 4))


def _format_of(file: str, given: str | None) -> str:
    if given is not None:
        return given
    return "jsonl" if file.endswith((".jsonl", ".ndjson", ".json")) else "csv"


def _show(found: Iterable[ChannelInfo], as_json: bool) -> None:
    if as_json:
        for info in found:
            echo_json_line(info)
        return
    rows = (
        (
            str(info.id),
            info.short,
            info.platform or info.service,
            info.app or "",
            info.key or "",
            " ".join(sorted(info.tags)),
            info.gone_reason or "",
            show_time(info.gone_at or info.renewed_at),
        )
        for info in found
    )
    table(("Number", "Channel", "Platform", "App", "Key", "Tags", "Gone", "Renewed"), rows)


def _show_one(info: ChannelInfo) -> None:
    """Prints what is known about a channel, one line per field."""
    shown = {}
    for field in fields(info):
        value = getattr(info, field.name)
        if isinstance(value, datetime):
            value = show_time(value)
        elif isinstance(value, frozenset):
            value = " ".join(sorted(value))
        elif isinstance(value, Mapping):
            value = " ".join(f"{name}={each}" for name, each in value.items())
        if value not in (None, ""):
            name = "channel" if field.name == "short" else field.name.replace("_", " ")
            shown[f"{name.capitalize()}:"] = value
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:<{width}} {value}")
