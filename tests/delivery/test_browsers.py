"""Browsers in an outbox: registered with their keys, pushed to beside phones and Windows apps, kept and forgotten."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from tests.client.service import reply
from tests.servers import Peer, Server
from tests.webpush.browser import Browser
from winpush import ChannelError, Service, ValidationError, mpns, wns
from winpush.delivery import (
    Audience,
    BroadcastState,
    Content,
    DeliveryState,
    Outbox,
    Registration,
    WorkerSettings,
)
from winpush.delivery.storage.database import Database
from winpush.emulator import Emulator
from winpush.webpush import Message, VapidKeys
from winpush.webpush.base64url import encode

KEYS = VapidKeys.generate("mailto:ops@example.com")
CONTENT = Content(
    mpns=mpns.Toast("a"),
    wns=wns.Toast("b"),
    webpush=Message.json({"title": "Hi {name}"}),
    template=True,
    defaults={"name": "you"},
)
MakeOutbox = Callable[..., Outbox]


def test_one_broadcast_reaches_phones_windows_apps_and_browsers(
    make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(wns=winpush_emulator.entra_credentials, webpush=KEYS)
    phone, app = winpush_emulator.create_channel(), winpush_emulator.create_windows_channel()
    browsers = [winpush_emulator.create_subscription(browser=name) for name in ("edge", "chrome", "firefox", "safari")]
    gone = winpush_emulator.create_subscription("gone")
    outbox.register(phone.uri)
    outbox.register(app.uri)
    hosts = winpush_emulator.authorities
    for number, each in enumerate([*browsers, gone]):
        row = Registration.of_subscription(each.subscription, attributes={"name": f"n{number}"}, allow_hosts=hosts)
        outbox.register(row)
    number = outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 6, DeliveryState.GONE: 1}
    assert [json.loads(each.messages[-1].payload) for each in browsers] == [{"title": f"Hi n{n}"} for n in range(4)]
    assert (len(phone.toasts), len(app.toasts)) == (1, 1)
    assert len(list(outbox.channels(Audience(service=Service.WEBPUSH)))) == 4


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_subscription_leaves_and_comes_back_with_its_keys(
    make_outbox: MakeOutbox, winpush_emulator: Emulator, form: Literal["csv", "jsonl"]
) -> None:
    outbox = make_outbox()
    given = json.dumps(winpush_emulator.create_subscription().subscription.to_dict())
    row = Registration.of_subscription(given, key="ada", allow_hosts=winpush_emulator.authorities)
    outbox.register(row)
    file, again = io.StringIO(newline=""), io.StringIO()
    assert outbox.export_channels(file, format=form) == 1
    assert outbox.remove_key("ada", erase=True) == 1
    file.seek(0)
    assert outbox.import_channels(file, format=form).taken == 1
    outbox.export_channels(again, format="jsonl")
    assert Registration.of(json.loads(again.getvalue()), winpush_emulator.authorities) == row


def test_a_key_that_a_spreadsheet_would_run_is_guarded(make_outbox: MakeOutbox) -> None:
    """A key is chosen by whoever subscribes, and one in 64 begins with a minus."""
    outbox, file = make_outbox(), io.StringIO(newline="")
    auth = encode(b"\xf8" + bytes(15))
    assert auth.startswith("-")
    outbox.register({"endpoint": EDGE, "keys": {"p256dh": POINT, "auth": auth}})
    outbox.export_channels(file, format="csv")
    (row,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert row["auth"] == f"'{auth}"
    file.seek(0)
    assert outbox.import_channels(file, format="csv").renewed == 1


@pytest.mark.parametrize("flat", [False, True])
def test_what_a_browser_gave_is_registered_and_imported_as_it_is(
    make_outbox: MakeOutbox, winpush_emulator: Emulator, flat: bool
) -> None:
    """Also as other libraries keep it: in columns endpoint, p256dh and auth."""
    outbox = make_outbox()
    given = [winpush_emulator.create_subscription().subscription for _ in range(3)]
    rows: list[dict[str, Any]] = [each.to_dict() for each in given]
    if flat:
        rows = [{"endpoint": row["endpoint"], **row["keys"]} for row in rows]
    outbox.register(given[0])
    outbox.register({**rows[1], "key": "ada", "tags": ["news"]})
    file = io.StringIO("".join(json.dumps({**row, "key": "bob"}) + "\n" for row in rows[1:]))
    report = outbox.import_channels(file, format="jsonl")
    assert (report.new, report.renewed, report.refused) == (1, 1, 0)
    kept = list(outbox.channels(Audience(service=Service.WEBPUSH)))
    assert [each.key for each in kept] == [None, "bob", "bob"]


def test_a_table_of_another_librarys_subscriptions_is_imported(make_outbox: MakeOutbox) -> None:
    outbox = make_outbox()
    assert outbox.import_channels(["endpoint,auth,p256dh\n", f"{EDGE},{AUTH}==,{POINT}=\n"]).new == 1
    with pytest.raises(ValidationError, match="twice"):
        outbox.import_channels(["endpoint,uri\n", f"{EDGE},{EDGE}\n"])


def test_no_column_cuts_an_endpoint(make_outbox: MakeOutbox, winpush_emulator: Emulator) -> None:
    """255, 411 and 500 characters have, in real products (webpush.md 2)."""
    outbox, file = make_outbox(), io.StringIO()
    endpoints = [(EDGE + "%2b%2F+=" * 600)[:length] for length in (411, 1000, 4096 + len(EDGE.partition("/w/")[0]))]
    for endpoint in endpoints:
        outbox.register({"uri": endpoint, "p256dh": POINT, "auth": AUTH})
    outbox.export_channels(file, format="jsonl")
    assert [json.loads(line)["uri"] for line in file.getvalue().splitlines()] == endpoints


def test_no_repr_shows_a_browsers_keys(winpush_emulator: Emulator) -> None:
    subscription = winpush_emulator.create_subscription().subscription
    row = Registration.of_subscription(subscription, key="ada", allow_hosts=winpush_emulator.authorities)
    assert row.auth
    assert row.p256dh
    assert row.auth not in repr(row)
    assert row.p256dh not in repr(row)


POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
EDGE = "https://wns2-by3p.notify.windows.com/w/?token=BQYAAAB"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"uri": EDGE}, "p256dh"),
        ({"uri": EDGE, "p256dh": POINT}, "auth"),
        ({"uri": EDGE, "p256dh": POINT[:-4], "auth": AUTH}, "p256dh"),
        ({"uri": EDGE, "p256dh": POINT, "auth": "AAAA"}, "auth"),
        ({"uri": EDGE, "p256dh": POINT, "auth": AUTH, "platform": "windows"}, "platform"),
        ({"uri": EDGE.replace("/w/", "/"), "p256dh": POINT, "auth": AUTH}, "p256dh"),
        ({"uri": "https://fcm.googleapis.com/fcm/send/x"}, "p256dh"),
        ({"uri": EDGE.partition("=")[0] + "=", "p256dh": POINT, "auth": AUTH}, "uri"),
        ({"endpoint": EDGE}, "p256dh"),
        ({"endpoint": EDGE, "keys": None}, "p256dh"),
        ({"endpoint": EDGE, "keys": {"p256dh": POINT}}, "auth"),
        ({"endpoint": EDGE, "keys": {"p256dh": POINT, "auth": AUTH}, "uri": EDGE}, "uri"),
        ({"endpoint": EDGE, "keys": {"p256dh": POINT, "auth": AUTH}, "auth": AUTH}, "auth"),
        ({"endpoint": EDGE, "keys": {"p256dh": POINT, "auth": AUTH}, "name": "Ada"}, "name"),
        ({"endpoint": EDGE.replace("/w/", "/"), "keys": {"p256dh": POINT, "auth": AUTH}}, "p256dh"),
        ({"endpoint": None, "keys": {"p256dh": POINT, "auth": AUTH}}, "uri"),
        ({"uri": "https://fcm.googleapis.com/fcm/send/", "p256dh": POINT, "auth": AUTH}, "uri"),
    ],
)
def test_what_could_not_be_pushed_to_is_refused_by_its_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises((ValidationError, ChannelError)) as caught:
        Registration.of(values)
    assert caught.value.field == field


def test_without_vapid_keys_messages_wait_and_the_others_are_sent(
    make_outbox: MakeOutbox, winpush_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = make_outbox()
    phone, browser = winpush_emulator.create_channel(), winpush_emulator.create_subscription()
    outbox.register(phone.uri)
    hosts = winpush_emulator.authorities
    outbox.register(Registration.of_subscription(browser.subscription, allow_hosts=hosts))
    number = outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1, DeliveryState.WAITING: 1}
    assert sum("VAPID" in message for message in caplog.messages) == 1
    assert not browser.messages


def test_a_throttled_push_service_holds_its_browsers_and_no_others(
    make_outbox: MakeOutbox, winpush_emulator: Emulator
) -> None:
    outbox = make_outbox(webpush=KEYS)
    outbox.register(winpush_emulator.create_channel().uri)
    for _ in range(2):
        busy = winpush_emulator.create_subscription("throttled").subscription
        outbox.register(Registration.of_subscription(busy, allow_hosts=winpush_emulator.authorities))
    number = outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 1, DeliveryState.WAITING: 2}
    assert len(list(outbox.channels(Audience(service=Service.WEBPUSH)))) == 2


FEW = WorkerSettings(batch=10, batches=1, store_after=10)
SIGNATURE = "JWT Authentication Failed, unable to validate token signature"
MISMATCH = "The public key does not match the one of the channel Url."


@pytest.mark.parametrize("words", [SIGNATURE, MISMATCH])
def test_a_senders_own_mistake_stops_the_broadcast_and_deletes_nothing(words: str, make_outbox: MakeOutbox) -> None:
    """A key that is wrong for every browser, too: it is the sender's."""

    def refuse(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(reply(401, {"X-WNS-Error-Description": words, "X-WNS-Msg-ID": "4C0"}))

    with Server(refuse) as server:
        outbox = make_outbox(webpush=KEYS, allow_hosts=[server.authority], settings=FEW)
        rows = [Browser(f"http://{server.authority}/w/?token=B{n}", server.authority) for n in range(60)]
        hosts = [server.authority]
        outbox.register_many([Registration.of_subscription(each.subscription, allow_hosts=hosts) for each in rows])
        number = outbox.broadcast(Content(webpush=Message("x")))
        outbox.deliver_until_idle()
        progress = outbox.progress(number)
        assert progress.state is BroadcastState.STOPPED
        # Half a batch is sent while the one with the twentieth is written.
        assert progress.states == {DeliveryState.FAILED: 25, DeliveryState.STOPPED: 35}
        assert len(list(outbox.channels())) == 60
        assert len(server.requests) == 25


def test_a_browser_of_another_key_fails_alone(make_outbox: MakeOutbox, winpush_emulator: Emulator) -> None:
    outbox = make_outbox(webpush=KEYS, settings=FEW)
    others = VapidKeys.generate("mailto:ops@example.com").public_key
    for number in range(40):
        key = others if number % 4 == 0 else KEYS.public_key
        browser = winpush_emulator.create_subscription(application_server_key=key).subscription
        outbox.register(Registration.of_subscription(browser, allow_hosts=winpush_emulator.authorities))
    number = outbox.broadcast(Content(webpush=Message("x")))
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 30, DeliveryState.FAILED: 10}
    assert len(list(outbox.channels())) == 40


def test_keys_that_were_spoiled_in_the_database_cost_no_other_its_message(
    make_outbox: MakeOutbox, winpush_emulator: Emulator, url: str
) -> None:
    outbox = make_outbox(webpush=KEYS)
    browsers = [winpush_emulator.create_subscription() for _ in range(3)]
    for each in browsers:
        outbox.register(Registration.of_subscription(each.subscription, allow_hosts=winpush_emulator.authorities))
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE winpush_channels SET p256dh = 'BAD' WHERE id = 2"))
    database.close()
    number = outbox.broadcast(CONTENT)
    outbox.deliver_until_idle()
    assert outbox.progress(number).states == {DeliveryState.DELIVERED: 2, DeliveryState.FAILED: 1}
    assert [len(each.messages) for each in browsers] == [1, 0, 1]
