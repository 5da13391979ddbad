"""Compiles the benchmark's programs, once for each version of their source."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from harness import commands
from harness.commands import clean_environment
from harness.places import CACHE, FOLDER, PEERS


def digest(*texts: str) -> str:
    """One digest of all texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def compile_c(name: str, sources: tuple[str, ...]) -> tuple[Path | None, bool]:
    """A program (None if it can't be compiled), and whether it speaks TLS, which needs OpenSSL's headers."""
    version = digest(*[(FOLDER / source).read_text() for source in sources])[:16]
    for suffix, flags in (("tls", ["-lssl", "-lcrypto"]), ("plain", ["-DWITHOUT_TLS"])):
        command: list[str | Path] = ["gcc", "-std=gnu11", "-O2", FOLDER / sources[0], *flags]
        binary = _make(CACHE / f"{name}-{suffix}-{version}", command, f"gcc-{name}-{suffix}", None)
        if binary is not None:
            return binary, suffix == "tls"
    return None, False


def compile_go() -> Path | None:
    """Go's peer, which uses only the standard library; None if there is no Go, or the peer can't be compiled."""
    source = PEERS / "go_peer.go"
    alone = {"GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": ""}
    environment = {**clean_environment(), **alone, "GOCACHE": str(CACHE / "go")}
    version = digest(source.read_text())[:16]
    return _make(CACHE / f"go-peer-{version}", ["go", "build", source], "go-build", environment)


def _make(binary: Path, command: list[str | Path], log: str, environment: Mapping[str, str] | None) -> Path | None:
    """The compiled program, kept from an earlier run if there is one; None if compiling fails.

    It is renamed into place, since another run may need it at the same time.
    """
    if binary.exists():
        return binary
    unfinished = binary.with_name(f"{binary.name}.{os.getpid()}")
    output: list[str | Path] = ["-o", unfinished]
    # Go needs the output before the source; C needs the libraries after it.
    if commands.run([*command[:2], *output, *command[2:]], log, environment=environment) is None:
        return None
    unfinished.replace(binary)
    return binary
