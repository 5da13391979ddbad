"""Notifications for Windows 8 to 11 through the Windows Push Notification Services (WNS).

Adaptive toasts and tiles of Windows 10 and 11, badges, raw, the legacy templates of Windows 8, and your own XML; what a
device would show of each; and the protocol around them, without a socket.
"""

from winpush.wns.actions import (
    Audio,
    Button,
    Header,
    MenuEntry,
    Selection,
    SelectionInput,
    SnoozeAndDismiss,
    TextInput,
)
from winpush.wns.badge import Badge
from winpush.wns.clearing import ClearToasts
from winpush.wns.device import View, show
from winpush.wns.diagnosis import diagnose
from winpush.wns.document import Xml
from winpush.wns.exchange import Answer, Exchange, TokenNeeded, exchange
from winpush.wns.legacy import LegacyBinding, LegacyTile, LegacyToast
from winpush.wns.notifications import Notification
from winpush.wns.options import Options
from winpush.wns.parts import Group, Image, Progress, Subgroup, Text
from winpush.wns.raw import Raw
from winpush.wns.reading import parse
from winpush.wns.remarks import Remark, Severity
from winpush.wns.requests import build_request
from winpush.wns.responses import HEADERS, ROWS, Row, judge
from winpush.wns.templates import CATALOGUE, Template
from winpush.wns.tile import Tile, TileBinding
from winpush.wns.toast import Toast
from winpush.wns.tokens import (
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
from winpush.wns.vocabulary import Glyph, Priority, Sound

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
