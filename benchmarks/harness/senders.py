"""The contenders that the benchmark compiles itself: the C sender, which gets winpush's own request, and Go's peer."""

from __future__ import annotations

from harness import commands
from harness.build import compile_c, compile_go
from harness.commands import clean_environment
from harness.places import PEERS
from harness.provision import Workshop
from harness.request import recording


def add_senders(workshop: Workshop) -> None:
    """Compiles both; if that fails, the workshop says why."""
    workshop.sender, speaks_tls = compile_c("sender", ("sender.c", "header_line.h", "stub_wire.h"))
    workshop.request = record_request(workshop) or b""
    if workshop.sender is None or speaks_tls is not workshop.speaks_tls:
        workshop.failed["sender"] = "it could not be compiled"
    elif not workshop.request:
        workshop.failed["sender"] = "winpush's request, which it sends, could not be recorded"
    workshop.go_peer = compile_go()
    if workshop.go_peer is None:
        workshop.failed.setdefault("golang-go", "there is no Go, or the peer could not be compiled")


def record_request(workshop: Workshop) -> bytes | None:
    """The bytes that `send_many` writes for one channel; None if none arrived."""
    with recording() as recorder:
        options: commands.Command = ["--url", recorder.url, "--sends", 1, "--concurrency", 1]
        command: commands.Command = [workshop.python, PEERS / "winpush_paths.py", "many", *options]
        commands.run(command, "request", environment=clean_environment(), timeout=60)
    return recorder.requests[0] if recorder.requests else None
