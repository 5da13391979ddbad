"""Converts MPNS notifications to WNS, and reports what can't be converted.

`convert.to_wns(toast)` returns the WNS notification, `convert.to_wns_badge(tile)` a tile's count as a badge, and
`convert.lost_in_wns(tile)` what is lost. The protocol packages never import each other, so this module is above both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import overload

from winpush import mpns, wns
from winpush.errors import NothingToSendError, ValidationError
from winpush.mpns.tiles import Text as Content
from winpush.wns.schema.elements import Image, Text
from winpush.wns.schema.enums import Branding, ImagePlacement, Size
from winpush.wns.schema.types import scheme_of
from winpush.wns.tile import TileContent

__all__ = ["lost_in_wns", "to_wns", "to_wns_badge"]

_PACKAGE = "ms-appx:///"
# On Windows, the app's local folder replaces the phone's isolated storage and its shared tile images.
_PHONE_STORAGE = "isostore:/"
_LOCAL_FOLDER = "ms-appdata:///local/"
_AnyTile = mpns.Tile | mpns.FlipTile | mpns.IconicTile | mpns.CycleTile


@overload
def to_wns(notification: mpns.Toast) -> wns.Toast: ...
@overload
def to_wns(notification: mpns.Raw) -> wns.Raw: ...
@overload
def to_wns(notification: _AnyTile) -> wns.Tile | wns.LegacyTile: ...
@overload
def to_wns(notification: mpns.Notification) -> wns.Notification: ...
def to_wns(notification: mpns.Notification) -> wns.Notification:
    """The corresponding WNS notification, for apps that move to Windows. `lost_in_wns` says what is lost.

    Raises NothingToSendError if Windows can show nothing of it, and ValidationError for values that WNS doesn't allow.
    """
    return _convert(notification)


@singledispatch
def _convert(notification: mpns.Notification) -> wns.Notification:
    raise ValidationError("notification", f"is a {type(notification).__name__}, which has no WNS equivalent")


@_convert.register
def _toast(toast: mpns.Toast) -> wns.Toast:
    audio = wns.Audio(silent=True) if toast.silent else _sound(toast.sound)
    texts = [text for text in (toast.text1, toast.text2) if text is not None]
    return wns.Toast(*texts, launch=toast.param, audio=audio)


@_convert.register
def _raw(raw: mpns.Raw) -> wns.Raw:
    return wns.Raw(raw.payload)


@_convert.register
def _xml(xml: mpns.Xml) -> wns.Notification:
    typed = _typed(xml)
    if isinstance(typed, mpns.Xml):
        raise ValidationError(
            "notification", "is a document that winpush's types don't cover; write its WNS form yourself"
        )
    return _convert(typed)


@_convert.register
def _tile(tile: mpns.Tile) -> wns.Tile | wns.LegacyTile:
    return _make(tile, _two_sides("medium", tile.background_image, *_back_of(tile)))


@_convert.register
def _flip_tile(tile: mpns.FlipTile) -> wns.Tile | wns.LegacyTile:
    wide = (tile.wide_background_image, tile.wide_back_background_image, tile.wide_back_content)
    # Both sizes share the back title, and it doesn't justify a wide tile by itself.
    back_title = tile.back_title if any(isinstance(value, str) for value in wide) else None
    return _make(
        tile,
        [
            *_two_sides("small", tile.small_background_image),
            *_two_sides("medium", tile.background_image, *_back_of(tile)),
            *_two_sides("wide", *wide, back_title),
        ],
    )


@_convert.register
def _cycle_tile(tile: mpns.CycleTile) -> wns.Tile | wns.LegacyTile:
    images = [image for value in tile.cycle_images or () for image in _image(value)]
    bindings = _two_sides("small", tile.small_background_image)
    if images:
        bindings += [wns.TileBinding("medium", *images, presentation="photos")]
        bindings += [wns.TileBinding("wide", *images, presentation="photos")]
    return _make(tile, bindings)


@_convert.register
def _iconic_tile(tile: mpns.IconicTile) -> wns.Tile | wns.LegacyTile:
    """Windows 10 kept the phone's small and medium iconic templates, with the count as a badge (wns.md 10.2);
    it lacks the wide one, so an adaptive tile replaces that."""
    bindings: list[wns.TileBinding | wns.LegacyBinding] = []
    small, medium = _image(tile.small_icon_image), _image(tile.icon_image)
    if small:
        bindings.append(wns.LegacyBinding("TileSquare71x71IconWithBadge", images=small))
    if medium:
        bindings.append(wns.LegacyBinding("TileSquare150x150IconWithBadge", images=medium))
    rows = [
        Text(row, style="subtitle" if number == 0 else "captionSubtle")
        for number, row in enumerate((tile.wide_content1, tile.wide_content2, tile.wide_content3))
        if isinstance(row, str)
    ]
    icon = medium or small
    if rows and icon:
        columns = wns.Subgroup(*icon, weight=1), wns.Subgroup(*rows, weight=3)
        bindings.append(wns.TileBinding("wide", wns.Group(*columns)))
    elif rows:
        bindings.append(wns.TileBinding("wide", *rows))
    return _make(tile, bindings)


def to_wns_badge(tile: _AnyTile | mpns.Xml) -> wns.Badge | None:
    """The tile's count, which on Windows is a separate notification; None if the tile doesn't set it.

    Raises ValidationError for what is not a tile.
    """
    typed = _typed(tile)
    if not isinstance(typed, _AnyTile):
        raise ValidationError("tile", f"is a {type(typed).__name__}, and only a tile has a count")
    if typed.count is None:
        return None
    return wns.Badge(0 if typed.count is mpns.CLEAR else int(typed.count))


def _typed(notification: mpns.Notification) -> mpns.Notification:
    """A document as winpush's type for it, if there is one."""
    return mpns.parse(notification.document) if isinstance(notification, mpns.Xml) else notification


