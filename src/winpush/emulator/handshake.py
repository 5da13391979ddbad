"""A TLS handshake that fails the way a real server's does: with an alert that says why.

asyncio and uvloop close the connection at once when a handshake fails, so the alert that OpenSSL has written for the
client (certificate expired, unknown authority) never leaves: the client only sees a lost connection.
"""

from __future__ import annotations

import ssl

__all__ = ["TellingHandshake"]


class TellingHandshake(ssl.SSLObject):
    """For `SSLContext.sslobject_class`: reports a refused certificate one step late, so that the loop sends the alert.

    The loop flushes what OpenSSL has written whenever a handshake wants to read more. The failure is raised on the
    next step; if there is none, the client has hung up or the loop's handshake timeout ends the connection.
    """

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """One step of the handshake."""
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as failure:
            self._failure = failure
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the alert is sent first") from failure
