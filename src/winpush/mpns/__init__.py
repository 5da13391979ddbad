"""Notifications for Windows Phone 7.0 to 8.1 through the Microsoft Push Notification Service (MPNS).

Microsoft shut the service down in 2018. This package is for back ends that still speak MPNS, are moving to WNS, or are
tested against the emulator.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from winpush.mpns.fields import CLEAR, VERSIONS
from winpush.mpns.notifications import Batching, Notification, Raw, Toast
from winpush.mpns.parse import parse
from winpush.mpns.requests import build_request
from winpush.mpns.responses import HEADERS, ROWS, Row, judge
from winpush.mpns.tiles import CycleTile, FlipTile, IconicTile, Tile
from winpush.mpns.xml import Xml

if TYPE_CHECKING:
    from winpush.shortcuts import (
        send_cycle_tile,
        send_flip_tile,
        send_iconic_tile,
        send_raw,
        send_tile,
        send_toast,
    )

__all__ = [
    "CLEAR",
    "HEADERS",
    "ROWS",
    "VERSIONS",
    "Batching",
    "CycleTile",
    "FlipTile",
    "IconicTile",
    "Notification",
    "Raw",
    "Row",
    "Tile",
    "Toast",
    "Xml",
    "build_request",
    "judge",
    "parse",
    "send_cycle_tile",
    "send_flip_tile",
    "send_iconic_tile",
    "send_raw",
    "send_tile",
    "send_toast",
]


def __getattr__(name: str) -> Any:
    # The convenience functions open sockets, so they live on a higher floor. They are exposed here, where users expect
    # them, and imported on first use so that the protocol never depends on sockets.
    if name.startswith("send_") and name in __all__:
        return getattr(importlib.import_module("winpush.shortcuts"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
