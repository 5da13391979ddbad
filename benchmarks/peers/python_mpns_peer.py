"""python-mpns: a toast object for each thread, since it changes its own headers in `send`.

It shows no header of its own choosing, but the message id, in which the stub repeats the number of the id.
"""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import os

from driver import TEXT1, BlockingSend, Job, send_from_threads, text2, version


def main(job: Job) -> None:
    """Sends, checks, reports."""
    if job.ca is not None:
        os.environ["REQUESTS_CA_BUNDLE"] = job.ca  # it hands no other setting on to requests
    from mpns import MPNSToast

    def make_send() -> BlockingSend:
        toast = MPNSToast()

        def send(uri: str, number: int) -> str | None:
            status = toast.send(uri, {"text1": TEXT1, "text2": text2(number)})
            return status["message_id"][-7:] if status["http_status_code"] == 200 else None

        return send

    send_from_threads(job, make_send).report(job, **{"python-mpns": version("python-mpns")})


if __name__ == "__main__":
    main(Job.from_arguments())
