"""Every answer of PostgreSQL is late, as if from another continent: that makes a worker slow, and nothing else."""

from __future__ import annotations

import pytest

from tests.delivery.clock import Clock
from tests.delivery.sending import accepted
from tests.postgresql import Relay
from tests.waiting import eventually
from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
SETTINGS = WorkerSettings(batch=25, batches=3)
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


def test_two_workers_whose_answers_come_late_lose_nothing_and_send_nothing_twice(
    relay: Relay, outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    def make() -> Outbox:
        url = relay.url.render_as_string(hide_password=False)
        return Outbox(url, settings=SETTINGS, clock=clock, allow_hosts=winpush_emulator.authorities)

    outbox.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(300))
    relay.delay_answers(0.02)
    with make() as one, make() as two:
        numbers = [one.broadcast(TOAST), two.notify("all", TOAST)]
        eventually(lambda: all(outbox.progress(number).done == 300 for number in numbers))
    assert [outbox.progress(number).states for number in numbers] == [{DeliveryState.DELIVERED: 300}] * 2
    assert [len(list(outbox.history(broadcast=number))) for number in numbers] == [300, 300]
    assert accepted(winpush_emulator) == [2] * 300
