"""Durable delivery: a registry of channels, broadcasts that lose nothing, retries at the right time, and a history.

Needs the extra `winpush[delivery]`.
"""

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - only to say what is missing
except ImportError:
    from winpush.errors import ConfigurationError

    raise ConfigurationError("The outbox needs SQLAlchemy; pip install 'winpush[delivery]'") from None

from winpush.delivery.content import Content
from winpush.delivery.database import DatabaseError
from winpush.delivery.engine import Engine, Pace
from winpush.delivery.files import RowError
from winpush.delivery.lifecycle import BroadcastState, DeliveryState, StateError
from winpush.delivery.models import Attempt, BroadcastInfo, ChannelInfo, Delivery, ImportReport, OutcomeEvent, Progress
from winpush.delivery.outbox import Outbox
from winpush.delivery.quiet import QuietHours
from winpush.delivery.registration import Audience, Registration
from winpush.delivery.sending import SendOptions
from winpush.delivery.telemetry import Telemetry

__all__ = [
    "Attempt",
    "Audience",
    "BroadcastInfo",
    "BroadcastState",
    "ChannelInfo",
    "Content",
    "DatabaseError",
    "Delivery",
    "DeliveryState",
    "Engine",
    "ImportReport",
    "Outbox",
    "OutcomeEvent",
    "Pace",
    "Progress",
    "QuietHours",
    "Registration",
    "RowError",
    "SendOptions",
    "StateError",
    "Telemetry",
]
