"""Text from files: whatever Windows' tools write is read, and anything else is refused without quoting it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush._text import decode, whole

READ = [
    b"s\xc3\xa9cret",
    b"\xef\xbb\xbfs\xc3\xa9cret",
    "\ufeffsécret".encode("utf-16-le"),
    "\ufeffsécret".encode("utf-16-be"),
    "sécret".encode("utf-32"),
]


@pytest.mark.parametrize("data", READ)
def test_text_is_read_by_its_byte_order_mark(data: bytes) -> None:
    assert decode(data) == "sécret"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"s\xe9cret", "is not UTF-8: byte 2"),
        (b"\xff\xfes", "is not UTF-16"),
        ("secret".encode("utf-16-le"), "NUL"),
    ],
)
def test_what_can_not_be_read_is_told_without_its_text(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        decode(data)
    assert "cret" not in str(caught.value)
    assert "save it as UTF-8" in str(caught.value)


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_a_value_error(data: bytes) -> None:
    try:
        assert "\x00" not in decode(data)
    except UnicodeError as error:  # pragma: no cover - it would show the text
        raise AssertionError from error
    except ValueError:
        return


@given(st.integers(0, 10**12 - 1), st.integers(0, 20))
def test_leading_zeros_change_no_number(number: int, zeros: int) -> None:
    assert whole("0" * zeros + str(number)) == number


@given(st.integers(10**12))
def test_a_longer_number_is_still_a_large_one(number: int) -> None:
    assert 10**11 <= whole(str(number)) < 10**12
    assert whole("9" * 5000) == 10**12 - 1
