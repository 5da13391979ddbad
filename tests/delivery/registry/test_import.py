"""An import reports what happened to every row."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

from winpush import ValidationError
from winpush.delivery import ImportReport, Outbox, RowError

HOST = "push.example:8080"


def uri_of(number: int) -> str:
    return f"http://{HOST}/throttledthirdparty/01.00/{number:x}"


@pytest.fixture
def take(url: str) -> Iterator[Callable[[str], ImportReport]]:
    outbox = Outbox(url, allow_hosts=[HOST])

    def take(text: str, on_error: Callable[[RowError], None] | None = None) -> ImportReport:
        return outbox.import_channels(io.StringIO(text, newline=""), on_error=on_error)

    yield take
    outbox.close()


def test_a_report_says_how_many_are_new_renewed_and_repeated_in_the_file(take: Callable[[str], ImportReport]) -> None:
    first = "".join(f"{uri_of(n)}\n" for n in range(3))
    assert take(f"uri\n{first}") == ImportReport(3, 0, new=3)
    second = "".join(f"{uri_of(n)}\n" for n in [1, 2, 7, 1, 7, 7])
    assert take(f"uri\n{second}") == ImportReport(6, 0, new=1, renewed=2, repeated=3)


def test_a_row_is_repeated_however_far_into_a_file(take: Callable[[str], ImportReport]) -> None:
    take(f"uri\n{uri_of(0)}\n")
    many = f"{uri_of(1)}\n{uri_of(0)}\n" * 5001
    assert take(f"uri\n{many}") == ImportReport(10_002, 0, new=1, renewed=1, repeated=10_000)


def test_a_device_that_has_two_rows_is_repeated(take: Callable[[str], ImportReport]) -> None:
    assert take(f"uri,device\n{uri_of(1)},phone\n{uri_of(2)},phone\n") == ImportReport(2, 0, new=1, repeated=1)


def test_what_is_stored_before_the_encoding_breaks_can_be_imported_again(url: str) -> None:
    outbox = Outbox(url, allow_hosts=[HOST])
    good = "uri,key\n" + "".join(f"{uri_of(n)},user\n" for n in range(6000))
    content = good.encode() + f"{uri_of(6000)},Jos\u00e9\n".encode("latin-1")
    try:
        with pytest.raises(ValidationError, match="line 6002 has the byte 0xE9"):
            outbox.import_channels(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""))
        again = outbox.import_channels(io.TextIOWrapper(io.BytesIO(content), encoding="latin-1", newline=""))
        assert again == ImportReport(6001, 0, new=1001, renewed=5000)
    finally:
        outbox.close()
