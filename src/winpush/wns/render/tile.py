"""What Windows shows of a tile and what it ignores, size by size (wns.md 10 and 12)."""

from __future__ import annotations

from typing import Any

from winpush._xml import Element
from winpush.errors import ValidationError
from winpush.wns.legacy import check_fallback
from winpush.wns.render.content import (
    Base,
    has_content,
    has_text,
    legacy_fields,
    picture_group,
    picture_image,
    picture_text,
)
from winpush.wns.render.lint import Inspection
from winpush.wns.schema import attributes
from winpush.wns.schema.elements import OVERLAID
from winpush.wns.schema.templates import CATALOGUE, Template
from winpush.wns.tile import MAX_PHOTOS, TEMPLATES, TILE_PLACEMENTS

__all__ = ["show_tile"]

_SIZES = {template: size for size, template in TEMPLATES.items()}
_PEOPLE = {"medium": 9, "wide": 15, "large": 20}
MOBILE_PHOTOS = 9
DEFAULT_OVERLAY = 20  # percent, on a background image with text over it (wns.md 10.1)
_NOT_ON_WINDOWS_10 = frozenset({"phone-only", "retired-template"})
_TEMPLATE = attributes.TOAST_BINDING.by_wire["template"]


def show_tile(root: Element, inspection: Inspection) -> dict[str, Any] | None:
    """The picture of a tile by size, or None if nothing shows."""
    for wire in root.attributes:
        inspection.remark("tile-version" if wire == "version" else "unknown-attribute", f"tile@{wire}")
    visual = None
    for child, path in inspection.children(root, "tile", known=("visual",)):
        if visual is None:
            visual = child, path
        else:
            inspection.remark("twice", path, child.name)
    if visual is None:
        inspection.remark("no-visual", "tile")
        return None
    values = inspection.attributes(visual[0], attributes.TILE_VISUAL, visual[1])
    sizes = _show_sizes(inspection, *visual, values)
    if not sizes:
        inspection.remark("no-binding", visual[1])
        return None
    return {"kind": "tile", **values, "sizes": sizes}


def _show_sizes(inspection: Inspection, visual: Element, path: str, values: dict[str, Any]) -> dict[str, Any]:
    """One picture for each size; an adaptive binding takes precedence over a legacy one."""
    adaptive: dict[str, Any] = {}
    legacy: dict[str, Any] = {}
    for binding, place in inspection.children(visual, path, known=("binding",)):
        name = binding.attributes.get("template", "")
        template = CATALOGUE.get(name)
        if name in _SIZES:
            size, sizes = _SIZES[name], adaptive
        elif template is not None and template.size is not None:
            size, sizes = template.size, legacy
        else:
            inspection.remark("unknown-template", place, name)
            continue
        if size in sizes:
            inspection.remark("same-size", place, size)
        elif template is None:
            sizes[size] = _show_adaptive(inspection, binding, place, values, size)
        elif _is_readable(inspection, template, place, values):
            sizes[size] = _show_legacy(inspection, binding, place, values, template)
    return {**legacy, **adaptive}


def _show_adaptive(
    inspection: Inspection, binding: Element, path: str, visual: dict[str, Any], size: str
) -> dict[str, Any]:
    table = attributes.Schema("binding", (*attributes.TILE_BINDING.attributes, _TEMPLATE))
    values = inspection.attributes(binding, table, path)
    lock = [values.pop(f"lock_status{n}", None) for n in (1, 2, 3)]
    content = _show_content(inspection, binding, path, Base.of(visual, values))
    _check_emptiness(inspection, path, _inherited(visual, values), content)
    if size == "wide":
        lock = [hint or _text_with_id(content, n) for n, hint in enumerate(lock, 1)]
    elif any(lock):
        inspection.remark("lock-screen", path)
        lock = []
    _check_presentation(inspection, path, values.get("presentation"), size, content)
    _check_fallback(inspection, path, values, size)
    picture: dict[str, Any] = {**_inherited(visual, values), "background": None, "peek": None, "content": []}
    for item in content:
        place = item.get("placement", "inline")
        if place != "inline":
            picture[place] = item
        else:
            picture["content"].append(item)
    if picture["background"] is not None:
        usual = values.get("overlay", DEFAULT_OVERLAY if has_text(content) else 0)
        picture["background"] = {"overlay": usual, **picture["background"]}
    return {**picture, "lock_screen": lock}


