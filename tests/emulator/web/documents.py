"""Documents for the tests of the page, and reading texts from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from winpush import wns

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_GENERIC = "<toast{0}>{1}<visual><binding template='ToastGeneric'>{2}</binding></visual>{3}</toast>"


def xml(kind: Any, document: str, **options: Any) -> wns.Xml:
    """A document of this kind, sent unchanged."""
    return wns.Xml(kind, document.encode(), **options)


def toast(inside: str, actions: str = "", attributes: str = "", header: str = "", **options: Any) -> wns.Xml:
    """An adaptive toast with this inside its binding."""
    return xml("toast", _GENERIC.format(attributes, header, inside, actions), **options)


def texts(found: Locator) -> list[str]:
    """The text of each element that is found, once there is one; also of one that the browser has not laid out yet."""
    found.first.wait_for(state="attached")
    return [text.strip() for text in found.all_text_contents()]


def text_of(found: Locator) -> str:
    """The same for one element."""
    return (found.text_content() or "").strip()


def open_details(page: Page, screen: Locator) -> Locator:
    """The detail panel of the device with this screen."""
    screen.locator(".phone-open").click()
    panel = page.locator("#detail")
    panel.wait_for()
    return panel
