"""Parses a document back into our types: the inverse of what the notifications write.

Reading is lenient (wns.md 3.3) about the case of hints, the order of attributes, and the notation of numbers and times.
A document that our types don't cover, or would write with another meaning, is returned unchanged, as a `wns.Xml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Unpack

from winpush._xml import Element, read
from winpush.errors import DocumentError, ValidationError
from winpush.wns.badge import Badge
from winpush.wns.legacy import LEGACY_TOAST, LegacyBinding, LegacyTile, LegacyToast
from winpush.wns.notifications import Notification
from winpush.wns.options import Options
from winpush.wns.raw import Raw
from winpush.wns.schema import attributes
from winpush.wns.schema.actions import (
    Audio,
    Button,
    Header,
    MenuEntry,
    Selection,
    SelectionInput,
    SnoozeAndDismiss,
    TextInput,
)
from winpush.wns.schema.attributes import FOLDED, Schema
from winpush.wns.schema.elements import Group, Image, Progress, Subgroup, Text
from winpush.wns.schema.templates import CATALOGUE
from winpush.wns.schema.types import Fraction, Kind, Moment
from winpush.wns.tile import TEMPLATES, Tile, TileBinding, has_adaptive
from winpush.wns.toast import Toast
from winpush.wns.xml import Xml

__all__ = ["is_same", "parse"]

_SIZES = {template: size for size, template in TEMPLATES.items()}


def parse(body: bytes | str, kind: str, **options: Unpack[Options]) -> Notification:
    """Parses a payload of that kind (`toast`, `tile`, `badge` or `raw`) into a notification with these options.

    Returns a Toast, Tile, LegacyToast, LegacyTile, Badge or Raw that writes the same document again (same elements and
    attributes, values in their documented spelling, white space aside; attributes of a toast's binding that apply to
    all of it may move to the visual part), or else an Xml with the unchanged document.
    Raises ValidationError for anything that can't be sent as that kind: not well-formed, another root, over 5,000
    bytes.
    """
    if kind == "raw":
        return Raw(body, **options)
    document = Xml(kind, body, **options)  # type: ignore[arg-type]  # it raises for any other kind
    root = read(document.body)
    try:
        notification = _READERS[kind](root, options)
    except ValidationError:  # the schema's rules are the device's, not the service's (wns.md 3.3)
        return document
    return notification if is_same(_lift(root), _lift(read(notification.body))) else document


_INHERITED = ("lang", "baseUri", "addImageQuery")


def _lift(root: Element) -> Element:
    """The toast with its binding's language and image base moved to the visual part, where they mean the same."""
    if root.name != "toast":
        return root
    return replace(root, children=tuple(_lift_visual(child) if child.name == "visual" else child for child in root))


def _lift_visual(visual: Element) -> Element:
    if [child.name for child in visual] != ["binding"]:
        return visual
    (binding,) = visual.children
    moved = {name: value for name, value in binding.attributes.items() if name in _INHERITED}
    kept = {name: value for name, value in binding.attributes.items() if name not in _INHERITED}
    return replace(visual, attributes={**visual.attributes, **moved}, children=(replace(binding, attributes=kept),))


def is_same(one: Element, other: Element) -> bool:
    """True if two documents have the same elements and attributes, ignoring white space between elements."""
    return (
        one.name == other.name
        and one.namespace == other.namespace
        and _normal(one.attributes) == _normal(other.attributes)
        and (one.text == other.text or not (one.text.strip() or other.text.strip() or one.name == "text"))
        and len(one.children) == len(other.children)
        and all(map(is_same, one, other))
    )


def _normal(attributes: dict[str, str]) -> dict[str, str]:
    return {name: _normal_value(name, value) for name, value in attributes.items()}


def _normal_value(name: str, value: str) -> str:
    """The value in one notation: hints in lower case, a progress bar's 0.30 as 0.3, a time at its UTC offset."""
    kind = _BY_MEANING.get(name)
    if kind is None:
        return value.lower() if name in FOLDED else value
    try:
        return kind.write(kind.read(name, value))
    except ValidationError:
        return value


_BY_MEANING: dict[str, Kind] = {"value": Fraction(), "displayTimestamp": Moment()}


def _values(element: Element, table: Schema, *ignored: str) -> dict[str, Any]:
    """The element's attributes by Python name; None for a missing required one, which our types then refuse.

    Raises DocumentError for an attribute that isn't in the table.
    """
    fixed = dict(table.fixed)
    required = [entry for entry in table.attributes if entry.required and entry.wire not in ignored]
    values: dict[str, Any] = dict.fromkeys(entry.name for entry in required)
    for wire, text in element.attributes.items():
        if wire in fixed or wire in ignored:
            continue
        entry = table.by_wire.get(wire)
        if entry is None:
            raise DocumentError("document", f"has {wire} on <{element.name}>, which our types don't cover")
        values[entry.name] = entry.kind.read(f"{table.element}.{entry.name}", text)
    return values


def _uncovered(element: Element) -> DocumentError:
    return DocumentError("document", f"has <{element.name}> in line {element.line}, which our types don't cover there")


def _only(element: Element, name: str) -> Element:
    """The only child, which must have that name."""
    if len(element.children) != 1 or element.children[0].name != name:
        raise DocumentError("document", f"must have exactly one <{name}> in <{element.name}>")
    return element.children[0]


def _text(element: Element) -> Text:
    return Text(element.text, **_values(element, attributes.TEXT))


def _image(element: Element) -> Image:
    return Image(**_values(element, attributes.IMAGE))


