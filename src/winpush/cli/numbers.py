"""Numbers as people type them, each with an upper bound: what comes after it can't take any number."""

from __future__ import annotations

import math
from typing import cast

import click

__all__ = ["DAYS", "LIMIT", "TTL", "Seconds"]

DAYS = click.IntRange(1, 999_999)
"""A number of days that a timedelta takes."""

LIMIT = click.IntRange(1, 1_000_000_000)
"""How many items to list."""


class Seconds(click.FloatRange):
    """A finite number of seconds in a range. click's own range takes nan, which no comparison refuses."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Reads it. Raises click.BadParameter."""
        seconds: float = super().convert(cast("float", value), param, ctx)  # or the text of one
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


TTL = Seconds(0, 10 * 365 * 86_400)
"""How long a notification lives: up to ten years."""
