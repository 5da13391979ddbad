"""The plans of the broadcasts that a worker sends, each parsed once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

from winpush._make import make_channel
from winpush.channels import AllowedHosts, Origin, parse_origin, split_uri
from winpush.client.sender import Item
from winpush.delivery.content.content import Content, Form
from winpush.delivery.storage.availability import is_too_large
from winpush.delivery.storage.rows import Target
from winpush.delivery.worker.policy import SendPlan
from winpush.errors import ChannelError, ValidationError
from winpush.webpush import Subscription
from winpush.webpush.base64url import decode

__all__ = ["Plans", "item_of", "unreadable"]

_MOST = 1000
MAX_BYTES = 32 << 20


class Plans:
    """Remembers the plan of each broadcast, and one object per distinct content, so that it is encoded once."""

    def __init__(self) -> None:
        self._plans: dict[int, SendPlan] = {}
        # A content lives as long as a plan that has it.
        self._contents: WeakValueDictionary[str, Content] = WeakValueDictionary()

    def of(self, row: Any) -> SendPlan:
        """The plan of a broadcast's row. Raises whatever reading its content raises."""
        plan = self._plans.pop(row.id, None)
        if plan is None:
            plan = SendPlan.of(row, self._content(row.content))
        self._plans[row.id] = plan  # the last is the one used most recently
        return plan

    def _content(self, text: str) -> Content:
        content = self._contents.get(text)
        if content is None:
            content = self._contents[text] = Content.from_json(text)
        return content

    def trim(self) -> None:
        """Forgets the least recently used plans if there are too many or they take too much memory: what a template
        makes for the channels of one broadcast is of no use to the next."""
        kept: dict[int, SendPlan] = {}
        counted: set[int] = set()
        total = 0
        for number, plan in reversed(self._plans.items()):
            if id(plan.content) not in counted:
                counted.add(id(plan.content))
                total += plan.content.cached_bytes
            if kept and (total > MAX_BYTES or len(kept) >= _MOST):
                self._plans = dict(reversed(kept.items()))
                return
            kept[number] = plan


def unreadable(error: BaseException | None) -> str:
    """The reason for stopping a broadcast whose content or audience can't be read."""
    if is_too_large(error):
        said = str(getattr(error, "orig", error)).partition("\n")[0]
        return f"Its audience has too many conditions for the database ({said}). Send a broadcast to each part of it."
    what = "audience" if isinstance(error, ValidationError) and error.field == "audience" else "content"
    return (
        f"Its {what} can't be read ({type(error).__name__}: {error}). A later version of winpush may have stored it: "
        "upgrade the workers, then send a new broadcast."
    )


def item_of(target: Target, form: Form) -> Item:
    """What `send_many` gets for a delivery; its key is the target."""
    if target.p256dh is not None and target.auth is not None:
        origin, path = split_uri(target.uri)
        # The client decides whether this host is allowed, and reports it as a result. The same goes for keys damaged in
        # the database: one row must not stop its whole batch.
        try:
            channel = make_channel(_origin(origin), path)
            return Subscription(channel, decode("p256dh", target.p256dh), decode("auth", target.auth)), form, target
        except (ValidationError, ChannelError):
            pass
    return (target.uri, form, target) if target.app is None else (target.uri, form, target, target.app)


@lru_cache(maxsize=256)
def _origin(text: str) -> Origin:
    """An origin, read once: a few push services serve all browsers."""
    return parse_origin(text, AllowedHosts(frozenset((text.partition("://")[2].lower(),))))
