"""Notifications for Windows 8 to 11 through the Windows Push Notification Services (WNS).

It has adaptive toasts and tiles for Windows 10 and 11, badges, raw notifications, the legacy templates of Windows 8,
and your own XML; what a device would show of each; and the protocol around them, without sockets.
"""

from winpush.wns.badge import Badge
from winpush.wns.clear import ClearToasts
from winpush.wns.legacy import LegacyBinding, LegacyTile, LegacyToast
from winpush.wns.notifications import Notification
from winpush.wns.options import Options
from winpush.wns.parse import parse
from winpush.wns.protocol.auth import (
    SCOPE,
    Credentials,
    EntraCredentials,
    Fetch,
    PackageCredentials,
    Token,
    TokenProblem,
    TokenState,
    token_until,
)
from winpush.wns.protocol.diagnosis import diagnose
from winpush.wns.protocol.exchange import Answer, Exchange, TokenNeeded, exchange
from winpush.wns.protocol.requests import build_request
from winpush.wns.protocol.responses import HEADERS, ROWS, Row, judge
from winpush.wns.raw import Raw
from winpush.wns.render.lint import Remark, Severity
from winpush.wns.render.view import View, show
from winpush.wns.schema.actions import (
    Audio,
    Button,
    Header,
    MenuEntry,
    Selection,
    SelectionInput,
    SnoozeAndDismiss,
    TextInput,
)
from winpush.wns.schema.elements import Group, Image, Progress, Subgroup, Text
from winpush.wns.schema.enums import Glyph, Priority, Sound
from winpush.wns.schema.templates import CATALOGUE, Template
from winpush.wns.tile import Tile, TileBinding
from winpush.wns.toast import Toast
from winpush.wns.xml import Xml

__all__ = [
    "CATALOGUE",
    "HEADERS",
    "ROWS",
    "SCOPE",
    "Answer",
    "Audio",
    "Badge",
    "Button",
    "ClearToasts",
    "Credentials",
    "EntraCredentials",
    "Exchange",
    "Fetch",
    "Glyph",
    "Group",
    "Header",
    "Image",
    "LegacyBinding",
    "LegacyTile",
    "LegacyToast",
    "MenuEntry",
    "Notification",
    "Options",
    "PackageCredentials",
    "Priority",
    "Progress",
    "Raw",
    "Remark",
    "Row",
    "Selection",
    "SelectionInput",
    "Severity",
    "SnoozeAndDismiss",
    "Sound",
    "Subgroup",
    "Template",
    "Text",
    "TextInput",
    "Tile",
    "TileBinding",
    "Toast",
    "Token",
    "TokenNeeded",
    "TokenProblem",
    "TokenState",
    "View",
    "Xml",
    "build_request",
    "diagnose",
    "exchange",
    "judge",
    "parse",
    "show",
    "token_until",
]
