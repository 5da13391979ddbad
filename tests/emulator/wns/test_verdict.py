"""The device's verdict, element by element: it agrees with the picture, and no remark is lost or repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import FOLDER
from winpush.emulator.wns.verdict import GONE_BY_ATTRIBUTE, GONE_BY_ELEMENT, judge_elements, verdict_of
from winpush.wns import show
from winpush.wns.render.lint import RULES


def toast(inside: str, more: str = "", attributes: str = "") -> str:
    visual = f"<visual><binding template='ToastGeneric'>{inside}</binding></visual>"
    return f"<toast{attributes}>{visual}{more}</toast>"


def tile(binding: str) -> str:
    return f"<tile><visual>{binding}</visual></tile>"


def not_shown(document: str, kind: str = "") -> list[str]:
    body = document.encode()
    kind = kind or document[1:].split(" ")[0].split(">")[0]
    return [each.path for each in judge_elements(body, show(body, kind)) if not each.is_shown]


SKIPPED = [
    (toast("<text>a</text><marquee><b/></marquee>"), ["marquee", "marquee/b"]),
    (toast("<text>a</text><text>b</text><text>c</text><text>d</text>"), ["text[4]"]),
    (toast("<text>a<b/><b/></text>"), ["text/b[1]", "text/b[2]"]),
    (toast("<text>a</text><image/>"), ["image"]),
    (toast("<text>a</text><image src='ftp://x/a.png'/>"), ["image"]),
    (toast("<text>a</text><image src=''/>"), ["image"]),
    (toast("<text>a</text><image src='a.png' placement='peek'/>"), ["image"]),
    (toast("<progress status='x' value='2'/><text>a</text>"), ["progress"]),
    (toast("<text>a</text><progress status='x' value='0.5'/>"), []),
    (toast("<text hint-tacos='1' hint-align='middle'>a</text>"), []),
]


@pytest.mark.parametrize(("document", "paths"), SKIPPED)
def test_what_a_device_skips_of_a_toast_is_marked_with_all_that_is_inside(document: str, paths: list[str]) -> None:
    assert not_shown(document) == [f"toast/visual/binding/{path}" for path in paths]


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        (toast("<text>a</text>", "<actions><input id='a' type='fax'/></actions>"), ["toast/actions/input"]),
        (
            toast("<text>a</text>", "<actions>" + "<action content='a' arguments='b'/>" * 6 + "</actions>"),
            ["toast/actions/action[6]"],
        ),
        (
            toast(
                "<text>a</text>",
                "<actions><input id='a' type='text'/><input id='a' type='text'/></actions>",
            ),
            [],
        ),
        (
            toast("<text>a</text>", "<actions><action content='a' arguments='b' hint-actionId=''/></actions>"),
            [],
        ),
        (toast("<text>a</text>", "<commands/>"), ["toast/commands"]),
        (tile("<binding template='TileSmall'/><binding template='TileSmall'/>"), ["tile/visual/binding[2]"]),
        (tile("<binding template='TileHuge'/><binding template='TileWide'/>"), ["tile/visual/binding[1]"]),
        (tile("<binding template='TileHuge'/>"), ["tile", "tile/visual", "tile/visual/binding"]),
        ("<badge value='9'/>", []),
        ("<badge value='many'/>", ["badge"]),
        ("<badge value='1'><x/></badge>", ["badge/x"]),
    ],
)
def test_actions_tiles_and_badges_are_judged_alike(document: str, paths: list[str]) -> None:
    assert not_shown(document) == paths


def test_a_document_that_is_none_is_one_element_that_does_not_show() -> None:
    verdict = verdict_of(b"<toast>", show(b"<toast>", "toast"))
    assert verdict["is_shown"] is False
    (element,) = verdict["elements"]
    assert (element["path"], element["is_shown"]) == ("toast", False)
    assert element["remarks"][0]["rule"] == "not-well-formed"


def test_a_raw_notification_has_no_elements() -> None:
    assert verdict_of(b"<toast/>", show(b"<toast/>", "raw")) == {"is_shown": True, "elements": [], "left_out": 0}


def test_of_many_elements_the_first_are_kept_and_the_others_counted() -> None:
    document = toast("<text>a</text>" + "<a/>" * 300).encode()
    verdict = verdict_of(document, show(document, "toast"))
    assert (len(verdict["elements"]), verdict["left_out"]) == (200, 104)
    assert len(judge_elements(document, show(document, "toast"))) == 304


def test_the_rules_that_take_an_element_away_are_rules() -> None:
    assert set(RULES) >= GONE_BY_ELEMENT | GONE_BY_ATTRIBUTE


def remarks_of(document: bytes, kind: str) -> tuple[list[Any], list[Any]]:
    view = show(document, kind)
    laid = [remark for element in judge_elements(document, view) for remark in element.remarks]
    return sorted(laid, key=str), sorted(view.remarks, key=str)


NAMES = st.sampled_from(["toast", "visual", "binding", "text", "image", "group", "subgroup", "actions", "action", "b"])
TREES = st.recursive(
    NAMES.map(lambda name: f"<{name}/>"),
    lambda inner: st.builds(lambda name, parts: f"<{name}>{''.join(parts)}</{name}>", NAMES, st.lists(inner)),
)


@given(st.lists(TREES))
def test_every_remark_stands_at_one_element(parts: list[str]) -> None:
    document = toast("".join(parts), "".join(parts)).encode()
    laid, made = remarks_of(document, "toast")
    assert laid == made


def vectors() -> list[Any]:
    path = FOLDER / "vectors.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"waits for the protocol reference's {path.name}"))]
    loaded = [vector for vector in json.loads(path.read_text()) if vector["service"] == "wns"]
    return [pytest.param(loaded, id=f"{len(loaded)}-payloads")]


@pytest.mark.parametrize("payloads", vectors())
def test_what_others_sent_is_judged_whole_and_without_contradicting_the_picture(payloads: list[dict[str, Any]]) -> None:
    for vector in payloads:
        document = vector["xml"].encode()
        laid, made = remarks_of(document, vector["kind"])
        assert laid == made, vector["source"]
        view = show(document, vector["kind"])
        shown = [element for element in judge_elements(document, view) if element.is_shown]
        if vector["kind"] == "toast" and view.picture is not None:
            actions = [each for each in shown if each.path.rpartition("/")[2].partition("[")[0] == "action"]
            assert len(actions) == len(view.picture["buttons"]) + len(view.picture["menu"]), vector["source"]
