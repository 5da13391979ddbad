"""Tiles, badges and raw notifications on the page, both verdicts, and the page around them, in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest

from tests.emulator.web.documents import open_details, text_of, texts, toast, xml
from tests.waiting import PATIENCE
from winpush import Client, wns
from winpush.emulator import Device, Emulator
from winpush.wns import Glyph
from winpush.wns.schema.templates import CATALOGUE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


# --- tiles and badges -----------------------------------------------------------------------------------------------


def test_a_tile_is_drawn_in_its_sizes_with_brand_background_and_peek(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    document = (
        "<tile><visual branding='nameAndLogo' displayName='Mail'>"
        "<binding template='TileSmall'><text hint-align='center'>3</text></binding>"
        "<binding template='TileMedium' hint-textStacking='center'><image placement='peek' src='jen.jpg'/>"
        "<text hint-style='subtitle'>Jennifer</text></binding>"
        "<binding template='TileWide' branding='name' hint-lockDetailedStatus1='3 new'>"
        "<image placement='background' src='lake.jpg' hint-overlay='60'/><text>Photos</text></binding>"
        "<binding template='TileLarge' branding='none'><text hint-wrap='true'>Large</text></binding></visual></tile>"
    )
    wns_client.send(device.uri, xml("tile", document))
    screen.locator(".win-tile").first.wait_for()
    sizes = screen.locator(".win-tile").evaluate_all("nodes => nodes.map(node => node.dataset.size)")
    assert sizes == ["wide", "medium", "small"]
    assert "+1 tile size" in text_of(screen.locator(".phone-foot"))
    panel = open_details(page, screen)
    tiles = panel.locator(".win-tile")
    assert texts(panel.locator(".win-figure figcaption")) == [
        "small",
        "medium, face 1",
        "medium, face 2",
        "wide",
        "large",
    ]
    assert texts(tiles.nth(1).locator(".image-name")) == ["jen.jpg"]
    assert texts(tiles.nth(2).locator(".win-text, .tile-name")) == ["Jennifer", "Mail"]
    assert tiles.nth(3).locator(".behind").evaluate("node => node.style.getPropertyValue('--overlay')") == "0.6"
    brands = [
        (tiles.nth(at).locator(".win-app").count(), tiles.nth(at).locator(".tile-name").count()) for at in (0, 2, 3, 4)
    ]
    assert brands == [(0, 0), (1, 1), (0, 1), (0, 0)]
    assert texts(panel.locator(".win-lock p")) == ["Lock screen", "3 new"]


@pytest.mark.parametrize(("presentation", "faces"), [("photos", 3), ("people", 1), ("contact", 1)])
def test_photos_follow_each_other_and_people_are_circles(
    presentation: str, faces: int, page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    images = "".join(f"<image src='{n}.png'/>" for n in range(3))
    binding = f"<binding template='TileMedium' hint-presentation='{presentation}'>{images}</binding>"
    wns_client.send(device.uri, xml("tile", f"<tile><visual>{binding}</visual></tile>"))
    screen.locator(".win-tile").wait_for()
    assert screen.locator(".win-tile .face").count() == faces
    assert screen.locator(".win-tile .win-image").count() == 3
    assert screen.locator(".win-tile [data-crop=circle]").count() == (0 if presentation == "photos" else 3)


def test_every_legacy_tile_shows_all_of_its_texts_and_images(page: Page) -> None:
    pictures: list[dict[str, Any]] = [
        {
            "size": template.size,
            "template": name,
            "texts": [{"type": "text", "text": f"<Text {n}>"} for n in range(template.texts)],
            "images": [{"type": "image", "src": f"{n}.png", "url": f"{n}.png"} for n in range(template.images)],
        }
        for name, template in CATALOGUE.items()
        if template.kind == "tile"
    ]
    drawn = page.evaluate(
        """async (pictures) => {
          const {legacyFaces} = await import('/web/win-legacy.js');
          return pictures.map((picture) => {
            const tile = document.createElement('div');
            tile.append(...legacyFaces(picture.size, picture, null));
            return {faces: tile.childElementCount, images: tile.querySelectorAll('.win-image, .icon').length,
                    texts: [...tile.querySelectorAll('.win-text')].map((node) => node.textContent)};
          });
        }""",
        pictures,
    )
    for picture, shown in zip(pictures, drawn, strict=True):
        assert shown["texts"] == [text["text"] for text in picture["texts"]], picture["template"]
        assert shown["images"] == len(picture["images"]), picture["template"]
        assert (shown["faces"] == 2) is ("Peek" in picture["template"]), picture["template"]


def test_a_badge_is_a_number_on_the_task_bar_and_on_the_tiles(
    screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, wns.Tile(wns.TileBinding("medium", "Mail")))
    for value, shown in (("1", "1"), ("99", "99"), ("100", "99+"), ("4294967295", "99+")):
        wns_client.send(device.uri, wns.Badge(1))
        screen.locator(".win-task .win-badge", has_text=re.compile("^1$")).wait_for()
        wns_client.send(device.uri, xml("badge", f"<badge value='{value}'/>"))
        screen.locator(".win-task .win-badge", has_text=re.compile(f"^{re.escape(shown)}$")).wait_for()
        assert texts(screen.locator(".win-badge")) == [shown, shown]


def test_every_glyph_has_a_name_and_a_shape_of_its_own(screen: Locator, device: Device, wns_client: Client) -> None:
    shapes = set()
    glyphs = [glyph for glyph in Glyph if glyph is not Glyph.NONE]
    for glyph in glyphs:
        wns_client.send(device.uri, wns.Badge(glyph))
        mark = screen.locator(f".win-task .win-badge[data-glyph={glyph}]")
        mark.wait_for()
        assert (mark.get_attribute("aria-label") or "").replace(" ", "").lower() == f"badge{glyph}".lower()
        shapes.add(
            mark.evaluate(
                "node => { const {maskImage, backgroundColor} = getComputedStyle(node, '::before');"
                " return maskImage === 'none' ? backgroundColor : maskImage; }"
            )
        )
    assert len(shapes) == len(glyphs) == 12
    assert len([shape for shape in shapes if not shape.startswith("url(")]) == 4  # the dots


@pytest.mark.parametrize("cleared", ["0", "none"])
def test_a_cleared_badge_is_gone(cleared: str, screen: Locator, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, wns.Badge(7))
    screen.locator(".win-task .win-badge").wait_for()
    wns_client.send(device.uri, xml("badge", f"<badge value='{cleared}'/>"))
    screen.locator(".win-task .win-badge").wait_for(state="detached")


def test_raw_notifications_are_text_or_hexadecimal_with_their_size(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, wns.Raw(b'{"room": 7}'))
    wns_client.send(device.uri, wns.Raw(b"\x00\x01\xff"))
    screen.locator(".phone-foot", has_text="last raw 3 bytes").wait_for()
    raws = open_details(page, screen).locator(".raw-list")
    assert texts(raws.locator(".raw-preview")) == ["00 01 ff", '{"room": 7}']
    assert "11 bytes" in text_of(raws)


# --- the two verdicts -----------------------------------------------------------------------------------------------


def test_a_request_shows_the_services_answer_and_the_devices_verdict_element_by_element(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    inside = "<text hint-tacos='1'>a</text><marquee>b</marquee><image src='ftp://x/a.png'/>"
    wns_client.send(device.uri, toast(inside))
    page.locator(".request[data-for] summary").first.click()
    opened = page.locator(".request[open] .request-body")
    assert "X-WNS-Status" in text_of(opened)
    assert "Shows it without 2 elements." in text_of(opened)
    rows = opened.locator(".element")
    fates = rows.evaluate_all("nodes => nodes.map(node => [node.dataset.path, node.dataset.fate])")
    assert fates == [
        ["toast", "shown"],
        ["toast/visual", "shown"],
        ["toast/visual/binding", "shown"],
        ["toast/visual/binding/text", "note"],
        ["toast/visual/binding/marquee", "ignored"],
        ["toast/visual/binding/image", "ignored"],
    ]
    assert "No device recognises <marquee> here" in text_of(rows.nth(4))
    assert "wns.md 9.1" in text_of(rows.nth(4))
    assert text_of(rows.nth(5).locator(".remark-place")).startswith("src")


def test_what_no_device_shows_is_said_to_be_lost(page: Page, device: Device, wns_client: Client) -> None:
    wns_client.send(device.uri, xml("toast", "<toast/>"))
    page.locator(".request[data-for] summary").first.click()
    page.locator(".request[open] .device-summary", has_text="Shows none of it.").wait_for()


# --- the page around them ---------------------------------------------------------------------------------------------


def test_nothing_that_a_sender_writes_becomes_markup(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    device = winpush_emulator.create_windows_channel(name=HOSTILE)
    evil = escape(HOSTILE, {"'": "&apos;", '"': "&quot;"})
    inside = (
        f"<text hint-style='{evil}' lang='{evil}'>{evil}</text><text placement='attribution'>{evil}</text>"
        f"<image src='{evil}' alt='{evil}'/><progress title='{evil}' value='0.5' status='{evil}' "
        f"valueStringOverride='{evil}'/><group><subgroup><text>{evil}</text></subgroup></group><{'x' * 9} a='{evil}'/>"
    )
    actions = (
        f"<actions><input id='{evil}' type='text' title='{evil}' placeHolderContent='{evil}'/>"
        f"<input id='s' type='selection' title='{evil}' defaultInput='{evil}'><selection id='{evil}' content='{evil}'/>"
        f"</input><action content='{evil}' arguments='{evil}' imageUri='{evil}' hint-toolTip='{evil}'/>"
        f"<action content='{evil}' arguments='{evil}' placement='contextMenu'/></actions>"
    )
    header = f"<header id='{evil}' title='{evil}' arguments='{evil}'/>"
    wns_client.send(device.uri, toast(inside, actions, f" launch='{evil}'", header))
    wns_client.send(device.uri, wns.Tile(wns.TileBinding("medium", HOSTILE), display_name=HOSTILE))
    wns_client.send(device.uri, wns.Raw(HOSTILE.encode()))
    screen = page.locator(f"[data-phone='{device.id}']")
    screen.locator(".win-slot .toast-title", has_text="<img src=x").wait_for()
    screen.locator(".win-bell").click()
    screen.locator(".phone-open").click()
    page.locator(".request[data-for] summary").first.click()
    page.locator(".request[open] .request-body").wait_for()
    assert "owned" not in page.title()
    assert page.locator("img, iframe, object, body script").count() == 0


def test_a_device_that_comes_back_shows_what_was_kept_for_it(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    device = winpush_emulator.create_windows_channel("disconnected")
    screen = page.locator(f"[data-phone='{device.id}']")
    wns_client.send(device.uri, wns.Toast("kept"))
    screen.locator(".phone-foot", has_text="1 accepted").wait_for()
    assert screen.locator(".win-toast").count() == 0
    assert "offline" in (screen.locator(".phone-head .tone-later").get_attribute("title") or "")
    winpush_emulator.change(device, state="healthy")
    screen.locator(".win-toast", has_text="kept").wait_for()
    screen.locator(".phone-head .tone-ok", has_text="healthy").wait_for()


def test_the_search_finds_what_is_written_on_a_windows_device(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    first, second = (winpush_emulator.create_windows_channel() for _ in range(2))
    wns_client.send(first.uri, toast("<text>a</text>", "<actions><action content='Renew' arguments='r'/></actions>"))
    page.locator(".win-button", has_text="Renew").wait_for()
    page.fill("#filter-text", "renew")
    page.locator(f"[data-phone='{second.id}']").wait_for(state="hidden")
    assert page.locator(f"[data-phone='{first.id}']").is_visible()


@pytest.mark.parametrize("width", [320, 390, 760, 1180, 1440])
def test_no_screen_is_wider_than_the_page(
    width: int, page: Page, screen: Locator, device: Device, winpush_emulator: Emulator, wns_client: Client
) -> None:
    winpush_emulator.create_windows_channel(phone=True)
    button = f"<action content='{'long' * 9}' arguments='a'/>"
    actions = f"<actions>{button * 5}</actions>"
    wns_client.send(device.uri, toast(f"<text>{'long' * 40}</text>", actions, " scenario='reminder'"))
    wns_client.send(device.uri, wns.Tile(*[wns.TileBinding(size, "Mail") for size in ("small", "medium", "wide")]))
    page.emulate_media(reduced_motion="reduce")  # a toast that is still flying in is elsewhere
    page.set_viewport_size({"width": width, "height": 800})
    screen.locator(".win-tile").first.wait_for()
    screen.locator(".win-toast").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inner = "node => { const box = node.getBoundingClientRect(); return [box.left, box.right]; }"
    left, right = screen.locator(".win-screen").evaluate(inner)
    for part in (".win-toast", ".win-start", ".win-bar", ".win-button >> nth=-1"):
        own = screen.locator(part).first.evaluate(inner)
        assert left - 1 <= own[0] < own[1] <= right + 1, part


def test_the_colours_follow_the_scheme_and_keep_their_contrast(
    page: Page, screen: Locator, device: Device, wns_client: Client
) -> None:
    wns_client.send(device.uri, wns.Toast("a"))
    screen.locator(".win-slot .win-toast").wait_for()
    open_details(page, screen)
    cards = page.locator(".win-toast")
    read = (
        "nodes => nodes.map(node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]"
        ".map(colour => colour.match(/[0-9.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)))"
    )
    for scheme, sign in (("light", 1), ("dark", -1)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # the two words are literals of its own
        contrasts = [sign * (paper - ink) for paper, ink in cards.evaluate_all(read)]
        assert len(contrasts) == 2
        assert min(contrasts) > 400, scheme


def test_only_screens_that_can_be_seen_soon_are_drawn(
    page: Page, winpush_emulator: Emulator, wns_client: Client
) -> None:
    devices = [winpush_emulator.create_windows_channel() for _ in range(300)]
    page.locator(f"[data-phone='{devices[-1].id}']").wait_for(state="attached")
    page.locator(f"[data-phone='{devices[0].id}'] .win-desk").wait_for()
    assert page.locator(".win-desk").count() < 100
    wns_client.send(devices[-1].uri, wns.Toast("far below", ttl=timedelta(minutes=5)))
    last = page.locator(f"[data-phone='{devices[-1].id}']")
    last.scroll_into_view_if_needed()
    last.locator(".win-toast", has_text="far below").wait_for()
    page.locator(f"[data-phone='{devices[0].id}'] .win-desk").wait_for(state="detached")


def test_a_page_that_outlives_its_emulator_shows_the_next_ones_news(browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    port = 0
    for word in ("before", "after"):
        with Emulator(port=port, seed=1) as emulator:
            device = emulator.create_windows_channel()
            with Client(wns=emulator.entra_credentials, allow_hosts=emulator.authorities) as client:
                client.send(device.uri, wns.Toast(word))
            if not port:
                page.goto(emulator.url)
            port = emulator.port
            page.locator(".win-slot .win-toast", has_text=word).wait_for()
    page.close()
