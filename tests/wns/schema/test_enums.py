"""The words that the schema has, and how many of them."""

from __future__ import annotations

from winpush import wns


def test_all_13_glyphs_and_25_sounds_are_there() -> None:
    assert len(wns.Glyph) == 13
    assert len(wns.Sound) == 25
    assert sum(sound.loops for sound in wns.Sound) == 20
