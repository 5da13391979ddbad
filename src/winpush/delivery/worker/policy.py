"""What to send to a target, and what to record about it before and after. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from winpush.delivery.content.content import Content, Form, Reason, Refusal
from winpush.delivery.content.quiet_hours import QuietHours
from winpush.delivery.registry.audience import keys_in
from winpush.delivery.states import DeliveryState, WaitReason, final_state
from winpush.delivery.storage.database import Millis, from_millis, to_millis
from winpush.delivery.storage.rows import Effect, Record, Target, Tried
from winpush.errors import ValidationError
from winpush.results import Action, Outcome, Result
from winpush.retries import RetryAt, decide

__all__ = ["OTHER_KEY", "THROTTLED", "SendPlan", "after", "before", "is_for_all", "later", "without_login"]

THROTTLED = frozenset({Outcome.DEVICE_INACTIVE, Outcome.CHANNEL_THROTTLED, Outcome.THROTTLED})
"""Answers that ask every sender to pause, for this channel or for the whole app."""
OTHER_KEY = "other-key"
"""The outcome of a channel that has another key by now than the broadcast is for: another person holds the device."""
# Refusals specific to one channel, device or app: they say nothing about the others.
_ITS_OWN = frozenset({Outcome.INVALID_CHANNEL, Outcome.DROPPED, Outcome.UNKNOWN_APP, Outcome.INVALID_NOTIFICATION})
_PATIENCE: Millis = 7 * 24 * 3600 * 1000
"""How long a broadcast without an expiry time is tried."""
_LOGIN_WAIT: Millis = 60_000
_RETRY_LATER = Action.RETRY_LATER
_ACCEPTED = Outcome.ACCEPTED
_ACCEPTED_NAME = Outcome.ACCEPTED.value


@dataclass(frozen=True, slots=True)
class SendPlan:
    """How to send one broadcast: its row, parsed once."""

    number: int
    content: Content
    expires_at: Millis | None
    max_attempts: int
    resend_unanswered: bool
    quiet: QuietHours | None = None
    begins: Millis = 0
    """When it was first due. Time spent waiting since then is deducted from the TTL given to WNS."""
    keys: frozenset[str] | None = None
    """Whom alone it is for; None: whoever holds the channel."""
    is_unrestricted: bool = field(init=False)
    """Whether it may be sent at any time: it doesn't expire and has no quiet hours."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_unrestricted", self.expires_at is None and self.quiet is None)

    @classmethod
    def of(cls, row: Any, content: Content) -> SendPlan:
        """From a broadcast's row and its parsed content."""
        quiet = None if row.quiet_start is None else QuietHours.from_minutes(row.quiet_start, row.quiet_end)
        return cls(
            row.id,
            content,
            row.expires_at,
            row.max_attempts,
            bool(row.resend_unanswered),
            quiet,
            row.not_before,
            keys_in(row.audience),
        )


def before(plan: SendPlan, target: Target, wait: Millis, now: Millis) -> Form | Record:
    """The notification to send to this target, or what to record if nothing is sent. Sends nothing before `wait`."""
    if wait <= now and plan.is_unrestricted and target.gone_at is None and target.not_before is None:
        form = plan.content.plain_form(target)
        if form is not None and (plan.keys is None or target.key in plan.keys):
            return form
    return _before(plan, target, wait, now)


def _before(plan: SendPlan, target: Target, wait: Millis, now: Millis) -> Form | Record:
    """`before` without its shortcut for the common case."""

    def instead(state: DeliveryState, outcome: str | None = None, due: Millis | None = None) -> Record:
        return _unsent(plan, target, state, outcome, now, due)

    if target.gone_at is not None:
        return instead(DeliveryState.GONE)
    if plan.keys is not None and target.key not in plan.keys:
        return instead(DeliveryState.SKIPPED, OTHER_KEY)
    if plan.expires_at is not None and plan.expires_at <= now:
        return instead(DeliveryState.EXPIRED)
    asked, quiet = max(wait, target.not_before or 0), _after_quiet_hours(plan, target, now)
    wait = max(asked, quiet)
    if wait > now:
        if plan.expires_at is not None and wait >= plan.expires_at:
            return instead(DeliveryState.EXPIRED)
        why = WaitReason.ASKED_TO_WAIT if asked >= quiet else WaitReason.QUIET_HOURS
        return instead(DeliveryState.WAITING, why.value, due=wait)
    remaining = None if plan.expires_at is None else timedelta(milliseconds=plan.expires_at - now)
    form = plan.content.for_channel(target, remaining=remaining, waited=timedelta(milliseconds=now - plan.begins))
    if not isinstance(form, Refusal):
        return form
    if form.reason is Reason.EXPIRED:
        return instead(DeliveryState.EXPIRED)
    return instead(DeliveryState.SKIPPED, form.reason.value)


