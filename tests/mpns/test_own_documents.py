"""Documents of one's own: what others send and our types don't cover can be read and sent (mpns.md 4 to 6)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from winpush import ValidationError, mpns
from winpush.mpns.payloads import read_document
from winpush.mpns.render import show

_NOTIFICATION = '<wp:Notification xmlns:wp="WPNotification">{0}</wp:Notification>'


def document(inside: str) -> bytes:
    return _NOTIFICATION.format(inside).encode()


OTHERS = [
    ("tile", document("<wp:Tile><wp:Count>100</wp:Count></wp:Tile>")),
    ("tile", document('<wp:Tile Id="TileID"><wp:Title>a</wp:Title></wp:Tile>')),
    ("tile", document('<wp:Tile Template="IconicTile"><wp:IconImage></wp:IconImage></wp:Tile>')),
    ("tile", document("<wp:Tile><wp:Content>a</wp:Content></wp:Tile>")),
    ("toast", document("<wp:Toast/>")),
    ("toast", document("<wp:Toast><wp:Text1>a</wp:Text1><wp:Param>Page.xaml</wp:Param></wp:Toast>")),
]


@pytest.mark.parametrize(("kind", "body"), OTHERS)
def test_a_valid_payload_of_others_is_read_and_sent_as_it_is(kind: str, body: bytes) -> None:
    notification = mpns.parse(body, batching=mpns.Batching.WITHIN_450_SECONDS)
    assert isinstance(notification, mpns.Xml)
    assert (notification.kind, notification.push_type, notification.body) == (kind, kind, body)
    request = mpns.build_request("http://sn1.notify.live.net/throttledthirdparty/01.00/abc", notification)
    assert request.body == body
    assert dict(request.headers)["X-NotificationClass"] == ("11" if kind == "tile" else "12")
    assert json.dumps(notification.to_dict())
    assert notification.for_version("7.0") is notification


def test_what_our_types_cover_is_read_into_them() -> None:
    assert mpns.parse(document("<wp:Tile><wp:Count>99</wp:Count></wp:Tile>")) == mpns.Tile(count=99)


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: mpns.Xml("raw", b"x"), "kind"),  # type: ignore[arg-type]  # the wrong kind is the test
    (lambda: mpns.Xml("tile", document("<wp:Toast/>")), "document"),
    (lambda: mpns.Xml("toast", "<toast/>"), "document"),
    (lambda: mpns.Xml("toast", "<wp:Notification"), "document"),
    (lambda: mpns.Xml("toast", "\ud800"), "document"),
    (lambda: mpns.Xml("toast", 5), "document"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: mpns.Xml("toast", document(f"<wp:Toast><wp:Text1>{'x' * 3072}</wp:Text1></wp:Toast>")), "payload"),
    (lambda: mpns.Xml("toast", document("<wp:Toast/>"), callback_uri="x"), "callback_uri"),
]


@pytest.mark.parametrize(("make", "field"), BAD)
def test_what_is_no_toast_or_tile_of_mpns_is_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field


def test_that_a_phone_shows_no_toast_without_a_text_is_told_as_an_assumption() -> None:
    shown = show(read_document(document("<wp:Toast/>")), "8.1")
    assert shown.nothing
    assert "no source says so" in shown.remarks[-1]
