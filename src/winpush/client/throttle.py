"""Throttle: what to hold back after a service said "too many", and until when (wns.md 6, mpns.md 9). It doesn't wait:
Sender does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from winpush.channels import Channel, Service, sender_of
from winpush.client.options import Settings
from winpush.results import Outcome, Result, Verdict

__all__ = ["Hold", "Throttle"]

# Beyond this many channels, the oldest is forgotten; the service would throttle it again.
MAX_CHANNELS = 100_000


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a send is held back, and for how many seconds from now. `is_for_app`: the whole app is, not only its
    channel."""

    seconds: float
    verdict: Verdict
    is_for_app: bool

    @property
    def reason(self) -> str:
        """A sentence for the result of a send that wasn't made."""
        who = "this app" if self.is_for_app else "this channel"
        return f"Nothing was sent: the service said to send no more to {who} for another {max(self.seconds, 1):.0f} s."


@dataclass(frozen=True, slots=True)
class _Until:
    moment: float
    verdict: Verdict


class Throttle:
    """Which sends are held back at present. May be used from any thread.

    `clock` counts seconds and never goes back. With `forgets`, nothing is held back.
    """

    def __init__(self, clock: Callable[[], float], *, forgets: bool = False) -> None:
        self._clock = clock
        self._forgets = forgets
        self._senders: dict[tuple[str, str | None], _Until] = {}
        self._channels: dict[str, _Until] = {}
        self.any = False
        """False while nothing is held: the only check that every send pays for."""

    @classmethod
    def of(cls, settings: Settings) -> Throttle:
        """A client's throttle, on the monotonic clock."""
        return cls(time.monotonic, forgets=settings.when_throttled == "send")

    def note(self, result: Result, app: str | None = None) -> None:
        """Remembers an answer that says "too many": from WNS for the sender's whole app, or only for the channel."""
        channel, verdict, retry_after = result.channel, result.verdict, result.retry_after
        if (
            self._forgets
            or channel is None
            or retry_after is None
            or verdict.outcome not in (Outcome.THROTTLED, Outcome.CHANNEL_THROTTLED)
        ):
            return
        until = _Until(self._clock() + retry_after.total_seconds(), verdict)
        sender = sender_of(result.service, channel.origin.authority, app)
        if sender is not None and verdict.outcome is Outcome.THROTTLED:
            known = self._senders.get(sender)
            if known is None or known.moment < until.moment:
                self._senders[sender] = until
        else:
            if len(self._channels) >= MAX_CHANNELS:
                self._channels.pop(next(iter(self._channels)), None)
            self._channels[channel.uri] = until
        self.any = True

    def find(self, channel: Channel, service: Service, app: str | None = None) -> Hold | None:
        """The hold on a send of this app to this channel; None if it may go out."""
        now = self._clock()
        for known, until in list(self._senders.items()):  # all: an app that no longer sends must not keep `any` True
            if until.moment <= now:
                self._senders.pop(known, None)
        own = self._channels.get(channel.uri)
        if own is not None and own.moment <= now:
            own = None
            self._channels.pop(channel.uri, None)
        self.any = bool(self._senders) or bool(self._channels)
        sender = sender_of(service, channel.origin.authority, app)
        all_of_it = None if sender is None else self._senders.get(sender)
        if all_of_it is not None and (own is None or own.moment <= all_of_it.moment):
            return Hold(all_of_it.moment - now, all_of_it.verdict, is_for_app=True)
        return None if own is None else Hold(own.moment - now, own.verdict, is_for_app=False)
