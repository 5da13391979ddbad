"""One HTTP/1.1 connection: writes a request, reads its answer, and tells the job that it was for.

How bytes come and go is for its kinds: `epoll_connection` asks the kernel itself, `asyncio_connection` goes through
asyncio's transports, and a thread that sends for itself has one of `checkout`.
"""

from __future__ import annotations

import ssl
from typing import Protocol

import httptools

from winpush._make import make_response
from winpush.errors import AnswerLostError, BadAnswerError, TlsError, TransportError
from winpush.http import Response
from winpush.transport.fast_response import read_usual

__all__ = ["Connection", "Home", "Job", "Owner"]

MAX_HEAD_BYTES = 65_536
# No answer of a push service has a body to speak of. What a proxy's error page says is cut here, its status kept.
MAX_BODY_BYTES = 65_536


_REFUSALS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


def _is_refusal(error: ssl.SSLError) -> bool:
    """True for an alert about who we are; any other error of TLS may come after the request was taken."""
    reason = error.reason or ""
    return "ALERT" in reason and any(word in reason for word in _REFUSALS)


class Job(Protocol):
    """A request, and who is told how it ended: exactly one of the two is called, once."""

    wire: bytes
    deadline: float

    def begin(self, connection: Connection) -> None:
        """It has waited for a connection, and this is the one: has it write the request."""

    def answered(self, response: Response) -> None:
        """The answer is whole, and the connection no longer the job's: its host has it back."""

    def failed(self, error: TransportError) -> None:
        """No answer came, and the connection is closed."""


class Home(Protocol):
    """Where a connection belongs: its host's queue."""

    def release(self, connection: Connection) -> None:
        """The connection is free for the next request."""

    def submit(self, job: Job) -> None:
        """Sends on some connection, as soon as one is free."""


class Owner(Protocol):
    """The pool's side of a connection."""

    view: memoryview

    def retired(self, connection: Connection) -> None:
        """The connection takes no further request; its socket may still be open."""

    def lost(self, connection: Connection) -> None:
        """The connection's socket is gone: another may take its place."""


