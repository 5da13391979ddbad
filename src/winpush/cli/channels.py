"""`winpush channels …`: the registry of the outbox."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.groups import GuessingGroup
from winpush.cli.outbox import (
    audience_options,
    database_option,
    json_option,
    open_outbox,
    show_time,
    table,
    take_audience,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from winpush.delivery import ChannelInfo

__all__ = ["command"]


@click.group(cls=GuessingGroup)
def command() -> None:
    """The channels that the outbox knows."""


@command.command()
@click.argument("uri")
@click.option("--key", help="Your own id of the person or device, for notify.")
@click.option("--device", help="The device's own id: its new URI replaces its old one.")
@click.option("--tag", "tags", multiple=True, help="Repeatable.")
@click.option("--platform", help="7.0, 7.1, 7.8, 8.0, 8.1 or windows.")
@click.option("--os-version")
@click.option("--app-version")
@click.option("--locale", help="A language tag, such as de-AT.")
@click.option("--time-zone", help="An IANA name, such as Europe/Vienna.")
@click.option("--attribute", multiple=True, metavar="NAME=VALUE", help="For templates and audiences. Repeatable.")
@click.option("--allow-host", multiple=True, metavar="HOST[:PORT]", envvar="WINPUSH_ALLOW_HOST", show_envvar=True,
              help="Take URIs of this host too: an emulator's, say. Repeatable.")  # fmt: skip
@database_option
def add(uri: str, db: str, attribute: tuple[str, ...], allow_host: tuple[str, ...], **values: Any) -> None:
    """Register a channel, or renew it."""
    pairs = dict(_pair(each) for each in attribute)
    fields = {name: value for name, value in values.items() if value not in (None, ())}
    with open_outbox(db, allow_hosts=allow_host) as outbox:
        number = outbox.register({"uri": uri, "attributes": pairs, **fields})
    click.echo(f"Channel {number}.")


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"--attribute is {text!r}; write NAME=VALUE.")
    return name, value


@command.command("list")
@audience_options
@click.option("--gone", is_flag=True, help="Those that are gone: with the reason and the time.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--after", default=0, help="Those after this number.")
@json_option
@database_option
def list_(db: str, gone: bool, limit: int, after: int, as_json: bool, **values: Any) -> None:
    """List channels."""
    with open_outbox(db) as outbox:
        found = outbox.channels(take_audience(values), gone=gone, after=after)
        _show(itertools.islice(found, limit), as_json)


@command.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="Not renewed for so many days.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many.")
@json_option
@database_option
def stale(db: str, days: int, limit: int, as_json: bool) -> None:
    """List channels of WNS that were not renewed: they end after 30 days."""
    with open_outbox(db) as outbox:
        _show(itertools.islice(outbox.stale(timedelta(days=days)), limit), as_json)


@command.command()
@click.argument("number", type=int)
@database_option
def show(db: str, number: int) -> None:
    """Show one channel, as JSON."""
    with open_outbox(db) as outbox:
        for info in outbox.channels(gone=None, after=number - 1):
            if info.id == number:
                click.echo(json.dumps(_to_dict(info), indent=2))
                return
            break
    raise click.UsageError(f"There is no channel {number}. 'winpush channels list' shows what there is.")


@command.command()
@click.argument("number", type=int)
@click.option("--reason", default="removed", show_default=True)
@database_option
def remove(db: str, number: int, reason: str) -> None:
    """Never send to a channel again."""
    with open_outbox(db) as outbox:
        if not outbox.remove(number, reason):
            raise click.UsageError(f"There is no channel {number}, or it is gone already.")
    click.echo(f"Channel {number} is removed.")


def _show(found: Iterable[ChannelInfo], as_json: bool) -> None:
    if as_json:
        for info in found:
            click.echo(json.dumps(_to_dict(info)))
        return
    rows = (
        (
            str(info.id),
            info.short,
            info.platform or info.service,
            info.key or "",
            " ".join(sorted(info.tags)),
            info.gone_reason or "",
            show_time(info.gone_at or info.renewed_at),
        )
        for info in found
    )
    table(("Number", "Channel", "Platform", "Key", "Tags", "Gone", "Renewed"), rows)


def _to_dict(info: ChannelInfo) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return sorted(value) if isinstance(value, frozenset) else value

    return {name: plain(value) for name, value in asdict(_with_dict(info)).items()}


def _with_dict(info: ChannelInfo) -> ChannelInfo:
    # A read-only mapping can't be copied by `asdict`.
    from dataclasses import replace

    return replace(info, attributes=dict(info.attributes))
