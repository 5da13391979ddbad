"""Every rule of a tile on both sides of it (wns.md 10)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from winpush import ValidationError, wns
from winpush.wns import Image, LegacyBinding, Text, TileBinding

_V2 = LegacyBinding("TileSquare150x150Text04", ["a"])
_V3 = LegacyBinding("TileSquare71x71IconWithBadge", images=["i.png"])


def _photos(number: int) -> TileBinding:
    return TileBinding("medium", *[Image(f"{n}.jpg") for n in range(number)], presentation="photos")


GOOD: list[Callable[[], wns.Notification]] = [
    lambda: wns.Tile(TileBinding("medium")),
    lambda: wns.Tile(*[TileBinding(size, "a") for size in ("small", "medium", "wide", "large")]),
    lambda: wns.Tile(TileBinding("medium", Text("a", style="headerNumeral", wrap=True, max_lines=2, min_lines=1))),
    lambda: wns.Tile(TileBinding("medium", Image("p.jpg", placement="peek"), Image("b.jpg", placement="background"))),
    lambda: wns.Tile(TileBinding("medium", Image("b.jpg", placement="background", overlay=0))),
    lambda: wns.Tile(TileBinding("medium", Image("b.jpg", placement="peek", overlay=100, crop="circle"))),
    lambda: wns.Tile(TileBinding("medium", overlay=100, text_stacking="bottom", branding="nameAndLogo")),
    lambda: wns.Tile(TileBinding("wide", "a", lock_status1="1", lock_status2="2", lock_status3="3")),
    lambda: wns.Tile(_photos(12)),
    lambda: wns.Tile(TileBinding("large", *[Image("a.png")] * 20, presentation="people")),
    lambda: wns.Tile(TileBinding("small", Image("a.png"), presentation="contact")),
    lambda: wns.Tile(TileBinding("medium", "a", fallback="TileSquareText04")),
    lambda: wns.Tile(TileBinding("medium", "a"), branding="name", display_name="Inbox", arguments="story=1"),
    lambda: wns.Tile(TileBinding("medium", wns.Group(wns.Subgroup("a", weight=33, text_stacking="center")))),
    lambda: wns.Tile(TileBinding("medium", "a"), _V2),
    lambda: wns.Tile(TileBinding("medium", "a"), _V3, version=None),
]

BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: wns.Tile(), "tile"),
    (lambda: wns.Tile("a"), "tile"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Tile(_V2), "tile"),
    (lambda: wns.Tile(TileBinding("medium", "a"), TileBinding("medium", "b")), "tile"),
    (lambda: wns.Tile(TileBinding("medium", "a"), _V2, version=None), "version"),
    (lambda: wns.Tile(TileBinding("medium", "a"), _V2, version=1), "version"),
    (lambda: wns.Tile(TileBinding("medium", "a"), version=0), "version"),
    (lambda: wns.Tile(TileBinding("medium", "a"), branding="both"), "visual.branding"),  # type: ignore[arg-type]  # no word
    (lambda: TileBinding("tall", "a"), "size"),  # type: ignore[arg-type]  # no size of the adaptive schema
    (lambda: TileBinding(["medium"], "a"), "size"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: TileBinding("medium", wns.Progress(0, "")), "tile"),  # type: ignore[arg-type]  # a toast's part
    (lambda: TileBinding("medium", Image("a.png", placement="hero")), "image.placement"),
    (lambda: TileBinding("medium", Text("a", placement="attribution")), "tile.text"),
    (lambda: TileBinding("medium", "\x01"), "tile.text"),
    (lambda: TileBinding("medium", overlay=101), "binding.overlay"),
    (lambda: TileBinding("medium", overlay=-1), "binding.overlay"),
    (lambda: TileBinding("medium", text_stacking="middle"), "binding.text_stacking"),  # type: ignore[arg-type]  # no word
    (lambda: TileBinding("medium", lock_status1="a"), "lock_status1"),
    (lambda: _photos(13), "tile.image"),
    (lambda: TileBinding("medium", fallback="TileSquare150x150Text04"), "binding.fallback"),
    (lambda: TileBinding("medium", fallback="TileWideText03"), "binding.fallback"),
    (lambda: TileBinding("medium", lang=""), "binding.lang"),
    (lambda: wns.Tile(TileBinding("medium", "x" * 5000)), "payload"),
]


@pytest.mark.parametrize("make", GOOD)
def test_what_the_schema_allows_is_made_and_a_device_has_no_objection(make: Callable[[], wns.Tile]) -> None:
    tile = make()
    assert wns.show(tile.body, "tile").objections == ()
    assert wns.parse(tile.body, "tile") == tile


@pytest.mark.parametrize(("make", "field"), BAD)
def test_what_the_schema_forbids_is_refused_and_the_field_is_named(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field


def test_a_tile_is_written_size_by_size() -> None:
    tile = wns.Tile(
        TileBinding("medium", "Hi", Text("there", style="captionSubtle", wrap=True), branding="logo"),
        TileBinding("wide", Image("p.jpg", placement="peek", overlay=20)),
        display_name="Inbox",
    )
    assert tile.body == (
        b'<tile><visual displayName="Inbox"><binding template="TileMedium" branding="logo"><text>Hi</text>'
        b'<text hint-style="captionSubtle" hint-wrap="true">there</text></binding>'
        b'<binding template="TileWide"><image placement="peek" src="p.jpg" hint-overlay="20"/></binding>'
        b"</visual></tile>"
    )
    assert tile.push_type == "tile"
    assert repr(tile).startswith("Tile(TileBinding(size='medium', content=('Hi', Text(")


def test_the_version_follows_from_the_legacy_templates_beside() -> None:
    adaptive = TileBinding("wide", "a")
    assert wns.Tile(adaptive).version is None
    assert wns.Tile(adaptive, LegacyBinding("TileSquareText04", ["a"])).version is None
    assert wns.Tile(adaptive, _V2).version == 2
    assert wns.Tile(adaptive, _V2, _V3).version == 3
