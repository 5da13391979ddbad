"""Registrations: valid once made, and without a URI in any message."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from winpush import ChannelError, Client, Service, ValidationError, mpns
from winpush.channels import AllowedHosts
from winpush.delivery.registry.registration import Registration, version_key

TOKEN = "AAFRQmVzdFRva2VuRXZlcg"
WNS = f"https://db5.notify.windows.com/?token={TOKEN}"
MPNS = f"http://db3.notify.live.net/throttledthirdparty/01.00/{TOKEN}"


def test_a_registration_keeps_what_it_is_given() -> None:
    made = Registration(
        WNS,
        key="user 7",
        device="tablet",
        app="weather",
        tags=["news", "beta", "news"],
        platform="windows",
        os_version="10.0.19045",
        app_version="2.1-rc1",
        locale="de-AT",
        time_zone="Europe/Vienna",
        attributes={"city": "Wien", "age": 7, "score": 0.5, "paid": True},
    )
    assert made.service is Service.WNS
    assert made.app == "weather"
    assert made.tags == {"news", "beta"}
    assert made.attributes == {"city": "Wien", "age": 7, "score": 0.5, "paid": True}
    assert Registration.of(json.loads(json.dumps(made.to_dict()))) == made


def test_the_uri_is_kept_in_one_form_whatever_the_device_wrote() -> None:
    assert Registration(f"HTTPS://DB5.Notify.Windows.com:443/?token={TOKEN}").uri == WNS
    assert Registration(WNS).origin == "https://db5.notify.windows.com"


def test_the_uri_can_be_read_from_no_repr_and_no_message() -> None:
    made = Registration(WNS, key="k")
    assert TOKEN not in repr(made)
    assert TOKEN not in str(made)
    assert made.short in repr(made)
    for wrong in (WNS + " x", WNS + "#x", WNS.replace("windows", "example"), f"https://u:{TOKEN}@x/"):
        with pytest.raises(ChannelError) as caught:
            Registration(wrong)
        assert caught.value.field == "uri"
        assert TOKEN not in str(caught.value)


def test_a_host_that_the_caller_allows_is_taken_and_its_path_tells_the_service() -> None:
    allowed = AllowedHosts.of(["127.0.0.1:8080"])
    uri = "http://127.0.0.1:8080/throttledthirdparty/01.00/x"
    assert Registration(uri, allow_hosts=allowed).service is Service.MPNS
    assert Registration("http://127.0.0.1:8080/?token=x", allow_hosts=allowed).service is Service.WNS
    assert Registration.of({"uri": uri}, ["127.0.0.1:8080"]).uri == uri
    with pytest.raises(ChannelError, match="neither MPNS"):
        Registration(uri)


def test_where_neither_host_nor_path_tell_the_service_the_platform_does() -> None:
    uri, hosts = "http://push.test/x", ["push.test"]
    assert Registration(uri, platform="windows", allow_hosts=hosts).service is Service.WNS
    assert Registration(uri, platform="8.0", allow_hosts=hosts).service is Service.MPNS
    with pytest.raises(ChannelError, match="give the platform too"):
        Registration(uri, allow_hosts=hosts)


def test_a_browsers_channel_needs_its_keys() -> None:
    with pytest.raises(ValidationError, match="keys"):
        Registration(WNS.replace("/?", "/w/?"))


@pytest.mark.parametrize("cut", ["https://db5.notify.windows.com", "https://db5.notify.windows.com/", WNS[:38]])
def test_a_uri_that_has_lost_its_token_is_refused(cut: str) -> None:
    for uri, hosts in ((cut, []), ("http://127.0.0.1:8080/?token=", ["127.0.0.1:8080"])):
        with pytest.raises(ChannelError, match=r"^uri: has no token"):
            Registration(uri, allow_hosts=hosts)


@pytest.mark.parametrize(
    "cut",
    [
        "https://s.notify.live.net",
        "https://s.notify.live.net/",
        "https://s.notify.live.net/u",
        "https://s.notify.live.net/u/1",
        "https://s.notify.live.net/u/1/db3",
        "https://s.notify.live.net/u/1/db3/",
        "http://sn1.notify.live.net/throttledthirdparty",
        "http://sn1.notify.live.net/throttledthirdparty/01.00",
        "http://sn1.notify.live.net/throttledthirdparty/01.00/",
        "https://sn1.notify.live.net/UnthrottledThirdParty/01.00?x=1",
    ],
)
def test_a_phones_uri_that_was_cut_before_its_token_is_refused(cut: str) -> None:
    with pytest.raises(ChannelError, match=r"^uri: ends before the part that names the channel"):
        Registration(cut)
    with pytest.raises(ChannelError, match="ends before"), Client() as client:
        client.send(cut, mpns.Toast("Hello"))


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"uri": 7}, "uri", "must be text, not int"),
        ({"uri": None}, "uri", "is missing"),
        ({"key": ""}, "key", "1 to 200"),
        ({"key": "x" * 201}, "key", "has 201 characters"),
        ({"key": 7}, "key", "must be text, not int"),
        ({"key": "a\nb"}, "key", "line break"),
        ({"key": "a\0b"}, "key", "U+0000"),
        ({"key": "\ud800"}, "key", "U+D800"),
        ({"device": "x" * 201}, "device", "1 to 200"),
        ({"app": ""}, "app", "1 to 64"),
        ({"app": "x" * 65}, "app", "has 65 characters"),
        ({"app": "a\0b"}, "app", "control character"),
        ({"app": ["a"]}, "app", "must be text, not list"),
        ({"tags": "news"}, "tags", "must be a list"),
        ({"tags": 7}, "tags", "must be a list"),
        ({"tags": {"a": 1}}, "tags", "must be a list"),
        ({"tags": [7]}, "tags", "one is int"),
        ({"tags": ["a b"]}, "tags", "'a b'"),
        ({"tags": [""]}, "tags", "1 to 64"),
        ({"tags": ["a;b"]}, "tags", "without white space"),
        ({"tags": frozenset({"a\0"})}, "tags", "1 to 64"),
        ({"tags": [str(n) for n in range(101)]}, "tags", "has 101 tags; the limit is 100"),
        ({"platform": "9.0"}, "platform", "8.1, windows"),
        ({"platform": "7.0"}, "platform", "of WNS are"),
        ({"platform": 8}, "platform", "of WNS are"),
        ({"platform": ["8.1"]}, "platform", "of WNS are"),
        ({"uri": MPNS, "platform": "windows"}, "platform", "of MPNS are 7.0"),
        ({"os_version": "ten"}, "os_version", "10.0.19045"),
        ({"os_version": 10}, "os_version", "must be text"),
        ({"app_version": "1.2.3.4.5"}, "app_version", "one to four numbers"),
        ({"app_version": "1." + "9" * 9}, "app_version", "one to four numbers"),
        ({"app_version": "1-" + "x" * 99}, "app_version", "one to four numbers"),
        ({"app_version": "1\n"}, "app_version", "one to four numbers"),
        ({"app_version": "١"}, "app_version", "one to four numbers"),
        ({"locale": "de AT"}, "locale", "not a language tag"),
        ({"locale": "x" * 36}, "locale", "not a language tag"),
        ({"locale": 7}, "locale", "must be text"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "time zone database"),
        ({"time_zone": "../etc/passwd"}, "time_zone", "time zone database"),
        ({"time_zone": "Europe"}, "time_zone", "time zone database"),
        ({"time_zone": ""}, "time_zone", "time zone database"),
        ({"time_zone": 1}, "time_zone", "must be text"),
        ({"attributes": [1]}, "attributes", "must be a mapping"),
        ({"attributes": {"a b": 1}}, "attributes", "'a b'"),
        ({"attributes": {7: 1}}, "attributes", "names are strings"),
        ({"attributes": {"a": "x" * 1001}}, "attributes.a", "1001 characters"),
        ({"attributes": {"a": float("nan")}}, "attributes.a", "2**53"),
        ({"attributes": {"a": 2**53 + 1}}, "attributes.a", "2**53"),
        ({"attributes": {"a": 10**400}}, "attributes.a", "2**53"),
        ({"attributes": {"a": [1]}}, "attributes.a", "not list"),
        ({"attributes": {"a": "\0"}}, "attributes.a", "U+0000"),
        ({"attributes": {f"a{n}": 1 for n in range(51)}}, "attributes", "has 51"),
        ({"attributs": {}}, "attributs", "is not a field"),
        ({7: "x"}, "7", "is not a field"),
        ({"\ud800": "x"}, "'\\ud800'", "is not a field"),
        ({"a\x1b[2J": "x"}, "'a\\x1b[2J'", "is not a field"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(values: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Registration.of({"uri": WNS, **values})
    assert caught.value.field == field
    assert said in caught.value.problem


@pytest.mark.parametrize("values", [{"key": WNS}, {"key": MPNS}, {"tags": ["news", f"HTTPS://{WNS[8:]}"]}])
def test_a_channel_uri_is_no_key_and_no_tag(values: dict[str, Any]) -> None:
    """Both are shown and logged. An address of somebody's own may be a key."""
    with pytest.raises(ValidationError, match="holds a channel URI") as caught:
        Registration(WNS, **values)
    assert TOKEN not in str(caught.value)
    assert Registration(WNS, key="https://social.example/users/ada").key == "https://social.example/users/ada"


