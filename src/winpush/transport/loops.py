"""The event loop for threads of our own: uvloop's where it is installed, the stock one elsewhere."""

from __future__ import annotations

import asyncio
import importlib

__all__ = ["new_event_loop"]


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new loop, not yet running. The caller closes it."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
