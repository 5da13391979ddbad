"""Simulated Windows devices: their state, and a name for every answer that WNS gives on a channel."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from winpush.results import Outcome
from winpush.wns import ROWS, Row
from winpush.wns.protocol.responses import Endpoint

__all__ = ["CHANNEL_LIFE", "WINDOWS_CHANNEL_STATES", "Device", "WindowsChannelState", "wns_row"]

CHANNEL_LIFE = timedelta(days=30)
"""How long a channel of WNS lives (wns.md 2)."""

# The action centre keeps 20 toasts of an app (wns.md 8).
_KEPT_TOASTS = 20
_KEPT_RAWS = 10


@dataclass(frozen=True, slots=True)
class WindowsChannelState:
    """A named state of a channel, and the row of the table that it answers with."""

    name: str
    row: Row


def _name(row: Row) -> str:
    outcome, device = row.verdict.outcome, row.device_connection_status
    if outcome is Outcome.ACCEPTED:
        if row.status_code == 201:
            return "web-push"
        return {None: "healthy", "connected": "connected"}.get(device, str(device))
    if outcome is Outcome.CHANNEL_GONE:
        return row.notification_status or ("gone" if row.status_code == 404 else "expired")
    parts = [outcome.value, device or ""]
    if outcome is Outcome.THROTTLED:
        parts.append(row.notification_status or ("quota" if row.status_code == 429 else ""))
    if row.error_description is not None:
        parts.append(row.error_description.split(" ", 1)[0].lower())
    return "-".join(part for part in parts if part)


# Seen once, before a channel's 30 days were over: wns.md 7 [G6: WindowsAppSDK issue 4446]. No row of the table has it.
_REVOKED = replace(
    next(row for row in ROWS if row.endpoint is Endpoint.NOTIFY and row.status_code == 410),
    notification_status="revoked",
    error_description="Revoked channel URL",
)
_ROWS = {_name(row): row for row in ROWS if row.endpoint is Endpoint.NOTIFY}
_ROWS.setdefault(_name(_REVOKED), _REVOKED)

WINDOWS_CHANNEL_STATES = {name: WindowsChannelState(name, row) for name, row in _ROWS.items()}
"""Every state of a Windows device's channel by name: `healthy`, `disconnected`, `expired`, `channel-throttled`, …"""


def wns_row(status_code: int, notification: str | None = None, description: str | None = None) -> Row:
    """The first row with this status, word and description. Raises LookupError if the table has none."""
    for row in ROWS:
        if row.endpoint is not Endpoint.NOTIFY or row.status_code != status_code:
            continue
        if notification in (None, row.notification_status) and description in (None, row.error_description):
            return row
    raise LookupError(f"no row for {status_code} {notification}")


@dataclass(slots=True)
class Device:
    """A simulated Windows device with one channel. `is_phone`: it runs Windows Phone 8.1 or Windows 10 Mobile.

    `app` is the name of the channel's app, None for the emulator's own.
    `toasts`, `tile`, `badge` and `raws` are on its screen, as pictures from `winpush.wns.show`. `cached` is what WNS
    keeps for it while it is offline: one of each kind.
    """

    id: str
    name: str
    is_phone: bool
    state: WindowsChannelState
    token: str = field(repr=False)
    uri: str = field(repr=False)
    made_at: datetime
    app: str | None = None
    revision: int = 0
    accepted: int = 0
    toasts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_TOASTS))
    raws: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_RAWS))
    tile: dict[str, Any] | None = None
    badge: dict[str, Any] | None = None
    cached: dict[str, tuple[bytes, dict[str, Any], datetime | None]] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The name of its system on the page."""
        return "Windows Phone 8.1" if self.is_phone else "Windows 10/11"

    @property
    def is_offline(self) -> bool:
        """True while WNS can only keep notifications for it."""
        return self.state.name == "disconnected"
