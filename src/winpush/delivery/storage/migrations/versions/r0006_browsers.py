"""The two keys of a browser's subscription, with which messages are encrypted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns."""
    for name in ("p256dh", "auth"):
        op.add_column("winpush_channels", sa.Column(name, sa.Text))
