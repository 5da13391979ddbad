"""Adaptive tiles of Windows 10 (wns.md 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Never, Unpack

from winpush._values import plain
from winpush._xml import attribute
from winpush.errors import ValidationError
from winpush.wns.legacy import (
    LegacyBinding,
    check_bindings,
    check_fallback,
    settle_version,
    with_auto_version,
    write_tile,
)
from winpush.wns.notifications import Notification
from winpush.wns.options import Options
from winpush.wns.schema import attributes
from winpush.wns.schema.elements import (
    Group,
    Image,
    Part,
    Text,
    check_attributes,
    check_content,
    open_tag,
    write_content,
)
from winpush.wns.schema.enums import Branding, Presentation, Size, TextStacking, words

__all__ = ["TEMPLATES", "Tile", "TileBinding", "TileContent"]

TileContent = str | Text | Image | Group

TEMPLATES = {size: f"Tile{size.capitalize()}" for size in words(Size)}
"""The adaptive templates by size: `TileSmall`, `TileMedium`, `TileWide`, `TileLarge`."""

MAX_PHOTOS = 12
TILE_PLACEMENTS = (None, "inline", "background", "peek")

_put = object.__setattr__


@dataclass(frozen=True, slots=True, init=False, repr=False)
class TileBinding(Part):
    """One size of a tile: `TileBinding("medium", "Hello", Image("b.jpg", placement="background"))`.

    After the size come texts (plain strings, or `Text` with hints), `Image`s and `Group`s, from top to bottom.
    `presentation` selects a special tile: "photos" (up to 12 images), "people" or "contact". `lock_status1` to `3` are
    the lines that a wide tile shows on the lock screen. `overlay` darkens the background image, 0 to 100. `fallback` is
    a version 1 name from the legacy catalogue. The other fields override the tile's for this size.
    """

    size: Size = "medium"
    content: tuple[TileContent, ...] = ()
    fallback: str | None = None
    lang: str | None = None
    base_uri: str | None = None
    branding: Branding | None = None
    add_image_query: bool | None = None
    content_id: str | None = None
    display_name: str | None = None
    arguments: str | None = None
    text_stacking: TextStacking | None = None
    overlay: int | None = None
    presentation: Presentation | None = None
    lock_status1: str | None = None
    lock_status2: str | None = None
    lock_status3: str | None = None

    _by_place: ClassVar[str] = "content"

    def __init__(
        self,
        size: Size,
        *content: TileContent,
        fallback: str | None = None,
        lang: str | None = None,
        base_uri: str | None = None,
        branding: Branding | None = None,
        add_image_query: bool | None = None,
        content_id: str | None = None,
        display_name: str | None = None,
        arguments: str | None = None,
        text_stacking: TextStacking | None = None,
        overlay: int | None = None,
        presentation: Presentation | None = None,
        lock_status1: str | None = None,
        lock_status2: str | None = None,
        lock_status3: str | None = None,
        **named: Never,
    ) -> None:
        content = content or self._take_only_placed(named)
        size = plain(size)
        if not isinstance(size, str) or size not in TEMPLATES:
            raise ValidationError("size", f"is {size!r}; it must be one of {', '.join(TEMPLATES)}")
        _put(self, "size", size)
        _put(self, "content", check_content("tile", content, (Text, Image, Group)))
        _put(self, "fallback", fallback)
        _put(self, "lang", lang)
        _put(self, "base_uri", base_uri)
        _put(self, "branding", branding)
        _put(self, "add_image_query", add_image_query)
        _put(self, "content_id", content_id)
        _put(self, "display_name", display_name)
        _put(self, "arguments", arguments)
        _put(self, "text_stacking", text_stacking)
        _put(self, "overlay", overlay)
        _put(self, "presentation", presentation)
        _put(self, "lock_status1", lock_status1)
        _put(self, "lock_status2", lock_status2)
        _put(self, "lock_status3", lock_status3)
        check_attributes(self, attributes.TILE_BINDING)
        check_fallback(self.fallback, size)
        _check_parts(self)

    def to_element(self) -> str:
        """`<binding template="TileMedium" …>…</binding>`."""
        opened = open_tag(self, attributes.TILE_BINDING).removeprefix("<binding")
        return f"<binding{attribute('template', TEMPLATES[self.size])}{opened}>{write_content(self.content)}</binding>"


def _check_parts(binding: TileBinding) -> None:
    for item in binding.content:
        if isinstance(item, Image) and item.placement not in TILE_PLACEMENTS:
            raise ValidationError("image.placement", f"is {item.placement!r}, which only toasts have")
        if isinstance(item, Text) and (item.placement is not None or item.call_center_align is not None):
            raise ValidationError("tile.text", "can't have placement or call_center_align, which only toasts have")
    images = sum(isinstance(item, Image) for item in binding.content)
    if binding.presentation == "photos" and images > MAX_PHOTOS:
        raise ValidationError("tile.image", f"occurs {images} times; a photos tile shows at most {MAX_PHOTOS}")
    if binding.size != "wide" and any((binding.lock_status1, binding.lock_status2, binding.lock_status3)):
        raise ValidationError("lock_status1", "to lock_status3 are read from the wide binding only")


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Tile(Notification):
    """A live tile: one `TileBinding` for each size the user can choose.

    Add a `LegacyBinding` for older devices and for the iconic templates (section 10.2); `version` is then set to what
    these need. `branding`, `display_name`, `lang`, `base_uri`, `add_image_query`, `arguments` (for chaseable tiles) and
    `content_id` apply to all sizes unless a binding overrides them. Takes the delivery options of `wns.Options` except
    those for toasts.
    """

    bindings: tuple[TileBinding | LegacyBinding, ...] = ()
    version: int | None = None
    lang: str | None = None
    base_uri: str | None = None
    branding: Branding | None = None
    add_image_query: bool | None = None
    content_id: str | None = None
    display_name: str | None = None
    arguments: str | None = None

    push_type = "tile"
    _by_place: ClassVar[str] = "bindings"

    def __init__(
        self,
        *bindings: TileBinding | LegacyBinding,
        version: int | Literal["auto"] | None = "auto",
        lang: str | None = None,
        base_uri: str | None = None,
        branding: Branding | None = None,
        add_image_query: bool | None = None,
        content_id: str | None = None,
        display_name: str | None = None,
        arguments: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        bindings = bindings or self._take_placed(options)
        _put(self, "bindings", bindings)
        _put(self, "lang", lang)
        _put(self, "base_uri", base_uri)
        _put(self, "branding", branding)
        _put(self, "add_image_query", add_image_query)
        _put(self, "content_id", content_id)
        _put(self, "display_name", display_name)
        _put(self, "arguments", arguments)
        check_bindings(bindings, (TileBinding, LegacyBinding))
        if not has_adaptive(bindings):
            raise ValidationError("tile", "has legacy templates only; use a wns.LegacyTile for them")
        _put(self, "version", settle_version(version, bindings))
        check_attributes(self, attributes.TILE_VISUAL)
        self._finish(write_tile(self, bindings).encode(), options)

    def _arguments(self) -> dict[str, Any]:
        return with_auto_version(self, Notification._arguments(self))


def has_adaptive(bindings: Sequence[object]) -> bool:
    """True if at least one of the bindings is adaptive."""
    return any(isinstance(binding, TileBinding) for binding in bindings)
