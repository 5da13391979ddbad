"""`--apps FILE`: the logins of several apps, for the commands that send from the outbox."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import click

from winpush import wns
from winpush._text import decode
from winpush.cli.help import option
from winpush.cli.login import check_secret, read_secret
from winpush.errors import ConfigurationError

__all__ = ["apps_option", "take_apps"]

_ENTRA, _PACKAGE = ("tenant_id", "client_id"), ("package_sid",)
_FIELDS = (*_ENTRA, *_PACKAGE, "client_secret", "client_secret_file", "token_server")

apps_option = option(
    "--apps",
    heading="Login",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="WINPUSH_APPS",
    show_envvar=True,
    help="TOML file with the logins of several apps, instead of the options for one. It has a table per app, with the "
    "app's name, and in it tenant_id and client_id, or package_sid; client_secret or client_secret_file; and "
    "token_server, if it isn't --token-server. [WNS]",
)
"""Adds `--apps`."""


def take_apps(values: dict[str, Any]) -> dict[str, wns.Credentials] | None:
    """Pops the file from a command's values and reads the logins in it; None without a file.

    Call it before `take_login`, which pops --token-server, the default for apps whose table names no token server.
    Raises click.UsageError for an unusable file; the message never contains a secret.
    """
    file: Path | None = values.pop("apps")
    if file is None:
        return None
    try:
        named = tomllib.loads(decode(file.read_bytes()))
    except OSError as error:
        raise click.UsageError(f"--apps: {file} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--apps: {file} can't be read as TOML: {error}.") from None
    if not named:
        raise click.UsageError(f"--apps: {file} contains no apps. Write a table for each, such as [weather].")
    server = values.get("token_server")
    return {name: _login(file, name, table, server) for name, table in named.items()}


def _login(file: Path, name: str, table: Any, usual_server: str | None) -> wns.Credentials:
    where = f"--apps: in {file}, {name!r}"
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise click.UsageError(f"{where} must be a table of strings. Write [{name}] and its login below that.")
    if unknown := sorted(table.keys() - set(_FIELDS)):
        raise click.UsageError(f"{where} has an unknown field, {unknown[0]!r}. The fields are {', '.join(_FIELDS)}.")
    given = [kind for kind in (_ENTRA, _PACKAGE) if not table.keys().isdisjoint(kind)]
    if len(given) != 1 or not table.keys() >= set(given[0]):
        raise click.UsageError(f"{where} needs either {' and '.join(_ENTRA)}, or {_PACKAGE[0]}.")
    secret, server = _secret(file, where, table), table.get("token_server", usual_server)
    try:
        if given[0] is _PACKAGE:
            more = () if server is None else (f"{server.rstrip('/')}/accesstoken.srf",)
            return wns.PackageCredentials(table["package_sid"], secret, *more)
        more = () if server is None else (server,)
        return wns.EntraCredentials(table["tenant_id"], table["client_id"], secret, *more)
    except ConfigurationError as error:
        said = re.sub(r"^(authority|token_url): ", "token_server: ", str(error))
        raise click.UsageError(f"{where}: {said}.") from None


def _secret(file: Path, where: str, table: dict[str, str]) -> str:
    """The secret, given directly or in a file; a relative path starts at the TOML file's folder."""
    if ("client_secret" in table) is ("client_secret_file" in table):
        raise click.UsageError(f"{where} needs either client_secret or client_secret_file.")
    if "client_secret" in table:
        return check_secret(f"{where}: client_secret", table["client_secret"], "Write nothing but the secret")
    return read_secret(file.parent / table["client_secret_file"], f"{where}: client_secret_file")
