"""The table of third-party clients has the versions that are pinned, and that the tests ran."""

from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

from tests.emulator.peers.documented import documented
from tests.emulator.peers.workshop import PACKAGE, REQUIREMENTS, ROOT

# Without mpns-1, of which the tests read the names and send nothing.
NPM = {name: pin for name, pin in json.loads(PACKAGE.read_text())["dependencies"].items() if ":" not in pin}
PYTHON = dict(line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
BELOW = ("Django", "requests", "http_ece")
"""What clients stand on: nothing is sent with it alone."""


def test_the_table_has_every_client_with_its_pinned_version() -> None:
    found = {client: row.version for client, row in documented().items()}
    dev = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    assert f"azure-identity>={found.pop('azure-identity').removesuffix(' or later')}" in dev
    assert found == {name: pin for name, pin in {**NPM, **PYTHON}.items() if name not in BELOW}


def test_npms_clients_have_the_pinned_versions(peers_node_modules: Path) -> None:
    for name, version in NPM.items():
        assert json.loads((peers_node_modules / name / "package.json").read_text())["version"] == version


def test_the_python_clients_have_the_pinned_versions(peers_python: Path) -> None:
    (packages,) = (peers_python.parents[1] / "lib").glob("python*/site-packages")
    found = {each.name: each.version for each in metadata.distributions(path=[str(packages)])}
    assert {name: found[name] for name in PYTHON} == PYTHON
