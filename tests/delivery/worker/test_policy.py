"""What is sent to a channel when its turn comes, and what is recorded instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tests.delivery.clock import Clock, StillClock
from tests.delivery.sending import accepted
from winpush import mpns
from winpush.delivery import Audience, DeliveryState, Outbox, OutcomeEvent, QuietHours, WorkerSettings
from winpush.emulator import Emulator

TOAST = mpns.Toast("Ada, your test result is there")
PHONES = 12


@pytest.fixture
def clock() -> Clock:
    """A clock stopped at 22:30, in quiet hours."""
    clock = StillClock()
    clock.ahead += datetime(2030, 1, 1, 22, 30, tzinfo=UTC) - clock()
    return clock


# A parcel is made of at least a sixteenth of a batch.
@pytest.fixture(params=[WorkerSettings(batch=100), WorkerSettings(batch=1000)], ids=["in a parcel", "in rows"])
def settings(request: pytest.FixtureRequest) -> WorkerSettings:
    """Of a broadcast that is put off for ten channels."""
    found = request.param
    assert isinstance(found, WorkerSettings)
    return found


@pytest.mark.parametrize("state", ["healthy", "queue-full"], ids=["before it was tried", "after it was tried"])
@pytest.mark.parametrize(
    "changed",
    [
        {"key": "bob", "device": "D"},  # the same URI: another person has signed in
        {"uri": "", "key": "bob", "device": "D"},  # the same device, with a new URI
        {"device": "D"},  # nobody has
    ],
    ids=["the same URI", "a new URI", "no key"],
)
def test_a_notification_that_waits_goes_to_nobody_else(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock, state: str, changed: Mapping[str, str]
) -> None:
    first, other = winpush_emulator.create_channel(state=state), winpush_emulator.create_channel()
    outbox.register({"uri": first.uri, "key": "ada", "device": "D"})
    late = None if state == "queue-full" else clock() + timedelta(minutes=5)
    number = outbox.notify("ada", TOAST, not_before=late)
    outbox.deliver_until_idle()
    outbox.register({**changed, "uri": other.uri if "uri" in changed else first.uri})
    clock.ahead += timedelta(hours=1)
    tried = len(list(outbox.history()))
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == tried
    assert accepted(winpush_emulator)[1] == 0
    assert outbox.progress(number).states == {DeliveryState.SKIPPED: 1}
    assert outbox.progress(number).outcomes == {"other-key": 1}


def test_what_a_broadcast_to_keys_has_put_off_goes_to_nobody_else(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock, settings: WorkerSettings
) -> None:
    events: list[OutcomeEvent] = []
    outbox = make_outbox(settings=settings, hooks=[events.append])
    uris = [winpush_emulator.create_channel().uri for _ in range(PHONES)]
    known: list[Mapping[str, Any]] = [
        {"uri": uri, "key": f"user {n % 10}", "time_zone": "UTC"} for n, uri in enumerate(uris)
    ]
    outbox.register_many(known)
    audience = Audience(keys={f"user {n}" for n in range(10)})
    number = outbox.broadcast(TOAST, audience, quiet_hours=QuietHours(time(22), time(7)))
    outbox.deliver_until_idle()
    assert outbox.progress(number).waiting == PHONES
    outbox.register({**known[3], "key": "bob"})
    outbox.register({**known[4], "key": "user 5"})  # for whom it is, too
    events.clear()
    clock.ahead += timedelta(hours=9)
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [int(n != 3) for n in range(PHONES)]
    assert outbox.progress(number).outcomes == {"accepted": PHONES - 1, "other-key": 1}
    assert [(each.channel, each.state) for each in events if each.outcome == "other-key"] == [
        (4, DeliveryState.SKIPPED)
    ]


def test_what_is_for_no_key_goes_to_whoever_holds_the_channel(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    phone = winpush_emulator.create_channel()
    outbox.register({"uri": phone.uri, "key": "ada", "tags": {"news"}, "time_zone": "UTC"})
    number = outbox.broadcast(TOAST, Audience(any_tags={"news"}), quiet_hours=QuietHours(time(22), time(7)))
    outbox.deliver_until_idle()
    outbox.register({"uri": phone.uri, "key": "bob", "time_zone": "UTC"})
    clock.ahead += timedelta(hours=9)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1}
