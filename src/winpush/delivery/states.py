"""The states of broadcasts and the moves between them; the states of deliveries, and which answer leads to which."""

from __future__ import annotations

import enum

from winpush.errors import WinPushError
from winpush.results import Action

__all__ = [
    "FINAL",
    "FINALIZES_AS",
    "MOVES",
    "BroadcastState",
    "DeliveryState",
    "Move",
    "StateError",
    "WaitReason",
    "final_state",
    "move",
]


class BroadcastState(enum.Enum):
    """The state of a broadcast. In a state that ends in -ing, the worker still has work to do."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    STOPPING = "stopping"
    EXPIRING = "expiring"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    EXPIRED = "expired"


class DeliveryState(enum.Enum):
    """The state of one channel in a broadcast. All but WAITING are final."""

    WAITING = "waiting"
    """A first attempt or a retry is due later."""
    DELIVERED = "delivered"
    """The push service accepted it."""
    UNANSWERED = "unanswered"
    """The request was sent but no answer came. It may have arrived, so it is not retried automatically."""
    FAILED = "failed"
    """Refused, and the same request would be refused again."""
    GONE = "gone"
    """The channel no longer exists."""
    SKIPPED = "skipped"
    """The content has nothing that this channel can receive, or the channel is another person's by now."""
    ABANDONED = "abandoned"
    """The maximum number of attempts was reached."""
    EXPIRED = "expired"
    """It was not sent before it expired."""
    CANCELLED = "cancelled"
    """The broadcast was cancelled first."""
    STOPPED = "stopped"
    """The broadcast stopped itself first."""


class WaitReason(enum.Enum):
    """Why a delivery is waiting, other than for a retry after an attempt."""

    DUE = "due"
    """It is due now; a worker will send it."""
    PAUSED = "paused"
    """The broadcast is paused."""
    NOT_BEFORE = "not-before"
    """The broadcast's `not_before` hasn't come yet."""
    RATE = "rate"
    """The broadcast's own limit of sends per second."""
    QUIET_HOURS = "quiet-hours"
    """The quiet hours in the device's time zone."""
    ASKED_TO_WAIT = "asked-to-wait"
    """The service asked to send nothing for a while: to this channel, or for the whole app."""
    NO_LOGIN = "no-login"
    """No worker has a login for the service: an app's for WNS, VAPID keys for browsers."""
    TURN = "turn"
    """Something else is being sent to the channel."""


FINAL = frozenset(DeliveryState) - {DeliveryState.WAITING}
"""The final states of a delivery."""


class Move(enum.Enum):
    """An event in a broadcast's life."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    STOP = "stop"
    EXPIRE = "expire"
    FINISH = "finish"


_S = BroadcastState
MOVES: dict[tuple[BroadcastState, Move], BroadcastState] = {
    (_S.RUNNING, Move.PAUSE): _S.PAUSED,
    (_S.RUNNING, Move.RESUME): _S.RUNNING,
    (_S.RUNNING, Move.CANCEL): _S.CANCELLING,
    (_S.RUNNING, Move.STOP): _S.STOPPING,
    (_S.RUNNING, Move.EXPIRE): _S.EXPIRING,
    (_S.RUNNING, Move.FINISH): _S.FINISHED,
    (_S.PAUSED, Move.PAUSE): _S.PAUSED,
    (_S.PAUSED, Move.RESUME): _S.RUNNING,
    (_S.PAUSED, Move.CANCEL): _S.CANCELLING,
    (_S.PAUSED, Move.STOP): _S.STOPPING,
    (_S.PAUSED, Move.EXPIRE): _S.EXPIRING,
    (_S.CANCELLING, Move.CANCEL): _S.CANCELLING,
    (_S.CANCELLING, Move.FINISH): _S.CANCELLED,
    (_S.STOPPING, Move.CANCEL): _S.STOPPING,
    (_S.STOPPING, Move.FINISH): _S.STOPPED,
    (_S.EXPIRING, Move.CANCEL): _S.CANCELLING,
    (_S.EXPIRING, Move.FINISH): _S.EXPIRED,
}
"""(state, move) -> next state. A combination that isn't listed is refused."""

FINALIZES_AS = {
    _S.CANCELLING: DeliveryState.CANCELLED,
    _S.STOPPING: DeliveryState.STOPPED,
    _S.EXPIRING: DeliveryState.EXPIRED,
}
"""The final state of deliveries that a broadcast in one of these states hasn't sent yet."""

ENDED = frozenset({_S.FINISHED, _S.CANCELLED, _S.STOPPED, _S.EXPIRED})
"""The final states of a broadcast."""


class StateError(WinPushError):
    """The broadcast's state doesn't allow this."""


def move(state: BroadcastState, what: Move) -> BroadcastState:
    """The state after a move. Raises StateError if MOVES doesn't allow it."""
    after = MOVES.get((state, what))
    if after is None:
        raise StateError(f"The broadcast is {state.value}; you can't {what.value} it any more")
    return after


_BY_ACTION = {
    Action.NOTHING: DeliveryState.DELIVERED,
    Action.DELETE_CHANNEL: DeliveryState.GONE,
    Action.STOP_AND_FIX: DeliveryState.FAILED,
    Action.DECIDE: DeliveryState.UNANSWERED,
    Action.RETRY_LATER: DeliveryState.ABANDONED,
}


def final_state(action: Action) -> DeliveryState:
    """The final state of a delivery whose last answer asks for `action`, once there are no more attempts."""
    return _BY_ACTION[action]
