"""aiohttp: one ClientSession, at most 64 connections."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import aiohttp
from driver import HEADERS, Job, run_loop, send_from_tasks, toast_body, version


async def main(job: Job) -> None:
    """Sends, checks, reports."""
    body = toast_body()
    context = job.ssl_context()
    connector = aiohttp.TCPConnector(limit=job.concurrency, ssl=True if context is None else context)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send(uri: str, _number: int) -> str | None:
            async with session.post(uri, data=body, headers=HEADERS) as answer:
                await answer.read()
                return answer.headers["X-Stub-Id"] if answer.status == 200 else None

        meter = await send_from_tasks(job, send)
    meter.report(job, aiohttp=version("aiohttp"))


if __name__ == "__main__":
    chosen = Job.from_arguments()
    run_loop(main(chosen), chosen.loop)
