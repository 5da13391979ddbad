"""Messages for browsers in a broadcast's content: stored, filled and shortened like other services' forms."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import Service, ValidationError, mpns, wns
from winpush.delivery.content.content import Content, Reason, Refusal
from winpush.webpush import Message, Urgency


class Browser:
    """A recipient."""

    service = Service.WEBPUSH
    platform = None

    def __init__(self, locale: str | None = None, **attributes: Any) -> None:
        self.key, self.locale, self.attributes = "anna", locale, attributes


def payload(content: Content, browser: Browser, **times: Any) -> Any:
    made = content.for_channel(browser, **times)
    assert isinstance(made, Message), made
    return json.loads(made.payload)


def test_each_service_gets_its_own_form_and_no_other_becomes_a_message() -> None:
    message = Message("x")
    content = Content(mpns=mpns.Toast("a"), wns=wns.Toast("b"), webpush=message)
    assert content.for_channel(Browser()) is message
    refused = Content(mpns=mpns.Toast("a"), wns=wns.Toast("b")).for_channel(Browser())
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NO_FORM
    assert "webpush=" in refused.explanation


def test_it_is_stored_and_read_back() -> None:
    message = Message(b"\xff\x00", ttl=timedelta(hours=1), urgency=Urgency.HIGH, topic="news")
    content = Content(webpush=message, locales={"de": Message("Hallo")})
    assert Content.from_json(content.to_json()) == content
    assert Content.of(message).webpush is message


def test_the_texts_in_its_json_are_filled_and_their_names_are_not() -> None:
    message = Message.json({"title": "Hi {name}", "data": {"url": "/p?u={name}", "n": 7}, "tags": ["{key}", "{{"]})
    content = Content(webpush=message, template=True)
    assert payload(content, Browser(name='A"&b')) == {
        "title": 'Hi A"&b',
        "data": {"url": "/p?u=A%22%26b", "n": 7},
        "tags": ["anna", "{"],
    }


def test_a_payload_that_is_text_is_filled_as_text() -> None:
    content = Content(webpush=Message("Hi {name}, {{ok}}"), template=True)
    made = content.for_channel(Browser(name="Bo"))
    assert isinstance(made, Message)
    assert made.payload == b"Hi Bo, {ok}"


def test_what_cannot_be_filled_is_refused_when_the_content_is_made() -> None:
    with pytest.raises(ValidationError, match="isn't text"):
        Content(webpush=Message(b"\xff"), template=True)
    with pytest.raises(ValidationError, match="stray"):
        Content(webpush=Message.json({"title": "{"}), template=True)
    with pytest.raises(ValidationError, match="webpush"):
        Content(webpush=wns.Toast("x"))  # type: ignore[arg-type]  # on purpose


def test_a_message_that_grows_too_large_when_filled_is_that_browsers_alone() -> None:
    content = Content(webpush=Message.json({"title": "{name}"}), template=True)
    refused = content.for_channel(Browser(name="x" * 900 + "ä" * 2000))
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INVALID
    assert payload(content, Browser(name="x")) == {"title": "x"}


def test_its_language_is_chosen_as_for_the_others() -> None:
    content = Content(webpush=Message.json("Hello"), locales={"de": Message.json("Hallo")})
    assert payload(content, Browser("de-AT")) == "Hallo"
    assert payload(content, Browser("fr")) == "Hello"


def test_its_ttl_ends_with_the_broadcast_and_counts_from_when_it_was_due() -> None:
    content = Content(webpush=Message("x", ttl=timedelta(hours=2)))
    cut = content.for_channel(Browser(), remaining=timedelta(hours=1))
    late = content.for_channel(Browser(), waited=timedelta(minutes=90))
    assert isinstance(cut, Message)
    assert isinstance(late, Message)
    assert (cut.ttl_seconds, late.ttl_seconds) == (3600, 1800)
    now_or_never = Content(webpush=Message("x", ttl=timedelta(0)))
    assert now_or_never.for_channel(Browser(), waited=timedelta(days=1)) == Message("x", ttl=timedelta(0))


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_a_payload_that_is_text_is_written_as_text_and_any_comes_back(payload: str | bytes) -> None:
    """A file with it can be read and changed by hand."""
    content = Content(webpush=Message(payload))
    written = content.to_json()
    assert Content.from_json(written).webpush == content.webpush
    assert Content.from_json(written).to_json() == written
    if isinstance(payload, str):
        assert json.loads(written)["webpush"]["payload"] == payload


def test_a_payload_that_was_written_as_bytes_is_still_read() -> None:
    written = '{"format":1,"webpush":{"payload":{"base64":"aMOk","type":"bytes"},"type":"webpush.Message"}}'
    assert Content.from_json(written).webpush == Message("hä")
