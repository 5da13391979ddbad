"""How a command that failed is told, and what it exits with."""

from __future__ import annotations

import io

import click

from winpush.cli.output import hide_channels, in_options
from winpush.errors import WinPushError

__all__ = ["exit_code_of", "show"]


def exit_code_of(error: click.ClickException | WinPushError) -> int:
    """1 for what was refused or failed, 2 for what was used wrongly."""
    return error.exit_code if isinstance(error, click.ClickException) else 2


def show(error: click.ClickException | WinPushError) -> None:
    """Shows the error as click does, but hides channel URIs: click's messages repeat what was typed."""
    if isinstance(error, WinPushError):
        click.echo(hide_channels(f"Error: {in_options(str(error))}"), err=True)
        return
    shown = io.StringIO()
    error.show(shown)
    click.echo(hide_channels(shown.getvalue()), nl=False, err=True)
