"""The SQL of the registry."""

from __future__ import annotations

import json
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, Select
from sqlalchemy.exc import IntegrityError

from winpush.channels import Service, shorten, split_uri
from winpush.delivery.models import ChannelInfo
from winpush.delivery.registry.merge import Known, merge
from winpush.delivery.registry.registration import Audience, Condition, Operator, Registration, version_key
from winpush.delivery.states import DeliveryState
from winpush.delivery.storage.database import (
    Millis,
    from_millis,
    in_list,
    insert_rows,
    lock_rows,
    reserve_numbers,
    update_rows,
)
from winpush.delivery.storage.json_members import json_kind, json_text
from winpush.delivery.storage.schema import ERASED, channels, deliveries, tags
from winpush.delivery.storage.segments import gone_in
from winpush.results import Outcome

__all__ = ["Stored", "audience_filter", "put", "put_many", "remove", "select_many", "stale"]

_FIELDS = ("key", "device", "app", "platform", "os_version", "app_version", "locale", "time_zone")
_COLLISIONS = 3
_REPLACED = "replaced by the device's new channel"
_KEYS = ("os_version_key", "app_version_key")
_COLUMNS = ("uri", "service", *_FIELDS, *_KEYS, "attributes", "p256dh", "auth", "renewed_at")


