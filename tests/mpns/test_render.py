"""What a phone shows of a notification."""

from __future__ import annotations

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
    # Blanks alone are a phone's own affair; everything else must show without an objection.
    assert not [
        remark
        for remark in shown.remarks
        if "is empty" not in remark and "no text" not in remark and "Nothing on" not in remark
    ]
    assert adapted.for_version(version) == adapted


def test_that_a_toast_without_a_text_shows_nothing_is_said_to_be_assumed() -> None:
    document = read_document(b'<wp:Notification xmlns:wp="WPNotification"><wp:Toast/></wp:Notification>')
    shown = show(document, "8.1")
    assert shown.nothing
    assert "assumed: no source says so" in shown.remarks[-1]
