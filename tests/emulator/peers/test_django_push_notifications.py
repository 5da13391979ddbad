"""django-push-notifications against the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.peers import documented
from tests.emulator.peers.visits import Visit, run_python
from winpush.emulator import Emulator

STEPS = ("toast", "toast_image", "toast_image_template", "toast_xml", "badge", "raw", "bulk_rest")


@pytest.fixture(scope="module")
def visit(peers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    with Emulator(tls=True, seed=0) as emulator:
        devices = {step: emulator.create_windows_channel() for step in STEPS}
        devices["bulk"] = emulator.create_windows_channel("gone")
        uris = {step: device.uri for step, device in devices.items()}
        return run_python(emulator, peers_python, "django_push", devices, uris, tmp_path_factory.mktemp("django"))


@pytest.mark.parametrize("step", ["toast", "badge", "raw"])
def test_what_it_sends_right_is_shown_without_a_remark(visit: Visit, step: str) -> None:
    record = visit.record(step)
    assert (record.status, record.reason, record.remarks) == (200, "Accepted, and shown.", ())


@pytest.mark.parametrize("step", ["toast_image", "toast_image_template"])
def test_its_images_have_a_name_that_no_device_knows(visit: Visit, step: str) -> None:
    assert any("/img: The element is called <image>" in remark for remark in visit.remarks(step))
    assert visit.record(step).reason.startswith("Accepted, and shown except for")


def test_its_own_example_has_a_text_more_than_its_template(visit: Visit) -> None:
    (remark,) = visit.remarks("toast_xml")
    assert remark.endswith("ToastText01 has 1 text field; the rest is ignored.")


def test_it_logs_in_for_every_notification(visit: Visit) -> None:
    first, *others = visit.logins
    assert first.remarks == ()
    assert len(others) == len(visit.records) - len(visit.logins) - 1
    for login in others:
        assert "keep one token for all sends" in login.remarks[0]


def test_a_bulk_send_ends_at_the_first_channel_that_is_gone(visit: Visit) -> None:
    assert visit.record("bulk").status == 404
    assert visit.of("bulk_rest") == []
    assert "threw" in visit.ends["bulk"]


def test_the_reference_says_what_the_emulator_says_of_it(visit: Visit) -> None:
    documented.check("django-push-notifications", visit)
