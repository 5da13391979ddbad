"""The reference of the command line in the docs."""

from __future__ import annotations

from pathlib import Path

from winpush.cli.reference import generate


def test_the_reference_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
    assert page.read_text() == generate(), "type: python -m winpush.cli.reference > docs/reference/cli.md"
