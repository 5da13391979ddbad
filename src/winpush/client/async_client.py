"""AsyncClient: sending from asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Self, Unpack

from winpush.client.bulk import Bulk
from winpush.client.encoder import Encoder
from winpush.client.options import ClientOptions, Settings, parse_count, parse_seconds
from winpush.client.sender import Address, Item, Sender, client_closed
from winpush.client.throttle import Throttle
from winpush.errors import ClientClosedError
from winpush.results import Notification, Result
from winpush.transport.pool import Pool

__all__ = ["AsyncClient"]


class AsyncClient:
    """Sends notifications from asyncio; safe to share between tasks of one event loop.

    Use it as `async with AsyncClient() as client:`, or call `aclose()` at the end. Options, all by keyword:

    - `wns`: the credentials of a Windows app: `wns.EntraCredentials`, `wns.PackageCredentials`, or any object with
      `get_token(*scopes)`, sync or async. One token is shared by all senders, and renewed before it expires. For
      several apps, a mapping of their names to these: then a send to WNS names its channel's app. Sync code runs in a
      thread of its own, where it may block. An async `get_token` runs on your loop: while it blocks the loop, nothing
      is sent and no timeout is kept.
    - `webpush`: the webpush.VapidKeys of a site, for messages to browsers. `webpush_reuse_keys=True` encrypts all of a
      client's messages with one key pair instead of a new pair for each, which saves most of the work. Anyone who
      learns that pair's private key, which never leaves the process, could then read all messages, not only one.
    - `token_store`: where processes share their tokens, such as `TokenFile(path)`. By default they aren't shared.
    - `allow_hosts`: hosts to send to besides the services' own, by name: `["127.0.0.1:8080"]`.
    - `mpns_certificate`: the ClientCertificate of an authenticated MPNS sender.
    - `tls`: Tls settings; by default the system's authorities, verified.
    - `proxy`: `http://[user:password@]host:port` for all channels, or one with `https://`, `socks5://` or `socks5h://`
      (the proxy resolves names; both need `winpush[socks]`); or `proxy_from_environment=True` to honour HTTP_PROXY,
      HTTPS_PROXY, ALL_PROXY and NO_PROXY, for hosts on other machines. `tls` also applies to an https:// proxy.
    - `timeout`: for a whole send, in seconds or as a timedelta; 15 s, as Microsoft recommended (mpns.md 1.1 [M8]).
    - `connect_timeout`: for name resolution, TCP, proxy and TLS together; 10 s.
    - `max_connections`, `max_connections_per_host`: 500 and 100.
    - `max_sends_per_second`: a limit for this client or, for a client with several apps, a mapping of app names to
      their own limits; None for no limit. A send's timeout starts when its turn comes.
    - `when_throttled`: what happens to sends while WNS throttles the whole app (it answered 406 or 429, and its
      Retry-After isn't over), or the send's own channel. `"wait"`: a send waits if the throttle ends within its
      timeout; `send_many` waits for a throttled app however long it takes. A send that doesn't wait ends at once, with
      nothing sent, as `Outcome.THROTTLED` or `CHANNEL_THROTTLED`, and `retry_after` is the time that remains. `"tell"`:
      never waits. `"send"`: holds nothing back, for tests that move an emulator's clock.

    Raises ConfigurationError for an option that can't work. Redirects are never followed.
    """

    def __init__(self, **options: Unpack[ClientOptions]) -> None:
        self._settings = Settings.of(**options)
        self._encoder = Encoder(self._settings)
        self._throttle = Throttle.of(self._settings)
        self._sender: Sender | None = None
        self._closed = False

    async def send(
        self,
        channel_uri: Address,
        notification: Notification,
        *,
        app: str | None = None,
        timeout: float | timedelta | None = None,  # noqa: ASYNC109 - its end is a Result, not an exception
    ) -> Result:
        """Sends one notification to one channel, or a webpush.Message to a browser's webpush.Subscription.

        `app` names the WNS channel's app, for a client with several apps.

        Returns a Result, whatever the service answers and whatever the network does. Before anything is sent, raises
        ChannelError for a URI that isn't a push service's, AppError for an app without credentials, ValidationError
        for a notification of another service, and ClientClosedError after `aclose()`.
        """
        sender = self._open()
        prepared = sender.prepare(channel_uri, notification, None, app)
        limit = self._settings.timeout_seconds if timeout is None else parse_seconds("timeout", timeout)
        return await sender.send(prepared, sender.pool.loop.time() + limit)

    def send_many(
        self, pairs: Iterable[Item] | AsyncIterable[Item], *, concurrency: int | None = None
    ) -> AsyncIterator[Result]:
        """Sends to many channels: `async for result in client.send_many((uri, toast) for uri in uris)`.

        `pairs` is an iterable or async iterable of `(channel_uri, notification)`, `(channel_uri, notification, key)` or
        `(channel_uri, notification, key, app)`; the key comes back as `result.key`, and `app` is as for `send`. At
        most `concurrency` sends are in flight (by default, the maximum number of connections); neither the input nor
        the output is held in full. Results come in the order of the answers. An item that can't be sent also becomes a
        Result (`Outcome.INVALID_CHANNEL`, `UNKNOWN_APP` for an app without credentials, or `INVALID_NOTIFICATION` for
        a notification that the channel can't take), so one bad URI stops nothing.
        A slow host doesn't hold up the others: up to four times `concurrency` sends wait for hosts that have no free
        connection. Once that many wait, sends to a host that has answered nothing for a third of `timeout` end unsent
        (`Outcome.TIMED_OUT`, `may_have_arrived` is False).
        If the source itself raises, or yields anything but such a tuple, the sends in flight finish, their results
        are yielded, and then the error is raised. If the client is closed before the source is exhausted, the error is
        ClientClosedError.
        """
        number = parse_count("concurrency", self._settings.limits.connections if concurrency is None else concurrency)
        return Bulk(self._open(), pairs, number).results()

    @property
    def token_requests(self) -> tuple[int, int]:
        """How many token requests, for all apps, have been granted so far, and how many refused or not answered."""
        return (0, 0) if self._sender is None else self._sender.token_requests

    async def aclose(self) -> None:
        """Closes every connection. Sends in progress end with `Outcome.ABORTED`. Calling it twice does nothing.

        An async `get_token` that is cancelled and doesn't end within a second is left running on your loop. Raises
        ClientClosedError if called on a loop other than the client's own, unless that one is closed.
        """
        sender = self._sender
        if sender is None or sender.pool.closed or sender.pool.loop is asyncio.get_running_loop():
            self._closed = True
            if sender is not None:
                await sender.close()
        elif sender.pool.loop.is_closed():
            self._closed = True
            sender.abandon()
        else:
            raise ClientClosedError("This client belongs to another event loop; close it there.")

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _open(self) -> Sender:
        if self._closed:
            raise client_closed()
        if self._sender is None:
            if asyncio._get_running_loop() is None:
                raise ClientClosedError(
                    "No event loop is running here; call this in a coroutine, or use winpush.Client."
                )
            self._sender = Sender(self._encoder, self._throttle, Pool(self._settings.limits))
        elif self._sender.pool.loop is not asyncio._get_running_loop():
            raise ClientClosedError(
                "This client belongs to another event loop; create one client for each loop, or use winpush.Client."
            )
        return self._sender
