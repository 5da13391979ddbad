"""The members of a JSON column, in each database's SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["json_kind", "json_text"]


class json_kind(FunctionElement[str]):
    """The type of a member of a JSON column, `json_kind(column, name)`: 'string', 'number', 'true', 'false' or 'null';
    NULL if there is no such member. SQLite reads true as 1, so the value alone is ambiguous."""

    type = sa.Text()
    inherit_cache = True


class json_text(FunctionElement[str]):
    """A member of a JSON column as text, `json_text(column, name)`; NULL if there is no such member."""

    type = sa.Text()
    inherit_cache = True


def _member(what: str, element: FunctionElement[str], compiler: SQLCompiler, **options: Any) -> str:
    # Not a JSON path: in one, SQLite can't find a name that JSON writes with a backslash.
    column, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(SELECT {what} FROM json_each({column}) AS member WHERE member.key = {name})"  # noqa: S608 - compiled clauses


@compiles(json_kind, "sqlite")
def _kind_on_sqlite(element: json_kind, compiler: SQLCompiler, **options: Any) -> str:
    names = "CASE member.type WHEN 'text' THEN 'string' WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number'"
    return _member(f"{names} ELSE member.type END", element, compiler, **options)


@compiles(json_text, "sqlite")
def _text_on_sqlite(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    return _member("CAST(member.atom AS TEXT)", element, compiler, **options)


@compiles(json_kind, "postgresql")
def _kind_on_postgresql(element: json_kind, compiler: SQLCompiler, **options: Any) -> str:
    kind = "json_typeof(member.value)"
    what = f"CASE {kind} WHEN 'boolean' THEN CAST(member.value AS TEXT) ELSE {kind} END"
    return _member(what, element, compiler, **options)


@compiles(json_text, "postgresql")
def _text_on_postgresql(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    return _member("member.value #>> '{}'", element, compiler, **options)
