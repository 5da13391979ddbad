"""Durable delivery: a channel registry, broadcasts that survive crashes, scheduled retries, and a history.

Needs the extra `winpush[delivery]`.
"""

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - only to name the missing extra
except ImportError:
    from winpush.errors import ConfigurationError

    raise ConfigurationError('The outbox needs SQLAlchemy. Run: pip install "winpush[delivery]"') from None

from winpush.delivery.content.content import Content
from winpush.delivery.content.quiet_hours import QuietHours
from winpush.delivery.models import (
    Attempt,
    BroadcastInfo,
    ChannelInfo,
    Delivery,
    ImportReport,
    OutcomeEvent,
    Progress,
    Wait,
)
from winpush.delivery.options import SendOptions
from winpush.delivery.outbox import Outbox
from winpush.delivery.registry.files import RowError
from winpush.delivery.registry.registration import Audience, Registration
from winpush.delivery.states import BroadcastState, DeliveryState, StateError, WaitReason
from winpush.delivery.storage.database import DatabaseError
from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.settings import WorkerSettings
from winpush.delivery.worker.worker import Worker

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
    "ImportReport",
    "Outbox",
    "OutcomeEvent",
    "Progress",
    "QuietHours",
    "Registration",
    "RowError",
    "SendOptions",
    "StateError",
    "Telemetry",
    "Wait",
    "WaitReason",
    "Worker",
    "WorkerSettings",
]
