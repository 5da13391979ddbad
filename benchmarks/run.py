"""The benchmark: winpush and its peers, in one run, with the same stub server on loopback.

    python3 benchmarks/run.py [--size smoke|small|full] [--only NAME,…] [--out FOLDER]

The size `full` writes `docs/benchmarks.md` and `docs/benchmarks.svg`. A smaller run, or one with `--only`, writes into
`benchmarks/.cache/`, unless `--out` names a folder. The exit code is 0 if all answers were right, 1 if an answer was
lost, duplicated or mixed up, and 2 if nothing could be measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness import chart, commands, page
from harness.commands import Cores
from harness.contenders import CONTENDERS, Contender, Kind
from harness.extras import LATENCY_MS, measure_extras
from harness.found import Found
from harness.goals import judge
from harness.measure import Bench, run_rounds
from harness.paced import measure_paced
from harness.places import CACHE, LOGS, PROJECT
from harness.provision import Workshop, say, set_up
from harness.senders import add_senders
from harness.sizes import SIZES, Size
from harness.stub import make_certificates, running_stub
from harness.summary import summarize, versions
from harness.twins import measure_twins


def main() -> int:
    """Reads the command line, measures, writes; returns the exit code."""
    given = _arguments()
    size: Size = SIZES[given.size]
    contenders = [each for each in CONTENDERS if given.only is None or each.name in given.only]
    if not sys.platform.startswith("linux"):
        return _refuse("The benchmark needs Linux: its stub uses epoll, and the memory is read from /proc.")
    workshop = set_up(install=size.installs)
    if workshop.stub is None:
        return _refuse("The stub could not be compiled; it needs gcc (on Debian: apt-get install gcc libc6-dev).")
    add_senders(workshop)
    cores = Cores()
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        found = _measure(workshop, workshop.stub, cores, size, contenders, Path(folder))
    out = given.out or (PROJECT / "docs" if size.name == "full" and given.only is None else CACHE / size.name)
    _write(out, size, contenders, found, cores)
    problems = found.problems
    for problem in problems:
        say(f"WRONG: {problem}")
    say(f"Written: {out / 'benchmarks.md'}, {out / 'benchmarks.svg'}")
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="full", help="how much is measured (default: %(default)s)")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"some of {', '.join(names)}")
    parser.add_argument("--out", type=Path, help="folder for benchmarks.md and benchmarks.svg")
    given = parser.parse_args()
    strangers = set(given.only or ()) - set(names)
    if strangers:
        parser.error(f"--only: unknown contender: {', '.join(sorted(strangers))}; choose from {', '.join(names)}")
    return given


def _refuse(text: str) -> int:
    say(text)
    return 2


def _measure(
    workshop: Workshop, binary: Path, cores: Cores, size: Size, contenders: Sequence[Contender], folder: Path
) -> Found:
    certificates = make_certificates(folder) if workshop.speaks_tls else None
    others = Cores(second=True)
    problems: list[str] = []
    with running_stub(binary, cores, certificates) as stub:
        bench = Bench(workshop, stub, cores)
        measured = run_rounds(bench, contenders, rounds=size.rounds, seconds=size.seconds)
        paced = measure_paced(bench, contenders, size, folder, measured.left_out)
        twins = None
        if any(contender.kind is Kind.WINPUSH for contender in contenders):
            with running_stub(binary, others, None) as stub_of_other:
                twins = measure_twins(bench, Bench(workshop, stub_of_other, others), size, problems)
        with running_stub(binary, cores, certificates, LATENCY_MS) as slow:
            extras = measure_extras(bench, Bench(workshop, slow, cores), size, contenders)
    return Found(measured, paced, twins, extras, problems)


def _write(out: Path, size: Size, contenders: Sequence[Contender], found: Found, cores: Cores) -> None:
    out.mkdir(parents=True, exist_ok=True)
    measured = found.measured
    rows = summarize(contenders, measured)
    goals = judge(rows, found.paced, found.twins, found.extras)
    known = {**versions(measured), **_wrk_version()}
    text = page.write_page(size, contenders, rows, found, goals, known, pinned=cores.pinned)
    (out / "benchmarks.md").write_text(text)
    (out / "benchmarks.svg").write_text(chart.draw(rows))
    samples = [
        {"name": name, "tls": tls, **dataclasses.asdict(sample)}
        for (name, tls), all_of in measured.samples.items()
        for sample in all_of
    ]
    (CACHE / f"samples-{size.name}.json").write_text(json.dumps(samples, indent=1))


def _wrk_version() -> dict[str, str]:
    """wrk's version, which it prints with its usage error; empty if wrk is missing."""
    commands.run(["wrk", "--version"], "wrk-version")
    said = (LOGS / "wrk-version.txt").read_text().split()
    return {"wrk": said[1].removeprefix("debian/")} if len(said) > 1 and said[0] == "wrk" else {}


if __name__ == "__main__":
    sys.exit(main())
