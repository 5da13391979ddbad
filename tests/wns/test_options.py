"""The delivery options: which kind takes which, and what each allows (wns.md 3 and 5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from winpush import ValidationError, wns
from winpush.wns.options import OPTIONS

_MAKE: dict[str, Any] = {
    "toast": lambda **options: wns.Toast("a", **options),
    "tile": lambda **options: wns.Tile(wns.TileBinding("medium", "a"), **options),
    "badge": lambda **options: wns.Badge(1, **options),
    "raw": lambda **options: wns.Raw(b"a", **options),
}
_EXTRA: dict[str, Any] = {
    "toast": lambda **options: wns.LegacyToast("ToastText01", ["a"], **options),
    "tile": lambda **options: wns.LegacyTile(wns.LegacyBinding("TileSquareText04", ["a"]), **options),
    "badge": lambda **options: wns.Xml("badge", "<badge value='1'/>", **options),
    "raw": _MAKE["raw"],
}
_VALUES: dict[str, tuple[Any, str]] = {
    "tag": ("Tag1", "Tag1"),
    "group": ("Group1", "Group1"),
    "ttl": (timedelta(hours=1), "3600"),
    "cache": (False, "no-cache"),
    "suppress_popup": (True, "true"),
    "request_status": (True, "true"),
    "priority": (wns.Priority.VERY_LOW, "4"),
    "correlation_vector": ("bA4zfp1GQkKmOhzTDdR6yA.1", "bA4zfp1GQkKmOhzTDdR6yA.1"),
}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@pytest.mark.parametrize("kind", _MAKE)
def test_an_option_is_taken_by_its_kinds_and_refused_by_the_others(option: Any, kind: str) -> None:
    value, header = _VALUES[option.name]
    for make in (_MAKE[kind], _EXTRA[kind]):
        if kind in option.kinds:
            notification = make(**{option.name: value})
            assert notification.to_headers() == ((option.header, header),)
            assert getattr(notification, option.name) == value
        else:
            with pytest.raises(ValidationError, match=rf"^{option.name}: is for "):
                make(**{option.name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tag", ["a", "A1" * 8]),
        ("group", ["0"]),
        ("ttl", [timedelta(seconds=1), timedelta(days=30)]),
        ("priority", list(wns.Priority)),
        ("correlation_vector", ["x", "y" * 128]),
    ],
)
def test_a_value_inside_the_rule_is_taken(name: str, values: list[Any]) -> None:
    for value in values:
        assert getattr(_MAKE["toast"](**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tag", ["", "a" * 17, "a-b", "a b", "ü", "a\r\nX: y", 5]),
        ("group", ["", "g" * 17, "a_b", b"a"]),
        ("ttl", [timedelta(seconds=-1), timedelta(milliseconds=1500), 60, "60", True]),
        ("cache", ["no-cache", 1]),
        ("suppress_popup", ["true", 0]),
        ("request_status", ["yes"]),
        ("priority", [1, "high", 5]),
        ("correlation_vector", ["", "a b", "x" * 129, "a\r\nX: y", "ü", 1]),
    ],
)
def test_a_value_outside_the_rule_is_refused(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValidationError) as caught:
            _MAKE["toast"](**{name: value})
        assert caught.value.field == name


@pytest.mark.parametrize("kind", _MAKE)
def test_a_ttl_of_zero_needs_no_cache(kind: str) -> None:
    zero = timedelta(0)
    assert _MAKE[kind](ttl=zero, cache=False).ttl == zero
    with pytest.raises(ValidationError, match=r"^ttl: is 0"):
        _MAKE[kind](ttl=zero)
    if kind != "toast":
        with pytest.raises(ValidationError, match=r"^ttl: is 0"):
            _MAKE[kind](ttl=zero, cache=True)


def test_a_toast_can_not_be_asked_to_be_cached() -> None:
    assert _MAKE["toast"](cache=False).cache is False
    with pytest.raises(ValidationError, match=r"^cache: "):
        _MAKE["toast"](cache=True)


def test_options_are_json_ready() -> None:
    toast = wns.Toast("a", ttl=timedelta(minutes=1), priority=wns.Priority.HIGH, tag="t")
    assert toast.to_dict() == {"type": "Toast", "content": ["a"], "tag": "t", "ttl_seconds": 60, "priority": "high"}
    assert repr(toast).startswith("Toast('a', tag='t', ttl=")


def test_an_absent_option_sends_no_header() -> None:
    assert wns.Toast("a").to_headers() == ()
    assert wns.Toast("a", tag=None).to_headers() == ()
