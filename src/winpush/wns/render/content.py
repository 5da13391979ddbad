"""What toasts and tiles have in common: texts, images, groups of columns, and the numbered fields of legacy templates
(wns.md 9.1, 10.1, 10.3 and 12)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from winpush._xml import Element
from winpush.wns.render.lint import Inspection
from winpush.wns.schema import attributes
from winpush.wns.schema.elements import ADAPTIVE_HINTS, OVERLAID
from winpush.wns.schema.templates import Template
from winpush.wns.schema.types import scheme_of

__all__ = ["Base", "has_content", "has_text", "legacy_fields", "picture_group", "picture_image", "picture_text"]

_APP = "ms-appx:///"
_BASE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:(//)?)([^?#]*)")
# What a device appends for `addImageQuery`, with the documentation's example values.
_QUERY = "ms-scale=100&ms-contrast=standard&ms-lang=en-us"


@dataclass(frozen=True, slots=True)
class Base:
    """The base of relative image sources, and whether the device appends its scale and language to them."""

    uri: str = _APP
    add_image_query: bool = False

    @classmethod
    def of(cls, *levels: dict[str, Any]) -> Base:
        """From the attributes of visual and binding; the inner one wins."""
        found: dict[str, Any] = {}
        for level in levels:
            found.update(level)
        return cls(found.get("base_uri", _APP), found.get("add_image_query", False))

    def resolve(self, source: str, add_image_query: bool | None) -> str:
        """The address that the device loads."""
        if source.startswith("ms-appx:") or scheme_of(source) is not None or source[1:2] == ":":
            address = source
        else:
            address = self._folder() + source.replace("\\", "/").lstrip("/")
        if not (self.add_image_query if add_image_query is None else add_image_query):
            return address
        return f"{address}{'&' if '?' in address else '?'}{_QUERY}"

    def _folder(self) -> str:
        """The prefix of a relative path: the base up to its last slash, or all of it if it is only a host."""
        match = _BASE.match(self.uri)
        start, slashes, rest = ("", "", self.uri) if match is None else match.groups()
        return f"{start}{rest.rpartition('/')[0] if '/' in rest or not slashes else rest}/"


def picture_image(inspection: Inspection, element: Element, path: str, base: Base) -> dict[str, Any] | None:
    """The picture of an image, with the `url` that is loaded; None if it doesn't show."""
    values = inspection.attributes(element, attributes.IMAGE, path)
    inspection.nothing_inside(element, path)
    if "overlay" in values and values.get("placement") not in OVERLAID:
        inspection.remark("no-effect", f"{path}@hint-overlay", "hint-overlay")
        del values["overlay"]
    if not inspection.requires(values, element, attributes.IMAGE, path) or not values["src"]:
        return None
    return {"type": "image", **values, "url": base.resolve(values["src"], values.get("add_image_query"))}


def picture_group(
    inspection: Inspection, element: Element, path: str, base: Base, *, most_lines: int | None = None
) -> dict[str, Any] | None:
    """The picture of a group with its columns, whose texts end after `most_lines`; None for an empty one."""
    columns = []
    for child, place in inspection.children(element, path, known=("subgroup",)):
        values = inspection.attributes(child, attributes.SUBGROUP, place)
        columns.append({**values, "content": _column(inspection, child, place, base, most_lines)})
    if not element.children:
        inspection.remark("empty-group", path)
    return {"type": "group", "subgroups": columns} if columns else None


def _column(
    inspection: Inspection, subgroup: Element, path: str, base: Base, most_lines: int | None
) -> list[dict[str, Any]]:
    content = []
    for child, place in inspection.children(subgroup, path, known=("text", "image")):
        if child.name == "image":
            shown = picture_image(inspection, child, place, base)
            if shown is not None and shown.get("placement", "inline") != "inline":
                inspection.remark("wrong-placement", f"{place}@placement", shown["placement"])
                shown = None
        else:
            shown = picture_text(inspection, child, place)
            lines = max(shown.get("max_lines", 0), shown.get("min_lines", 0), shown["text"].count("\n") + 1)
            if most_lines is not None and lines > most_lines:
                inspection.remark("fifteen-lines", place)
                shown["max_lines"] = most_lines
        if shown is not None:
            content.append(shown)
    return content


def picture_text(inspection: Inspection, element: Element, path: str, *, is_bindable: bool = False) -> dict[str, Any]:
    """The picture of a text with its hints. `is_bindable`: an app can bind it to data."""
    values = inspection.attributes(element, attributes.TEXT, path)
    inspection.nothing_inside(element, path, has_text=True)
    inspection.check_binding(element.text, path, works=is_bindable)
    return {"type": "text", "text": element.text, **values}


def has_text(items: Iterable[Any]) -> bool:
    """True if any of these pictures is, or contains, a text that isn't blank."""
    return any(_texts(item) for item in items)


def has_content(items: Iterable[Any]) -> bool:
    """True if any of these pictures shows something: an image, or a text that isn't blank."""
    return any(_texts(item) or _images(item) for item in items)


def _texts(item: dict[str, Any]) -> bool:
    return bool(item.get("text", "").strip()) or any(
        has_text(column["content"]) for column in item.get("subgroups", ())
    )


def _images(item: dict[str, Any]) -> bool:
    inside = [part for column in item.get("subgroups", ()) for part in column["content"]]
    return item["type"] == "image" or any(part["type"] == "image" for part in inside)


def _fields(number: int, kind: str) -> str:
    return f"{number or 'no'} {kind} field{'' if number == 1 else 's'}"


def legacy_fields(
    inspection: Inspection, binding: Element, path: str, template: Template, base: Base
) -> dict[str, Any]:
    """The texts and images of a legacy template by number; None for a field that stays blank."""
    texts: dict[int, Any] = {}
    images: dict[int, Any] = {}
    for child, place in inspection.children(binding, path, known=("text", "image")):
        found, most = (texts, template.texts) if child.name == "text" else (images, template.images)
        number = _number(inspection, child, place, len(found) + 1)
        if child.name == "text":
            shown: dict[str, Any] | None = picture_text(inspection, child, place)
        else:
            shown = _legacy_image(inspection, child, place, base)
        if number > most or number in found:
            inspection.remark("field-count", place, f"{template.name} has {_fields(most, child.name)}")
        else:
            found[number] = shown
    for kind, found, most in (("text", texts, template.texts), ("image", images, template.images)):
        if len(found) < most:
            inspection.remark("field-missing", path, f"{template.name} has {_fields(most, kind)}, {len(found)} given")
    return {
        "texts": [texts.get(number) for number in range(1, template.texts + 1)],
        "images": [images.get(number) for number in range(1, template.images + 1)],
    }


_WIRES = {entry.name: entry.wire for entry in attributes.IMAGE.attributes}


def _legacy_image(inspection: Inspection, element: Element, path: str, base: Base) -> dict[str, Any] | None:
    """The picture of an image. The template decides where it is and how it is cropped."""
    shown = picture_image(inspection, element, path, base)
    for name in ADAPTIVE_HINTS:
        if shown is not None and shown.pop(name, None) is not None:
            inspection.remark("no-effect", f"{path}@{_WIRES[name]}", _WIRES[name])
    return shown


def _number(inspection: Inspection, element: Element, path: str, place: int) -> int:
    """The field's number, from its id or else from its position."""
    text = element.attributes.get("id", "")
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 100:
        return int(text[:6])
    inspection.remark("field-id", path)
    return place
