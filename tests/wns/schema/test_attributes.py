"""Every attribute of every element on both sides of its rule, by the one table of the schema (wns.md 9.1 and 10.1).

The table says what an attribute can hold; these tests say what that means, once for each kind of value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from winpush import ValidationError, wns
from winpush.wns.schema import attributes, types
from winpush.wns.schema.attributes import Attribute, Schema

_LIST = [wns.Selection("x", "x")]
_BACKGROUND = wns.Button("a", "b", activation_type="background")

# How a part with one attribute is made, and what else it needs so that only that attribute is in question.
MAKE: dict[str, tuple[Schema, Callable[..., Any]]] = {
    "toast": (attributes.TOAST, lambda **given: wns.Toast("a", **given)),
    "toast's visual": (attributes.TOAST_VISUAL, lambda **given: wns.Toast("a", **given)),
    "header": (
        attributes.HEADER,
        lambda **given: wns.Header(**{"id": "1", "title": "t", "arguments": "map:x", **given}),
    ),
    "text": (attributes.TEXT, lambda **given: wns.Text("a", **given)),
    "image": (attributes.IMAGE, lambda **given: wns.Image(**{"src": "a.png", **given})),
    "subgroup": (attributes.SUBGROUP, lambda **given: wns.Subgroup("a", **given)),
    "progress": (attributes.PROGRESS, lambda **given: wns.Progress(**{"value": 0.5, "status": "s", **given})),
    "text input": (attributes.TEXT_INPUT, lambda **given: wns.TextInput(**{"id": "1", **given})),
    "selection input": (
        attributes.SELECTION_INPUT,
        lambda **given: wns.SelectionInput(**{"id": "1", "selections": _LIST, **given}),
    ),
    "selection": (attributes.SELECTION, lambda **given: wns.Selection(**{"id": "1", "content": "c", **given})),
    "button": (attributes.BUTTON, lambda **given: wns.Button(**{"content": "c", "arguments": "map:x", **given})),
    "menu entry": (
        attributes.MENU_ENTRY,
        lambda **given: wns.MenuEntry(**{"content": "c", "arguments": "map:x", **given}),
    ),
    "audio": (attributes.AUDIO, lambda **given: wns.Audio(**given)),
    "tile's visual": (attributes.TILE_VISUAL, lambda **given: wns.Tile(wns.TileBinding("medium", "a"), **given)),
    "binding": (attributes.TILE_BINDING, lambda **given: wns.TileBinding("wide", "a", **given)),
    "legacy binding": (attributes.LEGACY_BINDING, lambda **given: wns.LegacyBinding("TileWideText03", ["a"], **given)),
}
NEEDS: dict[tuple[str, object], dict[str, Any]] = {
    ("activation_type", "protocol"): {"launch": "map:x"},
    ("activation_type", "system"): {"arguments": "snooze"},
    ("scenario", "reminder"): {"actions": [_BACKGROUND]},
    ("scenario", "alarm"): {"actions": [_BACKGROUND]},
    ("overlay", 0): {"placement": "peek"},
    ("overlay", 100): {"placement": "peek"},
    ("loop", True): {"src": wns.Sound.ALARM},
}
GOOD: dict[type, list[Any]] = {
    types.String: ["x", "", " ü<&>\"'\n"],
    types.Name: ["x", " "],
    types.Language: ["de", "zh-Hant-TW"],
    types.Flag: [True, False],
    types.Moment: [datetime(2017, 4, 15, 19, 45, tzinfo=UTC)],
    types.Fraction: [0, 0.0, 0.6, 1, 1.0, "indeterminate", "{bound}"],
    types.People: ["mailto:a@b.example", "tel:1", "remoteid:1"],
    types.ImageSource: [
        "http://a.example/a.png", "https://a.example/a", "ms-appx:///a.jpg", "ms-appdata:///local/a.gif",
        "file:///c:/a.jpeg", "a.png", "https://a.example/thumb.jpg?src=photo.webp", "a.png#b.svg", "a.webp/b",
    ],
    types.BaseUri: ["https://a.example/", "ms-appx:///x/"],
    types.SoundSource: [
        *wns.Sound, "ms-winsoundevent:App.Ding", "ms-appx:///a.mp3", "ms-appdata:///local/a.WAV", "ms-resource:a",
    ],
}  # fmt: skip
BAD: dict[type, list[Any]] = {
    types.String: [5, b"x", "\x00", "\ud800", "\ufffe"],
    types.Name: ["", 5, "\x1f"],
    types.Language: ["", "not a tag", "de_CH", 5],
    types.Flag: ["true", 1, 0],
    types.Whole: ["1", True, 1.0],
    types.Choice: ["", "no word of it", 5],
    types.Moment: ["2017-04-15T19:45:00Z", datetime(2017, 4, 15)],  # noqa: DTZ001 - the lack of a zone is the test
    types.Fraction: [-0.01, 1.01, float("inf"), "half", "{}", True],
    types.People: ["", "Bob", "http://a.example"],
    types.ImageSource: [
        *("", " ", "data:image/png;base64,AA", "ftp://a.example/a.png", 5),
        *("a.svg", "a.webp", "http://a.example/a.webp?b=c.png", "a.SVG#b"),
    ],
    types.BaseUri: ["", "a/", "ftp://a.example/"],
    types.SoundSource: [
        "",
        "Mail",
        "ms-winsoundevent:Notification.mail",
        "https://a.example/a.mp3",
        "ms-appx:///a.ogg",
    ],
}


def good_values(owner: str, entry: Attribute) -> list[Any]:
    if entry.name == "fallback":
        return ["TileWideText03"]
    if owner == "legacy binding" and entry.name == "branding":
        return ["none", "logo", "name"]  # the fourth came with Windows 10
    if (owner, entry.name) == ("selection input", "default"):
        return ["x"]  # the one selection there is
    if owner in ("button", "menu entry") and entry.name == "content":
        return ["x"]
    if isinstance(entry.kind, types.Whole):
        return [entry.kind.low, entry.kind.high]
    if isinstance(entry.kind, types.Choice):
        return list(entry.kind.values)
    return GOOD[type(entry.kind)]


def bad_values(entry: Attribute) -> list[Any]:
    out = BAD[type(entry.kind)]
    return [*out, entry.kind.low - 1, entry.kind.high + 1] if isinstance(entry.kind, types.Whole) else out


ATTRIBUTES = [
    pytest.param(owner, entry, id=f"{owner}-{entry.name}")
    for owner, (table, _) in MAKE.items()
    for entry in table.attributes
]


def needs(owner: str, entry: Attribute, value: object) -> dict[str, Any]:
    extra = NEEDS.get((entry.name, value), {}) if not isinstance(value, float) else {}
    known = {"toast": {"launch", "actions"}, "image": {"placement"}, "audio": {"src"}, "button": {"arguments"}}
    return {name: given for name, given in extra.items() if name in known.get(owner, set())}


def written(made: Any) -> str:
    return (made.body.decode() if isinstance(made, wns.Notification) else made.to_element()).split("</", 1)[0]


@pytest.mark.parametrize(("owner", "entry"), ATTRIBUTES)
def test_what_an_attribute_can_hold_is_taken_and_written(owner: str, entry: Attribute) -> None:
    _, make = MAKE[owner]
    for value in good_values(owner, entry):
        made = make(**{entry.name: value, **needs(owner, entry, value)})
        assert f' {entry.wire}="' in written(made)
        assert getattr(made, entry.name) == value


@pytest.mark.parametrize(("owner", "entry"), ATTRIBUTES)
def test_what_an_attribute_can_not_hold_is_refused_and_the_attribute_is_named(owner: str, entry: Attribute) -> None:
    _, make = MAKE[owner]
    for value in bad_values(entry):
        with pytest.raises(ValidationError) as caught:
            make(**{entry.name: value})
        assert caught.value.field.rpartition(".")[2] == entry.name


@pytest.mark.parametrize(
    ("owner", "entry"),
    [param for param in ATTRIBUTES if isinstance(param.values[1], Attribute) and param.values[1].required],
)
def test_a_required_attribute_can_not_be_left_out(owner: str, entry: Attribute) -> None:
    _, make = MAKE[owner]
    with pytest.raises(ValidationError) as caught:
        make(**{entry.name: None})
    assert caught.value.field.rpartition(".")[2] == entry.name


def test_every_element_of_the_table_is_looked_at() -> None:
    tables = {id(value) for value in vars(attributes).values() if isinstance(value, Schema) and value.attributes}
    # A toast's binding is written by us with one template, and only read otherwise: see test_device.
    assert tables == {id(table) for table, _ in MAKE.values()} | {id(attributes.TOAST_BINDING)}
