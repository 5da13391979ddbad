"""`winpush emulator`: the local push service, until Ctrl-C."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from winpush.errors import WinPushError

__all__ = ["command"]

_PORT = click.IntRange(0, 65535)
_LISTEN_SECONDS = 3600


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=_PORT, help="Port of the page and of http channels; 0: a free one."
)
@click.option(
    "--tls-port",
    type=_PORT,
    help="Port of https channels, with client certificates; 0: a free one. "
    "Certificates to send with are made for the run.",
)
@click.option("--phones", default=1, show_default=True, type=click.IntRange(0, 10_000), help="Phones to make at once.")
@click.option(
    "--windows", default=1, show_default=True, type=click.IntRange(0, 10_000), help="Windows devices to make at once."
)
@click.option("--seed", type=int, help="Makes channel URIs and shares of faults repeatable.")
@click.option("--fault-status", type=click.IntRange(200, 599), help="Fault: answer with this status.")
@click.option("--fault-delay", type=float, default=0.0, help="Fault: wait so many seconds first.")
@click.option("--fault-cut", metavar="HOW", help="Fault: before-answer, half-answer, silence or garbage.")
@click.option("--fault-count", type=int, help="The fault strikes the next N requests.")
@click.option("--fault-share", type=float, help="The fault strikes this share of requests, 0 to 1.")
def command(
    host: str, port: int, tls_port: int | None, phones: int, windows: int, seed: int | None, **fault: Any
) -> None:
    """Start a local push service with a page to look at."""
    from winpush.emulator import Emulator

    emulator = Emulator(host=host, port=port, tls=tls_port is not None, tls_port=tls_port or 0, seed=seed)
    _set_fault(emulator, fault)
    with emulator, _certificates(emulator, tls_port is not None) as folder:
        click.echo(f"Page:  {emulator.url}")
        for phone in [emulator.create_channel() for _ in range(phones)][:1]:
            click.echo("Send something to its phone; type in another terminal:\n")
            _show_example(f"--allow-host {emulator.authority}", phone.uri)
        if folder is not None and phones:
            phone = emulator.create_channel(authenticated=True)
            click.echo(f"To a phone with an authenticated channel (certificates in {folder}, until Ctrl-C):\n")
            files = f"--ca '{folder / 'ca.pem'}' \\\n    --certificate '{folder / 'client.pem'}'"
            _show_example(f"--allow-host {emulator.authorities[1]} {files}", phone.uri)
        if windows:
            device, *_ = [emulator.create_windows_channel() for _ in range(windows)]
            click.echo("To a Windows device, with a login that this emulator takes:\n")
            _show_login(emulator)
            _show_example(f"--allow-host {emulator.authority}", device.uri)
        click.echo("Ctrl-C stops it.")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(_LISTEN_SECONDS)
        click.echo("\nStopped.")


def _show_login(emulator: Any) -> None:
    login = emulator.entra_credentials
    click.echo(f"  export WINPUSH_TENANT_ID={login.tenant_id} WINPUSH_CLIENT_ID={login.client_id}")
    click.echo(f"  export WINPUSH_CLIENT_SECRET={login.client_secret} WINPUSH_TOKEN_SERVER={login.authority}")


def _show_example(options: str, uri: str) -> None:
    click.echo(f"  winpush send toast {options} \\\n    '{uri}' 'Hello' 'from winpush'\n")


@contextlib.contextmanager
def _certificates(emulator: Any, wanted: bool) -> Iterator[Path | None]:
    """A folder, for this user's eyes only, with what a sender to https channels needs; it goes with the emulator."""
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="winpush-emulator-") as name:
        folder = Path(name)
        (folder / "ca.pem").write_bytes(emulator.ca_pem)
        (folder / "client.pem").write_bytes(b"".join(emulator.make_client_certificate()))
        yield folder


def _set_fault(emulator: Any, fault: dict[str, Any]) -> None:
    """Sets the fault that the --fault-… options describe, if any of them does."""
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
        raise click.UsageError("What is the fault? Add --fault-status, --fault-delay or --fault-cut.")
    try:
        emulator.faults.add(Fault(**values))
    except WinPushError as error:
        raise click.UsageError(f"--fault-{str(error).replace('delay_seconds', 'delay')}.") from None
