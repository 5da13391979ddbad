"""Health probes for a supervisor: `/healthz` says whether a worker is alive, `/readyz` whether it can deliver."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.failures import describe_refused_address

if TYPE_CHECKING:
    from winpush.delivery import Worker

__all__ = ["Health", "Report", "serve_health"]

_log = logging.getLogger("winpush.worker")
_BEAT_SECONDS = 1.0
_MOST_SECONDS = 30.0
"""If there is no beat or no transaction for this long, something is wrong: a worker polls every second, and during a
batch renews its lease every few seconds."""
_FRESH_SECONDS = 1.0
"""How long the database's answer is reused, so that frequent probes put no load on it."""
_LOOK_SECONDS = 5.0
"""How long a probe waits for another one that is asking the database."""
_REQUEST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a probe: what is wrong, if anything, and details for people and machines."""

    problem: str | None
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True if nothing is wrong."""
        return self.problem is None

    def to_dict(self) -> dict[str, object]:
        """The answer as JSON values."""
        problem = {} if self.problem is None else {"problem": self.problem}
        return {"status": "ok" if self.ok else "failing", **problem, **self.details}


class Health:
    """The health of a worker on this database. Probes come from other threads."""

    def __init__(self, db: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Looks at nothing yet. `monotonic` is a clock in seconds."""
        self._db, self._monotonic = db, monotonic
        self._beaten = monotonic()
        self._worker: Worker | None = None
        self._asking = threading.Lock()
        self._known: tuple[float, Report] | None = None

    def beat(self) -> None:
        """Records that the worker's loop, or the wait for its database, makes progress."""
        self._beaten = self._monotonic()

    async def watch(self, worker: Worker) -> None:
        """Beats for as long as the worker's event loop runs."""
        self._worker = worker
        while True:
            self.beat()
            await asyncio.sleep(_BEAT_SECONDS)

    def alive(self) -> Report:
        """Whether the process is responsive. An unavailable database is no reason to restart it."""
        seconds = self._monotonic() - self._beaten
        problem = None if seconds < _MOST_SECONDS else "The worker's event loop is stuck"
        return Report(problem, {"heartbeat_seconds_ago": round(seconds, 1)})

    def ready(self) -> Report:
        """Whether the worker runs, its database answers and has the right tables, and it was used recently."""
        if self._worker is None:
            return Report("The worker is waiting for its database")
        database = self._ask_database()
        since = self._worker.since_transaction
        seconds = None if since is None else round(since.total_seconds(), 1)
        details = {"worker": self._worker.name, "transaction_seconds_ago": seconds, **database.details}
        late = since is None or since.total_seconds() >= _MOST_SECONDS
        problem = database.problem or ("The worker has had no recent transaction" if late else self.alive().problem)
        return Report(problem, details)

    def _ask_database(self) -> Report:
        if not self._asking.acquire(timeout=_LOOK_SECONDS):
            return Report("The database has not answered another probe yet")
        try:
            if self._known is None or self._monotonic() - self._known[0] >= _FRESH_SECONDS:
                self._known = self._monotonic(), look_at(self._db)
            return self._known[1]
        finally:
            self._asking.release()


def look_at(db: str) -> Report:
    """Whether a database answers and its tables match this version."""
    from winpush.delivery.storage.database import Database, DatabaseError
    from winpush.delivery.storage.migrate import check

    with contextlib.closing(Database(db)) as database:
        try:
            state = check(database)
        except DatabaseError as error:
            return Report(str(error))
    problem = None if state.is_current else "The tables don't match this version"
    return Report(problem, {"schema": state.found, "schema_needed": state.wanted})


@contextlib.contextmanager
def serve_health(host: str, port: int, health: Health) -> Iterator[None]:
    """Answers probes on this address. Raises click.ClickException if it is taken."""
    try:
        server = _Server((host, port), functools.partial(_Handler, {"/healthz": health.alive, "/readyz": health.ready}))
    except OSError as error:
        raise click.ClickException(
            f"Can't answer health probes on {host}:{port}: {describe_refused_address(error, 'health')}"
        ) from None
    _log.info("Health: http://%s:%d", host, server.server_port)
    thread = threading.Thread(target=server.serve_forever, name="winpush-health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a probe that hangs does not keep the worker from stopping

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a probe that hangs up."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    server_version, sys_version = "winpush", ""

    def __init__(self, pages: Mapping[str, Callable[[], Report]], *args: Any) -> None:
        self._pages = pages
        super().__init__(*args)  # answers the request

    def do_GET(self) -> None:
        """Answers 200 or 503 with a JSON object."""
        page = self._pages.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(404, "Only /healthz and /readyz are answered here")
            return
        report = page()
        body = json.dumps(report.to_dict()).encode() + b"\n"
        self.send_response(200 if report.ok else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing: probes come every few seconds."""
