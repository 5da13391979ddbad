"""The tables: one schema for SQLite and PostgreSQL. All times are milliseconds since 1970, UTC, which compare and sort
the same on both."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

__all__ = [
    "ERASED",
    "METADATA",
    "REVISION",
    "VERSION_TABLE",
    "attempts",
    "broadcasts",
    "channels",
    "counts",
    "deliveries",
    "holds",
    "lanes",
    "segments",
    "tags",
]

METADATA = MetaData()
REVISION = "0009"
"""The revision of the tables below: the newest in `migrations`."""
ERASED = "erased"
"""What replaces erased values: a channel's URI, the reason why it is gone, a broadcast's content."""
VERSION_TABLE = "winpush_version"
"""The table that holds a database's revision."""

# SQLite only auto-numbers a column declared INTEGER; its integers have 64 bits anyway.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _live_index(name: str, *columns: str, unique: bool = False) -> Index:
    """An index of live channels only: a tombstone keeps its URI, which may be registered again."""
    live = text("gone_at IS NULL")
    return Index(name, *columns, unique=unique, sqlite_where=live, postgresql_where=live)


def _partial_index(name: str, condition: str, *columns: str) -> Index:
    where = text(condition)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


channels = Table(
    "winpush_channels",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("uri", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("key", Text),
    Column("device", Text),
    Column("app", Text),
    Column("platform", Text),
    Column("os_version", Text),
    Column("app_version", Text),
    Column("locale", Text),
    Column("time_zone", Text),
    Column("attributes", JSON(none_as_null=True)),
    # The keys of a browser's subscription.
    Column("p256dh", Text),
    Column("auth", Text),
    # The versions in a form that sorts correctly as text: see registry.rules.version_key.
    Column("os_version_key", Text),
    Column("app_version_key", Text),
    Column("registered_at", BigInteger, nullable=False),
    Column("renewed_at", BigInteger, nullable=False),
    Column("gone_at", BigInteger),
    Column("gone_reason", Text),
    Column("not_before", BigInteger),
    _live_index("winpush_channels_uri", "uri", unique=True),
    Index("winpush_channels_key", "key", "id"),
    Index("winpush_channels_device", "device", "id"),
    Index(
        "winpush_channels_gone",
        "gone_at",
        sqlite_where=text("gone_at IS NOT NULL"),
        postgresql_where=text("gone_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # never reuse the number of a deleted channel
)

tags = Table(
    "winpush_tags",
    METADATA,
    Column("channel", BigInteger, primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("winpush_tags_tag", "tag", "channel"),
    sqlite_with_rowid=False,
)

broadcasts = Table(
    "winpush_broadcasts",
    METADATA,
    Column("id", _Id, primary_key=True),
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
    Column("last_channel", BigInteger, nullable=False),
    Column("refusals", JSON, nullable=False),
    Column("stop_after", Integer, nullable=False),
    Column("stop_reason", Text),
    Index(
        "winpush_broadcasts_open",
        "id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    # Broadcasts to an audience: `notify` creates a great many without lanes and segments.
    Index(
        "winpush_broadcasts_to_many",
        "id",
        sqlite_where=text("last_channel > 0"),
        postgresql_where=text("last_channel > 0"),
    ),
    sqlite_autoincrement=True,
)

lanes = Table(
    "winpush_lanes",
    METADATA,
    Column("broadcast", BigInteger, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    # 0 for a lane. A parcel has channels of a batch that wait for the same thing: its bounds are first and last.
    Column("parcel", BigInteger, primary_key=True, server_default="0"),
    Column("last", BigInteger, nullable=False),
    # Channels up to here have an outcome or wait. Only a compare-and-set moves it: it decides whose outcomes count.
    Column("cursor", BigInteger, nullable=False),
    # Channels up to here may have a send in progress.
    Column("ahead", BigInteger, nullable=False),
    # The owner whose write last moved the cursor.
    Column("run", Text),
    Column("owner", Text),
    # By the database's clock, like all leases.
    Column("lease_until", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    # When a worker last took it.
    Column("turn", BigInteger, nullable=False),
    # Claims since the cursor last moved.
    Column("starts", Integer, nullable=False),
    # Some channels after the cursor already have an outcome, left by a range of the first design. Before there were
    # parcels, this was `has_gaps`: it was renamed so that the statements of an older version, which would take a parcel
    # for a lane, fail.
    Column("skips_known", Integer, nullable=False),
    Column("refusals", JSON, nullable=False),
    # Of a parcel: how many channels are after the cursor, what their last outcome or reason to wait was, and when.
    Column("number", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("outcome", Text),
    Column("at", BigInteger, nullable=False, server_default="0"),
    Column("channels", LargeBinary),
    Column("times", LargeBinary),
    _partial_index("winpush_lanes_open", '"cursor" < "last" AND parcel = 0', "broadcast", "turn"),
    _partial_index("winpush_lanes_due", '"cursor" < "last" AND parcel > 0', "not_before"),
    _partial_index("winpush_lanes_waiting", '"cursor" < "last" AND parcel > 0', "broadcast", "last"),
    _partial_index("winpush_lanes_owned", "owner IS NOT NULL", "broadcast"),
    # `starts` as in rows.CAREFUL.
    _partial_index("winpush_lanes_suspect", "starts >= 2", "starts"),
)

deliveries = Table(
    "winpush_deliveries",
    METADATA,
    Column("broadcast", BigInteger, primary_key=True),
    Column("channel", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("attempts", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    # Set only while the delivery waits, which keeps the partial indexes below small.
    Column("due", BigInteger),
    Column("owner", Text),
    Column("lease_until", BigInteger),
    # Claims since its last outcome.
    Column("claims", Integer, nullable=False, server_default="0"),
    Index(
        "winpush_deliveries_due",
        "due",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
    Index(
        "winpush_deliveries_owned",
        "owner",
        "due",
        sqlite_where=text("owner IS NOT NULL"),
        postgresql_where=text("owner IS NOT NULL"),
    ),
    # `claims` as in rows.CAREFUL: workers look for suspect deliveries all the time.
    Index(
        "winpush_deliveries_suspect",
        "due",
        sqlite_where=text("claims >= 2"),
        postgresql_where=text("claims >= 2"),
    ),
    Index(
        "winpush_deliveries_waiting",
        "broadcast",
        "due",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

counts = Table(
    "winpush_counts",
    METADATA,
    Column("broadcast", BigInteger, primary_key=True),
    # The first channel of the lane, so that lanes don't wait for each other; 0 for deliveries that had waited.
    Column("lane", BigInteger, primary_key=True, server_default="0"),
    Column("state", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

attempts = Table(
    "winpush_attempts",
    METADATA,
    Column("id", _Id, primary_key=True),
    Column("broadcast", BigInteger, nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("message_id", Text),
    Column("debug_trace", Text),
    Column("correlation_vector", Text),
    Column("detail", Text),
    Index("winpush_attempts_channel", "channel", "id"),
    Index("winpush_attempts_broadcast", "broadcast", "id"),
)

# The channels of a batch that ended alike, in one row; see storage/segments.py. Small columns first.
segments = Table(
    "winpush_segments",
    METADATA,
    # The id of its first attempt; those of the others follow.
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("broadcast", BigInteger, nullable=False),
    # The bounds of its batch.
    Column("last", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),
    # Whether its attempts are in the history: they were sent to, and it isn't too long ago.
    Column("is_tried", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("channels", LargeBinary, nullable=False),
    Column("times", LargeBinary),
    Column("message_id", LargeBinary),
    Column("debug_trace", LargeBinary),
    Column("correlation_vector", LargeBinary),
    Column("detail", LargeBinary),
    Index("winpush_segments_batch", "broadcast", "last"),
    Index(
        "winpush_segments_tried",
        "until",
        sqlite_where=text("is_tried = 1"),
        postgresql_where=text("is_tried = 1"),
    ),
)

holds = Table(
    "winpush_holds",
    METADATA,
    Column("service", Text, primary_key=True),
    # '' is the app without a name: a primary key has no NULL.
    Column("app", Text, primary_key=True, server_default=""),
    Column("until", BigInteger, nullable=False),
)
