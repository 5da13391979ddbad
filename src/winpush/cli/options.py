"""The options that every command with a connection has, and the client that they make."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from winpush import Client, ClientCertificate, Tls
from winpush.client.options import ClientOptions
from winpush.errors import ConfigurationError

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
        help="Send to this host too, besides Microsoft's own: an emulator's, say. Repeatable; in the variable, "
        "separated by spaces.",
    ),
    _option("--certificate", type=_FILE, help="PEM certificate of an authenticated sender."),
    _option("--key", type=_FILE, help="PEM key of --certificate, if it is in a file of its own."),
    _option("--pfx", type=_FILE, help="The same as a PKCS#12 file."),
    _option("--passphrase", help="Passphrase of --key or --pfx. Better not typed here: without it you are asked."),
    _option("--ca", type=_FILE, help="PEM certificate authority to trust besides the system's."),
    _option("--insecure", is_flag=True, help="Do not verify the server's certificate. For tests only."),
    _option(
        "--proxy",
        metavar="URL",
        help="http://[user:password@]host:port for every connection. Without it HTTP_PROXY, HTTPS_PROXY and NO_PROXY "
        "count, but not for channels on this machine.",
    ),
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
    certificate = _certificate(taken)
    if taken["insecure"]:
        text = "Warning: --insecure: the server's certificate is not verified; anyone in between can read."
        click.secho(text, fg="red", bold=True, err=True)
    return {
        "allow_hosts": list(taken["allow_host"]),
        "mpns_certificate": certificate,
        "tls": Tls(ca=taken["ca"], verify=not taken["insecure"]),
        "proxy": taken["proxy"],
        "proxy_from_environment": taken["proxy"] is None,
        "timeout": taken["timeout"],
    }


def _certificate(taken: dict[str, Any]) -> ClientCertificate | None:
    """The client certificate; asks for the passphrase of one that needs it, if there is somebody to ask."""
    pfx, pem, key = taken["pfx"], taken["certificate"], taken["key"]
    if pfx is not None and (pem is not None or key is not None):
        raise click.UsageError("--pfx holds a certificate and its key: give it, or --certificate and --key.")
    if key is not None and pem is None:
        raise click.UsageError("--key needs --certificate; or give both in one file with --pfx.")
    if pfx is None and pem is None:
        return None

    def load(passphrase: str | None) -> ClientCertificate:
        if pfx is not None:
            return ClientCertificate.from_pfx(pfx, passphrase)
        return ClientCertificate.from_pem(pem, key, passphrase)

    locked = pfx is not None or b"ENCRYPTED" in (key or pem).read_bytes()
    try:
        return load(taken["passphrase"])
    except ConfigurationError as error:
        if taken["passphrase"] is not None or not locked:
            raise
        if not sys.stdin.isatty():
            raise click.UsageError(f"{error}.\nIts passphrase comes from WINPUSH_PASSPHRASE or --passphrase.") from None
    return load(click.prompt(f"Passphrase of {pfx or key or pem}", hide_input=True, err=True))


def _names() -> tuple[str, ...]:
    return ("allow_host", "certificate", "key", "pfx", "passphrase", "ca", "insecure", "proxy", "timeout")


def make_client(values: dict[str, Any]) -> Client:
    """A Client from a command's values, of which the connection's options are taken out."""
    return Client(**client_options(values))
