"""The command line that starts a contender."""

from __future__ import annotations

import json
import math
from pathlib import Path

from harness import commands
from harness.contenders import Contender, Runner
from harness.load import Load
from harness.places import CACHE, PEERS
from harness.provision import Workshop
from harness.request import addressed
from harness.stub import Stub

_TOAST_FILE = PEERS / "toast.json"
_TOAST = json.loads(_TOAST_FILE.read_text())
BODY_BYTES: int = _TOAST["body_bytes"]


def command_of(contender: Contender, load: Load, workshop: Workshop, stub: Stub, *, tls: bool) -> commands.Command:
    """The command that makes this contender send this load to this stub."""
    options = _options(load, stub, tls)
    match contender.runner:
        case Runner.WRK:
            return _wrk(contender, load, stub, tls)
        case Runner.C if workshop.sender is not None:
            return [workshop.sender, "--request", _request(workshop, stub, tls), *options]
        case Runner.GO if workshop.go_peer is not None:
            return [workshop.go_peer, "--toast", _TOAST_FILE, *options]
    script, *own = contender.arguments
    if contender.runner is Runner.NODE:
        return ["node", PEERS / script, *own, "--modules", workshop.node_modules, *options]
    python = workshop.compiled if contender.runner is Runner.COMPILED else workshop.python
    return [python, PEERS / script, *own, *options]


def _options(load: Load, stub: Stub, tls: bool) -> list[str | Path | int]:
    """The options that all contenders except wrk take."""
    numbers = {"sends": load.sends, "warmup": load.warmup, "concurrency": load.concurrency, "uris": load.uris}
    options: list[str | Path | int] = ["--url", stub.url(tls=tls)]
    options += [part for name, value in numbers.items() for part in (f"--{name}", value)]
    if tls and stub.certificates is not None:
        options += ["--ca", stub.certificates.ca]
    if load.rate is not None and load.latencies is not None:
        options += ["--rate", f"{load.rate:.3f}", "--latencies", load.latencies]
    return options


def _wrk(contender: Contender, load: Load, stub: Stub, tls: bool) -> commands.Command:
    texts = [_TOAST["target_prefix"], _TOAST["text1"], _TOAST["text2_prefix"]]
    duration = f"-d{max(1, math.ceil(load.seconds))}s"
    script = PEERS / contender.arguments[0]
    url = stub.url(tls=tls)
    return ["wrk", "-t1", f"-c{load.concurrency}", duration, "-s", script, url, "--", load.uris, *texts]


def _request(workshop: Workshop, stub: Stub, tls: bool) -> Path:
    """A file with winpush's own request, addressed to the stub's port."""
    file = CACHE / f"request-{'tls' if tls else 'plain'}"
    port = (stub.tls_port if tls else None) or stub.port
    file.write_bytes(addressed(workshop.request, port))
    return file
