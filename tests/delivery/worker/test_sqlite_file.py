"""A file that is deleted or replaced under a worker is noticed and reported; no write goes to a file that is gone."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.delivery.noticed import Count, Noticed
from tests.delivery.sending import accepted
from tests.waiting import PATIENCE
from winpush import mpns
from winpush.delivery import DatabaseError, Outbox
from winpush.emulator import Emulator

TOAST = mpns.Toast("Hello")
pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows doesn't let an open file be moved")
@pytest.mark.parametrize("what", ["deleted", "replaced by another file"])
def test_a_file_that_goes_is_noticed_and_one_that_comes_back_is_used(
    make_outbox: Callable[..., Outbox], winpush_emulator: Emulator, tmp_path: Path, what: str
) -> None:
    one, two = Count(1), Count(2)
    file, aside = tmp_path / "push.db", tmp_path / "aside.db"
    noticed = Noticed()
    logging.getLogger("winpush.delivery").addHandler(noticed)
    outbox = make_outbox(hooks=[one, two])
    try:
        outbox.register(winpush_emulator.create_channel().uri)
        outbox.start()
        outbox.broadcast(TOAST)
        assert one.done.wait(PATIENCE)
        file.rename(aside)
        if what != "deleted":
            shutil.copy(aside, file)
        with pytest.raises(DatabaseError, match=f"push.db was {what} while it was in use. Put it back"):
            outbox.broadcast(TOAST)
        assert noticed.event.wait(PATIENCE)
        aside.rename(file)
        outbox.broadcast(TOAST)
        assert two.done.wait(PATIENCE)
    finally:
        logging.getLogger("winpush.delivery").removeHandler(noticed)
        outbox.close()
    assert accepted(winpush_emulator) == [2]
