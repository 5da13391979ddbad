"""Holding back: a throttled app, and a throttled channel, on every way to send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.client.service import Service, reply
from tests.paths import PATHS
from tests.servers import ACCEPTED, Peer, Server
from tests.still_time import run_still, still
from winpush import AsyncClient, Client, ConfigurationError, Outcome, Result, ValidationError, mpns, wns
from winpush.channels import Channel
from winpush.channels import Service as Owner
from winpush.client.bulk import Bulk
from winpush.client.encoder import Encoder
from winpush.client.options import Settings
from winpush.client.sender import Sender
from winpush.client.throttle import MAX_CHANNELS, Throttle
from winpush.http import Response
from winpush.mpns import HEADERS, judge
from winpush.transport.pool import Pool

TOAST = wns.Toast("Hello", "World")
pytestmark = pytest.mark.usefixtures("no_leaks")


def throttle(status: int, seconds: int, word: str = "") -> bytes:
    headers = {"Retry-After": str(seconds)} | ({"X-WNS-Status": word} if word else {})
    return reply(status, headers)


def answer_first(*answers: bytes) -> Callable[[bytes], bytes]:
    """These answers in turn, and success from then on."""
    left = list(answers)
    return lambda _: left.pop(0) if left else reply(200, {"X-WNS-Status": "received"})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", [406, 429])
def test_a_throttled_app_is_told_at_once_and_nothing_more_is_sent(path: Any, status: int, service: Service) -> None:
    service.answer = answer_first(throttle(status, 600))
    pairs = [(service.uri(n), TOAST) for n in range(3)]
    results = path(pairs, **service.options, when_throttled="tell")
    assert [result.outcome for result in results] == [Outcome.THROTTLED] * 3
    assert [result.status_code for result in results] == [status, None, None]
    assert len(service.sends) == 1
    assert timedelta() < results[2].retry_after <= timedelta(seconds=600)
    assert "Nothing was sent" in results[2].diagnosis
    assert not results[2].may_have_arrived


@pytest.mark.parametrize("path", PATHS)
def test_a_send_waits_for_a_throttled_app_when_its_time_allows_it(path: Any, service: Service) -> None:
    service.answer = answer_first(throttle(406, 1))
    results = path([(service.uri(n), TOAST) for n in range(3)], **service.options)
    assert [result.outcome for result in results] == [Outcome.THROTTLED, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(service.sends) == 3


def test_a_single_send_does_not_wait_longer_than_its_timeout(service: Service) -> None:
    service.answer = answer_first(throttle(429, 600))
    with Client(**service.options) as client:
        results = [client.send(service.uri(n), TOAST) for n in range(2)]
    assert [result.status_code for result in results] == [429, None]


def test_many_wait_for_their_app_longer_than_the_timeout_of_each(service: Service) -> None:
    service.answer = answer_first(throttle(429, 300))
    settings = Settings.of(**(service.options | {"timeout": 15}))

    async def main() -> list[Result]:
        with still() as hands:
            sender = Sender(Encoder(settings), Throttle(hands.now), Pool(settings.limits))
            pairs = [(service.uri(n), TOAST) for n in range(3)]
            stream = Bulk(sender, pairs, concurrency=1).results()
            results = [await anext(stream)]
            second = asyncio.ensure_future(anext(stream))
            await hands.advance(299)
            assert len(service.sends) == 1
            await hands.advance(2)
            results += [await second, await anext(stream)]
            await stream.aclose()  # type: ignore[attr-defined]  # an async generator
        await sender.close()
        return results

    assert [result.status_code for result in run_still(main)] == [429, 200, 200]


@pytest.mark.parametrize("path", PATHS)
def test_a_channels_throttle_holds_that_channel_alone(path: Any, service: Service) -> None:
    service.answer = answer_first(throttle(200, 600, "channelthrottled"))
    uris = [service.uri("first"), service.uri("second"), service.uri("first")]
    results = path([(uri, TOAST) for uri in uris], **service.options)
    assert [result.outcome for result in results] == [
        Outcome.CHANNEL_THROTTLED,
        Outcome.ACCEPTED,
        Outcome.CHANNEL_THROTTLED,
    ]
    assert len(service.sends) == 2


@pytest.mark.parametrize("path", PATHS)
def test_a_throttled_channel_of_mpns_is_left_alone_and_the_others_are_not(path: Any) -> None:
    throttled = ACCEPTED.replace(b"200 OK", b"406 No").replace(b"Received", b"Dropped")

    def serve(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            peer.send(throttled if b"/first" in request else ACCEPTED)

    with Server(serve) as server:
        uris = [server.uri("first"), server.uri("second"), server.uri("first")]
        results = path([(uri, mpns.Toast("a")) for uri in uris], allow_hosts=[server.authority])
    assert [result.outcome for result in results] == [Outcome.THROTTLED, Outcome.ACCEPTED, Outcome.THROTTLED]
    assert len(server.requests) == 2
    assert results[2].minutes_to_delay == 60


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_held_back_when_that_is_chosen(path: Any, service: Service) -> None:
    service.answer = answer_first(throttle(406, 600))
    results = path([(service.uri(n), TOAST) for n in range(2)], **service.options, when_throttled="send")
    assert [result.outcome for result in results] == [Outcome.THROTTLED, Outcome.ACCEPTED]


def test_what_can_not_be_sent_is_an_error_while_the_app_is_held_too(service: Service) -> None:
    service.answer = answer_first(throttle(406, 600))
    with Client(**service.options) as client:
        client.send(service.uri("first"), TOAST)
        with pytest.raises(ValidationError):
            client.send(service.uri("second"), "no notification")  # type: ignore[arg-type]  # that is the point


def test_a_send_that_waits_for_its_app_can_be_cancelled(service: Service) -> None:
    service.answer = answer_first(throttle(406, 300))

    async def main() -> None:
        options = service.options | {"timeout": 600}
        async with AsyncClient(**options) as client:
            await client.send(service.uri("first"), TOAST)
            waiting = asyncio.create_task(client.send(service.uri("second"), TOAST))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert len(service.sends) == 1


def test_a_client_that_is_closed_ends_many_sends_that_wait_for_their_app(service: Service) -> None:
    service.answer = answer_first(throttle(406, 600))
    with Client(**service.options) as client:
        stream = client.send_many([(service.uri(n), TOAST) for n in range(9)], concurrency=2)
        assert next(stream).outcome is Outcome.THROTTLED
        stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(service.sends) <= 2


@pytest.mark.parametrize(
    "option",
    [
        {"max_sends_per_second": 0},
        {"max_sends_per_second": float("inf")},
        {"max_sends_per_second": True},
        {"when_throttled": "ignore"},
    ],
)
def test_an_option_of_pacing_that_can_not_work_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(option))):
        Client(**option)


def throttled(channel: Channel) -> Result:
    """An answer of MPNS that says to send nothing to this channel for a minute."""
    response = Response(406)
    return Result(channel, mpns.Toast("a"), judge(response), HEADERS, response, retry_after=timedelta(minutes=1))


def test_a_throttle_ends_by_the_clock_and_forgets_the_oldest_channel_when_there_are_too_many() -> None:
    now = 0.0
    throttle = Throttle(lambda: now)
    channels = [Channel.parse(f"http://a.notify.live.net/throttledthirdparty/01.00/{n}") for n in range(3)]
    for channel in channels:
        throttle.note(throttled(channel))
    assert all(throttle.find(channel, Owner.MPNS) for channel in channels)
    now = 61.0
    assert not any(throttle.find(channel, Owner.MPNS) for channel in channels)
    assert [throttle.any] == [False]
    for n in range(MAX_CHANNELS + 1):
        throttle.note(throttled(Channel.parse(f"http://a.notify.live.net/u/01/{n}")))
    assert throttle.find(Channel.parse("http://a.notify.live.net/u/01/0"), Owner.MPNS) is None
    assert throttle.find(Channel.parse("http://a.notify.live.net/u/01/1"), Owner.MPNS) is not None
