"""Notifications for Windows Phone 7.0 to 8.1 through the Microsoft Push Notification Service (MPNS).

Microsoft switched the service off in 2018: this is for back ends that are kept alive, moved to WNS, or tested against
the emulator.
"""

from winpush.mpns.fields import CLEAR, VERSIONS
from winpush.mpns.notifications import Batching, Notification, Raw, Toast
from winpush.mpns.reading import parse
from winpush.mpns.requests import build_request
from winpush.mpns.responses import ROWS, Row, judge
from winpush.mpns.tiles import CycleTile, FlipTile, IconicTile, Tile

__all__ = [
    "CLEAR",
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
    "build_request",
    "judge",
    "parse",
]
