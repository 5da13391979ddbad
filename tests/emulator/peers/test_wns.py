"""npm's wns, and node-pushnotifications which sends with it, against the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.peers import documented
from tests.emulator.peers.visits import REAL_ORIGIN, Visit, as_real, run_node
from winpush.emulator import Emulator

TILES = ("tile", "tile_image", "tile_two_sizes", "tile_language")
BADGES = ("badge", "badge_zero", "token_refused", "token_kept")
STEPS = (*TILES, *BADGES, "toast", "toast_sound", "raw")
STEPS_OF_PUSH = ("tile", "tile_of_wns", "toast", "badge", "raw")
NEEDLESS = "keep one token for all sends"


def visit_by(script: str, steps: tuple[str, ...], node_modules: Path, folder: Path) -> Visit:
    """They are given the URIs of real channels, and connect where the script leads them."""
    with Emulator(tls=True, seed=0) as emulator:
        devices = {step: emulator.create_windows_channel() for step in steps}
        uris = {step: as_real(device.uri) for step, device in devices.items()}
        return run_node(emulator, node_modules, script, devices, uris, folder)


@pytest.fixture(scope="module")
def visit(peers_node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return visit_by("wns", STEPS, peers_node_modules, tmp_path_factory.mktemp("wns"))


@pytest.fixture(scope="module")
def push(peers_node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    return visit_by("node-pushnotifications", STEPS_OF_PUSH, peers_node_modules, tmp_path_factory.mktemp("push"))


def test_the_requests_are_those_that_microsofts_hosts_would_get(visit: Visit) -> None:
    hosts = {dict(record.headers)["host"] for record in visit.records}
    assert hosts == {"login.live.com", REAL_ORIGIN.removeprefix("https://")}


@pytest.mark.parametrize("step", [*TILES, "badge", "badge_zero", "toast", "raw"])
def test_what_it_sends_right_is_shown_without_a_remark(visit: Visit, step: str) -> None:
    record = visit.record(step)
    assert (record.status, record.reason, record.remarks) == (200, "Accepted, and shown.", ())
    assert visit.ends[step]["sent"]["statusCode"] == 200


def test_a_badge_of_zero_clears_it(visit: Visit) -> None:
    assert 'value="0"' in visit.record("badge_zero").body


def test_it_logs_in_for_every_notification(visit: Visit) -> None:
    """Unless the caller keeps `newAccessToken`, as its README shows further down."""
    unneeded = [record for record in visit.logins if any(NEEDLESS in remark for remark in record.remarks)]
    first_and_after_401 = 2
    assert len(visit.logins) - len(unneeded) == first_and_after_401
    logins_of_token_kept = 1
    assert len(visit.logins) == len(STEPS) - 1 + logins_of_token_kept


def test_a_token_that_is_handed_on_is_used(visit: Visit) -> None:
    assert [record.status for record in visit.of("token_kept")] == [200, 200]
    assert "newAccessToken" not in visit.ends["token_kept"]["sent"]


def test_a_refused_token_leads_to_one_login_and_one_more_send(visit: Visit) -> None:
    assert [record.status for record in visit.of("token_refused")] == [401, 200]
    assert visit.ends["token_refused"]["sent"]["statusCode"] == 200


def test_its_sound_alarm_is_none_of_windows(visit: Visit) -> None:
    (remark,) = visit.remarks("toast_sound")
    assert "'ms-winsoundevent:Notification.Alarm', which is not one of Windows's 25 sounds" in remark


@pytest.mark.parametrize("step", ["tile_of_wns", "raw"])
def test_node_pushnotifications_delivers_what_has_the_fields_of_wns(push: Visit, step: str) -> None:
    record = push.record(step)
    assert (record.status, record.reason, record.remarks) == (200, "Accepted, and shown.", ())
    (end,) = push.ends[step]["sent"]
    assert (end["success"], end["failure"]) == (1, 0)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("tile", "There is nothing in the binding, so the tile is blank"),
        ("toast", "There is no top-level text"),
    ],
)
def test_node_pushnotifications_title_and_body_show_on_no_device(push: Visit, step: str, said: str) -> None:
    """Its README's message, which it counts as a success."""
    (remark,) = push.remarks(step)
    assert said in remark
    assert push.ends[step]["sent"][0]["success"] == 1


def test_node_pushnotifications_can_send_no_badge(push: Visit) -> None:
    assert push.of("badge") == []
    assert "The badge value must be a string or a number" in push.ends["badge"]["failed"]["message"]


def test_node_pushnotifications_logs_in_for_every_send(push: Visit) -> None:
    needless = [any(NEEDLESS in remark for remark in login.remarks) for login in push.logins]
    badge_is_never_sent = 1
    assert needless == [False] + [True] * (len(STEPS_OF_PUSH) - badge_is_never_sent - 1)


def test_the_reference_says_what_the_emulator_says_of_them(visit: Visit, push: Visit) -> None:
    documented.check("wns", visit)
    documented.check("node-pushnotifications", push)
