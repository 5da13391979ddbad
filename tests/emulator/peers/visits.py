"""One run of a peer: its script sends to an emulator's channels, one for each step, and both sides are kept."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulator.peers.workshop import FOLDER, ROOT
from tests.waiting import PATIENCE
from winpush.emulator import Browser, Device, Emulator, Phone, Record

__all__ = ["REAL_ORIGIN", "Visit", "as_real", "run_node", "run_python"]

REAL_ORIGIN = "https://db5p.notify.windows.com"


def as_real(uri: str) -> str:
    """A channel's URI as a device of a real app gives it to its server."""
    return REAL_ORIGIN + uri[uri.index("/", len("https://")) :]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a peer sent, and what the emulator and the peer itself made of each step."""

    ends: dict[str, dict[str, Any]]
    """How each step ended for the peer: `sent`, `failed` or `threw`."""
    devices: dict[str, Phone | Device | Browser]
    records: tuple[Record, ...]

    def of(self, step: str) -> list[Record]:
        """The requests to a step's channel."""
        return [record for record in self.records if record.phone == self.devices[step].id]

    def record(self, step: str) -> Record:
        """The step's only request."""
        (record,) = self.of(step)
        return record

    def remarks(self, step: str) -> tuple[str, ...]:
        """The remarks on the step's requests."""
        return tuple(remark for record in self.of(step) for remark in record.remarks)

    @property
    def logins(self) -> list[Record]:
        """The requests to the token server."""
        return [record for record in self.records if record.kind == "token"]

    def phone(self, step: str) -> Phone:
        """The step's device, a phone."""
        device = self.devices[step]
        assert isinstance(device, Phone)
        return device

    def device(self, step: str) -> Device:
        """The step's device, running Windows."""
        device = self.devices[step]
        assert isinstance(device, Device)
        return device


def run_node(
    emulator: Emulator,
    node_modules: Path,
    script: str,
    devices: Mapping[str, Phone | Device | Browser],
    uris: Mapping[str, str],
    folder: Path,
) -> Visit:
    """Runs a script of npm's peers. `folder` takes the emulator's certificates."""
    job = _job(emulator, uris, folder)
    environment = {"NODE_PATH": str(node_modules), "NODE_EXTRA_CA_CERTS": job["ca"]}
    return _run(emulator, ["node", FOLDER / "scripts" / f"{script}.js"], environment, job, devices)


def run_python(
    emulator: Emulator,
    python: Path,
    script: str,
    devices: Mapping[str, Phone | Device | Browser],
    uris: Mapping[str, str],
    folder: Path,
) -> Visit:
    """Runs a script of the Python peers. `folder` takes the emulator's certificates."""
    module = f"{__package__}.scripts.{script}"
    return _run(emulator, [python, "-m", module], {}, _job(emulator, uris, folder), devices)


def _job(emulator: Emulator, uris: Mapping[str, str], folder: Path) -> dict[str, Any]:
    certificate, key = emulator.make_client_certificate()
    files = {"ca": emulator.ca_pem, "certificate": certificate, "key": key}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    login = emulator.package_credentials
    return {
        "channels": dict(uris),
        "tls_port": emulator.tls_port,
        "login": f"http://{emulator.authority}/accesstoken.srf",
        "client_id": login.package_sid,
        "client_secret": login.client_secret,
        **{name: str(folder / name) for name in files},
    }


def _run(
    emulator: Emulator,
    command: list[str | Path],
    environment: Mapping[str, str],
    job: Mapping[str, Any],
    devices: Mapping[str, Phone | Device | Browser],
) -> Visit:
    # An environment of its own: a proxy or other options of the caller's are none of the peer's.
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Visit(json.loads(done.stdout), dict(devices), emulator.requests)
