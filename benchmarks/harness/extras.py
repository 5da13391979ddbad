"""The measurements besides the rounds: many connections to a slow server, memory, and the time of `import winpush`."""

from __future__ import annotations

import json
import resource
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import commands
from harness.commands import clean_environment
from harness.contenders import COMPILED, CONTENDERS, WRK, Contender, Kind
from harness.load import Load
from harness.measure import Bench, Sample
from harness.provision import Workshop, say
from harness.sizes import Size

LATENCY_MS = 20
_BY_NAME = {contender.name: contender for contender in CONTENDERS}
_MANY = {loop: _BY_NAME[f"winpush-many-{loop}"] for loop in ("uvloop", "stock")}
_COMPILED = [_BY_NAME[f"{contender.name}{COMPILED}"] for contender in _MANY.values()]
_UNWANTED_IMPORTS = ("winpush.cli.", "winpush.emulator.", "winpush.delivery.")
_IMPORT = f"""
import json, sys, winpush
print(json.dumps([name for name in sys.modules if (name + ".").startswith({_UNWANTED_IMPORTS!r})]))
"""


@dataclass(frozen=True, slots=True)
class Extras:
    """The results; an empty dict or None for what could not be measured.

    - `latency`: label -> sends per second with many connections to a slow server;
    - `memory_kib`: sends -> peak memory of send_many;
    - `connection_bytes`: (loop, TLS or not) -> memory of one open connection;
    - `import_ms`: the CPU time of `import winpush` beyond starting Python; `imported`: what it shouldn't have imported.
    """

    latency: dict[str, float]
    memory_kib: dict[int, int]
    connection_bytes: dict[tuple[str, bool], int]
    import_ms: float | None
    imported: tuple[str, ...]
    problems: tuple[str, ...]


def measure_extras(bench: Bench, slow: Bench, size: Size, chosen: Sequence[Contender]) -> Extras:
    """All of these, if winpush is among the chosen. `slow` is the bench whose stub answers with a delay."""
    problems: list[str] = []
    if not any(contender.kind is Kind.WINPUSH for contender in chosen):
        return Extras({}, {}, {}, None, (), ())
    latency = _measure_latency(slow, size, problems)
    say("Memory …")
    memory = _measure_memory(bench, size, problems)
    kept = _measure_connections(slow, size, problems)
    say("import winpush …")
    import_ms, imported = _measure_import(bench, size.imports)
    return Extras(latency, memory, kept, import_ms, imported, tuple(problems))


def _can_run(workshop: Workshop, *contenders: Contender) -> list[Contender]:
    return [contender for contender in contenders if workshop.reason_against(contender) is None]


def _measure_latency(slow: Bench, size: Size, problems: list[str]) -> dict[str, float]:
    """Medians of the rounds. No contender warms up here: for wrk, too, opening the connections is part of the time."""
    connections = size.latency_connections
    expected_rate = min(connections * 1000 / LATENCY_MS, 20_000)
    load = replace(Load.lasting(size.latency_seconds, expected_rate, connections), warmup=0)
    rates: dict[str, list[float]] = {}
    for number in range(size.latency_rounds):
        say(f"{LATENCY_MS} ms of latency, {connections} connections, round {number + 1} of {size.latency_rounds} …")
        for contender in _can_run(slow.workshop, WRK, *_COMPILED, *_MANY.values()):
            sample = slow.run(contender, load, tls=False)
            _note(problems, f"{contender.name} with latency", sample)
            if sample is not None:
                rates.setdefault(contender.label, []).append(sample.rate)
                say(f"  {contender.label:44} {sample.rate:10,.0f} sends/s {sample.cpu_us:9,.1f} µs CPU")
    return {label: statistics.median(values) for label, values in rates.items()}


def _measure_memory(bench: Bench, size: Size, problems: list[str]) -> dict[int, int]:
    """Peak memory of send_many over a few and over many channels, each with its own URI, from a generator."""
    able = _can_run(bench.workshop, *_MANY.values())
    if not able:
        return {}
    peaks = {}
    for sends in size.memory_sends:
        # One URI more than the driver would keep in a list, so that both runs use the generator.
        load = Load(sends, 0, able[0].concurrency, 0, uris=max(sends, 10_001))
        sample = bench.run(able[0], load, tls=False)
        _note(problems, f"memory over {sends} channels", sample)
        if sample is not None:
            peaks[sends] = sample.peak_kib
            say(f"  {sends:,} channels: peak {sample.peak_kib / 1024:.1f} MiB")
    return peaks


def _measure_connections(slow: Bench, size: Size, problems: list[str]) -> dict[tuple[str, bool], int]:
    """Memory of one connection: that of a process with many open, less that of the same process with one, divided.

    The server is slow, so that all connections are needed at the same time.
    """
    found = {}
    wires = [False] if slow.stub.tls_port is None else [False, True]
    number = size.kept_connections
    for loop, contender in _MANY.items():
        if not _can_run(slow.workshop, contender):
            continue
        script, _way, *options = contender.arguments
        way = replace(contender, name=f"{contender.name}-connections", arguments=(script, "connections", *options))
        for tls in wires:
            slow.stub.reset()
            record = slow.start(way, Load(number, 0, number, 0), tls=tls)
            counts = slow.stub.counts()
            if record is None or record["errors"] or counts.requests != number + 1:
                problems.append(f"{way.name}: {'failed' if record is None else 'lost sends'}")
                continue
            # The connections that the stub has seen, less the one that asks for the counts and the first one.
            opened = counts.connections - 2
            found[loop, tls] = (record["after_kib"] - record["before_kib"]) * 1024 // max(1, opened)
            say(f"  {loop}, {'TLS' if tls else 'plain'}: {found[loop, tls] / 1024:.1f} KiB per connection ({opened})")
    return found


def _measure_import(bench: Bench, times: int) -> tuple[float | None, tuple[str, ...]]:
    """Milliseconds of CPU that `import winpush` adds to starting Python (medians, in turns), and what else it imports.

    CPU time rather than elapsed time: an import waits for nothing, and elapsed time would include other programs.
    """
    python, environment = bench.workshop.python, clean_environment()
    loaded = commands.run([python, "-c", _IMPORT], "import", environment=environment)
    if loaded is None:
        return None, ()

    def cost(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        commands.run([python, "-c", code], "import", environment=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000

    with bench.cores.only(bench.cores.client):
        taken = [(cost("pass"), cost("import winpush")) for _ in range(times)]
    bare, ours = (statistics.median(column) for column in zip(*taken, strict=True))
    say(f"  {ours - bare:.1f} ms more than starting Python ({bare:.1f} ms)")
    return ours - bare, tuple(json.loads(loaded))


def _note(problems: list[str], what: str, sample: Sample | None) -> None:
    if sample is None:
        problems.append(f"{what}: it ended with an error")
    elif sample.problem:
        problems.append(f"{what}: {sample.problem}")
