"""Audiences: which registered channels a broadcast is for.

`CONDITIONS` is the table of all conditions: each applies one operator to one column, and all given ones must hold. Both
`Audience.matches` and the SQL in `storage.channels` are built from it.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from winpush.channels import Service
from winpush.delivery.registry.rules import (
    NO_ATTRIBUTES,
    PLATFORMS,
    Scalar,
    check_app,
    check_attributes,
    check_key,
    check_locale,
    check_tags,
    shown,
    version_key,
)
from winpush.errors import ValidationError

__all__ = [
    "CONDITIONS",
    "Audience",
    "Condition",
    "Operator",
    "Registered",
    "audience_of_key",
    "check_audience",
    "conditions_in",
    "keys_in",
]

MAX_CHOICES = 1000
FORMAT = 1


class Registered(Protocol):
    """The fields that an audience looks at: a Registration, or a database row with the same names."""

    @property
    def service(self) -> Service:
        """The channel's service."""

    @property
    def app(self) -> str | None:
        """The name of the channel's app."""

    @property
    def key(self) -> str | None:
        """Your key for the channel."""

    @property
    def tags(self) -> frozenset[str]:
        """The tags."""

    @property
    def platform(self) -> str | None:
        """The platform, such as `8.1` or `windows`."""

    @property
    def os_version(self) -> str | None:
        """The OS version."""

    @property
    def app_version(self) -> str | None:
        """The app's version."""

    @property
    def locale(self) -> str | None:
        """The language tag, in canonical case."""

    @property
    def attributes(self) -> Mapping[str, Scalar]:
        """The attributes."""


class Operator(enum.Enum):
    """How a column is compared with an operand. A column without a value only satisfies HAS_NONE.

    - EQUALS: the same text (for a service its value: `mpns`, `wns` or `webpush`).
    - ONE_OF: one of a set of texts.
    - WITHIN: the language tag is in the set, or starts with a member of it and a `-`.
    - AT_LEAST, BELOW: the column's `version_key` is >= or < the operand, also a `version_key`.
    - HAS_ANY, HAS_ALL, HAS_NONE: any, all or none of a set of tags.
    - HOLDS: has every attribute of a mapping, with the same type (text, number, boolean) and value.
    """

    EQUALS = "equals"
    ONE_OF = "one-of"
    WITHIN = "within"
    AT_LEAST = "at-least"
    BELOW = "below"
    HAS_ANY = "has-any"
    HAS_ALL = "has-all"
    HAS_NONE = "has-none"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Condition:
    """A row of CONDITIONS: a field of Audience, a column of a registration, and the operator that compares them."""

    name: str
    column: str
    operator: Operator


CONDITIONS = (
    Condition("service", "service", Operator.EQUALS),
    Condition("app", "app", Operator.EQUALS),
    Condition("keys", "key", Operator.ONE_OF),
    Condition("any_tags", "tags", Operator.HAS_ANY),
    Condition("all_tags", "tags", Operator.HAS_ALL),
    Condition("no_tags", "tags", Operator.HAS_NONE),
    Condition("platforms", "platform", Operator.ONE_OF),
    Condition("locales", "locale", Operator.WITHIN),
    Condition("os_version_from", "os_version", Operator.AT_LEAST),
    Condition("os_version_below", "os_version", Operator.BELOW),
    Condition("app_version_from", "app_version", Operator.AT_LEAST),
    Condition("app_version_below", "app_version", Operator.BELOW),
    Condition("attributes", "attributes", Operator.HOLDS),
)

