"""A channel as the store returns it, and what a content makes for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from winpush import Service, wns
from winpush.delivery.content.content import Content, Refusal
from winpush.delivery.registry.rules import Scalar

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Someone:
    """A channel as the store returns it."""

    service: Service = Service.WNS
    platform: str | None = None
    locale: str | None = None
    key: str | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)


def phone(version: str | None = "8.1", **values: Any) -> Someone:
    """A phone with this version of Windows Phone."""
    return Someone(Service.MPNS, version, **values)


def sent(content: Content, channel: Someone, **options: Any) -> Any:
    """What is sent to the channel; a refusal fails the test."""
    made = content.for_channel(channel, **options)
    assert not isinstance(made, Refusal), made
    return made


def refused(content: Content, channel: Someone, **options: Any) -> Refusal:
    """Why nothing is sent to the channel."""
    made = content.for_channel(channel, **options)
    assert isinstance(made, Refusal), made
    return made


def template(*texts: str, **values: Any) -> Content:
    """A content for both services, made of these texts."""
    return Content(wns=wns.Toast(*texts, **values), template=True)
