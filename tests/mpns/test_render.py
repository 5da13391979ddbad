"""What a phone shows of a notification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mpns.strategies import NOTIFICATIONS
from winpush import mpns
from winpush.mpns import Notification
from winpush.mpns.payloads import read_document
from winpush.mpns.render import show


@given(NOTIFICATIONS, st.sampled_from(mpns.VERSIONS))
def test_what_is_left_for_an_older_phone_is_all_shown_by_it(notification: Notification, version: str) -> None:
    from winpush import NothingToSendError

    try:
        adapted = notification.for_version(version)
    except NothingToSendError:
        return
    shown = show(read_document(adapted.to_xml()), version)
    # What a phone makes of a blank text is unverified; everything else must show without a remark.
    assert not [remark for remark in shown.remarks if "is blank; whether" not in remark]
    assert not shown.nothing
    assert adapted.for_version(version) == adapted


def test_that_a_toast_without_a_text_shows_nothing_is_said_to_be_assumed() -> None:
    document = read_document(b'<wp:Notification xmlns:wp="WPNotification"><wp:Toast/></wp:Notification>')
    shown = show(document, "8.1")
    assert shown.nothing
    assert "then shows no toast: no source says so" in shown.remarks[-1]


TOAST = '<wp:Notification xmlns:wp="WPNotification"><wp:Toast>{}</wp:Toast></wp:Notification>'
TILE = '<wp:Notification xmlns:wp="WPNotification"><wp:Tile>{}</wp:Tile></wp:Notification>'


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (TOAST.format("<wp:Text1> </wp:Text1>"), "There is no text"),
        (TOAST.format("<wp:Text1>a</wp:Text1><wp:Sound>a.ogg</wp:Sound>"), "Sound: must be a file of one of the types"),
        (TOAST.format("<wp:Text1>a</wp:Text1><wp:Sound>a</wp:Sound>"), "Sound: must be a file of one of the types"),
        (TOAST.format("<wp:Text1>a</wp:Text1><wp:Sound>http://a/b.wav</wp:Sound>"), "Sound: must be a path in the app"),
        (TOAST.format("<wp:Text1>a</wp:Text1><wp:Text1>b</wp:Text1>"), "Text1: occurs more than once"),
        (TILE.format("<wp:BackgroundImage>a.gif</wp:BackgroundImage>"), "BackgroundImage: is a .gif file"),
        (TILE.format("<wp:BackgroundImage>http://a/b.GIF?c=1</wp:BackgroundImage>"), "BackgroundImage: is a .GIF file"),
        (TILE.format("<wp:BackBackgroundImage>ftp://a/b.png</wp:BackBackgroundImage>"), "has the scheme 'ftp'"),
    ],
)
def test_what_a_phone_does_not_show_is_remarked_and_no_type_says_it(document: str, said: str) -> None:
    shown = show(read_document(document.encode()), "8.1")
    assert any(said in remark for remark in shown.remarks)
    assert isinstance(mpns.parse(document.encode()), mpns.Xml)


@pytest.mark.parametrize(
    ("tile", "said"),
    [
        (mpns.Tile(title=" "), "Title: is blank; whether"),
        (mpns.Tile("isostore:/Shared/ShellContent/x.png"), "with isostore: is unverified"),
        (mpns.Tile("ms-appx:///Assets/a.png"), "with ms-appx: is unverified"),
    ],
)
def test_what_is_unverified_is_sent_and_shown_with_a_remark(tile: mpns.Tile, said: str) -> None:
    shown = show(read_document(tile.body), "8.1")
    assert not shown.nothing
    assert [said in remark for remark in shown.remarks] == [True]
    assert mpns.parse(tile.body) == tile
