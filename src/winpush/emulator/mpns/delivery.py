"""From the service to the phone: at once, or when an offline phone is back.

MPNS queues what it accepts for a phone that is offline. Its queue limit was never published; past the emulator's own
limit, it answers `QueueFull`, as documented for a queue that overflows (mpns.md 1 and 9.2).
"""

from __future__ import annotations

from datetime import datetime

from winpush.emulator.world import Phone, Waiting, World
from winpush.mpns.render import Shown, show

__all__ = ["QUEUE_LIMIT", "come_back", "deliver"]

QUEUE_LIMIT = 30
_EMPTY = "The payload is empty: a raw notification without content is undocumented."


def deliver(world: World, phone: Phone, waiting: Waiting, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Updates the phone's screen, or passes a raw notification to its app. Returns what happened, and the remarks."""
    if waiting.document is None:
        world.deliver_raw(phone, waiting.body, now)
        return "Accepted, and passed to the app.", () if waiting.body else (_EMPTY,)
    shown = show(waiting.document, phone.version)
    remarks = (*shown.remarks, *_remark_tile(phone, shown))
    if shown.nothing or (shown.tile_id and shown.tile_id not in phone.pinned):
        return "Accepted by the service; the phone shows none of it.", remarks
    world.deliver(phone, shown, now)
    return "Accepted, and shown.", remarks


def come_back(world: World, phone: Phone, now: datetime) -> None:
    """The phone is online again: it receives what was queued for it, in order."""
    while phone.queue:
        deliver(world, phone, phone.queue.popleft(), now)


def _remark_tile(phone: Phone, shown: Shown) -> tuple[str, ...]:
    if shown.kind != "tile" or not shown.values:
        return ()
    if shown.tile_id and shown.tile_id not in phone.pinned:
        return (
            f"Id: no tile {shown.tile_id[:80]!r} is pinned on this phone, so the update is ignored; only the user can "
            "pin one (here: `pinned` of the channel).",
        )
    tile = phone.tiles.get(shown.tile_id)
    if tile is None or tile.template == shown.template:
        return ()
    return (f"Template: this tile was a {tile.template}; on a real phone the app's manifest fixes the template.",)
