"""What all notifications and their parts share: they are immutable, and errors say how to make a changed copy."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import FrozenInstanceError, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Never, Self, TypeVar, cast

from winpush.errors import ValidationError

__all__ = ["Value", "check_moment", "keep_plain", "plain"]

T = TypeVar("T")

# `dataclass` generates these in each class. Ours say what to type instead.
_GENERATED = ("__setattr__", "__delattr__", "__replace__")

_SHORT = (type(None), bool, int, str, tuple)


def _plain_datetime(moment: datetime) -> datetime:
    date = moment.year, moment.month, moment.day
    time = moment.hour, moment.minute, moment.second, moment.microsecond
    return datetime(*date, *time, moment.tzinfo, fold=moment.fold)  # noqa: DTZ001 - a naive one stays so, to be refused


# Each is the base's own method: a subclass says what it likes of itself.
_BASES: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (timedelta, timedelta.__pos__),
    (datetime, _plain_datetime),
)
_PLAIN = frozenset({type(None), bool, *(base for base, _ in _BASES)})


def plain(value: T) -> T:
    """The value itself, or the text, number or time that a subclass represents.

    A member of an enumeration with values of text writes itself as its name, a text that is safe HTML escapes what is
    put into it, and neither can be stored: a value keeps and writes what Python's own types hold.
    """
    if type(value) not in _PLAIN:
        for base, convert in _BASES:
            if isinstance(value, base):
                return cast(T, convert(value))
    return value


def check_moment(field: str, value: object) -> None:
    """Raises ValidationError for anything but a time with a time zone, without which it is another time elsewhere."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValidationError(field, "must be a datetime with a time zone, such as datetime.now(UTC)")


def keep_plain(owner: object, names: Iterable[str]) -> None:
    """Makes these fields of a frozen value plain, while it is constructed and before it is checked."""
    for name in names:
        given = getattr(owner, name)
        if type(given) not in _PLAIN:
            object.__setattr__(owner, name, plain(given))


class Value:
    """The base of a frozen dataclass with slots. `replace` makes a changed copy."""

    __slots__ = ()

    # The field that positional arguments fill, as in Toast("Hello", "World"); '' if there is none.
    _by_place: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        # With slots, `dataclass` creates the class a second time, so this runs again once the class is complete.
        for name in _GENERATED:
            if name in cls.__dict__:
                delattr(cls, name)

    def replace(self, **changes: object) -> Self:
        """A copy with different values for some fields, checked and encoded again.

        Raises TypeError for a name that isn't a field, and ValidationError as the constructor does.
        """
        arguments = self._arguments()
        for name in changes:
            if name not in arguments:
                raise TypeError(_no_field(self, name))
        return type(self)(**{**arguments, **changes})

    def __replace__(self, /, **changes: object) -> Self:
        """For `copy.replace` of Python 3.13."""
        return self.replace(**changes)

    if not TYPE_CHECKING:  # with these, a type checker would accept any name as a field

        def __setattr__(self, name: str, value: object) -> Never:
            raise FrozenInstanceError(_instead(self, name, "…"))

        def __delattr__(self, name: str) -> Never:
            raise FrozenInstanceError(_instead(self, name, _default(self, name)))

    def _arguments(self) -> dict[str, Any]:
        """The constructor's arguments for an equal value, by name."""
        return {name: getattr(self, name) for name in _names(self)}

    def _take_placed(self, named: Mapping[str, object]) -> tuple[Any, ...]:
        """Removes the positional arguments from the named ones, where `replace` of this class or of `dataclasses`
        puts them, and returns them."""
        items = cast("dict[str, object]", named).pop(self._by_place, ())
        if isinstance(items, str | Value) or not isinstance(items, Iterable):
            raise ValidationError(self._by_place, f"must be a list, such as [{items!r}]")
        return tuple(items)

    def _take_only_placed(self, named: Mapping[str, object]) -> tuple[Any, ...]:
        """`_take_placed`, for a constructor that accepts no other names. Raises TypeError for any that are left."""
        items = self._take_placed(named)
        for name in named:
            raise TypeError(_no_field(self, name))
        return items


def _names(value: Value) -> list[str]:
    return [entry.name for entry in fields(value) if entry.init]  # type: ignore[arg-type]  # each is a dataclass


def _no_field(value: Value, name: str) -> str:
    return f"{type(value).__name__} has no field {name!r}; its fields are {', '.join(_names(value))}"


def _instead(value: Value, name: str, written: str) -> str:
    if name not in _names(value):
        return _no_field(value, name)
    kind = type(value).__name__
    own = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    return f"a {kind} can't be changed; make another: {own} = {own}.replace({name}={written})"


def _default(value: Value, name: str) -> str:
    """How to write a field's default: `…` if the field is required or its default has no short form."""
    parameter = inspect.signature(type(value)).parameters.get(name)
    default = None if parameter is None else parameter.default
    return repr(default) if type(default) in _SHORT else "…"
