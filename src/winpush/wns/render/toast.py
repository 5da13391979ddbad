"""What Windows shows of a toast and what it ignores, element by element (wns.md 9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from winpush._xml import Element
from winpush.wns.render.actions import check_uri, show_actions, show_audio
from winpush.wns.render.content import Base, has_text, legacy_fields, picture_group, picture_image, picture_text
from winpush.wns.render.lint import Inspection
from winpush.wns.schema import attributes
from winpush.wns.schema.rules import MAX_OTHER_LINES, MAX_TEXTS, MAX_TITLE_LINES, TOAST_PLACEMENTS
from winpush.wns.schema.templates import CATALOGUE, Template

__all__ = ["placeholder", "show_toast"]

MAX_SUBGROUP_LINES = 15  # one report (wns.md 9.4)

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
    header = _show_header(toast)
    actions = show_actions(inspection, toast.values, toast.parts.get("actions"))  # may remove the scenario
    return {
        "kind": "toast",
        **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in toast.values.items()},
        **visual,
        "header": header,
        **actions,
        "audio": show_audio(inspection, toast.values, toast.parts.get("audio")),
    }


def placeholder() -> dict[str, Any]:
    """What Windows shows instead of a toast that is invalid or has no text, under the app's name (wns.md 9.1, 9.4)."""
    return {
        "kind": "toast",
        "is_placeholder": True,
        "template": "ToastGeneric",
        **dict.fromkeys(_PLACES.values()),
        "content": [{"type": "text", "text": "New notification"}],
        "header": None,
        "inputs": [],
        "buttons": [],
        "menu": [],
        "system_commands": False,
        "audio": {"src": None, "loop": False, "silent": False},
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
    return {"template": own["template"], **shown}


def _is_known(toast: _Toast, binding: Element, path: str) -> bool:
    name = binding.attributes.get("template", "")
    template = CATALOGUE.get(name)
    if name == "ToastGeneric" or (template is not None and template.kind == "toast"):
        return True
    toast.inspection.remark("unknown-template", path, name)
    return False


def _show_legacy(toast: _Toast, binding: Element, path: str, base: Base, template: Template) -> dict[str, Any]:
    fields = legacy_fields(toast.inspection, binding, path, template, base)
    texts = [text for text in fields["texts"] if text is not None]
    if not has_text(texts):
        toast.inspection.remark("no-text", path)
    images = [image for image in fields["images"] if image is not None]
    return {**dict.fromkeys(_PLACES.values()), "content": [*images, *texts]}


@dataclass(slots=True)
class _Content:
    """Collects what a binding shows. `before` is the last element that texts should precede."""

    texts: list[dict[str, Any]] = field(default_factory=list)
    rest: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: str = ""


def _show_content(toast: _Toast, binding: Element, path: str, base: Base) -> dict[str, Any]:
    inspection = toast.inspection
    content = _Content()
    for child, place in inspection.children(binding, path, known=("text", "image", "group", "progress")):
        if child.name == "text":
            _add_text(toast, content, child, place)
        elif child.name == "image":
            _add_image(toast, content, child, place, base)
        else:
            content.before = child.name
            shown = _group(toast, child, place, base) if child.name == "group" else _progress(toast, child, place)
            if shown is not None:
                content.rest.append(shown)
    if not has_text(content.texts):
        inspection.remark("no-text", path)
    return {**dict.fromkeys(_PLACES.values()), **content.places, "content": [*content.texts, *content.rest]}


def _group(toast: _Toast, element: Element, path: str, base: Base) -> dict[str, Any] | None:
    return picture_group(toast.inspection, element, path, base, most_lines=MAX_SUBGROUP_LINES)


def _progress(toast: _Toast, element: Element, path: str) -> dict[str, Any] | None:
    values = toast.inspection.attributes(element, attributes.PROGRESS, path)
    toast.inspection.nothing_inside(element, path)
    if not toast.inspection.requires(values, element, attributes.PROGRESS, path):
        return None
    return {"type": "progress", **values}


_PLACES = {"appLogoOverride": "app_logo", "hero": "hero", "attribution": "attribution"}
_SUBGROUP_HINTS = ("style", "wrap", "align", "min_lines")


def _take_place(toast: _Toast, content: _Content, shown: dict[str, Any], path: str) -> bool:
    """Puts app logo, hero image and attribution in their own places; False for everything else."""
    place = _PLACES.get(shown.get("placement", ""))
    if place is None:
        return False
    if place in content.places:
        toast.inspection.remark("place-taken", f"{path}@placement", shown["placement"])
        return False
    content.places[place] = shown
    return True


def _add_text(toast: _Toast, content: _Content, element: Element, path: str) -> None:
    """A top-level text: Windows shows three, before everything else (wns.md 9.4)."""
    inspection = toast.inspection
    shown = picture_text(inspection, element, path, is_bindable=True)
    _check_hints(toast, shown, path)
    if "placement" in shown:
        if content.before:
            inspection.remark("late-attribution", path)
        if _take_place(toast, content, shown, path) or len(content.texts) >= MAX_TEXTS:
            return
    elif content.before:
        inspection.remark("late-text", path, f"<{content.before}>")
    if len(content.texts) >= MAX_TEXTS:
        inspection.remark("too-many-texts", path)
        return
    _limit_lines(inspection, content, shown, f"{path}@{_WIRES['max_lines']}")
    content.texts.append(shown)


_WIRES = {entry.name: entry.wire for entry in attributes.TEXT.attributes}


def _check_hints(toast: _Toast, shown: dict[str, Any], path: str) -> None:
    """Removes the hints that don't work on a top-level text."""
    for name in _SUBGROUP_HINTS:
        if shown.pop(name, None) is not None:
            toast.inspection.remark("top-level-hint", f"{path}@{_WIRES[name]}")
    if "call_center_align" in shown and toast.values.get("scenario") != "incomingCall":
        toast.inspection.remark("call-only", f"{path}@{_WIRES['call_center_align']}")
        del shown["call_center_align"]


def _limit_lines(inspection: Inspection, content: _Content, shown: dict[str, Any], path: str) -> None:
    """Two lines for the first text; four for the others together (wns.md 9.4)."""
    if "max_lines" not in shown:
        return
    most = MAX_TITLE_LINES if not content.texts else MAX_OTHER_LINES
    earlier = sum(text.get("max_lines", 0) for text in content.texts[1:])
    if shown["max_lines"] > most - earlier:
        inspection.remark("line-limit", path)
        shown["max_lines"] = min(shown["max_lines"], most)


def _add_image(toast: _Toast, content: _Content, element: Element, path: str, base: Base) -> None:
    inspection = toast.inspection
    shown = picture_image(inspection, element, path, base)
    if shown is None:
        return
    if shown.get("placement") not in TOAST_PLACEMENTS:
        inspection.remark("wrong-placement", f"{path}@placement", shown["placement"])
        return
    for name, wire in (("align", "hint-align"), ("remove_margin", "hint-removeMargin")):
        if shown.pop(name, None) is not None:
            inspection.remark("top-level-image-hint", f"{path}@{wire}")
    if not _take_place(toast, content, shown, path):
        content.before = element.name
        content.rest.append(shown)


def _show_header(toast: _Toast) -> dict[str, Any] | None:
    if "header" not in toast.parts:
        return None
    element, path = toast.parts["header"]
    values = toast.inspection.attributes(element, attributes.HEADER, path)
    if not toast.inspection.requires(values, element, attributes.HEADER, path):
        return None
    check_uri(toast.inspection, values, "arguments", f"{path}@arguments")
    return values
