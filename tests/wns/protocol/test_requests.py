"""Requests written and read: what is sent where, what is never sent, and how headers are judged (wns.md 2 to 5)."""

from __future__ import annotations

import enum
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wns.strategies import delivery, patient
from winpush import Channel, Service, ValidationError, mpns, wns
from winpush.channels import Origin
from winpush.errors import ChannelError
from winpush.wns.protocol.requests import bearer_of, read_head

URI = "https://db3.notify.windows.com/?token=AgYAAAC8abcdef%2fghijklmnop%3d"
SECRET = "EgAcAQMAAAAALYAAYsecret"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = wns.Token(SECRET, _NOW + timedelta(days=1), _NOW)


def _headers(request: Any) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in request.headers}


@pytest.mark.parametrize(
    ("notification", "kind", "content"),
    [
        (wns.Toast("a"), "wns/toast", "text/xml"),
        (wns.LegacyToast("ToastText01", ["a"]), "wns/toast", "text/xml"),
        (wns.Tile(wns.TileBinding("medium", "a")), "wns/tile", "text/xml"),
        (wns.Badge(7), "wns/badge", "text/xml"),
        (wns.Raw(b"\x00"), "wns/raw", "application/octet-stream"),
        (wns.Xml("badge", "<badge value='1'/>"), "wns/badge", "text/xml"),
    ],
)
def test_a_request_has_the_documented_headers(notification: wns.Notification, kind: str, content: str) -> None:
    request = wns.build_request(URI, notification, TOKEN)
    assert request.headers == (
        ("Authorization", f"Bearer {SECRET}"),
        ("Content-Type", content),
        ("X-WNS-Type", kind),
    )
    assert request.method == "POST"
    assert request.body == notification.body
    assert request.url == URI


def test_the_wire_form_is_the_documented_one() -> None:
    wire = wns.build_request(URI, wns.Toast("ü", request_status=True), TOKEN).to_wire()
    head, _, body = wire.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /?token=AgYAAAC8abcdef%2fghijklmnop%3d HTTP/1.1",
        b"Host: db3.notify.windows.com",
        b"Authorization: Bearer " + SECRET.encode(),
        b"Content-Type: text/xml",
        b"X-WNS-Type: wns/toast",
        b"X-WNS-RequestForStatus: true",
        b"Content-Length: " + str(len(body)).encode(),
    ]


def test_clearing_toasts_is_a_delete_without_a_body() -> None:
    request = wns.build_request(URI, wns.ClearToasts(tag="t"), SECRET)
    assert (request.method, request.body) == ("DELETE", b"")
    assert request.headers == (("Authorization", f"Bearer {SECRET}"), ("X-WNS-Match", "type:wns/toast;tag=t"))


def test_the_token_is_in_no_repr_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    request = wns.build_request(URI, wns.Toast("a"), TOKEN)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(__name__).info("%r %s %r", request, request, request.headers)
    for shown in (
        caplog.text,
        repr(request),
        str(request),
        f"{request}",
        repr(TOKEN),
        str(TOKEN),
        repr(request.headers),
    ):
        assert SECRET not in shown
    assert SECRET.encode() in request.to_wire()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("https://evil.example/?notify.windows.com", "neither MPNS"),
        ("https://notify.windows.com.evil.example/?token=a", "neither MPNS"),
        ("https://evilnotify.windows.com/?token=a", "neither MPNS"),
        ("https://user@db3.notify.windows.com/?token=a", "user name"),
        ("http://db3.notify.windows.com/?token=a", "always use https"),
        ("https://db3.notify.windows.com:8443/?token=a", "port"),
        ("https://db3.notify.windows.com/w/?token=a", "Web Push endpoint"),
        ("https://db3.notify.windows.com", "has no token"),
        ("https://db3.notify.windows.com/", "has no token"),
        ("https://db3.notify.windows.com/?", "has no token"),
        ("https://db3.notify.windows.com/?token", "has no token"),
        ("https://db3.notify.windows.com/?t", "has no token"),
        ("https://db3.notify.windows.com/?toke", "has no token"),
        ("https://db3.notify.windows.com/?token==", "has no token"),
        ("https://db3.notify.windows.com/?token=&x=1", "has no token"),
        ("https://db3.notify.windows.com/?token=", "has no token"),
        ("http://db3.notify.live.net/throttledthirdparty/01.00/abc", "MPNS"),
    ],
)
def test_the_token_leaves_for_no_other_host_and_the_error_says_what_was_mixed_up(uri: str, said: str) -> None:
    with pytest.raises(ChannelError, match=said):
        wns.build_request(uri, wns.Toast("a"), TOKEN)


