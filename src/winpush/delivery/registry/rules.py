"""The rules for the values of a registration. Each check raises ValidationError naming the field and the limit.

Millions of channels share a few locales, time zones, versions and tags, so the checks of those are cached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from winpush._xml import check_text
from winpush.channels import (
    AllowedHosts,
    Channel,
    Origin,
    Service,
    app_name_problem,
    check_endpoint,
    check_phone_path,
    check_token,
    parse_origin,
    split_uri,
)
from winpush.errors import ChannelError, ValidationError
from winpush.mpns.fields import VERSIONS
from winpush.webpush.base64url import decode, encode
from winpush.webpush.subscription import AUTH_BYTES, check_point

__all__ = ["PLATFORMS", "Scalar", "version_key"]

Scalar = str | int | float | bool
"""The value of an attribute: text, a number, true or false."""

MAX_KEY_CHARACTERS = 200
_MAX_REASON_CHARACTERS = 1000
MAX_TAGS = 100
MAX_TAG_CHARACTERS = 64
MAX_ATTRIBUTES = 50
MAX_NAME_CHARACTERS = 64
MAX_VALUE_CHARACTERS = 1000
MAX_VERSION_CHARACTERS = 64
MAX_LOCALE_CHARACTERS = 35
# Up to here, integers are exact in JSON, SQLite and PostgreSQL.
MAX_NUMBER = 2**53

MAX_ID = 2**63 - 1
"""The largest number of a channel, broadcast or attempt that the databases can store."""

PLATFORMS: Mapping[Service, tuple[str, ...]] = MappingProxyType(
    {Service.MPNS: VERSIONS, Service.WNS: ("8.1", "windows"), Service.WEBPUSH: ()}
)
"""The platforms of each service. Apps on Windows Phone 8.1 could use either service; a browser has no platform."""

NO_ATTRIBUTES: Mapping[str, Scalar] = MappingProxyType({})
NO_TAGS: frozenset[str] = frozenset()

_TAG = re.compile(r"[^\s,;|]{1,64}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,3}")
_VERSION = re.compile(r"([0-9]{1,8}(?:\.[0-9]{1,8}){0,3})(?:[-+ ].*)?")
_VERSION_PARTS = 4
_PART_DIGITS = 8


NOBODY = AllowedHosts()


@lru_cache(maxsize=1024)
def _allowed_origin(text: str, allowed: AllowedHosts) -> tuple[Origin, str]:
    origin = parse_origin(text, allowed)
    return origin, str(origin)


@lru_cache(maxsize=1024)
def _origin(text: str) -> tuple[Origin, str]:
    """The common case, without allowed hosts: hashing a string is faster than hashing a set of hosts."""
    return _allowed_origin(text, NOBODY)


def check_uri(uri: str, platform: str | None, allowed: AllowedHosts, *, has_keys: bool = False) -> tuple[str, Service]:
    """The channel URI in canonical form, and its service. Raises ChannelError, which never contains the URI."""
    if not isinstance(uri, str):
        raise ChannelError("uri", f"must be text, not {type(uri).__name__}")
    start, target = split_uri(uri)
    try:
        origin, canonical = _allowed_origin(start, allowed) if allowed.entries else _origin(start)
        channel = Channel(origin, target)
        if origin.service is Service.WNS or target.startswith("/?token="):
            check_token(target)
        service = _service_of(channel, platform, has_keys=has_keys)
        if service is Service.WEBPUSH:
            check_endpoint(target)
        elif service is Service.MPNS:
            check_phone_path(target)
    except ChannelError as error:
        raise ChannelError("uri", error.problem) from None
    return canonical + target, service


def check_keys(service: Service, p256dh: object, auth: object) -> tuple[str | None, str | None]:
    """A browser's two keys as base64url without padding; (None, None) for a channel of another service.

    Raises ValidationError for a browser without keys, and for a channel of another service with keys.
    """
    if service is not Service.WEBPUSH:
        for name, given in (("p256dh", p256dh), ("auth", auth)):
            if given is not None:
                raise ValidationError(
                    name,
                    f"is a browser's key, but this is a native {service.name} channel, which has no keys; a "
                    "browser's endpoint at WNS has the path /w/",
                )
        return None, None
    for name, given in (("p256dh", p256dh), ("auth", auth)):
        if given is None:
            raise ValidationError(name, "is missing; pass both of the browser's keys: messages are encrypted with them")
    point, secret = decode("p256dh", p256dh), decode("auth", auth)
    check_point("p256dh", point)
    if len(secret) != AUTH_BYTES:
        raise ValidationError("auth", f"has {len(secret)} bytes; a browser's has {AUTH_BYTES}")
    return encode(point), encode(secret)


def _service_of(channel: Channel, platform: str | None, *, has_keys: bool) -> Service:
    """Goes by host and path; if they don't decide it, by the presence of a browser's keys, then by the platform."""
    if channel.service is not None:
        return channel.service
    if has_keys:
        return Service.WEBPUSH
    if platform is None:
        raise ChannelError("uri", "is on an allowed host, and its path doesn't show the service; give the platform too")
    return Service.WNS if platform == "windows" else Service.MPNS


def check_platform(platform: object, service: Service) -> str | None:
    """The platform, or None. Raises ValidationError for one that the service doesn't have."""
    if platform is not None and platform not in PLATFORMS[service]:
        known = ", ".join(PLATFORMS[service]) or "none"
        raise ValidationError("platform", f"is {shown(platform)}; the platforms of {service.name} are {known}")
    return platform