def test_what_is_no_mapping_is_no_registration() -> None:
    with pytest.raises(ValidationError, match="must be a mapping"):
        Registration.of([WNS])  # type: ignore[arg-type]  # on purpose


def test_a_phone_app_of_81_may_have_a_channel_of_either_service() -> None:
    assert Registration(WNS, platform="8.1").service is Service.WNS
    assert Registration(MPNS, platform="8.1").service is Service.MPNS


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("DE", "de"),
        ("de-at", "de-AT"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("sr-LATN-rs", "sr-Latn-RS"),
        ("EN-us-X-Twain", "en-US-x-twain"),
        ("es-419", "es-419"),
        ("de-1996", "de-1996"),
        ("en-u-CA-gregory", "en-u-ca-gregory"),
    ],
)
def test_a_locale_is_kept_in_its_canonical_case(written: str, kept: str) -> None:
    assert Registration(WNS, locale=written).locale == kept


def test_an_attribute_that_is_none_is_left_out_and_a_whole_float_is_an_int() -> None:
    made = Registration(WNS, attributes={"gone": None, "n": 1.0, "t": True})
    assert dict(made.attributes) == {"n": 1, "t": True}
    assert type(made.attributes["n"]) is int
    assert type(made.attributes["t"]) is bool


def test_a_registration_can_be_changed_by_nobody() -> None:
    made = Registration(WNS, attributes={"a": 1})
    with pytest.raises(AttributeError):
        made.key = "x"  # type: ignore[misc]  # on purpose
    with pytest.raises(TypeError):
        made.attributes["a"] = 2  # type: ignore[index]  # on purpose


