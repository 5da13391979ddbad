"""The token of an app: one for all senders of a client, fetched once however many want it.

What to do is decided by `wns.TokenState`, which is pure; this is the IO around it, on one event loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from winpush.errors import SendAbortedError, TransportError
from winpush.http import Request, Response
from winpush.wns.protocol.auth import SCOPE, Credentials, Fetch, Token, TokenProblem, TokenState, token_until

__all__ = ["AnyCredentials", "TokenCache", "TokenSource"]


class TokenSource(Protocol):
    """Any object that gets tokens itself, sync or async: azure-identity's credentials, for one.

    `get_token(*scopes)` returns (or awaits to) something with `token` and `expires_on` (seconds since 1970).
    """

    def get_token(self, *scopes: str) -> Any:
        """A token for the scopes."""


AnyCredentials = Credentials | TokenSource


class TokenCache:
    """Holds the state, and lets concurrent senders share one token request."""

    def __init__(
        self, credentials: AnyCredentials, deliver: Callable[[Request], Awaitable[Response | TransportError]]
    ) -> None:
        self._credentials = credentials
        self._deliver = deliver
        self._state = TokenState()
        self._fetching: asyncio.Task[Token | TokenProblem] | None = None
        self.granted = 0
        self.refused = 0

    def peek(self) -> Token | None:
        """The token at hand, if it is fresh. May be called from any thread."""
        token = self._state.token
        return token if token is not None and token.is_fresh(datetime.now(UTC)) else None

    async def get(self, instead_of: Token | None = None) -> Token | TokenProblem:
        """A token, or why there is none; with `instead_of`, another than that, since WNS refused it.

        Raises SendAbortedError when the cache is closed meanwhile.
        """
        self._state, answer = self._state.ask(datetime.now(UTC), instead_of)
        if not isinstance(answer, Fetch):
            return answer
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())
        fetching = self._fetching
        # Waited for, and not awaited: a sender that is cancelled must not take the others' token with it.
        await asyncio.wait([fetching])
        if fetching.cancelled():
            raise SendAbortedError("The client was closed before there was a token; nothing was sent.")
        return fetching.result()

    def accepted(self) -> None:
        """WNS took the token at hand."""
        self._state = self._state.accepted()

    async def close(self) -> None:
        """Ends a token request that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _fetch(self) -> Token | TokenProblem:
        try:
            answer = await self._ask_server()
        finally:
            self._fetching = None
        if isinstance(answer, Token):
            self.granted += 1
            self._state = self._state.fetched(answer)
        else:
            self.refused += 1
            self._state = self._state.failed(answer, datetime.now(UTC))
        return answer

    async def _ask_server(self) -> Token | TokenProblem:
        if hasattr(self._credentials, "get_token"):
            return await _ask_source(cast("TokenSource", self._credentials))
        response = await self._deliver(self._credentials.request())
        if isinstance(response, Response):
            return self._credentials.read(response, datetime.now(UTC))
        return TokenProblem.of_error(response)


async def _ask_source(source: TokenSource) -> Token | TokenProblem:
    try:
        if inspect.iscoroutinefunction(source.get_token):
            access = await source.get_token(SCOPE)
        else:
            access = await asyncio.to_thread(source.get_token, SCOPE)
            access = await access if inspect.isawaitable(access) else access
        return token_until(access.token, access.expires_on, datetime.now(UTC))
    except Exception as error:  # noqa: BLE001 - somebody else's code: whatever it raises means that there is no token
        return TokenProblem.of_error(error)
