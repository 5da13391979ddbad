"""What the worker's log shows of a record, in text and in JSON."""

from __future__ import annotations

import json
import logging

import pytest

from winpush.cli.logs import logging_to_stderr

URI = "https://db5p.notify.windows.com/?token=AwYAAACopaiwYRSECRETSECRET"
log = logging.getLogger("winpush.delivery")


def fail() -> None:
    raise RuntimeError(f"refused by {URI}")


def test_a_line_of_json_has_the_fields_of_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr("json", "info"):
        log.warning("Broadcast %d stopped", 3, extra={"worker": "w1", "broadcast": 3})
        log.debug("nothing")
    (line,) = capsys.readouterr().err.splitlines()
    read = json.loads(line)
    assert read.pop("time").endswith("+00:00")
    assert read == {
        "level": "warning",
        "logger": "winpush.delivery",
        "worker": "w1",
        "message": "Broadcast 3 stopped",
        "broadcast": 3,
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_has_a_channel_uri_not_even_one_that_an_error_had(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to_stderr(form, "debug"):
        log.info("sending to %s", URI, extra={"channel": URI})
        try:
            fail()
        except RuntimeError:
            log.exception("A hook raised")
    said = capsys.readouterr().err
    assert "SECRET" not in said
    assert "db5p.notify.windows.com" in said
    assert "RuntimeError" in said


def test_a_line_of_text_has_time_level_and_worker(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr("text", "info"):
        log.warning("It is away", extra={"worker": "w1"})
        logging.getLogger("other").warning("as is")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("+00:00 WARNING w1: It is away")
    assert second.endswith("WARNING: as is")
