"""The world as JSON: what the page and the API show."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from winpush.emulator.apps import App
from winpush.emulator.examples import EXAMPLES
from winpush.emulator.faults import CUTS, Fault
from winpush.emulator.mpns.channel_states import CHANNEL_STATES
from winpush.emulator.webpush.browser import Browser, ReceivedMessage
from winpush.emulator.webpush.channel_states import SUBSCRIPTION_STATES
from winpush.emulator.webpush.families import BROWSERS
from winpush.emulator.webpush.notification import read_notification
from winpush.emulator.wns.device import WINDOWS_CHANNEL_STATES, Device
from winpush.emulator.world import Record, Simulated, Tile, World
from winpush.mpns import VERSIONS
from winpush.mpns.fields import CYCLE_IMAGES
from winpush.webpush import base64url

__all__ = ["app", "changes", "fault", "options", "phone", "record", "state"]

_SHOWN_RECORDS = 200
_SHOWN_RAW_CHARACTERS = 200
_SHOWN_MESSAGES = 20
_AWAY = "The browser is away: its push service accepts messages, and keeps them for as long as their TTL allows."
_OFFLINE = "The device is offline: WNS accepts notifications and keeps the last toast, tile and badge until it is back."


def state(world: World, now: datetime) -> dict[str, Any]:
    """Everything, with the last 200 requests."""
    return {
        "now": now.isoformat(),
        "phones": [phone(each) for each in world.phones.values()],
        "requests": [record(each) for each in list(world.records)[-_SHOWN_RECORDS:]],
        "counters": dict(world.counters),
    }


def changes(world: World, now: datetime, revision: int, last_record: int) -> dict[str, Any]:
    """What has changed since that revision and that record."""
    news = [each for each in world.records if each.n > last_record][-_SHOWN_RECORDS:]
    return {
        "now": now.isoformat(),
        "phones": [phone(each) for each in world.phones.values() if each.revision > revision],
        "removed": [identity for at, identity in world.removed if at > revision],
        "requests": [record(each) for each in news],
        "counters": dict(world.counters),
    }


def phone(each: Simulated) -> dict[str, Any]:
    """One phone, Windows device or browser, with its screen."""
    if isinstance(each, Device):
        return _device(each)
    if isinstance(each, Browser):
        return _browser(each)
    return {
        "id": each.id,
        "service": "mpns",
        "name": each.name,
        "version": each.version,
        "state": each.state.name,
        "channel": each.uri,
        "authenticated": each.authenticated,
        "not_bound": sorted(each.not_bound),
        "pinned": sorted(each.pinned),
        "queued": len(each.queue),
        "tiles": [_tile(tile) for tile in each.tiles.values()],
        "toasts": [{"n": toast.n, "at": toast.at.isoformat(), **toast.content} for toast in each.toasts],
        "raws": [{"n": raw.n, "at": raw.at.isoformat(), **raw.content} for raw in each.raws],
        "accepted": each.accepted,
    }


def _device(each: Device) -> dict[str, Any]:
    """A Windows device. Toasts, tile, badge and raws are pictures from `winpush.wns.show`, each with `n` and `at`."""
    return {
        "id": each.id,
        "service": "wns",
        "name": each.name,
        "version": each.version,
        "is_phone": each.is_phone,
        "app": each.app,
        "state": each.state.name,
        "outcome": each.state.row.verdict.outcome.value,
        "meaning": _OFFLINE if each.is_offline else each.state.row.verdict.meaning,
        "channel": each.uri,
        "toasts": list(each.toasts),
        "tile": each.tile,
        "badge": each.badge,
        "raws": [{**raw, "text": raw["text"][:_SHOWN_RAW_CHARACTERS]} for raw in each.raws],
        "accepted": each.accepted,
    }


def _browser(each: Browser) -> dict[str, Any]:
    """A browser. `subscription` is what its page gives to a server; `messages`, oldest first, are decrypted."""
    verdict = each.family.verdict_of(each.family.words[each.state.fate])
    key = each.application_server_key
    return {
        "id": each.id,
        "service": "webpush",
        "name": each.name,
        "version": each.version,
        "browser": each.family.browser,
        "state": each.state.name,
        "outcome": verdict.outcome.value,
        "meaning": _AWAY if each.is_offline else verdict.meaning,
        "channel": each.uri,
        "subscription": each.subscription.to_dict(),
        "application_server_key": None if key is None else base64url.encode(key),
        "queued": len(each.waiting),
        "messages": [_message(message) for message in list(each.messages)[-_SHOWN_MESSAGES:]],
        "accepted": each.accepted,
    }


def _message(each: ReceivedMessage) -> dict[str, Any]:
    return {
        "n": each.n,
        "at": each.at.isoformat(),
        "text": each.text,
        "bytes": len(each.payload),
        "ttl_seconds": each.ttl // timedelta(seconds=1),
        "topic": each.topic,
        "urgency": None if each.urgency is None else each.urgency.value,
        "notification": read_notification(each.payload),
    }


def app(each: App, tenant_id: str) -> dict[str, Any]:
    """An app's login at either token server, including its secret, which works only with this emulator."""
    return {
        "name": each.name,
        "tenant_id": tenant_id,
        "client_id": each.client_id,
        "package_sid": each.package_sid,
        "client_secret": each.client_secret,
    }


def _tile(tile: Tile) -> dict[str, Any]:
    names = [f"cycle_image{number}" for number in range(1, CYCLE_IMAGES + 1)]
    fields = {name: value for name, value in tile.fields.items() if name not in names}
    images = [tile.fields[name] for name in names if name in tile.fields]
    if images:
        fields["cycle_images"] = images
    return {"id": tile.id, "template": tile.template, "fields": fields, "updated": tile.updated.isoformat()}


def record(each: Record) -> dict[str, Any]:
    """One request with its verdict."""
    return {
        "n": each.n,
        "at": each.at.isoformat(),
        "phone": each.phone,
        "service": each.service,
        "kind": each.kind,
        "method": each.method,
        "path": each.path,
        "headers": [list(pair) for pair in each.headers],
        "status": each.status,
        "answer": each.answer,
        "verdict": each.verdict,
        "reason": each.reason,
        "source": each.source,
        "remarks": list(each.remarks),
        "device": each.device,
        "size": each.size,
        "fault": each.fault,
        "body": each.body,
    }


def options() -> dict[str, Any]:
    """The names that the API accepts, and the playground's examples."""
    return {
        "mpns": {"states": list(CHANNEL_STATES), "versions": list(VERSIONS), "kinds": ["toast", "tile", "raw"]},
        "wns": {"states": list(WINDOWS_CHANNEL_STATES), "kinds": ["toast", "tile", "badge", "raw"]},
        "webpush": {"states": list(SUBSCRIPTION_STATES), "browsers": list(BROWSERS), "kinds": ["message"]},
        "cuts": list(CUTS),
        "examples": [
            {"name": each.name, "service": each.service, "kind": each.kind, "document": each.document}
            for each in EXAMPLES
        ],
    }


def fault(each: Fault, left: int | None) -> dict[str, Any]:
    """One active fault, and how many more requests it will affect (None: no limit)."""
    return {
        "status": each.status,
        "delay_seconds": each.delay_seconds,
        "cut": each.cut,
        "share": each.share,
        "phone": each.phone,
        "left": left,
    }
