"""The base of all WNS notifications: the delivery options, and a payload that is checked and encoded once, when the
notification is created (wns.md 3, 5 and 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from winpush._values import Value, plain
from winpush.channels import Service
from winpush.errors import ValidationError
from winpush.wns.options import NAMES, OPTIONS, Options, check_options
from winpush.wns.schema.elements import as_json
from winpush.wns.schema.enums import Priority

__all__ = ["MAX_PAYLOAD_BYTES", "Notification"]

MAX_PAYLOAD_BYTES = 5000  # elsewhere "5 KB", and 5,120 in Microsoft's own builder: this is the smallest of the three

_put = object.__setattr__


def setters(owner: type, names: Iterable[str]) -> tuple[Callable[[object, object], None], ...]:
    """Setters for these slots of a frozen value during construction: twice as fast as `object.__setattr__`, which
    matters because a notification is created for every user."""
    return tuple([getattr(owner, name).__set__ for name in names])


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Notification(Value):
    """The base of every WNS notification. See `wns.Options` for the delivery options."""

    tag: str | None = None
    group: str | None = None
    ttl: timedelta | None = None
    cache: bool | None = None
    suppress_popup: bool | None = None
    request_status: bool | None = None
    priority: Priority | None = None
    correlation_vector: str | None = None
    _body: bytes = field(init=False, repr=False, compare=False, default=b"")

    # Not annotated, here or in subclasses: pyright doesn't accept a ClassVar as the property of `results.Notification`.
    service = Service.WNS

    @property
    def push_type(self) -> str:
        """`toast`, `tile`, `badge` or `raw`."""
        raise NotImplementedError

    @property
    def body(self) -> bytes:
        """The bytes that go on the wire."""
        return self._body

    def to_xml(self) -> bytes:
        """The bytes that go on the wire: UTF-8 XML, or the payload itself of a `Raw`."""
        return self._body

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict of the fields that are set, under their Python names; `ttl` as `ttl_seconds`."""
        named: dict[str, Any] = {"type": type(self).__name__}
        for name, value in self._given():
            if isinstance(value, timedelta):
                named[f"{name}_seconds"] = value // timedelta(seconds=1)
            else:
                named[name] = value.name.lower() if isinstance(value, Priority) else as_json(value)
        return named

    def __repr__(self) -> str:
        shown: list[str] = []
        for name, value in self._given():
            if name == self._by_place and isinstance(value, Sequence):
                shown[:0] = [repr(item) for item in value]
            else:
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _given(self) -> list[tuple[str, object]]:
        """The fields that are set and not empty: the notification's own first, then the delivery options."""
        named = [(entry.name, getattr(self, entry.name)) for entry in fields(self) if entry.repr]
        kept = [(name, value) for name, value in named if value is not None and value != ()]
        return sorted(kept, key=lambda pair: pair[0] in NAMES)

    def _finish(self, body: bytes, options: Options) -> None:
        """Stores the encoded payload, which is the same for every channel, and the delivery options."""
        if len(body) > MAX_PAYLOAD_BYTES:
            raise ValidationError("payload", f"has {len(body):,} bytes; WNS accepts at most {MAX_PAYLOAD_BYTES:,}")
        _put(self, "_body", body)
        for clear in _SETTERS:
            clear(self, None)
        if options:
            self._take(options)

    def _take(self, options: Options) -> None:
        unknown = options.keys() - set(NAMES)
        if unknown:
            raise TypeError(f"{type(self).__name__} got an unexpected argument {', '.join(sorted(unknown))}")
        taken = {name: value if isinstance(value, Priority) else plain(value) for name, value in options.items()}
        check_options(self.push_type, taken)  # type: ignore[arg-type]  # the same names, checked above
        for name, value in taken.items():
            _put(self, name, value)

    def to_headers(self) -> tuple[tuple[str, str], ...]:
        """The delivery options as headers."""
        given = [(option, getattr(self, option.name)) for option in OPTIONS]
        return tuple([(option.header, option.write(value)) for option, value in given if value is not None])


_SETTERS = setters(Notification, NAMES)