def _progress(element: Element) -> Progress:
    return Progress(**_values(element, attributes.PROGRESS))


def _group(element: Element) -> Group:
    return Group(*[_subgroup(child) for child in element])


def _subgroup(element: Element) -> Subgroup:
    if element.name != "subgroup":
        raise _uncovered(element)
    return Subgroup(*_content(element, ("text", "image")), **_values(element, attributes.SUBGROUP))


_CONTENT: dict[str, Callable[[Element], Any]] = {
    "text": _text,
    "image": _image,
    "group": _group,
    "progress": _progress,
}


def _content(element: Element, allowed: Iterable[str]) -> list[Any]:
    for child in element:
        if child.name not in allowed:
            raise _uncovered(child)
    return [_CONTENT[child.name](child) for child in element]


def _toast(root: Element, options: Options) -> Notification:
    parts = {child.name: child for child in root}
    if len(parts) < len(root.children) or not parts.keys() <= {"header", "visual", "actions", "audio"}:
        raise DocumentError("document", "has elements in <toast> that our types don't cover")
    if "visual" not in parts:
        raise DocumentError("document", "has no <visual>")
    binding = _only(parts["visual"], "binding")
    if binding.attributes.keys() - {"template", *_INHERITED}:
        raise DocumentError("document", "has a <binding> that our types don't cover")
    visual = {
        **_values(parts["visual"], attributes.TOAST_VISUAL),
        **_values(binding, attributes.TOAST_BINDING, "template"),
    }
    audio = Audio(**_values(parts["audio"], attributes.AUDIO)) if "audio" in parts else None
    if binding.attributes.get("template") in CATALOGUE:
        return _legacy_toast(root, binding, {**visual, "audio": audio, **options})
    if binding.attributes.get("template") != "ToastGeneric":
        raise DocumentError("document", "has a <binding> that our types don't cover")
    header = Header(**_values(parts["header"], attributes.HEADER)) if "header" in parts else None
    inputs, actions = _actions(parts["actions"]) if "actions" in parts else ([], ())
    content = _content(binding, _CONTENT)
    return Toast(
        *content,
        header=header,
        inputs=inputs,
        actions=actions,
        audio=audio,
        **_values(root, attributes.TOAST),
        **visual,
        **options,
    )


def _legacy_toast(root: Element, binding: Element, values: dict[str, Any]) -> Notification:
    texts, images = _fields(binding)
    return LegacyToast(binding.attributes["template"], texts, images, **_values(root, LEGACY_TOAST), **values)


def _fields(binding: Element) -> tuple[list[str], list[Image]]:
    """The texts and images of a legacy template, without their numbers."""
    texts = [_only_id(child).text for child in binding if child.name == "text"]
    images = [Image(**_values(child, attributes.IMAGE, "id")) for child in binding if child.name == "image"]
    return texts, images


def _only_id(text: Element) -> Element:
    if text.attributes.keys() - {"id"}:
        raise _uncovered(text)
    return text


def _actions(element: Element) -> tuple[list[Any], Any]:
    """Inputs and actions; SnoozeAndDismiss instead of the actions if the system provides them."""
    inputs = [_input(child) for child in element if child.name == "input"]
    actions = [_action(child) for child in element if child.name != "input"]
    if not element.attributes:
        return inputs, actions
    if element.attributes != {"hint-systemCommands": "SnoozeAndDismiss"}:
        raise _uncovered(element)
    # Anything else is dropped here, which `is_same` then notices.
    return inputs, SnoozeAndDismiss([action for action in actions if isinstance(action, MenuEntry)])


def _input(element: Element) -> TextInput | SelectionInput:
    if element.attributes.get("type") == "text":
        return TextInput(**_values(element, attributes.TEXT_INPUT))
    selections = [Selection(**_values(child, attributes.SELECTION)) for child in element]
    return SelectionInput(**_values(element, attributes.SELECTION_INPUT), selections=selections)


def _action(element: Element) -> Button | MenuEntry:
    if element.name != "action":
        raise _uncovered(element)
    if "placement" in element.attributes:
        return MenuEntry(**_values(element, attributes.MENU_ENTRY))
    return Button(**_values(element, attributes.BUTTON))


def _tile(root: Element, options: Options) -> Notification:
    visual = _only(root, "visual")
    bindings = [_binding(child) for child in visual]
    values = {"version": None, **_values(visual, attributes.TILE_VISUAL)}
    if has_adaptive(bindings):
        return Tile(*bindings, **values, **options)
    return LegacyTile(*[item for item in bindings if isinstance(item, LegacyBinding)], **values, **options)


def _binding(element: Element) -> TileBinding | LegacyBinding:
    if element.name != "binding":
        raise _uncovered(element)
    template = element.attributes.get("template", "")
    size = _SIZES.get(template)
    if size is not None:
        content = _content(element, ("text", "image", "group"))
        return TileBinding(size, *content, **_values(element, attributes.TILE_BINDING, "template"))  # type: ignore[arg-type]  # the table's keys are the sizes
    texts, images = _fields(element)
    values = {"fallback": None, **_values(element, attributes.LEGACY_BINDING, "template")}
    return LegacyBinding(template, texts, images, **values)


def _badge(root: Element, options: Options) -> Notification:
    if root.attributes.keys() - {"value", "version"}:
        raise _uncovered(root)
    text = root.attributes.get("value", "")
    value: Any = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else text
    version = root.attributes.get("version")
    return Badge(value, version=1 if version == "1" else None, **options)


_READERS: dict[str, Callable[[Element, Options], Notification]] = {"toast": _toast, "tile": _tile, "badge": _badge}
