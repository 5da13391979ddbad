"""The lines of a file to import. Overlong lines are never read whole, and the lines of a broken row can be reread."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from winpush.errors import ValidationError

__all__ = ["Lines"]

MAX_LINE_CHARACTERS = 200_000
"""Longer than any valid registration, even one that spans several lines in quotes."""
_SAVE = "Save it as UTF-8 (Excel: 'CSV UTF-8') and import it again; rows that are registered already are only renewed"


class Lines:
    """Iterates over the lines of a text file or any iterable of lines; `number` is that of the last one (from 1).

    An overlong line raises ValidationError; iteration then continues with the next line. A text file is read in pieces,
    so that an overlong line is never held in memory.
    """

    def __init__(self, file: Iterable[str]) -> None:
        self.number = 0
        self._file = file if isinstance(file, io.TextIOBase) else None
        self._source = iter(file)
        self._row: list[str] = []
        self._characters = 0
        self._again: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._read()
        self.number += 1
        self._row.append(line)
        self._characters += len(line)
        if self._characters > MAX_LINE_CHARACTERS:
            if self.spans_lines:
                raise csv.Error("the row is too long")
            raise ValidationError("line", f"is too long: the limit is {MAX_LINE_CHARACTERS:,} characters")
        return line

    def _read(self) -> str:
        if self._file is None:
            line = next(self._source)
            return line if line.endswith(("\n", "\r")) else f"{line}\n"  # or cells that span lines wouldn't show it
        line = self._file.readline(MAX_LINE_CHARACTERS + 1)
        if not line:
            raise StopIteration
        if len(line) > MAX_LINE_CHARACTERS:
            piece = line
            while piece and not piece.endswith(("\n", "\r")):
                piece = self._file.readline(MAX_LINE_CHARACTERS)
        return line

    @property
    def spans_lines(self) -> bool:
        """Whether the current row has more than one line so far."""
        return len(self._row) > 1

    def end_row(self) -> None:
        """The next line starts a new row."""
        self._row.clear()
        self._characters = 0

    def put_back(self, line: str) -> None:
        """Has the last line read again, as this text."""
        if line:
            self._again.append(line)
            self.number -= 1
            self.end_row()

    def rewind(self) -> int:
        """Ends the row after its first line and returns that line's number; its other lines are read again."""
        self._again.extend(reversed(self._row[1:]))
        self.number -= len(self._row) - 1
        self.end_row()
        return self.number

    @contextmanager
    def decoded(self) -> Iterator[None]:
        """Raises ValidationError, saying where, if the file isn't in the encoding that it is read in."""
        try:
            yield
        except UnicodeDecodeError as error:
            before = bytes(error.object[: error.start])
            line, byte = self.number + 1 + before.count(b"\n"), error.object[error.start]
            found = "it looks like UTF-16" if byte >= 0xFE and line == 1 else f"line {line} has the byte 0x{byte:02X}"
            raise ValidationError("file", f"is not {error.encoding.upper()}: {found}. {_SAVE}") from None

    def check_first(self) -> None:
        """Raises ValidationError for UTF-16 without a byte order mark, where every other character is a NUL."""
        try:
            line = self._read()
        except StopIteration:
            return
        if "\0" in line:
            raise ValidationError("file", f"has NUL characters in its first line: it looks like UTF-16. {_SAVE}")
        self._again.append(line)
