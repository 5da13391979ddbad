"""From MPNS to WNS: what each notification becomes, and that nothing gets lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from tests.mpns.test_properties import NOTIFICATIONS
from winpush import NothingToSendError, ValidationError, mpns, wns


def test_a_toast_keeps_its_texts_its_page_and_its_sound() -> None:
    toast = mpns.Toast("Bold", "normal", "/Page.xaml?id=1", sound="/Sounds/ping.mp3").to_wns()
    audio = wns.Audio("ms-appx:///Sounds/ping.mp3")
    assert toast == wns.Toast("Bold", "normal", launch="/Page.xaml?id=1", audio=audio)


def test_a_silent_toast_stays_silent() -> None:
    assert mpns.Toast("a", silent=True).to_wns() == wns.Toast("a", audio=wns.Audio(silent=True))


def test_a_raw_notification_keeps_its_bytes() -> None:
    assert mpns.Raw(b"\x00\xff").to_wns() == wns.Raw(b"\x00\xff")


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ("Background.png", "ms-appx:///Background.png"),
        ("/Assets/a.png", "ms-appx:///Assets/a.png"),
        ("Assets\\a.png", "ms-appx:///Assets/a.png"),
        ("https://images.test/a.png", "https://images.test/a.png"),
        ("isostore:/Shared/ShellContent/a.png", "ms-appdata:///local/Shared/ShellContent/a.png"),
    ],
)
def test_an_image_has_the_address_that_windows_gives_it(image: str, address: str) -> None:
    assert mpns.Tile(image).to_wns() == wns.Tile(wns.TileBinding("medium", wns.Image(address, placement="background")))


def test_a_tile_that_turned_over_peeks() -> None:
    tile = mpns.Tile("front.png", title="Title", back_background_image="back.png", back_content="Text").to_wns()
    binding = wns.TileBinding(
        "medium",
        wns.Image("ms-appx:///front.png", placement="peek"),
        wns.Image("ms-appx:///back.png", placement="background"),
        wns.Text("Text", wrap=True),
    )
    assert tile == wns.Tile(binding, branding="name", display_name="Title")


def test_a_flip_tile_keeps_its_three_sizes() -> None:
    tile = mpns.FlipTile("m.png", small_background_image="s.png", wide_background_image="w.png").to_wns()
    assert isinstance(tile, wns.Tile)
    assert [getattr(binding, "size", None) for binding in tile.bindings] == ["small", "medium", "wide"]


def test_an_iconic_tile_stays_iconic() -> None:
    tile = mpns.IconicTile(icon_image="i.png", small_icon_image="s.png", wide_content1="one").to_wns()
    assert isinstance(tile, wns.LegacyTile)
    assert [binding.template for binding in tile.bindings] == [
        "TileSquare71x71IconWithBadge",
        "TileSquare150x150IconWithBadge",
        "TileWide310x150IconWithBadgeAndText",
    ]


def test_an_iconic_tile_without_icons_shows_its_texts() -> None:
    assert mpns.IconicTile(wide_content2="two").to_wns() == wns.Tile(wns.TileBinding("wide", wns.Text("two")))


def test_a_cycle_tile_cycles_its_photos() -> None:
    tile = mpns.CycleTile("s.png", ["a.png", None, "b.png"]).to_wns()
    photos = (wns.Image("ms-appx:///a.png"), wns.Image("ms-appx:///b.png"))
    assert isinstance(tile, wns.Tile)
    assert tile.bindings[1:] == (
        wns.TileBinding("medium", *photos, presentation="photos"),
        wns.TileBinding("wide", *photos, presentation="photos"),
    )


@pytest.mark.parametrize(
    ("tile", "badge"),
    [
        (mpns.Tile(count=7), wns.Badge(7)),
        (mpns.Tile(count=0), wns.Badge(0)),
        (mpns.IconicTile(count=mpns.CLEAR), wns.Badge(0)),
        (mpns.Tile(title="no count"), None),
    ],
)
def test_a_count_becomes_a_badge_and_zero_clears_it(tile: Any, badge: wns.Badge | None) -> None:
    assert tile.to_wns_badge() == badge


def test_a_tile_of_which_windows_shows_nothing_says_what_to_send_instead() -> None:
    with pytest.raises(NothingToSendError, match="to_wns_badge"):
        mpns.Tile(count=7).to_wns()


@pytest.mark.parametrize(
    ("notification", "word"),
    [
        (mpns.Toast("a", batching=mpns.Batching.WITHIN_450_SECONDS), "batching"),
        (mpns.Toast("a", message_id="2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1"), "message_id"),
        (mpns.Toast("a", callback_uri="https://contoso.test/"), "callback_uri"),
        (mpns.Tile(title="a", id="/Page.xaml"), "id"),
        (mpns.Tile(title="a", count=1), "count"),
        (mpns.Tile(title="a", back_title="b"), "back_title"),
        (mpns.IconicTile("#FF112233", icon_image="i.png"), "background_color"),
        (mpns.IconicTile(title="a", icon_image="i.png"), "title"),
    ],
)
def test_what_stays_behind_is_told(notification: mpns.Notification, word: str) -> None:
    assert any(sentence.startswith(f"{word}: ") for sentence in notification.lost_in_wns())


def test_a_plain_toast_loses_nothing() -> None:
    assert mpns.Toast("a", "b", "?c").lost_in_wns() == ()


@settings(deadline=None)
@given(NOTIFICATIONS)
def test_whatever_mpns_takes_windows_shows_or_it_is_told_why_not(notification: mpns.Notification) -> None:
    notification.lost_in_wns()
    try:
        converted = notification.to_wns()
    except (NothingToSendError, ValidationError):
        return
    assert wns.parse(converted.body, converted.push_type) == converted
