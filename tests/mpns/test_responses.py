"""Reading an answer never raises, and only what the table says is success."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winpush import Action, Outcome, Response, Result, mpns
from winpush.mpns import Toast

HEADER_NAMES = st.sampled_from(
    [b"X-NotificationStatus", b"x-deviceconnectionstatus", b"X-SUBSCRIPTIONSTATUS", b"X-MessageID", b"Retry-After"]
) | st.binary(max_size=20)

HEADER_VALUES = st.sampled_from(
    [
        b"Received",
        b"QueueFull",
        b"Suppressed",
        b"Dropped",
        b"Connected",
        b"Temp Disconnected",
        b"InActive",
        b"Expired",
        b"",
    ]
) | st.binary(max_size=20)


@given(st.integers(100, 999), st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=6))
def test_any_status_with_any_headers_gives_a_result_and_only_the_table_says_success(
    status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    response = Response(status, tuple(headers))
    verdict = mpns.judge(response)
    result = Result(None, Toast("a"), verdict, mpns.HEADERS, response, None, verdict.delay)
    assert isinstance(result.outcome, Outcome)
    assert isinstance(result.to_dict(), dict)
    if result.ok:
        assert (status, (result.notification_status or "").lower()) == (200, "received")
    if result.should_delete_channel:
        assert status == 404 or (result.subscription_status or "").lower() == "expired"
    if result.action is Action.RETRY_LATER:
        assert result.retry_after is not None
        assert result.minutes_to_delay


def test_statuses_are_compared_as_other_senders_learned_to() -> None:
    headers = (
        (b"x-notificationstatus", b"received"),
        (b"X-DEVICECONNECTIONSTATUS", b"Temp Disconnected"),
        (b"X-SubscriptionStatus", b" Active "),
    )
    assert mpns.judge(Response(200, headers)).outcome is Outcome.ACCEPTED


def test_an_expired_subscription_is_gone_whatever_the_status() -> None:
    headers = ((b"X-NotificationStatus", b"Received"), (b"X-SubscriptionStatus", b"Expired"))
    assert mpns.judge(Response(200, headers)).action is Action.DELETE_CHANNEL


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 406, 412, 429])
@pytest.mark.parametrize("body", [b"RBAC: access denied", b'{"message":"Forbidden"}', b"<html>x</html>"])
def test_a_body_without_the_services_mark_is_a_proxys_or_a_sidecars(status: int, body: bytes) -> None:
    """MPNS says all in its headers: such an answer stops no broadcast."""
    assert mpns.judge(Response(status, (), body)).outcome is Outcome.FOREIGN_ANSWER
    marked = mpns.judge(Response(status, ((b"X-MessageID", b"1"),), body))
    assert marked == mpns.judge(Response(status, ((b"X-MessageID", b"1"),)))
    assert marked.outcome is not Outcome.FOREIGN_ANSWER


@pytest.mark.parametrize("body", [b"", b"upstream connect error"])
def test_a_503_says_to_wait_whoever_says_so(body: bytes) -> None:
    assert mpns.judge(Response(503, (), body)).outcome is Outcome.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_a_portals_and_not_the_services(status: int) -> None:
    assert mpns.judge(Response(status, ((b"Location", b"http://portal.example/"),))).outcome is Outcome.FOREIGN_ANSWER


@pytest.mark.parametrize("status", [408, 421, 425])
def test_a_status_that_says_to_send_again_is_tried_again(status: int) -> None:
    assert mpns.judge(Response(status)).action is Action.RETRY_LATER


@pytest.mark.parametrize("words", [(b"Received", b"Dropped"), (b"Dropped", b"Received"), (b"Received", b"QueueFull")])
def test_a_status_that_comes_twice_and_differs_is_no_success(words: tuple[bytes, ...]) -> None:
    headers = tuple((b"X-NotificationStatus", word) for word in words)
    verdict = mpns.judge(Response(200, headers))
    assert verdict.outcome is Outcome.UNEXPECTED_ANSWER


def test_a_subscription_of_which_two_things_are_said_is_kept() -> None:
    headers = ((b"X-SubscriptionStatus", b"Active"), (b"X-SubscriptionStatus", b"Expired"))
    assert mpns.judge(Response(200, headers)).action is not Action.DELETE_CHANNEL
