"""What the application's hooks receive."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from winpush import mpns
from winpush.delivery import DeliveryState, Outbox, OutcomeEvent
from winpush.delivery.storage.database import Database
from winpush.delivery.storage.schema import deliveries, lanes
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
# As many workers as it takes have died of the first channel.
LOST: dict[str, tuple[sa.Table, str, int, Callable[[Outbox], int]]] = {
    "delivery": (deliveries, "claims", 5, lambda outbox: outbox.notify("ada", TOAST)),
    "lane": (lanes, "starts", 20, lambda outbox: outbox.broadcast(TOAST)),
}


@pytest.mark.parametrize(("table", "column", "times", "store"), LOST.values(), ids=LOST)
def test_what_keeps_killing_its_workers_ends_with_an_event(
    make_outbox: Callable[..., Outbox],
    winpush_emulator: Emulator,
    url: str,
    table: sa.Table,
    column: str,
    times: int,
    store: Callable[[Outbox], int],
) -> None:
    events: list[OutcomeEvent] = []
    outbox = make_outbox(hooks=[events.append])
    channels = [outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key}) for key in ("ada", "bob")]
    number = store(outbox)
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(table).values({column: times}))
    database.close()
    outbox.deliver_until_idle()
    (lost,) = [event for event in events if event.outcome == "worker-lost"]
    assert (lost.broadcast, lost.channel, lost.key, lost.state) == (number, channels[0], "ada", DeliveryState.FAILED)
    assert (lost.attempts, lost.status_code) == (0, None)
    assert len(events) == outbox.progress(number).done


def test_each_event_has_its_channels_key(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> None:
    """Whether it was sent to, waits or has ended unsent."""
    events: list[OutcomeEvent] = []
    outbox = make_outbox(hooks=[events.append])
    for state in ("healthy", "expired", "queue-full"):
        outbox.register({"uri": winpush_emulator.create_channel(state=state).uri, "key": state})
    outbox.register({"uri": "https://db5.notify.windows.com/?token=x", "key": "no login"})
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert {event.key: event.state for event in events} == {
        "healthy": DeliveryState.DELIVERED,
        "expired": DeliveryState.GONE,
        "queue-full": DeliveryState.WAITING,
        "no login": DeliveryState.WAITING,
    }
