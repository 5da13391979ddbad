"""Registrations go into files and come back; a bad row is reported by its line, and stops no other row."""

from __future__ import annotations

import contextlib
import io
import itertools
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from winpush import ValidationError
from winpush.delivery.registry.files import RowError, read_csv, read_json_lines, write_csv, write_json_lines
from winpush.delivery.registry.registration import FIELDS, Registration

TOKEN = "AAFRQmVzdFRva2VuRXZlcg"
WNS = f"https://db5.notify.windows.com/?token={TOKEN}"
MPNS = f"http://db3.notify.live.net/throttledthirdparty/01.00/{TOKEN}"


def rows(text: str, **options: Any) -> list[Registration | RowError]:
    return list(read_csv(io.StringIO(text, newline=""), **options))


def lines(text: str, **options: Any) -> list[Registration | RowError]:
    return list(read_json_lines(io.StringIO(text), **options))


def only(read: list[Registration | RowError]) -> Registration:
    (made,) = read
    assert isinstance(made, Registration), made
    return made


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: not set(text) & {"\ufffe", "\uffff"}
) | st.sampled_from(["=1+1", "'=1", "''", "-x", '"', "a,b;c", " ", "@"])
TAGS = st.sampled_from(["a", "=b", "'c", "-d", '"e"', "ü", "x" * 64])
REGISTRATIONS = st.builds(
    Registration,
    st.integers(0, 9).map(lambda number: f"{WNS}{number}") | st.just(f"{WNS},;\"'"),
    key=st.none() | LINE,
    device=st.none() | LINE,
    app=st.sampled_from([None, "app-a", "=b", "'c", "d, e"]),
    tags=st.frozensets(TAGS),
    platform=st.sampled_from([None, "windows", "8.1"]),
    os_version=st.sampled_from([None, "10.0.19045", "8"]),
    app_version=st.sampled_from([None, "1.2", "2-rc1"]),
    locale=st.sampled_from([None, "de-AT", "zh-Hant-TW"]),
    time_zone=st.sampled_from([None, "Europe/Vienna"]),
    attributes=st.dictionaries(
        NAMES,
        LINE | st.just("") | st.just("a\r\nb") | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9),
        max_size=3,
    ),
)


@pytest.mark.parametrize(
    ("write", "read"), [(write_csv, read_csv), (write_json_lines, read_json_lines)], ids=["csv", "json-lines"]
)
@given(given_ones=st.lists(REGISTRATIONS, max_size=4))
def test_what_is_written_is_read_back(
    write: Callable[[io.StringIO, Iterable[Registration]], int],
    read: Callable[[Iterable[str]], Iterator[Registration | RowError]],
    given_ones: list[Registration],
) -> None:
    file = io.StringIO(newline="")
    assert write(file, iter(given_ones)) == len(given_ones)
    file.seek(0)
    assert list(read(file)) == given_ones


@pytest.mark.parametrize(
    ("write", "read"), [(write_csv, read_csv), (write_json_lines, read_json_lines)], ids=["csv", "json-lines"]
)
def test_a_file_on_disk_with_excels_mark_comes_back(write: Any, read: Any, tmp_path: Path) -> None:
    made = [Registration(WNS, key="ü", attributes={"note": "a\nb"}), Registration(MPNS, tags=["x"])]
    path = tmp_path / "channels"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        write(file, made)
    for encoding in ("utf-8-sig", "utf-8"):
        with path.open(newline="", encoding=encoding) as file:
            assert list(read(file)) == made


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_of_a_spreadsheet_is_understood(delimiter: str) -> None:
    text = f"uri,key,platform\r\n{WNS},me,windows\r\n".replace(",", delimiter)
    assert only(rows(text)) == Registration(WNS, key="me", platform="windows")