def later(plan: SendPlan, target: Target, now: Millis, why: WaitReason = WaitReason.TURN) -> Record:
    """What to record about a target that goes back unsent: it is due as before, so that it keeps its place."""
    return _unsent(plan, target, DeliveryState.WAITING, why.value, now, min(plan.begins, now))


def _unsent(
    plan: SendPlan, target: Target, state: DeliveryState, outcome: str | None, now: Millis, due: Millis | None = None
) -> Record:
    number, service, attempts = target.id, target.service, target.attempts
    return Record(plan.number, number, service, state.value, outcome, attempts, now, due, key=target.key)


def without_login(plan: SendPlan, target: Target, now: Millis) -> Record:
    """What to record about a target whose service this worker has no login for: another worker may have one, or this
    one after its next start."""
    if plan.expires_at is None and now >= plan.begins + _PATIENCE:
        return _unsent(plan, target, DeliveryState.ABANDONED, None, now)
    return _unsent(plan, target, DeliveryState.WAITING, WaitReason.NO_LOGIN.value, now, now + _LOGIN_WAIT)


def _after_quiet_hours(plan: SendPlan, target: Target, now: Millis) -> Millis:
    """When the device's quiet hours end; 0 if it isn't in them, or if its time zone is unknown."""
    if plan.quiet is None or target.time_zone is None:
        return 0
    moment = from_millis(now)
    try:
        allowed = plan.quiet.next_allowed(moment, target.time_zone)
    except ValidationError:  # a time zone that this machine doesn't know counts as unknown
        return 0
    return 0 if allowed == moment else to_millis(allowed)


def after(plan: SendPlan, target: Target, result: Result, now: Millis) -> Record:
    """What to record about this result."""
    tried = _tried(plan, target, result, now)
    # Only what left this machine counts as an attempt: an outage must not use up the attempts of a whole broadcast.
    attempt = target.attempts + (result.response is not None or result.may_have_arrived)
    state, due = _DELIVERED, None
    effect: Effect | None = None
    refusal: bool | None = False
    if result.verdict.outcome is not _ACCEPTED:
        decided, due = _decide(plan, result, attempt, now)
        state = decided.value
        effect, refusal = _effect(target.uri, result, now), _refusal(result)
    number, service, outcome, key = tried.channel, target.service, tried.outcome, target.key
    return _new(Record, (plan.number, number, service, state, outcome, attempt, now, due, tried, effect, refusal, key))


_DELIVERED = DeliveryState.DELIVERED.value
_new = tuple.__new__
"""What a NamedTuple's constructor ends up calling, at a quarter of its cost."""


def _decide(plan: SendPlan, result: Result, attempt: int, now: Millis) -> tuple[DeliveryState, Millis | None]:
    decision = decide(
        result,
        max(attempt, 1),
        from_millis(now),
        max_attempts=plan.max_attempts,
        give_up_at=from_millis(plan.begins + _PATIENCE if plan.expires_at is None else plan.expires_at),
        resend_unanswered=plan.resend_unanswered,
    )
    if isinstance(decision, RetryAt):
        return DeliveryState.WAITING, to_millis(decision.at)
    return final_state(result.action), None


def _effect(uri: str, result: Result, now: Millis) -> Effect | None:
    if result.should_delete_channel:
        return Effect(uri, gone=result.outcome.value)
    if result.outcome in THROTTLED and not is_for_all(result) and result.retry_after is not None:
        return Effect(uri, not_before=now + result.retry_after // timedelta(milliseconds=1))
    return None


def is_for_all(result: Result) -> bool:
    """True if the answer throttles the whole sender, not the channel alone."""
    return result.outcome is Outcome.THROTTLED and result.service.throttles_senders


def _refusal(result: Result) -> bool | None:
    if result.action is Action.STOP_AND_FIX:
        return None if result.outcome in _ITS_OWN else True
    return None if result.action in (_RETRY_LATER, Action.DECIDE) else False


def _tried(plan: SendPlan, target: Target, result: Result, now: Millis) -> Tried:
    response, outcome = result.response, result.verdict.outcome
    if outcome is _ACCEPTED:
        name, detail = _ACCEPTED_NAME, None
    else:
        name, detail = outcome.value, _detail(result)
    if response is None:
        return Tried(plan.number, target.id, now, name, None, None, None, None, detail)
    names, find = result.headers, response.find
    trace = find(names.debug_trace) if names.debug_trace else None
    vector = find(names.correlation_vector) if names.correlation_vector else None
    status, message_id = response.status_code, find(names.message_id)
    return _new(Tried, (plan.number, target.id, now, name, status, message_id, trace, vector, detail))


def _detail(result: Result) -> str | None:
    if result.ok:
        return None
    return " ".join(part for part in (result.explanation, result.diagnosis) if part)
