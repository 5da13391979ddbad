"""`winpush demo`: a broadcast to simulated devices, in one command."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import random
import tempfile
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.help import Command, option
from winpush.cli.numbers import Seconds
from winpush.cli.output import describe_delay, echo_json

if TYPE_CHECKING:
    from rich.console import Console

    from winpush import AsyncClient
    from winpush.cli.demo.broadcast import Report
    from winpush.cli.demo.scenes import Forms
    from winpush.delivery import Outbox
    from winpush.emulator import Emulator

__all__ = ["command"]

_SPREAD_SECONDS = 6.0
_LIVELY_SECONDS = 0.7
_NEEDS = ("rich", "starlette", "uvicorn", "cryptography", "markdown_it", "sqlalchemy", "alembic")


@click.command(cls=Command, examples=["winpush demo", "winpush demo --exit --phones 20 --windows 20"])
@option(
    "--phones",
    heading="Devices",
    default=180,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Phones to simulate.",
)
@option(
    "--windows",
    heading="Devices",
    default=120,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Windows devices to simulate.",
)
@option("--seed", heading="Devices", default=2011, show_default=True, help="The same seed creates the same devices.")
@option(
    "--port",
    heading="Server",
    default=0,
    type=click.IntRange(0, 65535),
    help="Port of the web page. Default: a free one.",
)
@option(
    "--seconds",
    heading="Schedule",
    type=Seconds(0, 3600),
    help="Duration of each of the two broadcasts. [default: 6; as fast as possible with --exit]",
)
@option("--exit", "exit_", heading="Output", is_flag=True, help="Exit after the broadcasts, for scripts and CI.")
@option("--json", "as_json", heading="Output", is_flag=True, help="Print the summary as JSON; implies --exit.")
def command(phones: int, windows: int, seed: int, port: int, seconds: float | None, exit_: bool, as_json: bool) -> int:
    """Broadcast to simulated devices, and watch it arrive.

    Starts an emulator of MPNS and WNS with devices of every version and in every state, sends a toast and a tile to all
    of them over real sockets, and reports the results. The page stays open until Ctrl-C.

    The broadcasts go through an outbox in a temporary folder, delivered by a worker process. Kill it with kill -9 while
    it sends (--seconds 60 gives you time): another one takes over, and nothing is lost.
    """
    _require_extras()
    from winpush.transport.loops import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        leave = exit_ or as_json
        spread = seconds if seconds is not None else 0.0 if leave else _SPREAD_SECONDS
        return runner.run(_demo(phones, windows, seed, port, spread, leave=leave, as_json=as_json))


def _require_extras() -> None:
    """Raises click.UsageError, which lists all missing packages, before anything is started."""
    lacking = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if lacking:
        raise click.UsageError(
            f"The demo uses the emulator and the outbox, which need {', '.join(lacking)}. "
            'Run: pip install "winpush[cli,emulator,delivery]"'
        )


async def _demo(phones: int, windows: int, seed: int, port: int, seconds: float, *, leave: bool, as_json: bool) -> int:
    from rich.console import Console

    from winpush import AsyncClient
    from winpush.emulator import Emulator

    rng = random.Random(seed)  # noqa: S311 - simulated devices
    console = Console(quiet=as_json, highlight=False)
    async with Emulator(port=port, seed=seed) as emulator:
        uris = _make_devices(emulator, phones, windows, rng)
        devices = f"[bold]{_plural(phones, 'simulated phone')}[/] and [bold]{_plural(windows, 'Windows device')}[/]"
        console.print(f"{devices} on a local push service.")
        console.print(f"Page: [bold]{emulator.url}[/]", soft_wrap=True)  # a wrapped URL can't be clicked
        reports = await _deliver(emulator, uris, console, seconds)
        async with AsyncClient(wns=emulator.entra_credentials, allow_hosts=[emulator.authority]) as client:
            if as_json:
                echo_json(_summary(emulator.url, reports))
            for report in reports:
                _print_report(report, console)
            if not leave:
                text = f"\nThe page stays open: [bold]{emulator.url}[/]   Press Ctrl-C to end the demo."
                console.print(text, soft_wrap=True)
                await _keep_lively(client, emulator, rng)
    return 0


def _make_devices(emulator: Emulator, phones: int, windows: int, rng: random.Random) -> list[dict[str, Any]]:
    """Creates the devices, and returns what an app's back end would register for each."""
    from winpush.cli.demo.scenes import random_state, random_version, random_windows_state

    # Show WNS, the service still in operation, first on the page.
    devices = [emulator.create_windows_channel(random_windows_state(rng)) for _ in range(windows)]
    made = [emulator.create_channel(random_version(rng), random_state(rng)) for _ in range(phones)]
    return [{"uri": device.uri} for device in devices] + [
        {"uri": phone.uri, "platform": phone.version} for phone in made
    ]


