"""TLS settings: whom to trust, and the client certificate for authenticated MPNS channels (mpns.md 1.2)."""

from __future__ import annotations

import contextlib
import errno
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from winpush._text import to_ascii
from winpush.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ClientCertificate", "ConnectedSocket", "LazyContext", "Tls", "describe_tls", "is_outage"]

# The other side ended the handshake without an alert: it, or something in between, is going down. No setting helps.
_HANGING_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)

Source = str | Path | bytes
"""A file's path, or its content."""

_DER = b"\x30"  # the first byte of every certificate, key and PFX file that isn't PEM


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its private key, for the https channels of authenticated senders.

    Create one with `from_pem` or `from_pfx`. Nothing of it is ever shown.
    """

    _certificate: bytes = field(repr=False)
    _key: bytes = field(repr=False)
    _passphrase: str | None = field(default=None, repr=False)

    @classmethod
    def from_pem(
        cls, certificate: Source, key: Source | None = None, passphrase: str | None = None
    ) -> ClientCertificate:
        """PEM, as paths or as bytes. Without `key`, the certificate's file must contain the key.

        Raises ConfigurationError if a file can't be read, or the two don't belong together.
        """
        _check_passphrase(passphrase)
        pem = _pem("certificate", certificate)
        made = cls(pem, pem if key is None else _pem("key", key), passphrase)
        made._load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        return made

    @classmethod
    def from_pfx(cls, pfx: Source, passphrase: str | None = None) -> ClientCertificate:
        """PKCS#12 (.pfx, .p12), as a path or as bytes. Needs the extra `winpush[pfx]`.

        Raises ConfigurationError if it can't be read, the passphrase is wrong, or it has no certificate with a key.
        """
        try:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.serialization import pkcs12
        except ImportError:
            raise ConfigurationError('certificate: a PFX file needs cryptography; pip install "winpush[pfx]"') from None
        _check_passphrase(passphrase)
        secret = None if passphrase is None else passphrase.encode()
        try:
            key, certificate, chain = pkcs12.load_key_and_certificates(_content("certificate", pfx), secret)
        except ValueError as error:
            raise ConfigurationError(f"certificate: the PFX can't be opened (wrong passphrase?): {error}") from None
        if key is None or certificate is None:
            raise ConfigurationError("certificate: the PFX contains no certificate with its private key")
        pem = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (certificate, *chain))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(pem, private)

    def _load_into(self, context: ssl.SSLContext) -> None:
        # The standard library only loads from files, so the bytes go through a folder that only this user can read.
        with _private_files(self._certificate, self._key) as (certificate, key):
            try:
                # A callable keeps OpenSSL from prompting on the terminal if the passphrase is missing.
                context.load_cert_chain(certificate, key, password=self._password())
            except (ssl.SSLError, ValueError) as error:
                raise ConfigurationError(
                    f"certificate: the certificate and its key can't be loaded "
                    f"(wrong passphrase, or a key of another certificate?): {error}"
                ) from None

    def _password(self) -> Callable[[], str]:
        return lambda: self._passphrase or ""


def _content(name: str, source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{name}: {os.fspath(source)!r} can't be read: {error.strerror}") from None


def _pem(name: str, source: Source) -> bytes:
    """PEM in ASCII, whatever its encoding: OpenSSL finds no certificate after a byte order mark."""
    content = _content(name, source)
    if content[:1] == _DER:
        raise ConfigurationError(
            f"{name}: is binary, not PEM; give a PFX file as one, and convert DER: openssl x509 -inform der -in FILE"
        )
    # OpenSSL doesn't recognise a lone carriage return, the line end of old Macs.
    return to_ascii(content).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _check_passphrase(passphrase: str | None) -> None:
    if not isinstance(passphrase, str | None):
        raise ConfigurationError(f"passphrase: must be a str, not {type(passphrase).__name__}")
    try:
        (passphrase or "").encode()
    except UnicodeEncodeError:
        raise ConfigurationError("passphrase: has a character that UTF-8 can't encode: how was it read?") from None


@contextlib.contextmanager
def _private_files(*contents: bytes) -> Iterator[tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="winpush-") as folder:
        paths = [Path(folder) / str(number) for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.touch(mode=0o600)
            path.write_bytes(content)
        yield tuple(str(path) for path in paths)


class ConnectedSocket(ssl.SSLSocket):
    """For `SSLContext.sslsocket_class`: leaves nothing open if a connection was reset before TLS could start.

    Until Python 3.13, `wrap_socket` leaks the socket that it has created if its first call on it, `getpeername`, fails.
    """

    def getpeername(self) -> Any:
        """As a socket's own. If it is no longer connected, closes it and raises ConnectionResetError."""
        try:
            return super().getpeername()
        except OSError as error:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error


