"""Emulated browsers on the page, in a real one: messages received, decrypted, and drawn as Windows draws them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.web.documents import open_details, text_of, texts
from winpush import Client
from winpush.emulator import Browser, Emulator
from winpush.webpush import Message, Subscription, Urgency, VapidKeys

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=1</script>'


@pytest.fixture
def browser_device(winpush_emulator: Emulator) -> Browser:
    return winpush_emulator.create_subscription(name="Ada's Edge")


@pytest.fixture
def screen(page: Page, browser_device: Browser) -> Locator:
    found = page.locator(f"[data-phone='{browser_device.id}']")
    found.locator(".browser-desk").wait_for()
    return found


def show(client: Client, browser: Browser, **notification: Any) -> None:
    assert client.send(browser.subscription, Message.json({"title": "Train S1", **notification})).ok


def test_a_notification_shows_its_texts_images_and_buttons_and_the_site_last(
    screen: Locator, browser_device: Browser, winpush_client: Client
) -> None:
    images = {"icon": "https://example.com/train.png", "image": "/lake.jpg", "badge": "/b.png"}
    actions = [{"action": "map", "title": "Where?", "icon": "/m.png"}, {"title": "Mute"}, {"title": "No"}]
    show(winpush_client, browser_device, body="From platform 7", actions=actions, **images)
    shown = screen.locator(".win-slot .win-toast")
    shown.wait_for()
    assert texts(shown.locator(".win-text")) == ["Train S1", "From platform 7", "your-site.example"]
    assert text_of(shown.locator(".win-app-name")) == "Microsoft Edge"
    assert texts(shown.locator(".hero")) == ["lake.jpg"]
    assert shown.locator(".app-logo").get_attribute("aria-label") == "train.png"
    assert texts(shown.locator(".win-button")) == ["Where?", "Mute"]
    assert shown.locator("[title*='b.png']").count() == 0


def test_one_that_must_be_answered_has_a_button(
    screen: Locator, browser_device: Browser, winpush_client: Client
) -> None:
    show(winpush_client, browser_device, requireInteraction=True, silent=True)
    shown = screen.locator(".win-slot .win-toast")
    shown.wait_for()
    assert texts(shown.locator(".win-button")) == ["Close"]
    assert texts(shown.locator(".win-scenario")) == ["Reminder"]
    assert texts(shown.locator(".win-sound")) == ["silent"]


def test_what_is_no_notification_is_what_the_service_worker_gets(
    screen: Locator, browser_device: Browser, winpush_client: Client
) -> None:
    options: dict[str, Any] = {"ttl": timedelta(hours=2), "topic": "news", "urgency": Urgency.LOW}
    winpush_client.send(browser_device.subscription, Message("order 7 is ready", **options))
    entry = screen.locator(".worker-entry", has_text="order 7 is ready")
    entry.wait_for()
    assert "TTL 2 hours, topic news, urgency low" in text_of(entry)
    assert screen.locator(".win-toast").count() == 0
    winpush_client.send(browser_device.subscription, Message())
    screen.locator(".worker-entry", has_text="event.data is null").wait_for()
    assert "the service worker decides" in text_of(screen.locator(".win-slot"))


def test_what_a_sender_wrote_is_text_and_nothing_else(
    page: Page, screen: Locator, browser_device: Browser, winpush_client: Client
) -> None:
    hostile: dict[str, Any] = dict.fromkeys(("body", "icon", "image", "badge", "tag", "lang", "dir"), HOSTILE)
    show(winpush_client, browser_device, title=HOSTILE, **hostile, actions=[{"title": HOSTILE, "icon": HOSTILE}])
    screen.locator(".win-toast").wait_for()
    open_details(page, screen).locator(".win-toast-entry").wait_for()
    assert page.locator("img, .win-toast script").count() == 0
    assert page.title() == "winpush emulator"


def test_the_details_have_the_subscription_and_every_message(
    page: Page, screen: Locator, browser_device: Browser, winpush_client: Client, winpush_emulator: Emulator
) -> None:
    panel = open_details(page, screen)
    panel.get_by_text("none yet; the first accepted message binds its own").wait_for()
    given = panel.locator("input.channel").input_value()
    assert Subscription.of(given, allow_hosts=winpush_emulator.authorities) == browser_device.subscription
    show(winpush_client, browser_device, tag="s1", badge="/b.png", actions=[{"title": str(n)} for n in range(3)])
    winpush_client.send(browser_device.subscription, Message("plain"))
    entries = panel.locator(".win-toast-entry")
    entries.nth(1).wait_for()
    assert "plain" in text_of(entries.nth(0))
    details = text_of(entries.nth(1))
    assert all(words in details for words in ("s1", "/b.png: not on Windows", "1 action: two are shown", "28 days"))


def test_a_test_message_is_sent_with_a_payload_of_ones_own(
    page: Page, screen: Locator, browser_device: Browser
) -> None:
    open_details(page, screen)
    controls = page.locator("#detail .device-controls")
    controls.locator("option", has_text="message").wait_for(state="attached")
    controls.locator("button", has_text="Send").click()
    screen.locator(".win-toast", has_text="Train S1 to Thun").wait_for()
    controls.locator(".payload input").fill("mine")
    controls.locator("button", has_text="Send").click()
    screen.locator(".worker-entry", has_text="mine").wait_for()
    assert [message.text for message in browser_device.messages][1:] == ["mine"]


def test_its_state_is_set_and_what_was_kept_arrives(
    page: Page, screen: Locator, browser_device: Browser, winpush_client: Client
) -> None:
    open_details(page, screen)
    state = page.locator("#detail .device-controls select").last
    state.locator("option", has_text="offline").wait_for(state="attached")
    state.select_option("offline")
    screen.locator(".badge.tone-later", has_text="offline").wait_for()
    show(winpush_client, browser_device, title="Kept")
    screen.locator(".phone-foot", has_text="1 accepted \u00b7 1 waiting").wait_for()
    assert screen.locator(".worker-entry").count() == 0
    state.select_option("healthy")
    screen.locator(".win-toast", has_text="Kept").wait_for()


def test_a_browser_is_added_by_the_page(page: Page, winpush_emulator: Emulator) -> None:
    page.locator("#add-device").click()
    dialog = page.locator("#add-device-dialog")
    dialog.locator("select[name=kind] option", has_text="Firefox with Web Push").wait_for(state="attached")
    dialog.locator("select[name=kind]").select_option("firefox")
    dialog.locator("select[name=state]").select_option("throttled")
    dialog.locator("button", has_text="Add").last.click()
    page.locator(".is-browser .badge", has_text="throttled").wait_for()
    (made,) = winpush_emulator.phones
    assert (made.version, made.state.name) == ("Firefox", "throttled")


def test_a_request_shows_what_was_decrypted_or_why_it_was_not(
    page: Page, screen: Locator, browser_device: Browser, winpush_client: Client, winpush_emulator: Emulator
) -> None:
    winpush_client.send(browser_device.subscription, Message("the plain text"))
    page.locator(".request summary").first.click()
    opened = page.locator(".request[open] .request-body")
    assert text_of(opened.locator("pre")) == "the plain text"
    assert "gets it as it is" in text_of(opened.locator(".device-summary"))
    assert opened.locator(".answer-source .citation").get_attribute("href") == "/protocol/webpush#s6"
    with Client(webpush=VapidKeys.generate("mailto:a@b.example"), allow_hosts=winpush_emulator.authorities) as client:
        client.send(browser_device.subscription, Message("x"))
    row = page.locator(".request[data-verdict=key-mismatch]")
    row.locator(".verdict.tone-refused").wait_for()
    row.locator("summary").click()
    row.locator(".request-body").wait_for()
    assert row.locator("pre").count() == 0


def test_the_search_finds_what_was_pushed(
    page: Page, screen: Locator, browser_device: Browser, winpush_client: Client, winpush_emulator: Emulator
) -> None:
    winpush_emulator.create_subscription(name="another")
    winpush_client.send(browser_device.subscription, Message("needle"))
    screen.locator(".worker-entry").wait_for()
    page.locator("#filter-text").fill("NEEDLE")
    page.locator("#tally", has_text="1 of 2").wait_for()
    assert screen.is_visible()


@pytest.mark.parametrize("width", [400, 1500])
def test_nothing_of_a_card_is_wider_than_it(
    width: int, page: Page, screen: Locator, browser_device: Browser, winpush_client: Client
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    show(winpush_client, browser_device, title="W" * 300, body="w" * 900, actions=[{"title": "a" * 80}] * 2)
    screen.locator(".win-toast").wait_for()
    card = screen.locator(".win-screen")
    widths = card.evaluate("node => [node.scrollWidth - node.clientWidth, document.body.scrollWidth - innerWidth]")
    assert max(widths) <= 0
