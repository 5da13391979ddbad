"""The page that is published: what was measured, how, what was left out, and how to run it again."""

from __future__ import annotations

import platform
import ssl
from collections.abc import Iterable, Mapping, Sequence

from harness.chart import figure
from harness.contenders import MANY, THREADS, Contender, Kind
from harness.extras import LATENCY_MS, Extras
from harness.goals import Goal
from harness.measure import BODY_BYTES, URIS, Measured
from harness.sizes import SIZES, Size
from harness.summary import Row

_INTRODUCTION = """# Benchmarks

This page is written by `benchmarks/run.py`; the figures are of one run on one machine. Compare them within the page,
not with those of other machines.

![Sends a second, as a share of wrk](benchmarks.svg)

Every contender sends the same toast (a POST with a body of {body_bytes} bytes) to {uris:,} channels of one host, to the
same stub server on loopback (`benchmarks/stub.c`, C, one thread), which is on one core and the contender on another.
Asynchronous ones have {many} sends in flight over {many} kept-alive connections, blocking ones {threads} threads,
unless a remark says otherwise. They run one after the other, in {rounds}, and a figure is the median of these.

Every answer carries the id of its request. The contender compares it, where its library shows headers, and the stub
counts the requests of each channel: a lost, doubled or mixed-up answer would stand in the table.

"""

_READING = """- **to wrk**, **to Node's mpns**: sends a second, as a multiple of theirs over the same wire.
- **to wrk, by CPU**: what it sends in a second of CPU time, as a multiple of what wrk sends in one. It depends less
  than the rates on what else the machine does.
- **CPU**: µs of the contender's CPU time for a send.
- **memory**: the process's peak, interpreter and all.
- **spread**: from the slowest to the fastest round, as a share of the median.
- **busy**: how much of their cores the contender and the stub used. A stub near 100 % would be what was measured.

wrk builds its requests beforehand, and reads no header of an answer: it is there as what a machine can do, not as a
push client. `send_many` sends one toast to all channels, and every attribute of each `Result` is read; `send` and
`Client.send` make, check and encode a fresh toast for each send. **compiled** is the same winpush, installed with
`WINPUSH_COMPILE=1` (see [where a send's time goes](explanation/speed.md)); the others are plain Python.

"""

_FULL = 0.9
_DISTURBED = """**Other programs used this machine meanwhile: neither wrk nor the stub had its core to the full. That
holds wrk back more than the others; what is compared by CPU is nearer the truth.**

"""

_HOW = """## Run it

```shell
python3 benchmarks/run.py
```

needs Linux, Python 3.11 or later, and nothing else: it installs and builds the rest into `benchmarks/.cache/` (as root
on Debian also wrk, a C compiler, OpenSSL and Node, where they are missing). It takes about {minutes} minutes;
`--size small` takes five. It sends to this machine alone.
"""


def write_page(
    size: Size,
    contenders: Sequence[Contender],
    rows: Sequence[Row],
    extras: Extras,
    goals: Sequence[Goal],
    measured: Measured,
    versions: Mapping[str, str],
    *,
    pinned: bool,
) -> str:
    """The page, in Markdown."""
    rounds = "one round" if size.rounds == 1 else f"{size.rounds} rounds"
    parts = [_INTRODUCTION.format(body_bytes=BODY_BYTES, uris=URIS, many=MANY, threads=THREADS, rounds=rounds)]
    if size.name != "full":
        parts.append(
            f"**This is a run of the size `{size.name}`: it shows that the benchmark works, and little more.**\n\n"
        )
    if not pinned:
        parts.append("**There was one core for client and server: these figures say little.**\n\n")
    if _was_disturbed(rows):
        parts.append(_DISTURBED)
    for tls in (False, True):
        parts.append(f"## {'TLS' if tls else 'Plain'}\n\n{_rates_table([row for row in rows if row.tls is tls])}\n")
    parts += [_READING, _remarks(rows), _extras(size, extras), _goals(goals), _left_out(contenders, measured)]
    parts += [_versions(versions), _HOW.format(minutes=SIZES["full"].minutes)]
    return "".join(parts)


