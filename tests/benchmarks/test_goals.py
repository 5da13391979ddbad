"""The table of goals: what each is compared with, and what decides."""

from __future__ import annotations

from harness.contenders import C_SENDER, CONTENDERS
from harness.extras import Extras
from harness.goals import Goal, judge
from harness.paced import SHARES, Latency, Paced
from harness.summary import Row
from harness.twins import Twins

BY_NAME = {contender.name: contender for contender in CONTENDERS}
NOTHING = Extras({}, {}, {}, None, (), ())
COMPILED = "winpush-many-uvloop-compiled"


def row(name: str, *, tls: bool, rate: float, cpu_us: float) -> Row:
    return Row(BY_NAME[name], tls, rate, 0, None, None, None, None, cpu_us, 1, 1, 1, 1, 1, None)


def paced(name: str, p99: float, *, tls: bool = False) -> Paced:
    """With this 99th percentile at 80 %, and others elsewhere."""
    return Paced(BY_NAME[name], tls, {share: Latency(1, p99 if share == 0.8 else 1, None) for share in SHARES})


def goals(
    rows: list[Row] | None = None, latencies: list[Paced] | None = None, twins: Twins | None = None
) -> dict[str, Goal]:
    return {goal.text: goal for goal in judge(rows or [], latencies or [], twins, NOTHING)}


def test_send_many_is_measured_by_the_cpu_of_the_c_sender() -> None:
    for tls, wire in ((False, "plain"), (True, "TLS")):
        for cpu_us, met in ((10.0, True), (10.1, False)):
            rows = [
                row(C_SENDER.name, tls=tls, rate=100, cpu_us=7.5),
                row(COMPILED, tls=tls, rate=99, cpu_us=cpu_us),
            ]
            goal = goals(rows)[f"winpush send_many, uvloop, compiled, {wire}, vs. C sender"]
            assert (goal.wanted, goal.cpu_decides, goal.met) == (0.75, True, met)


def test_each_way_to_send_has_its_own_goal_beside_the_c_sender() -> None:
    names = [COMPILED, "winpush-send-uvloop-compiled", "winpush-threads-uvloop-compiled"]
    rows = [row(name, tls=False, rate=1, cpu_us=1) for name in (C_SENDER.name, *names)]
    wanted = [goal.wanted for goal in judge(rows, [], None, NOTHING) if goal.cpu_decides]
    assert wanted == [0.75, 0.50, 0.33]


def test_the_plain_builds_are_judged_by_no_goal() -> None:
    names = [C_SENDER.name, "wrk", "winpush-many-uvloop", "winpush-send-stock"]
    assert not any(text.startswith("winpush") for text in goals([row(n, tls=False, rate=1, cpu_us=1) for n in names]))


def test_the_99th_percentile_at_80_percent_is_at_most_twice_the_c_senders() -> None:
    text = "p99 at 80% of its own maximum: winpush send_many, uvloop, compiled, plain, vs. C sender"
    for ours, met in ((200, True), (201, False)):
        goal = goals(latencies=[paced(C_SENDER.name, 100), paced(COMPILED, ours)])[text]
        assert (goal.wanted, goal.met) == (2, met)
    assert goals(latencies=[paced(C_SENDER.name, 100, tls=True), paced(COMPILED, 1)])[text].met is None


def test_two_processes_are_judged_by_cpu_where_they_have_no_cores_of_their_own() -> None:
    text = "winpush, plain, two processes vs. one"
    assert goals(twins=Twins("winpush", None, 1.8))[text].met is True
    assert goals(twins=Twins("winpush", None, 1.7))[text].met is False
    assert goals(twins=Twins("winpush", 1.7, 2.0))[text].met is False
    assert goals(twins=Twins("winpush", 1.9, 1.0))[text].met is True


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert [goal.met for goal in judge([], [], None, NOTHING)] == [None] * 4
