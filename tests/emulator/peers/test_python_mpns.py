"""python-mpns against the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.peers import documented
from tests.emulator.peers.visits import Visit, run_python
from winpush.emulator import Emulator

STEPS = (
    *("toast", "toast_param", "tile", "tile_cleared", "tile_zero", "tile_number", "secondary", "flip", "raw"),
    "control_character",
)


@pytest.fixture(scope="module")
def visit(peers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    with Emulator(tls=True, seed=0) as emulator:
        devices = {step: emulator.create_channel(pinned=["/Secondary.xaml"]) for step in STEPS}
        devices["authenticated"] = emulator.create_channel(authenticated=True)
        uris = {step: device.uri for step, device in devices.items()}
        return run_python(emulator, peers_python, "python_mpns", devices, uris, tmp_path_factory.mktemp("mpns"))


@pytest.mark.parametrize("step", ["toast", "toast_param", "tile", "tile_cleared", "tile_zero", "authenticated"])
def test_what_it_sends_right_is_shown_without_a_remark(visit: Visit, step: str) -> None:
    record = visit.record(step)
    assert (record.status, record.verdict, record.remarks) == (200, "accepted", ())
    assert visit.ends[step]["sent"]["notification_status"] == "Received"


@pytest.mark.parametrize(("step", "value"), [("secondary", "/Secondary.xaml"), ("flip", "FlipTile")])
def test_a_tiles_id_and_template_arrive_as_an_attribute_called_attribute(visit: Visit, step: str, value: str) -> None:
    (remark,) = visit.remarks(step)
    assert f"the attribute attribute='{value}' is unknown to phones" in remark
    assert list(visit.phone(step).tiles) == [""], "the update went to the app's own tile"


def test_a_count_that_is_a_number_is_never_sent(visit: Visit) -> None:
    assert visit.of("tile_number") == []
    assert visit.ends["tile_number"]["threw"].startswith("TypeError")


def test_raw_has_a_target_that_nobody_documents(visit: Visit) -> None:
    (remark,) = visit.remarks("raw")
    assert remark.startswith("X-WindowsPhone-Target: raw is not documented")
    assert len(visit.phone("raw").raws) == 1


def test_a_control_character_makes_ill_formed_xml(visit: Visit) -> None:
    record = visit.record("control_character")
    assert (record.status, record.verdict) == (400, "bad-request")
    assert "XML can't contain the character U+0001" in record.reason


def test_the_reference_says_what_the_emulator_says_of_it(visit: Visit) -> None:
    documented.check("python-mpns", visit)
