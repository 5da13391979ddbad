"""`winpush broadcasts show`: how far a broadcast has come, and what is waiting for what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.cli.windows import call

pytest.importorskip("sqlalchemy", reason="the extra winpush[delivery] is not installed")

from winpush import mpns
from winpush.cli.progress import describe
from winpush.delivery import BroadcastState, DeliveryState, Outbox, Progress, QuietHours, Wait
from winpush.emulator import Emulator

NOW = datetime(2026, 11, 27, 21, 30, tzinfo=UTC)
TOAST = mpns.Toast("Hello")


def progress(state: BroadcastState, done: int, total: int, *waits: Wait, seconds: int = 10) -> Progress:
    states = {DeliveryState.DELIVERED: done}
    elapsed = timedelta(seconds=seconds)
    return Progress(3, state, states, {"accepted": done}, done, total, elapsed, total=total, waits=waits)


def test_a_running_broadcast_says_how_far_it_is_and_how_long_it_takes() -> None:
    shown = describe(progress(BroadcastState.RUNNING, 1000, 5000, Wait("due", 4000)), now=NOW)
    assert shown == [
        "Broadcast 3: running. 1,000 of 5,000 done (20 %), 100/s, 40 seconds left.",
        "      1,000  accepted",
        "  4,000 are due now: a worker sends them as soon as one runs.",
    ]


TEN = NOW.replace(hour=22, minute=0)


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait("quiet-hours", 200_000, TEN), "200,000 wait for quiet hours to end, the next at 22:00 UTC"),
        (
            Wait("queue-full", 2, TEN + timedelta(days=1)),
            "2 wait for a retry after queue-full, the next at 2026-11-28 22:00 UTC",
        ),
        (Wait("asked-to-wait", 7, TEN), "7 wait because the service asked to, the next at 22:00 UTC"),
        (Wait("paused", 9), "9 wait because the broadcast is paused: winpush broadcasts resume 3"),
        (Wait("not-before", 9, TEN), "9 wait for the broadcast's start, 22:00 UTC"),
        (Wait("no-login", 1, NOW), "1 waits for a worker that has a login for its service"),
        (Wait("rate", 1), "1 waits for its turn at the broadcast's own rate"),
        (Wait("due", 1), "1 is due now: a worker sends it as soon as one runs"),
        (Wait("due", 2), "2 are due now: a worker sends them as soon as one runs"),
        (Wait("queue-full", 1, TEN), "1 waits for a retry after queue-full, at 22:00 UTC"),
        (Wait("quiet-hours", 1, TEN), "1 waits for quiet hours to end, at 22:00 UTC"),
        (Wait("turn", 1), "1 waits for another send to the same channel"),
    ],
)
def test_each_reason_to_wait_has_a_sentence(wait: Wait, said: str) -> None:
    shown = describe(progress(BroadcastState.RUNNING, 10, 10 + wait.number, wait), now=NOW)
    assert f"  {said}." in shown


def test_what_waits_for_a_time_is_not_in_the_time_that_is_left() -> None:
    wait = Wait("quiet-hours", 4000, NOW)
    assert "left" not in describe(progress(BroadcastState.RUNNING, 1000, 5000, wait), now=NOW)[0]


@pytest.mark.parametrize("state", ["paused", "cancelling", "stopping", "expiring", "cancelled", "finished"])
def test_what_does_not_run_has_no_time_left(state: str) -> None:
    shown = describe(progress(BroadcastState(state), 1000, 5000, Wait("due", 4000)), now=NOW)
    assert "left" not in shown[0]


def test_no_time_is_left_where_something_waits_longer_than_that() -> None:
    waits = (Wait("due", 40), Wait("queue-full", 1, TEN))
    assert "left" not in describe(progress(BroadcastState.RUNNING, 10, 51, *waits), now=NOW)[0]
    assert "left" in describe(progress(BroadcastState.RUNNING, 10, 50, waits[0]), now=NOW)[0]


@pytest.mark.parametrize("state", ["cancelling", "stopping", "expiring"])
def test_what_is_being_ended_is_not_promised_to_be_sent(state: str) -> None:
    waits = (Wait("due", 1), Wait("queue-full", 3999, TEN))
    shown = describe(progress(BroadcastState(state), 1000, 5000, *waits), now=NOW)
    assert shown[2:] == ["  4,000 won't be sent: a worker does the rest."]


def test_a_cancelled_broadcast_is_told_in_words(outbox: Outbox, emulator: Emulator) -> None:
    outbox.register({"uri": emulator.create_channel().uri})
    number = str(outbox.broadcast(TOAST))
    assert call("broadcasts", "cancel", number).output == (
        f"Broadcast {number} is being cancelled: nothing more is sent. A worker does the rest.\n"
    )
    assert json.loads(call("broadcasts", "cancel", number, "--json").output)["state"] == "cancelling"


@pytest.fixture
def outbox(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    url = f"sqlite:///{tmp_path}/push.db"
    monkeypatch.setenv("WINPUSH_DB", url)
    made = Outbox(url, allow_hosts=emulator.authorities)
    yield made
    made.close()


def test_show_has_total_percent_and_waits_of_what_a_worker_left(outbox: Outbox, emulator: Emulator) -> None:
    for zone in (None, "UTC", "UTC", "UTC"):
        outbox.register({"uri": emulator.create_channel().uri, "time_zone": zone})
    hour = datetime.now(UTC).hour
    number = outbox.broadcast(TOAST, quiet_hours=QuietHours(time(hour), time((hour + 3) % 24)))
    outbox.deliver_until_idle()
    said = call("broadcasts", "show", str(number)).output
    assert "1 of 4 done (25 %)" in said
    assert re.search(rf"  3 wait for quiet hours to end, the next at .*{(hour + 3) % 24:02}:00 UTC\.", said)
    shown = json.loads(call("broadcasts", "show", str(number), "--json").output)
    assert (shown["total"], shown["percent"], shown["done"]) == (4, 25.0, 1)
    assert [(wait["reason"], wait["number"]) for wait in shown["waits"]] == [("quiet-hours", 3)]


def test_watch_prints_lines_in_a_pipe_and_ends_with_the_broadcast(outbox: Outbox, emulator: Emulator) -> None:
    outbox.register(emulator.create_channel().uri)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    done = call("broadcasts", "show", str(number), "--watch", "--interval", "0.05")
    assert done.exit_code == 0
    (line,) = done.output.splitlines()
    assert line.startswith(f"Broadcast {number}: finished. 1 of 1 done (100 %)")


def test_an_interval_is_for_watching_alone(outbox: Outbox) -> None:
    refused = call("broadcasts", "show", "1", "--interval", "5")
    assert refused.exit_code == 2
    assert "Add --watch" in refused.stderr


def test_watch_sees_a_broadcast_end_while_it_looks(outbox: Outbox, emulator: Emulator) -> None:
    from winpush.cli.progress import watch

    for _ in range(3):
        outbox.register(emulator.create_channel().uri)
    number = outbox.broadcast(TOAST)
    looks: list[str] = []

    def look() -> Progress:
        if looks:
            outbox.deliver_until_idle()
        state = outbox.progress(number, detailed=True)
        looks.append(state.state.value)
        return state

    assert watch(look, 0.01, as_json=False).done == 3
    assert looks == ["running", "finished"]


def test_watch_of_a_broadcast_that_did_not_finish_is_exit_1(outbox: Outbox, emulator: Emulator) -> None:
    outbox.register(emulator.create_channel().uri)
    number = outbox.broadcast(TOAST)
    outbox.cancel(number)
    outbox.deliver_until_idle()
    done = call("broadcasts", "show", str(number), "--watch", "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["state"] == "cancelled"