def _was_disturbed(rows: Sequence[Row]) -> bool:
    """With a machine of one's own, either wrk or the stub has its core to the full."""
    return any(row.contender.kind is Kind.YARDSTICK and max(row.client_busy, row.stub_busy) < _FULL for row in rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rates_table(rows: Sequence[Row]) -> str:
    head = [
        "",
        "to wrk",
        "to wrk, by CPU",
        "to Node's mpns",
        "CPU, µs",
        "memory, MiB",
        "spread",
        "busy, client / stub",
        "answers checked",
    ]
    return _table(head, [_rates_line(row) for row in rows])


def _rates_line(row: Row) -> list[str]:
    name = f"**{row.contender.label}**" if row.contender.kind is Kind.WINPUSH else row.contender.label
    checked = "all" if row.ids_checked >= row.answers else "not seen"
    return [
        name,
        "–" if row.to_wrk is None else figure(row.to_wrk),
        "–" if row.to_wrk_by_cpu is None else figure(row.to_wrk_by_cpu),
        "–" if row.to_node_mpns is None else figure(row.to_node_mpns),
        f"{row.cpu_us:,.1f}" if row.cpu_us < 100 else f"{row.cpu_us:,.0f}",
        f"{row.peak_mib:.0f}",
        f"{row.spread:.0%}",
        f"{row.client_busy:.0%} / {row.stub_busy:.0%}",
        f"{checked}; {row.problem}" if row.problem else checked,
    ]


def _remarks(rows: Sequence[Row]) -> str:
    remarks = {row.contender.label: row.contender.remark for row in rows if row.contender.remark}
    return "".join(f"- {label}: {remark}\n" for label, remark in remarks.items()) + "\n"


def _extras(size: Size, extras: Extras) -> str:
    parts = []
    if extras.latency:
        wrk = next((rate for label, rate in extras.latency.items() if label.startswith("wrk")), None)
        lines = [[label, figure(rate / wrk) if wrk else "–"] for label, rate in extras.latency.items()]
        parts.append(
            f"## A slow server\n\nThe stub answers after {LATENCY_MS} ms; {size.latency_connections:,} connections, "
            f"plain, opened within the time that is taken.\n\n{_table(['', 'to wrk'], lines)}\n"
        )
    lines = [
        [f"peak of `send_many` over {sends:,} channels", f"{kib / 1024:.1f} MiB"]
        for sends, kib in extras.memory_kib.items()
    ]
    for (loop, tls), size_bytes in extras.connection_bytes.items():
        wire = "TLS" if tls else "plain"
        lines.append(
            [f"one of {size.kept_connections:,} open connections, {wire}, {loop}", f"{size_bytes / 1024:.1f} KiB"]
        )
    if extras.import_ms is not None:
        lines.append(["CPU time of `import winpush`, above starting Python", f"{extras.import_ms:.0f} ms"])
        lines.append(
            ["what it imports of the command line, the emulator, the delivery", ", ".join(extras.imported) or "nothing"]
        )
    if lines:
        parts.append(f"## Memory and start\n\n{_table(['', ''], lines)}\n")
    return "".join(parts)


def _goals(goals: Sequence[Goal]) -> str:
    words = {True: "yes", False: "no", None: "not measured"}
    lines = []
    for goal in goals:
        bound = "at most" if goal.at_most else "at least"
        seen = "–" if goal.seen is None else f"{_number(goal.seen)} {goal.unit}"
        by_cpu = "" if goal.by_cpu is None else f"{_number(goal.by_cpu)} {goal.unit}"
        lines.append([goal.text, f"{bound} {goal.wanted:g} {goal.unit}", seen, by_cpu, words[goal.met]])
    return f"## What we want to reach\n\n{_table(['', 'wanted', 'seen', 'by CPU', 'reached'], lines)}\n"


def _number(value: float) -> str:
    return figure(value) if value >= 0 else f"−{figure(-value)}"


def _left_out(contenders: Sequence[Contender], measured: Measured) -> str:
    if not measured.left_out:
        return "## Left out\n\nNothing.\n\n"
    labels = {contender.name: contender.label for contender in contenders}
    reasons: dict[tuple[str, str], list[str]] = {}
    for (name, tls), reason in measured.left_out.items():
        reasons.setdefault((name, reason), []).append("TLS" if tls else "plain")
    lines = [f"- {labels[name]}, {' and '.join(wires)}: {reason}.\n" for (name, reason), wires in reasons.items()]
    return f"## Left out\n\n{''.join(lines)}\n"


def _versions(versions: Mapping[str, str]) -> str:
    system = {"CPython": platform.python_version(), "OpenSSL": ssl.OPENSSL_VERSION.split()[1]}
    listed = [f"{package} {version}" for package, version in {**system, **versions}.items()]
    return f"## Versions\n\n{', '.join(listed)}; {platform.system()}, {platform.machine()}.\n\n"
