"""Computes the net result of registering many channels one after the other, so that it can be written in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from winpush.delivery.registry.registration import Registration

__all__ = ["Known", "merge"]


@dataclass(slots=True)
class Known:
    """A live channel during a merge; `id` is None for a new one.

    Only `merge` changes it: `registration` is the latest one in this merge, or None; `moved` means that its device has
    a new URI; `gone` means that another channel of its device has replaced it.
    """

    id: int | None
    uri: str
    service: str
    device: str | None
    app: str | None = None
    registration: Registration | None = None
    moved: bool = False
    gone: bool = False


def merge(rows: Sequence[Known], registrations: Iterable[Registration]) -> list[Known]:
    """Applies each registration in turn.

    A known URI is renewed. A known device of the same app gets its new URI. If both are known but are different
    channels, the device's channel is gone; so are all others of the device. `rows`, in order of number, are all
    channels with one of the URIs or devices; they are changed and returned, followed by new ones.
    """
    result = list(rows)
    by_uri = {row.uri: row for row in rows}
    by_device: dict[tuple[str, str, str | None], Known] = {}
    doubles: dict[tuple[str, str, str | None], list[Known]] = {}
    for row in rows:
        if row.device is not None:
            place = (row.device, row.service, row.app)
            if place in by_device:
                doubles.setdefault(place, []).append(by_device[place])
            by_device[place] = row
    for each in registrations:
        device = None if each.device is None else (each.device, each.service.value, each.app)
        known = by_uri.get(each.uri)
        owner = None if device is None else by_device.get(device)
        if known is None and owner is None:
            known = Known(None, each.uri, each.service.value, each.device, each.app)
            result.append(known)
        elif known is None and owner is not None:
            known = owner
            del by_uri[known.uri]
            known.moved = True
        elif owner is not None and owner is not known:
            owner.gone = True
            del by_uri[owner.uri]
        assert known is not None  # noqa: S101 - one of the branches above
        for double in doubles.pop(device, ()) if device is not None else ():
            if double is not known and not double.gone and (double.device, double.service, double.app) == device:
                double.gone = True
                del by_uri[double.uri]
        old = (known.device, known.service, known.app)
        if known.device is not None and by_device.get(old) is known:  # type: ignore[arg-type]  # not None
            del by_device[old]  # type: ignore[arg-type]  # not None
        known.uri, known.device, known.app, known.registration = each.uri, each.device, each.app, each
        known.service = each.service.value
        by_uri[each.uri] = known
        if device is not None:
            by_device[device] = known
    return result
