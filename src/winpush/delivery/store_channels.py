"""The SQL of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, Select

from winpush.channels import Service, shorten, split_uri
from winpush.delivery.database import Millis, from_millis, json_kind, json_text
from winpush.delivery.models import ChannelInfo
from winpush.delivery.registration import Audience, Registration
from winpush.delivery.schema import channels, tags

__all__ = ["audience_filter", "of_key", "put", "put_many", "remove", "select_many", "stale"]

_FIELDS = ("key", "device", "platform", "os_version", "app_version", "locale", "time_zone")


def _values(registration: Registration, now: Millis) -> dict[str, Any]:
    return {
        "uri": registration.uri,
        "service": registration.service.value,
        **{name: getattr(registration, name) for name in _FIELDS},
        "attributes": dict(registration.attributes) or None,
        "renewed_at": now,
    }


def put(connection: Connection, registration: Registration, now: Millis) -> int:
    """Registers, or renews; returns the channel's number. A known device keeps its number with the new URI."""
    values = _values(registration, now)
    live = channels.c.gone_at.is_(None)
    by_uri = connection.scalar(sa.select(channels.c.id).where(channels.c.uri == registration.uri, live))
    by_device = None
    if registration.device is not None:
        same = (channels.c.device == registration.device, channels.c.service == registration.service.value)
        by_device = connection.scalar(sa.select(channels.c.id).where(*same, live).order_by(channels.c.id.desc()))
    if by_uri is not None and by_device is not None and by_uri != by_device:
        remove(connection, [by_device], "replaced by the device's new channel", now)
        by_device = None
    found = by_uri if by_uri is not None else by_device
    if found is None:
        inserted = connection.execute(sa.insert(channels).values(**values, registered_at=now))
        found = int((inserted.inserted_primary_key or (0,))[0])
    else:
        # What a channel was made to wait for belongs to the URI, not to the device.
        fresh = {} if by_uri is not None else {"not_before": None}
        connection.execute(sa.update(channels).where(channels.c.id == found).values(**values, **fresh))
        connection.execute(sa.delete(tags).where(tags.c.channel == found))
    if registration.tags:
        rows = [{"channel": found, "tag": tag} for tag in sorted(registration.tags)]
        connection.execute(sa.insert(tags), rows)
    return int(found)


def put_many(connection: Connection, registrations: Sequence[Registration], now: Millis) -> None:
    """Registers many in one transaction: those that are new in bulk, the others one by one."""
    known = _known(connection, registrations)
    fresh: dict[str, Registration] = {}
    rest: list[Registration] = []
    for each in registrations:
        taken = each.uri in known or each.uri in fresh or each.device is not None
        if taken:
            rest.append(each)
        else:
            fresh[each.uri] = each
    if fresh:
        rows = [{**_values(each, now), "registered_at": now} for each in fresh.values()]
        connection.execute(sa.insert(channels), rows)
        if any(each.tags for each in fresh.values()):
            _put_tags(connection, fresh)
    for each in rest:
        put(connection, each, now)


def _known(connection: Connection, registrations: Sequence[Registration]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(registrations), 500):
        uris = [each.uri for each in registrations[start : start + 500]]
        found.update(connection.scalars(sa.select(channels.c.uri).where(channels.c.uri.in_(uris), _live())))
    return found


def _live() -> ColumnElement[bool]:
    return channels.c.gone_at.is_(None)


def _put_tags(connection: Connection, fresh: dict[str, Registration]) -> None:
    uris = list(fresh)
    rows: list[dict[str, Any]] = []
    for start in range(0, len(uris), 500):
        part = uris[start : start + 500]
        found = connection.execute(sa.select(channels.c.id, channels.c.uri).where(channels.c.uri.in_(part), _live()))
        rows += [{"channel": number, "tag": tag} for number, uri in found for tag in fresh[uri].tags]
    if rows:
        connection.execute(sa.insert(tags), rows)


