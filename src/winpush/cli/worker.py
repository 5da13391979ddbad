"""`winpush worker`: delivers the outbox until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.help import Command, option
from winpush.cli.outbox import open_outbox, sending_options

if TYPE_CHECKING:
    from winpush.delivery import Outbox, Telemetry

__all__ = ["command"]

_LOOK_SECONDS = 1.0


@click.command(cls=Command, examples=["winpush worker", "winpush worker --until-idle"])
@option("--until-idle", heading="Worker", is_flag=True, help="Exit once nothing is due, for scripts and timers.")
@option(
    "--metrics-port", heading="Worker", type=click.IntRange(0, 65_535), help="Serve Prometheus metrics on this port."
)
@option("--metrics-host", heading="Worker", default="127.0.0.1", show_default=True, help="Address to serve metrics on.")
@option(
    "--keep-history",
    heading="Worker",
    default=90,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Delete history and ended broadcasts after N days.",
)
@sending_options
def command(
    db: str, until_idle: bool, metrics_port: int | None, metrics_host: str, keep_history: int, **values: Any
) -> None:
    """Deliver what is in the outbox. Several workers can share one database.

    On Ctrl-C or SIGTERM it finishes and records the sends in flight, then exits. A database that is away is waited for
    (with --until-idle, only once it was there).
    """
    with contextlib.ExitStack() as stack:
        telemetry = None
        if metrics_port is not None:
            telemetry = stack.enter_context(_serve_metrics(metrics_host, metrics_port))
        more: dict[str, Any] = {"keep_history": timedelta(days=keep_history), "telemetry": telemetry}
        if not until_idle:
            _wait_for_database(db)
        outbox = stack.enter_context(open_outbox(db, values, **more))
        from winpush.transport.loops import new_event_loop

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_work(outbox, until_idle=until_idle))
    click.echo("Stopped.", err=True)


@contextlib.contextmanager
def _serve_metrics(host: str, port: int) -> Iterator[Telemetry]:
    from winpush.delivery import Telemetry

    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from prometheus_client import start_http_server
    except ImportError:
        raise click.UsageError("--metrics-port needs more packages. Run: pip install 'winpush[prometheus]'") from None
    provider = MeterProvider([PrometheusMetricReader()])
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        provider.shutdown()
        raise click.ClickException(
            f"Can't serve metrics on {host}:{port}: {error.strerror}. Choose another --metrics-port."
        ) from None
    click.echo(f"Metrics: http://{host}:{server.server_port}/metrics", err=True)
    try:
        yield Telemetry(meter_provider=provider)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        provider.shutdown()


def _wait_for_database(db: str) -> None:
    """Returns once the database answers: a worker that starts before it, or while it recovers, waits for it."""
    from winpush.delivery.storage.database import Database, DatabaseError

    database, told = Database(db), ""
    try:
        while True:
            try:
                with database.read(bounded=True):
                    return
            except DatabaseError as error:
                if str(error) != told:
                    told = str(error)
                    click.echo(f"Waiting for the database. {told}.", err=True)
            time.sleep(_LOOK_SECONDS)
    finally:
        database.close()


async def _work(outbox: Outbox, *, until_idle: bool) -> None:
    worker = outbox.make_worker()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    click.echo("Worker running. Ctrl-C stops it once sends in flight finish.", err=True)
    await worker.run(until_idle=until_idle)
