"""What identifies an answer as a push service's own, and what doesn't (webpush.md 6 and 7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from winpush import Action, Channel, Outcome, Response
from winpush.webpush import diagnose, judge
from winpush.webpush.marks import bears_mark

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
EDGE = Channel.parse("https://wns2-by3p.notify.windows.com/w/?token=BQYAAAB8abcdefghijklmnop")
FIREFOX = Channel.parse("https://updates.push.services.mozilla.com/wpush/v2/gAAAAABabcdefghijklmnop")
CHROME = Channel.parse("https://fcm.googleapis.com/fcm/send/abcdefgh:APA91babcdefghijklmnop")
SAFARI = Channel.parse("https://web.push.apple.com/QGabcdefghijklmnop")
OWN = {
    EDGE: Response(410, ((b"X-WNS-Msg-ID", b"1"),)),
    FIREFOX: Response(410, (), b'{"code":410,"errno":106,"error":"Gone","more_info":"x"}'),
    CHROME: Response(410, (), b"push subscription has unsubscribed or expired.\n"),
    SAFARI: Response(410, (), b'{"reason":"Unregistered","timestamp":1}'),
}
KUBERNETES = b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"x","reason":"NotFound","code":404}'


@pytest.mark.parametrize("channel", OWN, ids=lambda each: each.origin.host)
def test_only_its_own_push_service_ends_a_subscription(channel: Channel) -> None:
    for owner, response in OWN.items():
        outcome = judge(response, NOW, channel)[0].outcome
        assert outcome is (Outcome.CHANNEL_GONE if owner is channel else Outcome.FOREIGN_ANSWER)


@pytest.mark.parametrize("response", OWN.values())
def test_without_a_channel_the_words_of_any_push_service_count(response: Response) -> None:
    assert judge(response, NOW)[0].outcome is Outcome.CHANNEL_GONE


@pytest.mark.parametrize("channel", [None, *OWN])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 410, 413, 429])
@pytest.mark.parametrize(
    "body",
    [
        KUBERNETES,
        b'{"errno":4,"error":"no route"}',
        b'{"code":1,"errno":106}',
        b'{"message":"Forbidden"}',
        b'{"reason":5}',
        b"RBAC: access denied",
        b"local_rate_limited",
        b"no push subscription of this gateway",
    ],
)
def test_words_that_no_push_service_has_are_something_elses(channel: Channel | None, status: int, body: bytes) -> None:
    response = Response(status, ((b"Retry-After", b"86400"),), body)
    verdict, _ = judge(response, NOW, channel)
    assert (verdict.outcome, verdict.action) == (Outcome.FOREIGN_ANSWER, Action.RETRY_LATER)
    assert diagnose(response, channel) is None


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("body", [b"", b"Please log in to the guest network", b'{"status":"ok"}'])
def test_a_200_or_202_without_a_mark_is_no_success(status: int, body: bytes) -> None:
    for channel in (None, *OWN):
        assert judge(Response(status, ((b"Content-Type", b"text/plain"),), body), NOW, channel)[0].outcome is (
            Outcome.FOREIGN_ANSWER
        )


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("name", [b"Location", b"Link", b"X-WNS-Msg-ID"])
def test_a_200_or_202_with_what_rfc_8030_gives_is_a_success(status: int, name: bytes) -> None:
    assert judge(Response(status, ((name, b"x"),)), NOW, EDGE)[0].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("channel", OWN)
def test_a_201_is_every_push_services_success(channel: Channel) -> None:
    assert judge(Response(201), NOW, channel)[0].outcome is Outcome.ACCEPTED


def test_a_new_word_of_apple_counts_on_its_own_hosts_only() -> None:
    response = Response(403, (), b'{"reason":"SomethingNew"}')
    assert bears_mark(response, SAFARI)
    assert not bears_mark(response, None)


def test_on_an_allowed_host_the_path_tells_whose_words_count() -> None:
    edge = Channel.parse("http://127.0.0.1:8090/w/?token=abcdefghijklmnop", allow_hosts=["127.0.0.1:8090"])
    firefox = Channel.parse("http://127.0.0.1:8090/wpush/v2/abcdefghijklmnop", allow_hosts=["127.0.0.1:8090"])
    assert not bears_mark(OWN[FIREFOX], edge)
    assert bears_mark(OWN[FIREFOX], firefox)


def test_a_503_that_anybody_gave_waits_as_long_as_it_says() -> None:
    verdict, wait = judge(Response(503, ((b"Retry-After", b"7"),), b"try later"), NOW, CHROME)
    assert verdict.outcome is Outcome.SERVICE_UNAVAILABLE
    assert wait is not None
    assert wait.total_seconds() == 7
