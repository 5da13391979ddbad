"""One send, step by step: a request and its answer, and for WNS the token before it and the 401 after it."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime

from winpush import wns
from winpush.channels import Channel, Service
from winpush.client.encoder import Destination, Dispatch, check
from winpush.client.token_cache import TokenKeeper
from winpush.errors import ConfigurationError, SendAbortedError, TransportError
from winpush.http import Request, Response
from winpush.results import Action, Notification, Result
from winpush.transport.connection import Connection
from winpush.transport.pool import Pool
from winpush.wns.protocol.responses import wants_new_token

__all__ = ["Courier"]


class _Call:
    """One request: a job whose answer, or error, ends a future."""

    __slots__ = ("deadline", "future", "wire")

    def __init__(self, wire: bytes, deadline: float, future: asyncio.Future[Response | TransportError]) -> None:
        self.wire = wire
        self.deadline = deadline
        self.future = future

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        connection.start(self)

    def answered(self, connection: Connection, response: Response) -> None:
        """The answer is whole."""
        connection.host.release(connection)
        if not self.future.done():
            self.future.set_result(response)

    def failed(self, error: TransportError) -> None:
        """No answer came: a value here, not an exception, since it becomes a Result."""
        if not self.future.done():
            self.future.set_result(error)


class Courier:
    """Sends over a pool what a Dispatch has made, for both clients."""

    def __init__(self, dispatch: Dispatch, pool: Pool) -> None:
        self.dispatch = dispatch
        self.pool = pool
        credentials = dispatch.settings.wns
        self._keeper = None if credentials is None else TokenKeeper(credentials, self._fetch)

    async def close(self) -> None:
        """Ends the connections, and what is under way."""
        if self._keeper is not None:
            await self._keeper.close()
        await self.pool.close()

    @property
    def token_requests(self) -> tuple[int, int]:
        """How often the token server was asked so far: granted, and refused or not answered."""
        return (0, 0) if self._keeper is None else (self._keeper.granted, self._keeper.refused)

    def token_for(self, notification: Notification) -> wns.Token | None:
        """The token at hand for a notification that wants one. Raises ConfigurationError without credentials."""
        if getattr(notification, "service", None) is not Service.WNS:
            return None
        return self._keeper_of().peek()

    async def log_in(self) -> wns.Token | wns.TokenProblem:
        """A token, or why there is none. Raises ConfigurationError without credentials."""
        return await self._keeper_of().get()

    def needs_steps(self, channel: Channel, notification: Notification, token: wns.Token | None) -> bool:
        """True when a token must be fetched before the request can be written, to a channel that may have it.

        Raises ChannelError or ValidationError for what could not be sent with one either.
        """
        if token is not None or getattr(notification, "service", None) is not Service.WNS:
            return False
        check(channel, notification)
        return True

    async def deliver(
        self, destination: Destination, wire: bytes, deadline: float, *, paced: bool = True
    ) -> Response | TransportError:
        """One request and its answer. Cancelled, it leaves no connection with an answer to come."""
        call = _Call(wire, deadline, self.pool.loop.create_future())
        host = self.pool.host(destination.route)
        if paced:
            host.send(call)
        else:
            host.submit(call)
        try:
            return await call.future
        except asyncio.CancelledError:
            host.drop(call)
            raise

    async def hold_back(
        self, channel: Channel, notification: Notification, patience: float, key: object
    ) -> Result | None:
        """Waits while the service wants no more of this app, or channel; the Result when that is not to be waited for.

        `patience` in seconds: a hold that is longer is told at once, and nothing is sent.
        """
        check(channel, notification)
        end = self.pool.loop.time() + patience
        while (hold := self.dispatch.holds.find(channel, notification.service)) is not None:
            if self.dispatch.settings.when_throttled == "tell" or self.pool.loop.time() + hold.seconds > end:
                return self.dispatch.held(channel, notification, hold, key)
            await asyncio.sleep(hold.seconds)
        return None

    async def send(
        self,
        destination: Destination,
        channel: Channel,
        notification: Notification,
        deadline: float,
        key: object = None,
    ) -> Result:
        """One send to its Result."""
        if self.dispatch.holds.any:
            held = await self.hold_back(channel, notification, deadline - self.pool.loop.time(), key)
            if held is not None:
                return held
        token = None
        if getattr(notification, "service", None) is Service.WNS:
            token = self.token_for(notification)
            if self.needs_steps(channel, notification, token):
                return await self.walk(destination, channel, notification, deadline, key)
        wire = self.dispatch.encode(destination, channel, notification, token)
        answer = await self.deliver(destination, wire, deadline)
        if isinstance(answer, Response):
            if token is not None and wants_new_token(answer):
                return await self.walk(destination, channel, notification, deadline, key, (token, answer))
            return self.dispatch.read(channel, notification, answer, key)
        return self.dispatch.fail(channel, notification, answer, key)

    async def send_in_turn(
        self,
        destination: Destination,
        channel: Channel,
        notification: Notification,
        timeout_seconds: float,
        key: object,
    ) -> Result:
        """One of many sends: it waits for its app as long as that takes, and its time begins then."""
        hold = self.dispatch.holds.find(channel, notification.service)
        # One throttled channel is told at once, or it would keep a place from the others.
        patience = math.inf if hold is not None and hold.whole_app else 0.0
        held = await self.hold_back(channel, notification, patience, key)
        if held is not None:
            return held
        return await self.send(destination, channel, notification, self.pool.loop.time() + timeout_seconds, key)

    async def walk(
        self,
        destination: Destination,
        channel: Channel,
        notification: Notification,
        deadline: float,
        key: object = None,
        walked: tuple[wns.Token, Response] | None = None,
    ) -> Result:
        """The whole exchange of a send to WNS. `walked` is its beginning, where that is done: the token and its 401."""
        steps = wns.exchange(channel, notification)  # type: ignore[arg-type]  # its own check says what else it is
        step = next(steps)
        if walked is not None:
            steps.send(walked[0])
            step = steps.send(walked[1])
        while True:
            answer: wns.Token | wns.TokenProblem | Response | TransportError
            if isinstance(step, Request):
                wire = step.to_wire()
                answer = await self.deliver(destination, wire, deadline)
            else:
                answer = await self._ask_keeper(step.instead_of)
            if isinstance(answer, TransportError):
                steps.close()
                return self.dispatch.fail(channel, notification, answer, key)
            try:
                step = steps.send(answer)
            except StopIteration as end:
                return self._conclude(channel, notification, end.value, key)

    async def _ask_keeper(self, instead_of: wns.Token | None) -> wns.Token | wns.TokenProblem | TransportError:
        try:
            return await self._keeper_of().get(instead_of)
        except SendAbortedError as error:
            return error

    def _conclude(self, channel: Channel, notification: Notification, answer: wns.Answer, key: object) -> Result:
        verdict, retry_after = answer.judge(datetime.now(UTC))
        if verdict.action is Action.NOTHING:
            self._keeper_of().accepted()
        return self.dispatch.conclude(channel, notification, verdict, retry_after, answer.response, key)

    def _keeper_of(self) -> TokenKeeper:
        if self._keeper is None:
            raise ConfigurationError(
                "wns: a WNS notification needs credentials; make the client with "
                "wns=wns.EntraCredentials(tenant_id, client_id, client_secret) or wns.PackageCredentials(…)"
            )
        return self._keeper

    async def _fetch(self, request: Request) -> Response | TransportError:
        """The token's request: to the address in the caller's own credentials, so that no list of hosts is asked."""
        destination = self.dispatch.trust(request.channel.origin)
        deadline = self.pool.loop.time() + self.dispatch.settings.timeout_seconds
        return await self.deliver(destination, request.to_wire(), deadline, paced=False)
