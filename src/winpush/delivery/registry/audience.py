"""Audiences: which of the registered channels a broadcast is for.

`CONDITIONS` is the one table of what can be asked. `Audience.matches` looks up here, and so does whoever turns an
audience into SQL: each condition is one operator on one column, and all that are given must hold.
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
    check_attributes,
    check_locale,
    check_name_of,
    check_tags,
    shown,
    version_key,
)
from winpush.errors import ValidationError

__all__ = ["CONDITIONS", "Audience", "Condition", "Operator", "Registered", "audience_of_key"]

MAX_CHOICES = 1000
FORMAT = 1


class Registered(Protocol):
    """What an audience looks at: a Registration, or a row of the store with the same names."""

    @property
    def service(self) -> Service:
        """Whose channel it is."""

    @property
    def key(self) -> str | None:
        """The user's own key."""

    @property
    def tags(self) -> frozenset[str]:
        """Its tags."""

    @property
    def platform(self) -> str | None:
        """The platform's version."""

    @property
    def os_version(self) -> str | None:
        """The system's version."""

    @property
    def app_version(self) -> str | None:
        """The app's version."""

    @property
    def locale(self) -> str | None:
        """Its language, in canonical case."""

    @property
    def attributes(self) -> Mapping[str, Scalar]:
        """Its attributes."""


class Operator(enum.Enum):
    """How a column is compared with an operand. A column without a value meets none but HAS_NONE.

    - EQUALS: the same text (of a service: its value, `mpns` or `wns`).
    - ONE_OF: one of a set of texts.
    - WITHIN: the language tag is one of the set, or begins with one of them and a `-`.
    - AT_LEAST, BELOW: the column's `version_key` is >= or < that of the operand, which is given as a `version_key`.
    - HAS_ANY, HAS_ALL, HAS_NONE: of a set of tags.
    - HOLDS: every attribute of the mapping is there, of the same kind (text, number, true or false), and equal.
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
    """One row of the table: the field of an Audience, the column of a registration, and the operator between them."""

    name: str
    column: str
    operator: Operator


CONDITIONS = (
    Condition("service", "service", Operator.EQUALS),
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
    """A choice among the registered channels: all conditions that are given must hold. `Audience()` is everyone.

    - `service`; `keys`: up to 1,000 of the users' own keys.
    - `any_tags`, `all_tags`, `no_tags`: channels with at least one, with every one, with none of them.
    - `platforms`: such as `{"8.0", "windows"}`.
    - `locales`: `de` takes `de` and `de-AT`; `de-AT` takes no `de`.
    - `os_version_from` and `app_version_from` are included, `os_version_below` and `app_version_below` are not.
    - `attributes`: each is there and equal. `1` is the same as `1.0`, and neither is `True` or `"1"`.

    A channel that doesn't say meets no condition on what it doesn't say, but for `no_tags`. Raises ValidationError
    naming the condition.
    """

    service: Service | None = None
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
        _put(self, "keys", _choices("keys", self.keys, _key))
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
                raise ValidationError(f"{column}_below", f"is {high!r}, and no version is below it and from {low!r} on")

    def conditions(self) -> Iterator[tuple[Condition, Any]]:
        """What is asked, as rows of the table with their operands: what SQL is made of.

        An operand is a text for EQUALS, AT_LEAST and BELOW, a frozenset of texts for the operators on sets, a mapping
        for HOLDS.
        """
        for condition in CONDITIONS:
            value = getattr(self, condition.name)
            if value is None or (not value and not isinstance(value, str)):
                continue
            if condition.operator in (Operator.AT_LEAST, Operator.BELOW):
                value = version_key(value)
            yield condition, value.value if isinstance(value, Service) else value

    def matches(self, registration: Registered) -> bool:
        """True when every condition that is given holds for it."""
        return all(
            HOLDS[condition.operator](getattr(registration, condition.column), operand)
            for condition, operand in self.conditions()
        )

    def to_json(self) -> str:
        """JSON text with sorted names: the same for equal audiences. `from_json` reads it back."""
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
        """From the text of `to_json`. Raises ValidationError for any other, and for a later format."""
        try:
            named = json.loads(text)
        except ValueError as error:
            raise ValidationError("audience", f"is no JSON: {error}") from None
        if not isinstance(named, dict):
            raise ValidationError("audience", f"must be a JSON object, not {type(named).__name__}")
        if named.pop("format", None) != FORMAT:
            raise ValidationError("audience", f"is in no format that this version reads; it reads format {FORMAT}")
        unknown = named.keys() - {condition.name for condition in CONDITIONS}
        if unknown:
            raise ValidationError("audience", f"has the unknown condition {min(unknown)!r}")
        if "service" in named:
            named["service"] = _service(named["service"])
        return cls(**named)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audience):
            return NotImplemented
        return self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())


def audience_of_key(key: str) -> str:
    """`Audience(keys={key}).to_json()`, without making one: `notify` asks it each time. Raises ValidationError."""
    return json.dumps({"format": FORMAT, "keys": [_key("key", key)]}, sort_keys=True, separators=(",", ":"))


def _choices(field: str, values: object, check: Callable[[str, object], str]) -> frozenset[str]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ValidationError(field, f"must be a list of texts, not {type(values).__name__}")
    checked = frozenset([check(field, value) for value in values])
    if len(checked) > MAX_CHOICES:
        raise ValidationError(field, f"are {len(checked):,}; at most {MAX_CHOICES:,} are taken")
    return checked


def _key(field: str, value: object) -> str:
    key = check_name_of(field, value)
    if key is None:
        raise ValidationError(field, "can't hold None")
    return key


def _platform(field: str, value: object) -> str:
    if not isinstance(value, str) or value not in _ALL_PLATFORMS:
        raise ValidationError(field, f"hold {shown(value)}; the platforms are {', '.join(sorted(_ALL_PLATFORMS))}")
    return value


def _locale(field: str, value: object) -> str:
    locale = check_locale(value, field)
    if locale is None:
        raise ValidationError(field, "can't hold None")
    return locale


def _service(value: object) -> Service:
    try:
        return Service(value)
    except ValueError:
        raise ValidationError("service", f"is {shown(value)}; it must be 'mpns' or 'wns'") from None


def _equals(value: Any, operand: str) -> bool:
    return bool((value.value if isinstance(value, Service) else value) == operand)


def _within(value: str | None, operand: frozenset[str]) -> bool:
    return value is not None and any(value == tag or value.startswith(f"{tag}-") for tag in operand)


def _at_least(value: str | None, operand: str) -> bool:
    return value is not None and version_key(value) >= operand


def _below(value: str | None, operand: str) -> bool:
    return value is not None and version_key(value) < operand


def _holds(value: Mapping[str, Scalar], operand: Mapping[str, Scalar]) -> bool:
    # In Python True == 1, in JSON it isn't.
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
"""What each operator means, for values in memory."""