def test_excels_line_that_names_the_delimiter_is_no_row() -> None:
    assert only(rows(f"\ufeffsep=;\r\nkey;uri\r\nme;{WNS}\r\n")) == Registration(WNS, key="me")
    assert rows("sep=;\r\nkey;uri\r\nme;x\r\n") == [
        RowError(3, "uri", "is not a channel URI: it must start with http:// or https://")
    ]


def test_columns_come_in_any_order_and_case_and_some_may_be_missing() -> None:
    assert only(rows(f"Tags, KEY ,URI\n news; beta ,me,{WNS}\n")) == Registration(WNS, key="me", tags=["news", "beta"])
    assert only(rows(f"uri\n{WNS}")) == Registration(WNS)


def test_a_column_can_be_one_attribute() -> None:
    text = f'uri,Attribute.city,attribute.note,attributes\n{WNS},Wien,,"{{""n"": 1, ""city"": ""x""}}"\n'
    assert only(rows(text)) == Registration(WNS, attributes={"city": "Wien", "n": 1})


def test_lines_in_quotes_belong_to_their_cell_and_errors_name_the_last_line_of_a_row() -> None:
    text = f'uri,attribute.note\n{WNS},"a\r\nb"\nx,"c\nd"\n{MPNS},e\n'
    first, bad, last = rows(text)
    assert first == Registration(WNS, attributes={"note": "a\r\nb"})
    assert isinstance(bad, RowError)
    assert (bad.line, bad.field) == (5, "uri")
    assert last == Registration(MPNS, attributes={"note": "e"})


def test_empty_rows_and_missing_last_cells_are_no_fault() -> None:
    text = f"uri,key,tags\n\n,,\n{WNS}\n{MPNS},me,,,\n"
    assert rows(text) == [Registration(WNS), Registration(MPNS, key="me")]


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        ("x,,,", "uri", "must start with http"),
        (",me,,", "uri", "is missing"),
        (f"{WNS},{'x' * 201},,", "key", "1 to 200"),
        (f"{WNS},,a|b,", "tags", "'a|b'"),
        (f"{WNS},,,[1]", "attributes", "JSON object, not list"),
        (f"{WNS},,,{{", "attributes", "is not valid JSON"),
        (f"{WNS},,,{'[' * 100_000}", "attributes", "is not valid JSON"),
        (f'{WNS},,,"{{""a"": []}}"', "attributes.a", "not list"),
        (f'{WNS},,,"{{""a"": NaN}}"', "attributes.a", "2**53"),
        (f"{WNS},,,,more", "row", "has 5 cells, but the header has 4"),
        (f'{WNS},"a"b,,', None, "can't be read as CSV"),
        (f"{WNS},{'x' * 140_000},,", None, "can't be read as CSV"),
    ],
)
def test_a_bad_row_is_told_by_line_and_field_and_the_next_one_is_read(row: str, field: str | None, said: str) -> None:
    before, error, after = rows(f"uri,key,tags,attributes\n{MPNS},,,\n{row}\n{WNS},,,\n")
    assert isinstance(before, Registration)
    assert after == Registration(WNS)
    assert isinstance(error, RowError)
    assert (error.line, error.field) == (3, field)
    assert said in error.problem
    assert TOKEN not in str(error)
    assert str(error).startswith("line 3: ")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "has no column 'uri'"),
        ("key,tags", "has no column 'uri'"),
        (WNS, "has an unknown column"),
        ("uri,name", "'name'; the columns are uri, key"),
        ("uri,key,Key", "twice"),
        ("uri,attribute.a,attribute.a", "twice"),
        ("uri,attribute.a b", "'a b'"),
        ('uri,"a"b', "can't be read as CSV"),
    ],
)
def test_a_first_row_that_names_no_columns_of_ours_is_refused(header: str, said: str) -> None:
    with pytest.raises(ValidationError, match="header") as caught:
        rows(f"{header}\n{WNS}\n")
    assert said in caught.value.problem
    assert TOKEN not in str(caught.value)


