"""From MPNS to WNS: what each notification becomes, and that nothing is lost silently."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.mpns.strategies import NOTIFICATIONS
from winpush import Client, NothingToSendError, ValidationError, convert, mpns, wns
from winpush.emulator import Emulator


def test_a_toast_keeps_its_texts_its_page_and_its_sound() -> None:
    toast = convert.to_wns(mpns.Toast("Bold", "normal", "/Page.xaml?id=1", sound="/Sounds/ping.mp3"))
    audio = wns.Audio("ms-appx:///Sounds/ping.mp3")
    assert toast == wns.Toast("Bold", "normal", launch="/Page.xaml?id=1", audio=audio)


def test_a_silent_toast_stays_silent() -> None:
    assert convert.to_wns(mpns.Toast("a", silent=True)) == wns.Toast("a", audio=wns.Audio(silent=True))


def test_a_raw_notification_keeps_its_bytes() -> None:
    assert convert.to_wns(mpns.Raw(b"\x00\xff")) == wns.Raw(b"\x00\xff")


@pytest.mark.parametrize(
    ("image", "address"),
    [
        ("Background.png", "ms-appx:///Background.png"),
        ("/Assets/a.png", "ms-appx:///Assets/a.png"),
        ("Assets\\a.png", "ms-appx:///Assets/a.png"),
        ("https://images.test/a.png", "https://images.test/a.png"),
        ("\n  https://images.test/a.png\n", "https://images.test/a.png"),
        ("ms-appx:///Assets/a.png", "ms-appx:///Assets/a.png"),
        ("isostore:/Shared/ShellContent/a.png", "ms-appdata:///local/Shared/ShellContent/a.png"),
    ],
)
def test_an_image_has_the_address_that_windows_gives_it(image: str, address: str) -> None:
    shown = wns.Image(address, placement="background", overlay=0)  # as light as the phone showed it
    assert convert.to_wns(mpns.Tile(image)) == wns.Tile(wns.TileBinding("medium", shown))


@pytest.mark.parametrize("sound", ["ms-appx:///Sounds/a.wav", "Sounds/a.wav", "/Sounds\\a.wav"])
def test_a_sound_has_the_address_that_windows_gives_it(sound: str) -> None:
    assert convert.to_wns(mpns.Toast("a", sound=sound)).audio == wns.Audio("ms-appx:///Sounds/a.wav")


def test_a_tile_that_turned_over_peeks() -> None:
    tile = convert.to_wns(
        mpns.Tile("front.png", title="Title", back_background_image="back.png", back_title="Back", back_content="Text")
    )
    binding = wns.TileBinding(
        "medium",
        wns.Image("ms-appx:///front.png", placement="peek", overlay=0),
        wns.Image("ms-appx:///back.png", placement="background", overlay=0),
        wns.Text("Text", wrap=True),
        wns.Text("Back", style="captionSubtle"),
    )
    assert tile == wns.Tile(binding, branding="name", display_name="Title")


def test_the_wide_side_of_a_flip_tile_has_the_back_title_too_but_not_for_it_alone() -> None:
    tile = convert.to_wns(mpns.FlipTile("a.png", wide_back_content="Text", back_title="Back"))
    assert isinstance(tile, wns.Tile)
    assert tile.bindings[1:] == (
        wns.TileBinding("wide", wns.Text("Text", wrap=True), wns.Text("Back", style="captionSubtle")),
    )
    alone = convert.to_wns(mpns.FlipTile("a.png", back_title="Back"))
    assert isinstance(alone, wns.Tile)
    assert [getattr(binding, "size", None) for binding in alone.bindings] == ["medium"]


def test_a_cleared_title_leaves_its_place_empty_and_one_left_out_is_the_apps_name() -> None:
    image = wns.TileBinding("medium", wns.Image("ms-appx:///a.png", placement="background", overlay=0))
    assert convert.to_wns(mpns.Tile("a.png", title=mpns.CLEAR)) == wns.Tile(image, branding="none")
    assert convert.to_wns(mpns.Tile("a.png")) == wns.Tile(image)


def test_a_title_alone_is_a_tile_with_that_name() -> None:
    named = wns.Tile(wns.TileBinding("medium"), branding="name", display_name="Mail")
    assert convert.to_wns(mpns.CycleTile(title="Mail")) == named


def test_a_flip_tile_keeps_its_three_sizes() -> None:
    tile = convert.to_wns(mpns.FlipTile("m.png", small_background_image="s.png", wide_background_image="w.png"))
    assert isinstance(tile, wns.Tile)
    assert [getattr(binding, "size", None) for binding in tile.bindings] == ["small", "medium", "wide"]


def test_an_iconic_tile_stays_iconic_and_keeps_its_name() -> None:
    tile = convert.to_wns(mpns.IconicTile(icon_image="i.png", small_icon_image="s.png", title="Mail"))
    small = wns.LegacyBinding("TileSquare71x71IconWithBadge", images=["ms-appx:///s.png"])
    medium = wns.LegacyBinding("TileSquare150x150IconWithBadge", images=["ms-appx:///i.png"])
    assert tile == wns.LegacyTile(small, medium, branding="name", display_name="Mail")


def test_the_rows_of_an_iconic_tile_stand_beside_its_icon_on_a_wide_tile_of_windows_10() -> None:
    tile = convert.to_wns(mpns.IconicTile(icon_image="i.png", wide_content1="one", wide_content3="three"))
    rows = wns.Subgroup(wns.Text("one", style="subtitle"), wns.Text("three", style="captionSubtle"), weight=3)
    wide = wns.TileBinding("wide", wns.Group(wns.Subgroup(wns.Image("ms-appx:///i.png"), weight=1), rows))
    medium = wns.LegacyBinding("TileSquare150x150IconWithBadge", images=["ms-appx:///i.png"])
    assert tile == wns.Tile(medium, wide)


def test_an_iconic_tile_without_icons_shows_its_texts() -> None:
    wide = wns.TileBinding("wide", wns.Text("two", style="captionSubtle"))
    assert convert.to_wns(mpns.IconicTile(wide_content2="two")) == wns.Tile(wide)


def test_a_cycle_tile_cycles_its_photos() -> None:
    tile = convert.to_wns(mpns.CycleTile("s.png", ["a.png", None, "b.png"]))
    photos = (wns.Image("ms-appx:///a.png"), wns.Image("ms-appx:///b.png"))
    assert isinstance(tile, wns.Tile)
    assert tile.bindings == (
        wns.TileBinding("small", wns.Image("ms-appx:///s.png", placement="background", overlay=0)),
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
        (mpns.Xml("tile", mpns.Tile(count=3).to_xml()), wns.Badge(3)),
    ],
)
def test_a_count_becomes_a_badge_and_zero_clears_it(tile: Any, badge: wns.Badge | None) -> None:
    assert convert.to_wns_badge(tile) == badge


@pytest.mark.parametrize(
    "tile",
    [
        mpns.Tile(count=7),
        mpns.Tile(back_content=mpns.CLEAR),
        mpns.IconicTile("#FF000000"),
        mpns.CycleTile(cycle_images=[mpns.CLEAR]),
    ],
    ids=lambda tile: type(tile).__name__,
)
def test_a_tile_of_which_windows_shows_nothing_says_what_to_send_instead(tile: Any) -> None:
    with pytest.raises(NothingToSendError, match="to_wns_badge"):
        convert.to_wns(tile)


def test_what_is_no_tile_has_no_badge_and_what_is_not_for_mpns_loses_nothing() -> None:
    with pytest.raises(ValidationError, match="is a Toast"):
        convert.to_wns_badge(mpns.Toast("a"))  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ValidationError, match="not a notification of MPNS"):
        convert.lost_in_wns(wns.Toast("a"))  # type: ignore[arg-type]  # the mistake


def test_a_toast_of_blanks_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one"):
        convert.to_wns(mpns.Toast(" "))


def test_a_tile_that_grows_over_the_limit_of_wns_is_refused_with_its_size() -> None:
    images = [f"https://images.test/{n}/{'x' * 250}.png" for n in range(9)]
    with pytest.raises(ValidationError, match=r"payload: has 5,.* at most 5,000"):
        convert.to_wns(mpns.CycleTile(cycle_images=images))


@pytest.mark.parametrize(
    ("notification", "word"),
    [
        (mpns.Toast("a", batching=mpns.Batching.WITHIN_450_SECONDS), "batching"),
        (mpns.Toast("a", message_id="2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1"), "message_id"),
        (mpns.Toast("a", callback_uri="https://contoso.test/"), "callback_uri"),
        (mpns.Tile(title="a", id="/Page.xaml"), "id"),
        (mpns.Tile(title="a", count=1), "count"),
        (mpns.IconicTile("#FF112233", icon_image="i.png"), "background_color"),
    ],
)
def test_what_stays_behind_is_told(notification: mpns.Notification, word: str) -> None:
    assert any(sentence.startswith(f"{word}: ") for sentence in convert.lost_in_wns(notification))


def test_a_plain_toast_loses_nothing() -> None:
    assert convert.lost_in_wns(mpns.Toast("a", "b", "?c")) == ()


def test_what_a_tile_becomes_is_sent_and_shown(winpush_emulator: Emulator) -> None:
    device = winpush_emulator.create_windows_channel()
    tile = mpns.FlipTile("front.png", 5, "Mail", back_content="Ada")
    badge = convert.to_wns_badge(tile)
    assert badge is not None
    with Client(wns=winpush_emulator.entra_credentials, allow_hosts=winpush_emulator.authorities) as client:
        assert client.send(device.uri, convert.to_wns(tile)).ok
        assert client.send(device.uri, badge).ok
    assert device.tile is not None
    assert device.tile["sizes"]["medium"]["peek"]["url"] == "ms-appx:///front.png"
    assert device.badge is not None


@given(NOTIFICATIONS)
def test_whatever_mpns_takes_windows_shows_without_an_objection_or_it_is_told_why_not(
    notification: mpns.Notification,
) -> None:
    lost = convert.lost_in_wns(notification)
    refusal: Exception | None = None
    try:
        converted = convert.to_wns(notification)
    except (NothingToSendError, ValidationError) as error:
        refusal = error
    if isinstance(refusal, ValidationError):
        # What grew over 5,000 bytes: no other rule of WNS can be broken.
        assert refusal.field == "payload"
    elif refusal is not None:
        assert lost
    else:
        assert wns.parse(converted.body, converted.push_type) == converted
        remarks = wns.show(converted.body, converted.push_type).remarks
        # No objections: that the icon templates' number comes with a badge, and that a tile of blanks is blank.
        assert {remark.rule for remark in remarks} <= {"needs-badge", "empty-binding"}
