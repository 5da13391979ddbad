"""`Outbox`: channel registry, broadcasts and delivery on one database."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from sqlalchemy import ColumnElement, Connection

from winpush.channels import AllowedHosts
from winpush.client.options import ClientOptions, Settings
from winpush.delivery.content.content import Content, Form
from winpush.delivery.models import Attempt, BroadcastInfo, ChannelInfo, Delivery, ImportReport, Progress
from winpush.delivery.options import SendOptions, new_broadcast, read_moment
from winpush.delivery.registry.files import FileFormat, RowError, Writable, read_rows, write_rows
from winpush.delivery.registry.registration import Audience, Registration, audience_of_key, check_audience
from winpush.delivery.registry.rules import check_age, check_key, check_name_of, check_number, check_reason, shown
from winpush.delivery.registry.tally import Tally
from winpush.delivery.states import BroadcastState, DeliveryState, Move
from winpush.delivery.storage import broadcasts, channels, history, tombstones
from winpush.delivery.storage.database import Database, Millis, to_millis
from winpush.delivery.storage.group_commit import GroupCommit
from winpush.delivery.storage.joining import run_joined
from winpush.delivery.storage.migrate import prepare
from winpush.delivery.storage.notifications import NewNotification, store_notifications
from winpush.delivery.storage.notifier import announce
from winpush.delivery.storage.overview import overview
from winpush.delivery.telemetry import Telemetry
from winpush.delivery.worker.background import Background
from winpush.delivery.worker.hooks import Hook, check_hooks
from winpush.delivery.worker.settings import WorkerSettings, check_limit
from winpush.delivery.worker.worker import Worker
from winpush.errors import ValidationError
from winpush.transport.loops import new_event_loop
from winpush.webpush import Subscription

__all__ = ["Outbox"]

_T = TypeVar("_T")
_IMPORT_AT_ONCE = 5000
_READ_AT_ONCE = 1000
_BROADCASTS_AT_ONCE = 100
_WNS_CHANNEL_AGE = timedelta(days=30)


def _utc_now() -> datetime:
    return datetime.now(UTC)


Registerable = Registration | Subscription | Mapping[str, Any] | str
"""What `register` takes: a Registration or its fields, a URI, a Subscription, or one as the browser gave it."""


class Outbox:
    """Registers channels, stores notifications and broadcasts, and delivers them, all in one database.

    `Outbox("sqlite:///push.db", wns=credentials)`. All methods are thread-safe; from asyncio, call them through
    `asyncio.to_thread`. As a context manager it delivers in a background thread. Otherwise call `start()`, or
    `deliver_until_idle()` in a script.

    - `durable=False`: don't wait for the disk on commit. A process crash still loses nothing; a machine crash may lose
      the last moments.
    - `settings`: tuning of the worker; see WorkerSettings.
    - `clock`: returns the current time (an aware datetime).
    - `hooks`: called with an OutcomeEvent for each outcome after it is stored, but not for deliveries that are ended in
      bulk with their broadcast (cancelled, expired or stopped).
    - `keep_history`: how long to keep the history and ended broadcasts with their idempotency keys (None: no limit).
      The worker deletes older ones a little at a time.
    - `keep_gone`: how long to keep the tombstones of channels that are gone (None: no limit); deleted the same way.
    - `telemetry`: see Telemetry.
    - All other options are those of AsyncClient.
    """

    def __init__(
        self,
        url: str,
        *,
        durable: bool = True,
        settings: WorkerSettings | None = None,
        clock: Callable[[], datetime] = _utc_now,
        hooks: Sequence[Hook] = (),
        keep_history: timedelta | None = timedelta(days=90),
        keep_gone: timedelta | None = timedelta(days=90),
        telemetry: Telemetry | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        """Creates or upgrades the tables of a SQLite file; for PostgreSQL, run `winpush db upgrade` first.

        Raises ConfigurationError for an unusable URL or option, and for tables of another version.
        """
        self._database = Database(url, durable=durable)
        self._group_commit = GroupCommit(self._database)
        # The client must report throttling instead of waiting: the database holds the wait, for all workers.
        self._options: ClientOptions = {"when_throttled": "tell", **options}
        self._allowed: AllowedHosts = Settings.of(**self._options).allowed
        self._clock = clock
        self._settings = settings or WorkerSettings()
        self._hooks = check_hooks(hooks)
        self._keep_history = check_limit("keep_history", keep_history)
        self._keep_gone = check_limit("keep_gone", keep_gone)
        self._telemetry = telemetry
        self._background: Background | None = None
        try:
            prepare(self._database)
        except BaseException:
            self._database.close()
            raise

    # --- the registry ---------------------------------------------------------------------------------------------

    def register(self, registration: Registerable, *, connection: Connection | None = None) -> int:
        """Registers or renews a channel and returns its number. Takes a URI, a Registration or a mapping of its fields;
        for a browser, a Subscription, or what the browser gave: a mapping or its JSON.

        A known URI is updated; a new URI of a known device replaces the old one. `connection` joins your transaction.
        Raises ValidationError, and ChannelError for the URI.
        """
        wanted = self._checked(registration)
        now = self._now()
        return self._run(lambda target: channels.put(target, wanted, now), connection)

    def _run(self, work: Callable[[Connection], _T], connection: Connection | None) -> _T:
        return self._group_commit.run(work) if connection is None else run_joined(connection, work)

    def register_many(self, registrations: Iterable[Registerable]) -> int:
        """Registers many channels, a few thousand per transaction; returns how many. Raises ValidationError."""
        total = 0
        part: list[Registration] = []
        for each in registrations:
            part.append(self._checked(each))
            if len(part) >= _IMPORT_AT_ONCE:
                self._put_many(part)
                total, part = total + len(part), []
        if part:
            self._put_many(part)
        return total + len(part)

    def _put_many(self, part: list[Registration]) -> channels.Stored:
        now = self._now()
        return self._database.run(lambda connection: channels.put_many(connection, part, now))

    def _checked(self, registration: Registerable) -> Registration:
        if isinstance(registration, Registration):
            return registration
        if isinstance(registration, Subscription):
            return Registration.of_subscription(registration, allow_hosts=self._allowed)
        if isinstance(registration, str):
            return Registration.of_text(registration, self._allowed)
        return Registration.of(registration, self._allowed)

    def import_channels(
        self,
        file: Iterable[str],
        *,
        format: FileFormat = "csv",
        on_error: Callable[[RowError], None] | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> ImportReport:
        """Registers the channels of a CSV (`format="csv"`) or JSON Lines (`"jsonl"`) file, a few thousand at a time.

        `file` is a text file open for reading; open CSV with `newline=""`. The first row of CSV names the columns:
        `uri` and any other fields of a Registration, such as `key`, `device` or `tags`. Invalid rows are skipped and
        passed to `on_error` with their line number. `on_progress` receives the number of rows stored so far. Raises
        ValidationError if the header is invalid or the text is in another encoding (what was stored so far stays), and
        DatabaseError.
        """
        read = read_rows(file, format, self._allowed)
        tally, refused = Tally(), 0
        part: list[Registration] = []

        def store() -> None:
            stored = self._put_many(part)
            tally.add(len(part), stored.new, stored.renewed)
            part.clear()

        for row in read:
            if isinstance(row, RowError):
                refused += 1
                if on_error is not None:
                    on_error(row)
                continue
            part.append(row)
            if len(part) >= _IMPORT_AT_ONCE:
                store()
                if on_progress is not None:
                    on_progress(tally.taken)
        if part:
            store()
        return ImportReport(tally.taken, refused, tally.new, tally.renewed, tally.repeated)

    def export_channels(self, file: Writable, audience: Audience | None = None, *, format: FileFormat = "csv") -> int:
        """Writes the live channels in the format that `import_channels` reads; returns how many.

        The file holds channel URIs. Anyone with these and your credentials can push: treat it like a password.
        """
        return write_rows(file, format, self._registrations(check_audience(audience)))

    def _registrations(self, audience: Audience) -> Iterator[Registration]:
        after: int | None = 0
        while after is not None:
            with self._database.read() as connection:
                rows = channels.select_many(connection, audience, after=after, limit=_READ_AT_ONCE)
                part = list(channels.as_registrations(connection, rows))
            yield from part
            after = rows[-1].id if len(rows) == _READ_AT_ONCE else None

    def remove(self, channel: int, reason: str = "removed", *, erase: bool = False) -> bool:
        """Sends nothing more to this channel and keeps it as a tombstone. False if it doesn't exist or is gone.

        `erase` keeps only its number, service and times, not its URI, key, device, tags or attributes; its history
        keeps outcomes and times. It also works on a tombstone.
        """
        check_number("channel", channel)
        check_reason(reason)
        now = self._now()
        if erase:
            return self._database.run(lambda connection: tombstones.erase(connection, [channel], now)) > 0
        return self._database.run(lambda connection: channels.remove(connection, [channel], reason, now)) > 0

    def remove_key(self, key: str, reason: str = "removed", *, erase: bool = False) -> int:
        """Does what `remove` does for all channels with this key; returns how many there were.

        `erase` also removes the key and content of notifications for this key alone, and cancels those not sent yet.
        """
        check_key("key", key)
        check_reason(reason)
        now = self._now()

        def remove(connection: Connection) -> int:
            if erase:
                return tombstones.erase_key(connection, key, now)
            return channels.remove(connection, tombstones.of_key(connection, key), reason, now)

        return self._database.run(remove)

    def channels(
        self, audience: Audience | None = None, *, gone: bool | None = False, after: int = 0
    ) -> Iterator[ChannelInfo]:
        """Iterates over live channels by number, read in pages; `gone=True`: tombstones only, `gone=None`: both."""
        return self._channels(check_audience(audience), gone=gone, after=after, conditions=())

    def stale(self, age: timedelta = _WNS_CHANNEL_AGE) -> Iterator[ChannelInfo]:
        """Iterates over WNS channels not renewed for `age`. WNS expires a channel after 30 days."""
        check_age("age", age)
        old = channels.stale(self._now() - age // timedelta(milliseconds=1))
        return self._channels(Audience(), gone=False, after=0, conditions=(old,))

    def _channels(
        self, audience: Audience, *, gone: bool | None, after: int, conditions: Sequence[ColumnElement[bool]]
    ) -> Iterator[ChannelInfo]:
        check_number("after", after)
        while True:
            with self._database.read() as connection:
                rows = channels.select_many(
                    connection, audience, after=after, limit=_READ_AT_ONCE, gone=gone, conditions=conditions
                )
                part = list(channels.as_infos(connection, rows))
            yield from part
            if len(part) < _READ_AT_ONCE:
                return
            after = part[-1].id

    # --- sending --------------------------------------------------------------------------------------------------

    def broadcast(
        self,
        notification: Form | Content,
        audience: Audience | None = None,
        *,
        connection: Connection | None = None,
        **options: Unpack[SendOptions],
    ) -> int:
        """Stores a broadcast to an audience (default: everyone) and returns its number; the worker sends it.

        The audience is fixed now: channels registered later don't receive it. For the options see SendOptions.
        `connection` joins your transaction. Raises ValidationError.
        """
        now = self._now()
        new = new_broadcast(notification, check_audience(audience).to_json(), now, options)

        def store(target: Connection) -> int:
            number, made = broadcasts.create(target, new, channels.last_number(target), now)
            if made:  # a broadcast to an empty registry is finished at once
                broadcasts.finish(target, [number], now)
            announce(target)
            return number

        number = self._run(store, connection)
        self._wake()
        return number

    def notify(
        self,
        key: str,
        notification: Form | Content,
        *,
        connection: Connection | None = None,
        **options: Unpack[SendOptions],
    ) -> int:
        """Stores a notification to every channel with this key, as a small broadcast, and returns its number.

        Everything else works as in `broadcast`.
        """
        now = self._now()
        new = NewNotification(new_broadcast(notification, audience_of_key(key), now, options), key, now)
        if connection is None:
            number = self._group_commit.run_together(store_notifications, new)
        else:
            (number,) = run_joined(connection, lambda target: store_notifications(target, [new]))
        self._wake()
        return number

    def pause(self, broadcast: int) -> BroadcastState:
        """Starts no more sends until `resume`; workers that are sending it stop within about a second. Raises
        StateError if it has ended, ValidationError if it doesn't exist."""
        return self._change(broadcast, Move.PAUSE)

    def resume(self, broadcast: int) -> BroadcastState:
        """Continues a paused broadcast. Raises what `pause` raises."""
        return self._change(broadcast, Move.RESUME)

    def cancel(self, broadcast: int) -> BroadcastState:
        """Cancels everything not sent yet; takes effect as fast as `pause`, and raises the same errors."""
        return self._change(broadcast, Move.CANCEL)

    def _change(self, number: int, what: Move) -> BroadcastState:
        now = self._now()

        def change(connection: Connection) -> BroadcastState:
            announce(connection)
            return broadcasts.change(connection, number, what, now)

        state = self._database.run(change)
        self._wake()
        return state

    def progress(self, broadcast: int, *, detailed: bool = False) -> Progress:
        """A broadcast's progress. Raises ValidationError if it doesn't exist.

        `detailed` also counts the whole audience (`total`) and says what its channels are waiting for (`waits`).
        """
        now = self._now()
        with self._database.read() as connection:
            state = broadcasts.progress(connection, broadcast, now)
            if not detailed:
                return state
            total, waits = overview(connection, broadcast, now)
        return replace(state, total=total, waits=waits)

    def get_broadcast(self, broadcast: int) -> BroadcastInfo:
        """A broadcast's state and times. Raises ValidationError if it doesn't exist."""
        with self._database.read() as connection:
            return broadcasts.info(broadcasts.get(connection, broadcast))

    def list_broadcasts(self) -> Iterator[BroadcastInfo]:
        """Iterates over all broadcasts, newest first, read in pages."""
        before: int | None = None
        while True:
            with self._database.read() as connection:
                part = broadcasts.before(connection, before, _BROADCASTS_AT_ONCE)
            yield from part
            if len(part) < _BROADCASTS_AT_ONCE:
                return
            before = part[-1].id

    # --- history --------------------------------------------------------------------------------------------------

    def deliveries(self, broadcast: int, *, state: DeliveryState | None = None) -> Iterator[Delivery]:
        """Iterates over a broadcast's deliveries by channel number, read in pages."""
        check_number("broadcast", broadcast)
        if state is not None and not isinstance(state, DeliveryState):
            raise ValidationError("state", f"is {shown(state)}; give a DeliveryState, such as DeliveryState.FAILED")
        channel = 0
        while True:
            with self._database.read() as connection:
                part = history.deliveries_after(connection, broadcast, channel, state, _READ_AT_ONCE)
            yield from part
            if len(part) < _READ_AT_ONCE:
                return
            channel = part[-1].channel

    def history(
        self,
        *,
        broadcast: int | None = None,
        channel: int | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        key: str | None = None,
        after: int = 0,
        newest_first: bool = False,
    ) -> Iterator[Attempt]:
        """Iterates over all attempts, oldest first (or newest first), read in pages.

        From `since` up to but not including `until` (aware datetimes); `key` selects the channels with this key,
        including gone ones. `after` is the `id` of the attempt after which to continue, in the requested order.
        """
        for name, number in (("broadcast", broadcast), ("channel", channel), ("after", after)):
            if number is not None:
                check_number(name, number)
        for name, text in (("outcome", outcome), ("key", key)):
            check_name_of(name, text)
        begins, ends = read_moment("since", since), read_moment("until", until)
        while True:
            with self._database.read() as connection:
                part = history.attempts_after(
                    connection,
                    after,
                    _READ_AT_ONCE,
                    broadcast=broadcast,
                    channel=channel,
                    outcome=outcome,
                    since=begins,
                    until=ends,
                    key=key,
                    newest_first=newest_first,
                )
            yield from part
            if len(part) < _READ_AT_ONCE:
                return
            after = part[-1].id

    # --- delivering -----------------------------------------------------------------------------------------------

    def make_worker(self) -> Worker:
        """A worker for your own event loop: `await worker.run()`."""
        name = secrets.token_hex(6)
        return Worker(
            self._database,
            name,
            self._options,
            clock=self._clock,
            settings=self._settings,
            hooks=self._hooks,
            telemetry=self._telemetry,
            keep_history=self._keep_history,
            keep_gone=self._keep_gone,
        )

    def start(self) -> None:
        """Delivers in a background thread until `close`. A second call does nothing while the thread lives.

        Raises ConnectError if this process has no file descriptor left; the next call tries again.
        """
        if self._background is not None and self._background.is_alive:
            return
        self._background = None
        background = Background(self.make_worker)
        background.start()
        self._background = background

    def deliver_until_idle(self) -> None:
        """Delivers until nothing is due, then returns: for scripts and tests."""
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(self._run_once())

    async def _run_once(self) -> None:
        await self.make_worker().run(until_idle=True)

    def close(self) -> None:
        """Waits a few seconds for answers to the sends in flight, records them, and closes the database. A second call
        does nothing."""
        if self._background is not None:
            self._background.stop()
        self._background = None
        self._database.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- shared ---------------------------------------------------------------------------------------------------

    def _now(self) -> Millis:
        return to_millis(self._clock())

    def _wake(self) -> None:
        background = self._background
        if background is not None:
            background.wake()
