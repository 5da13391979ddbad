"""A worker that ends a batch goes on with the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import broadcasts
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Hello")
FEW = WorkerSettings(batch=10, batches=2)


def accepted(emulator: Emulator) -> list[int]:
    return [phone.accepted for phone in emulator.phones if isinstance(phone, Phone)]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_on_sqlite_a_batch_costs_one_commit(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> None:
    outbox = make_outbox(pace=FEW)
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(200))
    outbox.broadcast(TOAST)
    written: list[sa.Connection] = []

    def count(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("winpush_writes"):
            written.append(connection)

    event.listen(sa.Engine, "commit", count)
    try:
        outbox.deliver_until_idle()
    finally:
        event.remove(sa.Engine, "commit", count)
    assert accepted(winpush_emulator) == [1] * 200
    assert 20 <= len(written) < 30


def test_a_claim_that_fails_does_not_take_the_outcomes_of_the_batch_before_with_it(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, url: str
) -> None:
    outbox = make_outbox(pace=WorkerSettings(batch=10, batches=1))
    outbox.register_many(winpush_emulator.create_channel().uri for _ in range(10))
    good, bad = outbox.broadcast(TOAST), outbox.broadcast(TOAST)
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(broadcasts).where(broadcasts.c.id == bad).values(audience="of a later version"))
    database.close()
    with pytest.raises(Exception, match=r"audience|Expecting value"):
        outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [1] * 10
    assert outbox.progress(good).states == {DeliveryState.DELIVERED: 10}
