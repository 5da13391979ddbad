"""The playground, in a real browser: what devices would show of a document, before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest

from winpush.emulator import Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TOAST = "<toast><visual><binding template='ToastGeneric'>{}</binding></visual></toast>"


@pytest.fixture
def playground(page: Page) -> Locator:
    """The open playground, with its first example shown."""
    page.locator("#open-playground").click()
    found = page.locator("#playground")
    found.locator(".playground-device").first.wait_for()
    return found


def test_an_example_is_shown_at_once_on_each_kind_of_device(playground: Locator, winpush_emulator: Emulator) -> None:
    assert playground.locator(".playground-device .phone-open").all_text_contents() == [
        "Windows 10 and 11",
        "Windows Phone 8.1",
    ]
    playground.locator(".is-desktop .win-toast", has_text="Train S1 to Thun").wait_for()
    assert "WNS toast" in (playground.locator(".playground-summary").text_content() or "")
    playground.locator("#playground-example").select_option(label="Phone: iconic tile")
    playground.locator(".playground-device", has_text="Windows Phone 8.0 to 8.1").wait_for()
    playground.locator(".playground-device[data-shown=false]", has_text="Shows none of it.").wait_for()
    assert not winpush_emulator.requests


def test_what_is_typed_is_shown_and_remarked_beside_its_line(playground: Locator) -> None:
    text = playground.locator("#playground-text")
    text.fill(TOAST.format("\n<text>typed</text>\n<img src='a.png'/>\n"))
    playground.locator(".win-toast", has_text="typed").first.wait_for()
    note = playground.locator(".sheet-note", has_text="<img>")
    note.wait_for()
    assert note.get_attribute("data-line") == "3"
    line = playground.locator(".sheet-gutter li").nth(2)
    assert "marked" in (line.get_attribute("class") or "")
    boxes = note.bounding_box(), line.bounding_box()
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < boxes[1]["height"]
    note.locator("button").click()
    start = text.evaluate("node => node.value.slice(node.selectionStart, node.selectionEnd)")
    assert start == "<img src='a.png'/>"


def test_what_is_not_well_formed_is_said_and_shows_nothing(playground: Locator) -> None:
    playground.locator("#playground-text").fill("<toast>\n<visual>")
    playground.locator(".playground-devices", has_text="not well-formed").wait_for()
    assert playground.locator(".playground-device").count() == 0
    assert playground.locator("button", has_text="Send").last.is_disabled()


def test_a_document_is_sent_from_here_to_a_device_of_its_service(
    page: Page, playground: Locator, winpush_emulator: Emulator
) -> None:
    winpush_emulator.create_windows_channel(name="desk")
    phone = winpush_emulator.create_channel("8.1", name="Ada's phone")
    page.locator("#devices .phone-open", has_text="Ada's phone").wait_for(state="attached")
    playground.locator("#playground-example").select_option(label="Phone: toast")
    target = playground.locator("#playground-target")
    target.locator("option", has_text="Ada's phone").wait_for(state="attached")
    assert target.locator("option").count() == 1
    playground.locator("button", has_text="Send").click()
    playground.locator("[role=status]", has_text="200 accepted").wait_for()
    assert phone.toasts[-1].content["text1"] == "Storm warning"
    page.keyboard.press("Escape")
    playground.wait_for(state="hidden")


def test_what_is_pasted_can_not_hurt_the_page(page: Page, playground: Locator) -> None:
    hostile = escape("<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>")
    playground.locator("#playground-text").fill(TOAST.format(f"<text>{hostile}</text><script>alert(1)</script>"))
    playground.locator(".win-toast", has_text="<img src=x").first.wait_for()
    playground.locator(".sheet-note", has_text="<script>").first.wait_for()
    assert "owned" not in page.title()
    assert playground.locator("script, img").count() == 0
