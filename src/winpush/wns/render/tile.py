"""What Windows shows of a tile, size by size (wns.md 10 and 12)."""

from __future__ import annotations

from typing import Any

from winpush._xml import Element
from winpush.wns.render.content import Base, legacy_fields, picture_group, picture_image, picture_text
from winpush.wns.render.lint import Inspection
from winpush.wns.schema import attributes
from winpush.wns.schema.templates import CATALOGUE, Template
from winpush.wns.tile import MAX_PHOTOS, TEMPLATES, TILE_PLACEMENTS

__all__ = ["show_tile"]

_SIZES = {template: size for size, template in TEMPLATES.items()}
_PEOPLE = {"medium": 9, "wide": 15, "large": 20}
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
    if any(lock) and size != "wide":
        inspection.remark("lock-screen", path)
        lock = []
    content = _show_content(inspection, binding, path, Base.of(visual, values))
    _check_presentation(inspection, path, values.get("presentation"), size, content)
    picture: dict[str, Any] = {**_inherited(visual, values), "background": None, "peek": None, "content": []}
    for item in content:
        place = item.get("placement", "inline")
        if place != "inline" and picture[place] is None:
            picture[place] = item
        else:
            picture["content"].append(item)
    return {**picture, "lock_screen": lock}


def _inherited(visual: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The binding's own values, defaulting to those of the whole tile."""
    kept = {name: value for name, value in visual.items() if name != "version"}
    return {**kept, **values}


def _show_content(inspection: Inspection, binding: Element, path: str, base: Base) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for child, place in inspection.children(binding, path, known=("text", "image", "group")):
        shown: dict[str, Any] | None
        if child.name == "text":
            shown = picture_text(inspection, child, place)
            for name in ("placement", "call_center_align"):
                if shown.pop(name, None) is not None:
                    inspection.remark("no-effect", place, name)
        elif child.name == "image":
            shown = picture_image(inspection, child, place, base)
            if shown is not None and shown.get("placement") not in TILE_PLACEMENTS:
                inspection.remark("wrong-placement", f"{place}@placement", shown["placement"])
                shown = None
        else:
            shown = picture_group(inspection, child, place, base)
        if shown is not None:
            content.append(shown)
    return content


def _check_presentation(
    inspection: Inspection, path: str, presentation: str | None, size: str, content: list[dict[str, Any]]
) -> None:
    images = [item for item in content if item["type"] == "image"]
    if presentation == "photos":
        for extra in images[MAX_PHOTOS:]:
            inspection.remark("too-many-photos", f"{path}/image[{images.index(extra) + 1}]")
            content.remove(extra)
    if presentation == "people" and size in _PEOPLE and len(images) != _PEOPLE[size]:
        inspection.remark("people-count", path, _PEOPLE[size])


def _is_readable(inspection: Inspection, template: Template, path: str, visual: dict[str, Any]) -> bool:
    """Checks a legacy template against the version; False if the device skips it."""
    version = visual.get("version", 1)
    if template.version == 3 and version < 3:
        inspection.remark("badge-version", path)
    if template.note:
        inspection.remark("not-on-windows-10", path, template.note)
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
    return {**_inherited(visual, values), **fields}
