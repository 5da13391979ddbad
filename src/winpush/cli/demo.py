"""`winpush demo`: the main job in one command."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.output import describe_delay, echo_json

if TYPE_CHECKING:
    from rich.console import Console

    from winpush import AsyncClient
    from winpush.cli.broadcast import Broadcast, Report
    from winpush.cli.scenes import Forms
    from winpush.emulator import Emulator

__all__ = ["command"]

_SPREAD_SECONDS = 6.0
_LIVELY_SECONDS = 0.7


@click.command()
@click.option("--phones", default=180, show_default=True, type=click.IntRange(1, 10_000), help="Phones to simulate.")
@click.option(
    "--windows", default=120, show_default=True, type=click.IntRange(0, 10_000), help="Windows devices to simulate."
)
@click.option("--seed", default=2011, show_default=True, help="The same seed gives the same phones.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="Port of the page; 0, the default, takes a free one."
)
@click.option("--exit", "exit_", is_flag=True, help="Stop when the broadcast is over, for scripts and CI.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; implies --exit.")
def command(phones: int, windows: int, seed: int, port: int, exit_: bool, as_json: bool) -> int:
    """Broadcast to simulated phones and Windows devices, and watch it arrive in a browser.

    Starts an emulator of MPNS and WNS with devices of every version and in every state, sends a toast and a tile to all
    of them through real sockets, and says what came of it. The page stays open until Ctrl-C.
    """
    from winpush.transport.loops import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_demo(phones, windows, seed, port, exit_ or as_json, as_json))


async def _demo(phones: int, windows: int, seed: int, port: int, leave: bool, as_json: bool) -> int:
    from rich.console import Console

    from winpush import AsyncClient
    from winpush.emulator import Emulator

    rng = random.Random(seed)  # noqa: S311 - a cast of made-up phones
    console = Console(quiet=as_json, highlight=False)
    async with Emulator(port=port, seed=seed) as emulator:
        channels = _register(emulator, phones, windows, rng)
        devices = f"[bold]{_plural(phones, 'simulated phone')}[/] and [bold]{_plural(windows, 'Windows device')}[/]"
        console.print(f"{devices} on a local push service.")
        console.print(f"Page: [bold]{emulator.url}[/]", soft_wrap=True)  # an address in two pieces can't be opened
        async with AsyncClient(wns=emulator.entra_credentials, allow_hosts=[emulator.authority]) as client:
            reports = await _broadcast(client, channels, console, 0.0 if leave else _SPREAD_SECONDS)
            if as_json:
                echo_json(_summary(emulator.url, reports))
            for report in reports:
                _print_report(report, console)
            if not leave:
                text = f"\nThe page stays open: [bold]{emulator.url}[/]   Ctrl-C ends the demo."
                console.print(text, soft_wrap=True)
                await _keep_lively(client, emulator, rng)
    return 0


def _register(emulator: Emulator, phones: int, windows: int, rng: random.Random) -> dict[str, str]:
    """Makes the devices; the registry that an app's back end would have: channel URI to version."""
    from winpush.cli.scenes import WINDOWS, random_health, random_version, random_windows_health

    # The service that is alive comes first on the page.
    devices = [emulator.create_windows_channel(random_windows_health(rng)) for _ in range(windows)]
    made = [emulator.create_channel(random_version(rng), random_health(rng)) for _ in range(phones)]
    return {device.uri: WINDOWS for device in devices} | {phone.uri: phone.version for phone in made}


async def _broadcast(client: AsyncClient, channels: dict[str, str], console: Console, seconds: float) -> list[Report]:
    from winpush.cli.broadcast import Broadcast
    from winpush.cli.scenes import SCENES

    broadcast = Broadcast(client, channels)
    scene = SCENES[0]
    return [
        await _one(broadcast, "a toast", scene.toast, console, seconds),
        await _one(broadcast, "a tile", scene.tile, console, seconds),
    ]


async def _one(broadcast: Broadcast, name: str, forms: Forms, console: Console, seconds: float) -> Report:
    """One broadcast behind its progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Sending {task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=console.quiet) as progress:
        task = progress.add_task(name, total=len(broadcast.channels))
        return await broadcast.send(name, forms, seconds, lambda: progress.advance(task))


def _print_report(report: Report, console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console.print(f"\n[bold]What came of {report.name}: {report.sent} sent[/]\n")
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    table.add_column("Sends", justify="right")
    table.add_column("Outcome", no_wrap=True)
    table.add_column("What it means, and what was done", overflow="fold")
    for outcome, number in report.outcomes.most_common():
        style = "green" if report.examples[outcome].ok else "yellow"
        text = f"{_meaning(report, outcome)}\n[bold]{_what_was_done(report, outcome)}[/]"
        table.add_row(str(number), f"[{style}]{outcome.value}[/]", text)
    if report.nothing_to_send:
        table.add_row(str(report.nothing_to_send), "nothing to send", "Those phones are too old for any of it.")
    if report.waited_for:
        table.add_row(str(report.waited_for), "not sent yet", "Those channels asked to be left alone for a while.")
    if table.row_count:
        console.print(table)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _meaning(report: Report, outcome: Any) -> str:
    """The first sentence of the table's own: what follows it there is advice, which was taken."""
    return report.examples[outcome].verdict.meaning.partition(". ")[0].rstrip(".") + "."


def _what_was_done(report: Report, outcome: Any) -> str:
    result = report.examples[outcome]
    if result.ok:
        return "Nothing to do."
    if result.should_delete_channel:
        return "Channels deleted: they are gone for good."
    if outcome in report.soonest:
        return f"To be sent again in {describe_delay(report.soonest[outcome])}, not sooner."
    return "Not sent again; the channels are kept."


def _summary(url: str, reports: list[Report]) -> dict[str, Any]:
    return {
        "page": url,
        "broadcasts": [
            {
                "name": report.name,
                "sent": report.sent,
                "outcomes": {outcome.value: number for outcome, number in report.outcomes.most_common()},
                "done": {outcome.value: _what_was_done(report, outcome) for outcome in report.outcomes},
                "deleted_channels": report.deleted,
                "nothing_to_send": report.nothing_to_send,
                "waited_for": report.waited_for,
            }
            for report in reports
        ],
    }


async def _keep_lively(client: AsyncClient, emulator: Emulator, rng: random.Random) -> None:
    """Now and then one device hears something, so that whoever opens the page sees it live."""
    from winpush.cli.scenes import SCENES, WINDOWS
    from winpush.emulator import Phone
    from winpush.errors import NothingToSendError

    while not emulator.stopping:
        await asyncio.sleep(_LIVELY_SECONDS)
        healthy = [each for each in emulator.phones if each.health.name in ("healthy", "connected")]
        if not healthy:
            continue
        device, scene = rng.choice(healthy), rng.choice(SCENES)
        forms = rng.choice((scene.toast, scene.tile))
        try:
            await client.send(device.uri, forms.for_device(device.version if isinstance(device, Phone) else WINDOWS))
        except NothingToSendError:
            continue
