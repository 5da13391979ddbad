"""The building blocks of toasts and tiles: texts, images, groups and progress bars, as frozen, checked values
(wns.md 9.1 and 10.1).

A text without hints is a plain string; `Text` adds hints. The toast or tile that contains a part decides which hints
are allowed there.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Never

from winpush._values import Value, keep_plain, plain
from winpush._xml import attribute, check_text, escape
from winpush.errors import ValidationError
from winpush.wns.schema import attributes
from winpush.wns.schema.attributes import Schema
from winpush.wns.schema.enums import Crop, ImageAlign, ImagePlacement, TextAlign, TextPlacement, TextStacking, TextStyle

__all__ = [
    "ADAPTIVE_HINTS",
    "OVERLAID",
    "Group",
    "Image",
    "Part",
    "Progress",
    "Subgroup",
    "Text",
    "as_json",
    "open_tag",
]


def check_attributes(part: object, table: Schema) -> None:
    """Makes plain and checks every attribute that is set, and checks that the required ones are."""
    for entry in table.attributes:
        given = getattr(part, entry.name)
        if given is not None:
            value = plain(given)
            if value is not given:
                object.__setattr__(part, entry.name, value)
            entry.kind.check(f"{table.element}.{entry.name}", value)
        elif entry.required:
            raise ValidationError(f"{table.element}.{entry.name}", "must be given")


def open_tag(part: object, table: Schema) -> str:
    """`<element name="value"…` without the closing bracket; attributes in the table's order."""
    out = [f"<{table.element}", *[attribute(name, value) for name, value in table.fixed]]
    for entry in table.attributes:
        value = getattr(part, entry.name)
        if value is not None:
            out.append(attribute(entry.wire, entry.kind.write(value)))
    return "".join(out)


def as_json(value: object) -> Any:
    """A JSON-ready value: parts and tuples recursively, times in ISO 8601."""
    if isinstance(value, Part):
        return value.to_dict()
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value


class Part(Value):
    """The base of all parts: a short repr, and a JSON-ready form."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in given(self)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict of the type's name and every field that is set."""
        return {"type": type(self).__name__, **{name: as_json(value) for name, value in given(self)}}


def given(part: object) -> Iterable[tuple[str, object]]:
    """The fields that are set and not empty, in order."""
    for entry in fields(part):  # type: ignore[arg-type]  # every part is a dataclass, which the base can't express
        value = getattr(part, entry.name)
        if entry.repr and value is not None and value != ():
            yield entry.name, value


@dataclass(frozen=True, slots=True, repr=False)
class Text(Part):
    """A text with hints.

    In a toast `style`, `wrap`, `align` and `min_lines` are for subgroups; `placement="attribution"` and
    `call_center_align` for its top level, where texts always wrap. `max_lines` of a toast's first text is 1 or 2; the
    other two share four lines. `lang` is a BCP-47 tag. In a wide tile, texts with the `id` 1, 2 and 3 are also lines of
    the lock screen.
    """

    text: str
    style: TextStyle | None = None
    wrap: bool | None = None
    max_lines: int | None = None
    min_lines: int | None = None
    align: TextAlign | None = None
    placement: TextPlacement | None = None
    call_center_align: bool | None = None
    lang: str | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        keep_plain(self, ("text",))
        if not isinstance(self.text, str):
            raise ValidationError("text", f"must be text, not {type(self.text).__name__}")
        check_text("text", self.text)
        check_attributes(self, attributes.TEXT)

    @property
    def is_plain(self) -> bool:
        """True if there are no hints."""
        return all(getattr(self, entry.name) is None for entry in attributes.TEXT.attributes)

    def to_element(self) -> str:
        """`<text …>…</text>`."""
        return f"{open_tag(self, attributes.TEXT)}>{escape(self.text)}</text>"


OVERLAID = ("background", "peek")
"""The placements of images that `hint-overlay` darkens (wns.md 10.1)."""
ADAPTIVE_HINTS = ("placement", "crop", "align", "remove_margin", "overlay")
"""The hints that an image in a legacy template can't have (wns.md 10.4)."""


