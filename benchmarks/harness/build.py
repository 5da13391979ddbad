"""Compiles the programs of the benchmark, each once for each version of its source."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from harness import commands
from harness.commands import clean_environment
from harness.places import CACHE, FOLDER, PEERS


def digest(*texts: str) -> str:
    """One text for many, another as soon as one of them changes."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def compile_c(name: str, sources: tuple[str, ...]) -> tuple[Path | None, bool]:
    """A program, None where it can't be compiled, and whether it speaks TLS: not without OpenSSL's headers."""
    version = digest(*[(FOLDER / source).read_text() for source in sources])[:16]
    for suffix, flags in (("tls", ["-lssl", "-lcrypto"]), ("plain", ["-DWITHOUT_TLS"])):
        command: list[str | Path] = ["gcc", "-std=gnu11", "-O2", FOLDER / sources[0], *flags]
        binary = _make(CACHE / f"{name}-{suffix}-{version}", command, f"gcc-{name}-{suffix}", None)
        if binary is not None:
            return binary, suffix == "tls"
    return None, False


def compile_go() -> Path | None:
    """Go's peer, with the standard library alone; None where there is no Go, or the peer can't be compiled."""
    source = PEERS / "go_peer.go"
    alone = {"GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    environment = {**clean_environment(), **alone, "GOCACHE": str(CACHE / "go")}
    version = digest(source.read_text())[:16]
    return _make(CACHE / f"go-peer-{version}", ["go", "build", source], "go-build", environment)


def _make(binary: Path, command: list[str | Path], log: str, environment: Mapping[str, str] | None) -> Path | None:
    """The program that a compiler makes, kept from the last time; None when it makes none.

    It appears whole, since another run may want it at the same time.
    """
    if binary.exists():
        return binary
    unfinished = binary.with_name(f"{binary.name}.{os.getpid()}")
    output: list[str | Path] = ["-o", unfinished]
    # Go's output has to be named before the source, C's libraries after it.
    if commands.run([*command[:2], *output, *command[2:]], log, environment=environment) is None:
        return None
    unfinished.replace(binary)
    return binary