def check_name_of(field: str, value: object, most: int = MAX_KEY_CHARACTERS) -> str | None:
    """A key or device id: any single line of text that both databases can store, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValidationError(field, f"must be text, not {type(value).__name__}")
    if not value or len(value) > most:
        raise ValidationError(field, f"has {len(value)} characters; it must have 1 to {most}")
    if not value.isprintable():
        _check_line(field, value)
    return value


def check_reason(value: object) -> str:
    """Why a channel is removed: a line of text."""
    reason = check_name_of("reason", value, _MAX_REASON_CHARACTERS)
    if reason is None:
        raise ValidationError("reason", f"is None; it must be text of 1 to {_MAX_REASON_CHARACTERS:,} characters")
    return reason


def check_age(field: str, value: object) -> timedelta:
    """How old something is at least."""
    if not isinstance(value, timedelta):
        raise ValidationError(field, f"is {shown(value)}; give a timedelta, such as timedelta(days=30)")
    return value


def check_key(field: str, value: object) -> str:
    """A key to look channels up by: not None."""
    key = check_name_of(field, value)
    if key is None:
        raise ValidationError(field, "must be text, not None")
    return key


def check_own_key(value: object) -> str | None:
    """The key of a registration, or None. Raises ValidationError for a channel URI in its place."""
    key = check_name_of("key", value)
    if key is not None:
        _refuse_uri("key", key)
    return key


def is_channel_uri(text: str) -> bool:
    """Whether a text begins as the URIs of the services' channels do."""
    if text[:4].lower() != "http":
        return False
    try:
        _origin(split_uri(text)[0])
    except ChannelError:
        return False
    return True


def _refuse_uri(field: str, text: str) -> None:
    if is_channel_uri(text):
        raise ValidationError(field, "holds a channel URI, which is a secret, and this is shown and logged; correct it")


def _check_line(field: str, value: str) -> None:
    check_text(field, value)
    if any(character < " " or "\x7f" <= character < "\xa0" for character in value):
        raise ValidationError(field, "contains a line break or other control character; remove it")


def check_app(value: object) -> str:
    """The name of an app, under which a client finds its credentials."""
    if not isinstance(value, str):
        raise ValidationError("app", f"must be text, not {type(value).__name__}")
    return _checked_app(value)


@lru_cache(maxsize=1024)
def _checked_app(value: str) -> str:
    problem = app_name_problem(value)
    if problem is not None:
        raise ValidationError("app", problem)
    return value


def check_tags(tags: Iterable[str], field: str = "tags") -> frozenset[str]:
    """The tags as a set: up to 100 of up to 64 characters each, without white space, `,`, `;` or `|`."""
    if isinstance(tags, tuple | list | frozenset | set) and not tags:
        return NO_TAGS
    if type(tags) is not list and (isinstance(tags, str | bytes | Mapping) or not isinstance(tags, Iterable)):
        raise ValidationError(field, f"must be a list of strings, not {type(tags).__name__}")
    checked = tags if type(tags) is frozenset else frozenset([_tag(tag, field) for tag in tags])
    if checked is tags:
        for tag in checked:
            _tag(tag, field)
    if len(checked) > MAX_TAGS:
        raise ValidationError(field, f"has {len(checked)} tags; the limit is {MAX_TAGS}")
    return checked


def _tag(tag: object, field: str) -> str:
    if not isinstance(tag, str):
        raise ValidationError(field, f"must be a list of strings, but one is {type(tag).__name__}")
    return _checked_tag(tag, field)


@lru_cache(maxsize=8192)
def _checked_tag(tag: str, field: str) -> str:
    _refuse_uri(field, tag)
    if not _TAG.fullmatch(tag) or not tag.isprintable():
        raise ValidationError(
            field,
            f"contains {shown(tag)}; a tag has 1 to {MAX_TAG_CHARACTERS} characters, without white space and , ; |",
        )
    return tag


def check_version(field: str, value: object) -> str | None:
    """A version such as `10.0.19045`, or None."""
    if value is None:
        return None
    version_key(value, field)
    return value  # type: ignore[return-value]  # version_key lets only text through


def version_key(value: object, field: str = "version") -> str:
    """A 32-digit string that sorts like the versions in any database: `1.9` before `1.10`, `2` equal to `2.0`.

    A version is one to four numbers of up to 8 digits, separated by dots. Anything after a `-`, `+` or space, as in
    `1.2-beta`, is ignored. Raises ValidationError naming `field` for anything else.
    """
    if not isinstance(value, str):
        raise ValidationError(field, f"must be text such as '10.0.19045', not {type(value).__name__}")
    return _version_key(value, field)


