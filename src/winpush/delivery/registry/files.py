"""Import and export of registrations: CSV, as Excel and databases write it, and JSON Lines. Files are streamed.

An invalid row yields a `RowError` in its place, so one bad row doesn't end an import of a million.
No message contains a channel URI.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Literal, Protocol, TypeVar

from winpush.channels import AllowedHosts
from winpush.delivery.registry.cells import guard, unguard
from winpush.delivery.registry.lines import Lines
from winpush.delivery.registry.registration import FIELDS, Registration
from winpush.delivery.registry.rules import (
    NO_ATTRIBUTES,
    NO_TAGS,
    NOBODY,
    Scalar,
    check_app,
    check_attribute_name,
    check_attributes,
    check_keys,
    check_locale,
    check_name_of,
    check_own_key,
    check_platform,
    check_tags,
    check_uri,
    check_version,
    check_zone,
    is_channel_uri,
    shown,
)
from winpush.errors import ValidationError

__all__ = [
    "FileFormat",
    "RowError",
    "read_csv",
    "read_json_lines",
    "read_rows",
    "write_csv",
    "write_json_lines",
    "write_rows",
]

_T = TypeVar("_T")
_ATTRIBUTE = "attribute."
_BOM = "\ufeff"
_DELIMITERS = ",;\t|"


FileFormat = Literal["csv", "jsonl"]
"""A file format: CSV or JSON Lines."""


class Writable(Protocol):
    """Anything with a `write` method for text, such as a file."""

    def write(self, text: str, /) -> object:
        """Writes the text."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was skipped: its last line in the file (from 1), the field at fault or None, and the problem."""

    line: int
    field: str | None
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.field}: ' if self.field else ''}{self.problem}"


def read_rows(
    file: Iterable[str], form: FileFormat, allow_hosts: Iterable[str] | AllowedHosts
) -> Iterator[Registration | RowError]:
    """Yields a Registration or RowError per row of a file in this format. Raises ValidationError for another format,
    and for what isn't an open text file."""
    if isinstance(file, str | bytes | os.PathLike):
        raise ValidationError("file", "must be an open text file; for a path, give open(path, newline='')")
    if _is_binary(file):
        raise ValidationError("file", "is open for bytes; open it as text, with newline='' and encoding='utf-8'")
    return _of_format(_READERS, form)(file, allow_hosts)


def write_rows(file: Writable, form: FileFormat, registrations: Iterable[Registration]) -> int:
    """Writes the registrations in this format and returns how many. Raises ValidationError for another format."""
    return _of_format(_WRITERS, form)(file, registrations)


def _is_binary(file: object) -> bool:
    return isinstance(file, io.IOBase) and not isinstance(file, io.TextIOBase)


def _of_format(functions: Mapping[str, _T], form: object) -> _T:
    found = functions.get(form) if isinstance(form, str) else None
    if found is None:
        raise ValidationError("format", f"is {shown(form)}; it must be one of {', '.join(functions)}")
    return found


def read_csv(
    file: Iterable[str], allow_hosts: Iterable[str] | AllowedHosts = NOBODY
) -> Iterator[Registration | RowError]:
    """Yields a Registration or RowError per row, in file order.

    `file` is a text file opened with `newline=""` (to keep line breaks in quoted cells), or any iterable of lines. The
    first row names the columns: `uri` and any other FIELDS, in any order and case. `tags` are separated by spaces,
    commas or semicolons; `attributes` is a JSON object; `attribute.NAME` is the text of one attribute. An empty cell
    means "not given". A byte order mark, Excel's `sep=` line, and `;`, tab or `|` as separators are recognized. After
    an unclosed quote, or one that only another row's quote closes, reading continues with the next line. Raises
    ValidationError when iteration starts if the header row is invalid, and at any point for text in another encoding.
    """
    lines = Lines(file)
    with lines.decoded():
        yield from _csv_rows(lines, _allowed(allow_hosts))


def _csv_rows(lines: Lines, allowed: AllowedHosts) -> Iterator[Registration | RowError]:
    lines.check_first()
    header = next(lines, "").removeprefix(_BOM)
    delimiter = _delimiter(header)
    if header.lower().startswith("sep=") and len(header.rstrip("\r\n")) == 5:
        lines.end_row()
        delimiter, header = header[4], next(lines, "")
    lines.put_back(header)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        columns = _Columns.named(next(rows, []))
        read = columns.reader(allowed)
    except csv.Error as error:
        raise ValidationError("header", f"can't be read as CSV: {error}") from None
    lines.end_row()
    while True:
        try:
            for row in rows:
                if lines.spans_lines:
                    columns.check_lines(row, delimiter)
                if row and any(row):
                    yield read(row)
                lines.end_row()
            return
        except ValidationError as error:
            yield RowError(lines.number, error.field, error.problem)
        except csv.Error as error:
            yield _broken(lines, error)
        lines.end_row()


