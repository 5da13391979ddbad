"""Templates: placeholders are filled with each channel's values, and with nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.content.someone import MINUTE, Someone, phone, refused, sent, template
from winpush import mpns, wns
from winpush._xml import read
from winpush.delivery.content.content import Content, Reason, Refusal
from winpush.delivery.content.templates import as_text


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


def test_a_text_of_a_subclass_is_filled_like_any_other() -> None:
    class Safe(str):
        __slots__ = ()

    content = Content(wns=wns.Toast(Safe("{a}"), tag=Safe("t")), template=True)
    assert sent(content, Someone(attributes={"a": "A"})) == wns.Toast("A", tag="t")


@pytest.mark.parametrize(
    ("value", "text"), [(0.00001, "0.00001"), (1e21, "1" + "0" * 21), (2.5, "2.5"), (3, "3"), (True, "true")]
)
def test_a_number_is_written_in_decimal(value: float, text: str) -> None:
    assert as_text(value) == text
