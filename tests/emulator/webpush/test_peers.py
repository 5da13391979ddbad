"""An independent sender, pywebpush, pushes to the emulator as to the services, and its messages are decrypted."""

from __future__ import annotations

from typing import Any

import pytest
from pywebpush import WebPushException, webpush  # type: ignore[import-untyped]  # it has no types

from tests.waiting import PATIENCE
from winpush.emulator import BROWSERS, Browser, Emulator
from winpush.webpush import VapidKeys, base64url

KEYS = VapidKeys.generate("mailto:ops@example.com")
KEY = KEYS.private_key.private_numbers().private_value.to_bytes(32)


def send(browser: Browser, payload: str, **options: Any) -> Any:
    return webpush(
        browser.subscription.to_dict(),
        payload,
        vapid_private_key=base64url.encode(KEY),
        vapid_claims={"sub": KEYS.subject},
        timeout=PATIENCE,
        **options,
    )


@pytest.mark.parametrize("name", BROWSERS)
def test_what_pywebpush_sends_is_taken_and_read(name: str, winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription(browser=name)
    answer = send(browser, "hällo", ttl=60, headers={"Topic": "news", "Urgency": "low"})
    assert answer.status_code == 201
    (got,) = browser.messages
    assert (got.text, got.topic, got.ttl.total_seconds()) == ("hällo", "news", 60)
    assert browser.application_server_key == KEYS.public_key


def test_its_ttl_of_zero_is_refused_in_the_words_of_wns(winpush_emulator: Emulator) -> None:
    """Its default: pywebpush issue 162 (webpush.md 3)."""
    browser = winpush_emulator.create_subscription()
    with pytest.raises(WebPushException, match="400") as caught:
        send(browser, "x")
    headers = caught.value.response.headers
    assert headers["X-WNS-Error-Description"] == "Ttl value conflicts with X-WNS-Cache-Policy."
    assert headers["X-WNS-NotificationStatus"] == "dropped"
    assert not browser.messages
    firefox = winpush_emulator.create_subscription(browser="firefox")
    assert send(firefox, "x").status_code == 201


def test_its_advice_for_windows_is_refused(winpush_emulator: Emulator) -> None:
    """Its readme: wns/toast with text/xml."""
    browser = winpush_emulator.create_subscription()
    with pytest.raises(WebPushException, match="400"):
        send(browser, "x", ttl=60, headers={"X-WNS-Type": "wns/toast", "Content-Type": "text/xml"})
    assert "Allowed X-WNS-TYPE" in winpush_emulator.requests[-1].reason


def test_its_older_encoding_is_refused(winpush_emulator: Emulator) -> None:
    browser = winpush_emulator.create_subscription()
    with pytest.raises(WebPushException, match="400"):
        send(browser, "x", ttl=60, content_encoding="aesgcm")
    assert "aesgcm" in winpush_emulator.requests[-1].reason


def test_a_gone_subscription_is_told_as_such(winpush_emulator: Emulator) -> None:
    with pytest.raises(WebPushException, match="410"):
        send(winpush_emulator.create_subscription("gone"), "x", ttl=60)