def _broken(lines: Lines, error: csv.Error) -> RowError:
    if not lines.spans_lines:
        return RowError(lines.number, None, f"can't be read as CSV: {error}")
    return RowError(
        lines.rewind(),
        None,
        'can\'t be read as CSV: a quote is opened and never closed. Close it, or write "" for a quote in a quoted cell.'
        " Only attributes may have several lines",
    )


def write_csv(file: Writable, registrations: Iterable[Registration]) -> int:
    """Writes a header row and the registrations, and returns how many; `read_csv` reads the same ones back.

    Open `file` with `newline=""`, and with `encoding="utf-8-sig"` for Excel. Text that Excel would run as a formula
    gets a leading `'`, which `read_csv` removes.
    """
    rows = csv.writer(file)
    rows.writerow(FIELDS)
    count = 0
    for each in registrations:
        attributes = json.dumps(dict(each.attributes), ensure_ascii=False) if each.attributes else None
        tags = " ".join(sorted(each.tags)) if each.tags else None
        names = (each.key, each.device, each.app)
        texts = (*names, tags, each.platform, each.os_version, each.app_version, each.locale)
        keys = (guard(each.p256dh), guard(each.auth))  # the subscriber chooses these
        rows.writerow([each.uri, *map(guard, texts), each.time_zone, attributes, *keys])
        count += 1
    return count


def read_json_lines(
    file: Iterable[str], allow_hosts: Iterable[str] | AllowedHosts = NOBODY
) -> Iterator[Registration | RowError]:
    """Yields a Registration or RowError per line, in file order; empty lines are skipped.

    Each line is a JSON object with names from FIELDS. `tags` is a list of strings, `attributes` an object; null means
    "not given". Raises ValidationError for text in another encoding.
    """
    lines = Lines(file)
    with lines.decoded():
        yield from _json_rows(lines, _allowed(allow_hosts))


def _json_rows(lines: Lines, allowed: AllowedHosts) -> Iterator[Registration | RowError]:
    lines.check_first()
    while True:
        try:
            for line in lines:
                text = line.removeprefix(_BOM) if lines.number == 1 else line
                if text and not text.isspace():
                    yield _read_json(text, lines.number, allowed)
                lines.end_row()
            return
        except ValidationError as error:
            yield RowError(lines.number, error.field, error.problem)
        lines.end_row()


def _read_json(text: str, number: int, allowed: AllowedHosts) -> Registration | RowError:
    try:
        return Registration.of(json.loads(text), allowed)
    except ValidationError as error:
        return RowError(number, error.field, error.problem)
    except (ValueError, RecursionError) as error:
        return RowError(number, None, f"is not valid JSON: {error}")


def write_json_lines(file: Writable, registrations: Iterable[Registration]) -> int:
    """Writes one line per registration and returns how many; `read_json_lines` reads the same ones back."""
    count = 0
    for each in registrations:
        file.write(json.dumps(each.to_dict(), ensure_ascii=False) + "\n")
        count += 1
    return count


_READERS = {"csv": read_csv, "jsonl": read_json_lines}
_WRITERS = {"csv": write_csv, "jsonl": write_json_lines}


def _allowed(hosts: Iterable[str] | AllowedHosts) -> AllowedHosts:
    return hosts if isinstance(hosts, AllowedHosts) else AllowedHosts.of(hosts)


def _delimiter(header: str) -> str:
    """The delimiter that the header uses: no column name contains one."""
    return max(_DELIMITERS, key=header.count)


_URI = re.compile(r'https?://[^\s"]*', re.IGNORECASE)


def _holds_rows(cell: str, delimiter: str) -> bool:
    """Whether a cell of several lines looks as if other rows were in it: a line that begins with an address and has a
    delimiter, an address right behind a delimiter, or a channel's URI anywhere."""
    comma = re.escape(delimiter)
    row = rf'[\r\n][ \t"]*https?://[^\r\n]*{comma}|{comma}"*https?://'
    return bool(re.search(row, cell, re.IGNORECASE)) or any(map(is_channel_uri, _URI.findall(cell)))


@lru_cache(maxsize=4096)
def _tags(text: str) -> frozenset[str]:
    return check_tags(unguard(text).replace(",", " ").replace(";", " ").split())


