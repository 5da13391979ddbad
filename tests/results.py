"""Results as the clients make them, without a client."""

from __future__ import annotations

from winpush import (
    Response,
    Result,
    TransportError,
    mpns,
)
from winpush.results import judge_failure

TOAST = mpns.Toast("a")


def answer(status: int, notification: str | None = None) -> Result:
    headers = () if notification is None else ((b"X-NotificationStatus", notification.encode()),)
    response = Response(status, headers)
    verdict = mpns.judge(response)
    return Result(None, TOAST, verdict, mpns.HEADERS, response, None, verdict.delay)


def failure(error: TransportError) -> Result:
    verdict = judge_failure(error)
    return Result(None, TOAST, verdict, mpns.HEADERS, None, error, verdict.delay)
