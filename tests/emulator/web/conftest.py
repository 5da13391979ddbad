"""A real browser with the emulator's page in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.waiting import PATIENCE
from winpush import Client
from winpush.emulator import Device, Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


@pytest.fixture
def page(browser: Browser, winpush_emulator: Emulator) -> Iterator[Page]:
    """The emulator's page; a message on its console, or a request to another host, fails the test."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((winpush_emulator.url, "data:")) else complaints.append(request.url)
        ),
    )
    page.goto(winpush_emulator.url)
    page.wait_for_selector("#connection[data-state=connected], #connection:has-text('Connected')")
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def wns_client(winpush_emulator: Emulator) -> Iterator[Client]:
    """A client whose credentials the emulator's token server accepts."""
    with Client(wns=winpush_emulator.entra_credentials, allow_hosts=winpush_emulator.authorities) as made:
        yield made


@pytest.fixture
def device(winpush_emulator: Emulator) -> Device:
    """A Windows device."""
    return winpush_emulator.create_windows_channel(name="Ada's desk")


@pytest.fixture
def screen(page: Page, device: Device) -> Locator:
    """The device's screen, as the page draws it."""
    found = page.locator(f"[data-phone='{device.id}']")
    found.locator(".win-desk").wait_for()
    return found
