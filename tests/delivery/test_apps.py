"""Several apps in one outbox: each send uses the credentials of its channel's app, and no app waits for another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.clock import Clock
from winpush import mpns, wns
from winpush.delivery import Audience, BroadcastState, DeliveryState, Outbox, WorkerSettings
from winpush.emulator import Device, Emulator, Fault

TOAST = wns.Toast("Hello")
APPS = ("app-a", "app-b")
MakeOutbox = Callable[..., Outbox]


def logins(emulator: Emulator, *apps: str) -> dict[str, Any]:
    return {app: emulator.entra_credentials_of(app) for app in apps or APPS}


def register(outbox: Outbox, emulator: Emulator, app: str | None, count: int = 1, **fields: Any) -> list[Device]:
    devices = [emulator.create_windows_channel(app=app) for _ in range(count)]
    for device in devices:
        outbox.register({"uri": device.uri, "app": app, **fields})
    return devices


def test_each_channel_is_sent_to_with_the_credentials_of_its_app(
    make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(wns=logins(winpush_emulator))
    for _ in range(10):
        for app in APPS:
            register(outbox, winpush_emulator, app)
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 20}


def test_a_uwp_app_and_its_successor_are_reached_by_one_broadcast(
    make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    both = {
        "uwp": winpush_emulator.package_credentials_of("uwp"),
        "desktop": winpush_emulator.entra_credentials_of("desktop"),
    }
    outbox = make_outbox(wns=both)
    devices = [*register(outbox, winpush_emulator, "uwp"), *register(outbox, winpush_emulator, "desktop")]
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert [len(device.toasts) for device in devices] == [1, 1]


def test_an_audience_can_be_the_channels_of_one_app(make_outbox: MakeOutbox, winpush_emulator: Emulator) -> None:
    outbox = make_outbox(wns=logins(winpush_emulator))
    (a,), (b,) = (register(outbox, winpush_emulator, app) for app in APPS)
    outbox.broadcast(TOAST, Audience(app="app-a"))
    outbox.deliver_until_idle()
    assert (len(a.toasts), len(b.toasts)) == (1, 0)
    assert [info.app for info in outbox.channels(Audience(app="app-b"))] == ["app-b"]


def test_a_throttled_app_is_left_alone_and_the_others_are_sent_to(
    make_outbox: MakeOutbox, winpush_emulator: Emulator, clock: Clock
) -> None:
    outbox = make_outbox(wns=logins(winpush_emulator), settings=WorkerSettings(batch=4, batches=1))
    throttled, *_ = register(outbox, winpush_emulator, "app-a")
    for _ in range(10):
        for app in APPS:
            register(outbox, winpush_emulator, app)
    winpush_emulator.faults.add(Fault(status=406, count=1, phone=throttled.id))
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    reached = [each.app for each in winpush_emulator.phones if isinstance(each, Device) and each.toasts]
    assert reached.count("app-b") == 10
    assert reached.count("app-a") < 5  # those that were on the way already
    assert outbox.progress(number).waiting == 11 - reached.count("app-a")
    clock.ahead += timedelta(hours=2)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 21}


def test_a_hold_is_known_to_the_next_worker_by_its_app(make_outbox: MakeOutbox, winpush_emulator: Emulator) -> None:
    outbox = make_outbox(wns=logins(winpush_emulator))
    (first,) = register(outbox, winpush_emulator, "app-a")
    winpush_emulator.faults.add(Fault(status=406, count=1, phone=first.id))
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    (a,), (b,) = (register(outbox, winpush_emulator, app) for app in APPS)
    outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert (len(a.toasts), len(b.toasts)) == (0, 1)


@pytest.mark.parametrize("app", ["app-c", None])
def test_an_app_without_credentials_ends_with_a_sentence_and_stops_no_other(
    app: str | None, make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(wns=logins(winpush_emulator))
    register(outbox, winpush_emulator, app, 30)  # more refusals in a row than stop a broadcast
    (reached,) = register(outbox, winpush_emulator, "app-a")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    progress = outbox.progress(number)
    assert progress.state is BroadcastState.FINISHED
    assert progress.outcomes == {"accepted": 1, "unknown-app": 30}
    assert len(reached.toasts) == 1
    tried = next(each for each in outbox.history(outcome="unknown-app"))
    assert tried.detail is not None
    assert "'app-a', 'app-b'" in tried.detail
    assert [channel.gone_at for channel in outbox.channels()] == [None] * 31


def test_a_worker_with_one_login_sends_for_the_app_without_a_name_only(
    make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials)
    (own,), (named,) = register(outbox, winpush_emulator, None), register(outbox, winpush_emulator, "app-a")
    number = outbox.broadcast(TOAST)
    outbox.deliver_until_idle()
    assert outbox.progress(number).outcomes == {"accepted": 1, "unknown-app": 1}
    assert (len(own.toasts), len(named.toasts)) == (1, 0)


def test_a_channel_of_mpns_may_have_an_app_and_needs_no_credentials(
    make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    outbox = make_outbox()
    outbox.register({"uri": winpush_emulator.create_channel().uri, "app": "app-c"})
    number = outbox.broadcast(mpns.Toast("Hello"))
    outbox.deliver_until_idle()
    assert outbox.progress(number).outcomes == {"accepted": 1}


@pytest.mark.parametrize("many", [False, True])
def test_a_device_has_a_channel_of_each_app_and_a_new_uri_replaces_its_own_apps(
    many: bool, outbox: Outbox, winpush_emulator: Emulator
) -> None:
    def put(app: str | None) -> None:
        fields = {"uri": winpush_emulator.create_windows_channel(app=app).uri, "device": "tablet", "app": app}
        if many:
            outbox.register_many([fields])
        else:
            outbox.register(fields)

    for app in (*APPS, None, "app-a"):
        put(app)
    assert [(info.id, info.app) for info in outbox.channels()] == [(1, "app-a"), (2, "app-b"), (3, None)]


def test_registering_a_known_uri_says_whose_it_is_from_then_on(outbox: Outbox, winpush_emulator: Emulator) -> None:
    uri = winpush_emulator.create_windows_channel(app="app-a").uri
    outbox.register({"uri": uri, "device": "tablet"})
    outbox.register({"uri": uri, "device": "tablet", "app": "app-a"})
    assert [(info.id, info.app) for info in outbox.channels()] == [(1, "app-a")]
