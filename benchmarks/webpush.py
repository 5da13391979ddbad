"""What a message to a browser costs: winpush, pywebpush and Node's web-push, over TLS, with the same stub.

    .venv/bin/python benchmarks/webpush.py [--subscriptions 10000] [--rounds 3] [--out FILE]

Needs `winpush[webpush,uvloop,delivery]`, pywebpush and aiohttp in the Python that runs it, gcc and openssl for the
stub, and for web-push Node with npm (Linux). Each measurement is a process of its own, pinned to one core, with the
stub on the other. It counts that process's CPU time, which a busy machine distorts less than elapsed time. Every
contender encrypts with a new key pair for each message, except in the row that says otherwise. If it keeps connections,
they are open before the timing starts. Prints tables and whether the goals were met; `--out` also writes them to a
file. The exit code is 1 if a send failed.
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
from typing import Any

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
    """One row. `share` is the share of the sends that it makes: slow contenders need fewer for a steady figure. If
    `is_warm`, it has sent to every subscription once before it is timed."""

    label: str
    way: str
    share: float
    is_warm: bool = False


OURS = Contender("winpush `send_many`", "winpush", 1.0)
KEPT = Contender("winpush `send_many`, one key pair and what follows from it kept", "winpush-reuse", 1.0, is_warm=True)
OUTBOX = Contender("winpush, a broadcast from the outbox (SQLite), outcomes and history stored", "winpush-outbox", 1.0)
USUAL = Contender("pywebpush `webpush()` as its readme calls it, one after the other", "pywebpush", 0.02)
LEAN = Contender("the same, trusting the stub's authority alone", "pywebpush-one", 0.05)
NODE = Contender("Node's web-push, 64 at a time, keep-alive", "node", 0.2)
CONTENDERS = (
    OURS,
    KEPT,
    OUTBOX,
    USUAL,
    LEAN,
    Contender("pywebpush `webpush()` with a session, one after the other", "pywebpush-session", 0.1),
    Contender("pywebpush `webpush_async()`, 64 tasks, one session", "webpush-async", 0.1),
    NODE,
)
GOALS = ((OURS, USUAL, 20.0), (OURS, NODE, 8.0), (KEPT, USUAL, 60.0), (OUTBOX, OURS, 0.7))
"""Each goal: the second contender's CPU time is at least this multiple of the first's."""
_MOST_ENCRYPTION = 1.3
_INSTALL = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "web-push"]


def write_subscriptions(file: Path, url: str, number: int) -> None:
    """Writes `number` browsers' subscriptions, each with its own keys."""
    with file.open("w") as stream:
        for count in range(number):
            public = ec.generate_private_key(CURVE).public_key()
            point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            keys = {"p256dh": base64.urlsafe_b64encode(point).decode().rstrip("=")}
            keys["auth"] = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
            stream.write(json.dumps({"endpoint": f"{url}/w/?token=B{count:0400d}", "keys": keys}) + "\n")


def command_of(contender: Contender, keys: VapidKeys, pem: Path) -> commands.Command | None:
    """The command that starts it; None if Node's package can't be installed."""
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
    """CPU microseconds per send; None if it could not be run. Raises SystemExit if a send failed."""
    sends = max(int(number * contender.share), 64)
    warmup = number if contender.is_warm else max(sends // 10, 64)
    report = run_peer(contender, stub, cores, file, (sends, warmup), keys)
    if report is None:
        return None
    if report["errors"]:
        sys.exit(f"{contender.label}: {report['errors']} of {sends} sends failed")
    return float(report["cpu_seconds"]) / sends * 1e6


def run_peer(
    contender: Contender, stub: Stub, cores: Cores, file: Path, sends: tuple[int, int], keys: VapidKeys
) -> dict[str, Any] | None:
    """A contender's own report. `sends` is how many sends are timed, and how many come before them to warm up."""
    command = command_of(contender, keys, file.with_name("vapid.pem"))
    if command is None or stub.certificates is None:
        return None
    more: commands.Command = ["--url", stub.url(tls=True), "--sends", sends[0], "--warmup", sends[1]]
    more = [*more, "--concurrency", 64, "--subscriptions", file, "--ca", stub.certificates.ca]
    with cores.only(cores.client):
        said = commands.run([*command, *more], f"webpush-{contender.way}", timeout=1800)
    return None if said is None else json.loads(said.splitlines()[-1])


def table(figures: dict[Contender, list[float]]) -> str:
    """The rows, with each cost also as a multiple of winpush's."""
    ours, kept = (statistics.median(figures[each]) for each in (OURS, KEPT))
    lines = ["| way | CPU a message, µs | times `send_many` | times kept keys |", "|---|--:|--:|--:|"]
    for contender in CONTENDERS:
        if not figures[contender]:
            lines.append(f"| {contender.label} | could not be run | | |")
            continue
        cost = statistics.median(figures[contender])
        lines.append(f"| {contender.label} | {cost:,.0f} | {cost / ours:.1f} | {cost / kept:.1f} |")
    return "\n".join(lines) + "\n"


def encryption(report: dict[str, Any] | None) -> str:
    """What encryption costs, compared with the OpenSSL calls in it."""
    if report is None:
        return "Encryption alone could not be measured.\n"
    ratio = report["encrypt"] / report["bare"]
    rows = (
        ("a message's encryption, a new key pair each", "encrypt"),
        ("the bare calls of OpenSSL in it", "bare"),
        ("a message's encryption with kept keying material", "kept"),
    )
    lines = [
        "| encryption alone | CPU a message, µs |",
        "|---|--:|",
        *(f"| {row} | {report[key]:.1f} |" for row, key in rows),
    ]
    verdict = "reached" if ratio <= _MOST_ENCRYPTION else "missed"
    return (
        "\n".join(lines)
        + f"\n\n- encryption is {ratio:.2f} times its bare calls (goal: at most {_MOST_ENCRYPTION}; {verdict})\n"
    )


def goals(figures: dict[Contender, list[float]]) -> str:
    """Each goal, and what this run measured."""
    lines = []
    for less, more, goal in GOALS:
        if not figures[less] or not figures[more]:
            continue
        ratio = statistics.median(figures[more]) / statistics.median(figures[less])
        verdict = "reached" if ratio >= goal else "missed"
        lines.append(f"- {less.label}, vs. {more.label}: {ratio:.2f} times (goal: at least {goal:g}; {verdict})")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures all contenders in turn, `--rounds` times, and prints the medians."""
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
            alone = run_peer(Contender("encryption", "encryption", 1.0), stub, cores, file, (30, 0), keys)
    text = "\n".join([table(figures), encryption(alone), goals(figures)])
    sys.stdout.write(text)
    if given.out is not None:
        given.out.write_text(text)


if __name__ == "__main__":
    main()
