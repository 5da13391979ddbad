"""The URL of a database, and its timeout: how long to wait for a busy one."""

from __future__ import annotations

import sqlalchemy as sa

from winpush.errors import ConfigurationError

__all__ = ["read_seconds", "read_url"]

_MOST_SECONDS = 86_400


def read_url(url: str) -> sa.URL:
    """A database's URL, parsed. Raises ConfigurationError, which doesn't show it."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigurationError(
            "The database URL can't be parsed. Write it as 'sqlite:///push.db' or 'postgresql://user@host/name'"
        ) from None
    # Many hosting providers hand out `postgres://` URLs.
    plain = parsed.drivername in ("postgres", "postgresql")
    return parsed.set(drivername="postgresql+psycopg") if plain else parsed


def read_seconds(url: sa.URL) -> float | None:
    """`?timeout=`, in seconds: how long to wait for a busy database."""
    given = url.query.get("timeout")
    try:
        seconds = None if given is None else float(str(given))
    except ValueError:
        seconds = -1.0
    if seconds is not None and not 0 <= seconds <= _MOST_SECONDS:
        raise ConfigurationError(f"The database URL has timeout={given}; give a number of seconds, up to a day")
    return seconds
