"""From end to end: register, broadcast, deliver, look at the outcomes."""

from __future__ import annotations

from pathlib import Path

from winpush import mpns
from winpush.delivery import BroadcastState, DeliveryState, Outbox
from winpush.emulator import Emulator, Phone

TOAST = mpns.Toast("Hello", "World")
CHANNEL_STATES = {
    "healthy": DeliveryState.DELIVERED,
    "expired": DeliveryState.GONE,
    "queue-full": DeliveryState.WAITING,
    "inactive": DeliveryState.WAITING,
    "throttled": DeliveryState.WAITING,
    "bad-request": DeliveryState.FAILED,
    "unauthorized": DeliveryState.FAILED,
}


def test_every_channel_of_a_broadcast_gets_the_outcome_of_its_answer(
    winpush_emulator: Emulator, tmp_path: Path
) -> None:
    emulator = winpush_emulator
    outbox = Outbox(f"sqlite:///{tmp_path}/push.db", allow_hosts=emulator.authorities)
    phones = {outbox.register(emulator.create_channel(state=name).uri): name for name in CHANNEL_STATES}
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    expected: dict[DeliveryState, int] = {}
    for name in phones.values():
        expected[CHANNEL_STATES[name]] = expected.get(CHANNEL_STATES[name], 0) + 1
    assert progress.states == expected
    assert progress.state is BroadcastState.RUNNING  # three wait for their time
    outbox.close()


def test_a_broadcast_to_many_is_sent_once_to_each(winpush_emulator: Emulator, tmp_path: Path) -> None:
    emulator = winpush_emulator
    outbox = Outbox(f"sqlite:///{tmp_path}/push.db", allow_hosts=emulator.authorities)
    uris = [emulator.create_channel().uri for _ in range(1200)]
    assert outbox.register_many({"uri": uri, "tags": {"all"}} for uri in uris) == 1200
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.states == {DeliveryState.DELIVERED: 1200}
    assert progress.state is BroadcastState.FINISHED
    assert [phone.accepted for phone in emulator.phones if isinstance(phone, Phone)] == [1] * 1200
    outbox.close()
