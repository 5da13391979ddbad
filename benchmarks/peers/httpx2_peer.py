"""httpx2: one AsyncClient, at most 64 connections."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import httpx2
from driver import HEADERS, Job, run_loop, send_from_tasks, toast_body, version


async def main(job: Job) -> None:
    """Sends, checks, reports."""
    body = toast_body()
    limits = httpx2.Limits(max_connections=job.concurrency, max_keepalive_connections=job.concurrency)
    async with httpx2.AsyncClient(limits=limits, verify=job.ssl_context() or True, timeout=30) as client:

        async def send(uri: str, _number: int) -> str | None:
            answer = await client.post(uri, content=body, headers=HEADERS)
            return answer.headers["X-Stub-Id"] if answer.status_code == 200 else None

        meter = await send_from_tasks(job, send)
    meter.report(job, httpx2=version("httpx2"))


if __name__ == "__main__":
    chosen = Job.from_arguments()
    run_loop(main(chosen), chosen.loop)
