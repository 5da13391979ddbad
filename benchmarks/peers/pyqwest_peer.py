"""pyqwest (Rust's reqwest): one Client, at most 64 connections."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from driver import HEADERS, Job, run_loop, send_from_tasks, toast_body, version
from pyqwest import Client, HTTPTransport, HTTPVersion


async def main(job: Job) -> None:
    """Sends, checks, reports."""
    body = toast_body()
    transport = HTTPTransport(
        tls_ca_cert=job.authority(), http_version=HTTPVersion.HTTP1, timeout=30, enable_otel=False,
        pool_max_idle_per_host=job.concurrency, max_connections_per_address=job.concurrency,
    )  # fmt: skip
    async with transport:
        client = Client(transport)

        async def send(uri: str, _number: int) -> str | None:
            answer = await client.post(uri, HEADERS, body)
            return answer.headers["x-stub-id"] if answer.status == 200 else None

        meter = await send_from_tasks(job, send)
    meter.report(job, pyqwest=version("pyqwest"))


if __name__ == "__main__":
    chosen = Job.from_arguments()
    run_loop(main(chosen), chosen.loop)
