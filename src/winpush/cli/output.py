"""What the commands print: for people, and with --json for machines. No channel URI and no secret is ever printed."""

from __future__ import annotations

import base64
import json
import math
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from winpush import Action, Request, Result
from winpush.citations import Citation, cited, parse
from winpush.protocol_pages import uri

if TYPE_CHECKING:
    from rich.text import Text

__all__ = [
    "describe_delay",
    "echo_cited",
    "echo_json",
    "hide_channels",
    "link_citations",
    "show_request",
    "show_result",
]

# Up to the end of the word, but for the punctuation of the sentence around it.
_PATH_OF_URI = re.compile(r"(https?://)(?:[^\s/?#]*@)?([^\s/?#]*)[/?#]\S*?(?=['\")\].,;:]*(?:\s|$))", re.IGNORECASE)


def hide_channels(text: str) -> str:
    """The same text with no URI in it that could be used to push: `http://db3.notify.live.net/…`."""
    return _PATH_OF_URI.sub(r"\1\2/…", text)


def echo_cited(line: str) -> None:
    """One line; in a terminal that knows links, what it cites is one, to the page that is shipped."""
    if not cited(line) or not sys.stdout.isatty():
        return click.echo(line)
    from rich.console import Console
    from rich.text import Text

    return Console(highlight=False).print(link_citations(Text.from_ansi(line)), soft_wrap=True)


def link_citations(text: Text) -> Text:
    """The same text; what it cites is a link, where the terminal knows them."""
    from rich.style import Style

    end = 0
    for piece in parse(text.plain):
        start, end = end, end + len(piece.text if isinstance(piece, Citation) else piece)
        if isinstance(piece, Citation):
            text.stylize(Style(link=uri(piece)), start, end)
    return text


def echo_json(value: Any) -> None:
    """One JSON document, indented; in ASCII where the output can't carry every character."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=not _carries_unicode()))


def _carries_unicode() -> bool:
    """Whether standard output takes every character: a pipe on Windows often does not."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")


def show_result(result: Result) -> None:
    """A result in a few lines: what happened, and what to do."""
    good, bad = "✓✗" if _carries_unicode() else "+-"
    mark, colour = (good, "green") if result.ok else (bad, "red")
    click.echo(f"{click.style(f'{mark} {result.outcome.value}', fg=colour, bold=True)}  {_statuses(result)}".rstrip())
    click.echo(f"  {result.explanation}")
    if result.diagnosis is not None:
        echo_cited(f"  {result.diagnosis}")
    if result.should_delete_channel:
        click.echo("  To do: delete this channel.")
    elif result.action is Action.DECIDE:
        click.echo("  To do: send it again only if seeing it twice does no harm.")
    elif result.retry_after is not None:
        click.echo(f"  To do: try again in {describe_delay(result.retry_after)} or later.")
    if not result.ok:
        _show_ids(result)


def _show_ids(result: Result) -> None:
    """What Microsoft's support asks for."""
    ids = {"id": result.message_id, "trace": result.debug_trace, "correlation vector": result.correlation_vector}
    shown = ", ".join(f"{name} {_printable(value)}" for name, value in ids.items() if value)
    if result.error_description:
        click.echo(f"  The service's own words: {_printable(result.error_description)}")
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
    """The words of whoever answered: nothing in them may steer the terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


def describe_delay(delay: timedelta) -> str:
    """The two largest units of a time: `4 minutes`, `1 hour`, `1 minute 30 seconds`, `2 days 3 hours`."""
    seconds = math.ceil(delay.total_seconds())
    parts = []
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {name}{'' if number == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"


def show_request(request: Request) -> None:
    """The exact request, as it would go over the wire: on the user's own terminal, so with the whole URI."""
    click.echo(request.to_wire().decode("utf-8", errors="replace").replace("\r\n", "\n"))


def request_to_dict(request: Request) -> dict[str, Any]:
    """The same for machines; `body_base64` too, where the body is no text."""
    shown: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", errors="replace"),
    }
    if request.body.decode("utf-8", errors="ignore") != shown["body"]:
        shown["body_base64"] = base64.b64encode(request.body).decode("ascii")
    return shown
