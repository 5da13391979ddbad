"""The login of the commands that send to WNS: its options, and the credentials made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from winpush import wns
from winpush._text import decode
from winpush.errors import ConfigurationError

__all__ = ["credentials_options", "take_credentials"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SECRET = "WINPUSH_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_MAX_SECRET_BYTES = 65_536
# What a variable keeps of the file that it was read from.
_AROUND = "\ufeff \t\r\n"


def _from_environment(name: str, **attributes: Any) -> Callable[[Any], Any]:
    variable = "WINPUSH_" + name.lstrip("-").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, **attributes)


_OPTIONS = (
    _from_environment("--tenant-id", metavar="ID", help="Entra: directory (tenant) id or domain. [WNS]"),
    _from_environment("--client-id", metavar="ID", help="Entra: application (client) id. [WNS]"),
    _from_environment("--package-sid", metavar="SID", help="UWP and Store apps: ms-app://s-1-15-2-…. [WNS]"),
    _from_environment(
        "--client-secret-file",
        type=_FILE,
        help="File with the secret for either. Or set WINPUSH_CLIENT_SECRET: a secret on the command line is "
        "visible to all users of the machine. [WNS]",
    ),
    _from_environment(
        "--token-server",
        metavar="URL",
        help="Token server to use instead of Microsoft's, such as an emulator's. [WNS]",
    ),
    click.option("--client-secret", envvar=_SECRET, hidden=True),
)


def credentials_options(function: Any) -> Any:
    """Adds the WNS credentials options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def take_credentials(values: dict[str, Any]) -> wns.Credentials | None:
    """Pops the credentials from a command's values; None if none are given.

    Raises click.UsageError if they are incomplete, or of both kinds.
    """
    names = ("tenant_id", "client_id", "package_sid", "client_secret_file", "client_secret", "token_server")
    tenant, client, sid, file, secret, server = (values.pop(name) for name in names)
    tenant, client, sid = (None if each is None else each.strip(_AROUND) for each in (tenant, client, sid))
    if secret is not None and _was_typed("client_secret"):
        raise click.UsageError(
            "A secret on the command line is visible to all users of the machine. "
            "Set WINPUSH_CLIENT_SECRET, or put it in a file and give --client-secret-file."
        )
    if tenant is None and client is None and sid is None:
        return None
    if sid is not None and (tenant is not None or client is not None):
        raise click.UsageError(
            "--package-sid can't be combined with --tenant-id and --client-id. Give one or the other."
        )
    if sid is None and (tenant is None or client is None):
        raise click.UsageError("Entra needs both --tenant-id and --client-id (WINPUSH_TENANT_ID, WINPUSH_CLIENT_ID).")
    if file is not None:
        secret = _read_file(file)
    elif secret:
        secret = _check_secret(_SECRET, secret, "Set it again")
    if not secret:
        raise click.UsageError("The client secret is missing. Set WINPUSH_CLIENT_SECRET, or give --client-secret-file.")
    try:
        if sid is not None:
            more = () if server is None else (f"{server.rstrip('/')}/accesstoken.srf",)
            return wns.PackageCredentials(sid, secret, *more)
        return wns.EntraCredentials(tenant, client, secret, *(() if server is None else (server,)))
    except ConfigurationError as error:
        raise click.UsageError(f"{error}.") from None


def _was_typed(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def _read_file(file: Path) -> str:
    """The secret in a file, whatever editor or shell wrote it."""
    name = f"--client-secret-file {str(file)!r}"
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_SECRET_BYTES)
        text = decode(data)
    except OSError as error:
        raise click.UsageError(f"{name} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise click.UsageError(f"{name} {error}.") from None
    return _check_secret(name, text, "Put nothing but the secret in it")


def _check_secret(name: str, text: str, to_do: str) -> str:
    """The secret without what surrounds it. Raises click.UsageError that names the place and not the secret."""
    secret = text.strip(_AROUND)
    if not secret:
        raise click.UsageError(f"{name} is empty. {to_do}.")
    if any("\ud800" <= character <= "\udfff" for character in secret):
        raise click.UsageError(f"{name} has bytes that are not UTF-8. Give it in UTF-8, or in a file that is.")
    if not secret.isprintable():
        raise click.UsageError(f"{name} has a line end or a control character in the secret. {to_do}.")
    return secret
