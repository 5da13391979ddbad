"""Numbers as people type them: any text is a finite number in its range or a usage error, and nothing else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.commands import call
from winpush.cli.numbers import DAYS, LIMIT, Seconds

WNS = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"
HUGE = "9" * 30


@given(st.one_of(st.text(), st.floats().map(repr), st.integers().map(str)))
def test_seconds_are_finite_and_in_their_range(text: str) -> None:
    try:
        seconds = Seconds(0, 600, min_open=True)(text)
    except click.BadParameter:
        return
    assert math.isfinite(seconds)
    assert 0 < seconds <= 600


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "soon"])
def test_seconds_without_a_range_are_finite(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds()(text)


@pytest.mark.parametrize("kind", [LIMIT, DAYS])
def test_a_count_has_an_upper_bound(kind: click.IntRange) -> None:
    with pytest.raises(click.BadParameter):
        kind(HUGE)


@pytest.fixture
def db(tmp_path: Path) -> str:
    pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")
    url = f"sqlite:///{tmp_path}/push.db"
    assert call("db", "upgrade", "--db", url).returncode == 0
    return url


def assert_refused(*arguments: str) -> None:
    done = call(*arguments, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["type"] == "usage"


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e30", "1e12"])
def test_a_time_to_live_that_cannot_be_is_a_usage_error(seconds: str) -> None:
    assert_refused("send", "badge", WNS, "7", "--ttl", seconds)
    assert_refused("broadcast", "badge", "7", "--ttl", seconds)


@pytest.mark.parametrize(
    "arguments",
    [
        ("channels", "stale", "--days", "99999999999"),
        ("channels", "stale", "--limit", HUGE),
        ("channels", "list", "--limit", HUGE),
        ("channels", "list", "--attribute", f"x={'[' * 100_000}"),
        ("channels", "add", WNS, "--attribute", f"x={'[' * 100_000}"),
        ("channels", "show", HUGE),
        ("channels", "show", "0"),
        ("history", "--limit", HUGE),
        ("broadcasts", "list", "--limit", HUGE),
        ("broadcasts", "show", "1", "--watch", "--interval", "nan"),
        ("broadcast", "badge", "9" * 5_000),
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_a_number_that_nothing_can_take_is_a_usage_error(arguments: tuple[str, ...], db: str) -> None:
    assert_refused(*arguments, "--db", db)


@pytest.mark.parametrize("option", ["--keep-history", "--keep-gone"])
def test_days_to_keep_have_an_upper_bound_that_works(option: str, db: str) -> None:
    assert call("worker", "--until-idle", "--db", db, option, "9999999999").returncode == 2
    assert call("worker", "--until-idle", "--db", db, option, str(DAYS.max)).returncode == 0


def test_a_number_of_days_that_is_allowed_works(db: str) -> None:
    assert call("channels", "stale", "--days", str(DAYS.max), "--db", db).returncode == 0


def test_a_badge_of_too_many_digits_says_what_is_shown() -> None:
    done = call("send", "badge", WNS, "9" * 5_000)
    assert done.returncode == 2
    assert "5,000 digits" in done.stderr
