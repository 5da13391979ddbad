"""Whatever can be sent is parsed back to itself, and anything else is refused with winpush's own error."""

from __future__ import annotations

import contextlib
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mpns.strategies import NOTIFICATIONS
from winpush import DocumentError, ValidationError, mpns
from winpush.mpns import Notification, Toast
from winpush.mpns.payloads import read_document
from winpush.mpns.render import show


@given(NOTIFICATIONS)
def test_any_notification_is_well_formed_and_reads_back_as_the_same(notification: Notification) -> None:
    document = minidom.parseString(notification.to_xml())  # noqa: S318 - an independent parser is the point
    assert document.documentElement is not None
    assert document.documentElement.namespaceURI == "WPNotification"
    assert mpns.parse(notification.to_xml()) == notification


@pytest.mark.parametrize(
    "inside",
    [
        "<wp:Tile><wp:Count>100</wp:Count></wp:Tile>",
        '<wp:Tile Id="TileID"><wp:Title>a</wp:Title></wp:Tile>',
        '<wp:Tile Template="IconicTile"><wp:IconImage></wp:IconImage></wp:Tile>',
        "<wp:Toast/>",
    ],
)
def test_what_others_send_and_no_type_can_say_is_kept_as_it_is(inside: str) -> None:
    document = f'<wp:Notification xmlns:wp="WPNotification">{inside}</wp:Notification>'.encode()
    kept = mpns.parse(document)
    assert isinstance(kept, mpns.Xml)
    assert kept.body == document


@given(NOTIFICATIONS, st.integers(0, 400))
def test_text_is_parsed_as_bytes_are(notification: Notification, end: int) -> None:
    document = notification.to_xml().decode()
    assert mpns.parse(document) == notification
    with pytest.raises(DocumentError, match="not well-formed"):
        mpns.parse(document[:end].removesuffix(">") + "\x01")


@given(st.integers(0, 99), st.integers(0, 12))
def test_leading_zeros_change_no_count(count: int, zeros: int) -> None:
    written = f"<wp:Count>{'0' * zeros}{count}</wp:Count>".encode()
    document = mpns.Tile(count=count).to_xml().replace(f"<wp:Count>{count}</wp:Count>".encode(), written)
    assert mpns.parse(document) == mpns.Tile(count=count)
    assert show(read_document(document), "8.1").values == {"count": count}


@given(st.text(max_size=30))
def test_any_text_is_either_sent_exactly_or_refused(text: str) -> None:
    try:
        toast = Toast(text)
    except ValidationError:
        return
    assert mpns.parse(toast.to_xml()) == toast


@given(st.binary(max_size=300))
def test_reading_any_bytes_gives_a_notification_or_a_validation_error(body: bytes) -> None:
    with contextlib.suppress(ValidationError):
        assert mpns.parse(body).body
