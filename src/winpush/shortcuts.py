"""One-call convenience functions like those of Node's mpns: `mpns.send_toast(uri, "Bold", "normal")`.

Each makes a notification, sends it and returns the Result. To send more than a few, pass a client, which reuses
connections: `mpns.send_toast(uri, …, client=client)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack
from uuid import UUID

from winpush.client.sync_client import Client
from winpush.mpns.fields import Clear
from winpush.mpns.notifications import Batching, Notification, Raw, Toast
from winpush.mpns.tiles import CycleTile, FlipTile, IconicTile, Text, Tile
from winpush.results import Result

__all__ = ["send_cycle_tile", "send_flip_tile", "send_iconic_tile", "send_raw", "send_tile", "send_toast"]


class Delivery(TypedDict, total=False):
    """The delivery options of every MPNS notification."""

    batching: Batching
    message_id: UUID | str | None
    callback_uri: str | None


class TileOptions(Delivery, total=False):
    """The id of a secondary tile, and the delivery options."""

    id: str | None


class FlipOptions(TileOptions, total=False):
    """The keyword fields of a flip tile, and the tile options."""

    back_background_image: Text
    back_title: Text
    back_content: Text
    small_background_image: Text
    wide_background_image: Text
    wide_back_content: Text
    wide_back_background_image: Text


class IconicOptions(TileOptions, total=False):
    """The keyword fields of an iconic tile, and the tile options."""

    icon_image: Text
    small_icon_image: Text
    wide_content1: Text
    wide_content2: Text
    wide_content3: Text


def _send(channel_uri: str, notification: Notification, client: Client | None) -> Result:
    if client is not None:
        return client.send(channel_uri, notification)
    with Client() as own:
        return own.send(channel_uri, notification)


def send_toast(
    channel_uri: str,
    text1: str | None = None,
    text2: str | None = None,
    param: str | None = None,
    sound: str | None = None,
    *,
    silent: bool = False,
    client: Client | None = None,
    **options: Unpack[Delivery],
) -> Result:
    """Sends a Toast. Raises what `Toast` and `Client.send` raise."""
    return _send(channel_uri, Toast(text1, text2, param, sound, silent, **options), client)


def send_tile(
    channel_uri: str,
    background_image: str | None = None,
    count: int | Clear | None = None,
    title: Text = None,
    back_background_image: Text = None,
    back_title: Text = None,
    back_content: Text = None,
    *,
    client: Client | None = None,
    **options: Unpack[TileOptions],
) -> Result:
    """Sends a Tile, the live tile of Windows Phone 7. Raises what `Tile` and `Client.send` raise."""
    tile = Tile(background_image, count, title, back_background_image, back_title, back_content, **options)
    return _send(channel_uri, tile, client)


def send_flip_tile(
    channel_uri: str,
    background_image: Text = None,
    count: int | Clear | None = None,
    title: Text = None,
    *,
    client: Client | None = None,
    **options: Unpack[FlipOptions],
) -> Result:
    """Sends a FlipTile; pass its other fields by keyword. Raises what `FlipTile` and `Client.send` raise."""
    return _send(channel_uri, FlipTile(background_image, count, title, **options), client)


def send_iconic_tile(
    channel_uri: str,
    background_color: Text = None,
    count: int | Clear | None = None,
    title: Text = None,
    *,
    client: Client | None = None,
    **options: Unpack[IconicOptions],
) -> Result:
    """Sends an IconicTile; pass its other fields by keyword. Raises what `IconicTile` and `Client.send` raise."""
    return _send(channel_uri, IconicTile(background_color, count, title, **options), client)


def send_cycle_tile(
    channel_uri: str,
    small_background_image: Text = None,
    cycle_images: Sequence[Text] | None = None,
    count: int | Clear | None = None,
    title: Text = None,
    *,
    client: Client | None = None,
    **options: Unpack[TileOptions],
) -> Result:
    """Sends a CycleTile. Raises what `CycleTile` and `Client.send` raise."""
    return _send(channel_uri, CycleTile(small_background_image, cycle_images, count, title, **options), client)


def send_raw(
    channel_uri: str, payload: str | bytes, *, client: Client | None = None, **options: Unpack[Delivery]
) -> Result:
    """Sends a Raw. Raises what `Raw` and `Client.send` raise."""
    return _send(channel_uri, Raw(payload, **options), client)
