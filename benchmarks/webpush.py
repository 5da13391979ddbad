"""What a message to a browser costs: winpush beside pywebpush and Node's web-push, over TLS, against the same stub.

    python3 benchmarks/webpush.py [--subscriptions 10000] [--rounds 3] [--out FILE]

Needs `winpush[webpush,uvloop]`, pywebpush and aiohttp in the Python that runs it, gcc and openssl for the stub, and for
web-push Node with npm (Linux). Each measure is a process of its own, pinned to one core, the stub to the other. Every
contender encrypts with a new key pair for each message, but for the row that says otherwise. Prints a table; `--out`
writes it, too. The exit code is 1 when a send failed.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from harness import commands
from harness.commands import Cores
from harness.places import CACHE, PEERS
from harness.provision import say, set_up
from harness.stub import Stub, make_certificates, running_stub

from winpush.webpush import VapidKeys

CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class Contender:
    """One row. `share` is how much of the sends it makes: the slow ones need fewer for a steady figure. One that
    `is_warm` has sent to every subscription once before it is timed."""

    label: str
    way: str
    share: float
    is_warm: bool = False


CONTENDERS = (
    Contender("winpush `send_many`", "winpush", 1.0),
    Contender("winpush `send_many`, one key pair kept", "winpush-reuse", 1.0, is_warm=True),
    Contender("pywebpush `webpush()`, 16 threads", "pywebpush", 0.1),
    Contender("the same with a session for each thread", "pywebpush-session", 0.2),
    Contender("pywebpush `webpush_async()`, 64 tasks", "webpush-async", 0.2),
    Contender("Node's web-push, 64 at a time, keep-alive", "node", 0.2),
)
_INSTALL = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "web-push"]


def write_subscriptions(file: Path, url: str, number: int) -> None:
    """As many browsers as wanted, each with a key of its own."""
    with file.open("w") as stream:
        for count in range(number):
            public = ec.generate_private_key(CURVE).public_key()
            point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            keys = {"p256dh": base64.urlsafe_b64encode(point).decode().rstrip("=")}
            keys["auth"] = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
            stream.write(json.dumps({"endpoint": f"{url}/w/?token=B{count:0400d}", "keys": keys}) + "\n")


def command_of(contender: Contender, keys: VapidKeys, pem: Path) -> commands.Command | None:
    """What starts it; None where Node or its package can't be had."""
    if contender.way != "node":
        loop = "uvloop" if contender.way.startswith("winpush") else "stock"
        return [sys.executable, PEERS / "webpush_peer.py", contender.way, "--key", pem, "--loop", loop]
    folder = CACHE / "npm-webpush"
    folder.mkdir(parents=True, exist_ok=True)
    installed = (folder / "node_modules" / "web-push").exists()
    if not installed and commands.run([*_INSTALL, "--prefix", folder], "npm-web-push") is None:
        return None
    scalar = keys.private_key.private_numbers().private_value.to_bytes(32)
    private = base64.urlsafe_b64encode(scalar).decode().rstrip("=")
    peer: commands.Command = ["node", PEERS / "webpush_peer.mjs", "--modules", folder]
    return [*peer, f"--key={private}", f"--public={keys.application_server_key}"]


def measure(contender: Contender, stub: Stub, cores: Cores, file: Path, number: int, keys: VapidKeys) -> float | None:
    """CPU microseconds a send; None when it could not be run. Raises SystemExit where a send failed."""
    pem = file.with_name("vapid.pem")
    command = command_of(contender, keys, pem)
    if command is None or stub.certificates is None:
        return None
    sends = max(int(number * contender.share), 64)
    warmup = number if contender.is_warm else max(sends // 10, 64)
    more: commands.Command = ["--url", stub.url(tls=True), "--sends", sends, "--warmup", warmup]
    more = [*more, "--concurrency", 64, "--subscriptions", file, "--ca", stub.certificates.ca]
    with cores.only(cores.client):
        said = commands.run([*command, *more], f"webpush-{contender.way}", timeout=1800)
    if said is None:
        return None
    report = json.loads(said.splitlines()[-1])
    if report["errors"]:
        sys.exit(f"{contender.label}: {report['errors']} of {sends} sends failed")
    return float(report["cpu_seconds"]) / sends * 1e6


def table(figures: dict[Contender, list[float]]) -> str:
    """The rows, with what each costs beside winpush."""
    ours = statistics.median(figures[CONTENDERS[0]])
    lines = ["| way | CPU a message, µs | winpush needs |", "|---|---|---|"]
    for contender in CONTENDERS:
        if not figures[contender]:
            lines.append(f"| {contender.label} | could not be run | |")
            continue
        cost = statistics.median(figures[contender])
        lines.append(f"| {contender.label} | {cost:,.0f} | 1/{cost / ours:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures all in turn, `--rounds` times, and prints the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    workshop, cores = set_up(install=False), Cores()
    if workshop.stub is None or not workshop.speaks_tls:
        sys.exit("The stub could not be built with TLS: it needs gcc and OpenSSL's headers.")
    keys = VapidKeys.generate("mailto:ops@example.com")
    figures: dict[Contender, list[float]] = {contender: [] for contender in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        certificates = make_certificates(Path(folder))
        Path(folder, "vapid.pem").write_text(keys.to_pem())
        file = Path(folder, "subscriptions.jsonl")
        with running_stub(workshop.stub, cores, certificates) as stub:
            write_subscriptions(file, stub.url(tls=True), given.subscriptions)
            for number in range(given.rounds):
                for contender in CONTENDERS:
                    say(f"Round {number + 1}: {contender.label} …")
                    figure = measure(contender, stub, cores, file, given.subscriptions, keys)
                    figures[contender] += [] if figure is None else [figure]
    text = table(figures)
    sys.stdout.write(text)
    if given.out is not None:
        given.out.write_text(text)


if __name__ == "__main__":
    main()
