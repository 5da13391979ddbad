"""Tokens that outlive a client, shared by processes and by a program's successive runs.

The store is asked before the token server, and gets every newly granted token. It never keeps a send from going out: a
token that it can't load is requested, and a failure to save is logged.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from winpush.errors import ConfigurationError, WinPushError
from winpush.wns.protocol.auth import Token

__all__ = ["InTurn", "SharedToken", "TokenFile", "TokenStore", "identity_of"]

_log = logging.getLogger("winpush.client")
_MAX_BYTES = 1_000_000
# A token that WNS refuses was revoked, and perhaps all others of its age too: only one that another process obtained
# after that will do.
_RECENT = timedelta(minutes=5)

T = TypeVar("T")


class TokenStore(Protocol):
    """Keeps tokens by the identity of their login, which names the app and the token server and contains no secret.

    A token is a secret. The methods may block, because they are called in a thread of their own, and may raise: then
    the token server is asked. `TokenFile` is one; your own may use a cache that your machines share.
    """

    def load(self, identity: str) -> Token | None:
        """This login's last saved token, or None."""

    def save(self, identity: str, token: Token) -> None:
        """Keeps a new token of this login."""

    def forget(self, identity: str, token: Token) -> None:
        """WNS refused this token: don't load it again, if it is still the one kept."""


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Tokens in a file that only this user may read: `Client(wns=…, token_store=TokenFile("/var/lib/app/tokens"))`.

    Any number of processes may share it, with any number of logins. It is replaced as a whole, so a reader never sees
    half of it; if two processes write at the same moment, the later one wins, which costs one more token request. On
    Windows, a file has the permissions of its folder: choose one in the user's profile.

    Raises ConfigurationError for a file that others can read or that belongs to another user, and for a folder that
    doesn't exist.
    """

    path: Path

    def __init__(self, path: str | os.PathLike[str]) -> None:
        object.__setattr__(self, "path", Path(path))
        if not self.path.parent.is_dir():
            raise ConfigurationError(f"token_store: the folder {str(self.path.parent)!r} doesn't exist; create it")
        try:
            problem = _objection(os.stat(self.path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigurationError(f"token_store: {str(self.path)!r} can't be used: {error.strerror}") from None
        if problem is not None:
            raise ConfigurationError(f"token_store: {str(self.path)!r} {problem}")

    def load(self, identity: str) -> Token | None:
        """The token of this login, or None. A file that others can now read counts as empty."""
        return _token(self._read().get(identity))

    def save(self, identity: str, token: Token) -> None:
        """Saves it, and drops expired tokens. Raises OSError."""
        self._write({**self._read(), identity: _entry(token)})

    def forget(self, identity: str, token: Token) -> None:
        """Drops it, if it is still the one kept. Raises OSError."""
        tokens = self._read()
        kept = _token(tokens.get(identity))
        if kept is not None and kept.value == token.value:
            self._write({name: entry for name, entry in tokens.items() if name != identity})

    def _read(self) -> Mapping[str, Any]:
        try:
            with open(self.path, "rb") as file:
                if _objection(os.fstat(file.fileno())) is not None:
                    return {}
                tokens = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return tokens if isinstance(tokens, dict) else {}

    def _write(self, tokens: Mapping[str, Any]) -> None:
        now = datetime.now(UTC)
        fresh = {name: entry for name, entry in tokens.items() if (token := _token(entry)) and token.is_valid(now)}
        # mkstemp creates it with mode 0600 from the start.
        number, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with open(number, "w", encoding="ascii") as file:
                json.dump(fresh, file)
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _objection(status: os.stat_result) -> str | None:
    """Why tokens can't be kept in a file like this; None if they can."""
    if not stat.S_ISREG(status.st_mode):
        return "is not a file"
    if os.name != "posix":
        return None
    if status.st_uid != os.geteuid():
        return "belongs to another user; choose a file of your own"
    if status.st_mode & 0o077:
        return "can be read by others, and anyone with a token can push; chmod 600 it, or delete it"
    return None


def _entry(token: Token) -> dict[str, str]:
    return {
        "token": token.value,
        "expires_at": token.expires_at.isoformat(),
        "obtained_at": token.obtained_at.isoformat(),
    }


def _token(entry: object) -> Token | None:
    """The token in an entry; None for anything else."""
    if not isinstance(entry, dict):
        return None
    try:
        expires_at, obtained_at = (datetime.fromisoformat(entry[name]) for name in ("expires_at", "obtained_at"))
        token = Token(entry["token"], expires_at, obtained_at)
    except (KeyError, TypeError, ValueError, WinPushError):
        return None
    return None if expires_at.tzinfo is None or obtained_at.tzinfo is None else token


def identity_of(credentials: object) -> str:
    """The key for these credentials' token in a store. Raises ConfigurationError if they have none."""
    identity = getattr(credentials, "identity", None)
    if not isinstance(identity, str) or not identity:
        raise ConfigurationError(
            "token_store: these credentials have no `identity` to keep their token under. azure-identity has a cache "
            "of its own: TokenCachePersistenceOptions"
        )
    return identity


class InTurn:
    """A store whose changes are serialised. The tokens of several apps arrive together, and if a store is read and
    written as a whole, as a file is, the later write would undo the earlier one."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._turn = threading.Lock()

    def load(self, identity: str) -> Token | None:
        """As the store's."""
        return self._store.load(identity)

    def save(self, identity: str, token: Token) -> None:
        """As the store's."""
        with self._turn:
            self._store.save(identity, token)

    def forget(self, identity: str, token: Token) -> None:
        """As the store's."""
        with self._turn:
            self._store.forget(identity, token)


@dataclass(frozen=True, slots=True)
class SharedToken:
    """One login's part of a store. No method raises."""

    store: TokenStore
    identity: str

    def find(self, now: datetime, instead_of: Token | None) -> Token | None:
        """A fresh token; with `instead_of`, which WNS refused, one that another process has obtained since."""
        if instead_of is not None:
            self._try(lambda: self.store.forget(self.identity, instead_of))
        return self._try(lambda: self._load(now, instead_of))

    def _load(self, now: datetime, instead_of: Token | None) -> Token | None:
        found: object = self.store.load(self.identity)
        if not isinstance(found, Token):
            return None
        token = Token(found.value, found.expires_at, found.obtained_at)  # a new one: a subclass may not be valid
        if not token.is_fresh(now):
            return None
        if instead_of is None:
            return token
        is_newer = token.value != instead_of.value and token.obtained_at > instead_of.obtained_at
        return token if is_newer and now - token.obtained_at < _RECENT else None

    def keep(self, token: Token) -> None:
        """The token server has granted this one."""
        self._try(lambda: self.store.save(self.identity, token))

    def _try(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        # A store's failure costs a token request, not a send, and in a thread of its own nothing else handles it.
        except BaseException as error:  # noqa: BLE001 - a SystemExit isn't passed on either
            reason = error.strerror if isinstance(error, OSError) else None
            _log.warning("The token store failed: %s", reason or type(error).__name__)
            return None
