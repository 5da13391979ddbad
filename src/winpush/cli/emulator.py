"""`winpush emulator`: runs the local push service until Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import shlex
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.help import Command, option
from winpush.cli.output import echo_json
from winpush.errors import WinPushError

if TYPE_CHECKING:
    from winpush.emulator import Browser, Device, Emulator, Phone
    from winpush.wns import EntraCredentials

__all__ = ["command"]

_PORT = click.IntRange(0, 65535)
_LISTEN_SECONDS = 3600


@click.command(cls=Command, examples=["winpush emulator", "winpush emulator --port 0 --windows 5 --fault-status 503"])
@option("--host", heading="Server", default="127.0.0.1", show_default=True, help="Address to listen on.")
@option(
    "--port",
    heading="Server",
    default=8080,
    show_default=True,
    type=_PORT,
    help="Port of the web page and of http channels; 0 picks a free one.",
)
@option(
    "--tls-port",
    heading="Server",
    type=_PORT,
    help="Port of https channels with client certificates; 0 picks a free one. Creates certificates to send with.",
)
@option(
    "--phones",
    heading="Devices",
    default=1,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Phones to create at the start.",
)
@option(
    "--windows",
    heading="Devices",
    default=1,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Windows devices to create at the start.",
)
@option(
    "--browsers",
    heading="Devices",
    default=1,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Browsers (Edge) with a subscription to create at the start.",
)
@option(
    "--app",
    "apps",
    heading="Devices",
    multiple=True,
    metavar="NAME",
    help="Also create a Windows device for another app with this name, and print its login. Repeatable.",
)
@option("--seed", heading="Devices", type=int, help="Makes channel URIs and random faults reproducible.")
@option("--fault-status", heading="Faults", type=click.IntRange(200, 599), help="Fault: answer with this status.")
@option("--fault-delay", heading="Faults", type=float, default=0.0, help="Fault: wait this many seconds first.")
@option("--fault-cut", heading="Faults", metavar="HOW", help="Fault: before-answer, half-answer, silence or garbage.")
@option("--fault-count", heading="Faults", type=int, help="Apply the fault to the next N requests.")
@option("--fault-share", heading="Faults", type=float, help="Apply the fault to this share of requests, 0 to 1.")
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the devices and the login as JSON.")
def command(
    host: str,
    port: int,
    tls_port: int | None,
    phones: int,
    windows: int,
    browsers: int,
    apps: tuple[str, ...],
    seed: int | None,
    as_json: bool,
    **fault: Any,
) -> None:
    """Run a local push service with simulated devices.

    Its web page shows the devices and all requests. Runs until Ctrl-C.
    """
    from winpush.emulator import Emulator

    emulator = Emulator(host=host, port=port, tls=tls_port is not None, tls_port=tls_port or 0, seed=seed)
    _set_fault(emulator, fault)
    with emulator, _certificates(emulator, tls_port is not None) as folder:
        made = _Made(
            tuple([emulator.create_channel() for _ in range(phones)]),
            emulator.create_channel(authenticated=True) if folder is not None and phones else None,
            tuple([emulator.create_windows_channel() for _ in range(windows)]),
            tuple([emulator.create_subscription() for _ in range(browsers)]),
            folder,
            {app: emulator.create_windows_channel(app=app) for app in apps},
        )
        echo_json(_describe(emulator, made)) if as_json else _show(emulator, made)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(_LISTEN_SECONDS)
        if not as_json:
            click.echo("\nStopped.")


def _show_message(authority: str, subscription: str) -> None:
    """Prints a command that sends to the subscription, as its page would give it to a server."""
    click.echo(f"  echo '{subscription}' \\\n    | winpush webpush send --allow-host {authority} - 'from winpush' \\")
    click.echo("    --title Hello --vapid-key vapid.pem --subject mailto:you@example.com\n")


@dataclass(frozen=True, slots=True)
class _Made:
    """What the command created: devices, and the folder with the certificates."""

    phones: tuple[Phone, ...]
    secure_phone: Phone | None
    windows: tuple[Device, ...]
    browsers: tuple[Browser, ...]
    folder: Path | None
    apps: dict[str, Device]


def _show(emulator: Emulator, made: _Made) -> None:
    """Prints a command that sends to each kind of device."""
    click.echo(f"Page:  {emulator.url}")
    for phone in made.phones[:1]:
        click.echo("To send to a phone, type in another terminal:\n")
        _show_example(f"--allow-host {emulator.authority}", phone.uri)
    if made.secure_phone is not None and made.folder is not None:
        click.echo(f"To a phone with an authenticated channel (certificates in {made.folder}, deleted on exit):\n")
        files = f"--ca '{made.folder / 'ca.pem'}' \\\n    --certificate '{made.folder / 'client.pem'}'"
        _show_example(f"--allow-host {emulator.authorities[1]} {files}", made.secure_phone.uri)
    for device in made.windows[:1]:
        click.echo("To a Windows device, with a login that this emulator accepts and every command reads:\n")
        _show_environment(_environment(emulator, emulator.entra_credentials))
        _show_example("", device.uri)
    for app, device in made.apps.items():
        click.echo(f"To a Windows device, for the app {app!r}:\n")
        _show_environment(_environment(emulator, emulator.entra_credentials_of(app)))
        _show_example("", device.uri)
    for browser in made.browsers[:1]:
        click.echo("To a browser, with a VAPID key that 'winpush webpush keys vapid.pem' creates:\n")
        _show_message(emulator.authority, json.dumps(browser.subscription.to_dict()))
    click.echo("Ctrl-C stops it.")


def _describe(emulator: Emulator, made: _Made) -> dict[str, Any]:
    """The same for a program: the devices' channels, and what to set in the environment to send to them."""
    return {
        "page": emulator.url,
        "environment": _environment(emulator, emulator.entra_credentials),
        "phones": [phone.uri for phone in made.phones],
        "windows": [device.uri for device in made.windows],
        "apps": {
            app: {"channel": device.uri, "environment": _environment(emulator, emulator.entra_credentials_of(app))}
            for app, device in made.apps.items()
        },
        "browsers": [browser.subscription.to_dict() for browser in made.browsers],
        "authenticated_phone": None if made.secure_phone is None else made.secure_phone.uri,
        "certificates": None if made.folder is None else str(made.folder),
    }


