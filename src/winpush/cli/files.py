"""Files that commands read and write. A new file with channels or history is readable by its owner only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any

import click

__all__ = ["open_to_read", "open_to_write"]


def open_to_read(file: str, encoding: str) -> AbstractContextManager[IO[str]]:
    """A text file, or standard input for `-`, with its line ends kept."""
    if file == "-":
        return _standard(sys.stdin, encoding)
    with _told("read", file):
        return open(file, encoding=encoding, newline="")


def open_to_write(file: str, encoding: str = "utf-8") -> AbstractContextManager[IO[str]]:
    """A text file, or standard output for `-`. A new file has mode 0600; an existing one keeps its mode."""
    if file == "-":
        return _standard(sys.stdout, encoding)
    with _told("write", file):
        return open(file, "w", encoding=encoding, newline="", opener=_private)


@contextmanager
def _told(what: str, file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"Can't {what} {file}: {error.strerror}.") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _standard(stream: Any, encoding: str) -> AbstractContextManager[IO[str]]:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding=encoding, newline="")
    return nullcontext(stream)