def test_a_quote_that_never_ends_is_an_error_and_not_silence() -> None:
    *_, last = rows(f'uri,key\n{MPNS},\n{WNS},"me\n')
    assert isinstance(last, RowError)
    assert "CSV" in last.problem


@pytest.mark.parametrize(
    "after",
    [
        "",  # it never ends
        f'{WNS}9,"a, b"\n',  # it ends where another cell begins
        f"{WNS}9,{'x' * 131_000}\n",  # it goes on for too long
    ],
    ids=["to-the-end", "to-the-next-quote", "for-long"],
)
def test_a_quote_that_nothing_closes_costs_its_own_row_only(after: str) -> None:
    text = f'uri,key\n{MPNS},\n{WNS}1,"me\n{WNS}2,you\n{WNS}3,"we"\n{WNS}4,they\n{after}'
    if after == "":
        text = text.replace('"we"', "we")
    first, broken, *others = rows(text)
    assert first == Registration(MPNS)
    assert isinstance(broken, RowError)
    assert (broken.line, broken.field) == (3, None)
    assert "never closed" in broken.problem
    assert others[:3] == [Registration(f"{WNS}{n}", key=key) for n, key in [(2, "you"), (3, "we"), (4, "they")]]
    assert len(others) == 3 + bool(after)


def test_every_row_is_read_or_told_of_whatever_quotes_stand_in_them() -> None:
    text = "uri,key\n" + "".join(f"{WNS}{n},{'' if n % 7 else chr(34)}user {n}\n" for n in range(5000))
    read = rows(text)
    told = [each.line for each in read if isinstance(each, RowError)]
    assert told == [n + 2 for n in range(5000) if n % 7 == 0]
    assert len(read) == 5000


STRAY = st.sampled_from(["{}"] * 6 + ['"{}', '{}"', '"{}"', '""{}', '{}""', '"', '""{}"'])


@example(
    stray=[["{}", "{}", "{}", '"{}'], ["{}", '{}"', "{}", "{}"]],
    columns=["key", "tags", "uri", "attribute.note"],
    delimiter=",",
    ending="\n",
)
@given(
    stray=st.lists(st.lists(STRAY, min_size=4, max_size=4), min_size=1, max_size=8),
    columns=st.permutations(["uri", "key", "tags", "attribute.note"])
    | st.permutations(["uri", "key", "tags", "locale"]),
    delimiter=st.sampled_from(",;|\t"),
    ending=st.sampled_from(["\n", "\r\n", ""]),
)
def test_no_row_is_lost_in_another_whatever_quotes_stand_in_them(
    stray: list[list[str]], columns: list[str], delimiter: str, ending: str
) -> None:
    """Two quotes that nothing was to close made one cell of all that lay between them: of others' channel URIs."""
    written = [delimiter.join(columns)]
    for number, forms in enumerate(stray):
        values = {
            "uri": f"{WNS}{number}",
            "key": f"key{number}",
            "tags": "news",
            "attribute.note": "hi",
            "locale": "de",
        }
        written.append(delimiter.join(form.format(values[name]) for name, form in zip(columns, forms, strict=True)))
    lines = [f"{line}{ending}" for line in written]
    read = list(read_csv(lines) if ending == "" else rows("".join(lines)))
    told = {each.line for each in read if isinstance(each, RowError)}
    taken = [each for each in read if isinstance(each, Registration)]
    for number in range(len(stray)):
        assert number + 2 in told or any(each.uri.startswith(f"{WNS}{number}") for each in taken)
    assert len(read) == len(stray)
    for each in taken:
        assert TOKEN not in str((each.key, each.tags, each.attributes, each.locale))


