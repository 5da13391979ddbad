"""Ending leases that no worker renews, at the moment that a test chooses."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import deliveries, lanes

__all__ = ["end_leases", "end_leases_of"]


def end_leases(connection: Connection) -> None:
    """Ends the leases of everything that is claimed."""
    for table in (lanes, deliveries):
        connection.execute(sa.update(table).where(table.c.owner.is_not(None)).values(lease_until=0))


def end_leases_of(url: str) -> None:
    """The same, in a transaction of its own."""
    database = Database(url)
    with database.write() as connection:
        end_leases(connection)
    database.close()
