"""The table of all contenders, and how each is started."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

MANY = 64
"""Sends in flight, and connections, of an asynchronous contender."""
COMPILED = "-compiled"
"""The suffix of a contender's name if its send path is compiled."""
THREADS = 16
"""Sends in flight of a contender that blocks a thread for each."""


class Kind(enum.Enum):
    """What a contender is: ours, someone else's, or a yardstick that all are compared with."""

    WINPUSH = "winpush"
    PEER = "peer"
    YARDSTICK = "yardstick"


class Runner(enum.Enum):
    """What starts a contender."""

    PYTHON = "python"
    COMPILED = "compiled"
    """Python, with winpush's send path compiled."""
    NODE = "node"
    GO = "go"
    C = "c"
    WRK = "wrk"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table.

    `needs` are the packages (of Python or Node, or the command) that it can't run without. `plain_rate` and `tls_rate`
    are rough sends per second, used only to choose how many sends make a round of the right length. If `paced`, it can
    also send at fixed times.
    """

    name: str
    label: str
    kind: Kind
    runner: Runner
    arguments: tuple[str, ...]
    needs: tuple[str, ...]
    plain_rate: int
    tls_rate: int
    concurrency: int = MANY
    remark: str = ""
    paced: bool = False

    def rate(self, *, tls: bool) -> int:
        """Rough sends per second."""
        return self.tls_rate if tls else self.plain_rate


def _ours(way: str, loop: str, label: str, rates: tuple[int, int], read: str = "all") -> Contender:
    needs = ("winpush", "uvloop") if loop == "uvloop" else ("winpush",)
    name = f"winpush-{way}-{loop}" + ("" if read == "all" else f"-{read}")
    arguments = ("winpush_paths.py", way, "--loop", loop, "--read", read)
    concurrency = THREADS if way == "threads" else MANY
    paced = way != "threads" and read == "all"
    return Contender(name, label, Kind.WINPUSH, Runner.PYTHON, arguments, needs, *rates, concurrency, paced=paced)


def _compiled(plain: Contender, rates: tuple[int, int]) -> Contender:
    return replace(
        plain, name=f"{plain.name}{COMPILED}", label=f"{plain.label}, compiled", runner=Runner.COMPILED,
        plain_rate=rates[0], tls_rate=rates[1],
    )  # fmt: skip


def _python(
    library: str,
    script: str,
    rates: tuple[int, int],
    loop: str | None,
    remark: str = "",
    given: tuple[str, ...] = (),
) -> Contender:
    needs = (library,) if loop is None else (library, loop)
    label = f"{library}, {THREADS} threads" if loop is None else f"{library}, {loop}"
    concurrency = THREADS if loop is None else MANY
    arguments = (script, *given, "--loop", loop or "stock")
    paced = loop is not None
    return Contender(library, label, Kind.PEER, Runner.PYTHON, arguments, needs, *rates, concurrency, remark, paced)


def _node(library: str, label: str, rates: tuple[int, int], remark: str = "") -> Contender:
    arguments = ("node_peer.mjs", "--library", library)
    paced = library == "undici"
    needs = (library,)
    return Contender(f"node-{library}", label, Kind.PEER, Runner.NODE, arguments, needs, *rates, MANY, remark, paced)


WRK = Contender(
    "wrk", "wrk (C)", Kind.YARDSTICK, Runner.WRK, ("wrk.lua",), ("wrk",), 50_000, 30_000, MANY,
    "Builds its requests in advance and reads no headers.",
)  # fmt: skip
C_SENDER = Contender(
    "c-sender", "C sender", Kind.YARDSTICK, Runner.C, (), ("sender",), 70_000, 50_000, MANY,
    "Writes the bytes that `send_many` writes, and reads and checks every answer: the ceiling for a push client.",
    paced=True,
)  # fmt: skip
NODE_MPNS = _node(
    "mpns", "Node's mpns", (2_500, 300),
    "Over https it opens a new connection for each send. It exposes no headers, so ids can't be checked.",
)  # fmt: skip

_MANY_UVLOOP = _ours("many", "uvloop", "winpush send_many, uvloop", (45_000, 38_000))
_MANY_STOCK = _ours("many", "stock", "winpush send_many, stock loop", (45_000, 38_000))
_SEND_UVLOOP = _ours("send", "uvloop", "winpush send, uvloop", (36_000, 30_000))
_SEND_STOCK = _ours("send", "stock", "winpush send, stock loop", (36_000, 30_000))
_THREADS = _ours("threads", "uvloop", f"winpush Client.send, {THREADS} threads", (25_000, 18_000))
CONTENDERS = (
    C_SENDER,
    WRK,
    _compiled(_MANY_UVLOOP, (70_000, 50_000)),
    _compiled(_MANY_STOCK, (65_000, 48_000)),
    _compiled(_SEND_UVLOOP, (45_000, 36_000)),
    _compiled(_SEND_STOCK, (45_000, 36_000)),
    _compiled(_THREADS, (32_000, 22_000)),
    _MANY_UVLOOP,
    _ours("many", "uvloop", "winpush send_many, uvloop, only `ok` read", (45_000, 38_000), "ok"),
    _MANY_STOCK,
    _SEND_UVLOOP,
    _SEND_STOCK,
    _THREADS,
    NODE_MPNS,
    _node("undici", "Node's undici", (5_000, 3_500)),
    Contender(
        "go",
        "Go's net/http",
        Kind.PEER,
        Runner.GO,
        (),
        ("golang-go",),
        15_000,
        12_000,
        MANY,
        paced=True,
    ),
    _python("pyqwest", "pyqwest_peer.py", (10_000, 8_000), "uvloop"),
    _python("pyreqwest", "pyreqwest_peer.py", (11_000, 9_000), "uvloop"),
    _python("aiohttp", "aiohttp_peer.py", (4_400, 4_000), "uvloop"),
    _python(
        "httpx", "httpx_peer.py", (60, 60), "uvloop", "Its pool scans every connection for each request.", ("httpx",)
    ),
    _python("httpx2", "httpx_peer.py", (1_500, 1_400), "uvloop", given=("httpx2",)),
    _python("requests", "requests_peer.py", (800, 700), None, "One Session per thread."),
    _python("python-mpns", "python_mpns_peer.py", (500, 250), None, "Opens a new connection for each send."),
)
