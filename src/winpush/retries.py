"""When to try again: a pure decision from a result, the number of attempts so far and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from winpush.results import Action, Backoff, Result

__all__ = ["Done", "GiveUp", "RetryAt", "decide"]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do: the service accepted, or the channel is gone, or the sender must fix something first."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Send again, not before `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It could be tried again, but the attempts, or the time, are used up."""

    reason: str


def decide(
    result: Result,
    attempt: int,
    now: datetime,
    *,
    max_attempts: int = 8,
    give_up_at: datetime | None = None,
    resend_unanswered: bool = False,
) -> Done | RetryAt | GiveUp:
    """Says what to do after the `attempt`-th send (the first is 1) ended in `result` at `now` (an aware datetime).

    Exponential delays double with each attempt up to the row's ceiling; a delay is never shorter than the service
    asked for. A send whose answer was lost is sent again only with `resend_unanswered=True`: the service may have
    taken it, and a user would see it twice.
    """
    action = result.action
    if action is Action.DECIDE and resend_unanswered:
        action = Action.RETRY_LATER
    if action is not Action.RETRY_LATER:
        return Done()
    if attempt >= max_attempts:
        return GiveUp(f"tried {attempt} times; the last answer was: {result.outcome.value}")
    at = now + delay(result, attempt)
    if give_up_at is not None and at >= give_up_at:
        return GiveUp(
            f"the next attempt would come after {give_up_at.isoformat()}; the last answer was: {result.outcome.value}"
        )
    return RetryAt(at)


def delay(result: Result, attempt: int) -> timedelta:
    """How long to wait after the `attempt`-th send: the row's delay, doubled each time where it says exponential."""
    base = result.retry_after or timedelta(minutes=1)
    if result.verdict.backoff is not Backoff.EXPONENTIAL:
        return base
    doubled = base * (1 << min(attempt - 1, 10))
    return max(base, min(doubled, result.verdict.max_delay or doubled))
