"""The SQL of a broadcast's audience, one window of the registry at a time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Connection, Row

from winpush.delivery.registry.audience import conditions_in
from winpush.delivery.storage.availability import is_too_large
from winpush.delivery.storage.channels import audience_filter
from winpush.delivery.storage.schema import channels, deliveries
from winpush.errors import ValidationError

__all__ = ["MAX_WINDOW", "audience_between", "audience_of", "carve", "is_unsearchable", "without_outcome"]

Number = int | BindParameter[int]
MAX_WINDOW = 50_000
"""The most channel numbers that one claim searches, however few of them are in the audience."""
_NEVER = sa.literal_column(str(2**62), sa.BigInteger)


def carve(connection: Connection, row: Row[Any], after: int, last: int, size: int) -> int:
    """The number up to which there are at most `size` channels of the audience after `after`."""
    end = min(after + MAX_WINDOW, last)
    part = sa.select(channels.c.id).where(*audience_of(row, after + 1, end)).order_by(channels.c.id).limit(size)
    found = connection.scalars(part).all()
    return found[-1] if len(found) == size else end


def audience_of(row: Row[Any], first: int, last: int) -> list[ColumnElement[bool]]:
    """The conditions for the audience between two channel numbers. Channels already gone when the broadcast was
    created are not in it."""
    return audience_between(row.audience, first, last, row.created_at)


def audience_between(audience: str, first: Number, last: Number, created_at: Number) -> list[ColumnElement[bool]]:
    """The same for an audience given as JSON; each number may be a bind parameter. Raises ValidationError for one that
    this version can't read."""
    # Not `IS NULL OR`: without statistics, as after an import, PostgreSQL would read the whole index of live channels.
    lived = sa.func.coalesce(channels.c.gone_at, _NEVER) > created_at
    return [channels.c.id.between(first, last), lived, *audience_filter(conditions_in(audience))]


def is_unsearchable(error: BaseException) -> bool:
    """Whether this says that the channels of an audience can't be found, now or later: this version can't read it, or
    the database can't run so large a statement."""
    return isinstance(error, ValidationError) or is_too_large(error)


def without_outcome(row: Row[Any], first: int, last: int) -> list[ColumnElement[bool]]:
    """The conditions for the audience's channels in this range that have no delivery row yet."""
    known = sa.exists().where(deliveries.c.broadcast == row.id, deliveries.c.channel == channels.c.id)
    return [*audience_of(row, first, last), ~known]
