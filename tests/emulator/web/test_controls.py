"""What the page can change, in a real browser: as much as the API can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from winpush import Client, mpns
from winpush.emulator import Device, Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def test_a_device_of_each_service_is_added_by_the_page(page: Page, winpush_emulator: Emulator) -> None:
    page.locator("#empty button").click()
    dialog = page.locator("#add-device-dialog")
    dialog.locator("select[name=state] option", has_text="revoked").wait_for(state="attached")
    dialog.locator("input[name=name]").fill("Ada's desk")
    dialog.locator("button", has_text="Add").last.click()
    page.locator(".win .phone-open", has_text="Ada's desk").wait_for()
    dialog.locator("select[name=kind]").select_option(label="Windows Phone 7.8 with MPNS")
    dialog.locator("select[name=state]").select_option("expired")
    dialog.locator("button", has_text="Add").last.click()
    dialog.locator("[role=status]", has_text="Added Phone 2.").wait_for()
    page.keyboard.press("Escape")
    page.locator(".phone .badge", has_text="expired").wait_for()
    assert [(phone.version, phone.state.name) for phone in winpush_emulator.phones] == [
        ("Windows 10/11", "healthy"),
        ("7.8", "expired"),
    ]


def test_a_channel_of_another_app_is_added_by_the_page_and_says_whose_it_is(
    page: Page, winpush_emulator: Emulator
) -> None:
    page.locator("#empty button").click()
    dialog = page.locator("#add-device-dialog")
    dialog.locator("select[name=state] option", has_text="revoked").wait_for(state="attached")
    dialog.locator("input[name=app]").fill("weather")
    dialog.locator("button", has_text="Add").last.click()
    page.locator(".win .phone-open").wait_for()
    dialog.locator("select[name=kind]").select_option(label="Windows Phone 8.0 with MPNS")
    dialog.locator("input[name=app]").wait_for(state="hidden")
    page.keyboard.press("Escape")
    page.locator(".win .phone-open").click()
    page.locator("#detail .facts", has_text="WNS channel of weather").wait_for()
    (device,) = winpush_emulator.phones
    assert isinstance(device, Device)
    assert device.app == "weather"


def test_windows_devices_come_first_whatever_was_made_first(page: Page, winpush_emulator: Emulator) -> None:
    winpush_emulator.create_channel(name="phone 1")
    page.locator(".phone-open", has_text="phone 1").wait_for()
    winpush_emulator.create_windows_channel(name="desk 1")
    winpush_emulator.create_channel(name="phone 2")
    winpush_emulator.create_windows_channel(name="desk 2")
    page.locator(".phone-open", has_text="desk 2").wait_for()
    expected = ["desk 1", "desk 2", "phone 1", "phone 2"]
    assert page.locator("#devices .phone-open").all_text_contents() == expected
    page.reload()
    page.locator(".phone-open", has_text="desk 2").wait_for()
    assert page.locator("#devices .phone-open").all_text_contents() == expected


def open_device(page: Page, screen: Locator) -> Locator:
    screen.locator(".phone-open").click()
    controls = page.locator("#detail .device-controls")
    controls.locator("option", has_text="badge").wait_for(state="attached")
    return controls


def test_a_test_notification_is_sent_and_its_verdict_said(page: Page, screen: Locator, device: Device) -> None:
    controls = open_device(page, screen)
    controls.locator("button", has_text="Send").click()
    controls.locator("[role=status]", has_text="200 accepted: Accepted, and shown.").wait_for()
    screen.locator(".win-toast", has_text="Train S1 to Thun").wait_for()
    controls.locator("select").first.select_option("badge")
    controls.locator("button", has_text="Send").click()
    page.locator("#detail .part", has_text="Badge").get_by_text("7").first.wait_for()
    assert device.accepted == 2


def test_a_state_is_set_and_the_device_removed(
    page: Page, screen: Locator, device: Device, winpush_emulator: Emulator
) -> None:
    controls = open_device(page, screen)
    controls.locator("select").last.select_option("revoked")
    screen.locator(".badge", has_text="revoked").wait_for()
    assert device.state.name == "revoked"
    controls.locator("button", has_text="Send").click()
    controls.locator("[role=status]", has_text="410 channel-gone").wait_for()
    winpush_emulator.change(device, state="healthy")
    screen.locator(".badge", has_text="healthy").wait_for()
    assert controls.locator("select").last.input_value() in ("healthy", "revoked")  # not taken from under one's hand
    controls.locator("button", has_text="Remove").click()
    screen.wait_for(state="detached")
    assert not winpush_emulator.phones
    page.locator("#detail").wait_for(state="hidden")


def test_a_fault_is_set_shown_and_removed(
    page: Page, screen: Locator, device: Device, winpush_emulator: Emulator
) -> None:
    page.locator("#set-fault").click()
    dialog = page.locator("#faults-dialog")
    dialog.get_by_text("No faults are set.").wait_for()
    dialog.locator("select[name=whom]").select_option(label=device.name)
    dialog.locator("input[name=count]").fill("2")
    dialog.locator("button", has_text="Set").click()
    dialog.get_by_text(f"answers 503, for {device.id}, 2 more").wait_for()
    dialog.locator("select[name=what]").select_option("cut")
    dialog.locator("select[name=cut]").select_option("silence")
    dialog.locator("input[name=count]").fill("")
    dialog.locator("button", has_text="Set").click()
    dialog.get_by_text("connection: silence").wait_for()
    assert [fault.status for fault, _ in winpush_emulator.faults.active] == [503, None]
    dialog.locator("button", has_text="Remove all").click()
    dialog.get_by_text("No faults are set.").wait_for()
    assert winpush_emulator.faults.active == ()
    dialog.locator("select[name=what]").select_option("status")
    dialog.locator("input[name=value]").fill("42")
    dialog.locator("button", has_text="Set").click()
    assert dialog.locator("input[name=value]:invalid").count() == 1
    assert winpush_emulator.faults.active == ()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_opening_a_request_does_not_pause_the_list_and_what_is_read_stays(
    page: Page, winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel("8.0")
    for number in range(3):
        winpush_client.send(phone.uri, mpns.Toast(f"old {number}"))
    page.locator(".request").nth(2).wait_for()
    opened = page.locator(".request").first
    opened.locator("summary").click()
    opened.locator(".request-body").wait_for()
    opened_number = opened.get_attribute("data-request")
    body = page.locator(f".request[data-request='{opened_number}'] .request-body")
    body.get_by_text("x-windowsphone-target").wait_for()
    before = body.bounding_box()
    for _ in range(30):
        winpush_client.send(phone.uri, mpns.Toast("new"))
    page.locator(".request").nth(32).wait_for(state="attached")
    after = body.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 3
    assert page.locator("#log-pause").text_content() == "Pause"
    page.locator("#log-new", has_text="30 new").click()
    page.locator("#log-new").wait_for(state="hidden")


def test_the_pause_button_still_pauses(page: Page, winpush_emulator: Emulator, winpush_client: Client) -> None:
    phone = winpush_emulator.create_channel()
    pause = page.locator("#log-pause")
    pause.click()
    winpush_client.send(phone.uri, mpns.Toast("a"))
    page.locator("#log-pause", has_text="Resume (1 new)").wait_for()
    assert page.locator(".request").count() == 0
    pause.click()
    page.locator(".request").first.wait_for()
