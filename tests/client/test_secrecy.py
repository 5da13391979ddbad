"""Nothing secret shows anywhere while the clients work: no token, no client secret, no whole channel URI."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from tests.client.service import SECRET, TOAST, Service, reply
from winpush import AsyncClient, Client, Result, WinPushError

CHANNEL = "AwYAAADaChannelThatNobodyMayRead"


@pytest.fixture
def service() -> Service:
    return Service()


def send_through_all(service: Service) -> list[Result]:
    """A send that works, one with a new token, one that is refused, one that fails, one that gets no token."""
    with Client(**service.options) as client:
        results = [client.send(service.uri(CHANNEL), TOAST)]
        service.tokens += 1
        results.append(client.send(service.uri(CHANNEL), TOAST))
        service.answer = lambda _: reply(403, {"X-WNS-Error-Description": "not yours"})
        results.append(client.send(service.uri(CHANNEL), TOAST))
        service.answer = lambda _: b"no HTTP at all\r\n\r\n"
        results.append(client.send(service.uri(CHANNEL), TOAST))
    service.token_answer = reply(401, {}, json.dumps({"error": "invalid_client", "error_description": SECRET}).encode())
    with Client(**service.options) as client:
        results.append(client.send(service.uri(CHANNEL), TOAST))
    return results


def secrets(service: Service) -> list[str]:
    return [SECRET, CHANNEL, *[f"token-{number}" for number in range(1, service.tokens + 1)]]


def test_no_log_sees_a_secret_however_a_send_ends(
    service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), service.server:
        results = send_through_all(service)
    assert len({result.outcome for result in results}) == 4
    out, err = capfd.readouterr()
    for secret in secrets(service):
        assert secret not in caplog.text
        assert secret not in out + err


def test_asyncios_own_debug_log_sees_no_secret_either(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with AsyncClient(**service.options) as client:
            assert (await client.send(service.uri(CHANNEL), TOAST)).ok
            logging.getLogger(__name__).debug("%r %r", client, asyncio.all_tasks())

    with caplog.at_level(logging.DEBUG), service.server:
        asyncio.run(main(), debug=True)
    assert caplog.records
    assert not [secret for secret in secrets(service) if secret in caplog.text]


def test_no_result_and_no_error_shows_a_secret(service: Service) -> None:
    with service.server:
        results = send_through_all(service)
    for result in results:
        shown = [repr(result), str(result), json.dumps(result.to_dict()), repr(result.error), str(result.error)]
        try:
            result.raise_for_error()
        except WinPushError as error:
            shown += [repr(error), str(error)]
        for secret in secrets(service):
            assert not [text for text in shown if secret in text]
