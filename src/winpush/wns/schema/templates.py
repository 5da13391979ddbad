"""The single table of the legacy templates of Windows 8 through Windows Phone 8.1, with their text and image counts
(wns.md 12).

Names are derived from shapes: the medium and wide shapes exist twice, in version 1 (`TileSquareText01`, Windows 8) and
in version 2 (`TileSquare150x150Text01`, Windows 8.1), which falls back to the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["CATALOGUE", "Template"]

LegacySize = Literal["small", "medium", "wide", "large", "tall"]


@dataclass(frozen=True, slots=True)
class Template:
    """One legacy template: how many text and image fields it has, and the schema version that introduced it.

    `size` is None for a toast. `version` is the required `<visual version>`, None if unknown. `fallback` is the version
    1 name of a version 2 template, `successor` the reverse. `number` is its value in the WinRT enumeration. `phone`
    says whether Windows Phone 8.1 draws it (None if unknown). `rule` is the device's rule about it, or ''.
    """

    name: str
    texts: int
    images: int
    size: LegacySize | None
    version: int | None
    number: int
    fallback: str | None = None
    successor: str | None = None
    phone: bool | None = True
    note: str = ""
    rule: str = ""

    @property
    def kind(self) -> str:
        """`toast` or `tile`."""
        return "toast" if self.size is None else "tile"


# Shape: (texts, images), in the order of the WinRT enumeration.
_MEDIUM = {
    "Image": (0, 1),
    "Block": (2, 0),
    "Text01": (4, 0),
    "Text02": (2, 0),
    "Text03": (4, 0),
    "Text04": (1, 0),
    "PeekImageAndText01": (4, 1),
    "PeekImageAndText02": (2, 1),
    "PeekImageAndText03": (4, 1),
    "PeekImageAndText04": (1, 1),
}
_WIDE = {
    "Image": (0, 1),
    "ImageCollection": (0, 5),
    "ImageAndText01": (1, 1),
    "ImageAndText02": (2, 1),
    "BlockAndText01": (6, 0),
    # NotificationsExtensions declares 6 texts in its version 2 class: a bug, going by the enumeration's description.
    "BlockAndText02": (3, 0),
    "PeekImageCollection01": (2, 5),
    "PeekImageCollection02": (5, 5),
    "PeekImageCollection03": (1, 5),
    "PeekImageCollection04": (1, 5),
    "PeekImageCollection05": (2, 6),
    "PeekImageCollection06": (1, 6),
    "PeekImageAndText01": (1, 1),
    "PeekImageAndText02": (5, 1),
    "PeekImage01": (2, 1),
    "PeekImage02": (5, 1),
    "PeekImage03": (1, 1),
    "PeekImage04": (1, 1),
    "PeekImage05": (2, 2),
    "PeekImage06": (1, 2),
    "SmallImageAndText01": (1, 1),
    "SmallImageAndText02": (5, 1),
    "SmallImageAndText03": (1, 1),
    "SmallImageAndText04": (2, 1),
    "SmallImageAndText05": (2, 1),
    "Text01": (5, 0),
    "Text02": (9, 0),
    "Text03": (1, 0),
    "Text04": (1, 0),
    "Text05": (5, 0),
    "Text06": (10, 0),
    "Text07": (9, 0),
    "Text08": (10, 0),
    "Text09": (2, 0),
    "Text10": (9, 0),
    "Text11": (10, 0),
}
_LARGE = {
    "BlockAndText01": (9, 0),
    "BlockAndText02": (7, 1),
    "Image": (0, 1),
    "ImageAndText01": (1, 1),
    "ImageAndText02": (2, 1),
    "ImageAndTextOverlay01": (1, 1),
    "ImageAndTextOverlay02": (2, 1),
    "ImageAndTextOverlay03": (4, 1),
    "ImageCollectionAndText01": (1, 5),
    "ImageCollectionAndText02": (2, 5),
    "ImageCollection": (0, 5),
    "SmallImagesAndTextList01": (9, 3),
    "SmallImagesAndTextList02": (3, 3),
    "SmallImagesAndTextList03": (6, 3),
    "SmallImagesAndTextList04": (6, 3),
    "Text01": (10, 0),
    "Text02": (19, 0),
    "Text03": (11, 0),
    "Text04": (22, 0),
    "Text05": (19, 0),
    "Text06": (22, 0),
    "Text07": (19, 0),
    "Text08": (22, 0),
    "TextList01": (9, 0),
    "TextList02": (3, 0),
    "TextList03": (6, 0),
    "SmallImageAndText01": (3, 1),
    # Three code bases say 7; the enumeration's description could mean 10 (unverified).
    "SmallImagesAndTextList05": (7, 3),
    "Text09": (5, 0),
}
_TOASTS = {
    "ToastImageAndText01": (1, 1),
    "ToastImageAndText02": (2, 1),
    "ToastImageAndText03": (2, 1),
    "ToastImageAndText04": (3, 1),
    "ToastText01": (1, 0),
    "ToastText02": (2, 0),
    "ToastText03": (2, 0),
    "ToastText04": (3, 0),
}
_NOT_ON_PHONE = frozenset({"Text02", "Text06", "Text07", "Text08", "Text10", "Text11"})
_BADGE = "The number comes from a badge notification."
_PHONE = "Windows Phone only."
_TALL = "It appears only in the enumeration."
_GONE = "It no longer works since Windows 10."
_LATE = (
    Template("TileSquare71x71IconWithBadge", 0, 1, "small", 3, 75, note=_BADGE, rule="needs-badge"),
    Template("TileSquare150x150IconWithBadge", 0, 1, "medium", 3, 76, note=_BADGE, rule="needs-badge"),
    Template("TileWide310x150IconWithBadgeAndText", 3, 1, "wide", 3, 77, note=_PHONE, rule="phone-only"),
    Template("TileSquare71x71Image", 0, 1, "small", 3, 78, note=_PHONE, rule="phone-only"),
    Template("TileTall150x310Image", 0, 1, "tall", None, 79, None, None, None, _TALL, "enumeration-only"),
)


def _retired(shape: str) -> tuple[str, str]:
    """The note and the rule about templates that no longer work since Windows 10 (wns.md 12.1)."""
    return (_GONE, "retired-template") if "ImageCollection" in shape else ("", "")


def _both(
    first: str, second: str, size: LegacySize, start: int, shapes: dict[str, tuple[int, int]]
) -> Iterator[Template]:
    for number, (shape, (texts, images)) in enumerate(shapes.items(), start):
        phone = size == "medium" or shape not in _NOT_ON_PHONE
        old, new = f"{first}{shape}", f"{second}{shape}"
        note, rule = _retired(shape)
        yield Template(old, texts, images, size, 1, number, successor=new, phone=phone, note=note, rule=rule)
        yield Template(new, texts, images, size, 2, number, fallback=old, phone=phone, note=note, rule=rule)


def _all() -> Iterator[Template]:
    yield from _both("TileSquare", "TileSquare150x150", "medium", 0, _MEDIUM)
    yield from _both("TileWide", "TileWide310x150", "wide", len(_MEDIUM), _WIDE)
    for number, (shape, (texts, images)) in enumerate(_LARGE.items(), len(_MEDIUM) + len(_WIDE)):
        note, rule = _retired(shape)
        yield Template(
            f"TileSquare310x310{shape}", texts, images, "large", 2, number, phone=False, note=note, rule=rule
        )
    yield from _LATE
    for number, (name, (texts, images)) in enumerate(_TOASTS.items()):
        yield Template(name, texts, images, None, 1, number)


CATALOGUE = {template.name: template for template in _all()}
"""All 134 legacy templates by documented name: 126 for tiles, 8 for toasts."""
