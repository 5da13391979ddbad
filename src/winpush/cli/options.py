"""The options that every command with a connection has, and the client that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from winpush import Client, ClientCertificate, Tls
from winpush.dispatch import ClientOptions

__all__ = ["client_options", "connection_options", "make_client"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _option(name: str, **attributes: Any) -> Callable[[Any], Any]:
    variable = "WINPUSH_" + name.lstrip("-").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, **attributes)


_OPTIONS = (
    _option(
        "--allow-host",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Send to this host too, besides Microsoft's own: an emulator's, say. Repeatable.",
    ),
    _option("--certificate", type=_FILE, help="PEM certificate of an authenticated sender."),
    _option("--key", type=_FILE, help="PEM key of --certificate, if it is in a file of its own."),
    _option("--pfx", type=_FILE, help="The same as a PKCS#12 file."),
    _option("--passphrase", help="Passphrase of --key or --pfx; better given by the variable than typed."),
    _option("--ca", type=_FILE, help="PEM certificate authority to trust besides the system's."),
    _option("--insecure", is_flag=True, help="Do not verify the server's certificate. For tests only."),
    _option("--proxy", metavar="URL", help="http://[user:password@]host:port for every connection."),
    _option("--timeout", type=float, default=15.0, show_default=True, help="Seconds for a whole send."),
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a connection to a command, which gets them as keyword arguments."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def client_options(values: dict[str, Any]) -> ClientOptions:
    """Takes the connection's options out of a command's values, as the options of a client.

    Raises ConfigurationError for a certificate or CA that can't be used.
    """
    taken = {option: values.pop(option) for option in _names()}
    certificate = None
    if taken["pfx"] is not None:
        certificate = ClientCertificate.from_pfx(taken["pfx"], taken["passphrase"])
    elif taken["certificate"] is not None:
        certificate = ClientCertificate.from_pem(taken["certificate"], taken["key"], taken["passphrase"])
    elif taken["key"] is not None:
        raise click.UsageError("--key needs --certificate; or give both in one file with --pfx.")
    if taken["insecure"]:
        click.echo(
            "Warning: --insecure: the server's certificate is not verified; anyone in between can read.", err=True
        )
    return {
        "allow_hosts": list(taken["allow_host"]),
        "mpns_certificate": certificate,
        "tls": Tls(ca=taken["ca"], verify=not taken["insecure"]),
        "proxy": taken["proxy"],
        "proxy_from_environment": taken["proxy"] is None,
        "timeout": taken["timeout"],
    }


def _names() -> tuple[str, ...]:
    return ("allow_host", "certificate", "key", "pfx", "passphrase", "ca", "insecure", "proxy", "timeout")


def make_client(values: dict[str, Any]) -> Client:
    """A Client from a command's values, of which the connection's options are taken out."""
    return Client(**client_options(values))
