"""Sender: takes one send from its preparation to its Result, the same for every way of sending.

`Sender.prepare` returns a `Ready` request, whose bytes may be written at once, or a `Deferred` send, which first needs
the loop to wait for the end of a throttle or for a token. `Sender.read` turns the answer into a Result or, if WNS
refused the token, into a `Deferred` send again. `Sender.finish` takes a deferred send to its Result. The clients differ
only in how they wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from winpush import webpush, wns
from winpush.channels import Channel, Service
from winpush.client.apps import refuse_app
from winpush.client.encoder import FOR_CHANNELS, Destination, Encoder, check, name_of
from winpush.client.options import Settings
from winpush.client.side_thread import SideLoop
from winpush.client.throttle import Hold, Throttle
from winpush.client.token_cache import TokenCache
from winpush.client.token_store import InTurn
from winpush.errors import (
    ChannelError,
    ClientClosedError,
    ConfigurationError,
    TransportError,
    ValidationError,
    WinPushError,
)
from winpush.http import Request, Response
from winpush.results import Action, Notification, Result
from winpush.transport.connection import Connection
from winpush.transport.host import closed_before
from winpush.transport.pool import Pool
from winpush.wns.protocol.responses import wants_new_token

if TYPE_CHECKING:
    from winpush.client.message_encoder import MessageEncoder

__all__ = ["Deferred", "Item", "Ready", "Sender", "client_closed", "unpack"]

_NOTIFICATIONS = (*FOR_CHANNELS, webpush.Message)
_WNS, _NOTHING = Service.WNS, Action.NOTHING  # enum members are slow to access

Address = str | webpush.Subscription
"""Where a notification goes: a channel URI, or a browser's subscription."""

Item = (
    tuple[Address, Notification]
    | tuple[Address, Notification, object]
    | tuple[Address, Notification, object, str | None]
)
"""What `send_many` takes: an address, a notification, optionally the caller's own key for the result, and the name of
the channel's app if the client has several."""


def client_closed() -> ClientClosedError:
    """The error for a send on a closed client."""
    return ClientClosedError("This client is closed; create another, or send before its 'with' block ends.")


def unpack(item: Item) -> tuple[Address, Notification, object, str | None]:
    """Address, notification, key and app of an item. Raises ValidationError for anything else."""
    if isinstance(item, (tuple, list)):
        if len(item) == 2:
            return item[0], item[1], None, None
        if len(item) == 3:
            return item[0], item[1], item[2], None
        if len(item) == 4 and (item[3] is None or isinstance(item[3], str)):
            return item[0], item[1], item[2], item[3]
    raise ValidationError(
        "pairs", f"an item is (channel_uri, notification), then a key and the app's name if needed, not {_shape(item)}"
    )


def _shape(item: object) -> str:
    """What an item is, without its values: a channel URI is a secret."""
    if not isinstance(item, (tuple, list)):
        return f"a {type(item).__name__}"
    return f"a {type(item).__name__} of {len(item)}: ({', '.join(type(each).__name__ for each in item[:6])})"


class Ready:
    """A request whose bytes may be written now. `token` is the one in it, None for MPNS.

    `Sender` creates one for every send and fills it in: an `__init__` with that many parameters takes twice as long.
    """

    __slots__ = ("app", "channel", "destination", "key", "notification", "token", "wire")

    destination: Destination
    channel: Channel
    notification: Notification
    key: object
    app: str | None
    token: wns.Token | None
    wire: bytes


class Deferred:
    """A send that needs the loop before its request can be written: a token, or the end of a throttle.

    `refused` is what has happened so far, if anything: the token and the 401 that it got. `subscription` is the
    browser's.
    """

    __slots__ = ("app", "channel", "destination", "key", "notification", "refused", "subscription")

    def __init__(
        self,
        destination: Destination,
        channel: Channel,
        notification: Notification,
        key: object,
        app: str | None,
        refused: tuple[wns.Token, Response] | None = None,
        subscription: webpush.Subscription | None = None,
    ) -> None:
        self.destination = destination
        self.channel = channel
        self.notification = notification
        self.key = key
        self.app = app
        self.refused = refused
        self.subscription = subscription


