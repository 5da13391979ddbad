"""Registrations: a channel and what is known about its device."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from winpush.channels import AllowedHosts, Service, shorten, split_uri
from winpush.delivery.registry.audience import Audience, Condition, Operator, audience_of_key, check_audience
from winpush.delivery.registry.rules import (
    NO_ATTRIBUTES,
    NO_TAGS,
    NOBODY,
    PLATFORMS,
    Scalar,
    check_app,
    check_attributes,
    check_keys,
    check_locale,
    check_name_of,
    check_own_key,
    check_platform,
    check_tags,
    check_uri,
    check_version,
    check_zone,
    shown,
    version_key,
)
from winpush.errors import ValidationError
from winpush.webpush import Subscription
from winpush.wns.notifications import setters

__all__ = [
    "FIELDS",
    "PLATFORMS",
    "Audience",
    "Condition",
    "Operator",
    "Registration",
    "Scalar",
    "audience_of_key",
    "check_audience",
    "version_key",
]

FIELDS = (
    "uri",
    "key",
    "device",
    "app",
    "tags",
    "platform",
    "os_version",
    "app_version",
    "locale",
    "time_zone",
    "attributes",
    "p256dh",
    "auth",
)
"""The fields of a registration, in the column order of an export."""


@dataclass(frozen=True, slots=True, init=False, repr=False, eq=False)
class Registration:
    """A channel and what is known about its device. Always valid; `repr` hides the URI.

    - `uri`: the channel URI, a secret. Stored in canonical form: lower-case host, no default port.
    - `key`: your own id of the user or device, for `notify`. Several channels may share it. Not a channel URI.
    - `device`: the device's id. A new URI of the same device and app replaces its old one.
    - `app`: the name of the channel's app, for an outbox with the credentials of several apps.
    - `tags`: up to 100 tags of up to 64 characters each.
    - `platform`: `7.0`, `7.1`, `7.8`, `8.0` or `8.1` for Windows Phone, `windows` for Windows 8 to 11.
    - `os_version`, `app_version`: one to four numbers separated by dots, compared as versions (see `version_key`).
    - `locale`: a BCP 47 language tag. Stored in canonical case: `de-AT`.
    - `time_zone`: a name in the IANA time zone database, such as `Europe/Vienna`, for quiet hours.
    - `attributes`: up to 50 named strings, numbers or booleans, for audiences and templates.
    - `p256dh`, `auth`: the keys of a browser's subscription, base64url; `of_subscription` takes what the browser gives.
    - `service`: the channel's service, derived from the URI.
    """

    uri: str
    service: Service
    key: str | None
    device: str | None
    app: str | None
    tags: frozenset[str]
    platform: str | None
    os_version: str | None
    app_version: str | None
    locale: str | None
    time_zone: str | None
    attributes: Mapping[str, Scalar]
    p256dh: str | None
    auth: str | None

    def __init__(
        self,
        uri: str,
        *,
        key: str | None = None,
        device: str | None = None,
        app: str | None = None,
        tags: Iterable[str] = NO_TAGS,
        platform: str | None = None,
        os_version: str | None = None,
        app_version: str | None = None,
        locale: str | None = None,
        time_zone: str | None = None,
        attributes: Mapping[str, Scalar | None] = NO_ATTRIBUTES,
        p256dh: str | None = None,
        auth: str | None = None,
        allow_hosts: Iterable[str] | AllowedHosts = NOBODY,
    ) -> None:
        """`allow_hosts` lists hosts to accept in addition to the services' own, such as the emulator's.

        Raises ChannelError for an invalid URI or one of no known service, and ValidationError for any other invalid
        value, naming the field and what is allowed.
        """
        allowed = allow_hosts if isinstance(allow_hosts, AllowedHosts) else AllowedHosts.of(allow_hosts)
        canonical, service = check_uri(uri, platform, allowed, has_keys=p256dh is not None)
        _set_uri(self, canonical)
        _set_service(self, service)
        _set_key(self, None if key is None else check_own_key(key))
        _set_device(self, None if device is None else check_name_of("device", device))
        _set_app(self, None if app is None else check_app(app))
        _set_tags(self, NO_TAGS if tags is NO_TAGS else check_tags(tags))
        _set_platform(self, None if platform is None else check_platform(platform, service))
        _set_os_version(self, None if os_version is None else check_version("os_version", os_version))
        _set_app_version(self, None if app_version is None else check_version("app_version", app_version))
        _set_locale(self, None if locale is None else check_locale(locale))
        _set_time_zone(self, None if time_zone is None else check_zone(time_zone))
        _set_attributes(self, NO_ATTRIBUTES if attributes is NO_ATTRIBUTES else check_attributes(attributes))
        keys = check_keys(service, p256dh, auth)
        _set_p256dh(self, keys[0])
        _set_auth(self, keys[1])

    @classmethod
    def of_subscription(
        cls,
        given: Subscription | Mapping[str, Any] | str | bytes,
        *,
        allow_hosts: Iterable[str] | AllowedHosts = NOBODY,
        **fields: Any,
    ) -> Registration:
        """From a browser's subscription, as `JSON.stringify(subscription)` gives it; pass other fields by keyword.

        Raises what `Subscription.of` and `Registration` raise.
        """
        subscription = given if isinstance(given, Subscription) else Subscription.of(given, allow_hosts=allow_hosts)
        keys = subscription.to_dict()["keys"]
        return cls(subscription.endpoint, **keys, **fields, allow_hosts=allow_hosts)

    @classmethod
    def of_checked(cls, *values: Any) -> Registration:
        """Constructs a registration from already checked, canonical values, in the order of the slots."""
        made = cls.__new__(cls)
        for put, value in zip(_SETTERS, values, strict=True):
            put(made, value)
        return made

    @classmethod
    def of(cls, values: Mapping[str, Any], allow_hosts: Iterable[str] | AllowedHosts = NOBODY) -> Registration:
        """Constructs a registration from a mapping of its fields, such as a line of JSON. None means "not given".

        A mapping with an `endpoint` is a browser's subscription as the browser gave it; it may have other fields too.
        Raises ValidationError for an unknown field or a missing `uri`, and what `Registration` raises.
        """
        if type(values) is not dict and not isinstance(values, Mapping):
            raise ValidationError("registration", f"must be a mapping of fields, not {type(values).__name__}")
        if "endpoint" in values:
            values = _as_fields(values)
        if not _NAMES.issuperset(values):
            name = min(values.keys() - _NAMES, key=str)
            name = str(name)[:30] if str(name).isprintable() else shown(name)
            raise ValidationError(name, f"is not a field of Registration; the fields are {', '.join(FIELDS)}")
        given = {name: value for name, value in values.items() if value is not None}
        if "uri" not in given:
            raise ValidationError("uri", "is missing; every registration needs a channel URI")
        return cls(**given, allow_hosts=allow_hosts)

    @classmethod
    def of_text(cls, text: str, allow_hosts: Iterable[str] | AllowedHosts = NOBODY) -> Registration:
        """Constructs a registration from a channel URI, or from the JSON of a browser's subscription
        (`JSON.stringify(subscription)`). Raises what `of` raises."""
        if not text.lstrip().startswith("{"):
            return cls.of({"uri": text}, allow_hosts)
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ValidationError("registration", "begins as a JSON object and is not JSON") from None
        return cls.of(values, allow_hosts)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, including the URI: the fields that are set, tags sorted. `Registration.of` reads it back."""
        given: dict[str, Any] = {name: getattr(self, name) for name in FIELDS}
        given["tags"] = sorted(self.tags)
        given["attributes"] = dict(self.attributes)
        return {name: value for name, value in given.items() if value is not None and value not in ([], {})}

    @property
    def origin(self) -> str:
        """The origin of the URI: `https://db5.notify.windows.com`."""
        return split_uri(self.uri)[0]

    @property
    def short(self) -> str:
        """For logs: the origin and the last six characters, too little to push with."""
        return shorten(*split_uri(self.uri))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Registration):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in FIELDS)

    def __hash__(self) -> int:
        return hash(self.uri)

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in FIELDS[1:-2] if getattr(self, name)]
        return f"<Registration {', '.join([self.short, *shown])}>"


def _as_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a browser gives, as the fields of a registration; other fields are kept."""
    keys = values.get("keys")
    own = {"uri": values["endpoint"]}
    if isinstance(keys, Mapping):
        own |= {name: keys[name] for name in ("p256dh", "auth") if name in keys}
    rest = {name: value for name, value in values.items() if name not in ("endpoint", "expirationTime", "keys")}
    for name in own.keys() & rest.keys():
        raise ValidationError(name, "is given twice: by itself and in the browser's subscription; keep one of them")
    return {**own, **rest}


_NAMES = frozenset(FIELDS)
_SETTERS = setters(Registration, Registration.__slots__)
(
    _set_uri,
    _set_service,
    _set_key,
    _set_device,
    _set_app,
    _set_tags,
    _set_platform,
    _set_os_version,
    _set_app_version,
    _set_locale,
    _set_time_zone,
    _set_attributes,
    _set_p256dh,
    _set_auth,
) = _SETTERS
