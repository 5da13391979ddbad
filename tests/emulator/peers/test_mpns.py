"""npm's mpns against the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.peers import documented
from tests.emulator.peers.visits import Visit, run_node
from winpush.emulator import Emulator

STEPS = ("toast", "toast_param", "tile", "tile_cleared", "tile_zero", "flip", "iconic", "raw", "control_character")


@pytest.fixture(scope="module")
def visit(peers_node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    with Emulator(tls=True, seed=0) as emulator:
        devices = {step: emulator.create_channel() for step in STEPS}
        devices["authenticated"] = emulator.create_channel(authenticated=True)
        devices["suppressed"] = emulator.create_channel(not_bound=["toast"])
        uris = {step: device.uri for step, device in devices.items()}
        return run_node(emulator, peers_node_modules, "mpns", devices, uris, tmp_path_factory.mktemp("mpns"))


@pytest.mark.parametrize("step", ["toast", "toast_param", "tile", "tile_cleared", "raw", "authenticated"])
def test_what_it_sends_right_is_shown_without_a_remark(visit: Visit, step: str) -> None:
    record = visit.record(step)
    assert (record.status, record.verdict, record.remarks) == (200, "accepted", ())
    assert visit.ends[step]["sent"]["notificationStatus"] == "Received"


def test_a_phone_shows_the_texts_as_they_were_given(visit: Visit) -> None:
    (toast,) = visit.phone("toast_param").toasts
    assert (toast.content["text2"], toast.content["param"]) == ("It's & <more>", "/P.xaml?a=1&b=2")


def test_a_count_of_zero_is_never_sent(visit: Visit) -> None:
    """No verdict can name what isn't in the request: the tile keeps its number."""
    five, zero = visit.of("tile_zero")
    assert "<wp:Count>5</wp:Count>" in five.body
    assert "Count" not in zero.body
    assert zero.verdict == "accepted"
    assert visit.phone("tile_zero").tiles[""].fields["count"] == 5


@pytest.mark.parametrize("step", ["flip", "iconic"])
def test_tiles_of_windows_phone_8_lack_their_version(visit: Visit, step: str) -> None:
    (remark,) = visit.remarks(step)
    assert remark.startswith("Version: ")


def test_a_control_character_makes_ill_formed_xml_and_the_peer_gives_up_the_channel(visit: Visit) -> None:
    record = visit.record("control_character")
    assert (record.status, record.verdict) == (400, "bad-request")
    assert "XML can't contain the character U+0001" in record.reason
    assert visit.ends["control_character"]["failed"]["shouldDeleteChannel"] is True


def test_what_the_service_suppressed_is_a_success_to_the_peer(visit: Visit) -> None:
    record = visit.record("suppressed")
    assert (record.status, record.verdict) == (200, "suppressed")
    assert visit.ends["suppressed"]["sent"]["notificationStatus"] == "Suppressed"


def test_the_reference_says_what_the_emulator_says_of_it(visit: Visit) -> None:
    documented.check("mpns", visit)
