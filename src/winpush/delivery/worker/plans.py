"""The plans of the broadcasts that a worker sends, each parsed once."""

from __future__ import annotations

from typing import Any

from winpush.delivery.content.content import Content
from winpush.delivery.worker.policy import SendPlan

__all__ = ["Plans"]

_MOST = 1000


class Plans:
    """Remembers the plan of each broadcast, and one object per distinct content, so that it is encoded once."""

    def __init__(self) -> None:
        self._plans: dict[int, SendPlan] = {}
        self._contents: dict[str, Content] = {}

    def of(self, row: Any) -> SendPlan:
        """The plan of a broadcast's row. Raises whatever reading its content raises."""
        plan = self._plans.get(row.id)
        if plan is None:
            if len(self._plans) >= _MOST:
                self._plans.clear()
            plan = self._plans[row.id] = SendPlan.of(row, self._content(row.content))
        return plan

    def _content(self, text: str) -> Content:
        content = self._contents.get(text)
        if content is None:
            if len(self._contents) >= _MOST:
                self._contents.clear()
            content = self._contents[text] = Content.from_json(text)
        return content
