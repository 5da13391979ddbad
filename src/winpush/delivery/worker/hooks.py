"""Calls the application's hooks with stored outcomes."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Sequence

from winpush.delivery.models import OutcomeEvent
from winpush.delivery.states import DeliveryState
from winpush.delivery.storage.database import from_millis
from winpush.delivery.storage.rows import Record
from winpush.errors import ConfigurationError

__all__ = ["Hook", "check_hooks", "run_hooks"]

Hook = Callable[[OutcomeEvent], None]
"""Called for each outcome after it is stored, on the thread of the worker's event loop. Not called for deliveries that
are ended in bulk with their broadcast (cancelled, expired, or stopped by itself)."""

_WAITING = DeliveryState.WAITING.value
_log = logging.getLogger("winpush.delivery")


def check_hooks(hooks: object) -> tuple[Hook, ...]:
    """The hooks. Raises ConfigurationError for what can't be called, and for coroutine functions: nobody would await
    them."""
    if callable(hooks) or not isinstance(hooks, Iterable):
        raise ConfigurationError("hooks: must be a list of functions, such as [on_outcome]")
    checked = tuple(hooks)
    for hook in checked:
        if not callable(hook):
            raise ConfigurationError(f"hooks: contains a {type(hook).__name__}, which can't be called")
        if inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(hook.__call__):
            raise ConfigurationError(
                "hooks: contains an async function, which would never be awaited; give a plain one, which may hand the "
                "event to your loop with loop.call_soon_threadsafe"
            )
    return checked


def run_hooks(hooks: Sequence[Hook], records: Iterable[Record]) -> None:
    """Calls each hook for each record. An exception in a hook is logged and stops nothing."""
    if not hooks:
        return
    for entry in records:
        event = _event(entry)
        for hook in hooks:
            try:
                hook(event)
            except Exception:  # noqa: BLE001 - the user's code must not stop the sending
                _log.exception(
                    "A hook raised an exception for channel %d of broadcast %d; sending continues",
                    entry.channel,
                    entry.broadcast,
                )


def _event(entry: Record) -> OutcomeEvent:
    tried = entry.tried
    return OutcomeEvent(
        entry.broadcast,
        entry.channel,
        DeliveryState(entry.state),
        None if tried is None and entry.state == _WAITING else entry.outcome,  # a reason to wait isn't an outcome
        entry.attempts,
        from_millis(entry.at),
        None if tried is None else tried.status,
        None if tried is None else tried.message_id,
        entry.key,
    )
