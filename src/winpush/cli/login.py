"""The login of the commands that send to WNS: its options, and the credentials made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from winpush import TokenFile, wns
from winpush._text import decode
from winpush.cli.azure_login import KINDS, make_azure_login, make_certificate_login
from winpush.cli.help import is_typed, option, value_name
from winpush.client.options import ClientOptions
from winpush.client.token_cache import AnyCredentials
from winpush.errors import ConfigurationError

__all__ = ["check_secret", "credentials_options", "read_secret", "take_login"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SECRET = "WINPUSH_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_OR_FILE = ", or put it in a file and give --client-secret-file"
_MAX_SECRET_BYTES = 65_536
# What a variable that was set from a file may have around the value.
_AROUND = "\ufeff \t\r\n"


def _not_typed(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Raises click.UsageError for a secret typed on the command line."""
    if value is not None and is_typed(str(parameter.name), context):
        raise click.UsageError(
            "A secret on the command line is visible to all users of the machine. "
            f"Set {parameter.envvar}{_OR_FILE if parameter.envvar == _SECRET else ''}."
        )
    return value


def _from_environment(name: str, **attributes: Any) -> Callable[[Any], Any]:
    variable = f"WINPUSH_{value_name(name).upper()}"
    return option(name, heading="Login", envvar=variable, show_envvar=True, **attributes)


_OPTIONS = (
    _from_environment("--tenant-id", metavar="ID", help="Entra: directory (tenant) id or domain. [WNS]"),
    _from_environment("--client-id", metavar="ID", help="Entra: application (client) id. [WNS]"),
    _from_environment("--package-sid", metavar="SID", help="UWP and Store apps: ms-app://s-1-15-2-…. [WNS]"),
    _from_environment(
        "--client-secret-file",
        type=_FILE,
        help="File with the secret for either login. Or set WINPUSH_CLIENT_SECRET: a secret on the command line is "
        "visible to all users of the machine. [WNS]",
    ),
    _from_environment(
        "--client-certificate",
        type=_FILE,
        help="Entra: certificate and private key (PEM or PFX) to log in with instead of a secret. The passphrase is "
        "read from WINPUSH_CLIENT_CERTIFICATE_PASSPHRASE. Needs winpush[azure]. [WNS]",
    ),
    _from_environment(
        "--azure-identity",
        type=click.Choice(list(KINDS)),
        is_flag=False,
        flag_value="default",
        metavar="[KIND]",
        help=f"Log in through azure-identity: {', '.join(KINDS)}. Without a KIND: default, which tries several in "
        "turn. Needs winpush[azure]. [WNS]",
    ),
    _from_environment(
        "--token-server",
        metavar="URL",
        help="Token server to use instead of Microsoft's, such as an emulator's. [WNS]",
    ),
    _from_environment(
        "--token-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Keep the token for the next command in this file, which only you can read. Default: each command "
        "requests a token. [WNS]",
    ),
    option("--client-secret", heading="Login", envvar=_SECRET, hidden=True, callback=_not_typed),
    option(
        "--client-certificate-passphrase",
        heading="Login",
        envvar="WINPUSH_CLIENT_CERTIFICATE_PASSPHRASE",
        hidden=True,
        callback=_not_typed,
    ),
)


def credentials_options(function: Any) -> Any:
    """Adds the WNS credentials options."""
    for add in reversed(_OPTIONS):
        function = add(function)
    return function


@dataclass(frozen=True, slots=True)
class _Given:
    """The login options that a command was given."""

    tenant: str | None
    client: str | None
    sid: str | None
    secret_file: Path | None
    secret: str | None
    certificate: Path | None
    passphrase: str | None
    azure: str | None
    server: str | None
    token_file: Path | None

    @classmethod
    def of(cls, values: dict[str, Any]) -> _Given:
        """Pops them from the command's values."""
        return cls(
            tenant=_stripped(values.pop("tenant_id")),
            client=_stripped(values.pop("client_id")),
            sid=_stripped(values.pop("package_sid")),
            secret_file=values.pop("client_secret_file"),
            secret=values.pop("client_secret"),
            certificate=values.pop("client_certificate"),
            passphrase=values.pop("client_certificate_passphrase"),
            azure=values.pop("azure_identity"),
            server=values.pop("token_server"),
            token_file=values.pop("token_file"),
        )


