"""Toasts and the action centre on the page, in a real browser: the page shows whatever a device shows of a toast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.web.documents import open_details, texts, toast, xml
from winpush import Client, wns
from winpush.emulator import Device, Emulator
from winpush.wns.schema.templates import CATALOGUE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# --- toasts -----------------------------------------------------------------------------------------------------


def test_a_toast_shows_its_texts_in_their_order_and_the_attribution_last(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    inside = "<text>One</text><text placement='attribution'>Via SMS</text><text>Two</text><text>Three</text>"
    wns_client.send(device.uri, toast(inside))
    shown = screen.locator(".win-slot .win-toast")
    shown.wait_for()
    assert texts(shown.locator(".win-text")) == ["One", "Two", "Three", "Via SMS"]


def test_a_fourth_text_is_not_on_the_screen(screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, toast("".join(f"<text>{n}</text>" for n in range(4))))
    screen.locator(".win-slot .win-toast").wait_for()
    assert texts(screen.locator(".win-slot .win-text")) == ["0", "1", "2"]


def test_images_stand_in_their_places_by_name_and_are_not_loaded(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    inside = (
        "<text>Lake</text><image placement='appLogoOverride' hint-crop='circle' src='ada.png' alt='Ada'/>"
        "<image placement='hero' src='https://example.com/lake.jpg'/><image src='camp.jpg'/>"
    )
    wns_client.send(device.uri, toast(inside))
    slot = screen.locator(".win-slot")
    logo = slot.locator(".app-logo")
    logo.wait_for()
    assert logo.get_attribute("aria-label") == "Ada"
    assert logo.evaluate("node => getComputedStyle(node).borderRadius") == "50%"
    assert texts(slot.locator(".hero")) == ["lake.jpg"]
    assert texts(slot.locator(".inline")) == ["camp.jpg"]
    assert slot.locator(".hero .image").get_attribute("title") == "https://example.com/lake.jpg"


def test_columns_are_as_wide_as_their_weights(screen: Locator, device: Device, wns_client: Client) -> None:
    columns = "".join(
        f"<subgroup hint-weight='{weight}' hint-textStacking='bottom'><text hint-style='captionSubtle' "
        f"hint-align='center'>{weight}</text></subgroup>"
        for weight in (1, 3)
    )
    wns_client.send(device.uri, toast(f"<text>a</text><group>{columns}</group>"))
    column = screen.locator(".win-slot .win-column")
    column.first.wait_for()
    first, second = (column.nth(at).evaluate("node => node.getBoundingClientRect().width") for at in (0, 1))
    assert 2.5 < second / first < 3.5
    assert column.first.locator(".win-text").get_attribute("data-style") == "captionSubtle"
    assert column.first.evaluate("node => getComputedStyle(node).justifyContent") == "safe end"


def test_a_column_without_a_weight_gets_what_the_others_leave(page: Page) -> None:
    shares = page.evaluate(
        "async () => { const {weights} = await import('/web/win-content.js');"
        " return [[{}, {}], [{weight: 33}, {}], [{weight: 200}, {}], [{weight: 1}, {weight: 2}]].map(weights); }"
    )
    assert shares == [[50, 50], [33, 67], [200, 1], [1, 2]]


@pytest.mark.parametrize(
    ("value", "override", "said", "now"),
    [
        ("0.6", "15/26 songs", "15/26 songs", "60"),
        ("0.256", None, "26%", "26"),
        ("0", None, "0%", "0"),
        ("1.0", None, "100%", "100"),
        ("indeterminate", None, "", None),
        ("{progressValue}", None, "{progressValue}", None),
    ],
)
def test_a_progress_bar_shows_how_far_it_is(
    value: str, override: str | None, said: str, now: str | None, screen: Locator, device: Device, wns_client: Client
) -> None:
    more = f" valueStringOverride='{override}'" if override else ""
    wns_client.send(device.uri, toast(f"<text>a</text><progress title='List' value='{value}' status='Busy'{more}/>"))
    bar = screen.locator(".win-slot .win-progress")
    bar.wait_for()
    assert texts(bar.locator(".win-progress-title")) == ["List"]
    assert texts(bar.locator(".win-progress-foot span")) == ["Busy", said]
    track = bar.locator("[role=progressbar]")
    assert track.get_attribute("aria-valuenow") == now
    assert ("endless" in (track.get_attribute("class") or "")) is (value == "indeterminate")
    if now is not None:
        share = "node => node.firstChild.getBoundingClientRect().width / node.getBoundingClientRect().width"
        assert track.evaluate(share) == pytest.approx(float(value), abs=0.02)


def test_inputs_and_buttons_are_drawn_where_windows_has_them(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    actions = (
        "<actions><input id='box' type='text' title='Answer' placeHolderContent='Type a reply'/>"
        "<input id='time' type='selection' defaultInput='15'><selection id='15' content='15 minutes'/>"
        "<selection id='60' content='1 hour'/></input>"
        "<action content='Send' arguments='s' hint-inputId='box' imageUri='send.png'/>"
        "<action content='' activationType='system' arguments='snooze' hint-inputId='time'/>"
        "<action content='Yes' arguments='y' hint-buttonStyle='Success'/>"
        "<action content='No' arguments='n' hint-buttonStyle='Critical'/></actions>"
    )
    wns_client.send(device.uri, toast("<text>a</text>", actions, " useButtonStyle='true'"))
    slot = screen.locator(".win-slot")
    slot.locator(".win-actions").wait_for()
    assert texts(slot.locator(".win-input-title")) == ["Answer"]
    assert texts(slot.locator(".win-field")) == ["Type a reply", "15 minutes"]
    assert texts(slot.locator(".win-input-row .win-button")) == ["Send"]
    assert slot.locator(".win-input-row .win-button .icon").count() == 1
    assert texts(slot.locator(".win-buttons .win-button")) == ["Snooze", "Yes", "No"]
    colours = slot.locator(".win-buttons .win-button").evaluate_all(
        "nodes => nodes.map(node => getComputedStyle(node).backgroundColor)"
    )
    assert len(set(colours)) == 3
    assert slot.locator("button, input, select").count() == 0  # a picture: nothing on it can be used


def test_windows_own_snooze_and_dismiss_are_drawn(screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, toast("<text>a</text>", "<actions hint-systemCommands='SnoozeAndDismiss'/>"))
    screen.locator(".win-actions").wait_for()
    assert texts(screen.locator(".win-button")) == ["Snooze", "Dismiss"]


@pytest.mark.parametrize(
    ("scenario", "word"),
    [("reminder", "Reminder"), ("alarm", "Alarm"), ("incomingCall", "Incoming call")],
)
def test_a_scenario_a_header_and_a_sound_are_said_in_words(
    scenario: str, word: str, screen: Locator, device: Device, wns_client: Client
) -> None:
    header = "<header id='1' title='Camping' arguments='a'/>"
    button = "<actions><action content='OK' arguments='ok'/></actions>"
    sound = button + "<audio src='ms-winsoundevent:Notification.Looping.Call2' loop='true'/>"
    wns_client.send(device.uri, toast("<text>a</text>", sound, f" scenario='{scenario}' duration='long'", header))
    slot = screen.locator(".win-slot")
    slot.locator(".win-toast").wait_for()
    assert texts(slot.locator(".win-scenario")) == [word]
    assert texts(slot.locator(".win-toast-header")) == ["Camping"]
    assert texts(slot.locator(".win-sound")) == ["Looping.Call2, looping"]


def test_the_details_lay_the_menu_open_and_say_what_each_part_does(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    actions = (
        "<actions><action content='Change time' arguments='menu' placement='contextMenu'/>"
        "<action content='Like' arguments='like=1' activationType='background'/></actions><audio silent='true'/>"
    )
    launch = " launch='id=7' duration='long'"
    wns_client.send(device.uri, toast("<text>a</text>", actions, launch, tag="t1", group="g1"))
    screen.locator(".win-more").wait_for()
    panel = open_details(page, screen)
    assert texts(panel.locator(".win-menu li")) == ["Change time"]
    said = " ".join(texts(panel.locator(".win-toast-entry .fields")))
    for part in ("t1", "g1", "foreground: id=7", "background: like=1", "foreground: menu", "long", "none"):
        assert part in said


@pytest.mark.parametrize("name", [name for name, each in CATALOGUE.items() if each.kind == "toast"])
def test_a_legacy_toast_shows_its_texts_and_its_image_at_the_left(
    name: str, screen: Locator, device: Device, wns_client: Client
) -> None:
    template = CATALOGUE[name]
    fields = "".join(f"<text id='{n}'>Text {n}</text>" for n in range(1, template.texts + 1))
    fields += "<image id='1' src='a.png'/>" * template.images
    wns_client.send(
        device.uri, xml("toast", f"<toast><visual><binding template='{name}'>{fields}</binding></visual></toast>")
    )
    screen.locator(".win-slot .win-toast").wait_for()
    assert texts(screen.locator(".win-slot .win-text")) == [f"Text {n}" for n in range(1, template.texts + 1)]
    assert screen.locator(".win-slot .app-logo").count() == template.images


# --- the action centre --------------------------------------------------------------------------------------------


def test_the_action_centre_groups_by_header_and_group_newest_first(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    header = "<header id='c' title='Camping' arguments='a'/>"
    for text, head, group in (("one", header, None), ("two", "", None), ("three", "", "mail"), ("four", header, None)):
        wns_client.send(device.uri, toast(f"<text>{text}</text>", header=head, group=group))
    bell = screen.locator(".win-bell")
    screen.locator(".bell-count", has_text="4").wait_for()
    bell.click()
    centre = screen.locator(".win-centre")
    assert texts(centre.locator(".centre-title")) == ["Camping", "Group mail", "Your app"]
    assert texts(centre.locator(".toast-title")) == ["four", "one", "three", "two"]


def test_the_action_centre_opens_and_closes_by_keyboard(page: Page, screen: Locator) -> None:
    bell = screen.locator(".win-bell")
    bell.focus()
    page.keyboard.press("Enter")
    assert bell.get_attribute("aria-expanded") == "true"
    assert texts(screen.locator(".win-centre")) == ["No notifications"]
    page.keyboard.press("Escape")
    assert bell.get_attribute("aria-expanded") == "false"
    assert screen.locator(".win-centre").count() == 0


def test_a_toast_with_the_same_tag_replaces_the_first_one_in_the_action_centre(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    for text, tag in (("first", "a"), ("other", "b"), ("second", "A")):
        wns_client.send(device.uri, wns.Toast(text, tag=tag))
    screen.locator(".win-bell").click()
    screen.locator(".win-centre .toast-title", has_text="second").wait_for()
    assert texts(screen.locator(".win-centre .toast-title")) == ["second", "other"]


def test_toasts_that_are_taken_back_leave_the_screen(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    phone = winpush_emulator.create_windows_channel(phone=True)
    shown = page.locator(f"[data-phone='{phone.id}']")
    wns_client.send(phone.uri, wns.Toast("stays", tag="a"))
    wns_client.send(phone.uri, wns.Toast("goes", tag="b"))
    shown.locator(".win-slot", has_text="goes").wait_for()
    wns_client.send(phone.uri, wns.ClearToasts(tag="b"))
    shown.locator(".win-slot", has_text="stays").wait_for()
    wns_client.send(phone.uri, wns.ClearToasts(everything=True))
    shown.locator(".win-slot", has_text="no toast").wait_for()
    assert shown.locator(".win-bell").get_attribute("aria-label") == "Action centre, 0 notifications"


def test_a_toast_without_a_popup_goes_to_the_action_centre_alone(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    phone = winpush_emulator.create_windows_channel(phone=True)
    shown = page.locator(f"[data-phone='{phone.id}']")
    wns_client.send(phone.uri, wns.Toast("loud"))
    wns_client.send(phone.uri, wns.Toast("quiet", suppress_popup=True))
    shown.locator(".bell-count", has_text="2").wait_for()
    assert texts(shown.locator(".win-slot .toast-title")) == ["loud"]
