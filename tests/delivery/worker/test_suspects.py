"""What two workers have died of runs alone, and delays everything else no longer than that."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.client.service import Service, reply
from tests.delivery.sending import register
from tests.servers import Peer
from tests.waiting import PATIENCE, eventually
from winpush import mpns, wns
from winpush.delivery import DeliveryState, Outbox, WorkerSettings
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import broadcasts, deliveries, lanes
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")


def make_suspect(url: str, table: sa.Table, column: str) -> None:
    """Leaves it as two killed workers would."""
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(table).values({column: 2}))
    database.close()


@contextmanager
def locked(url: str, table: sa.Table) -> Iterator[None]:
    """Locks these rows, as a worker does that is frozen in its transaction."""
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.select(table).with_for_update())
        yield
    database.close()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("held", ["lane", "delivery", "rate"])
def test_one_that_a_frozen_worker_has_locked_keeps_nothing_else_from_being_sent(
    outbox: Outbox, winpush_emulator: Emulator, url: str, held: str
) -> None:
    register(outbox, winpush_emulator, 3)
    for key in ("bob", "ada"):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key})
    if held == "delivery":
        suspect, size = outbox.notify("bob", TOAST), 1
        make_suspect(url, deliveries, "claims")
    else:
        suspect, size = outbox.broadcast(TOAST, rate=100 if held == "rate" else None), 5
        make_suspect(url, lanes, "starts")
    with locked(url, {"lane": lanes, "delivery": deliveries, "rate": broadcasts}[held]), outbox:
        numbers = [outbox.notify("ada", TOAST), outbox.broadcast(TOAST)]
        eventually(lambda: [outbox.progress(number).done for number in numbers] == [1, 5])
    assert outbox.progress(suspect).states.get(DeliveryState.DELIVERED, 0) == 0
    outbox.deliver_until_idle()
    assert outbox.progress(suspect).states == {DeliveryState.DELIVERED: size}


def test_what_is_behind_the_part_that_may_kill_is_sent_beside_all_else(
    make_outbox: Callable[..., Outbox], url: str
) -> None:
    """One of the answers to a later part of the lane comes only when somebody else's notification has."""
    service, arrived, numbers = Service(), threading.Event(), itertools.count()

    def serve(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            if b"/token" in request.split(b"\r\n")[0]:
                peer.send(service.take_token(request))
                continue
            if b"token=ada" in request:
                arrived.set()
            elif next(numbers) == 30:
                arrived.wait(PATIENCE)
            peer.send(reply(200, {"X-WNS-Status": "received"}))

    service.server.behaviour = serve
    with service.server:
        outbox = make_outbox(**service.options, settings=WorkerSettings(batch=20, batches=2), max_connections=4)
        for number in range(60):
            outbox.register(service.uri(number))
        broadcast = outbox.broadcast(wns.Toast("Hello"))
        outbox.register({"uri": service.uri("ada"), "key": "ada"})
        make_suspect(url, lanes, "starts")
        outbox.start()
        eventually(lambda: outbox.progress(broadcast).done >= 20)
        outbox.notify("ada", wns.Toast("Hello"))
        eventually(arrived.is_set)
        eventually(lambda: outbox.progress(broadcast).done == 60)
        outbox.close()
