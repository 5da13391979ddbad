"""The columns of a segment return what was put into them, and take few bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from winpush.delivery.storage.columns import (
    pack_ascending,
    pack_offsets,
    pack_texts,
    unpack_ascending,
    unpack_offsets,
    unpack_texts,
)

NUMBERS = st.lists(st.integers(0, 2**63 - 1), max_size=50)


@given(NUMBERS)
def test_numbers_in_order_come_back(numbers: list[int]) -> None:
    numbers.sort()
    assert unpack_ascending(pack_ascending(numbers)) == numbers


@given(NUMBERS.filter(bool))
def test_numbers_above_a_base_come_back(numbers: list[int]) -> None:
    base = min(numbers)
    assert unpack_offsets(pack_offsets(numbers, base), base, len(numbers)) == numbers


@given(st.lists(st.one_of(st.none(), st.text()), max_size=20))
def test_texts_come_back_and_empty_ones_with_them(texts: list[str | None]) -> None:
    packed = pack_texts(texts)
    assert unpack_texts(packed, len(texts)) == (texts if packed is not None else [None] * len(texts))


def test_the_numbers_of_a_whole_batch_take_a_few_bytes() -> None:
    assert len(pack_ascending(range(1_000_000, 1_000_500))) < 100
    assert pack_offsets([7] * 500, 7) is None
    assert pack_texts([None] * 500) is None
