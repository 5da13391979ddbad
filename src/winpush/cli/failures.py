"""How a failed command reports its error, and its exit code."""

from __future__ import annotations

import errno
import io
import os
import socket
import sys

import click

from winpush.cli.output import hide_channels, in_options
from winpush.cli.words import in_words
from winpush.errors import WinPushError

__all__ = ["describe_refused_address", "exit_code_of", "is_of_output", "show", "show_lost_output"]

# A full disk, a quota, a limit of a file's size, a broken disk, a descriptor that is only for reading.
_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


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


def is_of_output(error: OSError) -> bool:
    """Whether standard output couldn't be written. (Errors of files name them, and sockets fail with others.)"""
    return error.errno in _OF_OUTPUT and error.filename is None


def show_lost_output(error: OSError) -> None:
    """Says so on standard error, and drops what is still to be written: Python would try it again when it exits."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    click.echo(f"Error: Can't write the output: {error.strerror}. It is incomplete.", err=True)


def describe_refused_address(error: OSError, option: str) -> str:
    """Why listening on an address failed, and which of `--…-host` and `--…-port` to change."""
    of_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
    return f"{error.strerror}. Choose another --{option}-{'host' if of_host else 'port'}."
