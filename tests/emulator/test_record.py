"""The record: every request is in it, with what came and without its secrets."""

from __future__ import annotations

import pytest

from tests.emulator.calls import MPNS_HEADERS, ask, post, push_wns, token_of
from winpush import mpns
from winpush.emulator import Emulator


def test_a_record_has_the_headers_and_the_path_of_its_request(winpush_emulator: Emulator) -> None:
    phone = winpush_emulator.create_channel("8.0")
    post(winpush_emulator, phone, mpns.Toast("a").body, {**MPNS_HEADERS["toast"], "X-Mine": "7"})
    record = winpush_emulator.requests[-1]
    assert ("x-mine", "7") in record.headers
    assert ("content-type", "text/xml") in record.headers
    assert record.path == f"/throttledthirdparty/01.00/…{phone.uri[-6:]}"
    shown = ask(winpush_emulator, "GET", "/api/requests")[1][-1]
    assert ["x-mine", "7"] in shown["headers"]
    assert shown["path"] == record.path


def test_a_record_holds_neither_the_token_nor_the_channels_secret(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    token = token_of(winpush_emulator)
    push_wns(winpush_emulator, device, "raw", b"x", {"Authorization": f"Bearer {token}", "Cookie": "a=secret"})
    record = winpush_emulator.requests[-1]
    assert dict(record.headers)["authorization"] == f"Bearer {token[:4]}… ({len(token)} characters)"
    assert dict(record.headers)["cookie"] == "…"
    assert token not in repr(record)
    assert device.token not in repr(record)
    assert device.uri.partition("token=")[2] not in repr(record)
    assert record.path == f"/?token=…{device.uri[-6:]}"
    phone = winpush_emulator.create_channel("8.1")
    post(winpush_emulator, phone, mpns.Toast("a").body, MPNS_HEADERS["toast"])
    assert winpush_emulator.requests[-1].path == f"/u/1/db3/…{phone.uri[-6:]}"


@pytest.mark.parametrize(
    ("headers", "body", "kind"),
    [
        ({**MPNS_HEADERS["tile"], "X-NotificationClass": "9"}, b"", "tile"),
        ({**MPNS_HEADERS["toast"], "X-Long": "x" * 1100}, b"", "toast"),
        (MPNS_HEADERS["toast"], b"<", "toast"),
        ({**MPNS_HEADERS["toast"], "X-WindowsPhone-Target": "tile"}, b"", None),
    ],
)
def test_the_kind_is_known_of_what_is_refused_before_its_body_is_read(
    headers: dict[str, str], body: bytes, kind: str | None, winpush_emulator: Emulator
) -> None:
    post(winpush_emulator, winpush_emulator.create_channel(), body, headers)
    assert (winpush_emulator.requests[-1].status, winpush_emulator.requests[-1].kind) == (400, kind)


def test_the_kind_of_a_refused_windows_notification_is_known_too(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    post(winpush_emulator, device, b"", {"X-WNS-Type": "wns/badge"})
    assert (winpush_emulator.requests[-1].status, winpush_emulator.requests[-1].kind) == (401, "badge")


@pytest.mark.parametrize(
    ("kind", "headers", "said"),
    [
        ("raw", {"Content-Type": "text/xml"}, "Content-Type should be application/octet-stream; the request has 'text"),
        ("toast", {"Content-Type": ""}, "Content-Type should be text/xml; the request has ''"),
        ("toast", {"X-WNS-TTL": "1 day"}, "the request has '1 day'"),
        ("toast", {"X-WNS-Type": "wns/tost"}, "the request has 'wns/tost'"),
    ],
)
def test_the_reason_for_a_wrong_header_says_what_came(
    kind: str, headers: dict[str, str], said: str, winpush_emulator: Emulator
) -> None:
    response = push_wns(winpush_emulator, winpush_emulator.create_windows_channel(), kind, b"<toast/>", headers)
    assert response.status == 400
    assert "the request has" not in (response.getheader("X-WNS-Error-Description") or "")
    assert said in winpush_emulator.requests[-1].reason
