"""From the built files alone, without a checkout: each extra installs, and its features work."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.wheels import ROOT, TAKES_LONG, Clean, needs_a_compiler, release

_EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
pytestmark = [needs_a_compiler, TAKES_LONG]

_CERTIFICATE = """
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from datetime import UTC, datetime, timedelta
from winpush import ClientCertificate

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "push.example")])
builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
builder = builder.serial_number(1).not_valid_before(datetime.now(UTC)).not_valid_after(datetime.now(UTC) + timedelta(1))
certificate = builder.sign(key, hashes.SHA256())
pfx = pkcs12.serialize_key_and_certificates(b"push", key, certificate, None, BestAvailableEncryption(b"secret"))
ClientCertificate.from_pfx(pfx, "secret")
"""
_REFUSED = """
import socket
from winpush import Client, Outcome, mpns

with socket.create_server(("127.0.0.1", 0)) as taken:
    port = taken.getsockname()[1]
"""
_METRICS = """
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from winpush.delivery import Telemetry

Telemetry(meter_provider=MeterProvider([PrometheusMetricReader()]))
"""
_TOAST = """
from winpush import Client, wns
from winpush.emulator import Emulator

with Emulator() as emulator, Client(wns=emulator.entra_credentials, allow_hosts=[emulator.authority]) as client:
    device = emulator.create_windows_channel()
    assert client.send(device.uri, wns.Toast("Storm warning")).ok
    assert [text["text"] for text in device.toasts[-1]["content"]] == ["Storm warning"]
"""
_OUTBOX = """
from winpush import mpns
from winpush.delivery import Outbox

outbox = Outbox("sqlite:///push.db", allow_hosts=["push.example"])
outbox.register({"uri": "http://push.example/throttledthirdparty/01.00/x", "platform": "8.0", "key": "ada"})
outbox.notify("ada", mpns.Toast("Hello"))
outbox.close()
"""
_NO_SERVER = """
from winpush import WinPushError
from winpush.delivery import Outbox

try:
    Outbox("postgresql://push@127.0.0.1:1/push").broadcasts()
except Exception as error:  # the driver is there, and found nobody
    told = str(error)
assert "refused" in told, told
"""
# What an extra is for, in Python; and what is installed to try it, where it is not for use alone.
PARTS = {
    "": _REFUSED + """
with Client(allow_hosts=[f"127.0.0.1:{port}"]) as client:
    assert client.send(f"http://127.0.0.1:{port}/x", mpns.Toast("Hello")).outcome is Outcome.CONNECT_FAILED
""",
    "pfx": _CERTIFICATE,
    "webpush": "from winpush import webpush\nassert webpush.VapidKeys.generate('mailto:ops@example.com').to_pem()",
    "uvloop": "import uvloop\nfrom winpush.transport.loops import new_event_loop\n"
    "loop = new_event_loop()\nassert isinstance(loop, uvloop.Loop)\nloop.close()",
    "azure": "from azure.identity import ClientSecretCredential\nfrom winpush import Client\n"
    "Client(wns=ClientSecretCredential('tenant', 'id', 'secret')).close()",
    "socks": _REFUSED + """
with Client(proxy=f"socks5://127.0.0.1:{port}") as client:
    assert client.send("http://db3.notify.live.net/x", mpns.Toast("Hello")).outcome is Outcome.PROXY_FAILED
""",
    "cli": "import sys\nfrom winpush.cli import main\nsys.argv = ['winpush', 'protocol', 'sources']\nmain()",
    "emulator": _TOAST,
    "delivery": _OUTBOX,
    "postgres": _NO_SERVER,
    "otel": "from winpush.delivery import Telemetry\nTelemetry()",
    "prometheus": _METRICS,
    "all": _TOAST + _OUTBOX,
}  # fmt: skip
TOGETHER = {"otel": "delivery,otel", "prometheus": "delivery,prometheus"}


def install(folder: Path, files: Path, extras: str) -> Clean:
    clean = Clean.make(folder)
    done = clean.pip("install", "--quiet", "--find-links", files, f"winpush[{extras}]" if extras else "winpush")
    assert done.returncode == 0, done.stderr
    return clean


def test_every_extra_is_tried() -> None:
    assert PARTS.keys() == {"", *_EXTRAS}


@pytest.mark.parametrize("extra", [name for name in PARTS if name != "all"])
def test_an_extra_installs_and_its_part_works(testrun_uid: str, tmp_path: Path, extra: str) -> None:
    clean = install(tmp_path, release(testrun_uid).folder, TOGETHER.get(extra, extra))
    done = clean.run("python", "-c", PARTS[extra])
    assert done.returncode == 0, done.stdout + done.stderr


def test_with_everything_the_compiled_winpush_runs_its_demo_without_a_checkout(
    testrun_uid: str, tmp_path: Path
) -> None:
    clean = install(tmp_path, release(testrun_uid).folder, "all")
    done = clean.run("python", "-c", PARTS["all"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(compiled)" in clean.run("winpush", "--version").stdout
    demo = clean.run("winpush", "demo", "--exit", "--phones", "20", "--windows", "20")
    assert demo.returncode == 0, demo.stdout + demo.stderr