class Connection:
    """One connection, with at most one request in flight: the services forbid pipelining (wns.md 3)."""

    __slots__ = (
        "_answer",
        "_body",
        "_headers",
        "_keep_alive",
        "_owner",
        "_parser",
        "_reason",
        "_received",
        "_view",
        "closed",
        "deadline",
        "host",
        "idle_since",
        "job",
        "used",
    )

    def __init__(self, owner: Owner, host: Home) -> None:
        self._owner = owner
        # All connections of a pool read into one buffer: an answer is parsed before the read's callback returns.
        self._view = owner.view
        self.host = host
        self.job: Job | None = None
        self.deadline = 0.0
        self.idle_since = 0.0
        self.used = False
        self.closed = False
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] | None = None
        self._received = 0
        self._answer: Response | None = None
        self._keep_alive = False
        self._reason = ""

    # --- what each kind does in its own way ---------------------------------------------------------------------

    def is_quiet(self) -> bool:
        """Asks the kernel, without waiting, whether the other side has closed, or sent something unasked.

        The loop may not have come to it yet; with this look an idle close costs no send.
        """
        raise NotImplementedError

    def abort(self) -> None:
        """Ends the socket at once, without the farewell of TLS. Only after `close`."""
        raise NotImplementedError

    def _write(self, wire: bytes) -> bool:
        """Hands bytes to the kernel. False when the other side was gone and not one byte left."""
        raise NotImplementedError

    def _end(self, *, abort: bool) -> None:
        """Ends the socket; `_owner.lost` follows, never at once."""
        raise NotImplementedError

    def why_refused(self) -> TransportError:
        """Why the other side would not take the very first request."""
        return AnswerLostError("The server closed the connection as soon as it was made.")

    # --- what the pool and the jobs call -------------------------------------------------------------------

    def start(self, job: Job) -> None:
        """Writes a job's request. Where the other side was gone and not one byte left, it goes on another connection.

        The job's deadline is on the loop's clock; the pool's sweep watches it.
        """
        self.job = job
        self.deadline = job.deadline
        self._received = 0
        if not self._write(job.wire):
            self.refused()

    def refused(self) -> None:
        """Not one byte left: on another connection it may."""
        if not self.used:
            # It was never good for anything, so the next would hardly be better: that is told, not tried for ever.
            self.fail(self.why_refused())
            return
        job, self.job = self.job, None
        self.close(abort=True)
        if job is not None:
            self.host.submit(job)

    def fail(self, error: TransportError) -> None:
        """Ends the request in flight with an error, and the connection with it."""
        job, self.job = self.job, None
        self.close(abort=True)
        if job is not None:
            job.failed(error)

    def close(self, *, abort: bool = False) -> None:
        """Closes the connection: it takes no further request. Calling it twice does nothing."""
        if self.closed:
            return
        self.closed = True
        self._owner.retired(self)
        self._end(abort=abort)

    # --- what its kinds call ------------------------------------------------------------------------------------

    def received(self, nbytes: int) -> None:
        """Some bytes of an answer are in the buffer."""
        job = self.job
        if job is None:
            # Unsolicited data: it must never be taken for the answer to a later request.
            self.close(abort=True)
            return
        answer = None if self._received else read_usual(self._view, nbytes)
        if answer is None:
            answer = self._parse(nbytes)
        if answer is not None:
            self._answered(job, answer)

    def _parse(self, nbytes: int) -> Response | None:
        """Reads what is not the usual answer at once; None while more must come, or when the request has failed."""
        self._received += nbytes
        try:
            self._parser.feed_data(self._view[:nbytes])
        except httptools.HttpParserUpgrade:
            self.fail(BadAnswerError("The server wants to change the protocol (101).", request_sent=True))
            return None
        except httptools.HttpParserError as error:
            if self._answer is None:
                self.fail(BadAnswerError(f"The answer is not HTTP: {error}.", request_sent=True))
                return None
            self._keep_alive = False  # the answer was whole, and only what follows it is garbage
        answer, self._answer = self._answer, None
        if answer is None:
            return self._limit() if self._received > MAX_HEAD_BYTES else None
        if not self._keep_alive or self._headers:
            self.close()
        return answer

    def ended(self) -> None:
        """The other side has closed: the end of an answer without a length, or the loss of one."""
        job = self.job
        if job is None or self._body is None:
            return
        names = {name.lower() for name, _ in self._headers}
        if b"content-length" not in names and b"transfer-encoding" not in names:
            self._answered(job, self._cut_off())

    def broken(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.ended()
        if self.job is not None:
            self.fail(self._loss(error))
        self.close(abort=True)

    # --- what the parser calls ----------------------------------------------------------------------------------

    def on_status(self, reason: bytes) -> None:
        """The words after the status: WNS tells a blocked domain by them alone."""
        self._reason = "OK" if reason == b"OK" else reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer. What follows a body in chunks isn't one: a trailer counts only for those who know
        that it may (RFC 9110, 6.5.1)."""
        if self._body is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole; a body may follow."""
        self._body = []

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._body is not None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The message is whole: the answer, or one of the 1xx that may come before it."""
        status = self._parser.get_status_code()
        if self._answer is not None:
            self._keep_alive = False  # a second answer to one request: nothing after it can be trusted
        elif status >= 200:
            body = b"".join(self._body) if self._body else b""
            self._answer = make_response(status, tuple(self._headers), body, self._reason)
            self._keep_alive = self._parser.should_keep_alive()
        self._headers = []
        self._body = None

    # --- inside -------------------------------------------------------------------------------------------------

    def _answered(self, job: Job, answer: Response) -> None:
        """The one place where a request that has its answer lets go of the connection: before anybody is told, so that
        whoever goes on from there finds it free."""
        self.job = None
        self.used = True
        self.host.release(self)
        job.answered(answer)

    def _limit(self) -> Response | None:
        """Ends what is longer than any answer of a push service."""
        if self._body is None:
            problem = f"The answer's head is over {MAX_HEAD_BYTES:,} bytes; no push service sends one that long."
            self.fail(BadAnswerError(problem, request_sent=True))
        elif self._received > MAX_HEAD_BYTES + MAX_BODY_BYTES:
            return self._cut_off()
        return None

    def _cut_off(self) -> Response:
        """Ends an answer that has no end of its own; its status and headers are whole."""
        body = b"".join(self._body or ())[:MAX_BODY_BYTES]
        self.close()
        return make_response(self._parser.get_status_code(), tuple(self._headers), body, self._reason)

    def _loss(self, error: Exception | None) -> TransportError:
        if isinstance(error, ssl.SSLError) and not self._received and not self.used and _is_refusal(error):
            # TLS 1.3 refuses a client certificate only after the first request has been written; nothing was taken.
            return TlsError(f"The server ended TLS: {error.reason or error}. Check the client certificate.")
        how = f" ({error.strerror or error})" if isinstance(error, OSError) else ""
        if self._received:
            return AnswerLostError(f"The connection was closed{how} in the middle of the answer.", request_sent=True)
        return AnswerLostError(
            f"The connection was closed{how} after the request, before any answer.", request_sent=True
        )
