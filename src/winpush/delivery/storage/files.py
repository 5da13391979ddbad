"""The file of a SQLite database: finds it, and lets only its owner read it, because it holds channel URIs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa

__all__ = ["make_private", "path_of", "shown", "without_password"]

_PRIVATE = 0o600
_SECRET = ("password", "sslpassword")


def path_of(url: sa.URL) -> Path | None:
    """The file that a SQLite URL names; None for another database."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    if url.database.startswith("file:"):  # SQLite's own URIs
        return Path(unquote(url.database.removeprefix("file:").partition("?")[0]))
    return Path(url.database)


def make_private(path: Path) -> None:
    """Creates the file, readable only by its owner, unless it exists. SQLite gives the files next to it (-wal, -shm,
    -journal) the same mode. If it can't be created, SQLite will say why."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))


def without_password(url: sa.URL) -> sa.URL:
    """The URL to type again: without its password."""
    open_url = sa.URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
    return open_url.difference_update_query(_SECRET)


def shown(url: sa.URL) -> str:
    """The URL without its password."""
    hidden = {name: "***" for name in _SECRET if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)
