"""Logs outages of what all sends need: once when one begins and once when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from operator import itemgetter

from winpush.delivery.states import DeliveryState
from winpush.delivery.storage.rows import Record
from winpush.results import Outcome

__all__ = ["Outages"]

_log = logging.getLogger("winpush.delivery")
_STATE = itemgetter(Record._fields.index("state"))
_ALL_DELIVERED = {DeliveryState.DELIVERED.value}
_TOKENLESS = frozenset(
    each.value
    for each in (
        Outcome.TOKEN_UNAVAILABLE,
        Outcome.TOKEN_THROTTLED,
        Outcome.CREDENTIALS_REFUSED,
        Outcome.CREDENTIALS_FAILED,
    )
)
_UNREACHED = frozenset(
    each.value
    for each in (
        Outcome.CONNECT_FAILED,
        Outcome.DNS_FAILED,
        Outcome.TLS_FAILED,
        Outcome.PROXY_FAILED,
        Outcome.TIMED_OUT,
        Outcome.FOREIGN_ANSWER,
    )
)
_FEW = 3
"""This many sends in a row without an answer are an outage; one or two may be due to a single host or channel."""
_DATABASE = "The database"


class Outages:
    """What is unavailable: the database, the token server, a service. `monotonic` is a clock in seconds."""

    def __init__(self, worker: str, monotonic: Callable[[], float]) -> None:
        self._extra = {"worker": worker}
        self._monotonic = monotonic
        self._since: dict[str, float] = {}
        self._unanswered: dict[str, int] = {}
        self._stored_at: float | None = None

    @property
    def since_database(self) -> timedelta | None:
        """How long ago the last transaction succeeded (None: none has)."""
        return None if self._stored_at is None else timedelta(seconds=self._monotonic() - self._stored_at)

    def database_failed(self, why: object) -> None:
        """Notes that a transaction failed."""
        self._begin(_DATABASE, why, "Nothing is sent until it is back")

    def database_works(self) -> None:
        """Notes that a transaction succeeded."""
        self._stored_at = self._monotonic()
        if self._since:
            self._end(_DATABASE)

    def note(self, records: Iterable[Record]) -> None:
        """Notes what the sends of a batch say about the services and the token server."""
        records = list(records)
        if not self._since and not self._unanswered and set(map(_STATE, records)) <= _ALL_DELIVERED:
            return
        by_service: dict[str, list[Record]] = {}
        for entry in records:
            if entry.tried is not None:
                by_service.setdefault(entry.service, []).append(entry)
        for service, tried in by_service.items():
            self._note(service.upper(), tried)

    def _note(self, service: str, tried: list[Record]) -> None:
        tokenless = [entry for entry in tried if entry.outcome in _TOKENLESS]
        unreached = [entry for entry in tried if entry.outcome in _UNREACHED]
        token = f"The login for {service}"
        if len(tokenless) + len(unreached) < len(tried):  # the service answered something
            self._unanswered.pop(service, None)
            self._end(service)
            self._end(token)
        elif tokenless:
            self._begin(token, _why(tokenless[-1]), f"Nothing is sent to {service} until it works")
        else:
            self._unanswered[service] = self._unanswered.get(service, 0) + len(unreached)
            if self._unanswered[service] >= _FEW:
                self._begin(service, _why(unreached[-1]), "Its notifications are retried later")

    def _begin(self, what: str, why: object, then: str) -> None:
        if what not in self._since:
            self._since[what] = self._monotonic()
            said = str(why)
            said += "" if said.endswith((".", ".)")) else "."
            extra = {**self._extra, "outage": what, "state": "began"}
            _log.warning("%s does not work: %s %s", what, said, then, extra=extra)

    def _end(self, what: str) -> None:
        since = self._since.pop(what, None)
        if since is not None:
            lasted = timedelta(seconds=round(self._monotonic() - since))
            extra = {**self._extra, "outage": what, "state": "ended", "seconds": lasted.total_seconds()}
            _log.warning("%s works again after %s", what, lasted, extra=extra)


def _why(entry: Record) -> str:
    tried = entry.tried
    return (None if tried is None else tried.detail) or entry.outcome or ""
