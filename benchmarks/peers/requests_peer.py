"""requests: a Session for each thread, since a Session is not made to be shared."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import requests
from driver import HEADERS, BlockingSend, Job, send_from_threads, toast_body, version


def main(job: Job) -> None:
    """Sends, checks, reports."""
    body = toast_body()
    # With each call, since the environment's setting would go before the session's.
    verify = job.ca or True

    def make_send() -> BlockingSend:
        session = requests.Session()

        def send(uri: str, _number: int) -> str | None:
            answer = session.post(uri, data=body, headers=HEADERS, verify=verify, timeout=30)
            return answer.headers["X-Stub-Id"] if answer.status_code == 200 else None

        return send

    send_from_threads(job, make_send).report(job, requests=version("requests"))


if __name__ == "__main__":
    main(Job.from_arguments())
