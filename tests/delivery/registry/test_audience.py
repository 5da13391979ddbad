"""Audiences: which registrations they select, the same in memory and in a database."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import Service, ValidationError
from winpush.delivery.registry.audience import CONDITIONS, HOLDS, conditions_in, keys_in
from winpush.delivery.registry.registration import Audience, Operator, Registration, version_key

TOKEN = "AAFRQmVzdFRva2VuRXZlcg"
WNS = f"https://db5.notify.windows.com/?token={TOKEN}"
MPNS = f"http://db3.notify.live.net/throttledthirdparty/01.00/{TOKEN}"


def nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["format", "a", *(condition.name for condition in CONDITIONS)])
    return st.lists(values) | st.dictionaries(names, values | st.just(1))


def person(**values: Any) -> Registration:
    return Registration(values.pop("uri", WNS), **values)


@pytest.mark.parametrize(
    ("audience", "inside", "outside"),
    [
        (Audience(service=Service.WNS), person(), person(uri=MPNS)),
        (Audience(app="weather"), person(app="weather"), person(app="weather 2")),
        (Audience(app="weather"), person(app="weather"), person()),
        (Audience(keys=["a", "b"]), person(key="a"), person(key="c")),
        (Audience(keys=["a"]), person(key="a"), person()),
        (Audience(any_tags=["a", "b"]), person(tags=["b", "c"]), person(tags=["c"])),
        (Audience(all_tags=["a", "b"]), person(tags=["a", "b", "c"]), person(tags=["a"])),
        (Audience(no_tags=["a", "b"]), person(), person(tags=["b"])),
        (Audience(platforms=["windows"]), person(platform="windows"), person()),
        (Audience(locales=["de"]), person(locale="de-AT"), person(locale="den")),
        (Audience(locales=["DE-at"]), person(locale="de-AT"), person(locale="de")),
        (Audience(locales=["de"]), person(locale="de"), person()),
        (Audience(os_version_from="10.0"), person(os_version="10"), person(os_version="9.9")),
        (Audience(os_version_from="10.0"), person(os_version="10.1"), person()),
        (Audience(os_version_below="10"), person(os_version="9.9"), person(os_version="10.0")),
        (Audience(app_version_below="1.10"), person(app_version="1.9"), person(app_version="1.10.1")),
        (Audience(attributes={"a": 1}), person(attributes={"a": 1.0, "b": 2}), person(attributes={"a": True})),
        (Audience(attributes={"a": True}), person(attributes={"a": True}), person(attributes={"a": 1})),
        (Audience(attributes={"a": "1"}), person(attributes={"a": "1"}), person(attributes={"a": 1})),
        (Audience(attributes={"a": 0}), person(attributes={"a": 0}), person()),
    ],
    ids=lambda value: value.to_json() if isinstance(value, Audience) else "",
)
def test_an_audience_takes_one_and_leaves_the_other(
    audience: Audience, inside: Registration, outside: Registration
) -> None:
    assert audience.matches(inside)
    assert not audience.matches(outside)
    assert Audience().matches(outside)
    assert Audience.from_json(audience.to_json()) == audience
    assert dict(conditions_in(audience.to_json())) == dict(audience.conditions())


def test_all_conditions_must_hold() -> None:
    audience = Audience(any_tags=["a"], locales=["de"])
    assert audience.matches(person(tags=["a"], locale="de"))
    assert not audience.matches(person(tags=["a"], locale="fr"))
    assert not audience.matches(person(tags=["b"], locale="de"))


def test_every_condition_and_every_operator_of_the_table_is_in_use() -> None:
    assert {condition.name for condition in CONDITIONS} == set(Audience.__slots__)
    assert {condition.operator for condition in CONDITIONS} == set(Operator) == set(HOLDS)


def test_conditions_carry_operands_that_a_database_can_compare() -> None:
    audience = Audience(service=Service.MPNS, app_version_from="1.2", locales=["de"], attributes={"a": 1})
    asked = {condition.name: operand for condition, operand in audience.conditions()}
    assert asked == {
        "service": "mpns",
        "app_version_from": version_key("1.2"),
        "locales": {"de"},
        "attributes": {"a": 1},
    }
    assert list(Audience().conditions()) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"service": "wns"}, "service"),
        ({"app": ""}, "app"),
        ({"app": ["a"]}, "app"),
        ({"keys": "abc"}, "keys"),
        ({"keys": [None]}, "keys"),
        ({"keys": [""]}, "keys"),
        ({"keys": map(str, range(1001))}, "keys"),
        ({"any_tags": ["a b"]}, "any_tags"),
        ({"all_tags": "a"}, "all_tags"),
        ({"no_tags": 7}, "no_tags"),
        ({"platforms": ["9"]}, "platforms"),
        ({"platforms": [[]]}, "platforms"),
        ({"locales": ["de AT"]}, "locales"),
        ({"locales": [None]}, "locales"),
        ({"os_version_from": "x"}, "os_version_from"),
        ({"app_version_below": 1}, "app_version_below"),
        ({"os_version_from": "2", "os_version_below": "1.9"}, "os_version_below"),
        ({"app_version_from": "2", "app_version_below": "2.0"}, "app_version_below"),
        ({"attributes": {"a": []}}, "attributes.a"),
    ],
)
def test_a_wrong_condition_is_refused_by_its_name(values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Audience(**values)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("[]", "JSON object"),
        ("{}", "format"),
        ('{"format":2}', "format 1"),
        ('{"format":1,"tag":[]}', "'tag'"),
        ('{"format":1,"service":"apns"}', "'mpns', 'wns' or 'webpush'"),
        ('{"format":1,"service":[]}', "'mpns', 'wns' or 'webpush'"),
        ('{"format":1,"keys":"x"}', "must be a list"),
    ],
)
def test_a_text_that_is_no_audience_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Audience.from_json(text)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), nested).map(json.dumps))
def test_whatever_is_stored_as_an_audience_only_our_own_error_comes_of_it(text: str) -> None:
    with contextlib.suppress(ValidationError):
        conditions_in(text)


def test_the_keys_of_an_audience_are_read_without_the_rest_of_it() -> None:
    assert keys_in(Audience(keys=["a", "b"], locales=["de"]).to_json()) == frozenset({"a", "b"})
    assert keys_in(Audience(locales=["de"]).to_json()) is None


def test_equal_audiences_have_the_same_json_and_hash() -> None:
    one, other = Audience(any_tags=["b", "a"]), Audience(any_tags=["a", "b", "b"])
    assert one == other
    assert one.to_json() == other.to_json() == '{"any_tags":["a","b"],"format":1}'
    assert len({one, other}) == 1
    assert one != Audience()
    assert one != "x"
