"""Deletes old history a little at a time, so that locks are short and sending hardly waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from winpush.delivery.storage import history
from winpush.delivery.storage.database import Millis

__all__ = ["clear_old"]

_AT_ONCE = 2000
_BETWEEN_SECONDS = 0.05
_EACH_SECONDS = 600.0
_log = logging.getLogger("winpush.delivery")

_T = TypeVar("_T")


class Store(Protocol):
    """Runs a function in a transaction on the database's thread."""

    def __call__(self, work: Callable[[Connection], _T], /) -> Awaitable[_T]:
        """The function's result."""


async def clear_old(
    store: Store, now: Callable[[], Millis], age: timedelta, *, once: bool, at_once: int = _AT_ONCE
) -> None:
    """Deletes attempts and ended broadcasts older than `age`: at once and every ten minutes until cancelled, or just
    `once`. One transaction deletes `at_once` rows."""
    while True:
        before = now() - age // timedelta(milliseconds=1)
        try:
            await _clear(store, lambda c, b=before: history.clear_attempts(c, b, at_once))  # type: ignore[misc]  # bound
            await _clear_broadcasts(store, before, at_once)
        except Exception:  # noqa: BLE001 - sending must go on without it
            _log.exception("Deleting old history failed; retrying in ten minutes")
        if once:
            return
        await asyncio.sleep(_EACH_SECONDS)


async def _clear_broadcasts(store: Store, before: Millis, at_once: int) -> None:
    """Works window by window, so that old broadcasts that are still open don't shield later ones that have ended."""
    after: int | None = 0
    while after is not None:
        await _clear(store, lambda c, a=after: history.clear_broadcasts(c, before, at_once, a))  # type: ignore[misc]  # bound
        after = await store(lambda c, a=after: history.next_window(c, before, a))  # type: ignore[misc]  # bound


async def _clear(store: Store, some: Callable[[Connection], int]) -> None:
    while True:
        if not await store(some):
            return
        await asyncio.sleep(_BETWEEN_SECONDS)
