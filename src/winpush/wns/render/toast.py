"""What Windows shows of a toast, element by element (wns.md 9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from winpush._xml import Element
from winpush.wns.render.actions import check_uri, show_actions, show_audio
from winpush.wns.render.content import Base, legacy_fields, picture_group, picture_image, picture_text
from winpush.wns.render.lint import Inspection
from winpush.wns.schema import attributes
from winpush.wns.schema.rules import MAX_TEXTS, MAX_TITLE_LINES, TOAST_PLACEMENTS
from winpush.wns.schema.templates import CATALOGUE, Template

__all__ = ["show_toast"]

_PARTS = ("header", "visual", "actions", "audio", "commands")


@dataclass(slots=True)
class _Toast:
    """State while the parts of a toast are processed."""

    inspection: Inspection
    values: dict[str, Any]
    parts: dict[str, tuple[Element, str]] = field(default_factory=dict)


def show_toast(root: Element, inspection: Inspection) -> dict[str, Any] | None:
    """The picture of a toast, or None if nothing shows."""
    toast = _Toast(inspection, inspection.attributes(root, attributes.TOAST, "toast"))
    for child, path in inspection.children(root, "toast", known=_PARTS):
        if child.name == "commands":
            inspection.remark("commands", path)
        elif child.name in toast.parts:
            inspection.remark("twice", path, child.name)
        else:
            toast.parts[child.name] = child, path
    if "visual" not in toast.parts:
        inspection.remark("no-visual", "toast")
        return None
    check_uri(inspection, toast.values, "launch", "toast@launch")
    visual = _show_visual(toast, *toast.parts["visual"])
    if visual is None:
        return None
    return {
        "kind": "toast",
        **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in toast.values.items()},
        **visual,
        "header": _show_header(toast),
        **show_actions(inspection, toast.values, toast.parts.get("actions")),
        "audio": show_audio(inspection, toast.values, toast.parts.get("audio")),
    }


def _show_visual(toast: _Toast, visual: Element, path: str) -> dict[str, Any] | None:
    inspection = toast.inspection
    # The schema has `branding`, but toasts don't use it.
    known = attributes.Schema(
        "visual", (*attributes.TOAST_VISUAL.attributes, attributes.TOAST_BINDING.by_wire["branding"])
    )
    values = inspection.attributes(visual, known, path)
    chosen = None
    for binding, place in inspection.children(visual, path, known=("binding",)):
        if binding.attributes.get("experienceType", "").lower() == "shouldertap":
            inspection.remark("my-people", place)
        elif chosen is not None:
            inspection.remark("one-binding", place)
        elif _is_known(toast, binding, place):
            chosen = binding, place
    if chosen is None:
        inspection.remark("no-binding", path)
        return None
    own = inspection.attributes(chosen[0], attributes.TOAST_BINDING, chosen[1])
    if "branding" in values or "branding" in own:
        inspection.remark("no-effect", path, "branding")
    base = Base.of(values, own)
    template = CATALOGUE.get(own["template"])
    shown = _show_content(toast, *chosen, base) if template is None else _show_legacy(toast, *chosen, base, template)
    if not any(item.get("text", "").strip() or item["type"] != "text" for item in shown):
        inspection.remark("nothing-to-show", chosen[1])
    return {"template": own["template"], **_sort_out(shown)}


def _is_known(toast: _Toast, binding: Element, path: str) -> bool:
    name = binding.attributes.get("template", "")
    template = CATALOGUE.get(name)
    if name == "ToastGeneric" or (template is not None and template.kind == "toast"):
        return True
    toast.inspection.remark("unknown-template", path, name)
    return False


def _show_legacy(toast: _Toast, binding: Element, path: str, base: Base, template: Template) -> list[dict[str, Any]]:
    fields = legacy_fields(toast.inspection, binding, path, template, base)
    return [item for item in (*fields["images"], *fields["texts"]) if item is not None]


def _show_content(toast: _Toast, binding: Element, path: str, base: Base) -> list[dict[str, Any]]:
    inspection = toast.inspection
    content: list[dict[str, Any]] = []
    for child, place in inspection.children(binding, path, known=("text", "image", "group", "progress")):
        shown = None
        if child.name == "text":
            before = sum(item["type"] == "text" and "placement" not in item for item in content)
            shown = _show_text(toast, child, place, before)
        elif child.name == "image":
            shown = _show_image(toast, child, place, base)
        elif child.name == "group":
            shown = picture_group(inspection, child, place, base)
        else:
            values = inspection.attributes(child, attributes.PROGRESS, place)
            if inspection.requires(values, child, attributes.PROGRESS, place):
                shown = {"type": "progress", **values}
        if shown is not None:
            content.append(shown)
    return content


def _sort_out(content: list[dict[str, Any]]) -> dict[str, Any]:
    """App logo, hero image and attribution have their own places; the rest is in document order."""
    places = {"appLogoOverride": "app_logo", "hero": "hero", "attribution": "attribution"}
    picture: dict[str, Any] = dict.fromkeys(places.values())
    picture["content"] = []
    for item in content:
        place = places.get(item.get("placement", ""))
        if place is None or picture[place] is not None:
            picture["content"].append(item)
        else:
            picture[place] = item
    return picture


_SUBGROUP_HINTS = ("style", "wrap", "align", "min_lines")


def _show_text(toast: _Toast, element: Element, path: str, before: int) -> dict[str, Any] | None:
    """A top-level text; `before` is how many come before it."""
    inspection = toast.inspection
    shown = picture_text(inspection, element, path)
    wires = {entry.name: entry.wire for entry in attributes.TEXT.attributes}
    for name in _SUBGROUP_HINTS:
        if name in shown:
            inspection.remark("top-level-hint", f"{path}@{wires[name]}")
    if "call_center_align" in shown and toast.values.get("scenario") != "incomingCall":
        inspection.remark("call-only", f"{path}@{wires['call_center_align']}")
        del shown["call_center_align"]
    if "placement" in shown:
        return shown
    if before == 0 and shown.get("max_lines", 0) > MAX_TITLE_LINES:
        inspection.remark("title-lines", f"{path}@{wires['max_lines']}", MAX_TITLE_LINES)
    if before >= MAX_TEXTS:
        inspection.remark("too-many-texts", path)
        return None
    return shown


def _show_image(toast: _Toast, element: Element, path: str, base: Base) -> dict[str, Any] | None:
    inspection = toast.inspection
    shown = picture_image(inspection, element, path, base)
    if shown is None:
        return None
    if shown.get("placement") not in TOAST_PLACEMENTS:
        inspection.remark("wrong-placement", f"{path}@placement", shown["placement"])
        return None
    for name, wire in (("align", "hint-align"), ("remove_margin", "hint-removeMargin")):
        if name in shown:
            inspection.remark("top-level-image-hint", f"{path}@{wire}")
    if "overlay" in shown:
        inspection.remark("no-effect", f"{path}@hint-overlay", "hint-overlay")
    return shown


def _show_header(toast: _Toast) -> dict[str, Any] | None:
    if "header" not in toast.parts:
        return None
    element, path = toast.parts["header"]
    values = toast.inspection.attributes(element, attributes.HEADER, path)
    if not toast.inspection.requires(values, element, attributes.HEADER, path):
        return None
    check_uri(toast.inspection, values, "arguments", f"{path}@arguments")
    return values