def take_login(
    values: dict[str, Any], options: ClientOptions, apps: Mapping[str, wns.Credentials] | None = None
) -> None:
    """Pops the login from a command's values and puts it into the options of a client; `wns` is None without a login.

    `apps` are the logins of several apps. Raises click.UsageError if the login is incomplete or mixes several kinds.
    """
    given = _Given.of(values)
    try:
        credentials = _make_credentials(given, options)
        if apps is not None and credentials is not None:
            raise click.UsageError(
                "--apps has each app's login, so it can't be combined with a login from other options or variables. "
                "Give only one of them."
            )
        options["wns"] = credentials if apps is None else apps
        if given.token_file is not None and options["wns"] is not None:
            if apps is None and not isinstance(credentials, wns.EntraCredentials | wns.PackageCredentials):
                raise click.UsageError("--token-file is for logins with a secret; azure-identity has its own cache.")
            options["token_store"] = TokenFile(given.token_file)
    except ConfigurationError as error:
        raise click.UsageError(f"{error}.") from None


def _make_credentials(given: _Given, connection: ClientOptions) -> AnyCredentials | None:
    has_ids = given.tenant is not None or given.client is not None
    if given.azure is not None:
        _refuse_others(given)
        return make_azure_login(given.azure, given.tenant, given.client, given.server, connection)
    if given.sid is not None and has_ids:
        raise click.UsageError(
            "--package-sid can't be combined with --tenant-id and --client-id. Give one or the other."
        )
    if given.sid is not None:
        return _package(given, given.sid)
    if has_ids:
        return _entra(given, connection)
    if given.certificate is not None:
        raise click.UsageError("--client-certificate needs --tenant-id and --client-id. Add them.")
    return None


def _refuse_others(given: _Given) -> None:
    others = {
        "--package-sid": given.sid,
        "--client-secret-file": given.secret_file,
        _SECRET: given.secret,
        "--client-certificate": given.certificate,
    }
    for name, value in others.items():
        if value is not None:
            raise click.UsageError(f"--azure-identity can't be combined with {name}. Give only one of them.")


def _package(given: _Given, sid: str) -> wns.PackageCredentials:
    if given.certificate is not None:
        raise click.UsageError(
            "--client-certificate is for Entra; --package-sid needs a secret. Give only one of them."
        )
    more = () if given.server is None else (f"{given.server.rstrip('/')}/accesstoken.srf",)
    return wns.PackageCredentials(sid, _secret_of(given), *more)


def _entra(given: _Given, connection: ClientOptions) -> AnyCredentials:
    tenant, client, certificate, server = given.tenant, given.client, given.certificate, given.server
    if tenant is None or client is None:
        raise click.UsageError("Entra needs both --tenant-id and --client-id (WINPUSH_TENANT_ID, WINPUSH_CLIENT_ID).")
    if certificate is None:
        return wns.EntraCredentials(tenant, client, _secret_of(given), *(() if server is None else (server,)))
    if given.secret_file is not None or given.secret is not None:
        raise click.UsageError("Log in with --client-certificate or with a secret. Give only one of them.")
    return make_certificate_login(certificate, given.passphrase, tenant, client, server, connection)


def _secret_of(given: _Given) -> str:
    if given.secret_file is not None:
        return read_secret(given.secret_file, f"--client-secret-file {str(given.secret_file)!r}")
    if given.secret:
        return check_secret(_SECRET, given.secret, "Set it again")
    raise click.UsageError("The client secret is missing. Set WINPUSH_CLIENT_SECRET, or give --client-secret-file.")


def _stripped(value: str | None) -> str | None:
    return None if value is None else value.strip(_AROUND)


def read_secret(file: Path, name: str) -> str:
    """The secret in a file written by any editor or shell. Raises click.UsageError, which calls the file `name`."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_SECRET_BYTES + 1)
        if len(data) > _MAX_SECRET_BYTES:
            raise click.UsageError(f"{name} has more than {_MAX_SECRET_BYTES:,} bytes, so it isn't a secret.")
        text = decode(data)
    except OSError as error:
        raise click.UsageError(f"{name} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise click.UsageError(f"{name} {error}.") from None
    return check_secret(name, text, "Put nothing but the secret in it")


def check_secret(name: str, text: str, to_do: str) -> str:
    """The secret without surrounding whitespace. Raises click.UsageError, which names the place, not the secret."""
    secret = text.strip(_AROUND)
    if not secret:
        raise click.UsageError(f"{name} is empty. {to_do}.")
    if any("\ud800" <= character <= "\udfff" for character in secret):
        raise click.UsageError(f"{name} has bytes that aren't UTF-8. Set it in UTF-8, or give a file in UTF-8.")
    if not secret.isprintable():
        raise click.UsageError(f"{name} has a line break or control character in the secret. {to_do}.")
    return secret
