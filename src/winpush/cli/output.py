"""Output of the commands, for people and (--json) for machines. Never prints a channel URI or a secret.

With --json a command prints only JSON on standard output: one document for a single answer, one object per line for a
list, and `{"error": …}` on failure. The exit codes don't depend on it.
"""

from __future__ import annotations

import base64
import enum
import json
import math
import re
import sys
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

import click

from winpush import Action, Request, Result
from winpush.citations import Citation, cited, parse
from winpush.cli.words import in_words
from winpush.protocol_pages import uri

if TYPE_CHECKING:
    from rich.text import Text

__all__ = [
    "counted",
    "describe_delay",
    "echo_cited",
    "echo_json",
    "echo_json_error",
    "echo_json_line",
    "hide_channels",
    "host_to_allow",
    "in_options",
    "link_citations",
    "show_request",
    "show_result",
]

_ERROR_TYPES = {1: "failed", 2: "usage"}
# To the end of the word, without the punctuation of the surrounding sentence.
_PATH_OF_URI = re.compile(r"(https?://)(?:[^\s/?#]*@)?([^\s/?#]*)[/?#]\S*?(?=['\")\].,;:]*(?:\s|$))", re.IGNORECASE)
# The end of `winpush.channels`' message about a host that isn't a push service's.
_IN_PYTHON = re.compile(r'; to send to your own server, allow it: allow_hosts=\["([^"]+)"\]')


def host_to_allow(problem: str) -> tuple[str, str | None]:
    """The library's message without the Python to write, and the host to allow, or None."""
    found = _IN_PYTHON.search(problem)
    return (problem, None) if found is None else (problem[: found.start()] + problem[found.end() :], found[1])


def in_options(message: str) -> str:
    """The library's message, with the option to type instead of the Python to write."""
    message = in_words(message)
    problem, host = host_to_allow(message)
    return message if host is None else f"{problem.rstrip('.')}.\nTo send to your own server, add: --allow-host {host}"


def hide_channels(text: str) -> str:
    """The text with all channel URIs shortened so that they can't be used: `http://db3.notify.live.net/…`."""
    return _PATH_OF_URI.sub(r"\1\2/…", text)


def echo_cited(line: str) -> None:
    """Prints one line. In a terminal, its citations are links to the protocol pages that ship with winpush."""
    if not cited(line) or not sys.stdout.isatty():
        return click.echo(line)
    from rich.console import Console
    from rich.text import Text

    return Console(highlight=False).print(link_citations(Text.from_ansi(line)), soft_wrap=True)


def link_citations(text: Text) -> Text:
    """The same text, with its citations as links for terminals that support them."""
    from rich.style import Style

    end = 0
    for piece in parse(text.plain):
        start, end = end, end + len(piece.text if isinstance(piece, Citation) else piece)
        if isinstance(piece, Citation):
            text.stylize(Style(link=uri(piece)), start, end)
    return text


def echo_json(document: Any) -> None:
    """Prints a command's single answer as a JSON document, in ASCII if the output isn't Unicode."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=not _carries_unicode(), default=_plain))


def echo_json_line(item: Any, file: IO[str] | None = None) -> None:
    """Prints one item of a list as JSON on a line of its own."""
    click.echo(json.dumps(item, ensure_ascii=not _carries_unicode(file), default=_plain), file=file)


def echo_json_error(error: Exception, exit_code: int) -> None:
    """Prints why a command failed: the kind of error, the message and, if known, what to do next."""
    whole = error.format_message() if isinstance(error, click.ClickException) else str(error)
    message, _, hint = in_options(whole).partition("\n")
    context = getattr(error, "ctx", None)
    if not hint and isinstance(error, click.UsageError) and context is not None:
        hint = f"Run '{context.command_path} --help'."
    said = {"type": _ERROR_TYPES[exit_code], "message": hide_channels(message), "hint": hide_channels(hint) or None}
    echo_json_line({"error": said})


def _plain(value: object) -> Any:
    """Converts what json can't: winpush's values to their fields, times to ISO 8601."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _carries_unicode(file: IO[str] | None = None) -> bool:
    """Whether a file or standard output is Unicode; a pipe on Windows often isn't."""
    return (getattr(file or sys.stdout, "encoding", None) or "").lower().startswith("utf")


def show_result(result: Result) -> None:
    """Prints a result in a few lines: what happened, and what to do."""
    good, bad = "✓✗" if _carries_unicode() else "+-"
    mark, colour = (good, "green") if result.ok else (bad, "red")
    click.echo(f"{click.style(f'{mark} {result.outcome.value}', fg=colour, bold=True)}  {_statuses(result)}".rstrip())
    meaning = result.verdict.meaning
    click.echo(f"  {meaning if result.error is None else f'{result.error} {meaning}'}")
    if result.diagnosis is not None:
        echo_cited(f"  {result.diagnosis}")
    if result.should_delete_channel:
        click.echo("  To do: delete this channel.")
    elif result.action is Action.DECIDE:
        click.echo("  To do: send it again only if a duplicate does no harm.")
    elif result.retry_after is not None:
        click.echo(f"  To do: try again in {describe_delay(result.retry_after)} or later.")
    if not result.ok:
        _show_ids(result)


def _show_ids(result: Result) -> None:
    """Prints the service's own words and the ids that Microsoft support asks for."""
    ids = {"id": result.message_id, "trace": result.debug_trace, "correlation vector": result.correlation_vector}
    shown = ", ".join(f"{name} {_printable(value)}" for name, value in ids.items() if value)
    if result.error_description:
        click.echo(f"  The service says: {_printable(result.error_description)}")
    if shown:
        click.echo(f"  For support: {shown}.")


def _statuses(result: Result) -> str:
    parts = [
        None if result.status_code is None else str(result.status_code),
        result.notification_status,
        result.device_connection_status,
        result.subscription_status,
    ]
    shown = " · ".join(part for part in parts if part)
    return _printable(shown)


def _printable(text: str) -> str:
    """Text from the service with control characters replaced, so that it can't control the terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


def counted(number: int, thing: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def describe_delay(delay: timedelta) -> str:
    """A duration in its two largest units: `4 minutes`, `1 hour`, `1 minute 30 seconds`, `2 days 3 hours`."""
    seconds = math.ceil(delay.total_seconds())
    parts = []
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {name}{'' if number == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"


def show_request(request: Request) -> None:
    """Prints the exact request as sent, with the full URI: the user asked to see it, on their own terminal."""
    click.echo(request.to_wire().decode("utf-8", errors="replace").replace("\r\n", "\n"))


def request_to_dict(request: Request) -> dict[str, Any]:
    """The exact request as JSON; `body_base64` is added if the body isn't UTF-8."""
    shown: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", errors="replace"),
    }
    if request.body.decode("utf-8", errors="ignore") != shown["body"]:
        shown["body_base64"] = base64.b64encode(request.body).decode("ascii")
    return shown