_ALL_PLATFORMS = frozenset(platform for platforms in PLATFORMS.values() for platform in platforms)
_put = object.__setattr__


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audience:
    """Selects registered channels: all given conditions must hold. `Audience()` is everyone.

    - `service`: the channel's service.
    - `app`: the name of the channel's app.
    - `keys`: up to 1,000 of your own keys.
    - `any_tags`, `all_tags`, `no_tags`: channels with at least one, all, or none of these tags.
    - `platforms`: such as `{"8.0", "windows"}`.
    - `locales`: `de` matches `de` and `de-AT`; `de-AT` doesn't match `de`.
    - `os_version_from`, `app_version_from`: this version or later.
    - `os_version_below`, `app_version_below`: earlier than this version.
    - `attributes`: all present and equal. `1` equals `1.0`, but neither equals `True` or `"1"`.

    A channel without a value never meets a condition on it, except for `no_tags`. Raises ValidationError naming the
    condition.
    """

    service: Service | None = None
    app: str | None = None
    keys: Iterable[str] = frozenset()
    any_tags: Iterable[str] = frozenset()
    all_tags: Iterable[str] = frozenset()
    no_tags: Iterable[str] = frozenset()
    platforms: Iterable[str] = frozenset()
    locales: Iterable[str] = frozenset()
    os_version_from: str | None = None
    os_version_below: str | None = None
    app_version_from: str | None = None
    app_version_below: str | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=lambda: NO_ATTRIBUTES)

    def __post_init__(self) -> None:
        if self.service is not None and not isinstance(self.service, Service):
            raise ValidationError("service", f"must be a member of Service, not {shown(self.service)}")
        if self.app is not None:
            check_app(self.app)
        _put(self, "keys", _choices("keys", self.keys, check_key))
        _put(self, "platforms", _choices("platforms", self.platforms, _platform))
        _put(self, "locales", _choices("locales", self.locales, _locale))
        for name in ("any_tags", "all_tags", "no_tags"):
            _put(self, name, check_tags(getattr(self, name), name))
        for name in ("os_version_from", "os_version_below", "app_version_from", "app_version_below"):
            if getattr(self, name) is not None:
                version_key(getattr(self, name), name)
        _put(self, "attributes", check_attributes(self.attributes))
        self._check_ranges()

    def _check_ranges(self) -> None:
        for column in ("os_version", "app_version"):
            low, high = getattr(self, f"{column}_from"), getattr(self, f"{column}_below")
            if low is not None and high is not None and version_key(low) >= version_key(high):
                raise ValidationError(
                    f"{column}_below",
                    f"is {high!r}; it must be higher than {column}_from {low!r}",
                )

    def conditions(self) -> Iterator[tuple[Condition, Any]]:
        """Yields the given conditions with their operands.

        The operand is a string for EQUALS, AT_LEAST and BELOW, a mapping for HOLDS, and a frozenset of strings for all
        others.
        """
        for condition in CONDITIONS:
            value = getattr(self, condition.name)
            if value is None or (not value and not isinstance(value, str)):
                continue
            if condition.operator in (Operator.AT_LEAST, Operator.BELOW):
                value = version_key(value)
            yield condition, value.value if isinstance(value, Service) else value

    def matches(self, registration: Registered) -> bool:
        """True if the registration meets all given conditions."""
        return all(
            HOLDS[condition.operator](getattr(registration, condition.column), operand)
            for condition, operand in self.conditions()
        )

    def to_json(self) -> str:
        """Canonical JSON: sorted names, the same text for equal audiences. `from_json` reads it back."""
        named: dict[str, Any] = {"format": FORMAT}
        for condition in CONDITIONS:
            value = getattr(self, condition.name)
            if isinstance(value, Service):
                named[condition.name] = value.value
            elif isinstance(value, frozenset):
                named[condition.name] = sorted(value)
            else:
                named[condition.name] = dict(value) if isinstance(value, Mapping) else value
        given = {name: value for name, value in named.items() if value is not None and value not in ([], {})}
        return json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Audience:
        """Reads the JSON of `to_json`. Raises ValidationError for anything else, and for a later format."""
        named = {condition.name: value for condition, value in _named(text)}
        if "service" in named:
            named["service"] = _service(named["service"])
        return cls(**named)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audience):
            return NotImplemented
        return self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())


def check_audience(audience: object) -> Audience:
    """The audience; everyone for None. Raises ValidationError for what isn't one."""
    if audience is None:
        return Audience()
    if not isinstance(audience, Audience):
        raise ValidationError(
            "audience", f"must be an Audience, such as Audience(tags={{'news'}}), not {type(audience).__name__}"
        )
    return audience


def audience_of_key(key: str) -> str:
    """A fast `Audience(keys={key}).to_json()`, which every `notify` needs. Raises ValidationError."""
    return json.dumps({"format": FORMAT, "keys": [check_key("key", key)]}, sort_keys=True, separators=(",", ":"))


