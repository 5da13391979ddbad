"""The layers inside the emulator: the service is below the app, the app below the server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import winpush.emulator
from winpush.emulator import Emulator
from winpush.emulator.service import Service

SOURCE = Path(winpush.emulator.__file__).parent


@pytest.mark.parametrize(
    ("module", "above"),
    [("app.py", ("server",)), ("service.py", ("server", "app")), ("world.py", ("server", "app", "service"))],
)
def test_a_module_never_mentions_the_ones_above_it_even_for_the_type_checker(
    module: str, above: tuple[str, ...]
) -> None:
    text = (SOURCE / module).read_text()
    assert not [name for name in above if re.search(rf"winpush\.emulator\.{name}\b|emulator import .*\b{name}\b", text)]


def test_the_service_judges_without_a_server() -> None:
    from winpush.emulator.service import Addresses

    service = Service(Addresses("127.0.0.1", 8080), seed=1)
    assert service.create_channel().uri.startswith("http://127.0.0.1:8080/")
    assert issubclass(Emulator, Service)
