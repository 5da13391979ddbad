"""Alembic's revisions of the tables, for both databases."""
