"""The stub server of a run: its certificates, its process, its counts."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import commands
from harness.commands import Cores

_EXTENSIONS = (
    "subjectAltName=IP:127.0.0.1,DNS:localhost\nauthorityKeyIdentifier=keyid\nbasicConstraints=CA:FALSE\n"
    "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM: the authority that clients trust, and the server's certificate and key."""

    ca: Path
    server: Path
    key: Path


def make_certificates(folder: Path) -> Certificates | None:
    """An authority and a certificate for 127.0.0.1, valid for two days; None without the `openssl` command.

    The keys are elliptic, for the cheapest handshake, which favours peers that make a handshake for each send.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca_key, request, extensions = folder / "ca.key", folder / "server.csr", folder / "extensions"
    extensions.write_text(_EXTENSIONS)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256")
    steps: list[commands.Command] = [
        ["openssl", "req", "-x509", *key, "-keyout", ca_key, "-out", files.ca, "-days", "2",
         "-subj", "/CN=winpush benchmark", "-addext", "keyUsage=critical,keyCertSign"],
        ["openssl", "req", "-new", *key, "-keyout", files.key, "-out", request, "-subj", "/CN=localhost"],
        ["openssl", "x509", "-req", "-in", request, "-CA", files.ca, "-CAkey", ca_key, "-CAcreateserial",
         "-out", files.server, "-days", "2", "-sha256", "-extfile", extensions],
    ]  # fmt: skip
    made = all(commands.run(step, "certificates") is not None for step in steps)
    return files if made else None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the stub has seen since its last reset; `cpu_us` counts from its start.

    `ids` is the number of channels that got requests; `least` and `most` are the fewest and most requests of a channel.
    """

    requests: int
    ids: int
    least: int
    most: int
    body_bytes: int
    refused: int
    connections: int
    open: int
    cpu_us: int


@dataclass(frozen=True, slots=True)
class Stub:
    """A running stub. `tls_port` is None if it doesn't speak TLS."""

    port: int
    tls_port: int | None
    certificates: Certificates | None

    def url(self, *, tls: bool) -> str:
        """The URL that a peer sends to."""
        return f"https://127.0.0.1:{self.tls_port}" if tls else f"http://127.0.0.1:{self.port}"

    def reset(self) -> Counts:
        """Resets the counts."""
        return self._ask("/__reset")

    def counts(self) -> Counts:
        """The counts since the last reset."""
        return self._ask("/__stats")

    def _ask(self, path: str) -> Counts:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return Counts(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextlib.contextmanager
def running_stub(binary: Path, cores: Cores, certificates: Certificates | None, latency_ms: int = 0) -> Iterator[Stub]:
    """A stub on the server's core, which runs until the block ends."""
    command: list[str | Path] = [binary, "--latency-ms", str(latency_ms)]
    if certificates is not None:
        command += ["--cert", certificates.server, "--key", certificates.key]
    with cores.only(cores.server):
        process = commands.start(command)
    with process:
        try:
            ports = json.loads(process.stdout.readline()) if process.stdout else {}
            yield Stub(ports["plain"], ports["tls"] or None, certificates)
        finally:
            process.terminate()