@pytest.mark.parametrize("column", ["key", "tags", "device", "locale", "app", "time_zone", "platform", "p256dh"])
def test_two_stray_quotes_cost_no_row_between_them(column: str) -> None:
    text = f'uri,{column}\n{WNS}1,"x\n{WNS}2,\n{WNS}3,\n{WNS}4,x"\n'
    first, second, third, _ = rows(text)  # a quote in the last cell may be a text
    assert isinstance(first, RowError)
    assert (first.line, "never closed" in first.problem, TOKEN in str(first)) == (2, True, False)
    assert [second, third] == [Registration(f"{WNS}{number}") for number in (2, 3)]


@pytest.mark.parametrize("column", ["attributes", "attribute.note"])
def test_an_attribute_takes_in_no_other_row(column: str) -> None:
    text = f'uri,{column}\n{WNS}1,"x\n{WNS}2,\n{WNS}3,x"\n'
    assert [isinstance(each, RowError) and each.line for each in rows(text)][:2] == [2, False]
    text = f'{column},uri\n"x,{WNS}1\nx",{WNS}2\n'
    first, *_ = rows(text)
    assert isinstance(first, RowError)
    assert first.line == 2


def test_an_attribute_may_have_lines_with_addresses_in_them() -> None:
    note = "Dear Ada,\r\nhttps://shop.example/\r\nor, if you like, https://shop.example/b\r\n"
    assert only(rows(f'uri,attribute.note\n{WNS},"{note}"\n')) == Registration(WNS, attributes={"note": note})
    text = f'uri,attributes\n{WNS},"{{""a"": ""https://shop.example/"",\n""b"": 1}}"\n'
    assert only(rows(text)) == Registration(WNS, attributes={"a": "https://shop.example/", "b": 1})


def text_file(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")


READERS = [
    (read_csv, f"uri,key\n{WNS},Jos\u00e9\n"),
    (read_json_lines, f'\n{{"uri": "{WNS}", "key": "Jos\u00e9"}}\n'),
]


@pytest.mark.parametrize(("read", "text"), READERS, ids=["csv", "json-lines"])
@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("latin-1", "is not UTF-8: line 2 has the byte 0xE9. Save it as UTF-8"),
        ("utf-16", "is not UTF-8: it looks like UTF-16. Save it"),
        ("utf-16-le", "looks like UTF-16. Save it"),
    ],
)
def test_a_file_in_another_encoding_is_refused_with_what_to_do(read: Any, text: str, encoding: str, said: str) -> None:
    if encoding == "utf-16-le":
        text = text.lstrip("\n").replace("\u00e9", "e")
    with pytest.raises(ValidationError, match="file") as caught:
        list(read(text_file(text.encode(encoding))))
    assert said in caught.value.problem
    assert TOKEN not in str(caught.value)


def test_the_line_that_is_not_utf_8_is_named_far_into_a_file() -> None:
    good = "".join(f"{WNS}{n},user\n" for n in range(3000))
    content = f"uri,key\n{good}".encode() + f"{WNS},Jos\u00e9\n".encode("latin-1")
    with pytest.raises(ValidationError, match="line 3002 has the byte 0xE9"):
        list(read_csv(text_file(content)))


