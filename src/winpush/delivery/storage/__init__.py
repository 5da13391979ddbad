"""The database: the schema, its migrations, and every SQL statement of the delivery."""
