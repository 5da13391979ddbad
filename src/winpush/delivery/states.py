"""The states of a broadcast and of a delivery, and the only ways from one to the next. Nothing else changes a state."""

from __future__ import annotations

import enum

from winpush.errors import WinPushError
from winpush.results import Action

__all__ = ["FINAL", "MOVES", "SETTLES_AS", "BroadcastState", "DeliveryState", "Move", "StateError", "move", "settled"]


class BroadcastState(enum.Enum):
    """Where a broadcast is. Those that end in -ing are followed by the worker."""

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
    """How it is with one channel of a broadcast. All but WAITING are final."""

    WAITING = "waiting"
    """To be sent when its time has come: the first time, or again."""
    DELIVERED = "delivered"
    """The push service took it."""
    UNANSWERED = "unanswered"
    """The request left and no answer came: it may have arrived, so it is not sent again by itself."""
    FAILED = "failed"
    """Refused in a way that the same request would be refused again."""
    GONE = "gone"
    """The channel no longer exists."""
    SKIPPED = "skipped"
    """There is nothing that this channel could be sent."""
    ABANDONED = "abandoned"
    """It was tried as often as allowed."""
    EXPIRED = "expired"
    """It was no longer worth sending."""
    CANCELLED = "cancelled"
    """The broadcast was cancelled first."""
    STOPPED = "stopped"
    """The broadcast stopped itself first."""


FINAL = frozenset(DeliveryState) - {DeliveryState.WAITING}
"""The states in which a delivery stays."""


class Move(enum.Enum):
    """What can happen to a broadcast."""

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
"""The one table: (state, what happens) -> next state. What is not in it is refused."""

SETTLES_AS = {
    _S.CANCELLING: DeliveryState.CANCELLED,
    _S.STOPPING: DeliveryState.STOPPED,
    _S.EXPIRING: DeliveryState.EXPIRED,
}
"""What becomes of the channels that a broadcast in this state has not reached: they are not sent to."""

ENDED = frozenset({_S.FINISHED, _S.CANCELLED, _S.STOPPED, _S.EXPIRED})
"""The states in which a broadcast stays."""


class StateError(WinPushError):
    """What was asked of a broadcast is not possible in its state."""


def move(state: BroadcastState, what: Move) -> BroadcastState:
    """The state after it. Raises StateError when the table doesn't have it."""
    after = MOVES.get((state, what))
    if after is None:
        raise StateError(f"The broadcast is {state.value}, so it can't {what.value}.")
    return after


_BY_ACTION = {
    Action.NOTHING: DeliveryState.DELIVERED,
    Action.DELETE_CHANNEL: DeliveryState.GONE,
    Action.STOP_AND_FIX: DeliveryState.FAILED,
    Action.DECIDE: DeliveryState.UNANSWERED,
    Action.RETRY_LATER: DeliveryState.ABANDONED,
}


def settled(action: Action) -> DeliveryState:
    """The final state of a delivery whose last answer asks for this, when nothing more is to be tried."""
    return _BY_ACTION[action]