def test_a_channel_in_another_form_than_todays_is_sent_to() -> None:
    """Microsoft: a server must not look at the path or the token (wns.md 2)."""
    for uri in ("https://db3.notify.windows.com/abc", "https://db3.notify.windows.com/?t=abc"):
        assert wns.build_request(uri, wns.Toast("a"), TOKEN).channel.uri == uri


def test_a_channel_made_by_hand_is_looked_at_too() -> None:
    for origin in (
        Origin("http", "db3.notify.windows.com", 80, Service.WNS),
        Origin("https", "evil.example", 443, Service.WNS),
    ):
        with pytest.raises(ChannelError, match="token is not sent"):
            wns.build_request(Channel(origin, "/?token=a"), wns.Badge(1), TOKEN)


def test_a_host_allowed_by_name_is_sent_to() -> None:
    channel = Channel.parse("http://127.0.0.1:8080/?token=abc", allow_hosts=["127.0.0.1:8080"])
    assert wns.build_request(channel, wns.Badge(1), TOKEN).channel is channel


@pytest.mark.parametrize("path", ["/w/?token=abc", "/u/01/abc", "/throttledthirdparty/01.00/x"])
def test_the_wrong_channel_on_an_allowed_host_is_refused_too(path: str) -> None:
    channel = Channel.parse(f"http://127.0.0.1:8080{path}", allow_hosts=["127.0.0.1:8080"])
    with pytest.raises(ChannelError):
        wns.build_request(channel, wns.Badge(1), TOKEN)


def test_a_notification_of_the_other_service_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"winpush\.wns"):
        wns.build_request(URI, mpns.Toast("a"), TOKEN)  # type: ignore[arg-type]  # the wrong type is the test


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "ü", "\x00"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_told(token: str) -> None:
    with pytest.raises(ValidationError) as caught:
        wns.build_request(URI, wns.Badge(1), token)
    assert token not in str(caught.value)


@patient
@given(options=delivery("toast"))
def test_what_the_client_writes_the_emulator_reads(options: dict[str, Any]) -> None:
    head = read_head(_headers(wns.build_request(URI, wns.Toast("a", **options), TOKEN)))
    assert head.kind == "toast"
    assert {name: getattr(head, name) for name in options} == options


@patient
@given(options=delivery("raw"))
def test_a_raw_requests_options_are_read_too(options: dict[str, Any]) -> None:
    head = read_head(_headers(wns.build_request(URI, wns.Raw(b"a", **options), TOKEN)))
    assert head.kind == "raw"
    assert head.is_cached == options.get("cache", False)


def test_toasts_tiles_and_badges_are_cached_unless_they_say_otherwise() -> None:
    assert read_head({"x-wns-type": "wns/toast", "content-type": "text/xml"}).is_cached
    assert not read_head(
        {"x-wns-type": "wns/tile", "content-type": "text/xml", "x-wns-cache-policy": "no-cache"}
    ).is_cached