@lru_cache(maxsize=1024)
def _attributes(text: str) -> Mapping[str, Scalar]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError("attributes", f"is not valid JSON: {error}") from None
    if not isinstance(values, dict):
        raise ValidationError("attributes", f"must be a JSON object, not {type(values).__name__}")
    return check_attributes(values)


@lru_cache(maxsize=1024)
def _version(field: str, text: str) -> str | None:
    return check_version(field, unguard(text))


def _row(cells: tuple[str, ...], single: Mapping[str, Scalar], allowed: AllowedHosts) -> Registration:
    """The registration of a row with its cells in the order of FIELDS. Like `Registration`, but cached per cell."""
    uri, key, device, app, tags, platform, os_version, app_version, locale, time_zone, attributes, p256dh, auth = cells
    if not uri:
        raise ValidationError("uri", "is missing; every registration needs a channel URI")
    canonical, service = check_uri(uri, platform or None, allowed, has_keys=bool(p256dh))
    known = _attributes(attributes) if attributes else NO_ATTRIBUTES
    return Registration.of_checked(
        canonical,
        service,
        check_own_key(unguard(key)) if key else None,
        check_name_of("device", unguard(device)) if device else None,
        check_app(unguard(app)) if app else None,
        _tags(tags) if tags else NO_TAGS,
        check_platform(platform, service) if platform else None,
        _version("os_version", os_version) if os_version else None,
        _version("app_version", app_version) if app_version else None,
        check_locale(locale) if locale else None,
        check_zone(time_zone) if time_zone else None,
        check_attributes({**known, **single}) if single else known,
        *check_keys(service, unguard(p256dh) if p256dh else None, unguard(auth) if auth else None),
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """The layout of a row: the position of each field, and of each `attribute.NAME`."""

    count: int
    fields: tuple[tuple[int, str], ...]
    attributes: tuple[tuple[int, str], ...]

    @classmethod
    def named(cls, header: list[str]) -> _Columns:
        """Parses the header row. Raises ValidationError for an unknown, repeated or missing column."""
        fields: dict[str, int] = {}
        attributes: dict[str, int] = {}
        for place, cell in enumerate(header):
            name = cell.strip()
            if not name:
                continue
            is_attribute = name.lower().startswith(_ATTRIBUTE)
            kind = attributes if is_attribute else fields
            name = check_attribute_name(name[len(_ATTRIBUTE) :], "header") if is_attribute else name.lower()
            if name == "endpoint" and not is_attribute:
                name = "uri"  # tables of browsers' subscriptions call it that
            if not is_attribute and name not in FIELDS:
                columns = f"{', '.join(FIELDS)} and {_ATTRIBUTE}NAME"
                raise ValidationError("header", f"has an unknown column {shown(cell)}; the columns are {columns}")
            if name in kind:
                raise ValidationError("header", f"has the column {shown(cell)} twice; remove one")
            kind[name] = place
        if "uri" not in fields:
            raise ValidationError("header", "has no column 'uri'; the first row must name the columns")
        return cls(
            len(header),
            tuple((place, name) for name, place in fields.items()),
            tuple((place, name) for name, place in attributes.items()),
        )

    def reader(self, allowed: AllowedHosts) -> Callable[[list[str]], Registration]:
        """A function that turns a row into a registration."""
        places = {name: place for place, name in self.fields}
        # Fields without a column are read from an extra, always empty cell at the end.
        pick = itemgetter(*[places.get(name, self.count) for name in FIELDS])
        singles, count = self.attributes, self.count

        def read(row: list[str]) -> Registration:
            if len(row) != count:
                row = self._evened(row)
            row.append("")
            single = {name: row[place] for place, name in singles if row[place]} if singles else NO_ATTRIBUTES
            return _row(pick(row), single, allowed)

        return read

    def check_lines(self, row: list[str], delimiter: str) -> None:
        """For a row that spans lines. Raises csv.Error if a quote that nothing was to close has taken in other rows."""
        several = {place for place, name in self.fields if name == "attributes"} | {
            place for place, _ in self.attributes
        }
        if any(row[self.count :]):
            raise csv.Error("a cell holds a part of another row, whose other cells are too many")
        for place, cell in enumerate(row):
            if ("\n" in cell or "\r" in cell) and (place not in several or _holds_rows(cell, delimiter)):
                raise csv.Error("a cell holds other rows")

    def _evened(self, row: list[str]) -> list[str]:
        """Pads or cuts the row to the number of columns. Raises ValidationError if that would drop a value."""
        if any(row[self.count :]):
            raise ValidationError("row", f"has {len(row)} cells, but the header has {self.count} columns")
        return [*row[: self.count], *[""] * (self.count - len(row))]
