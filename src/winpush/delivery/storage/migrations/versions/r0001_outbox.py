"""The tables of the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0001"
down_revision = None

_ID = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    """Creates all tables."""
    _create_channels()
    _create_broadcasts()
    _create_deliveries()
    _create_attempts()


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _create_channels() -> None:
    op.create_table(
        "winpush_channels",
        Column("id", _ID, primary_key=True),
        Column("uri", Text, nullable=False),
        Column("service", Text, nullable=False),
        Column("key", Text),
        Column("device", Text),
        Column("platform", Text),
        Column("os_version", Text),
        Column("app_version", Text),
        Column("locale", Text),
        Column("time_zone", Text),
        Column("attributes", sa.JSON()),
        Column("registered_at", BigInteger, nullable=False),
        Column("renewed_at", BigInteger, nullable=False),
        Column("gone_at", BigInteger),
        Column("gone_reason", Text),
        Column("not_before", BigInteger),
        sqlite_autoincrement=True,
    )
    _partial("winpush_channels_uri", "winpush_channels", ["uri"], "gone_at IS NULL", unique=True)
    op.create_index("winpush_channels_key", "winpush_channels", ["key", "id"])
    op.create_index("winpush_channels_device", "winpush_channels", ["device", "id"])
    op.create_table(
        "winpush_tags",
        Column("channel", BigInteger, primary_key=True, autoincrement=False),
        Column("tag", Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("winpush_tags_tag", "winpush_tags", ["tag", "channel"])


def _create_broadcasts() -> None:
    op.create_table(
        "winpush_broadcasts",
        Column("id", _ID, primary_key=True),
        Column("name", Text),
        Column("idempotency_key", Text, unique=True),
        Column("content", Text, nullable=False),
        Column("audience", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("not_before", BigInteger, nullable=False),
        Column("expires_at", BigInteger),
        Column("ended_at", BigInteger),
        Column("rate", Integer),
        Column("paced_until", BigInteger, nullable=False),
        Column("spread_until", BigInteger, nullable=False, server_default="0"),
        Column("max_attempts", Integer, nullable=False),
        Column("resend_unanswered", Integer, nullable=False),
        Column("quiet_start", Integer),
        Column("quiet_end", Integer),
        Column("cursor", BigInteger, nullable=False),
        Column("last_channel", BigInteger, nullable=False),
        Column("refusals", sa.JSON(), nullable=False),
        Column("stop_after", Integer, nullable=False),
        Column("stop_reason", Text),
        sqlite_autoincrement=True,
    )
    _partial("winpush_broadcasts_open", "winpush_broadcasts", ["id"], "ended_at IS NULL")
    op.create_table(
        "winpush_ranges",
        Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
        Column("first", BigInteger, primary_key=True, autoincrement=False),
        Column("last", BigInteger, nullable=False),
        Column("owner", Text),
        Column("lease_until", BigInteger, nullable=False),
        Column("attempts", Integer, nullable=False),
    )
    op.create_table(
        "winpush_counts",
        Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
        Column("state", Text, primary_key=True),
        Column("outcome", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "winpush_holds",
        Column("service", Text, primary_key=True),
        Column("until", BigInteger, nullable=False),
    )


def _create_deliveries() -> None:
    op.create_table(
        "winpush_deliveries",
        Column("broadcast", BigInteger, primary_key=True, autoincrement=False),
        Column("channel", BigInteger, primary_key=True, autoincrement=False),
        Column("state", Text, nullable=False),
        Column("outcome", Text),
        Column("attempts", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("due", BigInteger),
        Column("owner", Text),
        sqlite_with_rowid=False,
    )
    table = "winpush_deliveries"
    _partial("winpush_deliveries_due", table, ["due"], "due IS NOT NULL")
    _partial("winpush_deliveries_owned", table, ["owner", "due"], "owner IS NOT NULL")
    _partial("winpush_deliveries_waiting", table, ["broadcast", "channel"], "due IS NOT NULL")


def _create_attempts() -> None:
    op.create_table(
        "winpush_attempts",
        Column("id", _ID, primary_key=True),
        Column("broadcast", BigInteger, nullable=False),
        Column("channel", BigInteger, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("status", Integer),
        Column("message_id", Text),
        Column("debug_trace", Text),
        Column("correlation_vector", Text),
        Column("detail", Text),
    )
