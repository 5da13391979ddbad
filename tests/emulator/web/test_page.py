"""The page, in a real browser: what is sent arrives on it, and nothing that arrives can hurt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulator.calls import log_in
from winpush import Client, mpns
from winpush.emulator import Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_toast_and_a_tile_arrive_without_reloading(
    page: Page, winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel("8.0", name="Ada's phone")
    screen = page.locator(f"[data-phone='{phone.id}']")
    screen.wait_for()
    winpush_client.send(phone.uri, mpns.Toast("Storm warning", "Gusts of 90 km/h"))
    screen.locator(".toast", has_text="Storm warning").first.wait_for()
    winpush_client.send(phone.uri, mpns.Tile("front.png", 7, "Weather"))
    screen.locator(".tile", has_text="Weather").first.wait_for()
    screen.locator(".tile-count", has_text="7").first.wait_for()
    page.locator(".request .verdict", has_text="accepted").first.wait_for()


def test_what_arrives_is_shown_as_text_whatever_it_says(
    page: Page, winpush_emulator: Emulator, winpush_client: Client
) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    phone = winpush_emulator.create_channel("8.1", name=hostile)
    winpush_client.send(phone.uri, mpns.Toast(hostile, hostile))
    tile = mpns.FlipTile("a.png", 1, hostile).body.replace(b"a.png", b"javascript:alert(1)")
    winpush_client.send(phone.uri, mpns.Xml("tile", tile))
    screen = page.locator(f"[data-phone='{phone.id}']")
    screen.locator(".toast", has_text="<img src=x").first.wait_for()
    screen.locator(".tile").first.wait_for()
    assert "owned" not in page.title()
    assert screen.locator("img").count() == 0


def test_a_refusal_is_shown_with_its_reason(page: Page, winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel(state="expired")
    winpush_client.send(phone.uri, mpns.Toast("a"))
    page.locator(".request", has_text="channel-gone").first.wait_for()
    page.locator(f"[data-phone='{phone.id}']", has_text="expired").wait_for()


def test_a_refused_login_is_shown_with_what_was_wrong(page: Page, winpush_emulator: Emulator) -> None:
    login = winpush_emulator.entra_credentials
    fields = {"grant_type": "client_credentials", "client_id": login.client_id, "client_secret": "wrong"}
    fields["scope"] = "https://wns.windows.com/.default"
    log_in(winpush_emulator, f"/{login.tenant_id}/oauth2/v2.0/token", fields)
    request = page.locator(".request", has_text="credentials-refused").first
    request.wait_for()
    request.locator("summary").click()
    assert "The client secret is wrong." in request.inner_text()
