"""The world as JSON: what the page and the API show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from winpush.emulator.devices import Device
from winpush.emulator.faults import Fault
from winpush.emulator.world import Phone, Record, Tile, World
from winpush.mpns.fields import CYCLE_IMAGES

__all__ = ["changes", "phone", "record", "state"]

_SHOWN_RECORDS = 200


def state(world: World, now: datetime) -> dict[str, Any]:
    """Everything, with the last 200 requests."""
    return {
        "now": now.isoformat(),
        "phones": [phone(each) for each in world.phones.values()],
        "requests": [record(each) for each in list(world.records)[-_SHOWN_RECORDS:]],
        "counters": dict(world.counters),
    }


def changes(world: World, now: datetime, revision: int, last_record: int) -> dict[str, Any]:
    """What is new since that revision and that record."""
    news = [each for each in world.records if each.n > last_record][-_SHOWN_RECORDS:]
    return {
        "now": now.isoformat(),
        "phones": [phone(each) for each in world.phones.values() if each.revision > revision],
        "removed": [identity for at, identity in world.removed if at > revision],
        "requests": [record(each) for each in news],
        "counters": dict(world.counters),
    }


def phone(each: Phone | Device) -> dict[str, Any]:
    """One phone, or Windows device, with its screen."""
    if isinstance(each, Device):
        return _device(each)
    return {
        "id": each.id,
        "service": "mpns",
        "name": each.name,
        "version": each.version,
        "health": each.health.name,
        "channel": each.uri,
        "authenticated": each.authenticated,
        "not_bound": sorted(each.not_bound),
        "tiles": [_tile(tile) for tile in each.tiles.values()],
        "toasts": [{"n": toast.n, "at": toast.at.isoformat(), **toast.content} for toast in each.toasts],
        "raws": [{"n": raw.n, "at": raw.at.isoformat(), **raw.content} for raw in each.raws],
        "accepted": each.accepted,
    }


def _device(each: Device) -> dict[str, Any]:
    """A Windows device: its pictures whole, and in short under the names that phones have, which the page draws."""
    raws = [{"n": raw["n"], "at": raw["at"], "size": raw["bytes"], "preview": raw["text"][:200]} for raw in each.raws]
    return {
        "id": each.id,
        "service": "wns",
        "name": each.name,
        "version": each.version,
        "health": each.health.name,
        "channel": each.uri,
        "authenticated": True,
        "tiles": [] if each.tile is None else [_short_tile(each.tile, each.badge)],
        "toasts": [_short_toast(toast) for toast in each.toasts],
        "raws": raws,
        "badge": each.badge,
        "picture": {"tile": each.tile, "toasts": list(each.toasts)},
        "accepted": each.accepted,
    }


def _texts(content: list[dict[str, Any]]) -> list[str]:
    """The texts of a picture, in their order, those inside groups too."""
    found: list[str] = []
    for item in content:
        if item.get("type") == "text":
            found.append(str(item.get("text", "")))
        for inner in item.get("subgroups", ()):
            found += _texts(inner.get("content", []))
    return found


def _short_toast(toast: dict[str, Any]) -> dict[str, Any]:
    texts = [*_texts(toast.get("content", [])), "", ""]
    audio = toast.get("audio") or {}
    return {
        "n": toast["n"],
        "at": toast["at"],
        "text1": texts[0],
        "text2": " ".join(text for text in texts[1:] if text) or None,
        "param": toast.get("launch"),
        "sound": audio.get("src"),
        "silent": bool(audio.get("silent")),
    }


def _short_tile(tile: dict[str, Any], badge: dict[str, Any] | None) -> dict[str, Any]:
    sizes = tile.get("sizes", {})
    shown: dict[str, Any] = next((sizes[size] for size in ("medium", "wide", "large", "small") if size in sizes), {})
    texts = _texts(shown.get("content", []))
    fields: dict[str, Any] = {"title": texts[0]} if texts else {}
    if len(texts) > 1:
        fields["back_content"] = " ".join(texts[1:])
    number = (badge or {}).get("text", "")
    if number.isdigit():
        fields["count"] = int(number)
    return {"id": "", "template": "Tile", "fields": fields, "updated": tile["at"]}


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
        "status": each.status,
        "answer": each.answer,
        "verdict": each.verdict,
        "reason": each.reason,
        "remarks": list(each.remarks),
        "size": each.size,
        "fault": each.fault,
        "body": each.body,
    }


def fault(each: Fault, left: int | None) -> dict[str, Any]:
    """One fault that is set, and how often it will still strike (None: without end)."""
    return {
        "status": each.status,
        "delay_seconds": each.delay_seconds,
        "cut": each.cut,
        "share": each.share,
        "phone": each.phone,
        "left": left,
    }
