"""Web Push is another protocol on the same hosts: a refusal says which of the two went to the wrong place."""

from __future__ import annotations

import pytest

from tests.emulator.calls import push_wns
from winpush.emulator import Emulator

SIGNED = {"Authorization": "vapid t=a.b.c, k=d"}
ENCRYPTED = {"Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "X-WNS-Type": ""}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (SIGNED, "(Authorization: vapid)"),
        ({"Authorization": "WebPush a.b.c"}, "(Authorization: webpush)"),
        ({"Authorization": "", **ENCRYPTED}, "(Content-Encoding: aes128gcm)"),
        ({"Authorization": "", "TTL": "60"}, "(TTL)"),
        ({**SIGNED, **ENCRYPTED, "TTL": "60"}, "(Authorization: vapid, Content-Encoding: aes128gcm, TTL)"),
    ],
)
def test_a_web_push_request_is_named(headers: dict[str, str], said: str, winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    assert push_wns(winpush_emulator, device, "raw", b"\x00", headers).status == 401
    (remark,) = winpush_emulator.requests[-1].remarks
    assert remark.startswith(f"This is a Web Push request {said}")


def test_a_native_request_without_a_token_is_only_that(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    assert push_wns(winpush_emulator, device, "badge", b"", {"Authorization": ""}).status == 401
    assert winpush_emulator.requests[-1].remarks == ()
