"""Run by Alembic: uses the connection passed in `attributes`, inside the transaction already begun on it."""

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