def conditions_in(text: str) -> list[tuple[Condition, Any]]:
    """What `Audience.conditions` yields, of a stored audience. Its values were checked when it was stored, and aren't
    checked again: that version may have allowed more. Raises ValidationError for what this version can't read."""
    return [(condition, _operand(condition, value)) for condition, value in _named(text)]


def keys_in(text: str) -> frozenset[str] | None:
    """The keys that a stored audience is for; None where it is for any. Raises what `conditions_in` raises."""
    return next((operand for each, operand in conditions_in(text) if each.name == "keys"), None)


def _named(text: str) -> list[tuple[Condition, Any]]:
    """The conditions of an audience given as JSON, with their original values."""
    try:
        named = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError("audience", f"is not valid JSON: {error}") from None
    if not isinstance(named, dict):
        raise ValidationError("audience", f"must be a JSON object, not {type(named).__name__}")
    if named.pop("format", None) != FORMAT:
        raise ValidationError("audience", f"is not in format {FORMAT}, the only one that this version reads")
    try:
        return [(_BY_NAME[name], value) for name, value in named.items()]
    except KeyError:
        raise ValidationError("audience", f"has the unknown condition {min(named.keys() - _BY_NAME)!r}") from None


_BY_NAME = {condition.name: condition for condition in CONDITIONS}
_ONE_TEXT = frozenset({Operator.EQUALS, Operator.AT_LEAST, Operator.BELOW})


def _operand(condition: Condition, value: Any) -> Any:
    operator = condition.operator
    if operator in _ONE_TEXT:
        if isinstance(value, str):
            return value if operator is Operator.EQUALS else version_key(value, "audience")
    elif operator is Operator.HOLDS:
        if isinstance(value, dict) and all(isinstance(each, str | int | float) for each in value.values()):
            return value
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        return frozenset(value)
    raise ValidationError("audience", f"has a value of {condition.name!r} that this version can't read")


def _choices(field: str, values: object, check: Callable[[str, object], str]) -> frozenset[str]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ValidationError(field, f"must be a list of strings, not {type(values).__name__}")
    checked = frozenset([check(field, value) for value in values])
    if len(checked) > MAX_CHOICES:
        raise ValidationError(field, f"has {len(checked):,} values; the limit is {MAX_CHOICES:,}")
    return checked


def _platform(field: str, value: object) -> str:
    if not isinstance(value, str) or value not in _ALL_PLATFORMS:
        raise ValidationError(field, f"contains {shown(value)}; the platforms are {', '.join(sorted(_ALL_PLATFORMS))}")
    return value


def _locale(field: str, value: object) -> str:
    locale = check_locale(value, field)
    if locale is None:
        raise ValidationError(field, "contains None; give strings only")
    return locale


def _service(value: object) -> Service:
    try:
        return Service(value)
    except ValueError:
        raise ValidationError("service", f"is {shown(value)}; it must be 'mpns', 'wns' or 'webpush'") from None


def _equals(value: Any, operand: str) -> bool:
    return bool((value.value if isinstance(value, Service) else value) == operand)


def _within(value: str | None, operand: frozenset[str]) -> bool:
    return value is not None and any(value == tag or value.startswith(f"{tag}-") for tag in operand)


def _at_least(value: str | None, operand: str) -> bool:
    return value is not None and version_key(value) >= operand


def _below(value: str | None, operand: str) -> bool:
    return value is not None and version_key(value) < operand


def _holds(value: Mapping[str, Scalar], operand: Mapping[str, Scalar]) -> bool:
    # True == 1 in Python, but not in JSON.
    return all(
        name in value and value[name] == wanted and isinstance(value[name], bool) is isinstance(wanted, bool)
        for name, wanted in operand.items()
    )


HOLDS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUALS: _equals,
    Operator.ONE_OF: lambda value, operand: value in operand,
    Operator.WITHIN: _within,
    Operator.AT_LEAST: _at_least,
    Operator.BELOW: _below,
    Operator.HAS_ANY: lambda value, operand: not operand.isdisjoint(value),
    Operator.HAS_ALL: lambda value, operand: operand <= value,
    Operator.HAS_NONE: lambda value, operand: operand.isdisjoint(value),
    Operator.HOLDS: _holds,
}
"""The implementation of each operator for values in memory."""
