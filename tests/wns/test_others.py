"""Badges, raw notifications, documents of one's own, and clearing toasts (wns.md 4, 8 and 11)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from winpush import ValidationError, wns


@pytest.mark.parametrize(
    ("badge", "body"),
    [
        (wns.Badge(7), b'<badge value="7"/>'),
        (wns.Badge(0), b'<badge value="0"/>'),
        (wns.Badge(100), b'<badge value="100"/>'),
        (wns.Badge(wns.Glyph.ALERT), b'<badge value="alert"/>'),
        (wns.Badge(wns.Glyph.NEW_MESSAGE, version=1), b'<badge value="newMessage" version="1"/>'),
    ],
)
def test_a_badge_is_a_number_or_a_glyph(badge: wns.Badge, body: bytes) -> None:
    assert badge.body == body
    assert badge.push_type == "badge"
    assert wns.parse(body, "badge") == badge


def test_a_glyphs_name_is_taken_for_the_glyph() -> None:
    assert wns.Badge("busy") == wns.Badge(wns.Glyph.BUSY)  # type: ignore[arg-type]  # for those without a type checker
    assert repr(wns.Badge(0)) == "Badge(value=0)"
    assert wns.Badge(wns.Glyph.NONE).to_dict() == {"type": "Badge", "value": "none"}


@pytest.mark.parametrize("value", [-1, 2**32, True, 1.5, "Alert", "7", None])
def test_what_no_badge_can_show_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match=r"^value: "):
        wns.Badge(value)  # type: ignore[arg-type]  # the wrong value is the test


def test_the_badge_schema_has_version_1_only() -> None:
    with pytest.raises(ValidationError, match="version"):
        wns.Badge(1, version=2)


def test_all_13_glyphs_and_25_sounds_are_there() -> None:
    assert len(wns.Glyph) == 13
    assert len(wns.Sound) == 25
    assert sum(sound.loops for sound in wns.Sound) == 20


def test_raw_takes_any_bytes_and_text() -> None:
    assert wns.Raw(b"\x00\xff").body == b"\x00\xff"
    assert wns.Raw("ü").body == "ü".encode()
    assert len(wns.Raw(b"x" * 5000).body) == 5000
    assert wns.Raw(b"\xff").to_dict() == {"type": "Raw", "payload": "\ufffd", "payload_bytes": 1}


@pytest.mark.parametrize("payload", [b"", "", b"x" * 5001, None, 5, "\ud800"])
def test_raw_refuses_nothing_too_much_and_what_is_no_payload(payload: bytes) -> None:
    with pytest.raises(ValidationError, match=r"^payload: "):
        wns.Raw(payload)


def test_ones_own_document_is_sent_as_it_is() -> None:
    document = "<?xml version='1.0' encoding='utf-8'?>\n<toast hint-tacos='ü'/>"
    xml = wns.Xml("toast", document)
    assert xml.body == document.encode()
    assert xml.push_type == "toast"
    assert json.dumps(xml.to_dict())
    assert xml.replace(tag="a").tag == "a"
    assert wns.Xml("tile", b"\xef\xbb\xbf<tile/>").body == b"\xef\xbb\xbf<tile/>"


XML_BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: wns.Xml("raw", "<raw/>"), "kind"),  # type: ignore[arg-type]  # the wrong kind is the test
    (lambda: wns.Xml("toast", "<tile/>"), "document"),
    (lambda: wns.Xml("toast", "<toast xmlns='urn:x'/>"), "document"),
    (lambda: wns.Xml("toast", "<toast>"), "document"),
    (lambda: wns.Xml("toast", ""), "document"),
    (lambda: wns.Xml("toast", "<!DOCTYPE toast><toast/>"), "document"),
    (lambda: wns.Xml("toast", "<toast/>".encode("utf-16")), "document"),
    (lambda: wns.Xml("toast", "<?xml version='1.0' encoding='latin-1'?><toast/>"), "document"),
    (lambda: wns.Xml("toast", b"<toast>\xff</toast>"), "document"),
    (lambda: wns.Xml("toast", "\ud800"), "document"),
    (lambda: wns.Xml("toast", 5), "document"),  # type: ignore[arg-type]  # the wrong type is the test
    (lambda: wns.Xml("toast", f"<toast>{'x' * 4986}</toast>"), "payload"),
    (lambda: wns.Xml("badge", "<badge/>", tag="a"), "tag"),
]


@pytest.mark.parametrize(("make", "field"), XML_BAD)
def test_a_document_that_wns_or_no_parser_takes_is_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make()
    assert caught.value.field == field


def test_a_document_of_5000_bytes_is_taken() -> None:
    assert len(wns.Xml("toast", f"<toast>{'x' * 4985}</toast>").body) == 5000


@pytest.mark.parametrize(
    ("clear", "match"),
    [
        (wns.ClearToasts(group="g", tag="t"), "type:wns/toast;group=g;tag=t"),
        (wns.ClearToasts(group="g"), "type:wns/toast;group=g"),
        (wns.ClearToasts(tag="t"), "type:wns/toast;tag=t"),
        (wns.ClearToasts(everything=True), "type:wns/toast;all"),
    ],
)
def test_clearing_writes_and_reads_the_four_documented_matches(clear: wns.ClearToasts, match: str) -> None:
    assert clear.match == match
    assert wns.ClearToasts.read(match) == clear
    assert clear.to_dict()["everything"] is clear.everything


CLEAR_BAD: list[Callable[[], object]] = [
    lambda: wns.ClearToasts(),
    lambda: wns.ClearToasts(tag="a b"),
    lambda: wns.ClearToasts(group=""),
    lambda: wns.ClearToasts(tag="a", everything=True),
    lambda: wns.ClearToasts(everything=1),  # type: ignore[arg-type]  # the wrong type is the test
    lambda: wns.ClearToasts.read(""),
    lambda: wns.ClearToasts.read("type:wns/tile;all"),
    lambda: wns.ClearToasts.read("type:wns/toast;colour=red"),
    lambda: wns.ClearToasts.read("type:wns/toast;tag=a;tag=b"),
]


@pytest.mark.parametrize("make", CLEAR_BAD)
def test_clearing_says_what_is_to_be_cleared(make: Callable[[], object]) -> None:
    with pytest.raises(ValidationError):
        make()
