"""Marks a sent document, element by element, with the device's verdict: what shows, what doesn't, and why.

`winpush.wns.show` returns the picture and the remarks; this module matches them with the document as it was sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from winpush._xml import Element, read
from winpush.errors import DocumentError
from winpush.wns import View
from winpush.wns.render.lint import Remark, numbered
from winpush.wns.schema import attributes

__all__ = ["GONE_BY_ATTRIBUTE", "GONE_BY_ELEMENT", "ElementVerdict", "judge_elements", "outline", "verdict_of"]

_KEPT_CHARACTERS = 120
_KEPT_ELEMENTS = 200

GONE_BY_ELEMENT = frozenset(
    {
        "unknown-element",
        "element-name",
        "twice",
        "missing-attribute",
        "unknown-template",
        "one-binding",
        "my-people",
        "too-many-texts",
        "too-many-inputs",
        "too-many-actions",
        "too-many-selections",
        "system-commands",
        "commands",
        "calling-preview",
        "needs-version",
        "phone-only",
        "retired-template",
        "same-size",
        "too-many-photos",
        "field-count",
    }
)
"""Rules that make a device skip the whole element at the remark's path; breaking other rules loses less."""

GONE_BY_ATTRIBUTE = frozenset({"wrong-placement"})
"""Rules on an attribute that make a device skip the whole element."""

_NEEDED = frozenset({"bad-value", "image-source", "empty-image"})
_WITH_NEEDS = (
    attributes.IMAGE,
    attributes.HEADER,
    attributes.PROGRESS,
    attributes.TEXT_INPUT,
    attributes.SELECTION_INPUT,
    attributes.SELECTION,
    attributes.BUTTON,
    attributes.MENU_ENTRY,
)
_REQUIRED = frozenset(
    {(each.element, entry.wire) for each in _WITH_NEEDS for entry in each.attributes if entry.required}
    | {("input", "type")}
)


@dataclass(frozen=True, slots=True)
class ElementVerdict:
    """One element as it was sent, whether a device shows it, and the remarks on it and on its attributes.

    `path` starts at the root; `attributes` and `text` are cut after 120 characters.
    """

    path: str
    attributes: dict[str, str]
    text: str
    is_shown: bool
    remarks: tuple[Remark, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "path": self.path,
            "attributes": self.attributes,
            "text": self.text,
            "is_shown": self.is_shown,
            "remarks": [remark.to_dict() for remark in self.remarks],
        }


def verdict_of(document: bytes, view: View) -> dict[str, Any]:
    """The device's verdict as JSON: whether anything shows, and the elements in document order.

    Only the first 200 elements are included, and `left_out` counts the rest: a thousand requests must not take up
    much memory.
    """
    judged = judge_elements(document, view)
    return {
        "is_shown": view.is_shown,
        **({"is_placeholder": True} if view.is_placeholder else {}),
        "elements": [element.to_dict() for element in judged[:_KEPT_ELEMENTS]],
        "left_out": max(len(judged) - _KEPT_ELEMENTS, 0),
    }


def judge_elements(document: bytes, view: View) -> tuple[ElementVerdict, ...]:
    """Every element of the document; only the root if it isn't well-formed, none for a raw notification."""
    if view.kind == "raw":
        return ()
    try:
        elements = list(outline(read(document)))
    except DocumentError:
        return (ElementVerdict(view.kind, {}, "", is_shown=False, remarks=view.remarks),)
    remarks = _by_place(view, {path for path, _ in elements})
    judged: dict[str, ElementVerdict] = {}
    for path, element in elements:
        above = judged.get(path.rpartition("/")[0])
        own = remarks.get(path, ())
        shows = view.is_shown if above is None else above.is_shown
        is_shown = shows and not any(_takes_away(remark, element.name) for remark in own)
        attributes = {name: value[:_KEPT_CHARACTERS] for name, value in element.attributes.items()}
        judged[path] = ElementVerdict(path, attributes, element.text.strip()[:_KEPT_CHARACTERS], is_shown, own)
    return tuple(judged.values())


def outline(element: Element, path: str = "") -> Iterator[tuple[str, Element]]:
    """Every element with its path; siblings of one name are numbered the way remarks number them."""
    path = path or element.name
    yield path, element
    for child, place in numbered(element, path):
        yield from outline(child, place)


def _by_place(view: View, places: set[str]) -> dict[str, tuple[Remark, ...]]:
    """The remarks by element path. A remark whose path doesn't exist goes to the closest ancestor."""
    found: defaultdict[str, list[Remark]] = defaultdict(list)
    for remark in view.remarks:
        place = remark.path.partition("@")[0]
        while place not in places and "/" in place:
            place = place.rpartition("/")[0]
        found[place].append(remark)
    return {place: tuple(remarks) for place, remarks in found.items()}


def _takes_away(remark: Remark, name: str) -> bool:
    _, is_attribute, wire = remark.path.partition("@")
    if not is_attribute:
        return remark.rule in GONE_BY_ELEMENT
    return remark.rule in GONE_BY_ATTRIBUTE or (remark.rule in _NEEDED and (name, wire) in _REQUIRED)
