"""`winpush worker`: delivers what the outbox holds, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import click

from winpush.cli.outbox import open_outbox, sending_options

if TYPE_CHECKING:
    from winpush.delivery import Outbox

__all__ = ["command"]


@click.command()
@click.option("--until-idle", is_flag=True, help="Stop when nothing is due any more, for scripts and timers.")
@sending_options
def command(db: str, until_idle: bool, **values: Any) -> None:
    """Deliver what is in the outbox. Several workers share the work of one database.

    Ctrl-C, or SIGTERM: what is in flight is finished and written, then it leaves.
    """
    with open_outbox(db, values) as outbox:
        from winpush.transport.loops import new_event_loop

        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_work(outbox, until_idle=until_idle))
    click.echo("Stopped.", err=True)


async def _work(outbox: Outbox, *, until_idle: bool) -> None:
    engine = outbox.make_engine()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, engine.stop)
    click.echo("Working. Ctrl-C stops it when what is in flight is done.", err=True)
    await engine.run(until_idle=until_idle)
