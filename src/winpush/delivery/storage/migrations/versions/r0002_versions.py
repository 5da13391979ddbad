"""Sortable version columns, for audiences by version range; indexes on the history by channel and by broadcast."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds and fills the columns, and adds the indexes."""
    for name in ("os_version", "app_version"):
        op.add_column("winpush_channels", sa.Column(f"{name}_key", sa.Text))
        _fill(op.get_bind(), name)
    for name in ("channel", "broadcast"):
        op.create_index(f"winpush_attempts_{name}", "winpush_attempts", [name, "id"])


def _fill(connection: sa.Connection, name: str) -> None:
    table = sa.table("winpush_channels", sa.column(name, sa.Text), sa.column(f"{name}_key", sa.Text))
    column = table.c[name]
    # One UPDATE per version: there are few versions, however many channels.
    for version in connection.scalars(sa.select(column).where(column.is_not(None)).distinct()).all():
        connection.execute(sa.update(table).where(column == version).values({f"{name}_key": _key(version)}))


def _key(version: str) -> str | None:
    parts = version.split(".")
    if not 1 <= len(parts) <= 4 or not all(part.isdecimal() and part.isascii() and len(part) <= 8 for part in parts):
        return None
    return "".join(part.zfill(8) for part in (*parts, *["0"] * (4 - len(parts))))
