"""Connections to PostgreSQL on which every wait ends, even behind a pooler or a network that swallows packets."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

__all__ = ["bound", "make_engine"]

_log = logging.getLogger("winpush.delivery")

_DEFAULTS: dict[str, Any] = {
    "application_name": "winpush",
    "connect_timeout": "10",  # seconds
    "tcp_user_timeout": "30000",  # milliseconds until an unresponsive server counts as gone
    # Notice a server that is gone even while nothing is sent to it. All of these are set on our own socket.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    # A pooler may give each transaction to a different server, which doesn't know earlier prepared statements.
    "prepare_threshold": None,
}


class _Bounded(psycopg.Connection[Any]):
    """Waits at most `patience` seconds for an answer (None: forever).

    Neither `tcp_user_timeout` nor keepalives bound that: a proxy in between may confirm every byte and pass on none.
    """

    patience: float | None = 10.0

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        if self.patience is None:
            return super().wait(gen, *arguments, **options)
        return super().wait(self._bounded(gen, self.patience), *arguments, **options)

    def _bounded(self, gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
        deadline = time.monotonic() + seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > deadline:
                    self.close()
                    _log.warning("No answer from the database within %g s; its connection is replaced", seconds)
                    raise psycopg.OperationalError(f"no answer from the server within {seconds:g} seconds")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def bound(connection: Connection, seconds: float | None) -> None:
    """Has each further statement on this connection wait no longer than that."""
    driver: Any = connection.connection.driver_connection
    if isinstance(driver, _Bounded):
        driver.patience = seconds


def make_engine(url: sa.URL, seconds: float) -> Engine:
    """An engine of connections whose statements wait `seconds` at most, until `bound` says otherwise."""
    wanted = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    engine = sa.create_engine(
        url, connect_args=wanted, pool_size=5, max_overflow=20, pool_pre_ping=True, hide_parameters=True
    )
    if engine.dialect.driver == "psycopg":

        @event.listens_for(engine, "do_connect")
        def connect(_dialect: object, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
            made = _Bounded.connect(*arguments, **options)
            made.patience = seconds
            return made

    return engine
