"""Waiting for what another thread, process or server does: on a condition, for as long as it takes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

__all__ = ["PATIENCE", "eventually", "until"]

PATIENCE = 100.0
"""Seconds after which a wait is given up. It ends a test that hangs, and decides no other verdict."""

_LOOK_SECONDS = 0.002


def eventually(condition: Callable[[], object]) -> None:
    """Returns as soon as the condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        threading.Event().wait(_LOOK_SECONDS)


async def until(condition: Callable[[], object]) -> None:
    """Like `eventually`, while the loop keeps running."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        await asyncio.sleep(0)
        threading.Event().wait(_LOOK_SECONDS / 10)
