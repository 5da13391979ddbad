"""The known causes of an answer, each in a sentence with its source."""

from __future__ import annotations

from datetime import timedelta

import pytest

from winpush import Channel, wns
from winpush.http import Response

_CHANNEL = Channel.parse("https://db3.notify.windows.com/?token=AgYAAAC8abcdefghijklmnop")
_WEB_PUSH = Channel.parse("https://db3.notify.windows.com/w/?token=AgYAAAC8abcdefghijklmnop")
_CUT = Channel.parse("https://db3.notify.windows.com/")
_TOAST = wns.Toast("a")
_MPNS = wns.Raw("<?xml version='1.0'?><wp:Notification xmlns:wp='WPNotification'><wp:Toast/></wp:Notification>")
_RAW = wns.Raw(b"x")
_NOT_IN_LIST = b"Request targets an app that is not in allowed receiving apps list by WNS."
_ID = (b"X-WNS-Msg-ID", b"1")


def _ending(token: str) -> Channel:
    return Channel.parse(f"https://db3.notify.windows.com/?token={token}")


def _response(status: int, *headers: tuple[bytes, bytes]) -> Response:
    return Response(status, headers)


def _described(status: int, text: bytes) -> Response:
    return _response(status, (b"X-WNS-Error-Description", text))


_DROPPED = (b"X-WNS-Status", b"dropped")


@pytest.mark.parametrize(
    ("channel", "notification", "response", "said"),
    [
        (_WEB_PUSH, _TOAST, _response(401), "web-push"),
        (_CHANNEL, _TOAST, _described(401, b"JWT Authentication Failed"), "web-push"),
        (_CHANNEL, _TOAST, _response(201, (b"X-WNS-Status", b"received")), "web-push"),
        (_CHANNEL, _MPNS, _response(400, _DROPPED), "convert.to_wns()"),
        (_CHANNEL, _TOAST, _described(400, b"Ttl value conflicts with X-WNS-Cache-Policy."), "cache=False"),
        (_CHANNEL, _TOAST, _described(400, b"Content-Type should be application/octet-stream"), "Content-Type"),
        (_CHANNEL, wns.Toast("a", suppress_popup=True), _response(400, _DROPPED), "suppress_popup"),
        (_CHANNEL, wns.ClearToasts(everything=True), _response(405), "Windows Phone"),
        (_CHANNEL, _TOAST, _response(403), "map"),
        (_CHANNEL, _TOAST, _described(403, _NOT_IN_LIST), "Package Family Name"),
        (_CHANNEL, _TOAST, _response(403, _ID), "different app"),
        (_CUT, _TOAST, _response(404, _ID), "query"),
        (_ending("AgYAAAC8abc%"), _TOAST, _response(404, _ID), "it was cut"),
        (_ending("AgYAAAC8abc%2"), _TOAST, _response(410, _ID), "it was cut"),
        (_ending("AgYAAAC8abc%252b"), _TOAST, _response(404, _ID), "percent-encoded twice"),
        (_ending("AgYAAAC8abc+d"), _TOAST, _response(404, _ID), "decoded"),
        (_CHANNEL, _TOAST, _response(413), "5,000"),
        (_CHANNEL, _TOAST, _response(200, _DROPPED, (b"X-WNS-DeviceConnectionStatus", b"disconnected")), "offline"),
        (_CHANNEL, _TOAST, _response(200, _DROPPED), "may be offline"),
        (_CHANNEL, _TOAST, _response(200, _DROPPED), "may have turned notifications off"),
        (_CHANNEL, _TOAST, _response(200, _DROPPED), "request_status=True"),
        (_CHANNEL, wns.Badge(1, cache=False), _response(200, _DROPPED), "may be offline"),
        (_CHANNEL, _TOAST, _response(200, _DROPPED, (b"X-WNS-DeviceConnectionStatus", b"connected")), "refuses"),
        (_CHANNEL, _RAW, _response(200, _DROPPED, (b"X-WNS-DeviceConnectionStatus", b"connected")), "isn't running"),
        (_CHANNEL, _RAW, _response(200, _DROPPED, (b"X-WNS-DeviceConnectionStatus", b"disconnected")), "is offline"),
        (_CHANNEL, _RAW, _response(200, _DROPPED), "request_status=True"),
        (_CHANNEL, _TOAST, _described(410, b"Revoked"), "before its 30 days"),
        (_CHANNEL, _TOAST, _response(410, (b"X-WNS-Status", b"revoked")), "before its 30 days"),
    ],
)
def test_a_known_cause_is_told_with_its_source(
    channel: Channel, notification: wns.Notification | wns.ClearToasts, response: Response, said: str
) -> None:
    sentence = wns.diagnose(channel, notification, response)
    assert sentence is not None
    assert said in sentence
    assert sentence.endswith("]")


@pytest.mark.parametrize(
    "response",
    [
        _response(200, (b"X-WNS-Status", b"received")),
        _response(500),
        _response(503),
        _response(404),
        _response(410),
        None,
    ],
)
def test_an_answer_without_a_known_cause_gets_no_diagnosis(response: Response | None) -> None:
    assert wns.diagnose(_CHANNEL, _TOAST, response) is None


def test_a_success_of_a_raw_notification_is_not_questioned() -> None:
    assert wns.diagnose(_CHANNEL, _MPNS, _response(200, (b"X-WNS-Status", b"received"))) is None


def test_a_zero_ttl_in_a_notification_that_can_not_be_made_is_no_worry() -> None:
    toast = wns.Toast("a", ttl=timedelta(0), cache=False)
    assert wns.diagnose(_CHANNEL, toast, _response(400, _DROPPED)) is None