@dataclass(frozen=True, slots=True, repr=False)
class Image(Part):
    """An image: inline unless `placement` says otherwise.

    Toasts have `hero` (364×180 pixels) and `appLogoOverride` (48×48), tiles have `background` and `peek`, which also
    take an `overlay` from 0 to 100. `src` is an http(s), ms-appx or ms-appdata address, or a path relative to the base
    (section 10.3). `alt` is for screen readers. `add_image_query` tells the image's server the device's scale and
    language.
    """

    src: str
    alt: str | None = None
    placement: ImagePlacement | None = None
    crop: Crop | None = None
    align: ImageAlign | None = None
    remove_margin: bool | None = None
    overlay: int | None = None
    add_image_query: bool | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.IMAGE)
        if self.overlay is not None and self.placement not in OVERLAID:
            raise ValidationError("image.overlay", "is for background and peek images only")

    def to_element(self) -> str:
        """`<image …/>`."""
        return f"{open_tag(self, attributes.IMAGE)}/>"


Content = str | Text | Image


def check_content(owner: str, items: Iterable[object], allowed: tuple[type, ...]) -> tuple[Any, ...]:
    """The items as a tuple, with a Text without hints as a string. Raises ValidationError for a wrong type."""
    checked = tuple(item.text if type(item) is Text and item.is_plain else plain(item) for item in items)
    for item in checked:
        if isinstance(item, str):
            check_text(f"{owner}.text", item)
        elif not isinstance(item, allowed):
            names = ", ".join(["str", *[kind.__name__ for kind in allowed]])
            raise ValidationError(owner, f"can't contain a {type(item).__name__}; it can contain {names}")
    return checked


def write_content(items: Iterable[Any]) -> str:
    """The elements of the items."""
    return "".join([f"<text>{escape(item)}</text>" if isinstance(item, str) else item.to_element() for item in items])


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Subgroup(Part):
    """One column of a group: texts and images from top to bottom. `weight` is its width relative to the others."""

    content: tuple[Content, ...] = ()
    weight: int | None = None
    text_stacking: TextStacking | None = None

    _by_place: ClassVar[str] = "content"

    def __init__(
        self, *content: Content, weight: int | None = None, text_stacking: TextStacking | None = None, **named: Never
    ) -> None:
        content = content or self._take_only_placed(named)
        object.__setattr__(self, "content", check_content("subgroup", content, (Text, Image)))
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "text_stacking", text_stacking)
        check_attributes(self, attributes.SUBGROUP)
        for item in self.content:
            if isinstance(item, Image) and item.placement not in (None, "inline"):
                raise ValidationError(
                    "image.placement", f"is {item.placement!r}, but images in a subgroup are always inline"
                )
            if isinstance(item, Text) and (item.placement is not None or item.call_center_align is not None):
                raise ValidationError(
                    "subgroup.text", "can't have placement or call_center_align, which are for a toast's top level"
                )

    def to_element(self) -> str:
        """`<subgroup …>…</subgroup>`."""
        return f"{open_tag(self, attributes.SUBGROUP)}>{write_content(self.content)}</subgroup>"


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Group(Part):
    """Columns side by side, shown completely or not at all."""

    subgroups: tuple[Subgroup, ...] = ()

    _by_place: ClassVar[str] = "subgroups"

    def __init__(self, *subgroups: Subgroup, **named: Never) -> None:
        subgroups = subgroups or self._take_only_placed(named)
        if not subgroups:
            raise ValidationError("group", "is empty; a group needs at least one Subgroup")
        for subgroup in subgroups:
            if not isinstance(subgroup, Subgroup):
                raise ValidationError("group", f"can only contain Subgroups, not a {type(subgroup).__name__}")
        object.__setattr__(self, "subgroups", subgroups)

    def to_element(self) -> str:
        """`<group>…</group>`."""
        return f"<group>{''.join([subgroup.to_element() for subgroup in self.subgroups])}</group>"


@dataclass(frozen=True, slots=True, repr=False)
class Progress(Part):
    """A progress bar, on desktops since the Creators Update.

    `value` is 0.0 to 1.0, `"indeterminate"`, or `"{name}"` of a value that the app binds later: a push carries no data
    for it. `status` is shown below on the left and is required but may be empty (wns.md 9.1); `value_override`
    replaces the percentage.
    """

    value: float | str
    status: str
    title: str | None = None
    value_override: str | None = None

    def __post_init__(self) -> None:
        check_attributes(self, attributes.PROGRESS)

    def to_element(self) -> str:
        """`<progress …/>`."""
        return f"{open_tag(self, attributes.PROGRESS)}/>"
