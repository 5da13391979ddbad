"""The page's parts on everything besides the rounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.chart import figure
from harness.contenders import MANY, Kind
from harness.extras import LATENCY_MS, Extras
from harness.paced import RARE, SHARES, Paced
from harness.sizes import Size
from harness.twins import Twins


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, with figures aligned right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_PACED = """\
## Latency at a constant rate

Sends leave at fixed times, at even intervals, at a share of the contender's own maximum rate (measured right before, in
the same way). Latency is counted from the time at which the send was due to leave, so it includes the wait of sends
that a slow moment holds up. Each cell has the median, the 99th and the 99.9th percentile in ms (– if there were fewer
than {rare:,} sends), over {connections} connections; {rounds}, of which the median is shown. The rates differ, because
the contenders' maximums do.

"""


def about_paced(size: Size, paced: Sequence[Paced]) -> str:
    """The latency tables, one for plain and one for TLS."""
    if not paced:
        return ""
    rounds = "one round" if size.paced_rounds == 1 else f"{size.paced_rounds} rounds"
    parts = [_PACED.format(rare=RARE, connections=MANY, rounds=rounds)]
    for tls in (False, True):
        lines = [_paced_line(each) for each in paced if each.tls is tls]
        if lines:
            head = ["TLS" if tls else "plain", *(f"at {share:.0%}" for share in SHARES)]
            parts.append(f"{table(head, lines)}\n")
    return "".join(parts)


def _paced_line(paced: Paced) -> list[str]:
    label = paced.contender.label
    name = f"**{label}**" if paced.contender.kind is Kind.WINPUSH else label
    cells = [
        " / ".join("–" if each is None else f"{each / 1e6:.3g}" for each in (latency.p50, latency.p99, latency.p999))
        for latency in paced.at.values()
    ]
    return [f"{name}; {paced.problem}" if paced.problem else name, *cells]


def about_twins(twins: Twins | None) -> str:
    """What a second process adds."""
    if twins is None:
        return ""
    text = f"{twins.label}, plain: two processes at once, each with its own stub, compared with one process.\n"
    if twins.by_rate is None:
        text += "This machine has fewer than four cores for the four, so only the comparison by CPU means something."
    lines = [
        ["sends per second", "–" if twins.by_rate is None else figure(twins.by_rate)],
        ["twice the sends per second of CPU time", figure(twins.by_cpu)],
    ]
    return f"## Two processes\n\n{text.strip()}\n\n{table(['', 'vs. one'], lines)}\n"


def about_extras(size: Size, extras: Extras) -> str:
    """The slow server, memory, and what an import costs."""
    parts = []
    if extras.latency:
        wrk = next((rate for label, rate in extras.latency.items() if label.startswith("wrk")), None)
        lines = [[label, figure(rate / wrk) if wrk else "–"] for label, rate in extras.latency.items()]
        parts.append(
            f"## A slow server\n\nThe stub answers after {LATENCY_MS} ms; {size.latency_connections:,} connections, "
            f"plain, opened within the measured time.\n\n{table(['', 'vs. wrk'], lines)}\n"
        )
    lines = [
        [f"peak memory of `send_many` over {sends:,} channels", f"{kib / 1024:.1f} MiB"]
        for sends, kib in extras.memory_kib.items()
    ]
    for (loop, tls), size_bytes in extras.connection_bytes.items():
        wire = "TLS" if tls else "plain"
        lines.append(
            [f"one of {size.kept_connections:,} open connections, {wire}, {loop}", f"{size_bytes / 1024:.1f} KiB"]
        )
    if extras.import_ms is not None:
        lines.append(["CPU time of `import winpush`, beyond starting Python", f"{extras.import_ms:.0f} ms"])
        lines.append(
            ["modules of the command line, emulator and delivery it imports", ", ".join(extras.imported) or "nothing"]
        )
    if lines:
        parts.append(f"## Memory and start\n\n{table(['', ''], lines)}\n")
    return "".join(parts)
