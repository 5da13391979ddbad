"""The legacy catalogue, template by template, and the notifications made from it (wns.md 10.4 and 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.reference import load, needs_protocol, read_xml
from winpush import ValidationError, wns
from winpush.wns import Image, LegacyBinding, LegacyTile, LegacyToast, Template

_TEMPLATES: dict[str, dict[str, Any]] = dict(load("wns_legacy_templates.json") or {})


def _texts(template: Template) -> list[str]:
    return [f"text {n}" for n in range(template.texts)]


def _images(template: Template) -> list[str]:
    return [f"{n}.png" for n in range(template.images)]


def _make(template: Template, texts: list[str], images: list[str]) -> wns.Notification:
    if template.kind == "toast":
        return LegacyToast(template.name, texts, images)
    return LegacyTile(LegacyBinding(template.name, texts, images))


@needs_protocol
def test_the_catalogue_has_exactly_the_documented_templates() -> None:
    assert wns.CATALOGUE.keys() == _TEMPLATES.keys()
    assert len(wns.CATALOGUE) == 134


@needs_protocol
@pytest.mark.parametrize("name", _TEMPLATES)
def test_a_template_has_the_documented_facts(name: str) -> None:
    template, facts = wns.CATALOGUE[name], _TEMPLATES[name]
    assert template.kind == facts["kind"]
    assert (template.texts, template.images) == (facts["text_fields"], facts["image_fields"])
    assert template.size == facts["tile_size"]
    assert template.version == facts["visual_version"]
    assert template.fallback == facts["fallback"]
    assert template.successor == facts.get("v2_name")
    assert template.phone == facts["windows_phone_8_1"]
    assert template.number == facts["enum_value"]


@pytest.mark.parametrize("template", wns.CATALOGUE.values(), ids=lambda template: template.name)
def test_a_template_takes_its_number_of_fields_and_no_other(template: Template) -> None:
    texts, images = _texts(template), _images(template)
    notification = _make(template, texts, images)
    binding = read_xml(notification.body).find("visual/binding")
    assert binding is not None
    assert [(text.get("id"), text.text) for text in binding.iter("text")] == [
        (str(n), text) for n, text in enumerate(texts, 1)
    ]
    assert [image.get("id") for image in binding.iter("image")] == [str(n) for n in range(1, template.images + 1)]
    assert wns.parse(notification.body, template.kind) == notification
    # Phones draw some that Windows 10 skips: see test_retired_templates_are_skipped.
    assert wns.show(notification.body, template.kind, on_phone=True).objections == ()
    for wrong_texts, wrong_images, field in (
        ([*texts, "more"], images, "texts"),
        (texts[1:] if texts else ["more"], images, "texts"),
        (texts, [*images, "more.png"], "images"),
        (texts, images[1:] if images else ["more.png"], "images"),
    ):
        with pytest.raises(ValidationError) as caught:
            _make(template, wrong_texts, wrong_images)
        assert caught.value.field == field


def test_a_version_2_template_brings_its_version_and_fallback() -> None:
    tile = LegacyTile(LegacyBinding("TileSquare150x150Text04", ["a"]), LegacyBinding("TileWide310x150Text03", ["b"]))
    assert tile.body == (
        b'<tile><visual version="2"><binding template="TileSquare150x150Text04" fallback="TileSquareText04">'
        b'<text id="1">a</text></binding><binding template="TileWide310x150Text03" fallback="TileWideText03">'
        b'<text id="1">b</text></binding></visual></tile>'
    )


def test_images_come_with_alternative_texts() -> None:
    toast = LegacyToast("ToastImageAndText01", ["a"], [Image("a.png", alt="A", add_image_query=True)], launch="x")
    assert toast.body == (
        b'<toast launch="x"><visual><binding template="ToastImageAndText01">'
        b'<image id="1" src="a.png" alt="A" addImageQuery="true"/><text id="1">a</text></binding></visual></toast>'
    )


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: LegacyToast("ToastText05", ["a"]), "template"),
    (lambda: LegacyToast("TileSquareText04", ["a"]), "template"),
    (lambda: LegacyBinding("ToastText01", ["a"]), "template"),
    (lambda: LegacyToast("ToastText02", ["", " "]), "texts"),
    (lambda: LegacyToast("ToastText01", "a"), "texts"),
    (lambda: LegacyToast("ToastText01", [5]), "texts"),  # type: ignore[list-item]  # the wrong type is the test
    (lambda: LegacyToast("ToastText01", ["\x00"]), "texts"),
    (lambda: LegacyToast("ToastImageAndText01", ["a"], "a.png"), "images"),
    (lambda: LegacyToast("ToastImageAndText01", ["a"], [Image("a.png", crop="circle")]), "images"),
    (lambda: LegacyToast("ToastImageAndText01", ["a"], [5]), "images"),  # type: ignore[list-item]  # the wrong type
    (lambda: LegacyToast("ToastText01", ["a"], None), "images"),  # type: ignore[arg-type]  # the wrong type
    (lambda: LegacyBinding("TileSquare150x150Text04", None), "texts"),  # type: ignore[arg-type]  # the wrong type
    (lambda: LegacyBinding("TileSquareText04", ["a"], fallback=["x"]), "binding.fallback"),  # type: ignore[arg-type]  # the wrong type
    (lambda: LegacyToast("ToastText01", ["a"], audio="Mail"), "audio"),  # type: ignore[arg-type]  # the wrong type
    (lambda: LegacyToast("ToastText01", ["a"], duration="no"), "toast.duration"),  # type: ignore[arg-type]  # no word
    (lambda: LegacyToast("ToastText01", ["a"], audio=wns.Audio(wns.Sound.CALL, loop=True)), "audio.loop"),
    (lambda: LegacyBinding("TileSquareText04", ["a"], branding="nameAndLogo"), "branding"),
    (lambda: LegacyBinding("TileSquare150x150Text04", ["a"], fallback="TileWideText03"), "binding.fallback"),
    (lambda: LegacyTile(), "tile"),
    (lambda: LegacyTile(wns.TileBinding("medium")), "tile"),  # type: ignore[arg-type]  # an adaptive one
    (lambda: LegacyTile(*[LegacyBinding("TileSquareText04", ["a"])] * 2), "tile"),
    (lambda: LegacyTile(LegacyBinding("TileSquare150x150Text04", ["a"]), version=1), "version"),
    (lambda: LegacyTile(LegacyBinding("TileSquareText04", ["a"]), branding="nameAndLogo"), "branding"),
]


@pytest.mark.parametrize(("make", "field"), BAD)
def test_what_a_legacy_template_can_not_take_is_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field


def test_legacy_values_show_themselves_and_are_json_ready() -> None:
    toast = LegacyToast("ToastText01", ["a"], audio=wns.Audio(silent=True))
    assert repr(toast) == "LegacyToast(template='ToastText01', texts=('a',), audio=Audio(silent=True))"
    tile = LegacyTile(LegacyBinding("TileSquareText04", ["a"]))
    assert tile.to_dict() == {
        "type": "LegacyTile",
        "bindings": [{"type": "LegacyBinding", "template": "TileSquareText04", "texts": ["a"]}],
    }
    assert tile.replace(tag="a").tag == "a"
