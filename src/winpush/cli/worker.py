"""`winpush worker`: delivers the outbox until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.failures import describe_refused_address
from winpush.cli.health import Health, serve_health
from winpush.cli.help import Command, needs, option
from winpush.cli.logs import FORMATS, LEVELS, logging_to_stderr
from winpush.cli.numbers import DAYS
from winpush.cli.outbox import (
    create_option,
    most_gone_option,
    open_outbox,
    require_login,
    sending_options,
    show_database,
    worker_settings,
)
from winpush.cli.processes import run_processes

if TYPE_CHECKING:
    from winpush.delivery import Outbox, Telemetry

__all__ = ["command"]

_LOOK_SECONDS = 1.0
_log = logging.getLogger("winpush.worker")


def _keep(name: str, what: str) -> Callable[[Any], Any]:
    return option(
        name,
        heading="Worker",
        default=90,
        show_default=True,
        type=DAYS,
        metavar="N",
        help=f"Delete {what} after N days.",
    )


@click.command(
    cls=Command,
    examples=["winpush worker", "winpush worker --until-idle", "winpush worker --log-format json"],
)
@option("--until-idle", heading="Worker", is_flag=True, help="Exit once nothing is due, for scripts and timers.")
@option(
    "--processes",
    heading="Worker",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Run N processes, to use all cores of a machine. Needs PostgreSQL.",
)
@option(
    "--metrics-port", heading="Worker", type=click.IntRange(0, 65_535), help="Serve Prometheus metrics on this port."
)
@option("--metrics-host", heading="Worker", default="127.0.0.1", show_default=True, help="Address to serve metrics on.")
@option(
    "--health-port",
    heading="Worker",
    type=click.IntRange(0, 65_535),
    help="Answer health probes on this port: /healthz (is it alive?) and /readyz (can it deliver?).",
)
@option("--health-host", heading="Worker", default="127.0.0.1", show_default=True, help="Address to answer probes on.")
@_keep("--keep-history", "history and ended broadcasts")
@_keep("--keep-gone", "gone channels")
@most_gone_option
@option(
    "--log-format",
    heading="Output",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="A line of text or a JSON object for each event, on standard error.",
)
@option(
    "--log-level",
    heading="Output",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    help="Log events of this level or above.",
)
@create_option
@sending_options
def command(
    db: str,
    until_idle: bool,
    processes: int,
    metrics_port: int | None,
    metrics_host: str,
    health_port: int | None,
    health_host: str,
    create: bool,
    **values: Any,
) -> None:
    """Deliver what is in the outbox. Several workers can share one database.

    On Ctrl-C or SIGTERM, it gives the sends in flight five seconds, records their results and exits. Sends without an
    answer by then are repeated later. It waits while the database server is unavailable; with --until-idle, it fails if
    the server is unavailable at the start.

    Exit code: 0 stopped or nothing due, 1 failed, 2 usage error.
    """
    if metrics_port is None:
        needs("--metrics-port", "--metrics-host")
    if health_port is None:
        needs("--health-port", "--health-host")
    if processes == 1:
        _deliver(db, until_idle, create, (metrics_host, metrics_port), (health_host, health_port), values)
        return
    if db.startswith("sqlite:"):
        raise click.UsageError(
            "Only one process can send from a SQLite file, so --processes needs PostgreSQL: give --db postgresql://…"
        )
    if (metrics_port, health_port) != (None, None):
        raise click.UsageError(
            "Several processes can't share one port. Instead of --processes, start a worker for each port."
        )
    nowhere = ("", None)
    arguments = (db, until_idle, create, nowhere, nowhere, values)
    with logging_to_stderr(values["log_format"], values["log_level"]):
        code = run_processes(processes, _deliver, arguments, replaces=not until_idle)
    click.get_current_context().exit(code)


_Address = tuple[str, int | None]
"""A host and a port; the port is None if nothing is served."""


def _deliver(
    db: str, until_idle: bool, create: bool, metrics: _Address, health_at: _Address, values: dict[str, Any]
) -> None:
    """Runs a worker in this process."""
    days: dict[str, Any] = {name: timedelta(days=values.pop(name)) for name in ("keep_history", "keep_gone")}
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ended_by_sigterm())
        stack.enter_context(logging_to_stderr(values.pop("log_format"), values.pop("log_level")))
        telemetry, health = None, Health(db)
        if metrics[1] is not None:
            telemetry = stack.enter_context(_serve_metrics(metrics[0], metrics[1]))
        if health_at[1] is not None:
            stack.enter_context(serve_health(health_at[0], health_at[1], health))
        more: dict[str, Any] = {"settings": worker_settings(values), "telemetry": telemetry, **days}
        if not until_idle:
            _wait_for_server(db, health)
        outbox = stack.enter_context(open_outbox(db, values, create=create, **more))
        require_login(outbox, values)
        from winpush.transport.loops import new_event_loop

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_work(outbox, show_database(db), health, until_idle=until_idle))


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends a worker that isn't running yet. Without a handler, a container's first process ignores SIGTERM."""

    def end(*_: object) -> None:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _serve_metrics(host: str, port: int) -> Iterator[Telemetry]:
    from winpush.delivery import Telemetry

    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from prometheus_client import start_http_server
    except ImportError:
        raise click.UsageError('--metrics-port needs more packages. Run: pip install "winpush[prometheus]"') from None
    provider = MeterProvider([PrometheusMetricReader()])
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        provider.shutdown()
        raise click.ClickException(
            f"Can't serve metrics on {host}:{port}: {describe_refused_address(error, 'metrics')}"
        ) from None
    _log.info("Metrics: http://%s:%d", host, server.server_port)  # the log shortens addresses with a path
    try:
        yield Telemetry(meter_provider=provider)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        provider.shutdown()


def _wait_for_server(db: str, health: Health) -> None:
    """Returns once the server answers: a worker may start before the server does, or while it recovers."""
    from winpush.delivery.storage.database import Database, DatabaseError

    if db.startswith("sqlite:"):
        return
    database, told = Database(db), ""
    try:
        while True:
            health.beat()
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


async def _work(outbox: Outbox, database: str, health: Health, *, until_idle: bool) -> None:
    worker = outbox.make_worker()
    _stop_on_signals(asyncio.get_running_loop(), worker.stop)
    extra = {"worker": worker.name}
    _log.info(
        "Worker running on %s. Ctrl-C stops it once sends in flight finish.",
        database,
        extra={**extra, "database": database},
    )
    watching = asyncio.create_task(health.watch(worker))
    try:
        await worker.run(until_idle=until_idle)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    _log.info("Stopped.", extra=extra)


def _stop_on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows has no such handlers; a plain one wakes the loop there
            signal.signal(number, lambda *_: stop())
