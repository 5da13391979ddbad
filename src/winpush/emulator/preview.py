"""What each kind of device would show of a document, before anything is sent: the playground's answer.

The document is delivered to temporary devices, by the same code as a real request.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from winpush._xml import Element, read
from winpush.emulator import views
from winpush.emulator.mpns.delivery import deliver
from winpush.emulator.transfer import remark_encoding
from winpush.emulator.wns.gateway import MAX_PAYLOAD_BYTES as WNS_BYTES
from winpush.emulator.wns.gateway import draw, put_on_screen
from winpush.emulator.wns.verdict import outline
from winpush.emulator.world import Waiting, World
from winpush.errors import DocumentError
from winpush.mpns import VERSIONS
from winpush.mpns.checks import MAX_PAYLOAD_BYTES as MPNS_BYTES
from winpush.mpns.payloads import NAMESPACE, Document, read_document
from winpush.wns import show

__all__ = ["preview"]

_WNS_KINDS = ("toast", "tile", "badge")
_WINDOWS = (("Windows 10 and 11", False), ("Windows Phone 8.1", True))
_LINE = re.compile(r"\bin line ([0-9]+)")


@dataclass(slots=True)
class _Remarks:
    """Remarks in the order of their lines; the same remark of several devices is listed once."""

    found: dict[tuple[int, str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, line: int, path: str, message: str, device: str = "", **more: Any) -> None:
        usual = {"severity": "ignored", "source": "", "doubt": ""}
        entry = {"line": line, "path": path, "message": message, "devices": [], **usual, **more}
        kept = self.found.setdefault((line, path, message), entry)
        if device and device not in kept["devices"]:
            kept["devices"].append(device)

    def listed(self) -> list[dict[str, Any]]:
        return sorted(self.found.values(), key=lambda remark: remark["line"])


def preview(text: str, now: datetime) -> dict[str, Any]:
    """JSON: the service and kind that the document is for, what each kind of device shows, and remarks by line.

    `error` is a sentence if it isn't a notification at all, otherwise null.
    """
    body = text.encode()
    answer: dict[str, Any] = {"service": None, "kind": None, "size": len(body), "limit": None, "error": None}
    remarks, devices = _Remarks(), []
    try:
        root = read(body)
        if root.namespace == NAMESPACE:
            document = read_document(body)
            answer |= {"service": "mpns", "kind": document.kind, "limit": MPNS_BYTES}
            devices = list(_on_phones(root, document, body, now, remarks))
        elif root.name in _WNS_KINDS and not root.namespace:
            answer |= {"service": "wns", "kind": root.name, "limit": WNS_BYTES}
            devices = list(_on_windows(root, body, now, remarks))
        else:
            raise DocumentError(
                "document",
                f"has the root <{root.name}>; Windows knows <toast>, <tile> and <badge>, phones <wp:Notification>",
            )
    except DocumentError as error:
        line = _LINE.search(error.problem)
        answer["error"] = f"The document {error.problem}."
        remarks.add(int(line[1]) if line else 1, "", answer["error"], severity="lost")
    if answer["limit"] is not None and len(body) > answer["limit"]:
        words = f"The document has {len(body):,} bytes; the service accepts {answer['limit']:,}."
        remarks.add(1, "", words, severity="lost")
    for words in remark_encoding(body, (answer["service"] or "the service").upper()):
        remarks.add(1, "", words, severity="note")
    return {**answer, "devices": devices, "remarks": remarks.listed()}


def _on_windows(root: Element, body: bytes, now: datetime, remarks: _Remarks) -> Iterator[dict[str, Any]]:
    world = World(random.Random(0))  # noqa: S311 - devices for a moment
    lines = {path: element.line for path, element in outline(root)}
    for name, is_phone in _WINDOWS:
        device = world.create_device("http://preview", now, is_phone=is_phone, name=name)
        view = show(body, root.name, on_phone=is_phone)
        picture = draw(body, view)
        if picture is not None:
            arrival = {"n": 1, "at": now.isoformat(), "tag": None, "group": None, "pops_up": True}
            put_on_screen(device, root.name, {**picture, **arrival})
        for remark in view.remarks:
            place = remark.path.partition("@")[0]
            while place not in lines and "/" in place:
                place = place.rpartition("/")[0]
            remarks.add(lines.get(place, 1), device=name, **remark.to_dict())
        yield {**views.phone(device), "id": f"preview-{name}", "is_shown": view.is_shown}


def _on_phones(
    root: Element, document: Document, body: bytes, now: datetime, remarks: _Remarks
) -> Iterator[dict[str, Any]]:
    """One entry for versions of Windows Phone that show the same, newest first."""
    lines: dict[str, int] = {}
    for element in _all(root):
        lines.setdefault(element.name, element.line)
    groups: list[tuple[list[str], dict[str, Any]]] = []
    for version in reversed(VERSIONS):
        seen, words = _on_phone(document, body, version, now)
        for message in words:
            place = message.partition(":")[0]
            line = lines.get(_ATTRIBUTE_OF.get(place, place), lines.get(document.kind.title(), 1))
            remarks.add(line, place if place in lines else "", message, f"Windows Phone {version}")
        if groups and all(groups[-1][1][part] == seen[part] for part in ("toasts", "tiles", "is_shown")):
            groups[-1][0].append(version)
        else:
            groups.append(([version], seen))
    for versions, seen in groups:
        span = versions[0] if len(versions) == 1 else f"{versions[-1]} to {versions[0]}"
        yield {**seen, "id": f"preview-{span}", "name": f"Windows Phone {span}", "version": span}


_ATTRIBUTE_OF = {"Id": "Tile", "Template": "Tile", "Version": "Notification"}


def _on_phone(document: Document, body: bytes, version: str, now: datetime) -> tuple[dict[str, Any], tuple[str, ...]]:
    world = World(random.Random(0))  # noqa: S311 - a phone for a moment
    tile_id = document.tile_id or ""
    pinned = frozenset({tile_id} if tile_id.startswith("/") else ())
    phone = world.create_phone("http://preview", version=version, pinned=pinned)
    _, words = deliver(world, phone, Waiting(body, document), now)
    seen = views.phone(phone)
    return {**seen, "is_shown": bool(seen["toasts"] or seen["tiles"])}, words


def _all(element: Element) -> Iterator[Element]:
    yield element
    for child in element:
        yield from _all(child)
