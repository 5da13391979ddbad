"""The single table of MPNS fields and tile templates: Python and wire names, order, what can be cleared, since when.

All code that writes, reads, checks, converts or renders an MPNS notification uses it (mpns.md 5 and 6).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = [
    "CLEAR",
    "CYCLE_IMAGES",
    "TEMPLATES",
    "TILE_FIELDS",
    "TOAST_FIELDS",
    "VERSIONS",
    "Clear",
    "Field",
    "Kind",
    "Template",
]

VERSIONS = ("7.0", "7.1", "7.8", "8.0", "8.1")
"""The Windows Phone versions that MPNS served, oldest first. Compare versions by their position in this tuple."""

CYCLE_IMAGES = 9


class Clear(enum.Enum):
    """The type of `CLEAR`."""

    CLEAR = "clear"

    def __repr__(self) -> str:
        return "mpns.CLEAR"


CLEAR = Clear.CLEAR
"""Erases a tile field (`Action="Clear"`). A field that is left out keeps its value on the phone."""


class Kind(enum.Enum):
    """What a field holds, which decides how it is checked."""

    TEXT = "text"
    IMAGE = "image"
    COUNT = "count"
    COLOUR = "colour"
    LINK = "link"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a payload: its Python and wire names, and the first version that reads it."""

    name: str
    wire: str
    kind: Kind
    since: str = "7.0"


@dataclass(frozen=True, slots=True)
class Template:
    """One tile template: its value on the wire (None for the 7.x tile), its fields in the documented order,
    and the fields that can't be cleared."""

    name: str
    wire: str | None
    since: str
    fields: tuple[str, ...]
    not_clearable: frozenset[str] = frozenset()


TOAST_FIELDS = (
    Field("text1", "Text1", Kind.TEXT),
    Field("text2", "Text2", Kind.TEXT),
    Field("param", "Param", Kind.LINK, "7.1"),
    # Actually Windows Phone 8 Update 3 (8.0.10492), but VERSIONS doesn't distinguish updates.
    Field("sound", "Sound", Kind.SOUND, "8.0"),
)

TILE_FIELDS = {
    field.name: field
    for field in (
        Field("background_image", "BackgroundImage", Kind.IMAGE),
        Field("count", "Count", Kind.COUNT),
        Field("title", "Title", Kind.TEXT),
        Field("back_background_image", "BackBackgroundImage", Kind.IMAGE, "7.1"),
        Field("back_title", "BackTitle", Kind.TEXT, "7.1"),
        Field("back_content", "BackContent", Kind.TEXT, "7.1"),
        Field("small_background_image", "SmallBackgroundImage", Kind.IMAGE, "7.8"),
        Field("wide_background_image", "WideBackgroundImage", Kind.IMAGE, "7.8"),
        Field("wide_back_background_image", "WideBackBackgroundImage", Kind.IMAGE, "7.8"),
        Field("wide_back_content", "WideBackContent", Kind.TEXT, "7.8"),
        Field("small_icon_image", "SmallIconImage", Kind.IMAGE, "8.0"),
        Field("icon_image", "IconImage", Kind.IMAGE, "8.0"),
        Field("wide_content1", "WideContent1", Kind.TEXT, "8.0"),
        Field("wide_content2", "WideContent2", Kind.TEXT, "8.0"),
        Field("wide_content3", "WideContent3", Kind.TEXT, "8.0"),
        Field("background_color", "BackgroundColor", Kind.COLOUR, "8.0"),
        *(Field(f"cycle_image{n}", f"CycleImage{n}", Kind.IMAGE, "8.0") for n in range(1, CYCLE_IMAGES + 1)),
    )
}

TEMPLATES = {
    template.name: template
    for template in (
        Template(
            "Tile",
            None,
            "7.0",
            ("background_image", "count", "title", "back_background_image", "back_title", "back_content"),
            frozenset({"background_image"}),
        ),
        Template(
            "FlipTile",
            "FlipTile",
            "7.8",
            (
                "small_background_image",
                "wide_background_image",
                "wide_back_background_image",
                "wide_back_content",
                "background_image",
                "count",
                "title",
                "back_background_image",
                "back_title",
                "back_content",
            ),
        ),
        Template(
            "IconicTile",
            "IconicTile",
            "8.0",
            (
                "small_icon_image",
                "icon_image",
                "wide_content1",
                "wide_content2",
                "wide_content3",
                "count",
                "title",
                "background_color",
            ),
        ),
        Template(
            "CycleTile",
            "CycleTile",
            "8.0",
            ("small_background_image", *(f"cycle_image{n}" for n in range(1, CYCLE_IMAGES + 1)), "count", "title"),
        ),
    )
}
