"""The migration pages for Node modules name what each module has, and say what it really sends."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.peers.visits import as_real, run_node
from tests.emulator.peers.workshop import ROOT
from tests.pages import CODE
from winpush.emulator import Emulator

HOW_TO = ROOT / "docs" / "how-to"
# Names of functions and classes that a cell can begin with, in whichever way it calls them.
CALLED = re.compile(r"(?:new )?(?:mpns\.)?((?:send|create|generate|set)\w+|toast|\w+Tile|\w+Notification)(?:\(|$)")
Names = Callable[[str], set[str]]


@pytest.fixture(scope="module")
def names(peers_node_modules: Path) -> Names:
    """What a module exports."""

    def of(module: str) -> set[str]:
        command = ["node", "-p", f"JSON.stringify(Object.keys(require('{module}')))"]
        done = subprocess.run(command, env={"NODE_PATH": str(peers_node_modules)}, capture_output=True, check=True)
        return set(json.loads(done.stdout))

    return of


def named(page: str) -> dict[str, set[str]]:
    """The names in the table's first column, by what the cell says of versions."""
    found: dict[str, set[str]] = {"": set(), "(1.x)": set(), "(2.x)": set()}
    for cell in re.findall(r"^\| (`.*?) \|", (HOW_TO / page).read_text(), re.MULTILINE):
        version = next((each for each in found if each and each in cell), "")
        found[version] |= {match[1] for code in CODE.findall(cell) if (match := CALLED.match(code))}
    return found


def test_the_page_on_mpns_names_what_each_of_its_versions_has(names: Names) -> None:
    """`flipTile` and `iconicTile` are in neither, and the classes in the first only."""
    first, second, page = names("mpns-1"), names("mpns"), named("coming-from-node-mpns.md")
    assert page[""] <= second
    assert page["(2.x)"] <= second - first
    assert page["(1.x)"] <= first - second
    assert page[""] | page["(2.x)"] == second - {"Properties"}
    assert page["(1.x)"] == first - second


def test_the_page_on_web_push_names_what_it_has(names: Names) -> None:
    page = named("move-from-node-web-push.md")
    assert {"sendNotification", "generateVAPIDKeys", "generateRequestDetails"} <= page[""] <= names("web-push")


def test_the_page_on_wns_names_what_it_has(names: Names) -> None:
    page, exported = named("move-from-node-wns.md")[""], names("wns")
    assert {each for each in page if "XYZ" not in each} <= exported
    assert {"sendRaw", "sendBadge", "sendTile"} <= page


def test_raw_has_the_content_types_that_the_page_on_wns_says(peers_node_modules: Path, tmp_path: Path) -> None:
    with Emulator(tls=True, seed=0) as emulator:
        devices = {step: emulator.create_windows_channel() for step in ("sendRaw", "send")}
        uris = {step: as_real(device.uri) for step, device in devices.items()}
        visit = run_node(emulator, peers_node_modules, "wns-raw", devices, uris, tmp_path)
    types = {step: dict(visit.record(step).headers)["content-type"] for step in devices}
    assert types == {"sendRaw": "application/octet-stream", "send": "text/xml"}
    assert (visit.record("sendRaw").status, visit.record("send").status) == (200, 400)
    text = " ".join((HOW_TO / "move-from-node-wns.md").read_text().split())
    assert '`sendRaw` does this too, but `send(channel, payload, "wns/raw")` sends `text/xml`' in text
