"""The database's own clock, which leases use: the clocks of the machines that share a database differ, and jump."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["db_now"]


class db_now(FunctionElement[int]):
    """The time in milliseconds since 1970 by the database server's clock; for a file, by the process's."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(db_now, "sqlite")
def _on_sqlite(_element: db_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(db_now, "postgresql")
def _on_postgresql(_element: db_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
