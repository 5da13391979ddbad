"""What the outbox promises, one sentence a test, against the emulator."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.delivery.clock import Clock
from tests.delivery.sending import accepted, register
from tests.waiting import PATIENCE
from tests.webpush import vector
from winpush import ConfigurationError, Service, ValidationError, mpns, wns
from winpush.delivery import (
    Audience,
    BroadcastState,
    Content,
    DeliveryState,
    Outbox,
    OutcomeEvent,
    QuietHours,
    StateError,
    WorkerSettings,
)
from winpush.emulator import Emulator, Fault

TOAST = mpns.Toast("Hello", "World")
BAD_NAMES: tuple[Any, ...] = ("a\0b", "\ud800", 5, b"x", 2**70, "", None)
"""Names that not both databases could look for."""


def test_a_channel_that_is_gone_is_kept_as_a_tombstone_and_not_sent_to_again(
    outbox: Outbox, winpush_emulator: Emulator
) -> None:
    register(outbox, winpush_emulator, state="expired")
    first = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    second = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(first).states == {DeliveryState.GONE: 1}
    assert outbox.progress(second).states == {}  # it was not of the audience any more
    assert len(list(outbox.history())) == 1
    (tombstone,) = outbox.channels(gone=True)
    assert tombstone.gone_reason == "channel-gone"
    assert tombstone.gone_at is not None


def test_a_channel_that_goes_while_a_broadcast_waits_ends_as_gone_without_a_send(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    (channel,) = register(outbox, winpush_emulator)
    number = outbox.broadcast(TOAST, not_before=clock() + timedelta(minutes=1))
    clock.ahead += timedelta(seconds=30)
    outbox.remove(channel)
    clock.ahead += timedelta(minutes=1)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.GONE: 1}
    assert accepted(winpush_emulator) == [0]


def test_an_inactive_phone_is_left_alone_for_an_hour_by_every_broadcast(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    register(outbox, winpush_emulator, state="inactive")
    numbers = [outbox.broadcast(TOAST) for _ in range(3)]
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 1
    clock.ahead += timedelta(minutes=59)
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 1
    clock.ahead += timedelta(minutes=2)
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 2
    assert all(outbox.progress(number).waiting == 1 for number in numbers)


def test_refusals_in_a_row_stop_a_broadcast_and_remove_no_channel(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=1, store_after=10))
    register(outbox, winpush_emulator, 60, state="unauthorized")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.STOPPED
    # Half a batch is sent while the one with the twentieth is written.
    assert progress.states == {DeliveryState.FAILED: 25, DeliveryState.STOPPED: 35}
    assert "consecutive sends to" in (progress.stop_reason or "")
    assert len(list(outbox.channels())) == 60


def test_a_cancelled_broadcast_sends_no_more_and_every_channel_has_its_outcome(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    events: list[OutcomeEvent] = []

    def cancel(event: OutcomeEvent) -> None:
        events.append(event)
        if len(events) == 20:
            outbox.cancel(event.broadcast)

    outbox = make_outbox(settings=WorkerSettings(batch=10, batches=1, store_after=10), hooks=[cancel])
    register(outbox, winpush_emulator, 100)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.CANCELLED
    assert progress.done == 100
    assert sum(accepted(winpush_emulator)) == progress.states[DeliveryState.DELIVERED]
    assert progress.states[DeliveryState.CANCELLED] >= 60
    with pytest.raises(StateError, match="is cancelled; you can't resume it"):
        outbox.resume(number)


def test_a_cancelled_retry_ends_as_cancelled(outbox: Outbox, winpush_emulator: Emulator) -> None:
    register(outbox, winpush_emulator, 3, state="queue-full")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    outbox.pause(number)
    outbox.cancel(number)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.CANCELLED: 3}


def test_a_paused_broadcast_sends_nothing_until_it_is_resumed(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 2)
    register(outbox, winpush_emulator, 2, state="queue-full")
    number = outbox.broadcast(TOAST)
    outbox.pause(number)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {}
    outbox.resume(number)
    outbox.deliver_until_idle()
    outbox.pause(number)
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 4
    outbox.resume(number)
    outbox.deliver_until_idle()
    assert len(list(outbox.history())) == 6


def test_what_is_over_is_not_sent(outbox: Outbox, winpush_emulator: Emulator, clock: Clock) -> None:
    register(outbox, winpush_emulator, 3)
    number = outbox.broadcast(TOAST, expires_at=clock() + timedelta(minutes=5))
    outbox.pause(number)
    clock.ahead += timedelta(minutes=6)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.EXPIRED
    assert progress.states == {DeliveryState.EXPIRED: 3}


def test_a_broadcast_asked_for_twice_is_sent_once(outbox: Outbox, winpush_emulator: Emulator) -> None:
    outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "anna"})
    assert outbox.broadcast(TOAST, idempotency_key="x") == outbox.broadcast(TOAST, idempotency_key="x")
    assert outbox.notify("anna", TOAST, idempotency_key="y") == outbox.notify("anna", TOAST, idempotency_key="y")
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [2]


def test_notify_reaches_all_devices_of_a_person_and_nobody_else(outbox: Outbox, winpush_emulator: Emulator) -> None:
    for key in ("anna", "anna", "ben"):
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": key})
    number = outbox.notify("anna", TOAST)
    nobody = outbox.notify("carl", TOAST)
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [1, 1, 0]
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2}
    assert outbox.get_broadcast(number).state is BroadcastState.FINISHED
    assert outbox.get_broadcast(nobody).state is BroadcastState.FINISHED


def test_notify_joins_the_callers_own_transaction(outbox: Outbox, winpush_emulator: Emulator, url: str) -> None:
    uri = winpush_emulator.create_channel().uri
    outbox.register({"uri": uri, "key": "anna"})
    engine = sa.create_engine(url)
    with engine.connect() as connection, connection.begin() as transaction:
        outbox.notify("anna", TOAST, connection=connection)
        transaction.rollback()
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [0]
    with engine.begin() as connection:
        outbox.notify("anna", TOAST, connection=connection)
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [1]
    engine.dispose()


def test_a_broadcast_to_an_empty_registry_is_finished_at_once(outbox: Outbox) -> None:
    progress = outbox.progress(outbox.broadcast(TOAST))
    assert progress.state is BroadcastState.FINISHED
    assert progress.states == {}


def test_channels_registered_later_are_not_of_the_audience(outbox: Outbox, winpush_emulator: Emulator) -> None:
    register(outbox, winpush_emulator, 1)
    number = outbox.broadcast(TOAST)
    register(outbox, winpush_emulator, 1)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1}


@pytest.mark.parametrize(
    ("audience", "reached"),
    [
        (Audience(any_tags=frozenset({"a", "b"})), [1, 1, 0]),
        (Audience(all_tags=frozenset({"a", "b"})), [1, 0, 0]),
        (Audience(no_tags=frozenset({"b"})), [0, 1, 1]),
        (Audience(platforms=frozenset({"7.1"})), [0, 0, 1]),
        (Audience(locales=frozenset({"de-at"})), [1, 0, 0]),
        (Audience(attributes={"city": "Graz"}), [0, 1, 0]),
        (Audience(attributes={"age": 7}), [0, 0, 1]),
        (Audience(attributes={"vip": True}), [1, 0, 0]),
        (Audience(service=Service.WNS), [0, 0, 0]),
        (Audience(keys={"anna"}), [1, 0, 0]),
        (Audience(os_version_from="10.0.9"), [0, 1, 0]),
        (Audience(os_version_below="10.0.10", app_version_from="1.10"), [1, 0, 0]),
    ],
    ids=[
        "any tag",
        "all tags",
        "no tag",
        "platform",
        "locale",
        "text",
        "number",
        "truth",
        "service",
        "key",
        "version",
        "versions",
    ],
)
def test_an_audience_is_chosen_by(
    outbox: Outbox, winpush_emulator: Emulator, audience: Audience, reached: list[int]
) -> None:
    each = [
        {
            "tags": {"a", "b"},
            "locale": "de-AT",
            "attributes": {"vip": True},
            "key": "anna",
            "os_version": "8.10",
            "app_version": "1.11",
        },
        {"tags": {"a"}, "attributes": {"city": "Graz", "vip": False}, "os_version": "10.0.10"},
        {"platform": "7.1", "attributes": {"age": 7}},
    ]
    for values in each:
        outbox.register({"uri": winpush_emulator.create_channel().uri, **values})
    outbox.broadcast(TOAST, audience)
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == reached


@pytest.mark.parametrize("name", ["a", "with-dash", "_"])
def test_an_attribute_is_equal_in_type_and_value(outbox: Outbox, winpush_emulator: Emulator, name: str) -> None:
    values: list[str | int | float] = [True, False, 1, 0, 2.5, "1", "true", "false", "", 'ö\n"', "it's"]
    for value in values:
        outbox.register({"uri": winpush_emulator.create_channel().uri, "attributes": {name: value}})
    for place, value in enumerate(values):
        (found,) = outbox.channels(Audience(attributes={name: value}))
        assert found.attributes[name] == value
        assert found.id == place + 1


def test_a_devices_new_channel_replaces_its_old_one(outbox: Outbox, winpush_emulator: Emulator) -> None:
    old, new = (winpush_emulator.create_channel().uri for _ in range(2))
    number = outbox.register({"uri": old, "device": "d1", "tags": {"a"}})
    assert outbox.register({"uri": new, "device": "d1", "tags": {"b"}}) == number
    (channel,) = outbox.channels()
    assert channel.tags == {"b"}
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert accepted(winpush_emulator) == [0, 1]


def test_a_channel_that_was_gone_can_be_registered_again(outbox: Outbox, winpush_emulator: Emulator) -> None:
    uri = winpush_emulator.create_channel().uri
    first = outbox.register(uri)
    outbox.remove(first)
    assert outbox.register(uri) != first
    assert outbox.register_many([uri, uri]) == 2
    assert len(list(outbox.channels())) == 1


def test_each_service_gets_its_own_form_and_the_ttl_is_what_remains(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials)
    device = winpush_emulator.create_windows_channel()
    outbox.register({"uri": device.uri, "platform": "windows"})
    register(outbox, winpush_emulator)
    content = Content(mpns=TOAST, wns=wns.Toast("Hello", ttl=timedelta(hours=5)))
    number = outbox.broadcast(content, expires_at=clock() + timedelta(hours=1))
    clock.ahead += timedelta(minutes=10)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2}
    only = outbox.broadcast(wns.Toast("Windows only"))
    outbox.deliver_until_idle()
    assert outbox.progress(only).outcomes == {"accepted": 1, "no-form": 1}
    both = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(both).outcomes == {"accepted": 2}
    assert "Hello" in str(device.toasts[-1])


def test_a_throttled_app_is_left_alone_by_all_broadcasts_until_its_time_is_over(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials, settings=WorkerSettings(batch=5, batches=1))
    for _ in range(30):
        outbox.register(winpush_emulator.create_windows_channel().uri)
    winpush_emulator.faults.add(Fault(status=406, count=1))
    number = outbox.broadcast(wns.Toast("Hello"), max_attempts=3)
    outbox.deliver_until_idle()
    assert len([each for each in outbox.history() if each.status_code is not None]) <= 5
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 30}


def test_quiet_hours_of_the_device_are_waited_for(outbox: Outbox, winpush_emulator: Emulator, clock: Clock) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    outbox.register({"uri": winpush_emulator.create_channel().uri, "time_zone": "Asia/Tokyo"})
    outbox.register(winpush_emulator.create_channel().uri)
    hour = clock().astimezone(zone).hour
    quiet = QuietHours(time(hour), time((hour + 2) % 24))
    number = outbox.broadcast(TOAST, quiet_hours=quiet)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1, DeliveryState.WAITING: 1}
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2}


def test_a_lost_answer_is_not_sent_again_unless_asked(outbox: Outbox, winpush_emulator: Emulator) -> None:
    register(outbox, winpush_emulator)
    winpush_emulator.faults.add(Fault(cut="before-answer", count=1))
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.UNANSWERED: 1}


def test_a_service_in_trouble_is_tried_again_until_it_is_well(
    outbox: Outbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    register(outbox, winpush_emulator, 20)
    winpush_emulator.faults.add(Fault(status=503))
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).waiting == 20
    winpush_emulator.faults.clear()
    clock.ahead += timedelta(minutes=30)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 20}
    assert sum(accepted(winpush_emulator)) == 20


def test_a_token_endpoint_that_is_down_delays_and_loses_nothing(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials)
    for _ in range(5):
        outbox.register(winpush_emulator.create_windows_channel().uri)
    winpush_emulator.faults.add(Fault(status=503, phone="token"))
    number = outbox.broadcast(wns.Toast("Hello"))
    outbox.deliver_until_idle()
    assert outbox.progress(number).waiting == 5
    winpush_emulator.faults.clear()
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 5}


def test_two_broadcasts_are_sent_side_by_side(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> None:
    order: list[int] = []
    settings = WorkerSettings(batch=10, batches=1, turn=timedelta())
    outbox = make_outbox(settings=settings, hooks=[lambda event: order.append(event.broadcast)])
    register(outbox, winpush_emulator, 50)
    one, other = outbox.broadcast(TOAST), outbox.broadcast(mpns.Toast("Other"))
    outbox.deliver_until_idle()
    assert outbox.progress(one).states == outbox.progress(other).states == {DeliveryState.DELIVERED: 50}
    assert other in order[:30]


def test_a_hook_that_fails_stops_nothing(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator) -> None:
    def fail(_event: OutcomeEvent) -> None:
        raise RuntimeError("mine")

    outbox = make_outbox(hooks=[fail])
    register(outbox, winpush_emulator)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).state is BroadcastState.FINISHED


def test_a_rate_is_kept(make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock) -> None:
    outbox = make_outbox()
    register(outbox, winpush_emulator, 30)
    began = clock()
    number = outbox.broadcast(TOAST, rate=20)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 30}
    assert clock() - began >= timedelta(seconds=1)


def test_the_background_thread_delivers_what_is_asked_meanwhile(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator
) -> None:
    import threading

    done = threading.Event()
    with make_outbox(hooks=[lambda _event: done.set()]) as outbox:
        outbox.register({"uri": winpush_emulator.create_channel().uri, "key": "anna"})
        outbox.notify("anna", TOAST)
        assert done.wait(PATIENCE)
    assert accepted(winpush_emulator) == [1]


def test_wrong_options_are_refused_before_anything_is_stored(outbox: Outbox, clock: Clock) -> None:
    with pytest.raises(ValidationError, match="expires_at: is in the past"):
        outbox.broadcast(TOAST, expires_at=clock() - timedelta(seconds=1))
    with pytest.raises(ValidationError, match="rate: is 0"):
        outbox.broadcast(TOAST, rate=0)
    with pytest.raises(ValidationError, match="not_before: must be a datetime with a time zone"):
        outbox.broadcast(TOAST, not_before=clock().replace(tzinfo=None))


@pytest.mark.parametrize(
    ("field", "call"),
    [
        *(("key", lambda o, v=v: o.remove_key(v)) for v in BAD_NAMES),
        *(("key", lambda o, v=v: o.remove_key(v, erase=True)) for v in BAD_NAMES),
        *(("key", lambda o, v=v: list(o.history(key=v))) for v in BAD_NAMES[:-1]),
        ("reason", lambda o: o.remove_key("ada", "\0")),
        ("max_attempts", lambda o: o.broadcast(TOAST, max_attempts=None)),
        ("stop_after", lambda o: o.notify("ada", TOAST, stop_after=None)),
        ("state", lambda o: list(o.deliveries(1, state="delivered"))),
    ],
)
def test_what_no_database_could_store_or_look_up_is_refused_by_its_name(
    outbox: Outbox, field: str, call: Callable[[Outbox], object]
) -> None:
    with pytest.raises(ValidationError, match=f"^{field}: "):
        call(outbox)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": 1.5}, {"batch": 0}, {"batches": 0}, {"batches": True}, {"store_after": 0}, {"gone_at_least": -1},
        {"lease": 12}, {"lease": timedelta()}, {"lease": timedelta(microseconds=10)}, {"poll": timedelta()},
        {"turn": timedelta(seconds=-1)}, {"stop": timedelta(seconds=-1)}, {"most_gone": "0.8"},
    ],
)  # fmt: skip
def test_settings_with_which_no_worker_could_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"^{next(iter(wrong))}: is "):
        WorkerSettings(**wrong)


def test_what_has_waited_counts_against_the_ttl_and_what_waited_longer_expires(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials)
    device = winpush_emulator.create_windows_channel("disconnected")  # the service keeps it, as long as the TTL says
    outbox.register(device.uri)
    tile = wns.Tile(wns.TileBinding("medium", "Hello"), ttl=timedelta(hours=1))
    begun = datetime.now(UTC)
    first = outbox.broadcast(tile)
    clock.ahead += timedelta(minutes=50)
    outbox.deliver_until_idle()
    assert outbox.progress(first).states == {DeliveryState.DELIVERED: 1}
    ends = device.cached["tile"][2]
    assert ends is not None
    taken = datetime.now(UTC) - begun
    assert timedelta(minutes=10, seconds=-1) - taken <= ends - begun <= timedelta(minutes=10) + taken
    second = outbox.broadcast(tile)
    clock.ahead += timedelta(minutes=61)
    outbox.deliver_until_idle()
    assert outbox.progress(second).states == {DeliveryState.EXPIRED: 1}


BROWSER = {
    "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
    "keys": {"p256dh": vector.subscription().to_dict()["keys"]["p256dh"], "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
}


def test_a_browsers_subscription_is_registered_as_the_text_that_a_page_sends(outbox: Outbox) -> None:
    outbox.register(json.dumps(BROWSER))
    (info,) = outbox.channels()
    assert info.service == "webpush"
    with pytest.raises(ValidationError, match="is not JSON"):
        outbox.register("{endpoint}")


WRONG: dict[str, tuple[str, Callable[[Outbox], object]]] = {
    "a format": ("format: is 'json'; it must be one of csv, jsonl", lambda o: o.import_channels([], format="json")),  # type: ignore[arg-type]  # the mistake
    "an export's format": ("format", lambda o: o.export_channels(io.StringIO(), format="xml")),  # type: ignore[arg-type]  # the mistake
    "a file of bytes": ("file: is open for bytes", lambda o: o.import_channels(io.BytesIO(b"uri"))),  # type: ignore[arg-type]  # the mistake
    "a path": ("file: must be an open text file", lambda o: o.import_channels("channels.csv")),
    "an audience": ("audience: must be an Audience", lambda o: o.broadcast(TOAST, {"tags": ["a"]})),  # type: ignore[arg-type]  # the mistake
    "channels of": ("audience: must be an Audience", lambda o: o.channels("x")),  # type: ignore[arg-type]  # the mistake
    "an age": ("age: is 30; give a timedelta", lambda o: o.stale(30)),  # type: ignore[arg-type]  # the mistake
    "no reason": ("reason: is None", lambda o: o.remove(1, None)),  # type: ignore[arg-type]  # the mistake
    "a key's reason": ("reason: is None", lambda o: o.remove_key("a", None)),  # type: ignore[arg-type]  # the mistake
}


@pytest.mark.parametrize(("problem", "call"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named(outbox: Outbox, problem: str, call: Callable[[Outbox], object]) -> None:
    with pytest.raises(ValidationError, match=rf"^{problem}"):
        call(outbox)


async def never_awaited(_event: OutcomeEvent) -> None:
    """A hook that nobody awaits."""


@pytest.mark.parametrize("hooks", [print, 5, [None], [never_awaited]], ids=["a function", "a number", "None", "async"])
def test_what_can_not_be_a_hook_is_refused(make_outbox: Callable[..., Outbox], hooks: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^hooks: "):
        make_outbox(hooks=hooks)


@pytest.mark.parametrize("name", ["keep_history", "keep_gone"])
def test_what_is_kept_for_a_number_is_refused(make_outbox: Callable[..., Outbox], name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name}: is 90; give a positive timedelta"):
        make_outbox(**{name: 90})
