"""Deletes old tombstones a little at a time, so that sending hardly waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import Connection

from winpush.delivery.storage import tombstones
from winpush.delivery.storage.database import Millis

__all__ = ["clear_gone"]

_AT_ONCE = 2000
_BETWEEN_SECONDS = 0.05
_EACH_SECONDS = 600.0
_log = logging.getLogger("winpush.delivery")


async def clear_gone(
    store: Callable[[Callable[[Connection], int]], Awaitable[int]],
    now: Callable[[], Millis],
    age: timedelta,
    *,
    once: bool,
    at_once: int = _AT_ONCE,
) -> None:
    """Deletes the channels that have been gone for `age`: at once and every ten minutes until cancelled, or just
    `once`. One transaction deletes `at_once`."""
    while True:
        before = now() - age // timedelta(milliseconds=1)
        try:
            deleted = at_once
            while deleted > 0:
                deleted = await store(lambda c, b=before: tombstones.clear_tombstones(c, b, at_once, now()))  # type: ignore[misc]  # bound
                await asyncio.sleep(_BETWEEN_SECONDS if deleted else 0)
        except Exception:  # noqa: BLE001 - sending must go on without it
            _log.exception("Deleting old tombstones failed; retrying in ten minutes")
        if once:
            return
        await asyncio.sleep(_EACH_SECONDS)
