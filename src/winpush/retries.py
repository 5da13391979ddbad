"""The retry policy: a pure function of a result, the number of attempts and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from winpush._text import whole
from winpush.http import Response
from winpush.results import Action, Backoff, Result, Verdict

__all__ = ["Done", "GiveUp", "RetryAt", "decide", "retry_after", "timed", "timed_by_stranger"]

MAX_RETRY_AFTER = timedelta(days=31)  # a quota may be monthly; anything longer is a mistake


@dataclass(frozen=True, slots=True)
class Done:
    """Don't retry: it was accepted, the channel is gone, or you must fix something first."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Send again at `at`, not earlier."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Don't retry: the attempts or the time are used up."""

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
    """Decides what to do after attempt number `attempt` (from 1) ended in `result` at `now` (an aware datetime).

    Exponential delays double with each attempt up to the verdict's maximum, and are never shorter than the service
    asked for. A send whose answer was lost is retried only with `resend_unanswered=True`, since the service may have
    accepted it and the user would see it twice.
    """
    action = result.action
    if action is Action.DECIDE and resend_unanswered:
        action = Action.RETRY_LATER
    if action is not Action.RETRY_LATER:
        return Done()
    if attempt >= max_attempts:
        return GiveUp(f"gave up after {attempt} attempts; last outcome: {result.outcome.value}")
    at = now + delay(result, attempt)
    if give_up_at is not None and at >= give_up_at:
        return GiveUp(f"the next attempt would be after {give_up_at.isoformat()}; last outcome: {result.outcome.value}")
    return RetryAt(at)


def delay(result: Result, attempt: int) -> timedelta:
    """The wait after attempt number `attempt`: the verdict's delay, doubled each time if its backoff is exponential."""
    base = result.retry_after or timedelta(minutes=1)
    if result.verdict.backoff is not Backoff.EXPONENTIAL:
        return base
    doubled = base * (1 << min(attempt - 1, 10))
    return max(base, min(doubled, result.verdict.max_delay or doubled))


def timed(verdict: Verdict, response: Response | None, now: datetime) -> tuple[Verdict, timedelta | None]:
    """The verdict with the minimum wait before the next send: what the response asks for, or else the verdict's own;
    None if waiting wouldn't help."""
    if verdict.action is not Action.RETRY_LATER:
        return verdict, None
    asked = None if response is None else retry_after(response, now)
    return verdict, verdict.delay if asked is None else asked


def timed_by_stranger(verdict: Verdict, response: Response, now: datetime) -> tuple[Verdict, timedelta | None]:
    """`timed`, for an answer that isn't the service's: what it asks for counts up to the verdict's `max_delay`, since a
    proxy's day of maintenance is not the service's."""
    wait = timed(verdict, response, now)[1]
    return verdict, wait if wait is None or verdict.max_delay is None else min(wait, verdict.max_delay)


def retry_after(response: Response, now: datetime) -> timedelta | None:
    """How long the response asks to wait, given in seconds or as a date, at most 31 days; None if it doesn't say.

    X-WNS-CONTINUE-AFTER, from an older page, is used if there is no Retry-After (wns.md 6). Of several that differ, as
    the service's and a proxy's, the longest wait counts.
    """
    given = _values(response, b"retry-after") or _values(response, b"x-wns-continue-after")
    waits = [wait for text in given if (wait := _wait(text, now)) is not None]
    return max(waits, default=None)


def _values(response: Response, name: bytes) -> list[str]:
    values = [value.decode("latin-1").strip() for key, value in response.headers if key.lower() == name]
    return [value for value in values if value]


def _wait(text: str, now: datetime) -> timedelta | None:
    numbers = [part.strip() for part in text.split(",")]
    if all(number.isascii() and number.isdigit() for number in numbers):
        return min(timedelta(seconds=max(map(whole, numbers))), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
        wait = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), MAX_RETRY_AFTER)
