"""Files that commands read and write. A new file with channels or history is readable by its owner only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, TextIO, cast

import click

__all__ = ["open_to_read", "open_to_write", "read_bytes", "standard_input"]


def standard_input() -> TextIO:
    """Standard input. Raises click.UsageError if there is none: the shell's `<&-` closes it, and services have none."""
    if sys.stdin is None:
        raise click.UsageError("'-' is standard input, and there is none here. Give a file instead.")
    return sys.stdin


def read_bytes(file: Path | str, size: int = -1) -> bytes:
    """The content of a file, or of standard input for `-`; with a `size`, only its first `size` bytes.

    Raises click.UsageError if it can't be read.
    """
    name = "Standard input" if str(file) == "-" else str(file)
    try:
        if str(file) == "-":
            return standard_input().buffer.read(size)
        with open(file, "rb") as opened:
            return opened.read(size)
    except OSError as error:
        raise click.UsageError(f"{name} can't be read: {error.strerror}.") from None


def open_to_read(file: str, encoding: str) -> AbstractContextManager[IO[str]]:
    """A text file, or standard input for `-`, with its line ends kept."""
    if file == "-":
        return nullcontext(_reconfigure(standard_input(), encoding))
    with _told("read", file):
        return open(file, encoding=encoding, newline="")


@contextmanager
def open_to_write(file: str, *, is_for_people: bool = False) -> Iterator[IO[str]]:
    """A text file in UTF-8, or standard output for `-`. A new file has mode 0600; an existing one keeps its mode.

    What is for people keeps the encoding and the line ends of their terminal, if it goes to standard output.
    Raises click.ClickException if it can't be written, also while it is. (`app.run` tells it of standard output.)
    """
    if file == "-":
        if sys.__stdout__ is None:
            raise click.UsageError("There is no standard output here to write to. Give a file.")
        if not is_for_people:
            _reconfigure(sys.stdout, "utf-8")
        yield sys.stdout
        sys.stdout.flush()
        return
    with _told("write", file):
        opened = open(file, "w", encoding="utf-8", newline="", opener=_private)  # noqa: SIM115 - closed below
    with _told("write", file, " It is incomplete."), opened:
        yield opened


@contextmanager
def _told(what: str, file: str, more: str = "") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"Can't {what} {file}: {error.strerror}.{more}") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _reconfigure(stream: Any, encoding: str) -> IO[str]:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding=encoding, newline="")
    return cast("IO[str]", stream)
