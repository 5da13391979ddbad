"""A contender that can't be installed is left out, with the reason."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.contenders import C_SENDER, CONTENDERS
from harness.provision import Workshop

BY_NAME = {contender.name: contender for contender in CONTENDERS}


def workshop(**failed: str) -> Workshop:
    """A workshop with little installed."""
    return Workshop(python=Path(sys.executable), compiled=Path("no-such-python"), failed=failed)


def test_a_program_that_could_not_be_made_is_missing_with_its_reason() -> None:
    nothing = workshop(**{"golang-go": "golang-go is not installed", "sender": "it could not be compiled"})
    assert nothing.reason_against(BY_NAME["go"]) == "golang-go is not installed"
    assert nothing.reason_against(C_SENDER) == "it could not be compiled"


def test_the_c_sender_needs_winpushs_own_request() -> None:
    here = workshop(sender="it could not be recorded")
    here.sender = Path("sender")
    assert here.reason_against(C_SENDER) == "it could not be recorded"
    here.request = b"POST /0000000 HTTP/1.1"
    assert here.reason_against(C_SENDER) is None


def test_what_pip_installs_is_left_out_where_pip_made_it_plain_python() -> None:
    here = workshop(**{"winpush, compiled": "pip built winpush as plain Python here"})
    assert here.reason_against(BY_NAME["winpush-many-uvloop-compiled"]) == "pip built winpush as plain Python here"
