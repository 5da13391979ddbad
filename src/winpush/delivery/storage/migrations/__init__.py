"""How the tables came to be what they are, step by step: Alembic's revisions, for both databases."""