_GOOD = {"x-wns-type": "wns/toast", "content-type": "text/xml; charset=utf-8"}


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"x-wns-type": "wns/smoke"}, "X-WNS-Type", "should be one of"),
        ({"x-wns-type": ""}, "X-WNS-Type", "should be one of"),
        ({"content-type": "application/octet-stream"}, "Content-Type", "Content-Type should be text/xml"),
        ({"content-type": ""}, "Content-Type", "Content-Type should be text/xml"),
        ({"x-wns-type": "wns/raw"}, "Content-Type", "Content-Type should be application/octet-stream"),
        ({"x-wns-ttl": "soon"}, "x-wns-ttl", "whole number"),
        ({"x-wns-ttl": "-1"}, "x-wns-ttl", "whole number"),
        ({"x-wns-ttl": "0"}, "X-WNS-TTL", "Ttl value conflicts with X-WNS-Cache-Policy."),
        ({"x-wns-ttl": "0", "x-wns-cache-policy": "cache"}, "X-WNS-TTL", "Ttl value conflicts"),
        ({"x-wns-cache-policy": "maybe"}, "x-wns-cache-policy", "should be one of"),
        ({"x-wns-tag": "a b"}, "x-wns-tag", "1 to 16"),
        ({"x-wns-group": "x" * 17}, "x-wns-group", "1 to 16"),
        ({"x-wns-suppresspopup": "1"}, "x-wns-suppresspopup", "should be one of"),
        ({"x-wns-requestforstatus": "on"}, "x-wns-requestforstatus", "should be one of"),
        ({"x-wns-priority": "5"}, "x-wns-priority", "should be one of"),
    ],
)
def test_what_wns_answers_with_400_is_refused_in_its_words(changes: dict[str, str], field: str, problem: str) -> None:
    read_head(_GOOD)
    with pytest.raises(ValidationError) as caught:
        read_head({**_GOOD, **changes})
    assert caught.value.field == field
    assert problem in caught.value.problem


def test_what_is_doubtful_is_remarked_and_not_refused() -> None:
    assert read_head(_GOOD).remarks == ()
    assert read_head({**_GOOD, "x-wns-type": "Toast"}).kind == "toast"
    assert "without wns/" in read_head({**_GOOD, "x-wns-type": "toast"}).remarks[0]
    assert "Windows Phone" in read_head({**_GOOD, "x-wns-suppresspopup": "true"}).remarks[0]
    head = read_head({**_GOOD, "x-wns-type": "wns/badge", "x-wns-tag": "a", "x-wns-group": "b"})
    assert len(head.remarks) == 2


@pytest.mark.parametrize(("given", "days"), [("00000000000060", 0), ("17280000000", 115740), ("9" * 400, 115740)])
def test_a_ttl_of_any_length_is_read(given: str, days: int) -> None:
    """As the options take it; what is longer than 317 years is cut to that."""
    ttl = read_head({**_GOOD, "x-wns-ttl": given}).ttl
    assert ttl is not None
    assert ttl.days == days


@patient
@given(st.dictionaries(st.sampled_from([*_GOOD, "x-wns-ttl", "x-wns-tag", "x-wns-priority", "ms-cv"]), st.text()))
def test_any_headers_are_read_or_refused(headers: dict[str, str]) -> None:
    try:
        read_head(headers)
    except ValidationError as error:
        problem = error.problem
    else:
        problem = "none"
    assert problem


@pytest.mark.parametrize(
    ("value", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("Bearer", None), ("", None)],
)
def test_the_bearer_token_is_read_in_any_case(value: str, token: str | None) -> None:
    assert bearer_of({"authorization": value}) == token
    assert bearer_of({}) is None


def test_a_token_that_is_a_member_of_an_enumeration_is_sent_as_its_value() -> None:
    class Kept(str, enum.Enum):  # noqa: UP042 - a StrEnum writes itself as its value
        TOKEN = SECRET

    for token in (Kept.TOKEN, wns.Token(Kept.TOKEN, TOKEN.expires_at, TOKEN.obtained_at)):
        assert _headers(wns.build_request(URI, wns.Badge(1), token))["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("token", [None, b"abc", "", " ", 5, "a\r\nb"])
def test_a_request_without_a_token_that_a_header_can_have_is_refused(token: Any) -> None:
    with pytest.raises(ValidationError, match="token: "):
        wns.build_request(URI, wns.Badge(1), token)
