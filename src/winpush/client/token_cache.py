"""An app's token: one for all senders of a client, fetched once however many need it.

`wns.TokenState`, which is pure, decides what to do; this is the IO around it, on one event loop. A third-party
credentials object may raise anything and take any time: both become a TokenProblem, and no send hangs. Code in it that
may block runs in a thread of its own; its coroutines run on the caller's loop, or on one separate from ours.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from winpush.client.side_thread import UNWIND_SECONDS, SideLoop, in_thread
from winpush.client.token_store import SharedToken, TokenStore, identity_of
from winpush.errors import SendAbortedError, SendTimeoutError, TransportError
from winpush.http import Request, Response
from winpush.results import Outcome
from winpush.wns.protocol.auth import (
    SCOPE,
    Credentials,
    EntraCredentials,
    Fetch,
    PackageCredentials,
    Token,
    TokenProblem,
    TokenState,
    check_answer,
    check_life,
    claims_for_new_token,
    is_unavailable,
    token_until,
)

__all__ = ["AnyCredentials", "TokenCache", "TokenSource"]

# A token request that takes longer is given up, so that the next send starts a new one.
_MOST_SECONDS = 60.0
# A store that takes longer is skipped.
_STORE_SECONDS = 5.0

# Ours never block; a third party's may look up a secret in a vault.
_OURS = (EntraCredentials, PackageCredentials)

T = TypeVar("T")


class TokenSource(Protocol):
    """Any object that gets tokens itself, sync or async, such as azure-identity's credentials.

    `get_token(*scopes)` returns (or awaits to) something with `token` and `expires_on` (seconds since 1970). If it
    takes `claims`, as azure-identity's does, or `**kwargs`, it gets claims that ask for a token not from its cache; if
    it refuses them, it is called once more without.
    """

    def get_token(self, *scopes: str) -> Any:
        """A token for the scopes."""


AnyCredentials = Credentials | TokenSource


class TokenCache:
    """Holds the state, and lets concurrent senders share one token request.

    The credentials' coroutines run on this loop if it is the caller's own, otherwise on the loop in `aside`.
    """

    def __init__(
        self,
        credentials: AnyCredentials,
        deliver: Callable[[Request], Awaitable[Response | TransportError]],
        store: TokenStore | None = None,
        aside: SideLoop | None = None,
    ) -> None:
        self._credentials = credentials
        self._shared = None if store is None else SharedToken(store, identity_of(credentials))
        self._deliver = deliver
        self._aside = aside
        self._state = TokenState()
        self._fetching: asyncio.Task[Token | TokenProblem] | None = None
        self._asking: asyncio.Task[Token | TokenProblem] | None = None
        self._closed = False
        self.granted = 0
        self.refused = 0

    def peek(self) -> Token | None:
        """The current token, if it is fresh. May be called from any thread."""
        token = self._state.token
        return token if token is not None and token.is_fresh(datetime.now(UTC)) else None

    async def get(self, deadline: float, instead_of: Token | None = None) -> Token | TokenProblem | TransportError:
        """A token, or why there is none. With `instead_of`, a token that WNS refused, it is a different one.

        Waits at most until `deadline` (on the loop's clock), then gives a SendTimeoutError; or a SendAbortedError, if
        the cache is closed meanwhile. Both are returned, not raised, since they become a Result.
        """
        self._state, answer = self._state.ask(datetime.now(UTC), instead_of)
        if not isinstance(answer, Fetch):
            return answer
        if self._closed:
            return _too_late()
        loop = asyncio.get_running_loop()
        if self._fetching is None:
            self._fetching = loop.create_task(self._fetch(instead_of))
        fetching = self._fetching
        # `asyncio.wait` rather than `await`: a cancelled sender must not cancel the others' token request.
        await asyncio.wait([fetching], timeout=max(deadline - loop.time(), 0))
        if not fetching.done():
            return SendTimeoutError("No access token came within the time for the send.")
        if fetching.cancelled():
            return _too_late()
        return fetching.result()

    def accepted(self) -> None:
        """WNS accepted the current token."""
        self._state = self._state.accepted()

    async def close(self) -> None:
        """Ends a token request in progress. If it doesn't end when cancelled, it is abandoned."""
        self._closed = True
        tasks = [task for task in (self._fetching, self._asking) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=UNWIND_SECONDS)

    async def _fetch(self, instead_of: Token | None) -> Token | TokenProblem:
        """Raises nothing except its own cancellation."""
        try:
            return await self._obtain(instead_of)
        except BaseException as error:  # from a third party's kind of Token or TokenProblem
            if _is_given_up():
                raise
            return self._note(TokenProblem.of_error(error))
        finally:
            self._fetching = None

    async def _obtain(self, instead_of: Token | None) -> Token | TokenProblem:
        stored = await self._find(instead_of)
        answer = self._note(stored or await self._ask_in_time(instead_of))
        self.granted += stored is None and isinstance(answer, Token)
        if stored is None and isinstance(answer, Token):
            await self._keep(answer)
        return answer

    def _note(self, answer: Token | TokenProblem) -> Token | TokenProblem:
        if isinstance(answer, Token):
            self._state = self._state.fetched(answer)
        else:
            self.refused += 1
            self._state = self._state.failed(answer, datetime.now(UTC))
        return answer

    async def _find(self, instead_of: Token | None) -> Token | None:
        """The store's token, if there is a store and it returns one in time."""
        shared = self._shared
        return None if shared is None else await _in_time(lambda: shared.find(datetime.now(UTC), instead_of))

    async def _keep(self, token: Token) -> None:
        shared = self._shared
        if shared is not None:
            await _in_time(lambda: shared.keep(token))

    async def _ask_in_time(self, instead_of: Token | None) -> Token | TokenProblem:
        # `asyncio.wait` rather than `await`: a third party's coroutine may not end when it is cancelled.
        asking = self._asking = asyncio.get_running_loop().create_task(self._ask_server(instead_of))
        try:
            await asyncio.wait([asking], timeout=_MOST_SECONDS)
        finally:
            asking.cancel()
        if asking.done():
            return asking.result()
        return TokenProblem.of_error(SendTimeoutError(f"No answer within {_MOST_SECONDS:g} seconds."))

    async def _ask_server(self, instead_of: Token | None) -> Token | TokenProblem:
        """Raises nothing except its own cancellation."""
        credentials = self._credentials
        try:
            if hasattr(credentials, "get_token"):
                return await self._ask_source(cast("TokenSource", credentials), instead_of)
            response = await self._deliver(await self._call(credentials.request))
            if not isinstance(response, Response):
                return TokenProblem.of_error(response)
            answer = await self._call(lambda: credentials.read(response, datetime.now(UTC)))
            return check_answer(answer, datetime.now(UTC))
        except BaseException as error:  # third-party code: whatever it raises means that there is no token
            if _is_given_up():
                raise
            return TokenProblem.of_error(error)

    async def _call(self, work: Callable[[], T]) -> T:
        if type(self._credentials) in _OURS:
            return work()
        done: T = await in_thread(work)
        return done

    async def _ask_source(self, source: TokenSource, instead_of: Token | None) -> Token | TokenProblem:
        if instead_of is None or not _takes_claims(source.get_token):
            return await self._get_token(source)
        try:
            return await self._get_token(source, claims=claims_for_new_token(datetime.now(UTC)))
        except Exception as error:  # noqa: BLE001 - third-party code
            problem = TokenProblem.of_error(error)
            # Some have the parameter but refuse claims (AzureCliCredential), or pass them on to code that does.
            is_of_claims = problem.verdict.outcome is Outcome.CREDENTIALS_FAILED or is_unavailable(error)
        if problem.verdict.outcome is not Outcome.CREDENTIALS_REFUSED and not is_of_claims:
            return problem
        answer = await self._get_token(source)
        is_cached = isinstance(answer, Token) and answer.value == instead_of.value
        return problem if is_cached and not is_of_claims else answer

    async def _get_token(self, source: TokenSource, **options: str) -> Token | TokenProblem:
        def ask() -> Any:
            return source.get_token(SCOPE, **options)

        if inspect.iscoroutinefunction(source.get_token):
            access = await self._run(ask)
        else:
            access = await in_thread(ask)
            access = await self._run(lambda: access) if inspect.isawaitable(access) else access
        now = datetime.now(UTC)
        return check_life(token_until(access.token, access.expires_on, now), now)

    async def _run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        return await (work() if self._aside is None else self._aside.run(work))


def _too_late() -> SendAbortedError:
    return SendAbortedError("The client was closed before there was a token; nothing was sent.")


def _is_given_up() -> bool:
    """True if a CancelledError is meant for this task, rather than raised by third-party code."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _in_time(work: Callable[[], T]) -> T | None:
    """Runs a store's method in a thread; None if it takes too long or fails."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            done: T = await in_thread(work)
            return done
    except BaseException:
        if _is_given_up():
            raise
        return None


def _takes_claims(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a C function may have no signature
        return False
    return "claims" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
