"""Notifications and their parts, field by field: none can be changed, and each says how to make a changed copy."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import enum
import pickle
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.disguises import check_disguised
from tests.mpns import strategies as mpns_strategies
from tests.webpush import vector
from tests.wns import strategies as wns_strategies
from tests.wns.strategies import patient
from winpush import ValidationError, mpns, webpush, wns
from winpush._values import Value

_GROUP = wns.Group(wns.Subgroup("a", weight=1))
_XML = b'<wp:Notification xmlns:wp="WPNotification"><wp:Toast><wp:Text1>a</wp:Text1></wp:Toast></wp:Notification>'

EXAMPLES: tuple[Any, ...] = (
    mpns.Toast("a"),
    mpns.Tile(title="a"),
    mpns.FlipTile(title="a"),
    mpns.IconicTile(title="a"),
    mpns.CycleTile(cycle_images=["a.png"]),
    mpns.Raw(b"a"),
    mpns.Xml("toast", _XML),
    wns.Toast("a", _GROUP),
    wns.Tile(wns.TileBinding("medium", "a")),
    wns.Badge(1),
    wns.Raw(b"a"),
    wns.Xml("badge", '<badge value="1"/>'),
    wns.LegacyToast("ToastText01", ["a"]),
    wns.LegacyTile(wns.LegacyBinding("TileSquare150x150Text04", ["a"])),
    wns.ClearToasts(tag="a"),
    wns.Text("a"),
    wns.Image("a.png"),
    _GROUP,
    wns.Subgroup("a"),
    wns.Progress(0.5, "a"),
    wns.Header("a", "b", "c"),
    wns.TextInput("a"),
    wns.SelectionInput("a", [wns.Selection("1", "b")]),
    wns.Selection("a", "b"),
    wns.Button("a", "b"),
    wns.MenuEntry("a", "b"),
    wns.SnoozeAndDismiss(),
    wns.Audio(silent=True),
    wns.TileBinding("medium", "a"),
    wns.LegacyBinding("TileSquare150x150Text04", ["a"]),
    webpush.Message("a"),
    vector.subscription(),
)
# The protocol's and the login's values: not what a caller sends.
_NOT_SENT = {"Row", "Template", "View", "Remark", "Exchange", "Answer", "TokenNeeded", "Token", "TokenProblem", "Fetch"}
_NOT_SENT |= {"TokenState", "EntraCredentials", "PackageCredentials", "VapidKeys", "VapidToken", "KeyingMaterial"}

every_example = pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: f"{type(value).__module__[8:]}.{value}")


def _classes(module: ModuleType) -> set[type]:
    shown = [getattr(module, name) for name in module.__all__ if name not in {*_NOT_SENT, "Notification"}]
    return {each for each in shown if isinstance(each, type) and dataclasses.is_dataclass(each)}


def _fields(value: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(value) if field.init]


def test_every_public_notification_and_part_is_held_to_what_this_file_says() -> None:
    assert {type(example) for example in EXAMPLES} == _classes(mpns) | _classes(wns) | _classes(webpush)
    assert all(isinstance(example, Value) for example in EXAMPLES)


@every_example
def test_a_copy_with_no_changes_is_equal_by_every_way(value: Any) -> None:
    ways: list[Callable[[Any], Any]] = [Value.replace, dataclasses.replace, Value.__replace__, copy.copy, copy.deepcopy]
    if sys.version_info >= (3, 13):
        ways.append(copy.replace)
    for way in ways:
        again = way(value)
        assert again == value
        assert getattr(again, "body", b"") == getattr(value, "body", b"")


ODD = [None, True, -1, 0.5, "", "a", b"a", [], ["a"], [[]], [None], {}, {"a": 1}, object(), str]


@every_example
@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_field_is_given_it_is_taken_or_refused_by_our_own_error(value: Any, odd: object) -> None:
    for name in _fields(value):
        with contextlib.suppress(ValidationError):
            assert isinstance(value.replace(**{name: odd}), Value)


@every_example
def test_every_field_can_be_given_its_own_value(value: Any) -> None:
    for name in _fields(value):
        given_again = {name: getattr(value, name)}
        assert value.replace(**given_again) == value
        assert dataclasses.replace(value, **given_again) == value


@every_example
def test_assigning_and_deleting_say_what_to_type_instead(value: Any) -> None:
    for name in _fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError, match=re.escape(f".replace({name}=…)")):
            setattr(value, name, getattr(value, name))
        with pytest.raises(dataclasses.FrozenInstanceError, match=re.escape(f".replace({name}=")):
            delattr(value, name)


@every_example
def test_a_name_that_is_not_a_field_is_answered_with_those_that_are(value: Any) -> None:
    said = f"no field 'colour'; its fields are {', '.join(_fields(value))}"
    with pytest.raises(TypeError, match=said):
        value.replace(colour="red")
    with pytest.raises(dataclasses.FrozenInstanceError, match=said):
        value.colour = "red"
    with pytest.raises(dataclasses.FrozenInstanceError, match=said):
        del value.colour
    with pytest.raises(TypeError, match="colour"):
        dataclasses.replace(value, colour="red")


@every_example
def test_a_value_that_was_pickled_is_the_same_and_still_frozen(value: Any) -> None:
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    assert again == value
    with pytest.raises(dataclasses.FrozenInstanceError, match="replace"):
        setattr(again, _fields(value)[0], None)


@given(st.one_of(mpns_strategies.NOTIFICATIONS, wns_strategies.toasts(), wns_strategies.tiles()))
@patient
def test_a_random_notification_can_be_given_each_of_its_values_again(value: Any) -> None:
    for name in _fields(value):
        again = value.replace(**{name: getattr(value, name)})
        assert (again, again.body) == (value, value.body)


def test_properties_are_set_one_by_one_as_on_nodes_objects() -> None:
    toast = mpns.Toast("Bold")
    toast = toast.replace(text2="This is normal text")
    toast = toast.replace(batching=mpns.Batching.WITHIN_450_SECONDS, message_id=str(UUID(int=1)))
    assert toast.body == mpns.Toast("Bold", "This is normal text").body
    with pytest.raises(dataclasses.FrozenInstanceError, match=re.escape("toast = toast.replace(text1=…)")):
        toast.text1 = "x"  # type: ignore[misc]  # on purpose
    with pytest.raises(dataclasses.FrozenInstanceError, match=re.escape("flip_tile = flip_tile.replace(title=None)")):
        del mpns.FlipTile(title="a").title


def test_a_changed_value_is_checked_as_a_new_one() -> None:
    with pytest.raises(ValidationError, match="must start with"):
        mpns.Toast("a").replace(param="Page.xaml")
    with pytest.raises(ValidationError, match="ttl"):
        wns.Toast("a").replace(ttl=timedelta(seconds=-1))


def test_the_fields_that_positional_arguments_fill_are_replaced_by_name() -> None:
    assert wns.Toast("a", launch="x").replace(content=["b"]) == wns.Toast("b", launch="x")
    assert dataclasses.replace(wns.Toast("a"), launch="y") == wns.Toast("a", launch="y")
    assert wns.TileBinding("small", "a").replace(size="medium") == wns.TileBinding("medium", "a")
    assert _GROUP.replace(subgroups=[wns.Subgroup("b")]) == wns.Group(wns.Subgroup("b"))
    with pytest.raises(ValidationError, match=re.escape("content: must be a list, such as ['b']")):
        wns.Toast("a").replace(content="b")


def test_what_was_settled_by_itself_is_settled_again() -> None:
    adaptive, legacy = wns.TileBinding("medium", "a"), wns.LegacyBinding("TileSquare150x150Text04", ["a"])
    assert wns.Tile(adaptive).replace(bindings=[adaptive, legacy]) == wns.Tile(adaptive, legacy)
    assert wns.Tile(adaptive, version=3).replace(bindings=[adaptive, legacy]).version == 3
    wide = legacy.replace(template="TileWide310x150Text04")
    assert wide == wns.LegacyBinding("TileWide310x150Text04", ["a"])
    styled = wns.Toast("a", actions=[wns.Button("Yes", "y", style="Success")])
    assert styled.replace(actions=()) == wns.Toast("a")


def test_a_name_that_a_part_has_no_parameter_for_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="no field 'x'; its fields are subgroups"):
        wns.Group(x=1)  # type: ignore[arg-type]  # on purpose


@every_example
def test_a_subclass_of_a_text_number_or_time_counts_as_the_value_that_it_holds(value: Any) -> None:
    check_disguised(value)


@given(st.one_of(mpns_strategies.NOTIFICATIONS, wns_strategies.toasts(), wns_strategies.tiles()))
@patient
def test_a_random_notification_of_subclasses_is_that_of_the_values_that_they_hold(value: Any) -> None:
    check_disguised(value)


class _Theme(str, enum.Enum):  # noqa: UP042 - a StrEnum writes itself as its value
    NEWS = "news"


class _Level(int, enum.Enum):
    FIVE = 5


def test_a_member_of_an_enumeration_stands_for_its_value() -> None:
    assert wns.Toast(_Theme.NEWS, tag=_Theme.NEWS) == wns.Toast("news", tag="news")
    assert wns.Toast(_Theme.NEWS, launch=_Theme.NEWS).body == wns.Toast("news", launch="news").body
    assert wns.Badge(_Level.FIVE).body == b'<badge value="5"/>'
    assert mpns.FlipTile(title=_Theme.NEWS, count=_Level.FIVE).body == mpns.FlipTile(title="news", count=5).body
    assert wns.ClearToasts(tag=_Theme.NEWS).match == "type:wns/toast;tag=news"
    assert webpush.Message("a", topic=_Theme.NEWS).to_dict()["topic"] == "news"