def _values(registration: Registration, now: Millis) -> tuple[Any, ...]:
    """The values for _COLUMNS; attributes as JSON text."""
    os_version, app_version = registration.os_version, registration.app_version
    return (
        registration.uri,
        registration.service.value,
        registration.key,
        registration.device,
        registration.app,
        registration.platform,
        os_version,
        app_version,
        registration.locale,
        registration.time_zone,
        None if os_version is None else version_key(os_version),
        None if app_version is None else version_key(app_version),
        json.dumps(dict(registration.attributes)) if registration.attributes else None,
        registration.p256dh,
        registration.auth,
        now,
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """The numbers of the channels that `put_many` registered and renewed."""

    new: Collection[int]
    renewed: Collection[int]


def put(connection: Connection, registration: Registration, now: Millis) -> int:
    """Registers or renews a channel; returns its number. An app's known device keeps its number with the new URI."""
    return _put_safely(connection, registration, now)[0]


def _put_safely(connection: Connection, registration: Registration, now: Millis) -> tuple[int, bool]:
    for _ in range(_COLLISIONS):
        try:
            with connection.begin_nested():
                return _put(connection, registration, now)
        except IntegrityError:  # another transaction has just registered the same URI; the next try finds it
            continue
    return _put(connection, registration, now)


def _put(connection: Connection, registration: Registration, now: Millis) -> tuple[int, bool]:
    """The channel's number, and whether it is new."""
    found, others, is_moved = _find(connection, registration)
    if found is None and registration.device is not None and connection.dialect.name != "sqlite":
        _take_turn(connection, registration)
        found, others, is_moved = _find(connection, registration)
    remove(connection, others, _REPLACED, now)
    if found is None:
        (number,) = _insert(connection, [registration], now)
        return number, True
    _renew(connection, {found: registration}, now, moved={found} if is_moved else set())
    return found, False


def _find(connection: Connection, registration: Registration) -> tuple[int | None, list[int], bool]:
    """The live channel to renew, the others of its device, and whether it gets a new URI."""
    by_uri = connection.scalar(sa.select(channels.c.id).where(channels.c.uri == registration.uri, _live()))
    by_device: Sequence[int] = ()
    if registration.device is not None:
        same = (
            channels.c.device == registration.device,
            channels.c.service == registration.service.value,
            channels.c.app.is_not_distinct_from(registration.app),
        )
        by_device = connection.scalars(
            sa.select(channels.c.id).where(*same, _live()).order_by(channels.c.id.desc())
        ).all()
    found = by_uri if by_uri is not None else next(iter(by_device), None)
    return found, [number for number in by_device if number != found], by_uri is None


def _take_turn(connection: Connection, registration: Registration) -> None:
    """Waits for transactions registering the same device now: no index keeps a device from having two live channels.

    A row with the same primary key makes the second transaction wait until the first has ended; it is deleted at once,
    so that nobody ever sees it. (Behind some poolers, advisory locks would belong to the session.)
    """
    named = json.dumps((registration.service.value, registration.app, registration.device))
    # Negative: no channel has such a number.
    place = -1 - (int.from_bytes(sha256(named.encode()).digest()[:8], "big") >> 1)
    connection.execute(sa.insert(tags).values(channel=place, tag=""))
    connection.execute(sa.delete(tags).where(tags.c.channel == place))


def _insert(connection: Connection, registrations: Sequence[Registration], now: Millis) -> Sequence[int]:
    numbers = reserve_numbers(connection, channels, len(registrations))
    rows = [(number, *_values(each, now), now) for number, each in zip(numbers, registrations, strict=True)]
    insert_rows(connection, channels, ("id", *_COLUMNS, "registered_at"), rows)
    _put_tags(connection, zip(numbers, registrations, strict=True))
    return numbers


def _renew(connection: Connection, known: Mapping[int, Registration], now: Millis, *, moved: Container[int]) -> None:
    # Always in the same order: two transactions that renew the same channels must not deadlock.
    numbers = sorted(known)
    lock_rows(connection, sa.select(channels.c.id).where(in_list(connection, channels.c.id, numbers)).order_by("id"))
    rows = [(number, *_values(known[number], now)) for number in numbers]
    update_rows(connection, channels, ("id",), _COLUMNS, rows)
    # A wait that the service asked for belongs to the URI, not to the device.
    update_rows(connection, channels, ("id",), ("not_before",), [(number, None) for number in known if number in moved])
    connection.execute(sa.delete(tags).where(in_list(connection, tags.c.channel, numbers)))
    _put_tags(connection, known.items())


def _put_tags(connection: Connection, registrations: Iterable[tuple[int, Registration]]) -> None:
    rows = [(number, tag) for number, each in registrations for tag in each.tags]
    insert_rows(connection, tags, ("channel", "tag"), rows)


def put_many(connection: Connection, registrations: Sequence[Registration], now: Millis) -> Stored:
    """Does what `put` does for each of them in turn, but in bulk: merged in memory, then written."""
    try:
        with connection.begin_nested():
            rows = _load(connection, registrations)
            return _write(connection, merge(rows, registrations), now)
    except IntegrityError:  # another transaction has just registered some of them
        stored = [_put_safely(connection, each, now) for each in registrations]
        new = {number for number, is_new in stored if is_new}
        return Stored(new, {number for number, _ in stored} - new)


def _load(connection: Connection, registrations: Sequence[Registration]) -> list[Known]:
    """The live channels that have one of these URIs or devices."""
    table = channels.c
    wanted = sa.select(table.id, table.uri, table.service, table.device, table.app).where(_live())
    uris = [each.uri for each in registrations]
    found = {row.id: row for row in connection.execute(wanted.where(in_list(connection, table.uri, uris)))}
    devices = [each.device for each in registrations if each.device is not None]
    if devices:
        same = wanted.where(in_list(connection, table.device, devices))
        found |= {row.id: row for row in connection.execute(same)}
    return [Known(row.id, row.uri, row.service, row.device, row.app) for _, row in sorted(found.items())]


def _write(connection: Connection, rows: Sequence[Known], now: Millis) -> Stored:
    remove(connection, [row.id for row in rows if row.gone and row.id is not None], _REPLACED, now)
    left = [row for row in rows if not row.gone and row.registration is not None]
    known = {row.id: row.registration for row in left if row.id is not None and row.registration is not None}
    moved = {row.id for row in left if row.id is not None and row.moved}
    if moved:
        # A URI may move from one channel to another; the placeholders keep it unique meanwhile.
        update_rows(connection, channels, ("id",), ("uri",), [(number, f"moving {number}") for number in sorted(moved)])
    if known:
        _renew(connection, known, now, moved=moved)
    fresh = [row.registration for row in left if row.id is None and row.registration is not None]
    return Stored(_insert(connection, fresh, now) if fresh else (), known.keys())


def _live() -> ColumnElement[bool]:
    return channels.c.gone_at.is_(None)


def remove(connection: Connection, numbers: Iterable[int], reason: str, now: Millis) -> int:
    """Marks channels as gone, with the reason; returns how many were live. A channel that its service has reported gone
    gets this reason instead, and can no longer be revived."""
    given = list(numbers)
    if not given:
        return 0
    these = in_list(connection, channels.c.id, given)
    lock_rows(connection, sa.select(channels.c.id).where(these).order_by("id"))
    ended = sa.update(channels).where(these, _live()).values(gone_at=now, gone_reason=reason)
    removed = connection.execute(ended).rowcount
    connection.execute(sa.update(channels).where(these, _is_reported()).values(gone_reason=reason))
    return removed


def _is_reported() -> ColumnElement[bool]:
    """Gone because its service said so, and neither removed nor erased since."""
    return sa.and_(channels.c.gone_at.is_not(None), channels.c.gone_reason == Outcome.CHANNEL_GONE.value)


def bring_back(connection: Connection, broadcast: int) -> None:
    """Revives the channels that this broadcast was told are gone, unless they were registered again, removed or erased
    since."""
    table = deliveries.c
    told = (table.broadcast == broadcast, table.state == DeliveryState.GONE.value, table.outcome.is_not(None))
    when = {row.channel: row.at for row in connection.execute(sa.select(table.channel, table.at).where(*told))}
    when |= gone_in(connection, broadcast)
    these = in_list(connection, channels.c.id, sorted(when))
    found = connection.execute(sa.select(channels.c.id, channels.c.gone_at).where(these, _is_reported()))
    removed = [row.id for row in found if row.gone_at >= when[row.id]]
    for _ in range(_COLLISIONS if removed else 0):
        try:
            with connection.begin_nested():
                _restore(connection, removed)
            return
        except IntegrityError:  # another transaction has just registered one again; the next try finds it
            continue


def _restore(connection: Connection, numbers: Sequence[int]) -> None:
    other = channels.alias("other")
    device = (other.c.device == channels.c.device, other.c.service == channels.c.service)
    same = sa.or_(other.c.uri == channels.c.uri, sa.and_(*device, other.c.app.is_not_distinct_from(channels.c.app)))
    again = sa.exists().where(other.c.gone_at.is_(None), same)
    restore = sa.update(channels).where(in_list(connection, channels.c.id, numbers), _is_reported(), ~again)
    connection.execute(restore.values(gone_at=None, gone_reason=None))


def audience_filter(conditions: Iterable[tuple[Condition, Any]]) -> list[ColumnElement[bool]]:
    """The conditions of an audience, in SQL that both databases understand."""
    return [each for condition, operand in conditions for each in _in_sql(condition, operand)]


def _in_sql(condition: Condition, operand: Any) -> list[ColumnElement[bool]]:
    """The SQL of one condition; `registry.audience.Operator` defines the operators."""
    if condition.operator is Operator.HOLDS:
        return [_has_attribute(name, value) for name, value in operand.items()]
    if condition.operator is Operator.HAS_ALL:
        return [sa.exists(_tagged([tag])) for tag in sorted(operand)]
    if condition.operator in (Operator.HAS_ANY, Operator.HAS_NONE):
        tagged = sa.exists(_tagged(operand))
        return [~tagged if condition.operator is Operator.HAS_NONE else tagged]
    column = channels.c[condition.column]
    if condition.operator is Operator.EQUALS:
        return [column == operand]
    if condition.operator is Operator.ONE_OF:
        return [column.in_(sorted(operand))]
    if condition.operator is Operator.WITHIN:
        return [_is_within(column, operand)]
    key = channels.c[f"{condition.column}_key"]
    return [key >= operand if condition.operator is Operator.AT_LEAST else key < operand]


def _is_within(column: sa.Column[str], tags: Iterable[str]) -> ColumnElement[bool]:
    """A condition for each length that a tag has, not for each tag: SQLite refuses an expression a thousand deep."""
    by_length: dict[int, list[str]] = {}
    for tag in sorted(tags):
        by_length.setdefault(len(tag) + 1, []).append(f"{tag}-")
    begin = [sa.func.substr(column + "-", 1, length, type_=sa.Text()) for length in by_length]
    return sa.or_(sa.false(), *(text.in_(some) for text, some in zip(begin, by_length.values(), strict=True)))


def _tagged(names: Iterable[str]) -> Select[tuple[int]]:
    return sa.select(tags.c.channel).where(tags.c.channel == channels.c.id, tags.c.tag.in_(sorted(names)))


def _has_attribute(name: str, value: object) -> ColumnElement[bool]:
    """Equal in JSON type and value: true is neither 1 nor "1"."""
    member = (channels.c.attributes, sa.literal(name))
    kind, text = json_kind(*member), json_text(*member)
    if isinstance(value, bool):
        return kind == ("true" if value else "false")
    if isinstance(value, str):
        return sa.and_(kind == "string", text == value)
    # CASE, so that PostgreSQL doesn't try to cast text that isn't a number.
    return sa.case((kind == "number", sa.cast(text, sa.Double) == float(str(value))), else_=sa.false())


def last_number(connection: Connection) -> int:
    """The highest channel number in use."""
    return connection.scalar(sa.select(sa.func.max(channels.c.id))) or 0


def select_many(
    connection: Connection,
    audience: Audience,
    *,
    after: int = 0,
    limit: int = 100,
    gone: bool | None = False,
    conditions: Sequence[ColumnElement[bool]] = (),
) -> Sequence[Row[Any]]:
    """The next channels after number `after`, in order. `gone=None` includes live and gone ones."""
    wanted = [channels.c.id > after, *audience_filter(audience.conditions()), *conditions]
    if gone is not None:
        wanted.append(channels.c.gone_at.is_not(None) if gone else _live())
    return connection.execute(sa.select(channels).where(*wanted).order_by(channels.c.id).limit(limit)).all()


def stale(before: Millis) -> ColumnElement[bool]:
    """The condition for WNS channels not renewed since `before`; WNS expires a channel after 30 days."""
    return sa.and_(channels.c.service == Service.WNS.value, channels.c.renewed_at < before)


def tags_of(connection: Connection, numbers: Sequence[int]) -> dict[int, frozenset[str]]:
    """The tags of these channels."""
    named: dict[int, set[str]] = {}
    for number, tag in connection.execute(sa.select(tags.c.channel, tags.c.tag).where(tags.c.channel.in_(numbers))):
        named.setdefault(number, set()).add(tag)
    return {number: frozenset(names) for number, names in named.items()}


def as_infos(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[ChannelInfo]:
    """Rows as values that are safe to show."""
    named = tags_of(connection, [row.id for row in rows]) if rows else {}
    for row in rows:
        yield ChannelInfo(
            id=row.id,
            short=row.uri if row.uri == ERASED else shorten(*split_uri(row.uri)),
            service=row.service,
            tags=named.get(row.id, frozenset()),
            attributes=row.attributes or {},
            registered_at=from_millis(row.registered_at),
            renewed_at=from_millis(row.renewed_at),
            gone_at=None if row.gone_at is None else from_millis(row.gone_at),
            gone_reason=row.gone_reason,
            not_before=None if row.not_before is None else from_millis(row.not_before),
            **{name: getattr(row, name) for name in _FIELDS},
        )


def as_registrations(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Registration]:
    """Rows as registrations, with their URIs, for an export."""
    named = tags_of(connection, [row.id for row in rows]) if rows else {}
    for row in rows:
        yield Registration.of_checked(
            row.uri,
            Service(row.service),
            row.key,
            row.device,
            row.app,
            named.get(row.id, frozenset()),
            *(getattr(row, name) for name in _FIELDS[3:]),
            row.attributes or {},
            row.p256dh,
            row.auth,
        )
