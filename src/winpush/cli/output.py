"""What the commands print: for people, and with --json for machines. No channel URI and no secret is ever printed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import click

from winpush import Request, Result

__all__ = ["describe_delay", "echo_json", "show_request", "show_result"]


def echo_json(value: Any) -> None:
    """One JSON document, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_result(result: Result) -> None:
    """A result in a few lines: what happened, and what to do."""
    mark, colour = ("✓", "green") if result.ok else ("✗", "red")
    click.echo(f"{click.style(f'{mark} {result.outcome.value}', fg=colour, bold=True)}  {_statuses(result)}".rstrip())
    click.echo(f"  {result.explanation}")
    if result.should_delete_channel:
        click.echo("  To do: delete this channel.")
    elif result.retry_after is not None:
        click.echo(f"  To do: try again in {describe_delay(result.retry_after)} or later.")


def _statuses(result: Result) -> str:
    parts = [
        None if result.status_code is None else str(result.status_code),
        result.notification_status,
        result.device_connection_status,
        result.subscription_status,
    ]
    return " · ".join(part for part in parts if part)


def describe_delay(delay: timedelta) -> str:
    """`4 minutes`, `1 hour`, `90 seconds`."""
    seconds = int(delay.total_seconds())
    for size, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0 and seconds >= size:
            number = seconds // size
            return f"{number} {name}{'' if number == 1 else 's'}"
    return f"{delay.total_seconds():g} seconds"


def show_request(request: Request) -> None:
    """The exact request, as it would go over the wire: on the user's own terminal, so with the whole URI."""
    click.echo(request.to_wire().decode("utf-8", errors="replace").replace("\r\n", "\n"))


def request_to_dict(request: Request) -> dict[str, Any]:
    """The same for machines."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", errors="replace"),
    }
