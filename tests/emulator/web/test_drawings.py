"""The page draws what Windows draws: where each part of a toast, a tile and a badge is, and what is cut off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.web.documents import open_details, text_of, texts, toast, xml
from winpush import Client, wns
from winpush.emulator import Device, Emulator
from winpush.wns import Glyph

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_LOGO = "<image src='l.png' placement='appLogoOverride'/>"
_BAR = "<progress title='List' value='0.5' status='Busy'/>"


@pytest.fixture(autouse=True)
def without_motion(page: Page) -> None:
    """A toast that is still flying in is elsewhere."""
    page.emulate_media(reduced_motion="reduce")


def box(found: Locator) -> dict[str, float]:
    """Where an element is on the page."""
    found.wait_for()
    place: dict[str, float] = found.evaluate("node => node.getBoundingClientRect().toJSON()")
    return place


def style(found: Locator, name: str) -> str:
    return str(found.evaluate(f"node => getComputedStyle(node).{name}"))


def tile_of(page: Page, screen: Locator, size: str) -> Locator:
    """The tile in the details, where an effective pixel is a pixel."""
    screen.locator(".win-tile").first.wait_for()
    return open_details(page, screen).locator(f".win-tile[data-size={size}]")


def visible(found: Locator) -> list[str]:
    return [text_of(each) for each in found.all() if each.is_visible()]


def document(binding: str, visual: str = "") -> Any:
    return xml("tile", f"<tile><visual {visual}>{binding}</visual></tile>")


# --- toasts ---------------------------------------------------------------------------------------------------------


def test_images_and_progress_bars_are_below_the_logo_at_full_width(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    inside = f"<image src='camp.jpg'/><text>One</text>{_LOGO}{_BAR}<text placement='attribution'>via</text>"
    wns_client.send(device.uri, toast(inside))
    card, logo = box(screen.locator(".win-slot .win-toast")), box(screen.locator(".win-slot .app-logo"))
    text = box(screen.locator(".win-slot .toast-attribution"))
    for part in (".inline", ".win-progress"):
        wide = box(screen.locator(f".win-slot {part}"))
        assert wide["left"] == pytest.approx(logo["left"], abs=1)
        assert wide["top"] >= max(logo["bottom"], text["bottom"])
        assert wide["width"] > 0.85 * card["width"]
    assert style(screen.locator(".win-slot .win-progress-title"), "fontWeight") == "400"


def test_a_line_feed_is_a_new_line(screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, toast("<text>a</text><text>b\nc\nd</text><text placement='attribution'>e</text>"))
    line = screen.locator(".win-slot .toast-line")
    assert box(line)["height"] == pytest.approx(3 * box(screen.locator(".win-slot .toast-title"))["height"], rel=0.1)


def test_the_second_and_third_text_have_four_lines_together_and_are_dimmed(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    lines = "\n".join("abc")
    wns_client.send(device.uri, toast(f"<text>{'long ' * 40}</text><text>{lines}</text><text>{lines}</text>"))
    title, rest = screen.locator(".win-slot .toast-title"), screen.locator(".win-slot .toast-lines")
    line = float(style(title, "lineHeight").removesuffix("px"))
    assert box(title)["height"] == pytest.approx(2 * line, abs=1)
    assert box(rest)["height"] == pytest.approx(4 * line, abs=1)
    assert style(rest, "color") != style(title, "color")


def test_an_incoming_call_has_its_circle_above_and_all_centred(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    inside = (
        "<text hint-callScenarioCenterAlign='true'>Ada</text><text hint-callScenarioCenterAlign='true'>Mobile</text>"
        "<image src='ada.png' hint-crop='circle'/>"
    )
    wns_client.send(device.uri, toast(inside, attributes=" scenario='incomingCall'"))
    card, circle = box(screen.locator(".win-slot .win-toast")), box(screen.locator(".win-slot .call-image"))
    title = screen.locator(".win-slot .toast-title")
    assert circle["bottom"] <= box(title)["top"]
    assert (circle["left"] + circle["right"]) / 2 == pytest.approx((card["left"] + card["right"]) / 2, abs=1)
    assert style(title, "textAlign") == style(screen.locator(".win-slot .toast-line"), "textAlign") == "center"


def test_an_urgent_toast_has_an_exclamation_mark(screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, toast("<text>a</text>", attributes=" scenario='urgent'"))
    mark = screen.locator(".win-slot .win-urgent")
    mark.wait_for()
    assert (text_of(mark), mark.get_attribute("aria-label")) == ("!", "Urgent")
    assert screen.locator(".win-slot .win-scenario").count() == 0
    card = screen.locator(".win-slot .win-toast")
    assert style(card, "borderLeftWidth") == style(card, "borderRightWidth")


def test_the_head_has_the_menus_dots_and_the_cross(screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, wns.Toast("a"))
    screen.locator(".win-slot .win-close").wait_for()
    assert texts(screen.locator(".win-slot .win-toast-head span:not(.win-app)")) == ["Your app", "\u22ef", "\u00d7"]


def test_the_systems_snooze_offers_nine_minutes_without_a_label(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, wns.Toast("a", actions=wns.SnoozeAndDismiss(), scenario="reminder"))
    screen.locator(".win-slot .win-field").wait_for()
    assert texts(screen.locator(".win-slot .win-field")) == ["9 minutes"]
    assert screen.locator(".win-slot .win-input-title").count() == 0


def test_an_icon_is_beside_its_caption_unless_every_button_has_one(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    plain, icon = wns.Button("Plain", "a"), wns.Button("Icon", "b", image="i.png")
    for buttons, beside in (([plain, icon], True), ([icon, icon], False)):
        wns_client.send(device.uri, wns.Toast("a", actions=buttons))
        screen.locator(f".win-slot .win-buttons{':not(.icon-style)' if beside else '.icon-style'}").wait_for()
        button = screen.locator(".win-slot .win-button").last
        sign, caption = box(button.locator(".icon")), box(button.locator("span:not(.icon)"))
        assert (sign["right"] <= caption["left"]) is beside
        assert (sign["bottom"] <= caption["top"]) is not beside


@pytest.mark.parametrize("width", [390, 1280])
def test_short_captions_are_whole_at_every_width(
    width: int, page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    wns_client.send(
        device.uri, wns.Toast("a", actions=[wns.Button(text, "a") for text in ("Restart now", "Later", "No")])
    )
    caption = screen.locator(".win-slot .win-button span", has_text="Restart now")
    caption.wait_for()
    assert caption.evaluate(
        "node => node.scrollHeight <= node.clientHeight + 1 && node.scrollWidth <= node.clientWidth"
    )


def test_a_toast_without_a_text_is_drawn_as_new_notification(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, toast("<image src='a.png'/>", "<actions><action content='b' arguments='c'/></actions>"))
    screen.locator(".win-slot .win-toast").wait_for()
    assert texts(screen.locator(".win-slot .win-text")) == ["Your app", "New notification"]
    assert screen.locator(".win-slot :is(.win-image, .win-button)").count() == 0
    page.locator(".request[data-for] summary").first.click()
    said = text_of(page.locator(".request[open] .device-summary"))
    assert said == "Shows only the app's name and \u201cNew notification\u201d."


# --- the action centre ----------------------------------------------------------------------------------------------


def test_the_centre_is_sorted_by_each_toasts_own_time(screen: Locator, device: Device, wns_client: Client) -> None:
    old = datetime.now(UTC) - timedelta(days=400)
    wns_client.send(device.uri, wns.Toast("first"))
    wns_client.send(device.uri, wns.Toast("oldest", display_timestamp=old))
    wns_client.send(device.uri, wns.Toast("last"))
    wns_client.send(device.uri, wns.Toast("ahead", display_timestamp=datetime.now(UTC) + timedelta(minutes=5)))
    screen.locator(".bell-count", has_text="4").wait_for()
    screen.locator(".win-bell").click()
    assert texts(screen.locator(".win-centre .toast-title")) == ["ahead", "last", "first", "oldest"]
    times = texts(screen.locator(".win-centre time"))
    assert str(old.astimezone().year) in times[-1]
    assert all(len(each) == len("12:34:56") for each in times[1:3])


def test_a_toast_that_waited_stands_in_the_centre_by_its_arrival_at_the_service(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    device = winpush_emulator.create_windows_channel("disconnected")
    screen = page.locator(f"[data-phone='{device.id}']")
    assert wns_client.send(device.uri, wns.Toast("waited")).ok
    winpush_emulator.advance(timedelta(hours=2))
    winpush_emulator.change(device, state="healthy")
    an_hour_ago = winpush_emulator.now() - timedelta(hours=1)
    assert wns_client.send(device.uri, wns.Toast("an hour old", display_timestamp=an_hour_ago)).ok
    screen.locator(".bell-count", has_text="2").wait_for()
    screen.locator(".win-bell").click()
    assert texts(screen.locator(".win-centre .toast-title")) == ["an hour old", "waited"]


def test_the_centre_shows_the_hero_and_opens_the_buttons(screen: Locator, device: Device, wns_client: Client) -> None:
    hero = wns.Image("h.jpg", placement="hero")
    wns_client.send(device.uri, wns.Toast("a", hero, actions=[wns.Button("Open", "o")]))
    screen.locator(".bell-count", has_text="1").wait_for()
    screen.locator(".win-bell").click()
    centre = screen.locator(".win-centre")
    assert centre.locator(".hero").is_visible()
    assert not centre.locator(".win-button").is_visible()
    arrow = centre.locator(".centre-expand")
    arrow.click()
    assert arrow.get_attribute("aria-expanded") == "true"
    assert centre.locator(".win-button").is_visible()


# --- tiles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["small", "medium"])
def test_an_iconic_tile_has_its_icon_and_number_side_by_side_in_the_middle(
    size: str, page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    names = {"small": "TileSquare71x71IconWithBadge", "medium": "TileSquare150x150IconWithBadge"}
    wns_client.send(device.uri, wns.Badge(42))
    wns_client.send(device.uri, wns.LegacyTile(wns.LegacyBinding(names[size], images=["i.png"])))
    tile = tile_of(page, screen, size)
    whole, icon, number = box(tile), box(tile.locator(".icon")), box(tile.locator(".win-badge"))
    assert icon["right"] <= number["left"]
    assert number["left"] - icon["right"] < 10
    assert (icon["left"] + number["right"]) / 2 == pytest.approx((whole["left"] + whole["right"]) / 2, abs=2)
    assert (icon["top"] + icon["bottom"]) / 2 == pytest.approx((number["top"] + number["bottom"]) / 2, abs=3)
    assert tile.locator(".win-badge").evaluate("node => node.scrollWidth <= node.clientWidth + 1")


def _group(name: str) -> str:
    lines = "".join(f"<text hint-style='captionSubtle'>{name} {n}</text>" for n in (1, 2))
    return f"<group><subgroup><text hint-style='subtitle'>{name}</text>{lines}</subgroup></group>"


def test_a_group_is_shown_whole_or_not_at_all(page: Page, screen: Locator, device: Device, wns_client: Client) -> None:
    inside = _group("Ada") + "<text/>" + _group("Ben") + _group("Cem")
    wns_client.send(device.uri, document(f"<binding template='TileWide'>{inside}</binding>"))
    tile = tile_of(page, screen, "wide")
    tile.locator(".win-group").first.wait_for()
    assert visible(tile.locator(".win-group")) == ["AdaAda 1Ada 2"]
    assert style(tile.locator(".tile-content"), "maskImage") == "none"


def test_the_first_group_is_always_shown(page: Page, screen: Locator, device: Device, wns_client: Client) -> None:
    lines = "".join(f"<text hint-style='title'>{n}</text>" for n in range(9))
    binding = f"<binding template='TileMedium'><group><subgroup>{lines}</subgroup></group><text>after</text></binding>"
    wns_client.send(device.uri, document(binding))
    tile = tile_of(page, screen, "medium")
    shown = visible(tile.locator(".win-text"))
    assert shown
    assert shown == [str(n) for n in range(len(shown))]
    assert len(shown) < 9


def test_an_image_fills_the_tile_and_the_texts_below_it_fall_off(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    inside = "<text>above</text><image src='a.png'/><text>below</text>"
    wns_client.send(device.uri, document(f"<binding template='TileMedium'>{inside}</binding>"))
    tile = tile_of(page, screen, "medium")
    whole, image = box(tile), box(tile.locator(".inline"))
    assert visible(tile.locator(".win-text")) == ["above"]
    assert image["left"] - whole["left"] == pytest.approx(8, abs=1)
    assert whole["right"] - image["right"] == pytest.approx(8, abs=1)
    assert whole["bottom"] - image["bottom"] == pytest.approx(8, abs=2)


def test_a_text_is_cut_at_a_line(page: Page, screen: Locator, device: Device, wns_client: Client) -> None:
    inside = f"<text hint-wrap='true'>{'word ' * 200}</text><text>below</text>"
    wns_client.send(device.uri, document(f"<binding template='TileMedium'>{inside}</binding>"))
    text = tile_of(page, screen, "medium").locator(".win-text").first
    line = float(style(text, "lineHeight").removesuffix("px"))
    lines = box(text)["height"] / line
    assert lines == pytest.approx(round(lines), abs=0.1)
    assert visible(text.locator("xpath=../*"))[1:] == []


@pytest.mark.parametrize(
    ("visual", "brand"),
    [
        ("", ""),
        ("displayName='Mail'", "Mail"),
        ("branding='none' displayName='Mail'", ""),
        ("branding='name'", "Your app"),
        ("branding='logo'", "logo"),
    ],
)
def test_a_tile_without_branding_has_a_name_or_nothing(
    visual: str, brand: str, page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, document("<binding template='TileMedium'><text>a</text></binding>", visual))
    tile = tile_of(page, screen, "medium")
    tile.locator(".win-text").first.wait_for()
    names = [name.strip() for name in tile.locator(".tile-name").all_text_contents()]  # none is drawn, or one
    assert names == ([brand] if brand not in ("", "logo") else [])
    assert tile.locator(".win-app").count() == (brand == "logo")


def test_subtle_texts_have_sixty_percent(page: Page, screen: Locator, device: Device, wns_client: Client) -> None:
    styles = ("captionSubtle", "headerNumeralSubtle", "caption")
    lines = "".join(f"<text hint-style='{name}'>1</text>" for name in styles)
    wns_client.send(device.uri, document(f"<binding template='TileLarge'>{lines}</binding>"))
    found = tile_of(page, screen, "large").locator(".win-text")
    found.first.wait_for()
    assert [style(each, "opacity") for each in found.all()] == ["0.6", "0.6", "1"]
    assert style(found.nth(1), "fontSize") == "46px"


@pytest.mark.parametrize(("inside", "overlay"), [("<text>a</text>", "0.2"), ("", "0")])
def test_a_background_is_darkened_where_there_is_text(
    inside: str, overlay: str, page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    image = "<image src='b.png' placement='background'/>"
    wns_client.send(device.uri, document(f"<binding template='TileMedium'>{image}{inside}</binding>"))
    behind = tile_of(page, screen, "medium").locator(".behind")
    behind.wait_for()
    assert behind.evaluate("node => node.style.getPropertyValue('--overlay')") == overlay


# --- badges ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("glyph", [Glyph.AVAILABLE, Glyph.AWAY, Glyph.BUSY, Glyph.UNAVAILABLE])
def test_a_state_is_a_plain_dot(glyph: Glyph, screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, wns.Badge(glyph))
    mark = screen.locator(f".win-task .win-badge[data-glyph={glyph}]")
    mark.wait_for()
    dot = "name => node => getComputedStyle(node, '::before')[name]"
    shape = [mark.evaluate(f"({dot})('{name}')") for name in ("maskImage", "borderRadius")]
    assert shape == ["none", "50%"]


SHAPES = {
    # Points of a 16 by 16 field: inside the drawing, and outside of it.
    Glyph.ALARM: ([(8, 4), (3, 12), (13, 12), (8, 14)], [(2, 3), (8, 13), (3, 14)]),  # a bell, with its clapper
    Glyph.ALERT: (  # an asterisk: six arms, nothing between them
        [(8, 7.5), (8, 2.5), (8, 12.5), (3.5, 5), (12.5, 5), (3.5, 10), (12.5, 10)],
        [(4, 7.5), (12, 7.5), (5.5, 3), (10.5, 3), (5.5, 12), (10.5, 12)],
    ),
}


@pytest.mark.parametrize(("glyph", "inside", "outside"), [(name, *points) for name, points in SHAPES.items()])
def test_an_alarm_is_a_bell_and_an_alert_an_asterisk(
    glyph: Glyph, inside: Any, outside: Any, screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, wns.Badge(glyph))
    mark = screen.locator(f".win-task .win-badge[data-glyph={glyph}]")
    mark.wait_for()
    is_drawn = """(node, points) => {
      const shape = decodeURIComponent(getComputedStyle(node, "::before").maskImage);
      const path = new Path2D(/ d='([^']+)'/.exec(shape)[1]);
      const canvas = document.createElement("canvas").getContext("2d");
      return points.map(([x, y]) => canvas.isPointInPath(path, x, y, "evenodd"));
    }"""
    assert mark.evaluate(is_drawn, inside) == [True] * len(inside)
    assert mark.evaluate(is_drawn, outside) == [False] * len(outside)


# --- the page -------------------------------------------------------------------------------------------------------


def test_windows_devices_come_before_phones(page: Page, screen: Locator, winpush_emulator: Emulator) -> None:
    for _ in range(12):
        winpush_emulator.create_channel()
    late = winpush_emulator.create_windows_channel()
    page.locator(f"[data-phone='{late.id}']").wait_for()
    kinds = page.locator("#devices > li").evaluate_all("nodes => nodes.map(node => node.classList.contains('broad'))")
    assert kinds == sorted(kinds, reverse=True)
    assert kinds.count(True) == 2
