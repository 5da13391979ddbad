"""How long a database may take to answer, set in its URL."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["with_timeout"]


def with_timeout(url: str, seconds: float) -> str:
    """The URL with this limit."""
    return sa.make_url(url).update_query_dict({"timeout": str(seconds)}).render_as_string(hide_password=False)