def remove(connection: Connection, numbers: Iterable[int], reason: str, now: Millis) -> int:
    """Marks channels as gone, with the reason; returns how many were not yet."""
    statement = (
        sa.update(channels)
        .where(channels.c.id == sa.bindparam("number"), channels.c.gone_at.is_(None))
        .values(gone_at=now, gone_reason=reason)
    )
    rows = [{"number": number} for number in numbers]
    return connection.execute(statement, rows).rowcount if rows else 0


def audience_filter(audience: Audience) -> list[ColumnElement[bool]]:
    """The conditions of an audience, in SQL that both databases have."""

    def tagged(names: Iterable[str]) -> Select[tuple[int]]:
        return sa.select(tags.c.channel).where(tags.c.channel == channels.c.id, tags.c.tag.in_(sorted(names)))

    conditions: list[ColumnElement[bool]] = []
    if audience.any_tags:
        conditions.append(sa.exists(tagged(audience.any_tags)))
    conditions += [sa.exists(tagged([tag])) for tag in sorted(audience.all_tags)]
    if audience.no_tags:
        conditions.append(~sa.exists(tagged(audience.no_tags)))
    for names, column in (
        (audience.services, channels.c.service),
        (audience.platforms, channels.c.platform),
        (audience.locales, channels.c.locale),
    ):
        if names:
            conditions.append(column.in_(sorted(names)))
    if audience.key is not None:
        conditions.append(channels.c.key == audience.key)
    conditions += [_has_attribute(name, value) for name, value in audience.attributes.items()]
    return conditions


def _has_attribute(name: str, value: object) -> ColumnElement[bool]:
    """Equal in JSON type and value: True is neither 1 nor "1". None also fits a channel without the attribute."""
    member = (channels.c.attributes, sa.literal(name))
    kind, text = json_kind(*member), json_text(*member)
    if value is None:
        return sa.func.coalesce(kind, "null") == "null"
    if isinstance(value, bool):
        return kind == ("true" if value else "false")
    if isinstance(value, str):
        return sa.and_(kind == "string", text == value)
    # In this order: PostgreSQL refuses to read a word as a number.
    return sa.case((kind == "number", sa.cast(text, sa.Double) == float(str(value))), else_=sa.false())


def of_key(connection: Connection, key: str) -> list[tuple[int, str]]:
    """The channels of a person or device that are not gone: number and service."""
    return [(number, service) for number, service in connection.execute(_OF_KEY, {"wanted": key})]


# Made once: `notify` asks it each time.
_OF_KEY = (
    sa.select(channels.c.id, channels.c.service)
    .where(channels.c.key == sa.bindparam("wanted"), channels.c.gone_at.is_(None))
    .order_by(channels.c.id)
)


def last_number(connection: Connection) -> int:
    """The highest number of any channel."""
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
    """The next rows after that number, in order of number. `gone` None takes both kinds."""
    wanted = [channels.c.id > after, *audience_filter(audience), *conditions]
    if gone is not None:
        wanted.append(channels.c.gone_at.is_not(None) if gone else _live())
    return connection.execute(sa.select(channels).where(*wanted).order_by(channels.c.id).limit(limit)).all()


def stale(before: Millis) -> ColumnElement[bool]:
    """The condition of a WNS channel that was not renewed since: it ends after 30 days."""
    return sa.and_(channels.c.service == Service.WNS.value, channels.c.renewed_at < before)


def tags_of(connection: Connection, numbers: Sequence[int]) -> dict[int, frozenset[str]]:
    """The tags of these channels."""
    named: dict[int, set[str]] = {}
    for number, tag in connection.execute(sa.select(tags.c.channel, tags.c.tag).where(tags.c.channel.in_(numbers))):
        named.setdefault(number, set()).add(tag)
    return {number: frozenset(names) for number, names in named.items()}


def as_infos(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[ChannelInfo]:
    """Rows as values that may be shown."""
    named = tags_of(connection, [row.id for row in rows]) if rows else {}
    for row in rows:
        yield ChannelInfo(
            id=row.id,
            short=shorten(*split_uri(row.uri)),
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
