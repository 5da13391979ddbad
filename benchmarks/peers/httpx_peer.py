"""httpx, or httpx2, which has the same interface: one AsyncClient, at most 64 connections."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from driver import HEADERS, Job, run_loop, send_from_tasks, toast_body, version


async def main(job: Job) -> None:
    """Sends, checks, reports."""
    body, library = toast_body(), job.rest.library
    httpx: Any = importlib.import_module(library)
    limits = httpx.Limits(max_connections=job.concurrency, max_keepalive_connections=job.concurrency)
    async with httpx.AsyncClient(limits=limits, verify=job.ssl_context() or True, timeout=30) as client:

        async def send(uri: str, _number: int) -> str | None:
            answer = await client.post(uri, content=body, headers=HEADERS)
            return answer.headers["X-Stub-Id"] if answer.status_code == 200 else None

        meter = await send_from_tasks(job, send)
    meter.report(job, **{library: version(library)})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=["httpx", "httpx2"])
    chosen = Job.from_arguments(parser)
    run_loop(main(chosen), chosen.loop)
