"""WNS through the clients, over real sockets: tokens shared and renewed, and every answer of the table understood."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.client.service import SECRET, TOAST, Service, reply
from tests.client.ways import Sender, every_way, send_each, send_many, send_streamed
from tests.reference import FOLDER
from winpush import (
    Action,
    AsyncClient,
    ChannelError,
    Client,
    ConfigurationError,
    Outcome,
    Result,
    ValidationError,
    mpns,
    wns,
)
from winpush.client.options import ClientOptions

TABLE = FOLDER / "wns_responses.json"
pytestmark = pytest.mark.usefixtures("no_leaks")


@every_way
def test_one_token_serves_all_sends(send: Sender, service: Service) -> None:
    results = send([(service.uri(number), TOAST) for number in range(50)], service.options)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 50
    assert len(service.token_requests) == 1
    assert len(service.sends) == 50
    assert b"X-WNS-Type: wns/toast\r\n" in service.sends[0]
    assert b"scope=https%3A%2F%2Fwns.windows.com%2F.default" in service.token_requests[0]


@every_way
def test_a_1000_sends_with_an_expired_token_cause_one_token_request_and_no_second_repeat(
    send: Sender, service: Service
) -> None:
    def expire_once() -> None:
        service.tokens += 1  # the tokens issued before are no longer valid

    with_first = [(service.uri("first"), TOAST)]
    many = [(service.uri(number), TOAST, number) for number in range(1000)]

    if send in (send_each, send_many):
        with Client(**service.options) as client:
            assert client.send(*with_first[0]).ok
            expire_once()
            results = list(client.send_many(many)) if send is send_many else [client.send(u, n) for u, n, _ in many]
    else:
        results = asyncio.run(
            _expire_between(service, with_first[0], many, expire_once, streamed=send is send_streamed)
        )
    assert Counter(result.outcome for result in results) == {Outcome.ACCEPTED: 1000}
    assert len(service.token_requests) == 2
    seen = Counter(request.split(b" ")[1] for request in service.sends)
    assert len(seen) == 1001
    assert max(seen.values()) <= 2


async def _expire_between(
    service: Service, first: Any, many: list[Any], expire: Callable[[], None], *, streamed: bool
) -> list[Result]:
    async with AsyncClient(**service.options) as client:
        assert (await client.send(*first)).ok
        expire()
        if streamed:
            return [result async for result in client.send_many(many)]
        return list(await asyncio.gather(*[client.send(uri, notification) for uri, notification, _ in many]))


@every_way
def test_a_token_that_is_refused_again_ends_as_unauthorized_and_never_deletes(send: Sender, service: Service) -> None:
    service.answer = lambda _: reply(401, {})
    (result,) = send([(service.uri(), TOAST)], service.options)
    assert result.outcome is Outcome.UNAUTHORIZED
    assert not result.should_delete_channel
    assert len(service.sends) == 2
    assert len(service.token_requests) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            reply(401, {}, b'{"error":"invalid_client","error_description":"bad secret s3cr+t/="}'),
            Outcome.CREDENTIALS_REFUSED,
        ),
        (reply(400, {}, b'{"error":"invalid_client"}'), Outcome.CREDENTIALS_REFUSED),
        (reply(503, {"Retry-After": "30"}), Outcome.TOKEN_UNAVAILABLE),
        (reply(429, {"Retry-After": "30"}), Outcome.TOKEN_THROTTLED),
    ],
)
@every_way
def test_a_failed_token_request_is_its_own_outcome_and_no_storm(
    send: Sender, answer: bytes, outcome: Outcome, service: Service
) -> None:
    service.token_answer = answer
    results = send([(service.uri(number), TOAST, number) for number in range(40)], service.options)
    assert {result.outcome for result in results} == {outcome}
    assert len(service.token_requests) == 1
    assert not service.sends
    assert not any(result.may_have_arrived for result in results)
    assert SECRET not in json.dumps([result.to_dict() for result in results])


def test_a_token_server_that_is_not_there_is_its_own_outcome(service: Service) -> None:
    away = wns.EntraCredentials("t", "c", "s", "http://127.0.0.1:9")
    with Client(wns=away, allow_hosts=[service.server.authority]) as client:
        result = client.send(service.uri(), TOAST)
    assert result.outcome is Outcome.TOKEN_UNAVAILABLE
    assert result.action is Action.RETRY_LATER
    assert result.retry_after is not None


@pytest.mark.parametrize("expires_in", ["86399", 86399, None, "soon"])
def test_the_life_of_a_token_may_be_a_number_a_string_or_absent(expires_in: object, service: Service) -> None:
    service.expires_in = expires_in
    with Client(**service.options) as client:
        assert all(client.send(service.uri(), TOAST).ok for _ in range(3))
    assert len(service.token_requests) == 1


class Access:
    def __init__(self, token: str) -> None:
        self.token = token
        self.expires_on = 4102444800


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_another_librarys_credentials_are_taken(kind: str, service: Service) -> None:
    asked: list[tuple[str, ...]] = []
    service.tokens = 7

    class Sync:
        def get_token(self, *scopes: str) -> Access:
            asked.append(scopes)
            return Access("token-7")

    class Async:
        async def get_token(self, *scopes: str) -> Access:
            asked.append(scopes)
            return Access("token-7")

    credentials = Sync() if kind == "sync" else Async()
    with Client(wns=credentials, allow_hosts=[service.server.authority]) as client:
        assert all(result.ok for result in client.send_many([(service.uri(n), TOAST) for n in range(20)]))
    assert asked == [("https://wns.windows.com/.default",)]


def test_another_librarys_error_is_an_outcome(service: Service) -> None:
    class Broken:
        def get_token(self, *scopes: str) -> Access:
            raise RuntimeError("the vault is locked")

    with Client(wns=Broken(), allow_hosts=[service.server.authority]) as client:
        assert client.send(service.uri(), TOAST).outcome is Outcome.CREDENTIALS_FAILED


def test_everything_works_over_tls(certificates: Certificates) -> None:
    made = Service(certificates.server())
    options: ClientOptions = {**made.options, "tls": certificates.tls}
    with made.server, Client(**options) as client:
        assert all(client.send(made.uri(n), TOAST).ok for n in range(5))
        assert client.send(made.uri(), wns.Badge(7)).ok
        assert client.send(made.uri(), wns.Raw(b"\x00\x01")).ok
        assert client.send(made.uri(), wns.ClearToasts(tag="news")).ok
    assert made.sends[-1].startswith(b"DELETE /?token=")
    assert b"Content-Type: application/octet-stream\r\n" in made.sends[-2]
    assert made.server.connections == 2  # one for the token, one for all sends


# --- what is mixed up ---------------------------------------------------------------------------------------------


def test_what_is_mixed_up_is_refused_before_anything_is_sent(service: Service) -> None:
    with Client(**service.options) as client:
        for uri, notification, said in (
            ("http://db3.notify.live.net/throttledthirdparty/01.00/x", TOAST, "belongs to MPNS"),
            ("https://db5.notify.windows.com/?token=x", mpns.Toast("a"), "belongs to WNS"),
            ("https://db5.notify.windows.com/w/?token=x", TOAST, "Web Push endpoint"),
            ("https://db5.notify.windows.com/", TOAST, "has no token"),
            ("https://db5.notify.windows.com/?token=", TOAST, "has no token"),
            ("https://evil/?notify.windows.com", TOAST, "neither MPNS"),
            ("https://notify.windows.com.evil.example/?token=x", TOAST, "neither MPNS"),
        ):
            with pytest.raises(ChannelError, match=said):
                client.send(uri, notification)
            (result,) = client.send_many([(uri, notification)])
            assert result.outcome is Outcome.INVALID_CHANNEL
    assert not service.token_requests


def test_without_credentials_the_client_says_how_to_give_them() -> None:
    with Client() as client, pytest.raises(ConfigurationError, match="EntraCredentials"):
        client.send("https://db5.notify.windows.com/?token=x", TOAST)
    with Client() as client, pytest.raises(ConfigurationError, match="EntraCredentials"):
        list(client.send_many([("https://db5.notify.windows.com/?token=x", TOAST)]))
    with pytest.raises(ConfigurationError, match="get_token"):
        Client(wns="secret")  # type: ignore[arg-type]  # on purpose
    with Client() as client, pytest.raises(ValidationError, match="winpush"):
        client.send("https://db5.notify.windows.com/?token=x", "text")  # type: ignore[arg-type]  # on purpose


# --- the table ----------------------------------------------------------------------------------------------------


def rows() -> list[Any]:
    if not TABLE.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"waits for the protocol reference's {TABLE.name}"))]
    loaded = [row for row in json.loads(TABLE.read_text()) if row["endpoint"] == "notify"]
    return [pytest.param(row, id=f"{number}-{row['http_status']}") for number, row in enumerate(loaded)]


ACTIONS = {
    "ok": Action.NOTHING,
    "retry_later": Action.RETRY_LATER,
    "stop_and_fix": Action.STOP_AND_FIX,
    "drop_channel": Action.DELETE_CHANNEL,
}


@pytest.mark.parametrize("row", rows())
def test_a_row_of_the_reference_is_understood(row: dict[str, Any], service: Service) -> None:
    values = {
        "X-WNS-STATUS": row["notification_status"],
        "X-WNS-DeviceConnectionStatus": row["device_connection_status"],
        "X-WNS-Error-Description": row["error_description"],
        "X-WNS-Msg-ID": "3CE38FF109E03A74",
        "X-WNS-Debug-Trace": "DB3WNS4011534",
        "MS-CV": "AbCdEf.0.1",
    }
    headers = {name: value for name, value in values.items() if value is not None}
    if row["honour_retry_after"]:
        headers["Retry-After"] = "900"
    service.answer = lambda _: reply(row["http_status"], headers, reason=row.get("reason_phrase") or "Whatever")
    with Client(**service.options) as client:
        result = client.send(service.uri(), TOAST)
    assert result.status_code == row["http_status"]
    assert (result.message_id, result.debug_trace, result.correlation_vector) == (
        "3CE38FF109E03A74",
        "DB3WNS4011534",
        "AbCdEf.0.1",
    )
    assert result.error_description == row["error_description"]
    # A 401 has been tried again with a new token by now, so that it is final.
    final = ACTIONS[row["action"]] if not row.get("refresh_token") else Action.STOP_AND_FIX
    assert result.action is final
    assert result.should_delete_channel is (row["action"] == "drop_channel")
    if row["honour_retry_after"]:
        assert result.retry_after is not None
        assert result.retry_after.total_seconds() == 900


def test_a_known_cause_is_diagnosed(service: Service) -> None:
    service.answer = lambda _: reply(403, {})
    with Client(**service.options) as client:
        result = client.send(service.uri(), TOAST)
    assert result.outcome is Outcome.FORBIDDEN
    assert result.diagnosis is not None
    assert result.to_dict()["diagnosis"] == result.diagnosis


def test_tokens_that_are_revoked_one_after_the_other_are_each_renewed_as_long_as_sends_succeed_between(
    service: Service,
) -> None:
    with Client(**service.options) as client:
        for revoked in range(4):
            results = [client.send(service.uri(n), TOAST) for n in range(3)]
            assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 3, revoked
            service.tokens += 1  # the service now wants a token that nobody has
    assert len(service.token_requests) == 4
