"""Badges: a number or a glyph (wns.md 4)."""

from __future__ import annotations

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
    with pytest.raises(ValidationError, match=r"version: is 1\.0"):
        wns.Badge(1, version=1.0)  # type: ignore[arg-type]  # the wrong type is the test
