"""Run by Alembic: works on the connection that it is handed, within the transaction that has begun there."""

from __future__ import annotations

from alembic import context

from winpush.delivery.storage.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
