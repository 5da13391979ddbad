"""`winpush emulator`: the local push service, until Ctrl-C."""

from __future__ import annotations

import threading
from typing import Any

import click

from winpush.errors import WinPushError

__all__ = ["command"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port of the page and of http channels; 0: a free one.")
@click.option("--tls-port", type=int, help="Port of https channels, with client certificates; 0: a free one.")
@click.option("--phones", default=1, show_default=True, type=click.IntRange(0, 10_000), help="Phones to make at once.")
@click.option("--seed", type=int, help="Makes channel URIs and shares of faults repeatable.")
@click.option("--fault-status", type=int, help="Fault: answer with this status.")
@click.option("--fault-delay", type=float, default=0.0, help="Fault: wait so many seconds first.")
@click.option("--fault-cut", metavar="HOW", help="Fault: before-answer, half-answer, silence or garbage.")
@click.option("--fault-count", type=int, help="The fault strikes the next N requests.")
@click.option("--fault-share", type=float, help="The fault strikes this share of requests, 0 to 1.")
def command(host: str, port: int, tls_port: int | None, phones: int, seed: int | None, **fault: Any) -> None:
    """Start a local push service with a page to look at."""
    from winpush.emulator import Emulator

    emulator = Emulator(host=host, port=port, tls=tls_port is not None, tls_port=tls_port or 0, seed=seed)
    _set_fault(emulator, fault)
    with emulator:
        click.echo(f"Page:  {emulator.url}")
        for phone in [emulator.create_channel() for _ in range(phones)][:1]:
            click.echo("Send something to its phone; type in another terminal:\n")
            click.echo(
                f"  winpush send toast --allow-host {emulator.authority} \\\n    '{phone.uri}' 'Hello' 'from winpush'\n"
            )
        click.echo("Ctrl-C stops it.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("\nStopped.")


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
    try:
        emulator.faults.add(Fault(**values))
    except WinPushError as error:
        raise click.UsageError(f"--fault-…: {error}.") from None
