"""The SQL that reads targets: the columns of a Target, and the next channels of a lane's audience."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam
from sqlalchemy.exc import DBAPIError

from winpush.delivery.storage.audience import MAX_WINDOW, audience_between, is_unsearchable
from winpush.delivery.storage.database import raw_rows, read_json
from winpush.delivery.storage.rows import Target
from winpush.delivery.storage.schema import channels, deliveries
from winpush.errors import ValidationError, WinPushError

__all__ = ["TARGET", "AudienceError", "next_targets", "read_targets"]

TARGET = (
    channels.c.id,
    channels.c.uri,
    channels.c.service,
    channels.c.app,
    channels.c.key,
    channels.c.platform,
    channels.c.locale,
    channels.c.time_zone,
    channels.c.attributes,
    channels.c.gone_at,
    channels.c.gone_reason,
    channels.c.not_before,
    channels.c.p256dh,
    channels.c.auth,
)
"""The columns of a Target after its first two, the broadcast and the attempts."""
_LEAST_WINDOW, _WIDER = 1000, 4
"""How many numbers to search first, and the factor for each next search. Without statistics, PostgreSQL reads and sorts
all channels of a window, however few are wanted."""
_ATTRIBUTES = Target._fields.index("attributes")


class AudienceError(WinPushError):
    """The channels of a broadcast's audience can't be found: `__cause__` says why. The broadcast is to be stopped."""

    def __init__(self, broadcast: int) -> None:
        super().__init__(f"The audience of broadcast {broadcast} can't be read")
        self.broadcast = broadcast


def read_targets(connection: Connection, statement: sa.Select[Any], values: Mapping[str, Any]) -> list[Target]:
    """The rows of a statement that selects the columns of a Target."""
    rows = raw_rows(connection, statement, values)
    if any(map(itemgetter(_ATTRIBUTES), rows)):
        rows = [(*row[:_ATTRIBUTES], read_json(row[_ATTRIBUTES]), *row[_ATTRIBUTES + 1 :]) for row in rows]
    return list(map(partial(tuple.__new__, Target), rows))


def next_targets(
    connection: Connection, row: Row[Any], after: int, last: int, size: int, *, has_gaps: bool
) -> tuple[list[Target], int]:
    """Up to `size` channels of a broadcast's audience after `after`, and the number up to which these are all.

    `has_gaps`: leaves out those that already have an outcome. Raises AudienceError.
    """
    found: list[Target] = []
    end, until, window = after, min(after + MAX_WINDOW, last), max(2 * size, _LEAST_WINDOW)
    while end < until and len(found) < size:
        begin, end, wanted = end, min(end + window, until), size - len(found)
        between = {"number": row.id, "begins": begin + 1, "ends": end, "created_at": row.created_at, "size": wanted}
        try:
            part = read_targets(connection, _audience(row.audience, has_gaps), between)
        except (ValidationError, DBAPIError) as error:
            if is_unsearchable(error):
                raise AudienceError(row.id) from error
            raise
        if len(part) == wanted:
            end = part[-1].id
        found += part
        window *= _WIDER
    return found, end


# Building a statement takes longer than SQLite takes to run it.
@lru_cache(maxsize=64)
def _audience(audience: str, has_gaps: bool) -> sa.Select[Any]:
    number = bindparam("number", type_=sa.BigInteger)
    columns = (number.label("broadcast"), sa.literal(0).label("attempts"), *TARGET)
    wanted = audience_between(audience, bindparam("begins"), bindparam("ends"), bindparam("created_at"))
    if has_gaps:
        known = sa.exists().where(deliveries.c.broadcast == number, deliveries.c.channel == channels.c.id)
        wanted.append(~known)
    return sa.select(*columns).where(*wanted).order_by(channels.c.id).limit(bindparam("size"))
