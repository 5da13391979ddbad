"""The connection options shared by all commands that send, and the client made from them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from winpush import Client, ClientCertificate, Tls
from winpush.cli.help import needs, option, value_name
from winpush.cli.numbers import Seconds
from winpush.client.options import MAX_TIMEOUT_SECONDS, ClientOptions
from winpush.errors import ConfigurationError

__all__ = ["client_options", "connection_options", "make_client"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _option(name: str, **attributes: Any) -> Callable[[Any], Any]:
    variable = f"WINPUSH_{value_name(name).upper()}"
    return option(name, heading="Connection", envvar=variable, show_envvar=True, **attributes)


_OPTIONS = (
    _option(
        "--allow-host",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Also allow this host, such as an emulator's. Repeatable; in the variable, separate hosts with spaces.",
    ),
    _option("--certificate", type=_FILE, help="PEM client certificate, for authenticated channels."),
    _option("--key", type=_FILE, help="PEM key of --certificate, if in a separate file."),
    _option("--pfx", type=_FILE, help="Client certificate and key as a PKCS#12 file."),
    _option(
        "--passphrase",
        help="Passphrase of --key or --pfx. Leave it out to be prompted, or set the variable: on the command line it "
        "is visible to all users of the machine.",
    ),
    _option("--ca", type=_FILE, help="PEM file of a CA to trust in addition to the system's."),
    _option("--insecure", is_flag=True, help="Don't verify the server's certificate. For tests only."),
    _option(
        "--proxy",
        metavar="URL",
        help="Proxy for all connections: http://[user:password@]host:port, or with https://, socks5:// or socks5h:// "
        "(the proxy resolves names). Default: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, except for "
        "hosts on this machine. With a password, set the variable: the command line is visible to all users of the "
        "machine.",
    ),
    _option(
        "--timeout",
        type=Seconds(0, int(MAX_TIMEOUT_SECONDS), min_open=True),
        default=15.0,
        show_default=True,
        metavar="SECONDS",
        help="Timeout of a send.",
    ),
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the connection options to a command, which receives them as keyword arguments."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


def client_options(values: dict[str, Any]) -> ClientOptions:
    """Pops the connection options from a command's values and returns them as client options.

    Raises ConfigurationError for an unusable certificate or CA.
    """
    taken = {name: values.pop(name) for name in _names()}
    certificate = _certificate(taken)
    if taken["insecure"]:
        text = "Warning: --insecure: the server's certificate is not verified. Anyone on the network can eavesdrop."
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
    """The client certificate. Prompts for a missing passphrase if stdin is a terminal."""
    pfx, pem, key = taken["pfx"], taken["certificate"], taken["key"]
    if pfx is not None and (pem is not None or key is not None):
        raise click.UsageError(
            "--pfx already contains the certificate and its key. Give either --pfx, or --certificate and --key."
        )
    if key is not None and pem is None:
        raise click.UsageError("--key needs --certificate. Add it, or give both as one file with --pfx.")
    if pfx is None and pem is None:
        needs("--certificate or --pfx", "--passphrase")
        return None

    # A variable that was set from a file may end with a line break.
    given = None if taken["passphrase"] is None else taken["passphrase"].rstrip("\r\n")

    def load(passphrase: str | None) -> ClientCertificate:
        if pfx is not None:
            return ClientCertificate.from_pfx(pfx, passphrase)
        return ClientCertificate.from_pem(pem, key, passphrase)

    # A UTF-16 file has a NUL next to each letter.
    locked = pfx is not None or b"ENCRYPTED" in (key or pem).read_bytes().replace(b"\0", b"")
    try:
        return load(given)
    except ConfigurationError as error:
        if given is not None or not locked:
            raise
        if sys.stdin is None or not sys.stdin.isatty():
            raise click.UsageError(f"{error}.\nSet WINPUSH_PASSPHRASE to its passphrase.") from None
    return load(click.prompt(f"Passphrase of {pfx or key or pem}", hide_input=True, err=True))


def _names() -> tuple[str, ...]:
    return ("allow_host", "certificate", "key", "pfx", "passphrase", "ca", "insecure", "proxy", "timeout")


def make_client(values: dict[str, Any]) -> Client:
    """A Client made from the connection options, which are popped from a command's values."""
    return Client(**client_options(values))