class Sender:
    """Prepares sends, reads their answers, and finishes those that are deferred.

    `prepare`, `prepare_item` and `read` may be called from any thread, everything else only on the pool's loop.
    """

    def __init__(self, encoder: Encoder, throttle: Throttle, pool: Pool, aside: SideLoop | None = None) -> None:
        self.encoder = encoder
        self.throttle = throttle
        self.pool = pool
        self.ended: asyncio.Future[None] = pool.loop.create_future()
        """Done as soon as the client is closed."""
        self._settings = encoder.settings
        apps, store = encoder.settings.apps, encoder.settings.token_store
        if store is not None and len(apps) > 1:
            store = InTurn(store)
        self._tokens = {app: TokenCache(login, self._fetch, store, aside) for app, login in apps.items()}
        self._messages = _message_encoder(encoder.settings)

    async def close(self) -> None:
        """Closes the connections and ends everything in progress."""
        if not self.ended.done():
            self.ended.set_result(None)
        await asyncio.gather(*[tokens.close() for tokens in self._tokens.values()])
        await self.pool.close()

    def abandon(self) -> None:
        """`close` for a loop that is closed: nothing can be awaited."""
        if not self.ended.done():
            with contextlib.suppress(RuntimeError):  # a waiter can't be told any more
                self.ended.set_result(None)
        self.pool.abandon()

    # --- preparing, reading and sending ---------------------------------------------------------------------------

    def prepare(
        self, uri: Address, notification: Notification, key: object = None, app: str | None = None
    ) -> Ready | Deferred:
        """The request. Raises ChannelError, AppError, ValidationError or ConfigurationError if it can't be sent."""
        if type(uri) is not str:
            if not isinstance(uri, str):
                return self._prepare_message(uri, notification, key)
            uri = str.__str__(uri)  # from a subclass, such as a template engine's or an array library's
        destination, channel = self.encoder.resolve(uri)
        token = None
        if getattr(notification, "service", None) is _WNS:
            tokens = self._tokens.get(app)
            if tokens is None:
                raise refuse_app(app, self._tokens)
            token = tokens.peek()
            if token is None:
                check(channel, notification)
                return Deferred(destination, channel, notification, key, app)
        ready = Ready()
        ready.destination = destination
        ready.channel = channel
        ready.notification = notification
        ready.key = key
        ready.app = app
        ready.token = token
        ready.wire = self.encoder.encode(destination, channel, notification, token)
        if self.throttle.any and self.throttle.find(channel, notification.service, app) is not None:
            return Deferred(destination, channel, notification, key, app)
        return ready

    def _prepare_message(self, subscription: object, message: Notification, key: object) -> Ready | Deferred:
        """The request for a message to a browser."""
        if not isinstance(subscription, webpush.Subscription):
            kind = type(subscription).__name__
            browser = isinstance(message, webpush.Message)
            wanted = "a webpush.Subscription, made by Subscription.of(what the browser gave)" if browser else "a string"
            raise ChannelError("channel_uri", f"must be {wanted}, not {kind}")
        if not isinstance(message, webpush.Message):
            kind = name_of(message)
            raise ValidationError("notification", f"must be a webpush.Message for a browser's subscription, not {kind}")
        if self._messages is None:
            raise ConfigurationError(
                "webpush: a message for a browser needs VAPID keys; create the client with "
                "webpush=webpush.VapidKeys.parse(key, 'mailto:…')"
            )
        destination, channel = self.encoder.resolve(subscription.endpoint)
        if self.throttle.any and self.throttle.find(channel, message.service) is not None:
            return Deferred(destination, channel, message, key, None, subscription=subscription)
        ready = Ready()
        ready.destination = destination
        ready.channel = channel
        ready.notification = message
        ready.key = key
        ready.app = None
        ready.token = None
        ready.wire = self._messages.encode(destination, subscription, message)
        return ready

    def prepare_item(self, item: Item) -> Ready | Deferred | Result:
        """The request for one item of many, or its Result: a bad channel, an unknown app, or a notification that
        doesn't fit its address stops nothing.

        Raises ValidationError for anything but an item with a notification, and ConfigurationError for a problem that
        every other item would have too.
        """
        if type(item) is tuple and len(item) == 3:
            uri, notification, key = item
            app = None
        else:
            uri, notification, key, app = unpack(item)
        try:
            return self.prepare(uri, notification, key, app)
        except WinPushError as error:
            if not isinstance(error, ValidationError) or not isinstance(notification, _NOTIFICATIONS):
                raise
            return self.encoder.fail(None, notification, error, key)

    def fail(self, sent: Ready, error: TransportError) -> Result:
        """The Result of a request that got no answer."""
        return self.encoder.fail(sent.channel, sent.notification, error, sent.key)

    def read(self, sent: Ready, answer: Response) -> Result | Deferred:
        """What an answer means: the Result or, if WNS refused the token, a deferred send that needs a new one."""
        if sent.token is not None and answer.status_code == 401 and wants_new_token(answer):
            refused = sent.token, answer
            return Deferred(sent.destination, sent.channel, sent.notification, sent.key, sent.app, refused)
        result = self.encoder.read(sent.channel, sent.notification, answer, sent.key)
        if result.verdict.action is not _NOTHING:
            refusal = sent.destination.route.refusal(answer)
            if refusal is not None:
                return self.fail(sent, refusal)
            self.throttle.note(result, sent.app)
        return result

    async def send(self, prepared: Ready | Deferred, deadline: float) -> Result:
        """Sends what was prepared. `deadline` is on the loop's clock."""
        if isinstance(prepared, Ready):
            answer = await self._deliver(prepared.destination, prepared.wire, deadline, prepared.app)
            if not isinstance(answer, Response):
                return self.fail(prepared, answer)
            outcome = self.read(prepared, answer)
            if isinstance(outcome, Result):
                return outcome
            prepared = outcome
        return await self.finish(prepared, deadline)

    async def finish(self, deferred: Deferred, deadline: float) -> Result:
        """Takes a deferred send to its Result: waits for its throttle, gets its token, and sends it."""
        if deferred.refused is None:
            held = await self._wait_for_throttle(deferred, deadline)
            if held is not None:
                return held
        if deferred.notification.service is _WNS:
            return await self._exchange(deferred, deadline)
        address = deferred.subscription or deferred.channel.uri
        again = self.prepare(address, deferred.notification, deferred.key, deferred.app)
        return await self.send(again, deadline)

    async def finish_in_turn(self, deferred: Deferred, timeout_seconds: float) -> Result:
        """As `finish`, for one of many: it waits for its app's throttle however long that takes, and only then does its
        timeout start."""
        hold = self.throttle.find(deferred.channel, deferred.notification.service, deferred.app)
        # A send to a throttled channel ends at once, or it would take a place from the others.
        patience = math.inf if hold is not None and hold.is_for_app else 0.0
        held = await self._wait_for_throttle(deferred, self.pool.loop.time() + patience)
        return held or await self.finish(deferred, self.pool.loop.time() + timeout_seconds)

    # --- the steps of a deferred send -----------------------------------------------------------------------------

    async def _wait_for_throttle(self, deferred: Deferred, deadline: float) -> Result | None:
        """Waits while the service throttles this app or channel; returns a Result if waiting isn't possible."""
        channel, notification = deferred.channel, deferred.notification
        while (hold := self.throttle.find(channel, notification.service, deferred.app)) is not None:
            if self._settings.when_throttled == "tell" or self.pool.loop.time() + hold.seconds > deadline:
                return self._hold_back(deferred, hold)
            await asyncio.wait([self.ended], timeout=hold.seconds)
            if self.ended.done():
                return self.encoder.fail(channel, notification, closed_before(), deferred.key)
        return None

    def _hold_back(self, deferred: Deferred, hold: Hold) -> Result:
        channel, notification, wait = deferred.channel, deferred.notification, timedelta(seconds=hold.seconds)
        return self.encoder.hold_back(channel, notification, hold.verdict, wait, hold.reason, deferred.key)

    async def _exchange(self, deferred: Deferred, deadline: float) -> Result:
        """The whole exchange with WNS: `wns.exchange` says what comes next."""
        channel, notification = deferred.channel, deferred.notification
        steps = wns.exchange(channel, notification)  # type: ignore[arg-type]  # its own check says what else it is
        step = next(steps)
        if deferred.refused is not None:
            # The first attempt took the fast way, past the exchange: tell it the token and its 401, so that the rule
            # for a second one (a new token, once) is asked in one place.
            steps.send(deferred.refused[0])
            step = steps.send(deferred.refused[1])
        while True:
            answer: wns.Token | wns.TokenProblem | Response | TransportError
            if isinstance(step, Request):
                destination = deferred.destination
                wire = destination.write(step)
                answer = _checked(destination, await self._deliver(destination, wire, deadline, deferred.app))
            else:
                answer = await self._tokens[deferred.app].get(deadline, step.instead_of)
            if isinstance(answer, TransportError):
                steps.close()
                return self.encoder.fail(channel, notification, answer, deferred.key)
            try:
                step = steps.send(answer)
            except StopIteration as end:
                return self._conclude(deferred, end.value)

    def _conclude(self, deferred: Deferred, answer: wns.Answer) -> Result:
        verdict, retry_after = answer.judge(datetime.now(UTC))
        if verdict.action is _NOTHING:
            self._tokens[deferred.app].accepted()
        channel, notification = deferred.channel, deferred.notification
        result = self.encoder.conclude(channel, notification, verdict, retry_after, answer.response, deferred.key)
        self.throttle.note(result, deferred.app)
        return result

    # --- tokens ---------------------------------------------------------------------------------------------------

    @property
    def token_requests(self) -> tuple[int, int]:
        """How many token requests, for all apps, have been granted so far, and how many refused or not answered."""
        caches = self._tokens.values()
        return sum(each.granted for each in caches), sum(each.refused for each in caches)

    async def log_in(self, app: str | None = None) -> wns.Token | wns.TokenProblem:
        """An app's token, or why there is none. Raises ConfigurationError without credentials, and AppError."""
        tokens = self._tokens.get(app)
        if tokens is None:
            raise refuse_app(app, self._tokens)
        answer = await tokens.get(self.pool.loop.time() + self._settings.timeout_seconds)
        return wns.TokenProblem.of_error(answer) if isinstance(answer, TransportError) else answer

    async def _fetch(self, request: Request) -> Response | TransportError:
        """Sends a token request. Its address is from the caller's own credentials, so allowed hosts don't matter."""
        destination = self.encoder.trust(request.channel.origin)
        deadline = self.pool.loop.time() + self._settings.timeout_seconds
        wire = destination.write(request)
        return _checked(destination, await self._deliver(destination, wire, deadline, is_limited=False))

    # --- on the wire ----------------------------------------------------------------------------------------------

    async def _deliver(
        self,
        destination: Destination,
        wire: bytes,
        deadline: float,
        app: str | None = None,
        *,
        is_limited: bool = True,
    ) -> Response | TransportError:
        """One request and its answer. If cancelled, it leaves no connection with a pending answer."""
        job = _FutureJob(wire, deadline, self.pool.loop.create_future())
        host = self.pool.host(destination.route)
        if is_limited:
            host.send(job, app)
        else:
            host.submit(job)
        try:
            return await job.future
        except asyncio.CancelledError:
            host.drop(job)
            raise


def _message_encoder(settings: Settings) -> MessageEncoder | None:
    if settings.webpush is None:
        return None
    from winpush.client.message_encoder import MessageEncoder  # needs cryptography

    return MessageEncoder(settings.webpush, reuses_keys=settings.webpush_reuse_keys)


def _checked(destination: Destination, answer: Response | TransportError) -> Response | TransportError:
    """The answer, or why a proxy refused the request."""
    return (destination.route.refusal(answer) or answer) if isinstance(answer, Response) else answer


class _FutureJob:
    """One request: a job whose answer or error completes a future."""

    __slots__ = ("deadline", "future", "wire")

    def __init__(self, wire: bytes, deadline: float, future: asyncio.Future[Response | TransportError]) -> None:
        self.wire = wire
        self.deadline = deadline
        self.future = future

    def begin(self, connection: Connection) -> None:
        """A connection is free for it."""
        connection.start(self)

    def answered(self, response: Response) -> None:
        """The answer is complete."""
        if not self.future.done():
            self.future.set_result(response)

    def failed(self, error: TransportError) -> None:
        """No answer came: a value here, not an exception, since it becomes a Result."""
        if not self.future.done():
            self.future.set_result(error)
