"""The message for a browser: a payload for the page's service worker, and how to deliver it (RFC 8030)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any, Self, TypedDict, Unpack

from winpush._values import Value, plain
from winpush.channels import Service
from winpush.errors import ValidationError

__all__ = ["MAX_PAYLOAD_BYTES", "DeliveryOptions", "Message", "Urgency"]

MAX_PAYLOAD_BYTES = 3993
"""The payload that fits in the 4,096 bytes that every push service must take (RFC 8291, section 4)."""

MAX_TTL = timedelta(days=30)
"""Mozilla's limit; WNS takes the four weeks that others send by default (webpush.md 3)."""

TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
"""The form of a topic (RFC 8030, section 5.4)."""
_SECOND = timedelta(seconds=1)


class Urgency(Enum):
    """How soon to wake a device that saves power (RFC 8030, section 5.3)."""

    VERY_LOW = "very-low"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class DeliveryOptions(TypedDict, total=False):
    """How to deliver a message.

    - `ttl`: how long the service keeps it for an offline browser, in whole seconds; by default four weeks. Zero
      delivers it now or never.
    - `urgency`: None is the service's default, normal.
    - `topic`: up to 32 characters from A-Z, a-z, 0-9, - and _. It replaces a waiting message with the same topic.
    """

    ttl: timedelta
    urgency: Urgency | None
    topic: str | None


@dataclass(frozen=True, slots=True, init=False)
class Message(Value):
    """One message for a page's service worker. An empty message only wakes the service worker.

    Raises ValidationError for a payload over 3,993 bytes, a TTL that is negative, over 30 days or not in whole seconds,
    and a topic that a service would refuse (webpush.md 3).
    """

    payload: bytes = field(repr=False)
    ttl: timedelta
    urgency: Urgency | None
    topic: str | None

    service = Service.WEBPUSH
    push_type = "message"

    def __init__(self, payload: bytes | str = b"", **options: Unpack[DeliveryOptions]) -> None:
        put = object.__setattr__
        put(self, "payload", _body(payload))
        unknown = options.keys() - {"ttl", "urgency", "topic"}
        if unknown:
            raise TypeError(f"Message got an unexpected argument {', '.join(sorted(unknown))}")
        put(self, "ttl", _check_ttl(plain(options.get("ttl", timedelta(weeks=4)))))
        put(self, "urgency", _check_urgency(options.get("urgency")))
        put(self, "topic", _check_topic(plain(options.get("topic"))))

    @classmethod
    def json(cls, value: Any, **options: Unpack[DeliveryOptions]) -> Self:
        """A value as compact JSON, which a service worker reads with `event.data.json()`."""
        return cls(write_json(value), **options)

    @property
    def body(self) -> bytes:
        """The payload, before it is encrypted for one browser."""
        return self.payload

    @property
    def ttl_seconds(self) -> int:
        """The TTL as in its header."""
        return self.ttl // _SECOND

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the payload as text (bytes that aren't UTF-8 are replaced), and the options that are set."""
        named: dict[str, Any] = {
            "type": "Message",
            "payload": self.payload.decode(errors="replace"),
            "payload_bytes": len(self.payload),
            "ttl_seconds": self.ttl_seconds,
        }
        if self.urgency is not None:
            named["urgency"] = self.urgency.value
        if self.topic is not None:
            named["topic"] = self.topic
        return named


def write_json(value: Any) -> str:
    """Compact JSON. Raises ValidationError for a value that JSON can't represent."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError("payload", f"can't be written as JSON: {error}") from None


def _body(payload: object) -> bytes:
    if not isinstance(payload, str | bytes | bytearray):
        raise ValidationError(
            "payload", f"must be bytes or text, not {type(payload).__name__}; Message.json() takes any JSON value"
        )
    try:
        body = payload.encode() if isinstance(payload, str) else bytes(payload)
    except UnicodeEncodeError as error:
        raise ValidationError(
            "payload", f"has a lone surrogate at position {error.start}, which UTF-8 can't encode"
        ) from None
    if len(body) > MAX_PAYLOAD_BYTES:
        raise ValidationError(
            "payload",
            f"has {len(body):,} bytes; a push service needn't accept more than {MAX_PAYLOAD_BYTES:,}. Send an id, and "
            "have the service worker fetch the rest",
        )
    return body


def _check_ttl(ttl: object) -> timedelta:
    if not isinstance(ttl, timedelta):
        raise ValidationError("ttl", f"must be a timedelta, such as timedelta(hours=1), not {type(ttl).__name__}")
    if not timedelta(0) <= ttl <= MAX_TTL or ttl % _SECOND:
        raise ValidationError("ttl", f"is {ttl}; give whole seconds, from 0 to {MAX_TTL.days} days")
    return ttl


def _check_urgency(urgency: object) -> Urgency | None:
    if urgency is None or isinstance(urgency, Urgency):
        return urgency
    raise ValidationError("urgency", f"must be one of webpush.Urgency, such as Urgency.HIGH, not {urgency!r:.40}")


def _check_topic(topic: object) -> str | None:
    if topic is None:
        return None
    if not isinstance(topic, str) or not TOPIC.fullmatch(topic):
        raise ValidationError("topic", "must be 1 to 32 characters from A-Z, a-z, 0-9, - and _")
    return topic
