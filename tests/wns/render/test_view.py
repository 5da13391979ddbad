"""What a device shows, in the form that the emulator's page gets; every document gets a verdict."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wns.strategies import patient
from winpush import wns
from winpush.wns.notifications import MAX_PAYLOAD_BYTES

_OK = "<text>a</text>"


def _toast(inner: str, root: str = "") -> str:
    return f"<toast {root}><visual><binding template='ToastGeneric'>{inner}</binding></visual></toast>"


def test_a_toasts_picture_has_everything_in_its_place() -> None:
    toast = wns.Toast(
        wns.Text("Title", max_lines=1),
        "Line",
        wns.Text("via SMS", placement="attribution"),
        wns.Image("logo.png", placement="appLogoOverride", crop="circle"),
        wns.Image("https://a.example/h.png", placement="hero"),
        wns.Image("inline.png", alt="An image", add_image_query=True),
        wns.Progress(0.6, "Downloading", title="Playlist"),
        wns.Group(wns.Subgroup(wns.Text("col", style="base"), weight=2)),
        launch="id=1",
        scenario="incomingCall",
        base_uri="https://cdn.example/base/",
        header=wns.Header("1", "Camping", ""),
        inputs=[wns.TextInput("box", placeholder="Reply")],
        actions=[wns.Button("Send", "s", input_id="box", style="Success"), wns.MenuEntry("Mute", "m")],
        audio=wns.Audio(wns.Sound.CALL2, loop=True),
    )
    view = wns.show(toast.body, "toast")
    picture = view.picture
    assert picture is not None
    assert [remark.rule for remark in view.remarks] == ["windows-11"]
    assert picture["launch"] == "id=1"
    assert picture["attribution"]["text"] == "via SMS"
    assert picture["app_logo"]["url"] == "https://cdn.example/base/logo.png"
    assert picture["app_logo"]["crop"] == "circle"
    assert picture["hero"]["url"] == "https://a.example/h.png"
    assert [item["type"] for item in picture["content"]] == ["text", "text", "image", "progress", "group"]
    assert picture["content"][0] == {"type": "text", "text": "Title", "max_lines": 1}
    assert picture["content"][2]["url"].startswith("https://cdn.example/base/inline.png?ms-scale=100&")
    assert picture["content"][3]["value"] == 0.6
    assert picture["content"][4]["subgroups"][0]["weight"] == 2
    assert picture["header"]["title"] == "Camping"
    assert picture["inputs"] == [{"type": "text", "id": "box", "placeholder": "Reply"}]
    assert picture["buttons"][0]["style"] == "Success"
    assert picture["menu"][0]["content"] == "Mute"
    assert picture["audio"] == {"src": str(wns.Sound.CALL2), "loop": True, "silent": False}


def test_what_is_ignored_is_not_in_the_picture() -> None:
    picture = wns.show(_toast(_OK * 4 + "<img src='a.png'/>", root="duration='7s'").encode(), "toast").picture
    assert picture is not None
    assert len(picture["content"]) == 3
    assert "duration" not in picture


def test_a_tiles_picture_goes_by_size_and_the_adaptive_binding_first() -> None:
    tile = wns.Tile(
        wns.TileBinding(
            "wide", "a", wns.Image("b.jpg", placement="background", overlay=60), lock_status1="1", branding="name"
        ),
        wns.TileBinding("medium", wns.Image("p.jpg", placement="peek"), "m"),
        wns.LegacyBinding("TileSquare150x150Text02", ["old", "older"]),
        display_name="Inbox",
        branding="logo",
    )
    picture = wns.show(tile.body, "tile").picture
    assert picture is not None
    assert picture["sizes"].keys() == {"wide", "medium"}
    assert picture["sizes"]["wide"]["background"]["overlay"] == 60
    assert picture["sizes"]["wide"]["lock_screen"] == ["1", None, None]
    assert picture["sizes"]["wide"]["branding"] == "name"
    assert picture["sizes"]["medium"]["branding"] == "logo"
    assert picture["sizes"]["medium"]["peek"]["url"] == "ms-appx:///p.jpg"
    assert picture["sizes"]["medium"]["content"] == [{"type": "text", "text": "m"}]


def test_a_legacy_tiles_picture_has_its_numbered_fields() -> None:
    tile = wns.LegacyTile(wns.LegacyBinding("TileWideSmallImageAndText04", ["a", "b"], ["i.png"]))
    picture = wns.show(tile.body, "tile").picture
    assert picture is not None
    wide = picture["sizes"]["wide"]
    assert [text["text"] for text in wide["texts"]] == ["a", "b"]
    assert wide["images"][0]["src"] == "i.png"


@pytest.mark.parametrize(
    ("value", "text", "glyph", "is_cleared"),
    [
        ("7", "7", None, False),
        ("0", "", None, True),
        ("100", "99+", None, False),
        ("none", "", "none", True),
        ("newMessage", "", "newMessage", False),
    ],
)
def test_a_badges_picture(value: str, text: str, glyph: str | None, is_cleared: bool) -> None:
    assert wns.show(f"<badge value='{value}'/>".encode(), "badge").picture == {
        "kind": "badge",
        "text": text,
        "glyph": glyph,
        "is_cleared": is_cleared,
    }


@pytest.mark.parametrize(
    "document", ["<badge/>", "<badge value=''/>", "<badge value='-1'/>", "<badge value='4294967296'/>"]
)
def test_a_badge_without_a_good_value_shows_nothing(document: str) -> None:
    assert not wns.show(document.encode(), "badge").is_shown


def test_raw_shows_nothing_and_is_told_as_text() -> None:
    view = wns.show(b"<toast/>\xff", "raw")
    assert view.picture == {"kind": "raw", "bytes": 9, "text": "<toast/>\ufffd"}
    assert view.remarks == ()


def test_a_remark_is_told_in_one_line_with_its_source() -> None:
    (remark,) = wns.show(b"<toast/>", "toast").remarks
    assert str(remark) == "toast: There is no <visual>, so nothing shows. (wns.md 9.1 [W8])"


def test_a_path_leads_to_the_element_and_to_the_attribute() -> None:
    view = wns.show(_toast("<text>a</text><text hint-tacos='1'>b</text>").encode(), "toast")
    assert [remark.path for remark in view.remarks] == ["toast/visual/binding/text[2]@hint-tacos"]


_NAMES = st.sampled_from(
    [
        "toast",
        "visual",
        "binding",
        "text",
        "image",
        "group",
        "subgroup",
        "progress",
        "actions",
        "input",
        "action",
        "selection",
        "audio",
        "header",
        "tile",
        "badge",
        "img",
    ]
)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            "id",
            "src",
            "template",
            "type",
            "value",
            "status",
            "placement",
            "hint-style",
            "hint-weight",
            "content",
            "arguments",
            "version",
            "scenario",
            "loop",
            "activationType",
            "hint-inputId",
            "defaultInput",
            "displayTimestamp",
            "hint-presentation",
        ]
    ),
    st.sampled_from(
        [
            "",
            "1",
            "a",
            "-5",
            "1e999",
            "99999999999999",
            "ToastGeneric",
            "TileMedium",
            "TileSquareText04",
            "text",
            "selection",
            "alarm",
            "reminder",
            "true",
            "protocol",
            "system",
            "photos",
            "²",
            "\u0661",
        ]
    ),
    max_size=3,
)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 4) -> str:
    name = draw(_NAMES)
    attributes = "".join(f' {key}="{value}"' for key, value in draw(_ATTRIBUTES).items())
    inner = draw(st.sampled_from(["", "a"]))
    if depth:
        inner += "".join(draw(st.lists(_elements(depth=depth - 1), max_size=3)))
    return f"<{name}{attributes}>{inner}</{name}>"


@patient
@given(st.sampled_from(["toast", "tile", "badge"]), st.lists(_elements(), max_size=2), _ATTRIBUTES)
def test_any_document_gets_a_verdict(kind: str, inner: list[str], attributes: dict[str, str]) -> None:
    own = "".join(f' {key}="{value}"' for key, value in attributes.items())
    document = f"<{kind}{own}><visual>{''.join(inner)}</visual>{''.join(inner)}</{kind}>".encode()
    view = wns.show(document, kind)
    json.dumps(view.to_dict())
    assert view.is_shown or view.objections
    assert len(document) > MAX_PAYLOAD_BYTES or isinstance(wns.parse(document, kind), wns.Notification)


@patient
@given(st.binary(max_size=60), st.sampled_from(["toast", "tile", "badge", "raw"]))
def test_any_bytes_get_a_verdict(document: bytes, kind: str) -> None:
    assert json.dumps(wns.show(document, kind).to_dict())


@pytest.mark.parametrize("kind", ["toast", "raw"])
@pytest.mark.parametrize("document", [_toast("<text>ü</text>"), "<toast>\x01", "é"])
def test_text_is_shown_as_bytes_are(document: str, kind: str) -> None:
    assert wns.show(document, kind) == wns.show(document.encode(), kind)
