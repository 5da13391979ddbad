"""The device's verdict: each of its rules on both sides, and no objection to what Microsoft presents as correct."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.reference import needs_protocol, vectors
from winpush import wns
from winpush.wns.render.lint import RULES

_OK = "<text>a</text>"
_TILE = "<binding template='TileMedium'><text>a</text></binding>"


def _toast(inner: str = _OK, after: str = "", root: str = "", binding: str = "template='ToastGeneric'") -> str:
    return f"<toast {root}><visual><binding {binding}>{inner}</binding></visual>{after}</toast>"


def _actions(inner: str, root: str = "", own: str = "") -> str:
    return _toast(after=f"<actions {own}>{inner}</actions>", root=root)


def _tile(inner: str, visual: str = "", root: str = "") -> str:
    return f"<tile {root}><visual {visual}>{inner}</visual></tile>"


def _medium(inner: str, own: str = "") -> str:
    return _tile(f"<binding template='TileMedium' {own}>{inner}</binding>")


def _selections(number: int) -> str:
    inner = "".join(f"<selection id='{n}' content='x'/>" for n in range(number))
    return f"<input id='s' type='selection'>{inner}</input>"


def _snooze(minutes: str) -> str:
    button = "<action content='' arguments='snooze' activationType='system' hint-inputId='s'/>"
    return f"<input id='s' type='selection'><selection id='{minutes}' content='x'/></input>{button}"


def _legacy(template: str, visual: str = "") -> str:
    return _tile(f"<binding template='{template}'><image id='1' src='a.png'/></binding>", visual)


_GENERIC = f"<binding template='ToastGeneric'>{_OK}</binding>"
_BUTTON = "<action content='a' arguments='b'/>"
_PICTURE = "<image src='a.png'/>"

# rule: a document that breaks it, and its nearest neighbour that doesn't
CASES: dict[str, tuple[str, str, str]] = {
    "not-well-formed": ("toast", "<toast>", _toast()),
    "wrong-root": ("toast", _tile(_TILE), _toast()),
    "no-visual": ("toast", "<toast/>", _toast()),
    "no-binding": ("toast", "<toast><visual/></toast>", _toast()),
    "badge-value": ("badge", "<badge value='Alert'/>", "<badge value='alert'/>"),
    "unknown-element": ("toast", _toast(_OK + "<picture src='a.png'/>"), _toast(_OK + _PICTURE)),
    "element-name": ("toast", _toast(_OK + "<img src='a.png'/>"), _toast(_OK + _PICTURE)),
    "stray-text": ("toast", _toast("words" + _OK), _toast("\n " + _OK)),
    "twice": ("toast", _toast(after="<audio silent='true'/>" * 2), _toast(after="<audio silent='true'/>")),
    "missing-attribute": ("toast", _toast(_OK + "<image/>"), _toast(_OK + _PICTURE)),
    "attribute-case": (
        "toast",
        _toast(root="displayTimeStamp='2017-04-15T19:45:00Z'"),
        _toast(root="displayTimestamp='2017-04-15T19:45:00Z'"),
    ),
    "unknown-attribute": ("toast", _toast(root="hint-tacos='1'"), _toast(root="launch='1'")),
    "bad-value": ("toast", _toast(root="duration='7s'"), _toast(root="duration='long'")),
    "says-default": ("toast", _toast(root="scenario='default'"), _toast(root="scenario='urgent'")),
    "value-case": (
        "tile",
        _medium("<text hint-style='captionsubtle'>a</text>"),
        _medium("<text hint-style='captionSubtle'>a</text>"),
    ),
    "no-effect": ("toast", _toast(binding="template='ToastGeneric' branding='logo'"), _toast()),
    "image-source": ("toast", _toast(_OK + "<image src='ftp://a/b.png'/>"), _toast(_OK + _PICTURE)),
    "empty-image": ("toast", _toast(_OK + "<image src=''/>"), _toast(_OK + _PICTURE)),
    "not-a-uri": (
        "toast",
        _toast(root="launch='x' activationType='protocol'"),
        _toast(root="launch='bingmaps:?q=a' activationType='protocol'"),
    ),
    "boolean-case": (
        "toast",
        _toast(after="<audio silent='True'/>"),
        _toast(after="<audio silent='true'/>"),
    ),
    "hint-boolean-case": (
        "tile",
        _medium("<text hint-wrap='True'>a</text>"),
        _medium("<text hint-wrap='true'>a</text>"),
    ),
    "boolean-number": ("toast", _toast(after="<audio silent='1'/>"), _toast(after="<audio silent='true'/>")),
    "data-binding": ("toast", _toast("<text>{title}</text>"), _toast('<text>{"json": 1}</text>')),
    "data-binding-place": (
        "toast",
        _toast(_OK + "<group><subgroup><text>{title}</text></subgroup></group>"),
        _toast(_OK + "<group><subgroup><text>a {title}</text></subgroup></group>"),
    ),
    "timestamp-form": (
        "toast",
        _toast(root="displayTimestamp='2017-04-15T19:45:00,123Z'"),
        _toast(root="displayTimestamp='2017-04-15T19:45:00.123Z'"),
    ),
    "timestamp-decimals": (
        "toast",
        _toast(root="displayTimestamp='2017-04-15T19:45:00.1234Z'"),
        _toast(root="displayTimestamp='2017-04-15T19:45:00.123Z'"),
    ),
    "unknown-template": ("toast", _toast(binding="template='ToastText05'"), _toast(binding="template='ToastText01'")),
    "one-binding": (
        "toast",
        f"<toast><visual>{_GENERIC * 2}</visual></toast>",
        _toast(),
    ),
    "my-people": (
        "toast",
        "<toast><visual><binding template='ToastGeneric'><text>a</text></binding>"
        "<binding template='ToastGeneric' experienceType='shoulderTap'/></visual></toast>",
        _toast(),
    ),
    "no-text": ("toast", _toast("<text/>"), _toast()),
    "late-text": ("toast", _toast(_OK + _PICTURE + _OK), _toast(_OK * 2 + _PICTURE)),
    "late-attribution": (
        "toast",
        _toast(_OK + _PICTURE + "<text placement='attribution'>v</text>"),
        _toast(_OK + "<text placement='attribution'>v</text>" + _PICTURE),
    ),
    "place-taken": (
        "toast",
        _toast(_OK + "<image src='a.png' placement='hero'/>" * 2),
        _toast(_OK + "<image src='a.png' placement='hero'/>" + _PICTURE),
    ),
    "too-many-texts": ("toast", _toast(_OK * 4), _toast(_OK * 3 + "<text placement='attribution'>v</text>")),
    "blank-action": (
        "toast",
        _actions("<action content='' arguments='b'/>"),
        _actions("<action content='' arguments='b' imageUri='a.png'/>"),
    ),
    "silent-sound": (
        "toast",
        _toast(after="<audio src='ms-winsoundevent:Notification.IM' silent='true'/>"),
        _toast(after="<audio src='ms-winsoundevent:Notification.IM' silent='false'/>"),
    ),
    "fallback-name": (
        "tile",
        _medium("<text>a</text>", "fallback='TileWideText03'"),
        _medium("<text>a</text>", "fallback='TileSquareText04'"),
    ),
    "top-level-hint": (
        "toast",
        _toast("<text hint-style='title'>a</text>"),
        _toast(_OK + "<group><subgroup><text hint-style='title'>a</text></subgroup></group>"),
    ),
    "line-limit": ("toast", _toast("<text hint-maxLines='3'>a</text>"), _toast("<text hint-maxLines='2'>a</text>")),
    "fifteen-lines": (
        "toast",
        _toast(_OK + "<group><subgroup><text hint-wrap='true' hint-maxLines='16'>a</text></subgroup></group>"),
        _toast(_OK + "<group><subgroup><text hint-wrap='true' hint-maxLines='15'>a</text></subgroup></group>"),
    ),
    "top-level-image-hint": (
        "toast",
        _toast(_OK + "<image src='a.png' hint-align='left'/>"),
        _toast(_OK + "<group><subgroup><image src='a.png' hint-align='left'/></subgroup></group>"),
    ),
    "call-only": (
        "toast",
        _toast("<text hint-callScenarioCenterAlign='true'>a</text>"),
        _toast("<text hint-callScenarioCenterAlign='true'>a</text>", root="scenario='incomingCall'"),
    ),
    "wrong-placement": (
        "toast",
        _toast(_OK + "<image src='a.png' placement='peek'/>"),
        _toast(_OK + "<image src='a.png' placement='AppLogoOverride'/>"),
    ),
    "empty-group": ("toast", _toast(_OK + "<group/>"), _toast(_OK + "<group><subgroup/></group>")),
    "too-many-inputs": (
        "toast",
        _actions("".join(f"<input id='{n}' type='text'/>" for n in range(6))),
        _actions("".join(f"<input id='{n}' type='text'/>" for n in range(5))),
    ),
    "too-many-actions": ("toast", _actions(_BUTTON * 6), _actions(_BUTTON * 5)),
    "too-many-selections": (
        "toast",
        _actions(_selections(6)),
        _actions(_selections(5)),
    ),
    "same-id": (
        "toast",
        _actions("<input id='a' type='text'/><input id='a' type='text'/>"),
        _actions("<input id='a' type='text'/><input id='b' type='text'/>"),
    ),
    "same-selection": (
        "toast",
        _actions(_selections(1).replace("</input>", "<selection id='0' content='y'/></input>")),
        _actions(_selections(2)),
    ),
    "snooze-minutes": (
        "toast",
        _actions(_snooze("fifteen")),
        _actions(_snooze("15")),
    ),
    "no-such-input": (
        "toast",
        _actions("<action content='a' arguments='b' hint-inputId='t'/>"),
        _actions("<action content='a' arguments='b' hint-inputId='t'/><input id='t' type='text'/>"),
    ),
    "no-such-selection": (
        "toast",
        _actions("<input id='a' type='selection' defaultInput='2'><selection id='1' content='x'/></input>"),
        _actions("<input id='a' type='selection' defaultInput='1'><selection id='1' content='x'/></input>"),
    ),
    "system-argument": (
        "toast",
        _actions("<action content='' arguments='later' activationType='system'/>"),
        _actions("<action content='' arguments='snooze' activationType='system'/>"),
    ),
    "images-on-some": (
        "toast",
        _actions(_BUTTON + "<action content='a' arguments='b' imageUri='a.png'/>"),
        _actions("<action content='a' arguments='b' imageUri='a.png'/>" * 2),
    ),
    "style-off": (
        "toast",
        _actions("<action content='a' arguments='b' hint-buttonStyle='Success'/>"),
        _actions("<action content='a' arguments='b' hint-buttonStyle='Success'/>", root="useButtonStyle='true'"),
    ),
    "windows-11": (
        "toast",
        _actions("<action content='a' arguments='b' hint-toolTip='c'/>"),
        _actions(_BUTTON),
    ),
    "system-commands": (
        "toast",
        _actions(_BUTTON, own="hint-systemCommands='SnoozeAndDismiss'"),
        _actions(
            "<action content='a' arguments='b' placement='contextMenu'/>",
            own="hint-systemCommands='SnoozeAndDismiss'",
        ),
    ),
    "scenario-button": ("toast", _toast(root="scenario='alarm'"), _actions(_BUTTON, root="scenario='alarm'")),
    "sound": (
        "toast",
        _toast(after="<audio src='ms-winsoundevent:Notification.Alarm'/>"),
        _toast(after="<audio src='ms-winsoundevent:Notification.Mail'/>"),
    ),
    "registered-sound": (
        "toast",
        _toast(after="<audio src='ms-winsoundevent:MyApp.Ding'/>"),
        _toast(after="<audio src='ms-winsoundevent:Notification.Mail'/>"),
    ),
    "appdata-sound": (
        "toast",
        _toast(after="<audio src='ms-appdata:///local/a.mp3'/>"),
        _toast(after="<audio src='ms-appx:///a.mp3'/>"),
    ),
    "loop-duration": (
        "toast",
        _toast(after="<audio src='ms-winsoundevent:Notification.Looping.Alarm' loop='true'/>"),
        _toast(after="<audio src='ms-winsoundevent:Notification.Looping.Alarm' loop='true'/>", root="duration='long'"),
    ),
    "loop-sound": (
        "toast",
        _toast(after="<audio src='ms-winsoundevent:Notification.Mail' loop='true'/>", root="duration='long'"),
        _toast(after="<audio src='ms-winsoundevent:Notification.Looping.Call' loop='true'/>", root="duration='long'"),
    ),
    "commands": ("toast", _toast(after="<commands scenario='alarm'/>"), _toast()),
    "calling-preview": ("toast", _toast(_OK + "<cameraPreview/>"), _toast()),
    "listed-by-mistake": (
        "toast",
        _actions("<action content='a' arguments='b' type='x'/>"),
        _actions(_BUTTON),
    ),
    "shoulder-tap-only": (
        "toast",
        _toast(_OK + "<image src='a.png' spritesheet-fps='5'/>"),
        _toast(_OK + _PICTURE),
    ),
    "tile-version": ("tile", _tile(_TILE, root="version='3'"), _tile(_TILE, visual="version='3'")),
    "needs-version": (
        "tile",
        _tile("<binding template='TileSquare150x150Text04'><text id='1'>a</text></binding>"),
        _tile("<binding template='TileSquare150x150Text04'><text id='1'>a</text></binding>", visual="version='2'"),
    ),
    "badge-version": (
        "tile",
        _tile("<binding template='TileSquare71x71IconWithBadge'><image id='1' src='a.png'/></binding>"),
        _tile(
            "<binding template='TileSquare71x71IconWithBadge'><image id='1' src='a.png'/></binding>",
            visual="version='3'",
        ),
    ),
    "same-size": ("tile", _tile(_TILE * 2), _tile(_TILE + _TILE.replace("Medium", "Wide"))),
    "needs-badge": (
        "tile",
        _legacy("TileSquare71x71IconWithBadge", visual="version='3'"),
        _legacy("TileSquareImage"),
    ),
    "phone-only": (
        "tile",
        _legacy("TileSquare71x71Image", visual="version='3'"),
        _legacy("TileSquare71x71IconWithBadge", visual="version='3'"),
    ),
    "retired-template": ("tile", _legacy("TileWideImageCollection"), _legacy("TileWideImage")),
    "enumeration-only": ("tile", _legacy("TileTall150x310Image"), _legacy("TileSquareImage")),
    "empty-binding": ("tile", _medium("<text> </text><group><subgroup/></group>"), _medium(_PICTURE)),
    "peek-overlay": (
        "tile",
        _medium("<image src='a.png' placement='peek'/>"),
        _medium("<image src='a.png' placement='peek' hint-overlay='0'/>"),
    ),
    "mobile-only": (
        "tile",
        _medium(_PICTURE, "hint-presentation='contact'"),
        _medium(_PICTURE * 9, "hint-presentation='people'"),
    ),
    "too-many-photos": (
        "tile",
        _medium(_PICTURE * 13, "hint-presentation='photos'"),
        _medium(_PICTURE * 12, "hint-presentation='photos'"),
    ),
    "people-count": (
        "tile",
        _medium(_PICTURE * 8, "hint-presentation='people'"),
        _medium(_PICTURE * 9, "hint-presentation='people'"),
    ),
    "lock-screen": (
        "tile",
        _medium(_OK, "hint-lockDetailedStatus1='a'"),
        _tile(f"<binding template='TileWide' hint-lockDetailedStatus1='a'>{_OK}</binding>"),
    ),
    "field-count": (
        "toast",
        _toast("<text id='1'>a</text><text id='2'>b</text>", binding="template='ToastText01'"),
        _toast("<text id='1'>a</text><text id='2'>b</text>", binding="template='ToastText02'"),
    ),
    "field-missing": (
        "toast",
        _toast("<text id='1'>a</text>", binding="template='ToastText02'"),
        _toast("<text id='1'>a</text>", binding="template='ToastText01'"),
    ),
    "field-id": (
        "toast",
        _toast("<text>a</text>", binding="template='ToastText01'"),
        _toast("<text id='1'>a</text>", binding="template='ToastText01'"),
    ),
    "badge-shows-99": ("badge", "<badge value='100'/>", "<badge value='99'/>"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_told_on_its_one_side_and_not_on_the_other(rule: str) -> None:
    kind, broken, kept = CASES[rule]
    view = wns.show(broken.encode(), kind)
    assert rule in [remark.rule for remark in view.remarks], [str(remark) for remark in view.remarks]
    assert rule not in [remark.rule for remark in wns.show(kept.encode(), kind).remarks]
    told = next(remark for remark in view.remarks if remark.rule == rule)
    assert told.message
    assert told.source
    assert told.path
    assert told.is_objection == (RULES[rule].severity is not wns.Severity.NOTE)
    if RULES[rule].severity is wns.Severity.LOST:
        assert not view.is_shown
    json.dumps(view.to_dict())


MORE: list[tuple[str, str, str, str]] = [
    ("toast", _actions("<input id='a'/>"), "missing-attribute", "toast/actions/input"),
    ("toast", _actions("<input id='a' type='number'/>"), "bad-value", "toast/actions/input@type"),
    ("toast", _actions("<input type='text'/>"), "missing-attribute", "toast/actions/input"),
    ("toast", _actions("<input id='a' type='text'>x</input>"), "stray-text", "toast/actions/input"),
    (
        "toast",
        _actions(_selections(1).replace("</input>", "<selection id='0' content='y'/></input>")),
        "same-selection",
        "toast/actions/input/selection[2]@id",
    ),
    ("toast", _actions("<action content='a'/>"), "missing-attribute", "toast/actions/action"),
    ("toast", _toast(after="<header id='1' title='t'/>"), "missing-attribute", "toast/header"),
    ("toast", _toast("<progress value='0.5'/>"), "missing-attribute", "toast/visual/binding/progress"),
    ("toast", _actions(_BUTTON.replace("/>", " placement='inline'/>")), "bad-value", "toast/actions/action@placement"),
    ("badge", "<badge value='1' colour='red'/>", "unknown-attribute", "badge@colour"),
    ("badge", "<badge value='1' version='2'/>", "bad-value", "badge@version"),
    ("toast", _toast("<progress value='1.5' status=''/>"), "bad-value", "toast/visual/binding/progress@value"),
    (
        "toast",
        _toast(_OK + "<image src='a.png' hint-overlay='5'/>"),
        "no-effect",
        "toast/visual/binding/image@hint-overlay",
    ),
    (
        "toast",
        _toast(_OK + "<group><subgroup><image src='a.png' placement='hero'/></subgroup></group>"),
        "wrong-placement",
        "toast/visual/binding/group/subgroup/image@placement",
    ),
    ("toast", _toast(after="<audio silent='true' loop='true'/>"), "silent-sound", "toast/audio@loop"),
    ("toast", _toast(after="<audio/>"), "no-effect", "toast/audio"),
    ("toast", _actions("<action content=' ' arguments='b'/>"), "blank-action", "toast/actions/action@content"),
    (
        "toast",
        _actions("<action content='' arguments='b' placement='contextMenu'/>"),
        "blank-action",
        "toast/actions/action@content",
    ),
    ("tile", _medium("<image src='a.png' hint-overlay='5'/>"), "no-effect", "tile/visual/binding/image@hint-overlay"),
    (
        "tile",
        _medium("<group><subgroup><image src='a.png' hint-overlay='5'/></subgroup></group>"),
        "no-effect",
        "tile/visual/binding/group/subgroup/image@hint-overlay",
    ),
    (
        "tile",
        _legacy("TileSquareImage").replace("src", "hint-crop='circle' src"),
        "no-effect",
        "tile/visual/binding/image@hint-crop",
    ),
    (
        "tile",
        _medium("<image src='a.png' placement='peek' hint-overlay='0'/>" * 2),
        "place-taken",
        "tile/visual/binding/image[2]@placement",
    ),
    (
        "tile",
        _legacy("TileSquareImage").replace("template=", "fallback='TileWideImage' template="),
        "fallback-name",
        "tile/visual/binding@fallback",
    ),
    ("toast", _toast("<text>a<b/></text>"), "unknown-element", "toast/visual/binding/text/b"),
    ("toast", _toast("<Text>a</Text>"), "element-name", "toast/visual/binding/Text"),
    ("toast", _toast(root="useButtonStyle='maybe'"), "bad-value", "toast@useButtonStyle"),
    ("tile", "<tile/>", "no-visual", "tile"),
    ("tile", "<tile><visual/></tile>", "no-binding", "tile/visual"),
    ("tile", f"<tile><visual>{_TILE}</visual><visual/></tile>", "twice", "tile/visual[2]"),
    ("tile", _tile(_TILE + "<binding template='Mine'/>"), "unknown-template", "tile/visual/binding[2]"),
    ("tile", _tile(_TILE, root="colour='red'"), "unknown-attribute", "tile@colour"),
    ("tile", _medium("<text placement='attribution'>a</text>"), "no-effect", "tile/visual/binding/text"),
    (
        "tile",
        _medium("<image src='a.png' placement='hero'/>"),
        "wrong-placement",
        "tile/visual/binding/image@placement",
    ),
    (
        "tile",
        _medium("<group><subgroup hint-weight='x'/></group>"),
        "bad-value",
        "tile/visual/binding/group/subgroup@hint-weight",
    ),
]


@pytest.mark.parametrize(("kind", "document", "rule", "path"), MORE)
def test_an_error_is_told_where_it_stands(kind: str, document: str, rule: str, path: str) -> None:
    view = wns.show(document.encode(), kind)
    assert (rule, path) in [(remark.rule, remark.path) for remark in view.remarks]


# Rules that payloads presented as right break: the service took them, or a builder's test never displays them.
_EXPLAINED = {"one-binding", "sound", "loop-duration"}
_UNSHOWN = {"no-text", "retired-template"}


@needs_protocol
@pytest.mark.parametrize(
    "entry", [entry for entry in vectors() if entry["valid"] is True], ids=lambda entry: str(entry["source"])[-60:]
)
def test_an_objection_to_a_valid_vector_names_what_contradicts_it(entry: dict[str, Any]) -> None:
    view = wns.show(entry["xml"].encode(), entry["kind"])
    unshown = _UNSHOWN & {remark.rule for remark in view.remarks}
    explained = _EXPLAINED | _UNSHOWN | ({"no-binding"} if "retired-template" in unshown else set())
    assert [str(remark) for remark in view.objections if remark.rule not in explained] == []
    assert all(remark.doubt for remark in view.objections if remark.rule != "no-binding")
    assert view.is_shown or unshown
    json.dumps(view.to_dict())


def test_the_two_recorded_toasts_with_two_bindings_get_explained_objections_only() -> None:
    """As tjanczuk/wns sent them, and WNS received them (wns.md 3.3)."""
    second = "<text id='2'>b</text>"
    binding = "<binding template='ToastText0{0}'><text id='1'>a</text>{1}</binding>"
    document = (
        f"<toast><visual>{binding.format(1, '')}{binding.format(2, second)}</visual>"
        "<audio src='ms-winsoundevent:Notification.Alarm' loop='true'/></toast>"
    )
    assert {remark.rule for remark in wns.show(document.encode(), "toast").objections} == set(_EXPLAINED)