async def _deliver(
    emulator: Emulator, registrations: list[dict[str, Any]], console: Console, seconds: float
) -> list[Report]:
    """Sends a toast and a tile to all devices, through a temporary outbox."""
    from winpush.cli.demo.scenes import SCENES
    from winpush.delivery import Outbox

    with tempfile.TemporaryDirectory(prefix="winpush-demo-") as folder:
        database = f"sqlite:///{folder}/push.db"
        outbox = Outbox(database, allow_hosts=[emulator.authority])
        try:
            outbox.register_many(registrations)
            send = functools.partial(_one, outbox, database, emulator, seconds, console)
            return [await send("a toast", SCENES[0].toast), await send("a tile", SCENES[0].tile)]
        finally:
            outbox.close()


async def _one(
    outbox: Outbox, database: str, emulator: Emulator, seconds: float, console: Console, name: str, forms: Forms
) -> Report:
    """Runs one broadcast with a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from winpush.cli.demo.broadcast import deliver, read_report
    from winpush.delivery import Content

    channels = sum(1 for _ in outbox.channels())
    taken = sum(device.accepted for device in emulator.phones)
    columns = (TextColumn("Sending {task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=console.quiet) as progress:
        task = progress.add_task(name, total=channels)
        number, crashes = await deliver(
            outbox,
            database,
            emulator.authority,
            Content(mpns=forms.phone, wns=forms.windows),
            max(round(channels / seconds), 1) if seconds else None,
            say=console.print,
            on_progress=lambda done: progress.update(task, completed=done),
        )
    report = read_report(outbox, number, name, crashes)
    report.lost = channels - report.known
    # Only the devices know what they received twice: a killed worker couldn't record its last sends.
    report.sent_twice = sum(device.accepted for device in emulator.phones) - taken - report.delivered
    return report


def _print_report(report: Report, console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from winpush.delivery import DeliveryState

    console.print(f"\n[bold]Results of {report.name}: {report.sent} sent[/]\n")
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    table.add_column("Sends", justify="right")
    table.add_column("Outcome", no_wrap=True)
    table.add_column("What it means, and what happens next", overflow="fold")
    for outcome, number in report.outcomes.most_common():
        style = "green" if report.states[outcome] is DeliveryState.DELIVERED else "yellow"
        text = f"{_meaning(report, outcome)}\n[bold]{_consequence(report, outcome)}[/]"
        table.add_row(str(number), f"[{style}]{outcome}[/]", text)
    if report.nothing_to_send:
        table.add_row(str(report.nothing_to_send), "nothing to send", "These phones are too old to show any of it.")
    if report.waited_for:
        table.add_row(
            str(report.waited_for), "not sent yet", "The service asked to wait before sending to these channels again."
        )
    if table.row_count:
        console.print(table)
    if report.crashes:
        died = _plural(report.crashes, "worker")
        console.print(f"\n{died} died. [bold]Lost: {report.lost}.[/] Sent twice: {report.sent_twice}.")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _meaning(report: Report, outcome: str) -> str:
    """The first sentence of the table's meaning; the rest is advice, which the worker has followed."""
    return report.meanings[outcome].partition(". ")[0].rstrip(".") + "."


def _consequence(report: Report, outcome: str) -> str:
    from winpush.delivery import DeliveryState

    state = report.states[outcome]
    if state is DeliveryState.DELIVERED:
        return "Nothing to do."
    if state is DeliveryState.GONE:
        return "Channels deleted: they no longer exist."
    if outcome in report.soonest:
        return f"Retry in {describe_delay(report.soonest[outcome])} or later."
    return "No retry; the channels are kept."


def _summary(url: str, reports: list[Report]) -> dict[str, Any]:
    return {
        "page": url,
        "broadcasts": [
            {
                "name": report.name,
                "sent": report.sent,
                "outcomes": dict(report.outcomes.most_common()),
                "done": {outcome: _consequence(report, outcome) for outcome in report.outcomes},
                "deleted_channels": report.deleted,
                "nothing_to_send": report.nothing_to_send,
                "waited_for": report.waited_for,
                "crashes": report.crashes,
                "lost": report.lost,
                "sent_twice": report.sent_twice,
            }
            for report in reports
        ],
    }


async def _keep_lively(client: AsyncClient, emulator: Emulator, rng: random.Random) -> None:
    """Sends to a random device now and then, so that the page shows something live."""
    from winpush.cli.demo.scenes import SCENES, WINDOWS
    from winpush.emulator import Phone
    from winpush.errors import NothingToSendError

    while not emulator.stopping:
        await asyncio.sleep(_LIVELY_SECONDS)
        healthy = [each for each in emulator.phones if each.state.name in ("healthy", "connected")]
        if not healthy:
            continue
        device, scene = rng.choice(healthy), rng.choice(SCENES)
        forms = rng.choice((scene.toast, scene.tile))
        try:
            await client.send(device.uri, forms.for_device(device.version if isinstance(device, Phone) else WINDOWS))
        except NothingToSendError:
            continue
