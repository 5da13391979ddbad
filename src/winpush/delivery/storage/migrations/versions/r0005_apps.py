"""Whose a channel is, and holds by app: for an outbox that sends for several apps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_HOLDS = "winpush_holds"


def upgrade() -> None:
    """Adds the column, and recreates the table of holds: SQLite can't change a primary key."""
    op.add_column("winpush_channels", sa.Column("app", sa.Text))
    before = sa.table(_HOLDS, sa.column("service", sa.Text), sa.column("until", sa.BigInteger))
    kept = [row._asdict() for row in op.get_bind().execute(sa.select(before)).all()]
    op.drop_table(_HOLDS)
    holds = op.create_table(
        _HOLDS,
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("app", sa.Text, primary_key=True, server_default=""),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    if kept:
        op.bulk_insert(holds, kept)
