"""What a page would show of a payload: a notification in JSON, and nothing that would break the emulator's own page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush.emulator.webpush.notification import read_notification

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["title", "body", "actions", "notification", "timestamp", "silent"]), inside)
    ),
    max_leaves=8,
)


def test_the_arguments_of_show_notification_are_read_at_the_top_and_below() -> None:
    shown = {"title": "Hi", "body": "there", "icon": "/i.png", "image": "/p.png", "badge": "/b.png", "tag": "t"}
    expected = {**shown, "actions": [], "left_out": 0}
    for given_ in (shown, {"notification": shown, "data": 1}):
        assert read_notification(json.dumps(given_).encode()) == expected


NONE = [
    b"", b"hello", b"\xff\xfe", b"[]", b"null", b'"title"', b'{"body": "b"}', b'{"title": ""}', b'{"title": 7}',
    b'{"notification": "x"}', b"[" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("payload", NONE)
def test_what_is_no_notification_is_none(payload: bytes) -> None:
    assert read_notification(payload) is None


def test_two_actions_fit_and_the_others_are_counted() -> None:
    actions: list[Any] = [
        {"action": "a", "title": "A", "icon": "/a.png"},
        {"title": "B"},
        {"title": "C"},
        {"action": "d"},
        7,
    ]
    shown = read_notification(json.dumps({"title": "x", "actions": actions}).encode())
    assert shown is not None
    assert shown["actions"] == [{"action": "a", "title": "A", "icon": "/a.png"}, {"title": "B"}]
    assert shown["left_out"] == 1


def test_flags_count_only_as_true() -> None:
    shown = read_notification(b'{"title": "x", "silent": true, "requireInteraction": 1, "renotify": false}')
    assert shown == {"title": "x", "silent": True, "actions": [], "left_out": 0}


@pytest.mark.parametrize("time", ["NaN", "Infinity", "1e300", "true", '"now"'])
def test_a_timestamp_beyond_the_calendar_is_left_out(time: str) -> None:
    shown = read_notification(f'{{"title": "x", "timestamp": {time}}}'.encode())
    assert shown is not None
    assert "timestamp" not in shown


@given(JSON)
def test_whatever_is_read_can_be_written_for_the_page(value: object) -> None:
    """Half a surrogate pair, or a number that JSON doesn't have, would be a 500 of the API."""
    shown = read_notification(
        json.dumps({"title": "x", "notification": value, "body": value, "actions": [value]}).encode()
    )
    json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()


def test_half_a_surrogate_pair_is_replaced() -> None:
    shown = read_notification(b'{"title": "\\ud83d"}')
    assert shown is not None
    assert shown["title"] == "\ufffd"
