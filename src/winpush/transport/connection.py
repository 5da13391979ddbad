"""One HTTP/1.1 connection: writes a job's request, reads the answer, and hands it to the job.

Subclasses do the IO: `epoll_connection` calls the kernel itself, `asyncio_connection` goes through asyncio's
transports, and a thread that does its own IO has one from `checkout`.
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
# No push service answers with a body of any size. A proxy's error page is cut off here, but its status is kept.
MAX_BODY_BYTES = 65_536


_REFUSALS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


def _is_refusal(error: ssl.SSLError) -> bool:
    """True for an alert about our identity. Any other TLS error may come after the request was accepted."""
    reason = error.reason or ""
    return "ALERT" in reason and any(word in reason for word in _REFUSALS)


class Job(Protocol):
    """A request, and the object to notify of its end: exactly one of `answered` and `failed` is called, once."""

    wire: bytes
    deadline: float

    def begin(self, connection: Connection) -> None:
        """It has waited for a connection and gets this one: has it write the request."""

    def answered(self, response: Response) -> None:
        """The answer is complete. The connection is no longer the job's: it is back at its host."""

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
        """The connection takes no more requests; its socket may still be open."""

    def lost(self, connection: Connection) -> None:
        """The connection's socket is gone: another connection may take its place."""


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
        self.used = False  # True once it was used or idle: it has worked
        self.closed = False
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] | None = None
        self._received = 0
        self._answer: Response | None = None
        self._keep_alive = False
        self._reason = ""

    # --- what each subclass does in its own way -----------------------------------------------------------------

    def is_quiet(self) -> bool:
        """Asks the kernel, without waiting. False if the other side has closed, or has sent unsolicited data.

        The loop may not have noticed yet; thanks to this check, a connection closed while idle costs no send.
        """
        raise NotImplementedError

    @property
    def has_written(self) -> bool:
        """False as long as no byte of the request in flight has been written."""
        return True

    def abort(self) -> None:
        """Ends the socket at once, without a TLS shutdown. Only after `close`."""
        raise NotImplementedError

    def _write(self, wire: bytes) -> bool:
        """Hands bytes to the kernel. False if the other side was gone and not one byte left."""
        raise NotImplementedError

    def _end(self, *, abort: bool) -> None:
        """Ends the socket; `_owner.lost` is called later, never from here."""
        raise NotImplementedError

    def why_refused(self) -> TransportError:
        """Why the other side didn't take the very first request."""
        return AnswerLostError("The server closed the connection as soon as it was made.")

    # --- what the pool and the jobs call -------------------------------------------------------------------

    def start(self, job: Job) -> None:
        """Writes a job's request. If the other side was gone and not one byte left, it goes over another connection.

        The job's deadline is on the loop's clock; the pool's sweep watches it.
        """
        self.job = job
        self.deadline = job.deadline
        self._received = 0
        if not self._write(job.wire):
            self.refused()

    def refused(self) -> None:
        """Not one byte left: tries another connection."""
        if not self.used:
            # This connection never worked, so another is unlikely to: report that instead of retrying forever.
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
        """Closes the connection: it takes no more requests. Calling it twice does nothing."""
        if self.closed:
            return
        self.closed = True
        self._owner.retired(self)
        self._end(abort=abort)

    # --- what the subclasses call -------------------------------------------------------------------------------

    def received(self, nbytes: int) -> None:
        """Some bytes of an answer are in the buffer."""
        job = self.job
        if job is None:
            # Unsolicited data must never be mistaken for the answer to a later request.
            self.close(abort=True)
            return
        answer = None if self._received else read_usual(self._view, nbytes)
        if answer is None:
            answer = self._parse(nbytes)
        if answer is not None:
            self._answered(job, answer)

    def _parse(self, nbytes: int) -> Response | None:
        """Reads any other answer than the usual one; None while more must come, or if the request has failed."""
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
            self._keep_alive = False  # the answer was complete; only what follows it is garbage
        answer, self._answer = self._answer, None
        if answer is None:
            return self._limit() if self._received > MAX_HEAD_BYTES else None
        if not self._keep_alive or self._headers:
            self.close()
        return answer

    def ended(self) -> None:
        """The other side has closed, which ends an answer without a length, and loses any other."""
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
        """The words after the status: WNS reports a blocked domain only in them."""
        self._reason = "OK" if reason == b"OK" else reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer. A trailer after a chunked body isn't one: it counts only for recipients that know
        it may (RFC 9110, 6.5.1)."""
        if self._body is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete; a body may follow."""
        self._body = []

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._body is not None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The message is complete: the answer, or a 1xx that may precede it."""
        status = self._parser.get_status_code()
        if self._answer is not None:
            self._keep_alive = False  # a second answer to one request: nothing that follows can be trusted
        elif status >= 200:
            body = b"".join(self._body) if self._body else b""
            self._answer = make_response(status, tuple(self._headers), body, self._reason)
            self._keep_alive = self._parser.should_keep_alive()
        self._headers = []
        self._body = None

    # --- inside -------------------------------------------------------------------------------------------------

    def _answered(self, job: Job, answer: Response) -> None:
        """The only place where an answered request gives up the connection: before the job is told, so that the job's
        next request finds it free."""
        self.job = None
        self.used = True
        self.host.release(self)
        job.answered(answer)

    def _limit(self) -> Response | None:
        """Ends an answer that is longer than any push service's."""
        if self._body is None:
            problem = f"The answer's head is over {MAX_HEAD_BYTES:,} bytes; no push service sends one that long."
            self.fail(BadAnswerError(problem, request_sent=True))
        elif self._received > MAX_HEAD_BYTES + MAX_BODY_BYTES:
            return self._cut_off()
        return None

    def _cut_off(self) -> Response:
        """Ends an answer that doesn't end by itself; its status and headers are complete."""
        body = b"".join(self._body or ())[:MAX_BODY_BYTES]
        self.close()
        return make_response(self._parser.get_status_code(), tuple(self._headers), body, self._reason)

    def _loss(self, error: Exception | None) -> TransportError:
        if isinstance(error, ssl.SSLError) and not self._received and not self.used and _is_refusal(error):
            # TLS 1.3 refuses a client certificate only after the first request was written; none of it was accepted.
            return TlsError(f"The server ended TLS: {error.reason or error}. Check the client certificate.")
        how = f" ({error.strerror or error})" if isinstance(error, OSError) else ""
        if self._received:
            return AnswerLostError(f"The connection was closed{how} in the middle of the answer.", request_sent=True)
        return AnswerLostError(
            f"The connection was closed{how} after the request, before any answer.", request_sent=True
        )
