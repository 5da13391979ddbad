"""Shared by the outbox commands: the database option, audience options, opening the outbox, and tables."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click

from winpush.channels import Service
from winpush.cli.apps import apps_option, take_apps
from winpush.cli.help import Option, option
from winpush.cli.login import credentials_options, take_login
from winpush.cli.options import client_options, connection_options
from winpush.cli.output import link_citations
from winpush.cli.vapid import NO_VAPID, take_vapid, vapid_options

if TYPE_CHECKING:
    from winpush.delivery import Audience, Content, Outbox, WorkerSettings

__all__ = [
    "audience_options",
    "create_option",
    "database_errors",
    "database_option",
    "describe_nobody",
    "has_form",
    "json_option",
    "most_gone_option",
    "open_outbox",
    "require_login",
    "retype_database",
    "sending_options",
    "show_database",
    "show_time",
    "table",
    "take_audience",
    "take_pair",
    "worker_settings",
]

_NO_LOGIN = {
    Service.WNS: "Sending to WNS channels requires a login: set WINPUSH_TENANT_ID, WINPUSH_CLIENT_ID and "
    "WINPUSH_CLIENT_SECRET (Entra), or WINPUSH_PACKAGE_SID and WINPUSH_CLIENT_SECRET (UWP and Store apps).",
    Service.WEBPUSH: NO_VAPID,
}

# The forms of a content that a service gets something from: the phones' is converted for Windows.
_FORMS = {Service.MPNS: ("mpns",), Service.WNS: ("wns", "mpns"), Service.WEBPUSH: ("webpush",)}

json_option = option("--json", "as_json", heading="Output", is_flag=True, help="Print JSON.")


def database_option(function: Any) -> Any:
    """Adds `--db`."""
    return option(
        "--db",
        heading="Outbox",
        envvar="WINPUSH_DB",
        show_envvar=True,
        default="sqlite:///push.db",
        show_default=True,
        metavar="URL",
        help="Database of the outbox.",
    )(function)


create_option = option("--create", heading="Outbox", is_flag=True, help="Create the SQLite file if it doesn't exist.")
most_gone_option = option(
    "--most-gone",
    heading="Worker",
    default=80,
    show_default=True,
    type=click.IntRange(0, 100),
    metavar="PERCENT",
    help="Stop a broadcast and keep its channels once this share of them (of 50 or more) is reported gone. 0: never.",
)


def worker_settings(values: dict[str, Any]) -> WorkerSettings:
    """Pops the worker's options from a command's values."""
    from winpush.delivery import WorkerSettings

    percent = values.pop("most_gone")
    return WorkerSettings(most_gone=percent / 100 if percent else None)


def sending_options(function: Any) -> Any:
    """Adds the options that sending needs: database, credentials, connection."""
    return database_option(credentials_options(apps_option(vapid_options(connection_options(function)))))


@contextlib.contextmanager
def open_outbox(
    db: str,
    values: dict[str, Any] | None = None,
    *,
    allow_hosts: Iterable[str] = (),
    create: bool = False,
    **more: Any,
) -> Iterator[Outbox]:
    """Opens the outbox without starting delivery. With `values`, a command's options, it is able to send.

    `create`: create the SQLite file if it doesn't exist, which is a usage error otherwise.
    """
    from winpush.delivery import Outbox

    options: Any = {"allow_hosts": allow_hosts}
    if values is not None:
        options = client_options(values)
        take_login(values, options, take_apps(values))
        options["webpush"] = take_vapid(values)
        values["logins"] = {service for service in Service if options.get(service.value) is not None}
    if not create:
        _require_file(db)
    with database_errors():
        outbox = Outbox(db, **options, **more)
        try:
            yield outbox
        finally:
            outbox.close()


def _require_file(db: str) -> None:
    """A mistyped path must not create an empty outbox, whose worker would wait forever."""
    from winpush.delivery.storage.files import path_of
    from winpush.delivery.storage.urls import read_url

    path = path_of(read_url(db))
    if path is None or path.exists():
        return
    name = click.get_current_context().command_path.split()[1]
    made = f"'winpush {name} --create', " if name in ("worker", "broadcast") else ""
    raise click.UsageError(
        f"There is no outbox at {path.resolve()}. Give another with --db or WINPUSH_DB, or create this one: {made}"
        "'winpush channels import FILE', 'winpush channels add URI' or 'winpush db upgrade'."
    )


def show_database(db: str) -> str:
    """The database as shown to people: a file's full path, or a server's URL without the password."""
    from winpush.delivery.storage.files import path_of, shown
    from winpush.delivery.storage.urls import read_url

    url = read_url(db)
    path = path_of(url)
    return shown(url) if path is None else str(path.resolve())


def retype_database(db: str) -> str:
    """The database to type again: as it was typed, or without the password, which no output may show."""
    from winpush.delivery.storage.files import without_password
    from winpush.delivery.storage.urls import read_url

    url = read_url(db)
    again = without_password(url)
    return db if again == url else again.render_as_string(hide_password=False)


def require_login(
    outbox: Outbox, values: dict[str, Any], audience: Audience | None = None, content: Content | None = None
) -> None:
    """Raises click.UsageError if there are channels to send to whose service needs a login that wasn't given.

    Only the audience's channels count, and only services that the content has something for. Call it after
    `open_outbox`.
    """
    from winpush.delivery import Audience

    audience, given = audience or Audience(), values.pop("logins")
    for service, words in _NO_LOGIN.items():
        if service in given or audience.service not in (None, service):
            continue
        if content is not None and not has_form(content, service):
            continue
        if next(outbox.channels(dataclasses.replace(audience, service=service)), None) is not None:
            raise click.UsageError(words)


def has_form(content: Content, service: Service) -> bool:
    """Whether the service gets anything from this content."""
    forms = [content, *content.locales.values()]
    return any(getattr(form, name) is not None for form in forms for name in _FORMS[service])


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Turns DatabaseError into exit code 1: an unreachable database is a failure, not a usage error."""
    from winpush.delivery import DatabaseError

    try:
        yield
    except DatabaseError as error:
        raise click.ClickException(f"{error}.") from None


