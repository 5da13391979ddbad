"""From MPNS to WNS: what a phone's notification becomes on Windows, and what of it finds no place there.

Found as `to_wns()`, `to_wns_badge()` and `lost_in_wns()` of the notifications of `winpush.mpns`. The two protocols know
nothing of each other, so what knows both stands above them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from winpush import mpns, wns
from winpush.errors import NothingToSendError, ValidationError
from winpush.mpns.tiles import Text as Content
from winpush.wns.parts import Image, Text
from winpush.wns.tile import TileContent
from winpush.wns.vocabulary import Size

__all__ = ["list_lost", "to_badge", "to_wns"]

_PACKAGE = "ms-appx:///"
# A phone's isolated storage and its shared tile images became the app's local folder.
_PHONE_STORAGE = "isostore:/"
_LOCAL_FOLDER = "ms-appdata:///local/"


@singledispatch
def to_wns(notification: mpns.Notification) -> wns.Notification:
    """The notification of WNS. Raises NothingToSendError when nothing of it can be shown on Windows, and
    ValidationError for what Windows would not take."""
    raise ValidationError("notification", f"{type(notification).__name__} has no counterpart in WNS")


@to_wns.register
def _toast(toast: mpns.Toast) -> wns.Toast:
    audio = None
    if toast.silent:
        audio = wns.Audio(silent=True)
    elif toast.sound is not None:
        audio = wns.Audio(_address(toast.sound))
    texts = [text for text in (toast.text1, toast.text2) if text is not None]
    return wns.Toast(*texts, launch=toast.param, audio=audio)


@to_wns.register
def _raw(raw: mpns.Raw) -> wns.Raw:
    return wns.Raw(raw.payload)


@to_wns.register
def _tile(tile: mpns.Tile) -> wns.Tile:
    front, back, text = tile.background_image, tile.back_background_image, tile.back_content
    return _make(tile, [_two_sides("medium", front, back, text)])


@to_wns.register
def _flip_tile(tile: mpns.FlipTile) -> wns.Tile:
    return _make(
        tile,
        [
            _two_sides("small", tile.small_background_image, None, None),
            _two_sides("medium", tile.background_image, tile.back_background_image, tile.back_content),
            _two_sides("wide", tile.wide_background_image, tile.wide_back_background_image, tile.wide_back_content),
        ],
    )


@to_wns.register
def _cycle_tile(tile: mpns.CycleTile) -> wns.Tile:
    images = [Image(_address(image)) for image in tile.cycle_images or () if isinstance(image, str)]
    bindings = [_two_sides("small", tile.small_background_image, None, None)]
    if images:
        bindings += [wns.TileBinding("medium", *images, presentation="photos")]
        bindings += [wns.TileBinding("wide", *images, presentation="photos")]
    return _make(tile, bindings)


@to_wns.register
def _iconic_tile(tile: mpns.IconicTile) -> wns.Tile | wns.LegacyTile:
    """WNS kept the iconic templates of the phone, with the count as a badge (wns.md section 10.2)."""
    lines = [
        line if isinstance(line, str) else "" for line in (tile.wide_content1, tile.wide_content2, tile.wide_content3)
    ]
    small = tile.small_icon_image if isinstance(tile.small_icon_image, str) else None
    medium = tile.icon_image if isinstance(tile.icon_image, str) else None
    bindings = []
    if small is not None:
        bindings.append(wns.LegacyBinding("TileSquare71x71IconWithBadge", images=[_address(small)]))
    if medium is not None:
        bindings.append(wns.LegacyBinding("TileSquare150x150IconWithBadge", images=[_address(medium)]))
    icon = medium or small
    if icon is not None and any(lines):
        bindings.append(wns.LegacyBinding("TileWide310x150IconWithBadgeAndText", lines, [_address(icon)]))
    if bindings:
        return wns.LegacyTile(*bindings)
    texts = [Text(line) for line in lines if line]
    return _make(tile, [wns.TileBinding("wide", *texts)] if texts else [])


def to_badge(tile: mpns.Tile | mpns.FlipTile | mpns.IconicTile | mpns.CycleTile) -> wns.Badge | None:
    """The tile's count, which on Windows is a notification of its own; None when the tile says nothing of it."""
    if tile.count is None:
        return None
    return wns.Badge(0 if tile.count is mpns.CLEAR else int(tile.count))


