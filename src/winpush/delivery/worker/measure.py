"""Reports sends to the metrics."""

from __future__ import annotations

import time

from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.policy import THROTTLED, is_for_all
from winpush.results import Result

__all__ = ["measure"]


def measure(telemetry: Telemetry, service: str, result: Result, began: int) -> None:
    """Reports one send, which began at `began` (nanoseconds since 1970)."""
    kind, outcome = result.push_type, result.outcome.value
    telemetry.sent(service, kind, outcome, result.status_code, began, time.time_ns())
    if result.retry_after is not None and result.outcome in THROTTLED:
        scope = "app" if is_for_all(result) else "channel"
        telemetry.waited(service, scope, result.retry_after.total_seconds())
