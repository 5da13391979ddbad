"""Subscriptions: what a browser gives is checked before it is stored (webpush.md 2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webpush import vector
from winpush import Channel, ChannelError, Service, ValidationError
from winpush.webpush import Subscription, base64url


def test_what_the_browser_gives_is_read_as_a_dict_as_text_and_as_bytes() -> None:
    text = json.dumps(vector.given())
    assert Subscription.of(vector.given()) == Subscription.of(text) == Subscription.of(text.encode())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_of_it_is_read_as_editors_save_it(encoding: str) -> None:
    text = json.dumps(vector.given(), indent=2).replace("\n", "\r\n")
    assert Subscription.of(text.encode(encoding)) == Subscription.of("\ufeff" + text) == vector.subscription()


def test_it_comes_back_as_it_was() -> None:
    given = vector.given(expirationTime=1893456000000)
    made = Subscription.of(given)
    assert made.to_dict() == given
    assert made.expires_at == datetime(2030, 1, 1, tzinfo=UTC)


def test_the_escapes_of_the_token_are_kept_byte_for_byte() -> None:
    assert vector.subscription().endpoint == vector.ENDPOINT
    assert vector.subscription().channel.service is Service.WEBPUSH


@pytest.mark.parametrize("pad", ["", "=", "=="])
def test_padding_may_be_there_or_not(pad: str) -> None:
    keys = {"p256dh": vector.BROWSER_KEY + pad, "auth": vector.AUTH + pad}
    assert vector.subscription(keys=keys) == vector.subscription()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QGuQ",
        "https://wns2-pn1p.notify.windows.com/w/?token=" + "a" * 400,
    ],
)
def test_the_services_of_all_browsers_are_known(endpoint: str) -> None:
    assert vector.subscription(endpoint=endpoint).channel.service is Service.WEBPUSH


# Those that were seen; the list is open.
CENTRES = (
    "dm3p",
    "par02p",
    "sg2p",
    *(f"wns2-{place}p" for place in ["am3", "bl2", "by3", "ch1", "db5", "ln2", "pn1", "sg2"]),
    "new1p",
)


@pytest.mark.parametrize("centre", CENTRES)
def test_every_data_centre_of_wns_is_known(centre: str) -> None:
    channel = vector.subscription(endpoint=f"https://{centre}.notify.windows.com/w/?token=BQYAAAB%2b").channel
    assert (channel.service, str(channel.origin)) == (Service.WEBPUSH, f"https://{centre}.notify.windows.com")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://attacker.example/x.windows.com/",
        "https://attacker.example/?notify.windows.com/w/",
        "https://notify.windows.com.evil.example/w/?token=x",
        "https://xfcm.googleapis.com/fcm/send/x",
        "https://user@wns2-by3p.notify.windows.com/w/?token=x",
        "https://wns2-by3p.notify.windows.com:8443/w/?token=x",
        "http://wns2-by3p.notify.windows.com/w/?token=x",
        "http://fcm.googleapis.com/fcm/send/x",
        "ftp://fcm.googleapis.com/fcm/send/x",
        "https://wns2-by3p.notify.windows.com/w/?token=" + "a" * 5000,
        None,
        7,
    ],
)
def test_an_endpoint_that_is_no_push_services_is_refused(endpoint: object) -> None:
    with pytest.raises(ChannelError) as caught:
        vector.subscription(endpoint=endpoint)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://wns2-by3p.notify.windows.com/w/",
        "https://wns2-by3p.notify.windows.com/w/?token=",
        "https://fcm.googleapis.com",
        "https://fcm.googleapis.com/fcm/send/",
        "https://updates.push.services.mozilla.com/wpush/",
        "https://web.push.apple.com/",
    ],
)
def test_an_endpoint_that_names_no_subscription_is_refused(endpoint: str) -> None:
    with pytest.raises(ChannelError, match="names no"):
        vector.subscription(endpoint=endpoint)


@pytest.mark.parametrize(
    "path",
    ["/w/?token=x", "/W/?token=x", "/w?token=x", "//w/?token=x", "/%77/?token=x", "/./w/?token=x", "/x/../w/?token=x"],
)
def test_a_browsers_channel_at_wns_is_known_however_its_path_is_written(path: str) -> None:
    channel = Channel.parse(f"https://wns2-by3p.notify.windows.com{path}")
    assert channel.service is Service.WEBPUSH
    assert not channel.may_belong_to(Service.WNS)


def test_another_push_service_is_allowed_by_name() -> None:
    given = vector.given(endpoint="https://push.test/abc")
    assert Subscription.of(given, allow_hosts=["push.test"]).endpoint == "https://push.test/abc"


@pytest.mark.parametrize(
    "endpoint", ["https://db5.notify.windows.com/?token=AwYAAA", "http://s.notify.live.net/u/1/db3/abc"]
)
def test_a_native_channel_is_named_as_what_was_mixed_up(endpoint: str) -> None:
    with pytest.raises(ChannelError, match="native channel"):
        vector.subscription(endpoint=endpoint)


POINT = base64url.decode("x", vector.BROWSER_KEY)


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (None, "keys"),
        ({}, "keys.p256dh"),
        ({"p256dh": vector.BROWSER_KEY}, "keys.auth"),
        ({"p256dh": "€", "auth": vector.AUTH}, "keys.p256dh"),
        ({"p256dh": base64url.encode(POINT[:-1]), "auth": vector.AUTH}, "p256dh"),
        ({"p256dh": base64url.encode(b"\x02" + POINT[1:]), "auth": vector.AUTH}, "p256dh"),
        ({"p256dh": base64url.encode(POINT[:-1] + b"\x00"), "auth": vector.AUTH}, "p256dh"),
        ({"p256dh": base64url.encode(b"\x04" + bytes(64)), "auth": vector.AUTH}, "p256dh"),
        ({"p256dh": base64url.encode(b"\x04" + b"\xff" * 64), "auth": vector.AUTH}, "p256dh"),
        ({"p256dh": vector.BROWSER_KEY, "auth": "AAAA"}, "auth"),
    ],
)
def test_keys_that_no_browser_made_are_refused_by_name(keys: object, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        vector.subscription(keys=keys)
    assert caught.value.field == field
    assert vector.BROWSER_KEY[:20] not in str(caught.value)


@pytest.mark.parametrize("given", ["", "{", "[]", b"\xff", "null", 5, "[" * 100_000])
def test_what_is_no_subscription_at_all_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        Subscription.of(given)  # type: ignore[arg-type]  # what a caller may give by mistake


@pytest.mark.parametrize("expires", ["soon", True, 1e300, float("nan")])
def test_an_expiry_that_is_no_time_is_refused(expires: object) -> None:
    with pytest.raises(ValidationError, match="expirationTime"):
        vector.subscription(expirationTime=expires)


def test_the_constructor_checks_too() -> None:
    good = vector.subscription()
    with pytest.raises(ValidationError, match="auth"):
        Subscription(good.channel, good.p256dh, b"short")
    with pytest.raises(ChannelError, match="native"):
        Subscription(Channel.parse("https://db5.notify.windows.com/?token=x"), good.p256dh, good.auth)
    with pytest.raises(ValidationError, match=r"Subscription\.of"):
        Subscription(good.endpoint, good.p256dh, good.auth)  # type: ignore[arg-type]  # text by mistake


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
HOSTS = st.sampled_from(["fcm.googleapis.com", "wns2-by3p.notify.windows.com", "web.push.apple.com", "evil.example"])
ENDPOINTS = st.builds("https://{}{}".format, HOSTS, st.text(max_size=30)) | st.builds(
    "https://{}/w/?token={}".format, HOSTS, st.text("abcdefABCDEF0189-_.~%&=:+/", max_size=60)
)
GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": ENDPOINTS | ANYTHING,
        "expirationTime": ANYTHING,
        "keys": st.fixed_dictionaries(
            {},
            optional={
                "p256dh": st.just(vector.BROWSER_KEY) | st.text("AB-_=+/ \n", max_size=90) | ANYTHING,
                "auth": st.just(vector.AUTH) | st.text("AB-_=+/ \n", max_size=30) | ANYTHING,
            },
        )
        | ANYTHING,
    },
)


@given(GIVEN | ANYTHING)
def test_whatever_a_page_sends_is_a_subscription_or_is_refused(anything: Any) -> None:
    """Never another exception; and what is taken goes out as it came."""
    try:
        made = Subscription.of(anything)
    except ValidationError:
        return
    assert made.endpoint == anything["endpoint"]
    assert Subscription.of(json.dumps(made.to_dict())) == made


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_text_that_is_no_subscription_is_refused(anything: str | bytes) -> None:
    with pytest.raises(ValidationError):
        Subscription.of(anything)


@pytest.mark.parametrize("expires", [datetime(2030, 1, 1), 1_893_456_000_000, "2030-01-01T00:00:00Z"])  # noqa: DTZ001 - the lack of a zone is the test
def test_an_end_without_a_time_zone_is_refused(expires: Any) -> None:
    with pytest.raises(ValidationError, match="expires_at: must be a datetime with a time zone"):
        vector.subscription().replace(expires_at=expires)
