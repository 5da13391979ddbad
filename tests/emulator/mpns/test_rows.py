"""Every row of the table, through real sockets: the client understands what the emulator answers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.reference import FOLDER
from winpush import Action, Client, Outcome, mpns
from winpush.emulator import CHANNEL_STATES, Emulator, Fault

TABLE = FOLDER / "mpns_responses.json"
ACTIONS = {
    "ok": Action.NOTHING,
    "retry_later": Action.RETRY_LATER,
    "stop_and_fix": Action.STOP_AND_FIX,
    "drop_channel": Action.DELETE_CHANNEL,
}
TOAST = mpns.Toast("Bold", "normal", message_id="2f6f6e1e-6d2e-4a9a-9d2d-6ab5b0f4d6b1")


def rows() -> list[Any]:
    if not TABLE.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"waits for the protocol reference's {TABLE.name}"))]
    return [pytest.param(row, id="-".join(str(value) for value in list(row.values())[:4])) for row in _read()]


def _read() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(TABLE.read_text())
    return loaded


def state_of(row: dict[str, Any]) -> str:
    keys = ("http_status", "notification_status", "device_connection_status", "subscription_status")
    wanted = tuple(row[key] for key in keys)
    for state in CHANNEL_STATES.values():
        got = state.row
        if wanted == (
            got.status_code,
            got.notification_status,
            got.device_connection_status,
            got.subscription_status,
        ):
            return state.name
    raise AssertionError(f"no state gives {wanted}")


@pytest.mark.parametrize("row", rows())
def test_a_row_of_the_reference_is_answered_and_understood(
    row: dict[str, Any], winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel(state=state_of(row))
    result = winpush_client.send(phone.uri, TOAST)
    assert result.status_code == row["http_status"]
    assert result.notification_status == row["notification_status"]
    assert result.device_connection_status == row["device_connection_status"]
    assert result.subscription_status == row["subscription_status"]
    assert result.message_id == str(TOAST.message_id)
    assert result.action is ACTIONS[row["action"]]
    assert result.ok is row["accepted"]
    assert result.should_delete_channel is (row["action"] == "drop_channel")
    minutes = row["min_delay_minutes"]
    assert result.retry_after == (None if minutes is None else timedelta(minutes=minutes))
    assert result.verdict.backoff is None or result.verdict.backoff.value == row["backoff"]


def test_there_are_as_many_rows_as_in_the_reference() -> None:
    if not TABLE.exists():
        pytest.skip(f"waits for the protocol reference's {TABLE.name}")
    assert len(_read()) == len(mpns.ROWS) == len(CHANNEL_STATES)


def test_an_inactive_device_has_the_61_minutes_that_the_seed_gave(
    winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel(state="inactive")
    assert winpush_client.send(phone.uri, TOAST).minutes_to_delay == 61
    second = winpush_client.send(phone.uri, TOAST)
    assert second.outcome is Outcome.DEVICE_INACTIVE
    assert "more than hourly" in winpush_emulator.requests[-1].remarks[0]


@pytest.mark.parametrize("status", [201, 402, 429, 500, 502, 504])
def test_a_status_that_no_table_has_is_never_success(
    status: int, winpush_emulator: Emulator, winpush_client: Client
) -> None:
    phone = winpush_emulator.create_channel()
    winpush_emulator.faults.add(Fault(status=status))
    result = winpush_client.send(phone.uri, TOAST)
    assert result.outcome is Outcome.UNEXPECTED_ANSWER
    assert not result.ok
    assert not result.should_delete_channel
    assert result.action is (Action.RETRY_LATER if status >= 500 or status == 429 else Action.STOP_AND_FIX)
