"""The changelog: what a user reads before an upgrade."""

from __future__ import annotations

import re
from pathlib import Path

import winpush

TEXT = (Path(__file__).parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
VERSIONS = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", TEXT, re.MULTILINE)


def test_the_newest_version_of_the_changelog_is_this_one() -> None:
    assert VERSIONS[0][0] == winpush.__version__


def test_each_version_has_a_date_and_they_are_in_order() -> None:
    headings = re.findall(r"^## .*$", TEXT, re.MULTILINE)
    assert headings == ["## [Unreleased]", *(f"## [{number}] - {date}" for number, date in VERSIONS)]
    assert [date for _, date in VERSIONS] == sorted((date for _, date in VERSIONS), reverse=True)


def test_the_names_that_a_version_has_renamed_are_gone_and_the_new_ones_are_there() -> None:
    """What the table promises can be imported under the new name alone."""
    from winpush import convert, delivery, emulator

    new = [(delivery, "WorkerSettings"), (delivery, "Worker"), (emulator, "CHANNEL_STATES"), (convert, "lost_in_wns")]
    assert all(hasattr(where, name) and f"{name}" in TEXT for where, name in new)
    assert not any(hasattr(delivery, name) for name in ("Pace", "Engine"))
    assert not any(hasattr(emulator, name) for name in ("HEALTHS", "WINDOWS_HEALTHS"))
