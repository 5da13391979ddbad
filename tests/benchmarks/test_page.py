"""The page and the chart show what was measured, and what was not."""

from __future__ import annotations

from pathlib import Path

from harness.chart import draw
from harness.contenders import C_SENDER, CONTENDERS, WRK, Contender
from harness.paced import SHARES, Latency, Paced
from harness.page import how_to_run
from harness.page_parts import about_paced, about_twins
from harness.sizes import SIZES
from harness.summary import Row
from harness.twins import Twins

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
OURS = next(contender for contender in CONTENDERS if contender.name == "winpush-many-uvloop-compiled")


def test_the_published_page_says_how_it_is_made_today() -> None:
    assert PAGE.read_text().endswith(how_to_run())


def test_latencies_are_in_ms_and_the_unknown_is_a_dash() -> None:
    latency = Latency(125_000, 2_500_000, None)
    text = about_paced(SIZES["full"], [Paced(OURS, tls=True, at=dict.fromkeys(SHARES, latency))])
    assert "| TLS | at 50% | at 80% | at 95% |" in text
    assert f"| **{OURS.label}** | 0.125 / 2.5 / – | 0.125 / 2.5 / – | 0.125 / 2.5 / – |" in text
    assert "| plain |" not in text


def test_what_was_wrong_at_a_rate_stands_in_its_row() -> None:
    paced = Paced(
        OURS, tls=False, at=dict.fromkeys(SHARES, Latency(1, 1, 1)), problem="2 answers reached the wrong result"
    )
    assert f"**{OURS.label}**; 2 answers reached the wrong result |" in about_paced(SIZES["full"], [paced])


def test_two_processes_without_cores_of_their_own_have_no_rate() -> None:
    text = about_twins(Twins(OURS.label, None, 1.93))
    assert "| sends per second | – |" in text
    assert "fewer than four cores" in text
    assert "fewer than four cores" not in about_twins(Twins(OURS.label, 1.9, 1.93))


def row(contender: Contender, to_wrk: float) -> Row:
    return Row(
        contender,
        tls=False,
        rate=1,
        spread=0,
        to_wrk=to_wrk,
        to_wrk_by_cpu=None,
        to_c_by_cpu=None,
        to_node_mpns=None,
        cpu_us=1,
        peak_mib=1,
        client_busy=1,
        stub_busy=1,
        ids_checked=1,
        answers=1,
        problem=None,
    )


def test_the_chart_has_the_c_sender_above_wrk_where_it_is_faster() -> None:
    chart = draw([row(WRK, 1), row(OURS, 0.8), row(C_SENDER, 1.5)])
    places = [chart.index(contender.label) for contender in (C_SENDER, WRK, OURS)]
    assert places == sorted(places)
