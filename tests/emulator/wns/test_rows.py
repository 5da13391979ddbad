"""The reference's table for WNS, row by row, from client to emulator over TLS, for channels and token server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.reference import load, needs_protocol
from winpush import Action, Client, Outcome, Result, Tls, wns
from winpush.emulator import WINDOWS_CHANNEL_STATES, Emulator, Fault

TABLE: list[dict[str, Any]] = load("wns_responses.json")
ACTIONS = {
    "ok": Action.NOTHING,
    "stop_and_fix": Action.STOP_AND_FIX,
    "retry_later": Action.RETRY_LATER,
    "drop_channel": Action.DELETE_CHANNEL,
}
SUPPRESSES_POPUP = "X-WNS-SuppressPopup"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(seed=1, tls=True) as made:
        yield made


def on_tls(emulator: Emulator) -> wns.EntraCredentials:
    return replace(emulator.entra_credentials, authority=f"https://{emulator.authorities[1]}")


def send(
    emulator: Emulator, uri: str, notification: wns.Notification, credentials: Any = None, *, times: int = 1
) -> list[Result]:
    with Client(
        wns=credentials or on_tls(emulator),
        allow_hosts=[emulator.authorities[1]],  # the TLS port alone: nothing here leaves in the clear
        tls=Tls(ca=emulator.ca_pem),
        when_throttled="send",
    ) as client:
        return [client.send(uri, notification) for _ in range(times)]


def name(row: dict[str, Any]) -> str:
    keys = ("http_status", "notification_status", "device_connection_status", "error_description", "reason_phrase")
    return "-".join(str(row[key]) for key in keys if row.get(key))


def rows(endpoint: str) -> list[Any]:
    return [pytest.param(row, id=name(row)) for row in TABLE if row["endpoint"] == endpoint]


def state_of(row: dict[str, Any]) -> str:
    """The state by which the emulator gives this row's answer."""
    wanted = (row["http_status"], row["notification_status"], row["device_connection_status"], row["error_description"])
    for state in WINDOWS_CHANNEL_STATES.values():
        ours = state.row
        given = (ours.status_code, ours.notification_status, ours.device_connection_status, ours.error_description)
        if given == wanted and ours.reason == row.get("reason_phrase"):
            return state.name
    raise LookupError(name(row))


@needs_protocol
@pytest.mark.parametrize("row", rows("notify"))
def test_a_row_is_answered_and_understood_through_tls(row: dict[str, Any], emulator: Emulator) -> None:
    options: dict[str, Any] = {"request_status": row["device_connection_status"] is not None}
    if SUPPRESSES_POPUP in row["meaning"]:
        # No state of a channel, but what a Windows channel says to a Windows Phone's option.
        state, options["suppress_popup"] = "healthy", True
    else:
        state = state_of(row)
    device = emulator.create_windows_channel(state, secure=True)
    assert device.uri.startswith("https://")
    (result,) = send(emulator, device.uri, wns.Toast("Zürich 🌩", correlation_vector="AbCdEf.0.1", **options))

    assert result.status_code == row["http_status"]
    assert (result.notification_status or "").lower() == (row["notification_status"] or "")
    assert result.device_connection_status == row["device_connection_status"]
    if row["error_description"]:
        assert result.error_description == row["error_description"]
    assert result.ok is row["accepted"]
    # A 401 has been tried once more with a new token by now, so it is final.
    assert result.action is (Action.STOP_AND_FIX if row.get("refresh_token") else ACTIONS[row["action"]])
    assert result.should_delete_channel is (row["action"] == "drop_channel")
    if result.action is Action.RETRY_LATER:
        assert result.retry_after == timedelta(minutes=row["min_delay_minutes"])
    assert result.correlation_vector == "AbCdEf.0.1"


@needs_protocol
@pytest.mark.parametrize("row", rows("token"))
def test_a_row_of_the_token_server_is_given_and_understood(row: dict[str, Any], emulator: Emulator) -> None:
    credentials: Any = on_tls(emulator)
    status = row["http_status"]
    if status == 400:
        url = f"https://{emulator.authorities[1]}/accesstoken.srf"
        credentials = replace(emulator.package_credentials, client_secret="wrong", token_url=url)
    elif status == 401:
        credentials = replace(credentials, client_secret="wrong")
    elif status != 200:
        emulator.faults.add(Fault(status=status, count=1, phone="token"))
    device = emulator.create_windows_channel(secure=True)
    first, second = send(emulator, device.uri, wns.Badge(7), credentials, times=2)

    assert first.ok is row["accepted"]
    assert first.action is ACTIONS[row["action"]]
    assert not first.should_delete_channel
    if first.action is Action.RETRY_LATER:
        assert first.retry_after == timedelta(minutes=row["min_delay_minutes"])
    if row["error_description"]:
        assert row["error_description"] in first.explanation
    # The second send asks nobody again: it has the token, or is held off.
    assert second.outcome is first.outcome
    assert (device.badge is not None) is row["accepted"]


def test_the_texts_arrive_as_they_were_sent_over_tls(emulator: Emulator) -> None:
    device = emulator.create_windows_channel(secure=True)
    text = "Zürich 🌩 <b>&amp;</b> \u202e\t東京"
    (result,) = send(emulator, device.uri, wns.Toast(text, launch=text))
    assert result.ok
    assert device.toasts[-1]["content"][0]["text"] == text
    assert device.toasts[-1]["launch"] == text


def test_one_notification_for_many_channels_keeps_each_result_to_itself_and_is_not_changed(emulator: Emulator) -> None:
    toast = wns.Toast("a", tag="t", ttl=timedelta(minutes=5))
    before = (toast.to_headers(), toast.body, repr(toast))
    wanted = {"healthy": Outcome.ACCEPTED, "expired": Outcome.CHANNEL_GONE, "forbidden": Outcome.FORBIDDEN}
    channels = [(emulator.create_windows_channel(state, secure=True).uri, toast, state) for state in wanted] * 20
    with Client(wns=on_tls(emulator), allow_hosts=[emulator.authorities[1]], tls=Tls(ca=emulator.ca_pem)) as client:
        results = list(client.send_many(channels))
    assert len(results) == 60
    assert all(result.outcome is wanted[str(result.key)] for result in results)
    assert (toast.to_headers(), toast.body, repr(toast)) == before
