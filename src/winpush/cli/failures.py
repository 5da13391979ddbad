"""How a failed command reports its error, and its exit code."""

from __future__ import annotations

import errno
import io
import socket

import click

from winpush.cli.output import hide_channels, in_options
from winpush.cli.words import in_words
from winpush.errors import WinPushError

__all__ = ["describe_refused_address", "exit_code_of", "show"]


def exit_code_of(error: click.ClickException | WinPushError) -> int:
    """1 if something was refused or failed, 2 for a usage error."""
    return error.exit_code if isinstance(error, click.ClickException) else 2


def show(error: click.ClickException | WinPushError) -> None:
    """Shows the error as click does, but hides channel URIs: click's messages repeat what was typed."""
    if isinstance(error, WinPushError):
        click.echo(hide_channels(f"Error: {in_options(str(error))}"), err=True)
        return
    shown = io.StringIO()
    error.show(shown)
    click.echo(hide_channels(in_words(shown.getvalue())), nl=False, err=True)


def describe_refused_address(error: OSError, option: str) -> str:
    """Why listening on an address failed, and which of `--…-host` and `--…-port` to change."""
    of_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
    return f"{error.strerror}. Choose another --{option}-{'host' if of_host else 'port'}."