@lru_cache(maxsize=4096)
def _version_key(value: str, field: str) -> str:
    match = _VERSION.fullmatch(value) if len(value) <= MAX_VERSION_CHARACTERS and value.isprintable() else None
    if match is None:
        raise ValidationError(
            field, f"is {shown(value)}; write one to four numbers separated by dots, such as 10.0.19045"
        )
    parts = match[1].split(".")
    return "".join([part.zfill(_PART_DIGITS) for part in (*parts, *["0"] * (_VERSION_PARTS - len(parts)))])


def check_locale(value: object, field: str = "locale") -> str | None:
    """A BCP 47 language tag in canonical case (`de-AT`, `zh-Hant-TW`), or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValidationError(field, f"must be text such as 'de-AT', not {type(value).__name__}")
    return _canonical_locale(value, field)


@lru_cache(maxsize=4096)
def _canonical_locale(value: str, field: str) -> str:
    value = value.replace("_", "-")  # as POSIX and many platforms write it
    if len(value) > MAX_LOCALE_CHARACTERS or not _LOCALE.fullmatch(value):
        raise ValidationError(field, f"is {shown(value)}, which is not a language tag; write 'de' or 'de-AT'")
    language, *rest = value.split("-")
    parts = [language.lower()]
    for part in rest:
        # RFC 5646 section 2.1.1: scripts in title case, regions in upper case, anything after a singleton in lower
        # case.
        after_single = any(len(earlier) == 1 for earlier in parts)
        if after_single or not part.isalpha() or len(part) not in (2, 4):
            parts.append(part.lower())
        else:
            parts.append(part.upper() if len(part) == 2 else part.title())
    return "-".join(parts)


def check_zone(value: object) -> str | None:
    """A name in the IANA time zone database, such as `Europe/Vienna`, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValidationError("time_zone", f"must be text such as 'Europe/Vienna', not {type(value).__name__}")
    return _known_zone(value)


@lru_cache(maxsize=1024)
def _known_zone(value: str) -> str:
    if _ZONE.fullmatch(value):
        try:
            return ZoneInfo(value).key
        except (LookupError, ValueError, OSError):
            pass  # raised below, for invalid names too
    raise ValidationError(
        "time_zone",
        f"is {shown(value)}, which is not in this machine's time zone database; write a name such as 'Europe/Vienna' "
        "(if the machine has no database, install the package tzdata)",
    )


def check_attributes(attributes: Mapping[str, Scalar | None], field: str = "attributes") -> Mapping[str, Scalar]:
    """The attributes as a read-only mapping of up to 50; None values are dropped, and 1.0 becomes 1."""
    if type(attributes) is not dict and not isinstance(attributes, Mapping):
        raise ValidationError(field, f"must be a mapping of names to values, not {type(attributes).__name__}")
    if not attributes:
        return NO_ATTRIBUTES
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValidationError(field, f"has {len(attributes)} attributes; the limit is {MAX_ATTRIBUTES}")
    return MappingProxyType(
        {
            check_attribute_name(name, field): check_scalar(f"{field}.{name}", value)
            for name, value in attributes.items()
            if value is not None
        }
    )


def check_attribute_name(name: object, field: str) -> str:
    """A letter or `_`, then letters, digits, `_` and `-`: valid in templates and in CSV column names."""
    if not isinstance(name, str):
        raise ValidationError(field, f"has a name of type {type(name).__name__}; names are strings")
    return _attribute_name(name, field)


@lru_cache(maxsize=1024)
def _attribute_name(name: str, field: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValidationError(
            field,
            f"has the name {shown(name)}; a name has 1 to {MAX_NAME_CHARACTERS} characters from A-Z, a-z, 0-9, _ and -"
            ", and starts with a letter or _",
        )
    return name


def check_scalar(field: str, value: object) -> Scalar:
    """Text that XML and both databases can store, a number up to 2**53, or a boolean."""
    if isinstance(value, str):
        if len(value) > MAX_VALUE_CHARACTERS:
            raise ValidationError(field, f"has {len(value)} characters; the limit is {MAX_VALUE_CHARACTERS}")
        return check_text(field, value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if not -MAX_NUMBER <= value <= MAX_NUMBER:  # False for NaN, too
            raise ValidationError(field, f"must be a number from -2**53 to 2**53, or text (2**53 is {MAX_NUMBER})")
        return int(value) if value == int(value) else value
    raise ValidationError(field, f"must be text, a number, True or False, not {type(value).__name__}")


def check_number(field: str, value: object, *, least: int = 0, most: int = MAX_ID) -> None:
    """A whole number that both databases can store. Raises ValidationError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValidationError(field, f"is {shown(value)}; give a whole number, {least} or more")
    if not least <= value <= most:
        raise ValidationError(field, f"is {shown(value)}; give a whole number from {least} to {most}")


def shown(value: object) -> str:
    """An invalid value for an error message: short and on one line."""
    try:
        text = repr(value)
    except ValueError:  # a number with more digits than Python converts
        return "a number with thousands of digits"
    return text if len(text) <= 40 else f"{text[:37]}…"
