"""Values that are equal to others and made of subclasses, each of which lies about what it holds."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from winpush import wns
from winpush._values import Value


class _Liar:
    """What a subclass may do to its own value on its way into a document: all of it is wrong."""

    def __str__(self) -> str:
        return "Liar.__str__"

    __repr__ = __str__

    def __format__(self, _spec: str) -> str:
        return "Liar.__format__"


class _Text(_Liar, str):
    __slots__ = ()

    def replace(self, _old: str, _new: str, _count: Any = -1) -> str:
        return "Liar.replace"


class _Number(_Liar, int):
    pass


class _Share(_Liar, float):
    pass


class _Wait(timedelta):
    def __floordiv__(self, _other: Any) -> Any:
        raise AttributeError("_to_microseconds")  # as those of pendulum do

    __mod__ = __divmod__ = __floordiv__


class _Moment(datetime):
    def isoformat(self, *_: Any, **__: Any) -> str:
        raise TypeError("isoformat() takes 1 positional argument")


def _disguised(value: Any) -> Any:
    """An equal value whose texts, numbers and times are of subclasses."""
    if isinstance(value, Value):
        return type(value)(**{name: _disguised(getattr(value, name)) for name in _fields(value)})
    if isinstance(value, tuple):
        return tuple(_disguised(item) for item in value)
    if isinstance(value, datetime):
        return _Moment.combine(value.date(), value.timetz()).replace(fold=value.fold)
    if isinstance(value, timedelta):
        return _Wait(value.days, value.seconds, value.microseconds)
    kinds = {str: _Text, wns.Glyph: _Text, wns.Sound: _Text, int: _Number, float: _Share}
    return kinds[type(value)](value) if type(value) in kinds else value


def _fields(value: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(value) if field.init]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Value):
        return [leaf for name in _fields(value) for leaf in _leaves(getattr(value, name))]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, tuple) else [value]


def check_disguised(value: Any) -> None:
    """A subclass of a text, a number or a time counts as what it holds, and nothing else is kept."""
    made = _disguised(value)
    assert made == value
    assert [type(leaf) for leaf in _leaves(made)] == [type(leaf) for leaf in _leaves(value)]
    assert getattr(made, "body", b"") == getattr(value, "body", b"")
    assert repr(made) == repr(value)
    if isinstance(value, wns.Notification):
        assert made.to_headers() == value.to_headers()
    if hasattr(value, "to_element"):
        assert made.to_element() == value.to_element()
