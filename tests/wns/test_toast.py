"""Every rule of a toast on both sides of it (wns.md 9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from winpush import Service, ValidationError, wns
from winpush.wns import Button, Image, MenuEntry, SelectionInput, Text, TextInput

_NOW = datetime(2017, 4, 15, 19, 45, tzinfo=UTC)
_BACKGROUND = Button("Ok", "ok", activation_type="background")
_LIST = SelectionInput("t", [wns.Selection("15", "15 min")])


def _in_group(*content: Any) -> wns.Group:
    return wns.Group(wns.Subgroup(*content))


def _buttons(number: int) -> list[Button]:
    return [Button(f"b{n}", "x") for n in range(number)]


def _boxes(number: int) -> list[TextInput]:
    return [TextInput(f"t{n}") for n in range(number)]


def _list(number: int, **given: Any) -> SelectionInput:
    return SelectionInput("s", [wns.Selection(str(n), "x") for n in range(number)], **given)


GOOD: list[Callable[[], object]] = [
    lambda: wns.Toast("a"),
    lambda: wns.Toast("a", "b", "c"),
    lambda: wns.Toast("a", "b", "c", Text("via", placement="attribution")),
    lambda: wns.Toast("a", ""),
    lambda: wns.Toast("a", Image("a.png")),
    lambda: wns.Toast("a", _in_group("a", Text("b", style="captionSubtle", wrap=True, align="center", min_lines=2))),
    lambda: wns.Toast("a", wns.Progress(0.5, "")),
    lambda: wns.Toast("a", wns.Progress(0, "x"), wns.Progress(1.0, "x")),
    lambda: wns.Toast("a", wns.Progress("indeterminate", "x"), wns.Progress("{value}", "{status}")),
    lambda: wns.Toast(Text("a", max_lines=2), Text("b", max_lines=4)),
    lambda: wns.Toast(Text("a", call_center_align=True), scenario="incomingCall"),
    lambda: wns.Toast(
        "a", Image("h.png", placement="hero"), Image("l.png", placement="appLogoOverride", crop="circle")
    ),
    lambda: wns.Toast("a", _in_group(Image("a.png", align="left", remove_margin=True))),
    lambda: wns.Toast("a", inputs=_boxes(5), actions=_buttons(5)),
    lambda: wns.Toast("a", inputs=[_list(5, default="4")]),
    lambda: wns.Toast("a", inputs=[_list(0)]),
    lambda: wns.Toast("a", inputs=[TextInput("t")], actions=[Button("Send", "s", input_id="t", image="s.png")]),
    lambda: wns.Toast("a", actions=[Button("", "s", image="s.png", tool_tip="Send")]),
    lambda: wns.Toast("a", actions=[Button("a", "s", image="s.png"), Button("b", "s", image="t.png")]),
    lambda: wns.Toast("a", actions=[Button("a", "s", image="s.png"), MenuEntry("b", "s")]),
    lambda: wns.Toast("a", inputs=[_LIST], actions=[Button.snooze(input_id="t"), Button.dismiss()]),
    lambda: wns.Toast("a", actions=wns.SnoozeAndDismiss()),
    lambda: wns.Toast("a", actions=wns.SnoozeAndDismiss([MenuEntry("a", "b")])),
    lambda: wns.Toast("a", actions=[Button("a", "s", image="s.png"), Button("b", "s")]),
    lambda: wns.Toast("a", inputs=[SelectionInput("s", [wns.Selection("1", "a"), wns.Selection("1", "b")])]),
    lambda: wns.Toast("a", actions=[_BACKGROUND], scenario="reminder"),
    lambda: wns.Toast("a", actions=_buttons(2), scenario="reminder"),
    lambda: wns.Toast("a", actions=[Button("a", "map:", activation_type="protocol")], scenario="reminder"),
    lambda: wns.Toast("a", actions=[Button.dismiss()], scenario="reminder"),
    lambda: wns.Toast("a", actions=wns.SnoozeAndDismiss(), scenario="reminder"),
    lambda: wns.Toast("a", actions=_buttons(1), scenario="alarm"),
    lambda: wns.Toast("a", scenario="urgent"),
    lambda: wns.Toast("a", launch="bingmaps:?q=sushi", activation_type="protocol"),
    lambda: wns.Toast("a", actions=[Button("Map", "bingmaps:", activation_type="protocol")]),
    lambda: wns.Toast("a", header=wns.Header("6289", "Camping", "")),
    lambda: wns.Toast("a", header=wns.Header("1", "C", "https://a.example", activation_type="protocol")),
    lambda: wns.Toast("a", audio=wns.Audio(wns.Sound.ALARM2, loop=True), duration="long"),
    lambda: wns.Toast("a", audio=wns.Audio(wns.Sound.CALL, loop=True), scenario="incomingCall"),
    lambda: wns.Toast("a", audio=wns.Audio(wns.Sound.REMINDER, loop=True), duration="long"),
    lambda: wns.Toast("a", audio=wns.Audio("ms-winsoundevent:MyApp.Ding")),
    lambda: wns.Toast("a", audio=wns.Audio("ms-appx:///Audio/a.m4a")),
    lambda: wns.Toast("a", audio=wns.Audio("ms-appdata:///local/a.wav")),
    lambda: wns.Toast("a", audio=wns.Audio("ms-resource:Sound")),
    lambda: wns.Toast("a", audio=wns.Audio(silent=True)),
    lambda: wns.Toast("a", audio=wns.Audio()),
    lambda: wns.Toast("a", actions=[wns.Button("", "b", tool_tip="Reply")]),
    lambda: wns.Toast("a", wns.Progress(-0.0, "s")),
    lambda: wns.Toast("a", display_timestamp=_NOW),
    lambda: wns.Toast("a", people="mailto:a@b.example", toast_id="t"),
    lambda: wns.Toast("a", lang="en-US", base_uri="https://a.example/", add_image_query=False, version=1),
    lambda: wns.Toast("a", Image("c:\\temp\\a.tmp"), Image("Assets\\Sunny.png"), Image("file:///c:/a.gif")),
    lambda: wns.Toast("a", Image("https://a.example/?id=1")),
]

BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: wns.Toast(), "toast"),
    (lambda: wns.Toast(""), "toast"),
    (lambda: wns.Toast(" ", "\n"), "toast"),
    (lambda: wns.Toast(Image("a.png", placement="hero")), "toast"),
    (lambda: wns.Toast(wns.Progress(0.5, "")), "toast"),
    (lambda: wns.Toast(_in_group("a")), "toast"),
    (lambda: wns.Toast(Text("via", placement="attribution")), "toast"),
    (lambda: wns.Toast("a", "b", "c", "d"), "toast.text"),
    (lambda: wns.Toast("a", "b", Text("c", lang="de"), "d"), "toast.text"),
    (lambda: wns.Toast("a\x00"), "text"),
    (lambda: wns.Toast(Text("\x1b", lang="de")), "text"),
    (lambda: wns.Toast("a", launch="\x08"), "launch"),
    (lambda: wns.Toast("a", launch=5), "toast.launch"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Toast(5), "toast"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Toast("a", wns.TileBinding("medium", "x")), "toast"),  # type: ignore[arg-type]  # as above
    (lambda: wns.Toast("x" * 5000), "payload"),
    (lambda: wns.Toast(Text("a", style="title")), "text.style"),
    (lambda: wns.Toast(Text("a", wrap=True)), "text.wrap"),
    (lambda: wns.Toast(Text("a", align="left")), "text.align"),
    (lambda: wns.Toast(Text("a", min_lines=1)), "text.min_lines"),
    (lambda: wns.Toast(Text("a", max_lines=3)), "text.max_lines"),
    (lambda: wns.Toast("a", Text("b", max_lines=5)), "text.max_lines"),
    (lambda: Text("a", max_lines=0), "text.max_lines"),
    (lambda: Text("a", lang="not a tag"), "text.lang"),
    (lambda: Text("a", style="captionsubtle"), "text.style"),  # type: ignore[arg-type]  # we emit camelCase
    (lambda: wns.Toast(Text("a", call_center_align=True)), "text.call_center_align"),
    (lambda: wns.Toast("a", Image("a.png", placement="peek")), "image.placement"),
    (lambda: wns.Toast("a", Image("a.png", align="left")), "image.align"),
    (lambda: wns.Toast("a", Image("a.png", remove_margin=True)), "image.remove_margin"),
    (lambda: _in_group(Image("a.png", placement="hero")), "image.placement"),
    (lambda: _in_group(Text("a", placement="attribution")), "subgroup.text"),
    (lambda: _in_group(wns.Progress(0, "")), "subgroup"),
    (lambda: wns.Subgroup("a", weight=0), "subgroup.weight"),
    (lambda: wns.Group(), "group"),
    (lambda: wns.Group("a"), "group"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: Image(""), "image.src"),
    (lambda: Image("data:image/png;base64,AAAA"), "image.src"),
    (lambda: Image("https://a.example/a.svg?x"), "image.src"),
    (lambda: Image("a.png", overlay=20), "image.overlay"),
    (lambda: Image("a.png", placement="peek", overlay=101), "image.overlay"),
    (lambda: wns.Progress(1.01, "x"), "progress.value"),
    (lambda: wns.Progress(-0.1, "x"), "progress.value"),
    (lambda: wns.Progress(float("nan"), "x"), "progress.value"),
    (lambda: wns.Progress(True, "x"), "progress.value"),  # noqa: FBT003 - the wrong type is the test
    (lambda: wns.Progress("half", "x"), "progress.value"),
    (lambda: wns.Progress(0.5, None), "progress.status"),  # type: ignore[arg-type]  # the absence is the test
    (lambda: wns.Toast("a", inputs=_boxes(6)), "inputs"),
    (lambda: wns.Toast("a", inputs=[TextInput("a"), TextInput("a")]), "inputs"),
    (lambda: wns.Toast("a", inputs=[Button("a", "b")]), "inputs"),  # type: ignore[list-item]  # as above
    (lambda: wns.Toast("a", actions=_buttons(6)), "actions"),
    (lambda: wns.Toast("a", actions=[*_buttons(3), *[MenuEntry("m", "x")] * 3]), "actions"),
    (lambda: wns.Toast("a", actions=wns.SnoozeAndDismiss([MenuEntry("m", "x")] * 6)), "actions"),
    (lambda: wns.Toast("a", actions=_BACKGROUND), "actions"),  # type: ignore[arg-type]  # a list is wanted
    (lambda: wns.SnoozeAndDismiss([_BACKGROUND]), "actions.menu"),  # type: ignore[list-item]  # its own buttons
    (lambda: wns.Toast("a", actions=wns.SnoozeAndDismiss(), inputs=_boxes(1)), "inputs"),
    (lambda: _list(6), "input.selections"),
    (lambda: _list(2, default="9"), "input.default"),
    (lambda: wns.Selection("", "a"), "selection.id"),
    (lambda: TextInput(""), "input.id"),
    (lambda: wns.Toast("a", inputs=_boxes(1), actions=[Button("a", "b", input_id="other")]), "action.input_id"),
    (lambda: Button("", "s"), "action.content"),
    (lambda: Button("a", None), "action.arguments"),  # type: ignore[arg-type]  # the absence is the test
    (lambda: Button("a", "later", activation_type="system"), "action.arguments"),
    (lambda: Button("a", "no uri", activation_type="protocol"), "action.arguments"),
    (lambda: Button("a", "b", style="success"), "action.style"),  # type: ignore[arg-type]  # its case counts
    (lambda: MenuEntry("", "b"), "action.content"),
    (lambda: MenuEntry("a", "b", activation_type="system"), "action.activation_type"),  # type: ignore[arg-type]  # as above
    (
        lambda: wns.Toast("a", actions=[Button("a", "b", style="Success")], use_button_style=False),
        "use_button_style",
    ),
    (lambda: wns.Toast("a", scenario="reminder"), "scenario"),
    (lambda: wns.Toast("a", scenario="alarm"), "scenario"),
    (lambda: wns.Toast("a", scenario="alarm", actions=[MenuEntry("a", "b")]), "scenario"),
    (lambda: wns.Toast("a", scenario="default"), "toast.scenario"),  # type: ignore[arg-type]  # no word of the schema
    (lambda: wns.Toast("a", duration="7s"), "toast.duration"),  # type: ignore[arg-type]  # as above
    (lambda: wns.Toast("a", launch="id=1", activation_type="protocol"), "launch"),
    (lambda: wns.Toast("a", activation_type="protocol"), "launch"),
    (lambda: wns.Header("", "t", ""), "header.id"),
    (lambda: wns.Header("1", "", ""), "header.title"),
    (lambda: wns.Header("1", "t", "", activation_type="background"), "header.activation_type"),  # type: ignore[arg-type]  # as above
    (lambda: wns.Toast("a", header="Camping"), "header"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Toast("a", audio=wns.Audio(wns.Sound.ALARM, loop=True)), "audio.loop"),
    (lambda: wns.Toast("a", audio=wns.Audio(wns.Sound.MAIL, loop=True)), "audio.loop"),
    (lambda: wns.Audio("ms-winsoundevent:"), "audio.src"),
    (lambda: wns.Audio("ms-winsoundevent:Notification.Alarm"), "audio.src"),
    (lambda: wns.Audio("https://a.example/a.mp3"), "audio.src"),
    (lambda: wns.Audio("ms-appx:///a.ogg"), "audio.src"),
    (lambda: wns.Audio(wns.Sound.SMS, silent=True), "audio.silent"),
    (lambda: wns.Toast("a", audio="Mail"), "audio"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Toast("a", display_timestamp=_NOW.replace(tzinfo=None)), "toast.display_timestamp"),
    (lambda: wns.Toast("a", display_timestamp="now"), "toast.display_timestamp"),  # type: ignore[arg-type]  # as above
    (lambda: wns.Toast("a", people="Bob"), "toast.people"),
    (
        lambda: wns.Toast("a", display_timestamp=_NOW.replace(tzinfo=timezone(timedelta(seconds=90)))),
        "toast.display_timestamp",
    ),
    (lambda: Text(5), "text"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: Text("a", max_lines="2"), "text.max_lines"),  # type: ignore[arg-type]  # as above
    (lambda: wns.Toast("a", base_uri="Assets/"), "visual.base_uri"),
    (lambda: wns.Toast("a", add_image_query="yes"), "visual.add_image_query"),  # type: ignore[arg-type]  # as above
]


@pytest.mark.parametrize("make", GOOD)
def test_what_the_schema_allows_is_made_and_a_device_has_no_objection(make: Callable[[], wns.Toast]) -> None:
    toast = make()
    assert wns.show(toast.body, "toast").objections == ()
    assert wns.parse(toast.body, "toast") == toast


@pytest.mark.parametrize(("make", "field"), BAD)
def test_what_the_schema_forbids_is_refused_and_the_field_is_named(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field
    assert caught.value.problem


def test_the_simple_toast_is_simple() -> None:
    toast = wns.Toast("Hello", "World", launch="id=1")
    assert toast.body == (
        b'<toast launch="id=1"><visual><binding template="ToastGeneric">'
        b"<text>Hello</text><text>World</text></binding></visual></toast>"
    )
    assert (toast.service, toast.push_type) == (Service.WNS, "toast")
    assert toast.to_xml() is toast.body
    assert repr(toast) == "Toast('Hello', 'World', launch='id=1')"
    assert toast.to_dict() == {"type": "Toast", "content": ["Hello", "World"], "launch": "id=1"}


def test_the_quick_way_and_the_long_way_write_the_same() -> None:
    quick = wns.Toast("a & b", "<c>", launch="x='1'\n")
    assert wns.Toast("a & b", Text("<c>"), launch="x='1'\n") == quick
    long = wns.Toast("a & b", "<c>", launch="x='1'\n", duration="long")
    assert long.body.replace(b' duration="long"', b"") == quick.body


def test_an_image_is_written_as_image_and_not_as_img() -> None:
    body = wns.Toast("a", Image("a.png")).body
    assert b"<image " in body
    assert b"<img" not in body


def test_parts_are_written_in_the_order_of_the_schema() -> None:
    toast = wns.Toast(
        "a",
        header=wns.Header("1", "t", "x"),
        inputs=[TextInput("t")],
        actions=[Button("b", "x")],
        audio=wns.Audio(silent=True),
    )
    text = toast.body.decode()
    order = ["<header", "<visual", "<actions", "<input", "<action ", "<audio"]
    assert sorted(order, key=text.index) == order


def test_a_buttons_style_switches_the_styles_on() -> None:
    toast = wns.Toast("a", actions=[Button("b", "x", style="Critical")])
    assert toast.use_button_style is True
    assert b'useButtonStyle="true"' in toast.body


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (_NOW, "2017-04-15T19:45:00Z"),
        (_NOW.replace(microsecond=704000), "2017-04-15T19:45:00.704Z"),
        (_NOW.replace(microsecond=704999), "2017-04-15T19:45:00.704Z"),
        (_NOW.replace(microsecond=1), "2017-04-15T19:45:00Z"),
        (_NOW.astimezone(timezone(timedelta(hours=-8))), "2017-04-15T11:45:00-08:00"),
    ],
)
def test_a_timestamp_is_written_with_its_offset(moment: datetime, text: str) -> None:
    assert f'displayTimestamp="{text}"'.encode() in wns.Toast("a", display_timestamp=moment).body


def test_notifications_are_equal_by_value_and_can_not_be_changed() -> None:
    assert wns.Toast("a", launch="1") == wns.Toast("a", launch="1")
    assert hash(wns.Toast("a")) == hash(wns.Toast("a"))
    assert wns.Toast("a") != wns.Toast("a", launch="")
    assert wns.Toast("a", tag="x") != wns.Toast("a", tag="y")
    with pytest.raises(AttributeError):
        wns.Toast("a").launch = "2"  # type: ignore[misc]  # that it can't be set is the test


def test_the_payload_may_have_5000_bytes_and_no_more() -> None:
    rest = len(wns.Toast("x").body) - 1
    assert len(wns.Toast("x" * (5000 - rest)).body) == 5000
    with pytest.raises(ValidationError, match="5,001 bytes"):
        wns.Toast("x" * (5001 - rest))


def test_bytes_are_counted_and_not_characters() -> None:
    with pytest.raises(ValidationError, match="payload"):
        wns.Toast("ü" * 2500)


def test_parts_show_themselves_shortly() -> None:
    assert repr(Text("a", style="title")) == "Text(text='a', style='title')"
    assert repr(Button.dismiss()) == "Button(content='', arguments='dismiss', activation_type='system')"
    assert wns.Progress(0.5, "x").to_dict() == {"type": "Progress", "value": 0.5, "status": "x"}


def test_small_numbers_are_written_without_an_exponent() -> None:
    assert b'value="0.00001"' in wns.Toast("a", wns.Progress(1e-05, "")).body


def test_an_argument_that_no_notification_has_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        wns.Toast("a", colour="red")  # type: ignore[call-arg]  # the unknown argument is the test
