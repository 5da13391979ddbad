"""The four tiles of MPNS (mpns.md 6), and what an older phone can still show of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from winpush._values import keep_plain, plain
from winpush.errors import NothingToSendError, ValidationError
from winpush.mpns import checks, payloads
from winpush.mpns.fields import CLEAR, CYCLE_IMAGES, TEMPLATES, TILE_FIELDS, Clear, Template
from winpush.mpns.notifications import Notification, check_version, reads

__all__ = ["CycleTile", "FlipTile", "IconicTile", "Text", "Tile", "TileNotification"]

Text = str | Clear | None
"""A text or image of a tile: a string to set it, `CLEAR` to erase it, None to leave it as it is on the phone."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TileNotification(Notification):
    """The base of all tiles. `id` is a secondary tile's navigation URI, or None for the app's own tile."""

    id: str | None = None

    push_type = "tile"
    # Of the kind, and so of a subclass, whatever its name.
    _template: ClassVar[Template]

    def _check_and_write(self, values: dict[str, object]) -> None:
        template = self._template
        if not any(value is not None for value in values.values()):
            raise ValidationError("tile", "has no field to change: give at least one, such as title or count")
        for name, value in values.items():
            if value is CLEAR:
                if name in template.not_clearable:
                    raise ValidationError(name, "can't be cleared on a 7.x tile; use a FlipTile, or send another image")
            elif value is not None:
                checks.CHECKS[TILE_FIELDS[name].kind](name, value)
        if self.id is not None:
            checks.check_tile_id(self.id)
        self._finish(payloads.write_tile(template, self.id, values))

    def for_version(self, version: str) -> TileNotification:
        """This tile, or the best older template with the fields that the phone can still show."""
        check_version(version)
        template = next(name for name in self._fallbacks() if reads(version, TEMPLATES[name].since))
        return self if template == self._template.name and version != "7.0" else _fall_back(self, template, version)

    def _fallbacks(self) -> tuple[str, ...]:
        """The templates to try, newest first; the last is one that every phone knows."""
        return (self._template.name, "Tile")

    def _as_fields(self) -> dict[str, object]:
        """The values under the names of the older templates' fields."""
        return self._values()

    def _values(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self._template.fields}

    def _names(self) -> tuple[str, ...]:
        return (*self._template.fields, "id")


@dataclass(frozen=True, slots=True, repr=False)
class Tile(TileNotification):
    """The live tile of Windows Phone 7: front image, count and title, and from 7.1 a back.

    Every field except `background_image` can be `mpns.CLEAR`. `count=0` hides the counter.
    """

    background_image: str | None = None
    count: int | Clear | None = None
    title: Text = None
    back_background_image: Text = None
    back_title: Text = None
    back_content: Text = None

    _template = TEMPLATES["Tile"]

    def __post_init__(self) -> None:
        keep_plain(self, self._names())
        self._check_and_write(self._values())


@dataclass(frozen=True, slots=True, repr=False)
class FlipTile(TileNotification):
    """The tile of 7.8 and later that flips over, in three sizes. Every field can be `mpns.CLEAR`."""

    background_image: Text = None
    count: int | Clear | None = None
    title: Text = None
    back_background_image: Text = None
    back_title: Text = None
    back_content: Text = None
    small_background_image: Text = None
    wide_background_image: Text = None
    wide_back_content: Text = None
    wide_back_background_image: Text = None

    _template = TEMPLATES["FlipTile"]

    def __post_init__(self) -> None:
        keep_plain(self, self._names())
        self._check_and_write(self._values())


@dataclass(frozen=True, slots=True, repr=False)
class IconicTile(TileNotification):
    """The tile of 8.0 and later with an icon, a large count and, when wide, three rows of text.

    `background_color` is `#AARRGGBB`; phones are known to accept alpha FF. Every field can be `mpns.CLEAR`.
    """

    background_color: Text = None
    count: int | Clear | None = None
    title: Text = None
    icon_image: Text = None
    small_icon_image: Text = None
    wide_content1: Text = None
    wide_content2: Text = None
    wide_content3: Text = None

    _template = TEMPLATES["IconicTile"]

    def __post_init__(self) -> None:
        keep_plain(self, self._names())
        self._check_and_write(self._values())


@dataclass(frozen=True, slots=True, repr=False)
class CycleTile(TileNotification):
    """The tile of 8.0 and later that shows one to nine images in turn.

    An `mpns.CLEAR` entry in `cycle_images` erases that image; a None entry leaves it unchanged.
    """

    small_background_image: Text = None
    cycle_images: Sequence[Text] | None = None
    count: int | Clear | None = None
    title: Text = None

    _template = TEMPLATES["CycleTile"]

    def __post_init__(self) -> None:
        keep_plain(self, self._names())
        if self.cycle_images is not None:
            object.__setattr__(self, "cycle_images", _check_cycle_images(self.cycle_images))
        images = tuple(self.cycle_images or ())
        padded = (*images, *(None,) * (CYCLE_IMAGES - len(images)))
        self._check_and_write(
            {
                "small_background_image": self.small_background_image,
                **{f"cycle_image{n}": image for n, image in enumerate(padded, 1)},
                "count": self.count,
                "title": self.title,
            }
        )

    def _fallbacks(self) -> tuple[str, ...]:
        return ("CycleTile", "FlipTile", "Tile")

    def _as_fields(self) -> dict[str, object]:
        # A tile that can't cycle shows the first image.
        first = next((image for image in self.cycle_images or () if image is not None), None)
        return {**self._values(), "background_image": first}

    def _values(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in ("small_background_image", "count", "title")}

    def _names(self) -> tuple[str, ...]:
        return ("small_background_image", "cycle_images", "count", "title", "id")


def _check_cycle_images(images: Sequence[Text]) -> tuple[Text, ...]:
    if isinstance(images, str) or not isinstance(images, Iterable):
        found = "a single string" if isinstance(images, str) else type(images).__name__
        raise ValidationError("cycle_images", f"must be a list of images, not {found}")
    listed = tuple(plain(image) for image in images)
    if not 1 <= len(listed) <= CYCLE_IMAGES:
        raise ValidationError("cycle_images", f"has {len(listed)} images; a cycle tile takes 1 to {CYCLE_IMAGES}")
    if listed[-1] is None:
        raise ValidationError("cycle_images", "ends with None; end it with the last image to change")
    return listed


_CLASSES: dict[str, type[TileNotification]] = {cls.__name__: cls for cls in (Tile, FlipTile, IconicTile, CycleTile)}


def _fall_back(tile: TileNotification, template: str, version: str) -> TileNotification:
    if version == "7.0" and tile.id is not None:
        raise NothingToSendError(f"{type(tile).__name__}: Windows Phone 7.0 has no secondary tiles, and this is one")
    kept = _readable(tile._as_fields(), template, version)
    if not kept:
        raise NothingToSendError(f"{type(tile).__name__}: Windows Phone {version} can show none of its fields")
    return _CLASSES[template](**kept, id=tile.id, **tile._options())


def _readable(values: Mapping[str, object], template: str, version: str) -> dict[str, Any]:
    """The fields of the template that this version reads. Clearing came with 7.1 (mpns.md 6.2)."""
    not_clearable = TEMPLATES[template].not_clearable
    kept: dict[str, Any] = {}
    for name in TEMPLATES[template].fields:
        value = values.get(name)
        if value is None or not reads(version, TILE_FIELDS[name].since):
            continue
        if value is CLEAR and (name in not_clearable or not reads(version, "7.1")):
            continue
        kept[name] = value
    return kept