def list_lost(notification: mpns.Notification) -> tuple[str, ...]:
    """Sentences: what of the notification `to_wns()` can't carry over, and what to do instead."""
    return tuple(_lost(notification))


def _lost(notification: mpns.Notification) -> Iterator[str]:
    if notification.batching is not mpns.Batching.IMMEDIATELY:
        yield "batching: WNS has no classes of delay; wns.Priority says what may wait for a device that saves power."
    if notification.message_id is not None:
        yield "message_id: WNS gives each notification an id of its own, in result.message_id."
    if notification.callback_uri is not None:
        yield "callback_uri: WNS calls nobody back; request_status=True tells of the device's connection."
    if isinstance(notification, mpns.Tile | mpns.FlipTile | mpns.IconicTile | mpns.CycleTile):
        yield from _lost_of_tile(notification)


def _lost_of_tile(tile: mpns.Tile | mpns.FlipTile | mpns.IconicTile | mpns.CycleTile) -> Iterator[str]:
    if tile.id is not None:
        yield "id: on Windows a secondary tile has a channel of its own; send this to that channel."
    if tile.count is not None:
        yield "count: on Windows the count is a badge, a notification of its own: send to_wns_badge() too."
    if isinstance(tile, mpns.Tile | mpns.FlipTile) and tile.back_title is not None:
        yield "back_title: a Windows tile has one title."
    if isinstance(tile, mpns.IconicTile):
        if tile.background_color is not None:
            yield "background_color: on Windows the colour of a tile is in the app's manifest."
        if tile.title is not None and not isinstance(_or_none(tile), wns.Tile):
            yield "title: the iconic templates of Windows show the name that the app's manifest gives."
    yield "A tile notification of Windows replaces the whole tile: a field left out, or cleared, is empty afterwards."


def _or_none(tile: mpns.IconicTile) -> wns.Notification | None:
    try:
        return to_wns(tile)
    except NothingToSendError:
        return None


def _make(
    tile: mpns.Tile | mpns.FlipTile | mpns.IconicTile | mpns.CycleTile, bindings: list[wns.TileBinding | None]
) -> wns.Tile:
    title = tile.title if isinstance(tile.title, str) else None
    made = [binding for binding in bindings if binding is not None]
    if title is not None and not any(binding.size == "medium" for binding in made):
        made.append(wns.TileBinding("medium"))
    if not made:
        raise NothingToSendError(
            f"{type(tile).__name__}: nothing of it is for a tile of Windows; its count is: send to_wns_badge()"
        )
    if title is None:
        return wns.Tile(*made)
    return wns.Tile(*made, branding="name", display_name=title)


def _two_sides(size: Size, front: Content, back: Content, text: Content) -> wns.TileBinding | None:
    """A tile that turned over: on Windows its front peeks in, and what stood on the back stays."""
    content: list[TileContent] = []
    turns = isinstance(back, str) or isinstance(text, str)
    if isinstance(front, str):
        content.append(Image(_address(front), placement="peek" if turns else "background"))
    if isinstance(back, str):
        content.append(Image(_address(back), placement="background"))
    if isinstance(text, str):
        content.append(Text(text, wrap=True))
    return wns.TileBinding(size, *content) if content else None


def _address(image: str) -> str:
    """A phone's image or sound, which is a file of the package unless it says otherwise, as Windows names it."""
    if image.lower().startswith(_PHONE_STORAGE):
        return _LOCAL_FOLDER + image[len(_PHONE_STORAGE) :].lstrip("/")
    scheme, separator, _ = image.partition(":")
    if separator and scheme.isalpha():
        return image
    return _PACKAGE + image.lstrip("/\\").replace("\\", "/")