@dataclass(frozen=True, slots=True)
class Tls:
    """How https channels are verified.

    `ca` adds a certificate authority of your own (PEM, a path or bytes) to the system's; `ciphers` is a cipher list in
    OpenSSL's format; `verify=False` turns verification off, so anyone in between can read every connection. `context`
    is a ready `ssl.SSLContext` instead of all these.
    """

    ca: Source | None = None
    ciphers: str | None = None
    verify: bool = True
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def make_context(self, certificate: ClientCertificate | None = None) -> ssl.SSLContext:
        """The context for new connections, with the client certificate if there is one.

        Raises ConfigurationError for a CA or cipher list that can't be used.
        """
        if self.context is not None:
            if certificate is not None:
                raise ConfigurationError("tls: load the client certificate into your own context, or give no context")
            return self.context
        context = ssl.create_default_context()
        self._set_up(context, certificate)
        return context

    def _set_up(self, context: ssl.SSLContext, certificate: ClientCertificate | None) -> None:
        context.sslsocket_class = ConnectedSocket
        try:
            if self.ca is not None:
                context.load_verify_locations(cadata=_pem("ca", self.ca).decode("ascii"))
            if self.ciphers is not None:
                context.set_ciphers(self.ciphers)
        except (ssl.SSLError, ValueError) as error:
            what = (
                "ca: no PEM certificate can be read from it" if self.ciphers is None else "ca or ciphers: can't be used"
            )
            raise ConfigurationError(f"{what}: {error}") from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            certificate._load_into(context)


class LazyContext:
    """A context that is created on first use, because reading the system's authorities takes some 25 ms.

    The constructor reads the files, and raises ConfigurationError for settings that can't work. May be used from any
    thread.
    """

    def __init__(self, tls: Tls, certificate: ClientCertificate | None = None) -> None:
        self._tls, self._certificate = tls, certificate
        self._made: dict[str, ssl.SSLContext] = {}
        if tls.context is not None:
            self.get()  # refuses a certificate together with a context
            return
        if tls.ca is not None:
            self._tls = replace(tls, ca=_pem("ca", tls.ca))
        self._tls._set_up(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate)

    def get(self) -> ssl.SSLContext:
        """The same context each time. If several threads call this at once, each creates one, and all get the first.

        There is no lock: a child forked while another thread holds it would never get it.
        """
        return self._made.get("context") or self._made.setdefault("context", self._tls.make_context(self._certificate))


def is_outage(error: ssl.SSLError) -> bool:
    """True for a failed handshake that may succeed later without a change on our side."""
    # The alert internal_error says nothing about the client (RFC 8446, 6.2).
    return isinstance(error, _HANGING_UP) or "ALERT_INTERNAL_ERROR" in (error.reason or "")


def describe_tls(error: ssl.SSLError, whom: str) -> str:
    """Why a handshake failed, in a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {whom} is not accepted: {error.verify_message.rstrip('.')}."
    return f"TLS with {whom} failed: {error.reason or error}."
