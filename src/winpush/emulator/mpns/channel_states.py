"""What a simulated phone's channel answers: a name for every row of the response table."""

from __future__ import annotations

from dataclasses import dataclass

from winpush.mpns import ROWS, Row
from winpush.results import Outcome

__all__ = ["CHANNEL_STATES", "ChannelState", "row_for"]

_DEVICES = {"Connected": "", "TempDisconnected": "-temporarily-disconnected", "Disconnected": "-disconnected"}


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A named state of a channel, and the row of the table that it answers with."""

    name: str
    row: Row


def row_for(status_code: int, notification: str | None = None, device: str | None = None) -> Row:
    """The first row with this status and these headers. Raises LookupError if the table has none."""
    for row in ROWS:
        if row.status_code != status_code or notification not in (None, row.notification_status):
            continue
        if device in (None, row.device_connection_status):
            return row
    raise LookupError(f"no row for {status_code} {notification} {device}")


def _name(row: Row) -> str:
    outcome, device = row.verdict.outcome, row.device_connection_status
    if outcome is Outcome.ACCEPTED:
        return _DEVICES[device or "Connected"].lstrip("-") or "healthy"
    if outcome is Outcome.CHANNEL_GONE:
        return "gone" if device is None else f"expired{_DEVICES[device]}"
    if outcome is Outcome.DEVICE_INACTIVE:
        return "inactive" if device == "Inactive" else "inactive-disconnected"
    return f"{outcome.value}{_DEVICES.get(device or '', '')}"


CHANNEL_STATES = {_name(row): ChannelState(_name(row), row) for row in ROWS}
"""Every state, by name: `healthy`, `disconnected`, `expired`, `queue-full`, `throttled-disconnected`, …"""
