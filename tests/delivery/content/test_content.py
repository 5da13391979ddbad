"""Contents: each channel gets its own form, and channels that need the same get the same object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.content.someone import MINUTE, Someone, phone, refused, sent, template
from winpush import Service, ValidationError, mpns, wns
from winpush.delivery.content.content import Content, Reason, Refusal
from winpush.results import Notification


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "has no notification"),
        ({"mpns": wns.Toast("x")}, "winpush.mpns"),
        ({"wns": mpns.Toast(text1="x")}, "winpush.wns"),
        ({"wns": "x"}, "winpush.wns"),
        ({"wns": wns.Toast("{name"), "template": True}, "position 0"),
        ({"wns": wns.Toast("a } b"), "template": True}, "position 2"),
        ({"wns": wns.Toast("{a.b}"), "template": True}, "a stray"),
        ({"wns": wns.Toast("{a!r}"), "template": True}, "a stray"),
        ({"wns": wns.Toast("{a:>99}"), "template": True}, "a stray"),
        ({"wns": wns.Toast("{a[0]}"), "template": True}, "a stray"),
        ({"wns": wns.Toast("{}"), "template": True}, "a stray"),
        ({"wns": wns.Toast("x", launch="{"), "template": True}, "Toast.launch"),
        ({"wns": wns.Raw("{}"), "template": True}, "can't fill a Raw"),
        ({"mpns": mpns.Raw("{}"), "template": True}, "can't fill a Raw"),
        ({"wns": wns.Xml("badge", "<badge/>"), "template": True}, "can't fill a Xml"),
        ({"mpns": mpns.Xml("toast", mpns.Toast("a").body), "template": True}, "can't fill a Xml"),
        ({"wns": wns.Badge(1), "template": "yes"}, "True or False"),
        ({"wns": wns.Badge(1), "defaults": {"a b": 1}}, "defaults"),
        ({"wns": wns.Badge(1), "locales": []}, "must be a mapping"),
        ({"wns": wns.Badge(1), "locales": {"x_y": wns.Badge(2)}}, "language tag"),
        ({"wns": wns.Badge(1), "locales": {"de": "x"}}, "must be a notification"),
        ({"wns": wns.Badge(1), "locales": {"de": wns.Badge(2), "DE": wns.Badge(3)}}, "twice"),
        (
            {"wns": wns.Badge(1), "locales": {"de": Content(wns=wns.Badge(1), locales={"fr": wns.Badge(2)})}},
            "its own locales",
        ),
    ],
)
def test_a_content_that_can_not_be_sent_is_refused_at_once(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Content(**values)


def test_a_notification_of_the_users_own_class_is_refused_at_once() -> None:
    class Mine(wns.Badge):
        pass

    with pytest.raises(ValidationError, match="not Mine"):
        Content.of(Mine(1))
    with pytest.raises(ValidationError, match="not int"):
        Content.of(1)
    content = Content(wns=wns.Badge(1))
    assert Content.of(content) is content


def test_each_service_gets_its_own_form() -> None:
    content = Content(mpns=mpns.Toast(text1="phone"), wns=wns.Toast("windows"))
    assert sent(content, phone()) is content.mpns
    assert sent(content, Someone()) is content.wns


def test_a_channel_without_a_form_gets_nothing_and_hears_why() -> None:
    assert refused(Content(wns=wns.Badge(1)), phone()).reason is Reason.NO_FORM
    assert "mpns=" in refused(Content(wns=wns.Badge(1)), phone()).explanation


def test_a_windows_channel_gets_the_phones_form_converted_where_it_has_none_of_its_own() -> None:
    made = sent(Content(mpns=mpns.Raw("x")), Someone())
    assert isinstance(made, wns.Raw)


def test_an_older_phone_gets_what_it_can_show() -> None:
    content = Content(mpns=mpns.Toast(text1="x", param="/P.xaml"))
    assert sent(content, phone("7.0")) == mpns.Toast(text1="x")
    assert sent(content, phone("8.0")) is content.mpns
    assert sent(content, phone(None)) is content.mpns
    tile = Content(mpns=mpns.IconicTile(icon_image="i.png"))
    nothing = refused(tile, phone("7.0"))
    assert nothing.reason is Reason.NOTHING_LEFT
    assert "7.0" in nothing.explanation


def test_windows_is_not_asked_to_take_toasts_back() -> None:
    content = Content(wns=wns.ClearToasts(everything=True))
    assert refused(content, Someone(platform="windows")).reason is Reason.NOT_FOR_PLATFORM
    assert sent(content, Someone(platform="8.1"), remaining=MINUTE) is content.wns


@pytest.mark.parametrize(
    ("locale", "text"),
    [("de-AT", "Servus"), ("de-CH", "Hallo"), ("de", "Hallo"), ("den", "Hello"), (None, "Hello"), ("fr", "Bonjour")],
)
def test_a_channel_gets_its_language_or_the_next_wider_one(locale: str | None, text: str) -> None:
    content = Content(
        mpns=mpns.Toast(text1="Hello"),
        wns=wns.Toast("Hello"),
        locales={"de": wns.Toast("Hallo"), "de-at": wns.Toast("Servus"), "fr": mpns.Toast(text1="Bonjour")},
    )
    assert sent(content, Someone(locale=locale)).content == (text,)


def test_a_language_that_lacks_a_service_leaves_it_to_the_wider_one() -> None:
    content = Content(mpns=mpns.Toast(text1="Hello"), wns=wns.Badge(1), locales={"de": wns.Badge(2)})
    assert sent(content, phone(locale="de")) is content.mpns
    assert sent(content, Someone(locale="de")) == wns.Badge(2)


def test_channels_that_need_the_same_get_the_same_object() -> None:
    content = Content(
        mpns=mpns.Toast(text1="Hi {name}", param="/P.xaml"),
        wns=wns.Toast("Hi {name}"),
        template=True,
        locales={"de": wns.Toast("Hallo {name}")},
    )
    for version in (None, "7.0"):
        one, other = (Someone(Service.MPNS, version, None, key, {"name": "Al"}) for key in ("a", "b"))
        assert sent(content, one) is sent(content, other)
    german = [sent(content, Someone(locale=tag, attributes={"name": "Al"})) for tag in ("de", "de-AT", "de-CH")]
    assert german[0] is german[1] is german[2]
    phones = [sent(content, phone(version, attributes={"name": "Al"})) for version in ("7.1", "8.0", "8.1")]
    assert phones[0] is phones[1] is phones[2]


def test_channels_with_other_values_get_other_objects_however_many_came_before() -> None:
    content = Content(wns=wns.Toast("{n}"), template=True, locales={"de": wns.Toast("{n}!")})

    def ask() -> Iterator[bool]:
        for n in range(3000):
            tag = "de" if n % 2 else f"x{n % 5}"
            made = sent(content, Someone(locale=tag, attributes={"n": n}), remaining=timedelta(seconds=n + 1))
            yield made.content == (f"{n}!" if n % 2 else f"{n}",) and made.ttl == timedelta(seconds=n + 1)

    assert all(ask())


def test_refusals_are_shared_too() -> None:
    content = template("{a}")
    assert content.for_channel(Someone()) is content.for_channel(Someone(key="x"))


@pytest.mark.parametrize(
    ("ttl", "remaining", "left"),
    [
        (timedelta(hours=1), MINUTE, MINUTE),
        (MINUTE, timedelta(hours=1), MINUTE),
        (MINUTE, MINUTE, MINUTE),
        (None, MINUTE, MINUTE),
        (MINUTE, timedelta(seconds=1.9), timedelta(seconds=1)),
        (MINUTE, None, MINUTE),
        (None, None, None),
        (timedelta(0), MINUTE, timedelta(0)),
    ],
)
def test_the_time_that_is_left_bounds_the_ttl(
    ttl: timedelta | None, remaining: timedelta | None, left: timedelta | None
) -> None:
    content = Content(wns=wns.Badge(1, ttl=ttl, cache=False))
    made = sent(content, Someone(), remaining=remaining)
    assert made.ttl == left
    assert made.value == 1
    assert made is sent(content, Someone(), remaining=remaining)
    assert content.wns == wns.Badge(1, ttl=ttl, cache=False)


@pytest.mark.parametrize("channel", [Someone(), phone()], ids=["wns", "mpns"])
def test_what_came_too_late_is_not_sent(channel: Someone) -> None:
    content = Content(mpns=mpns.Toast(text1="x"), wns=wns.Badge(1))
    for late in (timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=999)):
        assert refused(content, channel, remaining=late).reason is Reason.EXPIRED


def test_mpns_has_no_ttl_to_shorten() -> None:
    content = Content(mpns=mpns.Toast(text1="x"))
    assert sent(content, phone(), remaining=MINUTE) is content.mpns


def test_a_filled_notification_is_shortened_as_well() -> None:
    made = sent(template("{a}"), Someone(attributes={"a": "x"}), remaining=MINUTE)
    assert (made.content, made.ttl) == (("x",), MINUTE)


def test_what_is_sent_is_a_notification_for_the_clients() -> None:
    made: Notification | Refusal = Content(wns=wns.Badge(1)).for_channel(Someone())
    assert isinstance(made, wns.Badge)
