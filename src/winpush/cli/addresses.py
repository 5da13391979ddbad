"""Reads a command's channel argument: a URI, or a file that contains one or a browser's subscription."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from winpush._text import decode
from winpush.cli.files import read_bytes
from winpush.webpush import Subscription

__all__ = ["read_address"]

# A single letter before the colon is a Windows drive.
_URI = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_LOOKS_LIKE_FILE = re.compile(r"[^?%]*(?:/|\\|\.\w{1,10})[^?%/\\]{0,64}")
_MAX_BYTES = 65_536


def read_address(given: str, allow_hosts: Iterable[str]) -> str | Subscription:
    """The URI, or the subscription whose JSON is in a file ('-': standard input). A file may contain a URI instead.

    Raises click.UsageError for a file that can't be read, and what `Subscription.of` raises.
    """
    if given.lstrip().startswith("{"):
        raise click.UsageError("Put the subscription's JSON in a file and give the file, or - for standard input.")
    if given != "-" and (_URI.match(given) or not _is_file(given)):
        return given
    text = _read(given).strip()
    if text.startswith(("{", "[")):
        return Subscription.of(text, allow_hosts=allow_hosts)
    if not _URI.match(text):
        where = "Standard input" if given == "-" else given
        raise click.UsageError(
            f"{where} contains neither a channel URI nor a browser's subscription as JSON, which is what "
            "JSON.stringify(subscription) returns."
        )
    return text


def _is_file(given: str) -> bool:
    """Whether the file exists. Raises click.UsageError if it doesn't and the argument can only be a file's name."""
    try:
        if Path(given).is_file():
            return True
    except (OSError, ValueError):  # too long for a name
        return False
    if Path(given).is_dir():
        raise click.UsageError(f"{given} is a folder. Give a channel URI or a file with a subscription.")
    # Don't repeat a URI without its scheme: it is as secret as a complete one.
    if _LOOKS_LIKE_FILE.fullmatch(given) and "notify." not in given:
        raise click.UsageError(f"There is no file {given}. A channel URI starts with http:// or https://.")
    return False


def _read(file: str) -> str:
    try:
        return decode(read_bytes(file, _MAX_BYTES))
    except ValueError as error:
        raise click.UsageError(f"{file} {error}.") from None
