"""Facts about what Windows shows, from reports of the field: each with the cases around it (wns.md 9 to 12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from winpush import ValidationError, wns
from winpush.wns import Button, Image, MenuEntry, Selection, SelectionInput, Severity, Sound, Text, TextInput, View
from winpush.wns.schema.enums import TextStyle, words
from winpush.wns.schema.templates import CATALOGUE

_A = "<text>a</text>"


def toast(inside: str = _A, after: str = "", root: str = "", binding: str = "") -> View:
    document = (
        f"<toast {root}><visual><binding template='ToastGeneric' {binding}>{inside}</binding></visual>{after}</toast>"
    )
    return wns.show(document.encode(), "toast")


def tile(inside: str, own: str = "", size: str = "Medium") -> View:
    document = f"<tile><visual><binding template='Tile{size}' {own}>{inside}</binding></visual></tile>"
    return wns.show(document.encode(), "tile")


def audio(attributes: str, root: str = "") -> View:
    return toast(after=f"<audio {attributes}/>", root=root)


def actions(inside: str, root: str = "") -> View:
    return toast(after=f"<actions>{inside}</actions>", root=root)


def picture(view: View) -> dict[str, Any]:
    assert view.picture is not None
    return view.picture


def rules(view: View) -> list[str]:
    return [remark.rule for remark in view.remarks]


def texts(view: View) -> list[str]:
    return [item["text"] for item in picture(view)["content"] if item["type"] == "text"]


def kinds(view: View) -> list[str]:
    return [item["type"] for item in picture(view)["content"]]


def is_new_notification(view: View) -> bool:
    return not view.is_shown and view.is_placeholder and texts(view) == ["New notification"]


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        "2017-04-15T19:45:00.1234Z",
        "2017-04-15T19:45:00.123456Z",
        "2017-04-15T19:45:00.1230+02:00",
        "2017-04-15T19:45:00,1234Z",
    ],
)
def test_a_time_with_more_than_three_decimals_loses_the_toast(moment: str) -> None:
    view = toast(root=f"displayTimestamp='{moment}'")
    (remark,) = view.remarks
    assert (remark.rule, remark.severity) == ("timestamp-decimals", Severity.LOST)
    assert (remark.path, remark.doubt) == ("toast@displayTimestamp", "")
    assert is_new_notification(view)


@pytest.mark.parametrize("moment", ["2017-04-15T19:45:00Z", "2017-04-15T19:45:00.7Z", "2017-04-15T19:45:00.704-08:00"])
def test_a_time_with_up_to_three_decimals_is_fine(moment: str) -> None:
    view = toast(root=f"displayTimestamp='{moment}'")
    assert view.is_shown
    assert view.remarks == ()


@pytest.mark.parametrize(
    "moment",
    [
        "2017-04-15T19:45:00,7Z",
        "2017-04-15 19:45:00Z",
        "20170415T194500Z",
        "2017-W15-6T19:45:00Z",
        "2017-04-15T19:45Z",
        "2017-04-15T19:45:00+0200",
    ],
)
def test_a_time_in_an_unusual_form_is_read_and_doubted(moment: str) -> None:
    (remark,) = toast(root=f"displayTimestamp='{moment}'").remarks
    assert (remark.rule, remark.severity) == ("timestamp-form", Severity.NOTE)
    assert "2017-04-15T19:45:00" in remark.message


def test_the_time_now_is_written_with_three_decimals() -> None:
    now = datetime(2026, 11, 26, 12, 30, 15, 123987, tzinfo=UTC)
    made = wns.Toast("Hi", display_timestamp=now)
    assert b'displayTimestamp="2026-11-26T12:30:15.123Z"' in made.body
    assert made.display_timestamp == now.replace(microsecond=123000)
    assert wns.parse(made.body, "toast") == made
    assert wns.show(wns.Toast("Hi", display_timestamp=datetime.now(UTC)).body, "toast").remarks == ()


def test_a_time_is_the_same_in_any_notation() -> None:
    document = "<toast displayTimestamp='2017-04-15T19:45:00.7+00:00'><visual><binding template='ToastGeneric'>"
    parsed = wns.parse(f"{document}{_A}</binding></visual></toast>", "toast")
    moment = datetime(2017, 4, 15, 19, 45, tzinfo=UTC) + timedelta(milliseconds=700)
    assert parsed == wns.Toast("a", display_timestamp=moment)


# --- booleans ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "doubt"),
    [
        (audio("src='ms-winsoundevent:Notification.Default' loop='True'"), False),
        (audio("loop='TRUE'"), False),
        (audio("silent='True'"), True),
        (toast(root="useButtonStyle='True'"), True),
        (toast(_A + "<image src='a.png' addImageQuery='False'/>"), True),
        (toast(binding="addImageQuery='True'"), True),
        (tile(_A, "addImageQuery='True'"), True),
    ],
)
def test_a_boolean_with_a_capital_breaks_the_notification(view: View, doubt: bool) -> None:
    remark = next(remark for remark in view.remarks if remark.rule == "boolean-case")
    assert remark.severity is Severity.LOST
    assert bool(remark.doubt) is doubt
    assert view.picture is None


@pytest.mark.parametrize(
    "view",
    [
        tile("<text hint-wrap='True'>a</text>"),
        tile("<image src='a.png' hint-removeMargin='True'/>"),
        toast("<text hint-callScenarioCenterAlign='True'>a</text>", root="scenario='incomingCall'"),
    ],
)
def test_a_hint_with_a_capital_boolean_is_ignored_with_a_doubt(view: View) -> None:
    (remark,) = view.remarks
    assert (remark.rule, remark.severity) == ("hint-boolean-case", Severity.IGNORED)
    assert remark.doubt
    assert view.is_shown


@pytest.mark.parametrize("text", ["True", "FALSE", "1", "yes"])
def test_no_type_takes_a_boolean_that_windows_may_not_know(text: str) -> None:
    document = (
        f"<toast><visual><binding template='ToastGeneric'>{_A}</binding></visual><audio silent='{text}'/></toast>"
    )
    assert isinstance(wns.parse(document, "toast"), wns.Xml)


# --- scenarios ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["foreground", "background", "protocol"])
def test_a_reminder_works_with_any_button(kind: Any) -> None:
    button = Button("a", "map:x", activation_type=kind)
    made = wns.Toast("a", scenario="reminder", actions=[button])
    view = wns.show(made.body, "toast")
    assert view.remarks == ()
    assert picture(view)["scenario"] == "reminder"


@pytest.mark.parametrize("scenario", ["reminder", "alarm"])
@pytest.mark.parametrize("menu", ["", "<actions><action content='a' arguments='b' placement='contextMenu'/></actions>"])
def test_a_reminder_or_alarm_without_a_button_is_an_ordinary_toast(scenario: Any, menu: str) -> None:
    view = toast(after=menu, root=f"scenario='{scenario}'")
    (remark,) = view.remarks
    assert (remark.rule, remark.severity) == ("scenario-button", Severity.NOTE)
    assert remark.doubt
    assert "scenario" not in picture(view)
    assert picture(view)["audio"]["loop"] is False
    with pytest.raises(ValidationError, match="at least one Button"):
        wns.Toast("a", scenario=scenario, actions=[MenuEntry("a", "b")])


# --- where each part is ----------------------------------------------------------------------------------------------

_PICTURE = "<image src='a.png'/>"
_VIA = "<text placement='attribution'>via</text>"
_BAR = "<progress value='0.5' status='s'/>"
_COLUMNS = "<group><subgroup><text>c</text></subgroup></group>"


@pytest.mark.parametrize(
    ("inside", "order", "told"),
    [
        (_PICTURE + _A + _A, ["text", "text", "image"], ["late-text", "late-text"]),
        (_A + _BAR + _A, ["text", "text", "progress"], ["late-text"]),
        (_A + _COLUMNS + _A, ["text", "text", "group"], ["late-text"]),
        (_A + _PICTURE + _VIA, ["text", "image"], ["late-attribution"]),
        (_VIA + _A, ["text"], []),
        ("<image src='l.png' placement='appLogoOverride'/>" + _A, ["text"], []),
        ("<image src='h.png' placement='hero'/>" + _A + _PICTURE, ["text", "image"], []),
    ],
)
def test_texts_come_first_whatever_the_order_of_elements(inside: str, order: list[str], told: list[str]) -> None:
    view = toast(inside)
    assert kinds(view) == order
    assert rules(view) == told
    assert view.objections == ()


def test_a_late_text_is_one_of_the_three() -> None:
    view = toast(_A * 2 + _PICTURE + _A * 2)
    assert kinds(view) == ["text", "text", "text", "image"]
    assert rules(view) == ["late-text", "late-text", "too-many-texts"]


def test_a_toast_writes_its_texts_first_and_then_the_attribution() -> None:
    via = Text("via", placement="attribution")
    made = wns.Toast(Image("a.png"), "a", via, wns.Progress(0, ""), "b")
    assert made.content == ("a", "b", via, Image("a.png"), wns.Progress(0, ""))
    assert rules(wns.show(made.body, "toast")) == []
    logo = Image("l.png", placement="appLogoOverride")
    assert wns.Toast(logo, "a").content == (logo, "a")


# --- lines ----------------------------------------------------------------------------------------------------------


def test_a_line_feed_in_a_text_stays_in_the_picture_and_on_the_wire() -> None:
    made = wns.Toast("a\nb", Text("c\nd", max_lines=2))
    assert texts(wns.show(made.body, "toast")) == ["a\nb", "c\nd"]


@pytest.mark.parametrize(
    ("inside", "lines", "told"),
    [
        ("<text hint-maxLines='2'>a</text>", [2], []),
        ("<text hint-maxLines='3'>a</text>", [2], ["line-limit"]),
        (_A + "<text hint-maxLines='5'>b</text>", [None, 4], ["line-limit"]),
        (_A + "<text hint-maxLines='2'>b</text><text hint-maxLines='2'>c</text>", [None, 2, 2], []),
        (_A + "<text hint-maxLines='3'>b</text><text hint-maxLines='2'>c</text>", [None, 3, 2], ["line-limit"]),
    ],
)
def test_the_title_has_two_lines_and_the_other_texts_four_together(
    inside: str, lines: list[int | None], told: list[str]
) -> None:
    view = toast(inside)
    assert [item.get("max_lines") for item in picture(view)["content"]] == lines
    assert rules(view) == told


@pytest.mark.parametrize(
    "hint", ["hint-style='title'", "hint-wrap='false'", "hint-align='center'", "hint-minLines='2'"]
)
def test_on_a_top_level_text_only_the_line_limit_works(hint: str) -> None:
    view = toast(f"<text {hint}>a</text>")
    (remark,) = view.remarks
    assert remark.rule == "top-level-hint"
    assert "only hint-maxLines works" in remark.message
    assert remark.doubt
    assert picture(view)["content"] == [{"type": "text", "text": "a"}]


@pytest.mark.parametrize("text", ["<text hint-maxLines='16'>a</text>", f"<text>{chr(10).join('a' * 16)}</text>"])
def test_a_text_in_a_toasts_subgroup_ends_after_fifteen_lines(text: str) -> None:
    view = toast(f"{_A}<group><subgroup>{text}</subgroup></group>")
    assert rules(view) == ["fifteen-lines"]
    assert picture(view)["content"][1]["subgroups"][0]["content"][0]["max_lines"] == 15
    assert rules(tile(f"<group><subgroup>{text}</subgroup></group>")) == []


# --- buttons and inputs ---------------------------------------------------------------------------------------------

_PLAIN = "<action content='a' arguments='b'/>"
_ICON = "<action content='a' arguments='b' imageUri='i.png'/>"


def test_one_of_two_buttons_may_have_an_icon() -> None:
    view = actions(_PLAIN + _ICON)
    assert [button.get("image") for button in picture(view)["buttons"]] == [None, "i.png"]
    (remark,) = view.remarks
    assert (remark.rule, remark.severity) == ("images-on-some", Severity.NOTE)
    assert remark.doubt
    made = wns.Toast("a", actions=[Button("a", "b"), Button("a", "b", image="i.png")])
    assert wns.show(made.body, "toast").objections == ()


def _snooze(inside: str) -> View:
    return actions(f"{inside}<action content='' arguments='snooze' activationType='system' hint-inputId='t'/>")


@pytest.mark.parametrize(
    "box",
    [
        "<input id='t' type='selection'><selection id='fifteen' content='15 minutes'/></input>",
        "<input id='t' type='selection'><selection id='15' content='x'/><selection id='1.5' content='y'/></input>",
        "<input id='t' type='selection'><selection id='-5' content='x'/></input>",
        "<input id='t' type='text'/>",
    ],
)
def test_a_snooze_button_reads_minutes_from_a_selections_ids(box: str) -> None:
    (remark,) = _snooze(box).remarks
    assert (remark.rule, remark.severity) == ("snooze-minutes", Severity.IGNORED)
    assert remark.path == "toast/actions/action@hint-inputId"


@pytest.mark.parametrize("minutes", ["0", "1", "15", "1440"])
def test_minutes_are_whole_numbers(minutes: str) -> None:
    box = f"<input id='t' type='selection'><selection id='{minutes}' content='x'/></input>"
    assert _snooze(box).remarks == ()


@pytest.mark.parametrize("box", [TextInput("t"), SelectionInput("t", [Selection("fifteen", "x")])])
def test_no_snooze_button_is_made_without_minutes(box: Any) -> None:
    with pytest.raises(ValidationError, match="snooze"):
        wns.Toast("a", inputs=[box], actions=[Button.snooze(input_id="t")])
    wns.Toast("a", inputs=[box], actions=[Button("Send", "s", input_id="t")])


def test_two_selections_may_have_one_id() -> None:
    box = "<input id='w' type='selection'><selection id='1' content='x'/><selection id='1' content='y'/></input>"
    view = actions(box + _PLAIN)
    assert view.objections == ()
    assert rules(view) == ["same-selection"]
    assert len(picture(view)["inputs"][0]["selections"]) == 2
    made = SelectionInput("w", [Selection("1", "x"), Selection("1", "y")])
    assert wns.show(wns.Toast("a", inputs=[made]).body, "toast").objections == ()


@pytest.mark.parametrize("kind", ["videoDevices", "audioDevices"])
def test_the_calling_preview_of_the_app_sdk_is_known_by_name(kind: str) -> None:
    view = actions(f"<action content='a' arguments='b' settingType='{kind}'/>")
    assert rules(view) == ["calling-preview"]
    assert rules(toast(_A + "<cameraPreview/>")) == ["calling-preview"]


def test_styles_and_tooltips_of_buttons_are_windows_11s() -> None:
    styled = "<action content='a' arguments='b' hint-buttonStyle='Success' hint-toolTip='t'/>"
    view = actions(styled, root="useButtonStyle='true'")
    assert [(remark.rule, remark.path.rpartition("@")[2]) for remark in view.remarks] == [
        ("windows-11", "hint-buttonStyle"),
        ("windows-11", "hint-toolTip"),
    ]


def test_an_invented_placement_is_doubted_with_both_reports() -> None:
    menu = "<action content='a' arguments='b' placement='contextmenu'/>"
    for view in (actions(menu), tile(_A + "<image src='a.png' placement='Peek' hint-overlay='0'/>")):
        (remark,) = view.remarks
        assert remark.rule == "value-case"
        assert "contextmenu" in remark.doubt
        assert "Peek" in remark.doubt
    assert picture(actions(menu))["menu"][0]["content"] == "a"


def test_the_doubt_about_a_local_path_is_told() -> None:
    view = actions(r"<action content='a' arguments='C:\Windows\x.wav' activationType='protocol'/>")
    (remark,) = view.remarks
    assert remark.rule == "not-a-uri"
    assert "sample" in remark.doubt


@pytest.mark.parametrize(
    ("view", "rule"),
    [
        (toast(root="displayTimeStamp='2017-04-15T19:45:00Z'"), "attribute-case"),
        (actions("<input id='t' type='text'/><action content='a' arguments='b' hint-inputid='t'/>"), "attribute-case"),
        (tile("<group><subgroup hint-weight='0'><text>a</text></subgroup></group>"), "bad-value"),
    ],
)
def test_a_rule_that_a_page_contradicts_carries_a_doubt(view: View, rule: str) -> None:
    (remark,) = view.remarks
    assert remark.rule == rule
    assert remark.doubt
    assert toast(root="Launch='x'").remarks[0].doubt == ""


# --- styles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["titleNumeralSubtle", "subheaderNumeralSubtle", "headerNumeralSubtle"])
def test_numerals_have_subtle_styles(style: Any) -> None:
    assert style in words(TextStyle)
    made = wns.Tile(wns.TileBinding("medium", Text("7", style=style)))
    view = wns.show(made.body, "tile")
    assert view.remarks == ()
    assert picture(view)["sizes"]["medium"]["content"][0]["style"] == style
    assert wns.parse(made.body, "tile") == made


# --- sounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sound", [Sound.REMINDER, Sound.DEFAULT, Sound.MAIL, Sound.CALL2])
def test_any_sound_may_loop_on_a_long_toast(sound: Sound) -> None:
    made = wns.Toast("a", audio=wns.Audio(sound, loop=True), duration="long")
    view = wns.show(made.body, "toast")
    assert view.objections == ()
    assert picture(view)["audio"] == {"src": str(sound), "loop": True, "silent": False}
    assert rules(view) == ([] if sound.loops else ["loop-sound"])
    assert all(remark.doubt for remark in view.remarks)


@pytest.mark.parametrize(
    ("attributes", "heard"),
    [
        ("src='ms-winsoundevent:Notification.Alarm'", Sound.DEFAULT),
        ("src='ms-winsoundevent:Notification.mail'", Sound.DEFAULT),
        ("src='ms-winsoundevent:Notification.Ding' loop='true'", Sound.CALL),
        ("src='https://a.example/a.mp3'", Sound.DEFAULT),
    ],
)
def test_an_unknown_sound_falls_back_to_default_or_to_the_call_when_it_loops(attributes: str, heard: Sound) -> None:
    view = audio(attributes, root="duration='long'")
    assert rules(view) == ["sound"]
    assert picture(view)["audio"]["src"] == str(heard)


def test_a_sound_that_the_app_registered_is_no_mistake() -> None:
    view = audio("src='ms-winsoundevent:MyApp.Ding'")
    assert (rules(view), view.objections) == (["registered-sound"], ())
    assert picture(view)["audio"]["src"] == "ms-winsoundevent:MyApp.Ding"
    assert b"MyApp.Ding" in wns.Toast("a", audio=wns.Audio("ms-winsoundevent:MyApp.Ding")).body


def test_a_sound_out_of_the_apps_data_is_doubted_with_both_sources() -> None:
    (remark,) = audio("src='ms-appdata:///local/a.mp3'").remarks
    assert (remark.rule, remark.severity) == ("appdata-sound", Severity.NOTE)
    assert "isn't supported" in remark.doubt
    assert "one says that it is" in remark.doubt


# --- nothing to read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<text/>",
        "<text> \n</text>",
        "<image src='h.png' placement='hero'/>",
        _PICTURE,
        _BAR,
        _COLUMNS,
        _VIA,
    ],
)
def test_a_toast_without_a_text_shows_new_notification(inside: str) -> None:
    view = toast(inside, after="<actions><input id='a' type='text'/></actions>")
    remark = next(remark for remark in view.remarks if remark.rule == "no-text")
    assert remark.severity is Severity.LOST
    assert remark.doubt
    assert is_new_notification(view)


def test_an_image_alone_makes_no_legacy_toast_either() -> None:
    document = (
        "<toast><visual><binding template='ToastImageAndText01'><image id='1' src='a.png'/></binding></visual></toast>"
    )
    assert is_new_notification(wns.show(document.encode(), "toast"))


@pytest.mark.parametrize(
    "content", [(Image("h.png", placement="hero"),), (wns.Progress(0.5, ""),), (wns.Group(wns.Subgroup("a")),)]
)
def test_no_toast_is_made_without_a_text(content: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError, match="has no text"):
        wns.Toast(*content)


@pytest.mark.parametrize("inside", ["", "<text> </text>", "<group><subgroup/></group>"])
def test_an_empty_tile_is_remarked(inside: str) -> None:
    view = tile(inside)
    assert "empty-binding" in rules(view)
    assert view.is_shown
    assert "empty-binding" not in rules(tile(inside, "branding='name'"))
    assert "empty-binding" not in rules(tile(inside + "<image src='b.png' placement='background'/>"))


# --- data binding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    [
        "<text>{title}</text>",
        _A + "<text> {line} </text>",
        _A + "<text placement='attribution'>{source}</text>",
        _A + "<progress value='{v}' status='s'/>",
        _A + "<progress value='0' status='{s}'/>",
        _A + "<progress value='0' status='' title='{t}'/>",
        _A + "<progress value='0' status='' valueStringOverride='{o}'/>",
    ],
)
def test_a_push_has_no_data_for_what_is_bound(inside: str) -> None:
    (remark,) = toast(inside).remarks
    assert (remark.rule, remark.severity) == ("data-binding", Severity.NOTE)
    assert "braces" in remark.doubt
    assert "empty" in remark.doubt


@pytest.mark.parametrize(
    "view",
    [
        toast(_A + "<group><subgroup><text>{a}</text></subgroup></group>"),
        actions("<action content='{a}' arguments='b'/>"),
        actions("<input id='a' type='text' title='{t}'/>"),
        tile("<text>{a}</text>"),
    ],
)
def test_binding_works_in_top_level_texts_and_progress_bars_only(view: View) -> None:
    assert rules(view) == ["data-binding-place"]


@pytest.mark.parametrize("text", ["{}", "{a b}", "x {a}", '{"a": 1}', "{{a}}", "{1}"])
def test_braces_around_anything_else_are_text(text: str) -> None:
    assert toast(f"<text>{text}</text>").remarks == ()


# --- tiles ----------------------------------------------------------------------------------------------------------


def _wide(inside: str, own: str = "") -> list[str | None]:
    shown: list[str | None] = picture(tile(inside, own, "Wide"))["sizes"]["wide"]["lock_screen"]
    return shown


def test_the_lock_screen_reads_texts_by_their_ids() -> None:
    assert _wide("<text id='1'>a</text><text id='3'>c</text><text>d</text>") == ["a", None, "c"]
    assert _wide("<text id='1'>a</text>", "hint-lockDetailedStatus1='b'") == ["b", None, None]
    assert _wide("<group><subgroup><text id='1'>a</text></subgroup></group>") == [None, None, None]
    made = wns.Tile(wns.TileBinding("wide", Text("a", id=2)))
    assert picture(wns.show(made.body, "tile"))["sizes"]["wide"]["lock_screen"] == [None, "a", None]


RETIRED = [name for name in CATALOGUE if "ImageCollection" in name]


@pytest.mark.parametrize("name", RETIRED)
def test_retired_templates_are_skipped_by_windows_10_and_drawn_by_phones(name: str) -> None:
    document = (
        f"<tile><visual version='2'><binding template='{name}'><image id='1' src='a.png'/></binding>"
        f"<binding template='TileMedium'>{_A}</binding></visual></tile>"
    ).encode()
    view = wns.show(document, "tile")
    assert list(picture(view)["sizes"]) == ["medium"]
    assert [remark.rule for remark in view.objections] == ["retired-template"]
    assert len(picture(wns.show(document, "tile", on_phone=True))["sizes"]) == 2


def test_every_collection_of_images_is_retired() -> None:
    assert {CATALOGUE[name].rule for name in RETIRED} == {"retired-template"}
    assert len([name for name in CATALOGUE if CATALOGUE[name].rule == "retired-template"]) == len(RETIRED) == 17


@pytest.mark.parametrize(
    ("template", "rule", "shows"),
    [
        ("TileSquare71x71IconWithBadge", "needs-badge", True),
        ("TileSquare150x150IconWithBadge", "needs-badge", True),
        ("TileSquare71x71Image", "phone-only", False),
        ("TileWide310x150IconWithBadgeAndText", "phone-only", False),
        ("TileTall150x310Image", "enumeration-only", True),
    ],
)
def test_a_late_templates_rule_says_what_it_is_about(template: str, rule: str, shows: bool) -> None:
    inside = "<image id='1' src='a.png'/>"
    document = f"<tile><visual version='3'><binding template='{template}'>{inside}</binding></visual></tile>"
    view = wns.show(document.encode(), "tile")
    assert rule in rules(view)
    assert view.is_shown is shows
    assert wns.show(document.encode(), "tile", on_phone=True).is_shown


@pytest.mark.parametrize(
    ("inside", "own", "overlay"),
    [
        ("<text>a</text>", "", 20),
        ("", "", 0),
        ("<text> </text>", "", 0),
        ("<group><subgroup><text>a</text></subgroup></group>", "", 20),
        ("<text>a</text>", "hint-overlay='5'", 5),
    ],
)
def test_a_background_is_darkened_only_where_there_is_text(inside: str, own: str, overlay: int) -> None:
    view = tile(inside + "<image src='b.png' placement='background'/>", own)
    assert picture(view)["sizes"]["medium"]["background"]["overlay"] == overlay
    given = tile(inside + "<image src='b.png' placement='background' hint-overlay='60'/>", own)
    assert picture(given)["sizes"]["medium"]["background"]["overlay"] == 60


@pytest.mark.parametrize("placement", ["background", "peek"])
def test_a_tile_has_one_image_behind_and_one_before_its_content(placement: str) -> None:
    inside = "".join(f"<image src='{name}.png' placement='{placement}' hint-overlay='0'/>" for name in "bc")
    view = tile(_A + inside)
    shown = picture(view)["sizes"]["medium"]
    assert shown[placement]["src"] == "b.png"
    assert [item["type"] for item in shown["content"]] == ["text"]
    assert [remark.rule for remark in view.remarks] == ["place-taken"]


def test_the_default_overlay_of_a_peek_image_is_doubted_with_both_pages() -> None:
    view = tile(_A + "<image src='p.png' placement='peek'/>")
    (remark,) = view.remarks
    assert (remark.rule, remark.severity) == ("peek-overlay", Severity.NOTE)
    assert "0" in remark.doubt
    assert "20" in remark.doubt
    assert tile(_A + "<image src='p.png' placement='peek' hint-overlay='20'/>").remarks == ()


def test_what_is_mobiles_alone_is_said() -> None:
    photos = "<image src='a.png'/>" * 10
    assert rules(tile(photos, "hint-presentation='photos'")) == ["mobile-only"]
    assert rules(tile(_PICTURE, "hint-presentation='contact'")) == ["mobile-only"]


# --- types and verdict ----------------------------------------------------------------------------------------------


def test_what_a_toasts_binding_says_is_read_into_the_visual_parts_fields() -> None:
    inside = (
        f"<binding template='ToastGeneric' baseUri='https://a.example/' addImageQuery='true' lang='de'>{_A}</binding>"
    )
    made = wns.parse(f"<toast><visual>{inside}</visual></toast>", "toast")
    assert made == wns.Toast("a", base_uri="https://a.example/", add_image_query=True, lang="de")
    both = wns.parse(f"<toast><visual baseUri='https://b.example/'>{inside}</visual></toast>", "toast")
    assert both == made


@pytest.mark.parametrize(("written", "value"), [("0.30", 0.3), ("0.3", 0.3), ("1.0", 1.0), ("1", 1), ("0.500", 0.5)])
def test_a_progress_bars_value_is_the_same_in_any_notation(written: str, value: float) -> None:
    inside = f"{_A}<progress value='{written}' status=''/>"
    made = wns.parse(f"<toast><visual><binding template='ToastGeneric'>{inside}</binding></visual></toast>", "toast")
    assert made == wns.Toast("a", wns.Progress(value, ""))


def test_the_badge_has_no_attributes_but_two() -> None:
    assert rules(wns.show(b"<badge value='1' colour='red'/>", "badge")) == ["unknown-attribute"]
    assert rules(wns.show(b"<badge value='1' version='2'/>", "badge")) == ["bad-value"]
    assert rules(wns.show(b"<badge value='1' version='1'/>", "badge")) == []


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://x", "http://x/a.png"),
        ("http://x:8080", "http://x:8080/a.png"),
        ("http://x?q=/y/", "http://x/a.png"),
        ("https://x#y/z", "https://x/a.png"),
        ("http://x/", "http://x/a.png"),
        ("http://x/y", "http://x/a.png"),
        ("http://x/y/", "http://x/y/a.png"),
        ("http://x/y/z?q=/w/", "http://x/y/a.png"),
        ("ms-appx:///", "ms-appx:///a.png"),
        ("ms-appx:///y/z", "ms-appx:///y/a.png"),
        ("ms-appdata:///local/", "ms-appdata:///local/a.png"),
        ("file:///c:/y/", "file:///c:/y/a.png"),
    ],
)
def test_a_relative_source_stays_at_the_host_and_in_the_folder_of_its_base(base: str, url: str) -> None:
    view = toast(f"{_A}<image src='a.png'/>", binding=f"baseUri='{base}'")
    assert picture(view)["content"][-1]["url"] == url
