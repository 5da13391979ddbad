"""pyreqwest (Rust's reqwest): one Client, at most 64 requests in flight."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from driver import HEADERS, Job, run_loop, send_from_tasks, toast_body, version
from pyreqwest.client import ClientBuilder


async def main(job: Job) -> None:
    """Sends, checks, reports."""
    body = toast_body()
    builder = ClientBuilder().max_connections(job.concurrency).pool_max_idle_per_host(job.concurrency)
    authority = job.authority()
    if authority is not None:
        builder = builder.add_root_certificate_pem(authority)
    async with builder.build() as client:

        async def send(uri: str, _number: int) -> str | None:
            answer = await client.post(uri).headers(HEADERS).body_bytes(body).build().send()
            return answer.get_header("x-stub-id") if answer.status == 200 else None

        meter = await send_from_tasks(job, send)
    meter.report(job, pyreqwest=version("pyreqwest"))


if __name__ == "__main__":
    chosen = Job.from_arguments()
    run_loop(main(chosen), chosen.loop)
