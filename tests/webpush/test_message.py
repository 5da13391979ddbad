"""Messages: limits are checked when one is made (webpush.md 3 and 5)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from winpush import Service, ValidationError
from winpush.webpush import MAX_PAYLOAD_BYTES, Message, Urgency


def test_json_is_compact_and_read_back_by_the_page() -> None:
    message = Message.json({"title": "Ärger", "n": 1}, urgency=Urgency.HIGH)
    assert message.payload == '{"title":"Ärger","n":1}'.encode()
    assert json.loads(message.payload) == {"title": "Ärger", "n": 1}


def test_it_is_kept_for_four_weeks_unless_told_otherwise() -> None:
    assert Message("x").ttl_seconds == 2_419_200
    assert Message("x", ttl=timedelta(0)).ttl_seconds == 0


def test_it_speaks_the_interface_of_every_notification() -> None:
    message = Message(b"\xff\x00", topic="news", urgency=Urgency.LOW)
    assert (message.service, message.push_type) == (Service.WEBPUSH, "message")
    assert message.to_dict() == {
        "type": "Message",
        "payload": "\ufffd\x00",
        "payload_bytes": 2,
        "ttl_seconds": 2_419_200,
        "urgency": "low",
        "topic": "news",
    }


def test_replace_makes_a_checked_copy() -> None:
    message = Message("x", topic="a")
    assert message.replace(payload="y") == Message("y", topic="a")
    with pytest.raises(ValidationError, match="topic"):
        message.replace(topic="ä")
    with pytest.raises(TypeError, match="its fields are payload, ttl, urgency, topic"):
        message.replace(title="x")


def test_the_limit_is_what_every_service_must_take() -> None:
    assert len(Message("x" * MAX_PAYLOAD_BYTES).payload) == 3993
    with pytest.raises(ValidationError, match="4,994 bytes"):
        Message("ä" * 2497)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ttl", timedelta(seconds=-1)),
        ("ttl", timedelta(days=31)),
        ("ttl", timedelta(milliseconds=1500)),
        ("ttl", 60),
        ("topic", ""),
        ("topic", "a" * 33),
        ("topic", "a b"),
        ("topic", "a\r\nX: y"),
        ("topic", 5),
        ("urgency", "high"),
        ("urgency", "urgent"),
    ],
)
def test_an_option_that_a_service_would_refuse_is_refused_here(field: str, value: object) -> None:
    options: dict[str, Any] = {field: value}
    with pytest.raises(ValidationError) as caught:
        Message("x", **options)
    assert caught.value.field == field


@pytest.mark.parametrize("payload", [{"a": 1}, None, 5, "\ud800"])
def test_a_payload_that_is_neither_bytes_nor_text_is_refused(payload: Any) -> None:
    with pytest.raises(ValidationError, match="payload"):
        Message(payload)


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()])
def test_a_value_that_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="JSON"):
        Message.json(value)
