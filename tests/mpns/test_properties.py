"""What must hold for anything: notifications read back as themselves, answers never raise or pass for success."""

from __future__ import annotations

import contextlib
from typing import Any
from xml.dom import minidom

from hypothesis import given, settings
from hypothesis import strategies as st

from winpush import Action, Outcome, Response, Result, ValidationError, mpns
from winpush.mpns import CLEAR, CycleTile, FlipTile, IconicTile, Notification, Tile, Toast
from winpush.mpns.payloads import read_document
from winpush.mpns.render import show

# Any character at all that XML can carry, white space and both ends of the planes among them.
XML_TEXT = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, max_codepoint=0xD7FF),
        st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
        st.characters(min_codepoint=0x10000),
        st.sampled_from("\t\n\r&<>\"'"),
    ),
    min_size=1,
    max_size=40,
)
TEXTS = st.none() | st.just(CLEAR) | XML_TEXT
COUNTS = st.none() | st.just(CLEAR) | st.integers(0, 99)
IDS = st.none() | XML_TEXT.map(lambda text: f"/{text}")
COLOURS = st.none() | st.just(CLEAR) | st.from_regex(r"#([0-9A-F]{2})?[0-9a-f]{6}", fullmatch=True)


@st.composite
def toasts(draw: st.DrawFn) -> Toast:
    silent = draw(st.booleans())
    return Toast(
        draw(XML_TEXT),
        draw(st.none() | XML_TEXT),
        draw(st.none() | XML_TEXT.map(lambda text: f"?{text}")),
        None if silent else draw(st.none() | XML_TEXT.filter(str.strip)),
        silent,
    )


def tiles(kind: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Notification]:
    some = st.fixed_dictionaries({**fields, "count": COUNTS, "title": TEXTS, "id": IDS})
    return some.filter(lambda values: any(v is not None for k, v in values.items() if k != "id")).map(
        lambda values: kind(**values)
    )


BACK = dict.fromkeys(("back_background_image", "back_title", "back_content"), TEXTS)
WIDE = ("small_background_image", "wide_background_image", "wide_back_content", "wide_back_background_image")
ICONIC = ("icon_image", "small_icon_image", "wide_content1", "wide_content2", "wide_content3")
CYCLES = st.none() | st.lists(TEXTS, min_size=1, max_size=9).filter(lambda images: images[-1] is not None)
NOTIFICATIONS = st.one_of(
    toasts(),
    tiles(Tile, background_image=st.none() | XML_TEXT, **BACK),
    tiles(FlipTile, background_image=TEXTS, **BACK, **dict.fromkeys(WIDE, TEXTS)),
    tiles(IconicTile, background_color=COLOURS, **dict.fromkeys(ICONIC, TEXTS)),
    tiles(CycleTile, small_background_image=TEXTS, cycle_images=CYCLES),
)


@settings(deadline=None)
@given(NOTIFICATIONS)
def test_any_notification_is_well_formed_and_reads_back_as_the_same(notification: Notification) -> None:
    document = minidom.parseString(notification.to_xml())  # noqa: S318 - an independent parser is the point
    assert document.documentElement is not None
    assert document.documentElement.namespaceURI == "WPNotification"
    assert mpns.parse(notification.to_xml()) == notification


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_either_sent_exactly_or_refused(text: str) -> None:
    try:
        toast = Toast(text)
    except ValidationError:
        return
    assert mpns.parse(toast.to_xml()) == toast


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_reading_any_bytes_gives_a_notification_or_a_validation_error(body: bytes) -> None:
    with contextlib.suppress(ValidationError):
        assert mpns.parse(body).body


HEADER_NAMES = st.sampled_from(
    [b"X-NotificationStatus", b"x-deviceconnectionstatus", b"X-SUBSCRIPTIONSTATUS", b"X-MessageID", b"Retry-After"]
) | st.binary(max_size=20)
HEADER_VALUES = st.sampled_from(
    [
        b"Received",
        b"QueueFull",
        b"Suppressed",
        b"Dropped",
        b"Connected",
        b"Temp Disconnected",
        b"InActive",
        b"Expired",
        b"",
    ]
) | st.binary(max_size=20)


@settings(deadline=None)
@given(st.integers(100, 999), st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=6))
def test_any_status_with_any_headers_gives_a_result_and_only_the_table_says_success(
    status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    response = Response(status, tuple(headers))
    verdict = mpns.judge(response)
    result = Result(None, Toast("a"), verdict, mpns.HEADERS, response, None, verdict.delay)
    assert isinstance(result.outcome, Outcome)
    assert isinstance(result.to_dict(), dict)
    if result.ok:
        assert (status, (result.notification_status or "").lower()) == (200, "received")
    if result.should_delete_channel:
        assert status == 404 or (result.subscription_status or "").lower() == "expired"
    if result.action is Action.RETRY_LATER:
        assert result.retry_after is not None
        assert result.minutes_to_delay


def test_statuses_are_compared_as_other_senders_learned_to() -> None:
    headers = (
        (b"x-notificationstatus", b"received"),
        (b"X-DEVICECONNECTIONSTATUS", b"Temp Disconnected"),
        (b"X-SubscriptionStatus", b" Active "),
    )
    assert mpns.judge(Response(200, headers)).outcome is Outcome.ACCEPTED


def test_an_expired_subscription_is_gone_whatever_the_status() -> None:
    headers = ((b"X-NotificationStatus", b"Received"), (b"X-SubscriptionStatus", b"Expired"))
    assert mpns.judge(Response(200, headers)).action is Action.DELETE_CHANNEL