def _show_environment(values: dict[str, str]) -> None:
    named = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    for first in range(0, len(named), 2):
        click.echo(f"  export {' '.join(named[first : first + 2])}")


def _environment(emulator: Emulator, login: EntraCredentials) -> dict[str, str]:
    """A login that the emulator accepts, and its hosts, as environment variables."""
    return {
        "WINPUSH_TENANT_ID": login.tenant_id,
        "WINPUSH_CLIENT_ID": login.client_id,
        "WINPUSH_CLIENT_SECRET": login.client_secret,
        "WINPUSH_TOKEN_SERVER": login.authority,
        "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities),
    }


def _show_example(options: str, uri: str) -> None:
    click.echo(f"  winpush send toast {f'{options} ' if options else ''}\\\n    '{uri}' 'Hello' 'from winpush'\n")


@contextlib.contextmanager
def _certificates(emulator: Any, wanted: bool) -> Iterator[Path | None]:
    """A temporary, private folder with the CA and client certificate for https channels."""
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="winpush-emulator-") as name:
        folder = Path(name)
        (folder / "ca.pem").write_bytes(emulator.ca_pem)
        (folder / "client.pem").write_bytes(b"".join(emulator.make_client_certificate()))
        yield folder


def _set_fault(emulator: Any, fault: dict[str, Any]) -> None:
    """Adds the fault that the --fault-… options describe, if any are given."""
    from winpush.emulator import Fault

    values = {
        "status": fault["fault_status"],
        "delay_seconds": fault["fault_delay"],
        "cut": fault["fault_cut"],
        "count": fault["fault_count"],
        "share": fault["fault_share"],
    }
    if not any(values.values()):
        return
    if not any(fault[name] for name in ("fault_status", "fault_delay", "fault_cut")):
        raise click.UsageError("No fault given. Add --fault-status, --fault-delay or --fault-cut.")
    try:
        emulator.faults.add(Fault(**values))
    except WinPushError as error:
        raise click.UsageError(f"--fault-{str(error).replace('delay_seconds', 'delay')}.") from None
