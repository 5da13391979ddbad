"""Contents: nothing is lost between the asking and the sending, and channels that need the same get the same object."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import Service, ValidationError, mpns, wns
from winpush._xml import read
from winpush.delivery.content.codec import _SHAPES, build, read_form, taken_apart, write_form
from winpush.delivery.content.content import Content, Reason, Refusal
from winpush.delivery.registry.rules import Scalar
from winpush.results import Notification
from winpush.wns.schema.elements import Part

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Someone:
    """A channel as the store gives it."""

    service: Service = Service.WNS
    platform: str | None = None
    locale: str | None = None
    key: str | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)


def phone(version: str | None = "8.1", **values: Any) -> Someone:
    return Someone(Service.MPNS, version, **values)


def sent(content: Content, channel: Someone, **options: Any) -> Any:
    made = content.for_channel(channel, **options)
    assert not isinstance(made, Refusal), made
    return made


def refused(content: Content, channel: Someone, **options: Any) -> Refusal:
    made = content.for_channel(channel, **options)
    assert isinstance(made, Refusal), made
    return made


# --- kept and read back -------------------------------------------------------------------------------------------

OPTIONS: dict[str, Any] = {
    "ttl": timedelta(hours=2),
    "request_status": True,
    "priority": wns.Priority.VERY_LOW,
    "correlation_vector": "abc.1",
}
MPNS_OPTIONS: dict[str, Any] = {
    "batching": mpns.Batching.WITHIN_450_SECONDS,
    "message_id": UUID(int=7),
    "callback_uri": "https://example.test/x",
}

NOTIFICATIONS: list[Any] = [
    mpns.Toast(text1="a & <b>", text2="ü\n", param="/P.xaml?x=1", sound="s.wav", **MPNS_OPTIONS),
    mpns.Toast(text2="x", silent=True),
    mpns.Tile(background_image="b.png", count=0, title=mpns.CLEAR, back_title="{x}", id="/P.xaml?a", **MPNS_OPTIONS),
    mpns.FlipTile(count=mpns.CLEAR, wide_back_content=mpns.CLEAR, title="t"),
    mpns.IconicTile(background_color="#FF112233", count=99, wide_content1="1"),
    mpns.CycleTile(cycle_images=["1.png", None, mpns.CLEAR], title="t"),
    mpns.Raw(b"\x00\xff", **MPNS_OPTIONS),
    wns.Toast("Hello"),
    wns.Toast(
        "Hello",
        wns.Text("x", max_lines=2, lang="de"),
        wns.Text("by us", placement="attribution"),
        wns.Image("ms-appx:///a.png", alt="a", placement="hero"),
        wns.Group(
            wns.Subgroup(wns.Text("s", style="caption", wrap=True), wns.Image("i.png", crop="circle"), weight=2),
            wns.Subgroup("plain", text_stacking="center"),
        ),
        wns.Progress(0.25, "going", title="t", value_override="1 of 4"),
        launch="a=1&b=2",
        duration="long",
        display_timestamp=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))),
        header=wns.Header("h", "Header", "args"),
        inputs=[
            wns.TextInput("t", placeholder="…", default="x"),
            wns.SelectionInput("s", [wns.Selection("1", "one"), wns.Selection("2", "two")], default="2"),
        ],
        actions=[wns.Button("Go", "go", input_id="t", style="Success"), wns.MenuEntry("More", "more")],
        audio=wns.Audio(wns.Sound.CALL2, loop=True),
        toast_id="id",
        people="mailto:a@example.test",
        lang="en-US",
        base_uri="https://example.test/",
        add_image_query=False,
        tag="t1",
        group="g1",
        cache=False,
        **OPTIONS,
    ),
    wns.Toast("x", actions=wns.SnoozeAndDismiss([wns.MenuEntry("m", "m")]), scenario="reminder", suppress_popup=True),
    wns.Toast("x", display_timestamp=datetime(2026, 1, 2, tzinfo=UTC), audio=wns.Audio(silent=True)),
    wns.Tile(
        wns.TileBinding("medium", "a", wns.Image("b.png", placement="background", overlay=20), branding="logo"),
        wns.TileBinding("wide", wns.Group(wns.Subgroup("x")), lock_status1="1", presentation="people"),
        wns.LegacyBinding("TileSquare150x150Text04", ["x"], fallback=None),
        display_name="n",
        tag="t",
        cache=True,
        **OPTIONS,
    ),
    wns.Tile(wns.TileBinding("small", "a"), version=None),
    wns.LegacyTile(
        wns.LegacyBinding("TileSquare150x150Text04", ["x"]),
        wns.LegacyBinding("TileWide310x150ImageAndText01", ["y"], [wns.Image("i.png", alt="z")]),
        lang="de",
    ),
    wns.LegacyTile(wns.LegacyBinding("TileSquareText04", ["x"]), version=None),
    wns.LegacyToast("ToastImageAndText01", ["x"], ["i.png"], audio=wns.Audio(wns.Sound.IM), launch="", version=1),
    wns.Badge(7, version=1, **OPTIONS),
    wns.Badge(wns.Glyph.NEW_MESSAGE),
    wns.Raw(bytes(range(256)), cache=False, ttl=timedelta(0)),
    wns.Xml("tile", "<tile>\n<visual/></tile>", tag="t"),
    wns.ClearToasts(group="g", tag="t"),
    wns.ClearToasts(everything=True),
]


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda each: type(each).__name__)
def test_every_notification_comes_back_as_it_was(notification: Any) -> None:
    content = Content.of(notification)
    again = Content.from_json(content.to_json())
    back: Any = again.mpns or again.wns
    assert back == notification
    assert type(back) is type(notification)
    assert back.body == notification.body
    if not isinstance(notification, wns.ClearToasts | mpns.Notification):
        assert back.to_headers() == notification.to_headers()
    assert again.to_json() == content.to_json()
    assert again == content


def test_every_type_is_in_the_test_above() -> None:
    seen: set[type] = set()

    def look(value: Any) -> None:
        if isinstance(value, tuple):
            for item in value:
                look(item)
        elif type(value) in _SHAPES:
            seen.add(type(value))
            look(tuple(taken_apart(value).values()))

    look(tuple(NOTIFICATIONS))
    assert seen == set(_SHAPES)
    every = [cls for module in (mpns, wns) for cls in vars(module).values() if is_a_form(cls)]
    assert set(every) <= set(_SHAPES)


def is_a_form(value: object) -> bool:
    """The notifications and parts that a user makes; not the two bases."""
    bases = (mpns.Notification, wns.Notification, Part)
    return isinstance(value, type) and issubclass(value, bases) and value not in bases


SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(st.dictionaries(st.sampled_from(["type", "content", "text1", "value", "base64", "microseconds"]), ANYTHING))
def test_what_is_no_notification_is_refused_and_crashes_nothing(written: dict[str, Any]) -> None:
    name = written.get("type")
    try:
        made = read_form(written)
    except ValidationError:
        return
    assert made == read_form(write_form(made)), name


@pytest.mark.parametrize("kind", ["mpns.Toast", "wns.Toast", "wns.Tile", "bytes", "timedelta", "datetime", "Glyph"])
@given(rest=st.dictionaries(st.sampled_from(["content", "bindings", "text1", "value", "base64"]), ANYTHING))
def test_a_broken_notification_is_refused_by_our_own_error(kind: str, rest: dict[str, Any]) -> None:
    with contextlib.suppress(ValidationError):
        assert read_form({"type": kind, **rest}) is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("[]", "JSON object"),
        ("{}", "format 1"),
        ('{"format":2,"wns":{"type":"wns.Badge","value":1}}', "format 1"),
        ('{"format":1}', "has no notification"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":-1}}', "value"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":1,"new":1}}', "unknown field 'new'"),
        ('{"format":1,"wns":{"type":"wns.Card"}}', "'wns.Card'"),
        ('{"format":1,"wns":{"type":"mpns.Raw","payload":"x"}}', "winpush.wns"),
        ('{"format":1,"wns":"x"}', "winpush.wns"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":1},"x":1}', "unknown field 'x'"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":1},"template":1}', "True or False"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":1},"locales":[]}', "must be an object"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":1},"locales":{"de":7}}', "contains a int"),
        ('{"format":1,"wns":{"type":"wns.Badge","value":1},"defaults":7}', "must be a mapping"),
    ],
)
def test_a_text_that_is_no_content_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Content.from_json(text)


def test_templates_defaults_and_locales_come_back() -> None:
    content = Content(
        mpns=mpns.Toast(text1="{name}"),
        wns=wns.Toast("{name}"),
        template=True,
        defaults={"name": "you", "n": 1, "t": True},
        locales={"de": wns.Toast("Hallo {name}"), "FR": Content(wns=wns.Toast("Bonjour"))},
    )
    again = Content.from_json(content.to_json())
    assert again == content
    assert set(again.locales) == {"de", "fr"}
    assert hash(again) == hash(content)
    assert again != Content(wns=wns.Toast("x"))
    assert again != 7


def test_a_format_that_was_written_before_is_still_read() -> None:
    text = (
        '{"defaults":{"name":"you"},"format":1,"mpns":{"batching":{"type":"Batching","value":0},"silent":false,'
        '"text1":"Hi {name}","type":"mpns.Toast"},"template":true,"wns":{"content":["Hi {name}"],"ttl":'
        '{"microseconds":60000000,"type":"timedelta"},"type":"wns.Toast"}}'
    )
    assert Content.from_json(text).to_json() == text
    assert sent(Content.from_json(text), Someone()).ttl == MINUTE


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


# --- which form ---------------------------------------------------------------------------------------------------


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


# --- filled -------------------------------------------------------------------------------------------------------


def template(*texts: str, **values: Any) -> Content:
    return Content(wns=wns.Toast(*texts, **values), template=True)


def test_placeholders_are_filled_with_the_channels_values() -> None:
    channel = Someone(key="k", locale="de", platform="windows", attributes={"s": "x", "n": 7, "f": 0.5, "t": True})
    content = template("{s} {n} {f} {t} {key} {locale} {platform} {{s}}")
    assert sent(content, channel).content == ("x 7 0.5 true k de windows {s}",)


def test_an_attribute_can_not_pass_for_the_key() -> None:
    channel = Someone(attributes={"key": "forged"})
    assert refused(template("{key}"), channel).reason is Reason.MISSING_VALUE


def test_placeholders_are_filled_wherever_text_stands() -> None:
    toast = wns.Toast(
        wns.Text("{a}", max_lines=1),
        wns.Image("https://x.test/{a}.png", alt="{a}"),
        wns.Group(wns.Subgroup("{a}", wns.Text("{a}", style="caption"), weight=2)),
        wns.Progress("{bound}", "{a}", title="{{}}"),
        launch="x={a}",
        header=wns.Header("h", "{a}", "go={a}"),
        inputs=[wns.SelectionInput("s", [wns.Selection("1", "{a}")], title="{a}")],
        actions=[wns.Button("{a}", "y={a}")],
        tag="t",
        ttl=MINUTE,
    )
    made = sent(Content(wns=toast, template=True), Someone(attributes={"a": "A/1"}))
    assert made == wns.Toast(
        wns.Text("A/1", max_lines=1),
        wns.Image("https://x.test/A%2F1.png", alt="A/1"),
        wns.Group(wns.Subgroup("A/1", wns.Text("A/1", style="caption"), weight=2)),
        wns.Progress("{bound}", "A/1", title="{}"),
        launch="x=A%2F1",
        header=wns.Header("h", "A/1", "go=A%2F1"),
        inputs=[wns.SelectionInput("s", [wns.Selection("1", "A/1")], title="A/1")],
        actions=[wns.Button("A/1", "y=A%2F1")],
        tag="t",
        ttl=MINUTE,
    )


def test_tiles_of_both_services_are_filled() -> None:
    content = Content(
        mpns=mpns.CycleTile(title="{a}", cycle_images=["/{a}.png", None, mpns.CLEAR, "x"], count=1, id="/P.xaml?c={a}"),
        wns=wns.Tile(
            wns.TileBinding("wide", "{a}", display_name="{a}"),
            wns.LegacyBinding("TileSquare150x150Text04", ["{a}"]),
        ),
        template=True,
    )
    values = {"a": "A B"}
    assert sent(content, phone("8.1", attributes=values)) == mpns.CycleTile(
        title="A B", cycle_images=["/A%20B.png", None, mpns.CLEAR, "x"], count=1, id="/P.xaml?c=A%20B"
    )
    assert sent(content, Someone(attributes=values)) == wns.Tile(
        wns.TileBinding("wide", "A B", display_name="A B"), wns.LegacyBinding("TileSquare150x150Text04", ["A B"])
    )


def test_a_value_can_not_add_to_a_query_but_can_be_a_whole_address() -> None:
    content = Content(wns=wns.Toast("x", wns.Image("{pic}"), launch="view=1&id={id}"), template=True)
    channel = Someone(attributes={"id": "7&admin=1", "pic": "https://x.test/a?b=c&d"})
    made = sent(content, channel)
    assert made.launch == "view=1&id=7%26admin%3D1"
    assert made.content[1] == wns.Image("https://x.test/a?b=c&d")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100))
def test_a_value_stays_text_whatever_it_holds(value: str) -> None:
    made = template("a{v}b").for_channel(Someone(attributes={"v": value}))
    if isinstance(made, Refusal):  # a noncharacter, which XML can't carry
        assert made.reason is Reason.INVALID
        return
    assert isinstance(made, wns.Toast)
    binding = read(made.body).children[0].children[0]
    assert [text.text for text in binding] == [f"a{value}b"]


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert sent(template("{a}"), Someone(attributes={"a": "{b} {{", "b": "x"})).content == ("{b} {{",)


def test_without_template_braces_are_braces() -> None:
    content = Content(wns=wns.Toast("{a} {{"))
    assert sent(content, Someone(attributes={"a": "x"})) is content.wns


def test_a_missing_value_is_refused_by_its_name_or_takes_the_default() -> None:
    missing = refused(template("Hi {name}"), Someone())
    assert missing.reason is Reason.MISSING_VALUE
    assert "{name}" in missing.explanation
    content = Content(wns=wns.Toast("Hi {name}"), template=True, defaults={"name": "you"}, locales={})
    assert sent(content, Someone()).content == ("Hi you",)
    assert sent(content, Someone(attributes={"name": "Al"})).content == ("Hi Al",)


def test_a_languages_own_defaults_come_before_the_shared_ones() -> None:
    content = Content(
        wns=wns.Toast("{a} {b}"),
        template=True,
        defaults={"a": "1", "b": "2"},
        locales={"de": Content(wns=wns.Toast("{a}-{b}"), template=True, defaults={"a": "eins"})},
    )
    assert sent(content, Someone(locale="de")).content == ("eins-2",)
    assert sent(content, Someone()).content == ("1 2",)


def test_a_value_that_a_phone_would_not_show_needs_not_be_there() -> None:
    content = Content(mpns=mpns.Toast(text1="x", param="/P.xaml?{page}"), template=True)
    assert sent(content, phone("7.0")) == mpns.Toast(text1="x")
    assert refused(content, phone("7.1")).reason is Reason.MISSING_VALUE


def test_a_channel_whose_values_make_a_bad_notification_stops_no_other() -> None:
    content = Content(wns=wns.Toast("{text}"), mpns=mpns.Tile(title="{text}"), template=True)
    bad = refused(content, Someone(attributes={"text": "x" * 1000 + "&" * 1000}))
    assert bad.reason is Reason.INVALID
    assert "5,000" in bad.explanation
    assert refused(content, Someone(attributes={"text": "\uffff"})).reason is Reason.INVALID
    assert refused(content, phone(attributes={"text": ""})).reason is Reason.INVALID
    assert sent(content, Someone(attributes={"text": "fine"})).content == ("fine",)


# --- as one object ------------------------------------------------------------------------------------------------


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


# --- as long as it is worth it ------------------------------------------------------------------------------------


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


def test_the_json_holds_no_python_of_ours() -> None:
    for notification in NOTIFICATIONS:
        assert json.loads(json.dumps(write_form(notification))) == write_form(notification)
        assert build(type(notification), taken_apart(notification)) == notification


def test_what_is_sent_is_a_notification_for_the_clients() -> None:
    made: Notification | Refusal = Content(wns=wns.Badge(1)).for_channel(Someone())
    assert isinstance(made, wns.Badge)
