"""`until_idle` ends when there is nothing left to do, and no earlier."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.delivery.sending import accepted
from winpush import mpns
from winpush.delivery import Outbox
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import lanes
from winpush.delivery.storage.sender_lock import SenderLock
from winpush.emulator import Emulator


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_worker_that_stands_by_stays_while_the_other_gives_up_its_lane_and_claims_it_again(
    outbox: Outbox, winpush_emulator: Emulator, url: str
) -> None:
    """Claimed at one look, and free at the next: in between, it was due. The worker ended, and had the other died, the
    rest would have waited for the next start."""
    outbox.register(winpush_emulator.create_channel().uri)
    outbox.broadcast(mpns.Toast("Hello"))
    database = Database(url)
    other = SenderLock(Path(sa.make_url(url).database or ""))
    assert other.acquire()
    turns = itertools.count()

    def claim_or_give_up() -> None:
        owner, turn = (None, "other"), next(turns)
        with database.write() as connection:
            connection.execute(sa.update(lanes).values(owner=owner[turn % 2 == 0], lease_until=2**53))
        if turn == 5:
            other.release()

    def looked(connection: sa.Connection) -> None:
        if connection.engine is not database.engine and next(looks) < 5:
            claim_or_give_up()

    looks = itertools.count()
    claim_or_give_up()
    event.listen(sa.Engine, "commit", looked)
    try:
        outbox.deliver_until_idle()
    finally:
        event.remove(sa.Engine, "commit", looked)
        other.release()
        database.close()
    assert accepted(winpush_emulator) == [1]
