"""The request of a notification: its target, its class, its headers, and its bytes."""

from __future__ import annotations

import pytest

from winpush import ValidationError, mpns
from winpush.mpns import Batching, Notification, Raw, Tile, Toast

ID = "2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1"
URI = "http://db3.notify.live.net/throttledthirdparty/01.00/AAFRQ?with=query&more=1"


@pytest.mark.parametrize(
    ("notification", "target", "classes"),
    [
        (Toast("a"), "toast", ("2", "12", "22")),
        (Tile(count=1), "token", ("1", "11", "21")),
        (Raw("x"), None, ("3", "13", "23")),
    ],
)
def test_the_request_has_the_target_and_the_class_of_its_kind(
    notification: Notification, target: str | None, classes: tuple[str, ...]
) -> None:
    from dataclasses import replace

    for batching, number in zip(Batching, classes, strict=True):
        made = (
            Raw("x", batching=batching) if isinstance(notification, Raw) else replace(notification, batching=batching)
        )
        headers = dict(mpns.build_request(URI, made).headers)
        assert headers.get("X-WindowsPhone-Target") == target
        assert headers["X-NotificationClass"] == number
        assert headers["Content-Type"] == "text/xml"


def test_the_request_keeps_the_query_and_counts_bytes() -> None:
    request = mpns.build_request(URI, Toast("é"))
    wire = request.to_wire()
    assert wire.startswith(
        b"POST /throttledthirdparty/01.00/AAFRQ?with=query&more=1 HTTP/1.1\r\nHost: db3.notify.live.net\r\n"
    )
    assert f"Content-Length: {len(request.body)}\r\n".encode() in wire
    assert len(request.body.decode()) < len(request.body)
    assert request.url == URI


def test_the_optional_headers_are_sent_when_given() -> None:
    toast = Toast("a", message_id=ID, callback_uri="https://a.example/cb")
    assert "a.example" not in repr(toast)
    headers = dict(mpns.build_request(URI, toast).headers)
    assert headers["X-MessageID"] == ID
    assert headers["X-CallbackURI"] == "https://a.example/cb"


def test_a_channel_of_wns_and_a_stranger_of_a_notification_are_refused() -> None:
    with pytest.raises(ValidationError, match="WNS"):
        mpns.build_request("https://db5.notify.windows.com/?token=x", Toast("a"))
    with pytest.raises(ValidationError, match=r"winpush\.mpns"):
        mpns.build_request(URI, "a toast")  # type: ignore[arg-type]  # on purpose
