"""Contents as text: nothing is lost between storing and sending, and what isn't a content is refused."""

from __future__ import annotations

import contextlib
import enum
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.content.someone import MINUTE, Someone, sent
from tests.disguises import check_disguised
from winpush import ValidationError, mpns, webpush, wns
from winpush.delivery.content.codec import _SHAPES, build, read_form, taken_apart, write_form
from winpush.delivery.content.content import Content
from winpush.wns.schema.elements import Part

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
    mpns.Xml("toast", '<wp:Notification xmlns:wp="WPNotification"><wp:Toast/></wp:Notification>', **MPNS_OPTIONS),
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
    webpush.Message(b"\xff\x00", ttl=timedelta(0), urgency=webpush.Urgency.VERY_LOW, topic="a_b"),
    webpush.Message("x"),
]


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda each: type(each).__name__)
def test_every_notification_comes_back_as_it_was(notification: Any) -> None:
    content = Content.of(notification)
    again = Content.from_json(content.to_json())
    back: Any = again.mpns or again.wns or again.webpush
    assert back == notification
    assert type(back) is type(notification)
    assert back.body == notification.body
    if isinstance(notification, wns.Notification):
        assert back.to_headers() == notification.to_headers()
    assert again.to_json() == content.to_json()
    assert again == content


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda each: type(each).__name__)
def test_every_notification_is_stored_as_what_its_subclasses_of_text_and_numbers_hold(notification: Any) -> None:
    check_disguised(notification)


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
        ("[" * 100_000, "not valid JSON"),
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


@pytest.mark.parametrize("depth", [300, 900, 3_000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [('{"locales":{"de":', "}}"), ('{"wns":', "}"), ("[", "]")])
def test_a_text_that_is_nested_deeply_is_refused_by_our_own_error(begin: str, end: str, depth: int) -> None:
    for name in ("wns", "locales"):
        with pytest.raises(ValidationError):
            Content.from_json(f'{{"format":1,"{name}":{begin * depth}7{end * depth}}}')


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


def test_the_json_holds_no_python_of_ours() -> None:
    for notification in NOTIFICATIONS:
        assert json.loads(json.dumps(write_form(notification))) == write_form(notification)
        assert build(type(notification), taken_apart(notification)) == notification


class Theme(enum.StrEnum):
    NEWS = "news"


def test_a_notification_of_an_apps_own_enumerations_is_stored_as_that_of_their_values() -> None:
    for notification in (wns.Toast(Theme.NEWS, tag=Theme.NEWS), webpush.Message("x", topic=Theme.NEWS)):
        content = Content.of(notification)
        assert Content.from_json(content.to_json()) == content


def test_what_could_not_be_read_again_is_refused_when_it_is_stored() -> None:
    class Glyph(enum.StrEnum):
        ALERT = "alert"

    for member in (Theme.NEWS, Glyph.ALERT):
        with pytest.raises(ValidationError, match=f"a member of {type(member).__name__}"):
            write_form((member,))
