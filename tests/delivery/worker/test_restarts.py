"""PostgreSQL is stopped or killed in mid-broadcast and started again: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from tests.delivery.clock import Clock
from tests.delivery.noticed import Count, noticed
from tests.delivery.sending import accepted
from tests.postgresql import Cluster
from tests.waiting import PATIENCE
from winpush import mpns
from winpush.delivery import DatabaseError, DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.migrate import upgrade
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
SETTINGS = WorkerSettings(batch=10, batches=2)
pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def own_url(cluster: Cluster) -> str:
    url = cluster.url.render_as_string()
    database = Database(url)
    upgrade(database)
    database.close()
    return url


@pytest.mark.parametrize("end", [Cluster.stop, Cluster.kill])
def test_a_database_that_goes_away_and_comes_back_loses_nothing_and_repeats_nothing(
    end: Callable[[Cluster], None], own_url: str, cluster: Cluster, winpush_emulator: Emulator, clock: Clock
) -> None:
    some, every, allowed = Count(40), Count(400), winpush_emulator.authorities
    with (
        noticed() as handler,
        Outbox(own_url, settings=SETTINGS, hooks=[some, every], clock=clock, allow_hosts=allowed) as outbox,
    ):
        outbox.register_many(winpush_emulator.create_channel().uri for _ in range(400))
        number = outbox.broadcast(TOAST)
        assert some.done.wait(PATIENCE)
        end(cluster)
        with pytest.raises(DatabaseError, match="is not available"):
            outbox.broadcast(TOAST)
        assert handler.event.wait(PATIENCE)
        cluster.start_again()
        assert every.done.wait(PATIENCE)
        assert outbox.progress(number).states == {DeliveryState.DELIVERED: 400}
    assert accepted(winpush_emulator) == [1] * 400


def test_restarted_twice_in_a_row_it_loses_nothing_and_repeats_nothing(
    own_url: str, cluster: Cluster, winpush_emulator: Emulator, clock: Clock
) -> None:
    """The second time in the moment in which the workers come back."""
    some, again, every, allowed = Count(40), Count(80), Count(800), winpush_emulator.authorities
    hooks = [some, again, every]
    with noticed() as handler, closing(Outbox(own_url, clock=clock, allow_hosts=allowed)) as storing:
        storing.register_many({"uri": winpush_emulator.create_channel().uri, "key": "all"} for _ in range(400))
        with Outbox(own_url, settings=SETTINGS, hooks=hooks, clock=clock, allow_hosts=allowed):
            numbers = [storing.broadcast(TOAST), storing.notify("all", TOAST)]
            assert some.done.wait(PATIENCE)
            cluster.stop()
            assert handler.event.wait(PATIENCE)
            cluster.start()
            assert again.done.wait(PATIENCE)
            for _ in range(2):
                cluster.stop()
                cluster.start()
            assert every.done.wait(PATIENCE)
        assert [storing.progress(number).states for number in numbers] == [{DeliveryState.DELIVERED: 400}] * 2
        assert [len(list(storing.history(broadcast=number))) for number in numbers] == [400, 400]
    assert accepted(winpush_emulator) == [2] * 400