def _text_with_id(content: list[dict[str, Any]], number: int) -> str | None:
    """The lock screen reads texts by id, if they are direct children of the wide binding (wns.md 10.5)."""
    texts = [item["text"] for item in content if item["type"] == "text" and item.get("id") == number]
    return texts[0] if texts else None


def _check_emptiness(inspection: Inspection, path: str, values: dict[str, Any], content: list[dict[str, Any]]) -> None:
    """Adds a remark about an empty tile. A tile may consist only of its branding, if the document asks for that."""
    if values.get("branding", "none") == "none" and not has_content(content):
        inspection.remark("empty-binding", path)


def _check_fallback(inspection: Inspection, path: str, values: dict[str, Any], size: str | None) -> None:
    try:
        check_fallback(values.get("fallback"), size)
    except ValidationError as error:
        inspection.remark("fallback-name", f"{path}@fallback", error.problem)


def _inherited(visual: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The binding's own values, defaulting to those of the whole tile."""
    kept = {name: value for name, value in visual.items() if name != "version"}
    return {**kept, **values}


def _show_content(inspection: Inspection, binding: Element, path: str, base: Base) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    taken: set[str] = set()
    for child, place in inspection.children(binding, path, known=("text", "image", "group")):
        shown: dict[str, Any] | None
        if child.name == "text":
            shown = picture_text(inspection, child, place)
            for name in ("placement", "call_center_align"):
                if shown.pop(name, None) is not None:
                    inspection.remark("no-effect", place, name)
        elif child.name == "image":
            shown = _show_image(inspection, child, place, base, taken)
        else:
            shown = picture_group(inspection, child, place, base)
        if shown is not None:
            content.append(shown)
    return content


def _show_image(
    inspection: Inspection, element: Element, path: str, base: Base, taken: set[str]
) -> dict[str, Any] | None:
    """An image; `taken` are the occupied places behind and in front of the content, which have one image each."""
    shown = picture_image(inspection, element, path, base)
    placement = None if shown is None else shown.get("placement")
    if placement not in TILE_PLACEMENTS:
        inspection.remark("wrong-placement", f"{path}@placement", placement)
        return None
    if placement in taken:
        inspection.remark("place-taken", f"{path}@placement", placement)
        return None
    if placement in OVERLAID:
        taken.add(placement)
    if shown is not None and placement == "peek" and "overlay" not in shown:
        inspection.remark("peek-overlay", path)
    return shown


def _check_presentation(
    inspection: Inspection, path: str, presentation: str | None, size: str, content: list[dict[str, Any]]
) -> None:
    images = [item for item in content if item["type"] == "image"]
    if presentation == "photos":
        for extra in images[MAX_PHOTOS:]:
            inspection.remark("too-many-photos", f"{path}/image[{images.index(extra) + 1}]")
            content.remove(extra)
        if len(images) > MOBILE_PHOTOS:
            inspection.remark("mobile-only", path, f"Windows 10 Mobile shows only the first {MOBILE_PHOTOS} photos.")
    if presentation == "contact":
        inspection.remark("mobile-only", path, "Contact tiles are for Windows 10 Mobile only.")
    if presentation == "people" and size not in _PEOPLE:
        inspection.remark("no-effect", path, 'hint-presentation="people"')
    if presentation == "people" and size in _PEOPLE and len(images) != _PEOPLE[size]:
        inspection.remark("people-count", path, _PEOPLE[size])


def _is_readable(inspection: Inspection, template: Template, path: str, visual: dict[str, Any]) -> bool:
    """Checks whether the device still knows a legacy template, and its version; False if the device skips it."""
    version = visual.get("version", 1)
    if template.version == 3 and version < 3:
        inspection.remark("badge-version", path)
    if template.rule and not (inspection.on_phone and template.rule in _NOT_ON_WINDOWS_10):
        inspection.remark(template.rule, path)
        if template.rule in _NOT_ON_WINDOWS_10:
            return False
    if template.version == 2 and version < 2:
        inspection.remark("needs-version", path, template.version)
        return False
    return True


def _show_legacy(
    inspection: Inspection, binding: Element, path: str, visual: dict[str, Any], template: Template
) -> dict[str, Any]:
    table = attributes.Schema("binding", (*attributes.LEGACY_BINDING.attributes, _TEMPLATE))
    values = inspection.attributes(binding, table, path)
    fields = legacy_fields(inspection, binding, path, template, Base.of(visual, values))
    inherited = _inherited(visual, values)
    _check_fallback(inspection, path, values, template.size)
    _check_emptiness(
        inspection, path, inherited, [item for kind in fields.values() for item in kind if item is not None]
    )
    return {**inherited, **fields}