class EndlessLine(io.RawIOBase):
    """A first line, a line of this many bytes, and a last line, none of them in memory."""

    def __init__(self, first: bytes, length: int, last: bytes) -> None:
        self._pieces = itertools.chain([first], itertools.repeat(b"x" * 1000, length // 1000), [b"\n" + last])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = next(self._pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("kind", ["csv", "json-lines"])
def test_a_line_of_any_length_is_told_and_takes_no_memory(kind: str) -> None:
    first, last = ("uri\n", f"{WNS}\n") if kind == "csv" else ("\n", f'{{"uri": "{WNS}"}}\n')
    source = EndlessLine(first.encode(), 50_000_000, last.encode())
    file = io.TextIOWrapper(io.BufferedReader(source), encoding="utf-8", newline="")
    tracemalloc.start()
    try:
        read = list(read_csv(file) if kind == "csv" else read_json_lines(file))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == [RowError(2, "line", "is too long: the limit is 200,000 characters"), Registration(WNS)]
    assert most < 5_000_000


def test_a_row_of_many_short_lines_is_bounded_too() -> None:
    endless = "".join('"a\n",' for _ in range(100_000))
    read = rows(f"uri\n{endless}\n{WNS}\n")
    assert read[-1] == Registration(WNS)
    assert isinstance(read[0], RowError)
    assert read[0].line == 2


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        ("{", None, "is not valid JSON"),
        ("[" * 100_000, None, "is not valid JSON"),
        ("9" * 5000, None, "is not valid JSON"),
        ('"' + "x" * 200_001 + '"', "line", "the limit is 200,000"),
        ("7", "registration", "must be a mapping"),
        ("{}", "uri", "is missing"),
        (f'{{"uri": "{WNS}", "name": 1}}', "name", "is not a field"),
        (f'{{"uri": "{WNS}", "tags": "a"}}', "tags", "must be a list"),
        (f'{{"uri": "{WNS}", "key": "\\ud800"}}', "key", "U+D800"),
        (f'{{"uri": "{WNS}", "attributes": {{"a": Infinity}}}}', "attributes.a", "2**53"),
    ],
)
def test_a_bad_line_is_told_and_the_next_one_is_read(line: str, field: str | None, said: str) -> None:
    good = f'{{"uri": "{WNS}", "key": null, "tags": ["a"]}}'
    first, error, after = lines(f"\ufeff{good}\n\n{line}\n  \n{good}\n")
    assert first == after == Registration(WNS, tags=["a"])
    assert isinstance(error, RowError)
    assert (error.line, error.field) == (3, field)
    assert said in error.problem
    assert TOKEN not in str(error)


@pytest.mark.parametrize("read", [rows, lines], ids=["csv", "json-lines"])
@given(text=st.text(max_size=200))
def test_whatever_stands_in_a_file_only_our_own_errors_come_of_it(read: Any, text: str) -> None:
    with contextlib.suppress(ValidationError):  # a first row that names no columns
        assert all(isinstance(each, Registration | RowError) for each in read(text))


def test_hosts_that_the_caller_allows_are_taken() -> None:
    uri = "http://127.0.0.1:8080/?token=x"
    hosts = ["127.0.0.1:8080"]
    assert only(rows(f"uri\n{uri}\n", allow_hosts=hosts)).uri == uri
    assert only(lines(f'{{"uri": "{uri}"}}', allow_hosts=hosts)).uri == uri
    assert isinstance(rows(f"uri\n{uri}\n")[0], RowError)


def test_a_text_that_excel_would_run_is_written_so_that_it_does_not() -> None:
    file = io.StringIO(newline="")
    write_csv(file, [Registration(WNS, key="=HYPERLINK(1)", device="-1", app="+1", tags=["@a"])])
    assert f"{WNS},'=HYPERLINK(1),'-1,'+1,'@a," in file.getvalue()


def test_an_export_names_every_field() -> None:
    file = io.StringIO(newline="")
    assert write_csv(file, []) == 0
    assert file.getvalue() == ",".join(FIELDS) + "\r\n"


@pytest.mark.parametrize("kind", ["csv", "json-lines"])
def test_a_long_file_is_never_held_whole(kind: str) -> None:
    def csv_lines(count: int) -> Iterator[str]:
        yield "uri,key\n"
        for number in range(count):
            yield f"{WNS}{number},user{number}\n"

    def json_lines(count: int) -> Iterator[str]:
        for number in range(count):
            yield f'{{"uri": "{WNS}{number}", "key": "user{number}"}}\n'

    def most(count: int) -> int:
        source = csv_lines(count) if kind == "csv" else json_lines(count)
        tracemalloc.start()
        try:
            read = read_csv(source) if kind == "csv" else read_json_lines(source)
            assert sum(isinstance(each, Registration) for each in read) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    most(100)
    assert most(5000) < most(500) + 100_000
