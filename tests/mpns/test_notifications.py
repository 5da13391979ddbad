"""Every rule of a notification, on both sides of it; the error names the field, the problem and the limit."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from winpush import NothingToSendError, ValidationError
from winpush.mpns import CLEAR, Batching, CycleTile, FlipTile, IconicTile, Notification, Raw, Tile, Toast
from winpush.mpns.tiles import TileNotification

ID = "2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1"


@pytest.mark.parametrize(
    ("make", "field", "said"),
    [
        (lambda: Toast(), "text1", "at least one"),
        (lambda: Toast("", ""), "text1", "at least one"),
        (lambda: Toast(" ", "\n"), "text1", "at least one"),
        (lambda: Toast("a", sound="a.ogg"), "sound", "wav, mp3, wma"),
        (lambda: Toast("a", sound="http://a.example/a.wav"), "sound", "package"),
        (lambda: Tile("a.gif"), "background_image", ".gif"),
        (lambda: Tile("ftp://a.example/a.png"), "background_image", "'ftp'"),
        (lambda: Tile(" "), "background_image", "blank"),
        (lambda: CycleTile(cycle_images=["a.png", "b.svg?x"]), "cycle_image2", ".svg"),
        (lambda: Toast(7), "text1", "int"),  # type: ignore[arg-type]  # on purpose
        (lambda: Toast("a", param="Page.xaml"), "param", "'/'"),
        (lambda: Toast("a", param=""), "param", "empty"),
        (lambda: Toast("a", sound=""), "sound", "empty"),
        (lambda: Toast("a", sound="x.wav", silent=True), "sound", "choose one"),
        (lambda: Toast("a", silent="yes"), "silent", "True or False"),  # type: ignore[arg-type]  # on purpose
        (lambda: Toast("bell\a"), "text1", "U+0007 at position 4"),
        (lambda: Toast(text2="\ud800"), "text2", "U+D800"),
        (lambda: Toast("\ufffe"), "text1", "U+FFFE"),
        (lambda: Toast("é" * 1500), "payload", "3,072"),
        (lambda: Tile(), "tile", "at least one"),
        (lambda: Tile(id="/x"), "tile", "at least one"),
        (lambda: Tile(count=-1), "count", "99"),
        (lambda: Tile(count=100), "count", "99"),
        (lambda: Tile(count=True), "count", "bool"),
        (lambda: Tile(count="5"), "count", "str"),  # type: ignore[arg-type]  # on purpose
        (lambda: Tile(title=""), "title", "mpns.CLEAR"),
        (lambda: Tile(background_image=CLEAR), "background_image", "can't be cleared"),  # type: ignore[arg-type]  # on purpose
        (lambda: Tile(count=1, id="Page.xaml"), "id", "starts with '/'"),
        (lambda: Tile(count=1, id=""), "id", "empty"),
        (lambda: IconicTile("red"), "background_color", "#AARRGGBB"),
        (lambda: IconicTile("#12345"), "background_color", "#AARRGGBB"),
        (lambda: CycleTile(cycle_images=[]), "cycle_images", "1 to 9"),
        (lambda: CycleTile(cycle_images=["x"] * 10), "cycle_images", "1 to 9"),
        (lambda: CycleTile(cycle_images=5), "cycle_images", "list of images, not int"),  # type: ignore[arg-type]  # on purpose
        (lambda: CycleTile(cycle_images="abc"), "cycle_images", "list"),
        (lambda: CycleTile(cycle_images=["a", None]), "cycle_images", "ends with None"),
        (lambda: CycleTile(cycle_images=["a", ""]), "cycle_image2", "empty"),
        (lambda: Raw(""), "payload", "empty"),
        (lambda: Raw(b"x" * 3073), "payload", "3,073"),
        (lambda: Raw(7), "payload", "int"),  # type: ignore[arg-type]  # on purpose
        (lambda: Raw("\ud800"), "payload", "surrogate"),
        (lambda: Toast("a", message_id="no uuid"), "message_id", "UUID"),
        (lambda: Toast("a", message_id=f"{ID}\r\nX: y"), "message_id", "UUID"),
        (lambda: Toast("a", callback_uri="https://a/\r\nX-Evil: 1"), "callback_uri", "line break"),
        (lambda: Toast("a", callback_uri="/relative"), "callback_uri", "absolute"),
        (lambda: Toast("a", callback_uri="https://" + "a" * 700), "callback_uri", "1,024"),
        (lambda: Toast("a", callback_uri="https://ü/"), "callback_uri", "ASCII"),
        (lambda: Toast("a", callback_uri=7), "callback_uri", "int"),  # type: ignore[arg-type]  # on purpose
        (lambda: Toast("a", batching=1), "batching", "Batching"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_a_value_that_can_not_be_sent_is_refused_by_name(make: Callable[[], Any], field: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes, just made
    assert (again.field, str(again)) == (field, str(caught.value))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Toast("a"),
        lambda: Toast(text2="b"),
        lambda: Toast("tab\tline\nreturn\r", "<&>\"'"),
        lambda: Toast("a", param="/"),
        lambda: Toast("a", param="?x=1&y=2"),
        lambda: Toast("a", silent=True),
        lambda: Toast("a", sound="Sounds/new.wav"),
        lambda: Toast("a", " "),
        lambda: Tile(title=" "),
        lambda: Tile("isostore:/Shared/ShellContent/x.png", back_background_image="https://a.example/a?b=c.gif"),
        lambda: Tile("a.png#b.gif"),
        lambda: Toast("x" * (3072 - len(Toast("x").body) + 1)),
        lambda: Tile(count=0),
        lambda: Tile(count=99),
        lambda: Tile(count=CLEAR, title=CLEAR, back_background_image=CLEAR, back_title=CLEAR, back_content=CLEAR),
        lambda: FlipTile(background_image=CLEAR),
        lambda: IconicTile("#FF524742"),
        lambda: IconicTile("#524742"),
        lambda: CycleTile(cycle_images=["x"] * 9),
        lambda: CycleTile(cycle_images=[None, CLEAR, "c.png"]),
        lambda: Raw(b"x" * 3072),
        lambda: Raw("ü"),
        lambda: Raw(b"\x00\xff"),
        lambda: Toast(
            "a", batching=Batching.WITHIN_900_SECONDS, message_id=UUID(ID), callback_uri="https://a.example/"
        ),
    ],
)
def test_a_value_on_the_good_side_of_each_rule_is_taken(make: Callable[[], Notification]) -> None:
    notification = make()
    assert 0 < len(notification.body) <= 3072
    assert make() == notification
    assert hash(make()) == hash(notification)


def test_a_count_of_zero_is_sent_as_zero_and_a_cleared_field_as_clear() -> None:
    xml = FlipTile(count=0, title=CLEAR).to_xml().decode()
    assert "<wp:Count>0</wp:Count>" in xml
    assert '<wp:Title Action="Clear"></wp:Title>' in xml
    assert "BackTitle" not in xml


def test_the_8_era_templates_carry_version_and_template_and_the_older_tile_does_not() -> None:
    assert 'Version="2.0"' in IconicTile(count=1).to_xml().decode()
    assert 'Id="/x?a=1&amp;b=2" Template="CycleTile"' in CycleTile(count=1, id="/x?a=1&b=2").to_xml().decode()
    assert "Version" not in Tile(count=1).to_xml().decode()
    assert "Template" not in Tile(count=1).to_xml().decode()


def test_a_notification_is_frozen_and_shows_only_what_it_sends() -> None:
    toast = Toast("Bold", message_id=ID)
    with pytest.raises(AttributeError):
        toast.text1 = "other"  # type: ignore[misc]  # on purpose
    assert repr(toast) == f"Toast(text1='Bold', message_id={UUID(ID)!r})"


def test_a_log_entry_has_every_field_that_is_sent_cleared_ones_as_none() -> None:
    assert FlipTile(count=0, title=CLEAR, id="/x").to_dict() == {
        "type": "FlipTile",
        "count": 0,
        "title": None,
        "id": "/x",
    }
    assert CycleTile(cycle_images=["a", CLEAR]).to_dict()["cycle_images"] == ["a", None]
    assert Toast("a", silent=True, batching=Batching.WITHIN_450_SECONDS, message_id=ID).to_dict() == {
        "type": "Toast",
        "text1": "a",
        "silent": True,
        "batching": "within_450_seconds",
        "message_id": ID,
    }
    assert Raw(b"\xff").to_dict() == {"type": "Raw", "payload": "\ufffd", "payload_bytes": 1}


# --- older phones -------------------------------------------------------------------------------------------------

FULL = Toast("a", "b", "/p", "s.wav")


@pytest.mark.parametrize(
    ("notification", "version", "expected"),
    [
        (FULL, "7.0", Toast("a", "b")),
        (FULL, "7.1", Toast("a", "b", "/p")),
        (FULL, "7.8", Toast("a", "b", "/p")),
        (FULL, "8.0", FULL),
        (Toast("a", silent=True), "7.8", Toast("a")),
        (Toast("a", silent=True), "8.1", Toast("a", silent=True)),
        (Tile("f.png", 1, back_title="b"), "7.0", Tile("f.png", 1)),
        (Tile("f.png", 1, back_title="b", id="/x"), "7.1", Tile("f.png", 1, back_title="b", id="/x")),
        (Tile(count=1, title=CLEAR), "7.0", Tile(count=1)),
        (FlipTile("f.png", 1, wide_back_content="w", back_title="b"), "7.1", Tile("f.png", 1, back_title="b")),
        (FlipTile(CLEAR, 1), "7.1", Tile(count=1)),
        (FlipTile(wide_back_content="w"), "7.8", FlipTile(wide_back_content="w")),
        (IconicTile("#FF000000", 2, "t", icon_image="i"), "7.8", Tile(count=2, title="t")),
        (IconicTile(count=2), "8.0", IconicTile(count=2)),
        (CycleTile("s.png", [None, "a", "b"], 1), "7.8", FlipTile("a", 1, small_background_image="s.png")),
        (CycleTile("s.png", ["a", "b"], 1, id="/x"), "7.1", Tile("a", 1, id="/x")),
        (Raw("x"), "7.0", Raw("x")),
    ],
)
def test_an_older_phone_gets_what_it_can_take(notification: Notification, version: str, expected: Notification) -> None:
    assert notification.for_version(version) == expected


def test_the_delivery_options_survive_the_fall_back() -> None:
    tile = IconicTile(count=2, batching=Batching.WITHIN_450_SECONDS, message_id=ID).for_version("7.1")
    assert tile == Tile(count=2, batching=Batching.WITHIN_450_SECONDS, message_id=ID)


@pytest.mark.parametrize(
    ("notification", "version", "said"),
    [
        (IconicTile(wide_content1="x"), "7.8", "none of its fields"),
        (FlipTile(wide_back_content="x"), "7.1", "none of its fields"),
        (Tile(back_title="x"), "7.0", "none of its fields"),
        (Tile(title=CLEAR), "7.0", "none of its fields"),
        (Tile(count=1, id="/x"), "7.0", "no secondary tiles"),
    ],
)
def test_it_says_when_nothing_is_left_to_send(notification: Notification, version: str, said: str) -> None:
    with pytest.raises(NothingToSendError, match=said):
        notification.for_version(version)


@pytest.mark.parametrize("notification", [FULL, Tile(count=1), Raw("x")])
def test_a_version_that_mpns_never_served_is_refused(notification: Notification) -> None:
    with pytest.raises(ValidationError, match=r"7\.0, 7\.1, 7\.8, 8\.0, 8\.1"):
        notification.for_version("10")


@pytest.mark.parametrize("tile", [Tile(count=1), FlipTile(count=1), IconicTile(count=1), CycleTile(count=1)])
def test_a_subclass_of_a_tile_is_sent_as_that_tile(tile: TileNotification) -> None:
    own = type("NewsTile", (type(tile),), {})(count=1)
    assert own.body == tile.body
    assert own.replace(title="a").body == tile.replace(title="a").body
    assert own.for_version("8.1") is own
    assert own.for_version("7.1").body == tile.for_version("7.1").body
    assert repr(own) == "NewsTile(count=1)"