def lost_in_wns(notification: mpns.Notification) -> tuple[str, ...]:
    """What `to_wns` can't convert, and what to do instead: a sentence each. Raises ValidationError for a notification
    that isn't for MPNS."""
    if not isinstance(notification, mpns.Notification):
        raise ValidationError("notification", f"is a {type(notification).__name__}, not a notification of MPNS")
    return tuple(_lost(notification))


def _lost(notification: mpns.Notification) -> Iterator[str]:
    if notification.batching is not mpns.Batching.IMMEDIATELY:
        yield "batching: WNS has no delay classes; wns.Priority controls what may wait for a device in battery saver."
    if notification.message_id is not None:
        yield "message_id: WNS assigns its own id to each notification; see result.message_id."
    if notification.callback_uri is not None:
        yield "callback_uri: WNS has no callbacks; request_status=True reports the device's connection."
    typed = _typed(notification)
    if isinstance(typed, _AnyTile):
        yield from _lost_of_tile(typed)


def _lost_of_tile(tile: _AnyTile) -> Iterator[str]:
    if tile.id is not None:
        yield "id: on Windows, a secondary tile has its own channel; send this to that channel."
    if tile.count is not None:
        yield "count: on Windows, the count is a badge; send to_wns_badge() as well."
    if isinstance(tile, mpns.IconicTile) and isinstance(tile.background_color, str):
        yield "background_color: on Windows, the app manifest sets a tile's color."
    yield "A Windows tile notification replaces the whole tile: unset and cleared fields end up empty."


def _make(tile: _AnyTile, bindings: Sequence[wns.TileBinding | wns.LegacyBinding]) -> wns.Tile | wns.LegacyTile:
    """The title replaces the app's name on the tile; a cleared title leaves it empty."""
    title = tile.title if isinstance(tile.title, str) else None
    branding: Branding | None = "none" if tile.title is mpns.CLEAR else None if title is None else "name"
    if not bindings and title is not None:
        bindings = [wns.TileBinding("medium")]
    if not bindings:
        raise NothingToSendError(
            f"{type(tile).__name__}: a Windows tile can show nothing of it. If it has a count, send to_wns_badge(); "
            "lost_in_wns() says what is lost"
        )
    legacy = [binding for binding in bindings if isinstance(binding, wns.LegacyBinding)]
    if len(legacy) == len(bindings):
        return wns.LegacyTile(*legacy, branding=branding, display_name=title)
    return wns.Tile(*bindings, branding=branding, display_name=title)


def _back_of(tile: mpns.Tile | mpns.FlipTile) -> tuple[Content, Content, Content]:
    return tile.back_background_image, tile.back_content, tile.back_title


def _two_sides(
    size: Size, front: Content, back: Content = None, text: Content = None, title: Content = None
) -> list[wns.TileBinding]:
    """A flip tile: on Windows, the front becomes the peek image, and the back the content."""
    behind: list[TileContent] = [*_image(back, "background")]
    if isinstance(text, str):
        behind.append(Text(text, wrap=True))
    if isinstance(title, str):
        behind.append(Text(title, style="captionSubtle"))
    content = [*_image(front, "peek" if behind else "background"), *behind]
    return [wns.TileBinding(size, *content)] if content else []


def _image(value: Content, placement: ImagePlacement | None = None) -> list[Image]:
    """The image, or an empty list if there is none. Windows loads whatever a phone does (mpns.md 6.9, wns.md 10.3)."""
    if not isinstance(value, str):
        return []
    # A phone doesn't darken images; Windows darkens a background by a fifth, and perhaps a peek image (wns.md 10.1).
    overlay = None if placement is None else 0
    return [Image(_address(value), placement=placement, overlay=overlay)]


def _sound(value: str | None) -> wns.Audio | None:
    """The sound, or None. Windows plays whatever a phone does (mpns.md 5, wns.md 9.2)."""
    return None if value is None else wns.Audio(_address(value))


def _address(file: str) -> str:
    """The Windows URI of a phone's image or sound. Without a scheme, it is a file in the app package."""
    file = file.strip()
    if file.lower().startswith(_PHONE_STORAGE):
        return _LOCAL_FOLDER + file[len(_PHONE_STORAGE) :].lstrip("/")
    if scheme_of(file) is not None:
        return file
    return _PACKAGE + file.lstrip("/\\").replace("\\", "/")