def test_registrations_are_equal_by_all_that_they_say() -> None:
    one = Registration(WNS, tags=["a"])
    assert one == Registration(WNS, tags=["a"])
    assert one != Registration(WNS)
    assert one != WNS
    assert len({one, Registration(WNS, tags=["a"])}) == 1


VERSIONS = st.lists(st.integers(0, 99_999_999), min_size=1, max_size=4)


@given(VERSIONS, VERSIONS)
def test_version_keys_sort_as_the_versions_do(one: list[int], other: list[int]) -> None:
    padded = [(*version, 0, 0, 0)[:4] for version in (one, other)]
    keys = [version_key(".".join(map(str, version))) for version in (one, other)]
    assert (keys[0] < keys[1]) is (padded[0] < padded[1])
    assert (keys[0] == keys[1]) is (padded[0] == padded[1])
    assert all(len(key) == 32 for key in keys)


@given(
    st.dictionaries(st.sampled_from(["key", "tags", "locale", "attributes", "time_zone", "x"]), st.from_type(object))
)
@example({"tags": NotImplemented})
@example({"attributes": NotImplemented})
def test_whatever_stands_in_a_row_it_is_refused_by_our_own_error(values: dict[str, Any]) -> None:
    with contextlib.suppress(ValidationError):
        Registration.of({"uri": WNS, **values})


def test_values_that_were_checked_already_make_the_same_registration() -> None:
    made = Registration(WNS, key="k", tags=["a"], locale="de", attributes={"a": 1})
    assert Registration.of_checked(*[getattr(made, name) for name in Registration.__slots__]) == made
    with pytest.raises(ValueError, match="shorter"):
        Registration.of_checked(made.uri, made.service)
