"""Requests and answers: values that are valid once they exist."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import ValidationError, mpns, webpush, wns
from winpush.http import Response
from winpush.results import Verdict

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "headers",
    [
        (("X-WNS-Status", "received"),),
        ((b"X-WNS-Status", "received"),),
        (("X-WNS-Status", b"received"),),
        ((b"X-WNS-Status",),),
        (b"ab",),
        (None,),
    ],
)
def test_an_answer_whose_headers_are_no_pairs_of_bytes_is_refused(headers: Any) -> None:
    with pytest.raises(ValidationError, match="headers: must be a tuple of pairs of bytes"):
        Response(200, headers)


@pytest.mark.parametrize("status", ["200", None, 200.0, True])
def test_an_answer_whose_status_is_no_number_is_refused(status: Any) -> None:
    with pytest.raises(ValidationError, match="status_code: must be a number"):
        Response(status)


@pytest.mark.parametrize(
    "wrong", [{"headers": {}}, {"headers": [(b"a", b"b")]}, {"body": "text"}, {"body": None}, {"reason": b"OK"}]
)
def test_what_is_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    """The compiled one refuses some of it with Python's own error."""
    with pytest.raises((ValidationError, TypeError)):
        Response(200, **wrong)


@given(
    st.integers(-1, 999),
    st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=4).map(tuple),
    st.binary(max_size=20),
    st.text(max_size=8),
)
def test_every_answer_that_exists_has_a_verdict(
    status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes, reason: str
) -> None:
    answer = Response(status, headers, body, reason)
    verdicts = (mpns.judge(answer), wns.judge(answer, NOW)[0], webpush.judge(answer, NOW)[0])
    assert all(isinstance(verdict, Verdict) for verdict in verdicts)
