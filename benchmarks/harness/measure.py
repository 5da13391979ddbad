"""Runs the contenders in rounds, one after the other with the same stub, and checks that nothing was lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from harness import commands
from harness.command_line import BODY_BYTES, command_of
from harness.commands import Cores, clean_environment
from harness.contenders import Contender, Runner
from harness.load import Load
from harness.provision import Workshop, say
from harness.stub import Counts, Stub


class Record(TypedDict, total=False):
    """The line of JSON that a contender prints; the last two keys only if memory is measured."""

    sends: int
    errors: int
    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    ids_checked: int
    ids_wrong: int
    versions: dict[str, str]
    before_kib: int
    after_kib: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one contender. `stub_us` is the stub's CPU time per request, in µs.

    `problem` says what was wrong with its answers or its number of requests, if anything.
    """

    sends: int
    errors: int
    wall_seconds: float
    cpu_seconds: float
    peak_kib: int
    ids_checked: int
    stub_us: float
    problem: str | None
    versions: dict[str, str]

    @property
    def rate(self) -> float:
        """Sends per second."""
        return self.sends / self.wall_seconds

    @property
    def cpu_us(self) -> float:
        """The client's CPU time per send, in µs."""
        return self.cpu_seconds / self.sends * 1e6


@dataclass(slots=True)
class Measured:
    """The results of the rounds: samples by (name, TLS or not), and which contenders were left out, and why."""

    samples: dict[tuple[str, bool], list[Sample]] = field(default_factory=dict)
    left_out: dict[tuple[str, bool], str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What was wrong, by contender."""
        return sorted(
            {f"{name}: {each.problem}" for (name, _), all_of in self.samples.items() for each in all_of if each.problem}
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run needs: the workshop, the stub and the cores."""

    workshop: Workshop
    stub: Stub
    cores: Cores

    def run(self, contender: Contender, load: Load, *, tls: bool) -> Sample | None:
        """One run; None if the contender failed (its log says how)."""
        before = self.stub.reset()
        record = self.start(contender, load, tls=tls)
        after = self.stub.counts()
        if record is None or not record["wall_seconds"]:
            return None
        return Sample(
            sends=record["sends"],
            errors=record["errors"],
            wall_seconds=record["wall_seconds"],
            cpu_seconds=record["cpu_seconds"],
            peak_kib=record["peak_kib"],
            ids_checked=record["ids_checked"],
            stub_us=(after.cpu_us - before.cpu_us) / max(1, after.requests),
            problem=_problem(contender, load, record, after),
            versions=record.get("versions", {}),
        )

    def start(self, contender: Contender, load: Load, *, tls: bool) -> Record | None:
        """Runs a contender; returns the record that it prints, or None if it prints none."""
        environment = clean_environment()
        if tls and contender.runner is Runner.NODE and self.stub.certificates is not None:
            environment["NODE_EXTRA_CA_CERTS"] = str(self.stub.certificates.ca)
        log = f"{contender.name}-{'tls' if tls else 'plain'}"
        with self.cores.only(self.cores.client):
            command = command_of(contender, load, self.workshop, self.stub, tls=tls)
            printed = commands.run(command, log, environment=environment, timeout=load.patience_seconds)
        lines = [line for line in (printed or "").splitlines() if line.startswith("{")]
        record: Record | None = json.loads(lines[-1]) if lines else None
        return record


def _problem(contender: Contender, load: Load, record: Record, counts: Counts) -> str | None:
    """How the contender's record contradicts what the stub saw, if it does."""
    if record["ids_wrong"]:
        return f"{record['ids_wrong']} answers reached the wrong result"
    if record["errors"]:
        return f"{record['errors']} of {record['sends']} sends failed"
    if contender.runner is Runner.WRK:  # wrk stops abruptly, with a request in flight on each connection
        lost = not record["sends"] <= counts.requests <= record["sends"] + load.concurrency
        return f"{counts.requests} requests for {record['sends']} sends" if lost else None
    total = load.sends + load.warmup
    if counts.requests != total:
        return f"{counts.requests} requests for {total} sends"
    if counts.ids != min(total, load.uris) or counts.most - counts.least > 1:
        return "some channels got a request too many or too few"
    if counts.body_bytes != total * BODY_BYTES:
        return f"not every body had {BODY_BYTES} bytes"
    return None


def run_rounds(bench: Bench, contenders: Sequence[Contender], *, rounds: int, seconds: float) -> Measured:
    """All contenders, plain and TLS, round after round; each round starts with a different contender."""
    measured = Measured()
    wires = [False] if bench.stub.tls_port is None else [False, True]
    for contender in contenders:
        reason = bench.workshop.reason_against(contender)
        for tls in (False, True):
            if reason is not None:
                measured.left_out[contender.name, tls] = reason
            elif tls not in wires:
                measured.left_out[contender.name, tls] = "no TLS: OpenSSL's headers or its command are missing"
    for number in range(rounds):
        turn = number * len(contenders) // rounds
        for tls in wires:
            say(f"Round {number + 1} of {rounds}, {'TLS' if tls else 'plain'} …")
            for contender in [*contenders[turn:], *contenders[:turn]]:
                _run_one(bench, measured, contender, seconds, tls=tls)
    return measured


def _run_one(bench: Bench, measured: Measured, contender: Contender, seconds: float, *, tls: bool) -> None:
    key = contender.name, tls
    if key in measured.left_out:
        return
    load = Load.lasting(seconds, contender.rate(tls=tls), contender.concurrency)
    sample = bench.run(contender, load, tls=tls)
    if sample is None:
        measured.left_out[key] = "it ended with an error"
        measured.samples.pop(key, None)
        say(f"  {contender.label}: ended with an error; see benchmarks/.cache/logs")
        return
    measured.samples.setdefault(key, []).append(sample)
    note = f"  ({sample.problem})" if sample.problem else ""
    say(f"  {contender.label:44} {sample.rate:10,.0f} sends/s {sample.cpu_us:9,.1f} µs CPU{note}")
