"""What a back end knows about one channel, and which of them a broadcast is for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from winpush.channels import AllowedHosts, Channel, Service
from winpush.errors import ChannelError, ValidationError
from winpush.mpns.fields import VERSIONS

__all__ = ["PLATFORMS", "Audience", "Registration", "Scalar"]

Scalar = str | int | float | bool | None
"""The value of a free attribute: what JSON has, without lists and objects."""

PLATFORMS = {**dict.fromkeys(VERSIONS, Service.MPNS), "windows": Service.WNS}
"""The platforms that a channel can name, and the service each belongs to."""

MAX_TEXT_CHARACTERS = 255
MAX_TAGS = 100
MAX_ATTRIBUTES_BYTES = 16_384
_TEXTS = ("key", "device", "platform", "os_version", "app_version", "locale", "time_zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One channel as the device told it to the back end. Checked when made; `repr` hides the URI.

    `key` is your own id for the person or device that `notify` names. `device` is the device's own id: its new URI
    replaces its old one. `platform` is the phone's version (`7.0` … `8.1`) or `windows`; `locale` is a BCP 47 tag,
    `time_zone` an IANA name; `attributes` are JSON scalars by name, for templates and audiences. Raises
    ValidationError (ChannelError for the URI) that names the field.
    """

    uri: str = field(repr=False)
    key: str | None = None
    device: str | None = None
    tags: frozenset[str] = frozenset()
    platform: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    allowed: AllowedHosts = field(default=AllowedHosts(), repr=False, compare=False)

    def __post_init__(self) -> None:
        channel = Channel.parse(self.uri, allow_hosts=self.allowed)
        if channel.is_web_push:
            raise ChannelError("uri", "is a browser's Web Push channel, which takes no Windows notification")
        object.__setattr__(self, "uri", channel.uri)
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        object.__setattr__(self, "tags", _check_tags(self.tags))
        object.__setattr__(self, "attributes", _check_attributes(self.attributes))
        if self.locale is not None:
            object.__setattr__(self, "locale", _canonical_locale(self.locale))
        if self.time_zone is not None:
            _check_zone(self.time_zone)
        self._check_service(channel)

    def _check_service(self, channel: Channel) -> None:
        if self.platform is None:
            if channel.service is None:
                raise ValidationError("platform", "is missing, and the URI doesn't tell the service; name the platform")
            return
        if self.platform not in PLATFORMS:
            raise ValidationError("platform", f"is {self.platform!r}; it can be {', '.join(PLATFORMS)}")
        # A phone of 8.1 can have channels of either service.
        if not channel.may_belong_to(self.service):
            raise ValidationError("platform", f"is {self.platform!r}, but the channel is one of another service")

    @property
    def service(self) -> Service:
        """Whose channel it is: by its host or path; where they don't tell, by the platform."""
        owner = Channel.parse(self.uri, allow_hosts=self.allowed).service
        if owner is not None:
            return owner
        return PLATFORMS[self.platform] if self.platform is not None else Service.WNS

    @classmethod
    def of(cls, values: Mapping[str, Any], allowed: AllowedHosts | None = None) -> Self:
        """From a row of a file or a form. Raises ValidationError for an unknown field, or one that breaks a rule."""
        unknown = set(values) - set(cls.__slots__) | ({"allowed"} & set(values))
        if unknown:
            raise ValidationError(sorted(unknown)[0], "is no field of a registration")
        return cls(**values, allowed=allowed or AllowedHosts())


def _check_text(name: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise ValidationError(name, f"must be text, not {type(value).__name__}")
    if not value or len(value) > MAX_TEXT_CHARACTERS or "\0" in value:
        raise ValidationError(name, f"must have 1 to {MAX_TEXT_CHARACTERS} characters, and no NUL")


def _check_tags(tags: Iterable[str]) -> frozenset[str]:
    if isinstance(tags, str):
        raise ValidationError("tags", "is a single text; give a set of texts")
    for tag in (kept := frozenset(tags)):
        _check_text("tags", tag)
    if len(kept) > MAX_TAGS:
        raise ValidationError("tags", f"are {len(kept)}; at most {MAX_TAGS} are taken")
    return kept


def _check_attributes(attributes: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    if not attributes:
        return MappingProxyType({})
    for name, value in attributes.items():
        _check_text("attributes", name)
        if not isinstance(value, str | int | float | bool | None) or value != value:
            raise ValidationError("attributes", f"{name!r} must be text, a number, True, False or None")
    size = len(json.dumps(dict(attributes)))
    if size > MAX_ATTRIBUTES_BYTES:
        raise ValidationError("attributes", f"have {size:,} bytes as JSON; at most {MAX_ATTRIBUTES_BYTES:,} are taken")
    return MappingProxyType(dict(attributes))


def _canonical_locale(tag: str) -> str:
    """`DE_at` becomes `de-AT`: the case that BCP 47 recommends."""
    first, *rest = tag.replace("_", "-").split("-")
    parts = [first, *rest]
    if not 2 <= len(first) <= 8 or not all(part.isascii() and part.isalnum() and len(part) <= 8 for part in parts):
        raise ValidationError("locale", f"is {tag!r}, which is no language tag such as 'de' or 'de-AT'")
    shaped = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest]
    return "-".join([first.lower(), *shaped])


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("time_zone", f"is {name!r}, which is no IANA time zone such as 'Europe/Vienna'") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a broadcast is for; `Audience()` is everybody. All conditions must hold.

    `any_tags`, `all_tags` and `no_tags` are about a channel's tags; `services`, `platforms` and `locales` list the
    values that are taken; `key` is one person's or device's own; `attributes` must be equal. Raises ValidationError.
    """

    any_tags: frozenset[str] = frozenset()
    all_tags: frozenset[str] = frozenset()
    no_tags: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    platforms: frozenset[str] = frozenset()
    locales: frozenset[str] = frozenset()
    key: str | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _SETS:
            object.__setattr__(self, name, _check_tags(getattr(self, name)))
        known = {service.value for service in Service}
        if self.services - known:
            raise ValidationError("services", f"can be {', '.join(sorted(known))}")
        if self.platforms - PLATFORMS.keys():
            raise ValidationError("platforms", f"can be {', '.join(PLATFORMS)}")
        object.__setattr__(self, "locales", frozenset(_canonical_locale(each) for each in self.locales))
        object.__setattr__(self, "attributes", _check_attributes(self.attributes))
        _check_text("key", self.key)

    def to_json(self) -> str:
        """JSON text with the conditions that are given, for `from_json`."""
        named: dict[str, Any] = {name: sorted(getattr(self, name)) for name in _SETS if getattr(self, name)}
        if self.key is not None:
            named["key"] = self.key
        if self.attributes:
            named["attributes"] = dict(self.attributes)
        return json.dumps(named)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The other way of `to_json`."""
        return cls(**json.loads(text))


_SETS = ("any_tags", "all_tags", "no_tags", "services", "platforms", "locales")