def _audience(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    return option(*names, heading="Audience", **attributes)


_AUDIENCE = (
    _audience("--tag", "any_tags", multiple=True, help="Channels with any of these tags. Repeatable."),
    _audience("--all-tags", multiple=True, metavar="TAG", help="Channels with all of these tags. Repeatable."),
    _audience("--no-tag", "no_tags", multiple=True, help="Channels with none of these tags. Repeatable."),
    _audience("--service", type=click.Choice([each.value for each in Service]), help="Channels of this service."),
    _audience("--app", metavar="NAME", help="Channels of this app."),
    _audience("--platform", "platforms", multiple=True, help="Platform: 7.0 to 8.1, or windows. Repeatable."),
    _audience("--locale", "locales", multiple=True, help="Language; de includes de-AT. Repeatable."),
    _audience("--os-version-from", metavar="VERSION", help="This OS version or later."),
    _audience("--os-version-below", metavar="VERSION", help="OS versions before this one."),
    _audience("--app-version-from", metavar="VERSION", help="This app version or later."),
    _audience("--app-version-below", metavar="VERSION", help="App versions before this one."),
    _audience("--for-key", "keys", multiple=True, help="Your key for a user or device. Repeatable."),
    _audience(
        "--attribute",
        "wanted",
        multiple=True,
        metavar="NAME=VALUE",
        help='Attribute value: text, number, true or false (NAME="7" is text). Repeatable.',
    ),
)


def audience_options(function: Any) -> Any:
    """Adds the options that select channels."""
    for add in reversed(_AUDIENCE):
        function = add(function)
    return function


def describe_nobody() -> str:
    """Says that the audience is empty, and which options selected it."""
    context = click.get_current_context()
    typed = []
    for parameter in context.command.params:
        if not isinstance(parameter, Option) or parameter.heading != "Audience":
            continue
        value = context.params[str(parameter.name)]
        for each in value if isinstance(value, tuple) else () if value is None else (value,):
            typed.append(f"{parameter.opts[0]} {shlex.quote(str(each))}")
    if not typed:
        return "No channel is registered, so this reaches nobody. 'winpush channels add' registers one."
    return (
        f"No channel matches {' '.join(typed)}, so this reaches nobody. "
        "'winpush channels list' shows the channels and their tags."
    )


def take_audience(values: dict[str, Any]) -> Any:
    """The Audience from a command's values."""
    from winpush import Service
    from winpush.delivery import Audience

    names = ("any_tags", "all_tags", "no_tags", "platforms", "locales", "keys")
    given: dict[str, Any] = {name: values.pop(name) for name in names}
    for name in ("app", "os_version_from", "os_version_below", "app_version_from", "app_version_below"):
        given[name] = values.pop(name)
    service = values.pop("service")
    given["service"] = None if service is None else Service(service)
    given["attributes"] = dict(take_pair(each) for each in values.pop("wanted"))
    return Audience(**given)


def take_pair(text: str) -> tuple[str, str | int | float | bool]:
    """Parses `NAME=VALUE`. A JSON number, boolean or string is read as one; anything else is text."""
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"--attribute is {text!r}. Write it as NAME=VALUE.")
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return name, value
    return name, read if isinstance(read, str | int | float | bool) else value


def show_time(moment: datetime | None) -> str:
    """`2026-05-01 08:30:00Z`, or '' for None."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%SZ")


def table(names: tuple[str, ...], rows: Iterator[tuple[str, ...]], file: IO[str] | None = None) -> None:
    """Prints a table, folded to the terminal's width, or 160 characters wide in a pipe or file."""
    import sys

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, show_edge=False)
    for name in names:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(link_citations(Text(cell)) for cell in row))
    target = file or sys.stdout
    width = None if target.isatty() else 160
    Console(file=target, highlight=False, markup=False, width=width).print(shown if shown.row_count else "None.")
