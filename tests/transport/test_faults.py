"""The fault matrix: whatever a network does, each send ends in one named outcome and the pool stays usable."""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import trustme

from tests.certificates import Certificates
from tests.paths import PATHS
from tests.servers import (
    ACCEPTED,
    ACCEPTED_HEADERS,
    LAST,
    Behaviour,
    Peer,
    Server,
    accept_all,
    closed_port,
    internal_error,
)
from winpush import Action, ClientCertificate, Outcome, Result, Tls, mpns

TOAST = mpns.Toast("Bold", "normal")
Path = Callable[..., list[Result]]

pytestmark = [
    pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__),
    pytest.mark.usefixtures("no_leaks"),
]


def first_then_healthy(first: Behaviour) -> Behaviour:
    """The first connection misbehaves, all others are accepted: shows that the pool recovers."""
    return lambda peer: first(peer) if peer.number == 1 else accept_all(peer)


def answer_with(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        if peer.read_request() is not None:
            peer.send(data)
            peer.wait_for_close()

    return behave


def close_at_once(peer: Peer) -> None:
    """Closed before the request is read."""


def reset_during_request(peer: Peer) -> None:
    peer.sock.recv(10)
    peer.reset()


def close_after_request(peer: Peer) -> None:
    peer.read_request()


def half_an_answer_then_close(peer: Peer) -> None:
    peer.read_request()
    peer.send(ACCEPTED[:40])


def half_a_body_then_close(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" + ACCEPTED_HEADERS + b"\r\nhalf")


def byte_by_byte(peer: Peer) -> None:
    while peer.read_request() is not None:
        for number in range(len(ACCEPTED)):
            peer.send(ACCEPTED[number : number + 1])


def endless_header(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\n")
    for _ in itertools.count():
        peer.send(b"X-More: " + b"x" * 4000 + b"\r\n")


def hundred_megabytes(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n" + ACCEPTED_HEADERS + b"\r\n")
    for _ in range(1000):
        peer.send(b"x" * 100_000)


def close_promptly(peer: Peer) -> None:
    peer.read_request()
    peer.send(LAST)


def http_1_0(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.0 200 OK\r\n" + ACCEPTED_HEADERS + b"\r\nsome text")


def many_1xx(peer: Peer) -> None:
    peer.read_request()
    for _ in itertools.count():
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    + ACCEPTED_HEADERS
    + b"\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SECOND_ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-SubscriptionStatus: Expired\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    behaviour: Behaviour
    outcome: Outcome

    def __str__(self) -> str:
        return self.name


LOST, BAD, OK = Outcome.ANSWER_LOST, Outcome.BAD_ANSWER, Outcome.ACCEPTED

FAULTS = [
    Fault("reset-during-request", reset_during_request, LOST),
    Fault("closed-after-request", close_after_request, LOST),
    Fault("half-an-answer-then-close", half_an_answer_then_close, LOST),
    Fault("half-a-body-then-close", half_a_body_then_close, LOST),
    Fault("endless-header", endless_header, BAD),
    Fault("endless-1xx", many_1xx, BAD),
    Fault("garbage", answer_with(b"\x16\x03\x01 this is no HTTP at all\r\n\r\n"), BAD),
    Fault("upgrade", answer_with(UPGRADE), BAD),
    Fault("byte-by-byte", byte_by_byte, OK),
    Fault("hundred-megabytes", hundred_megabytes, OK),
    Fault("connection-close", close_promptly, OK),
    Fault("http-1.0-without-length", http_1_0, OK),
    Fault("chunked", answer_with(CHUNKED), OK),
    Fault("1xx-first", answer_with(INTERIM + ACCEPTED), OK),
    Fault("a-second-answer", answer_with(ACCEPTED + SECOND_ANSWER), OK),
    Fault("garbage-after-the-answer", answer_with(ACCEPTED + b"\x00\x01garbage"), OK),
]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_each_fault_ends_in_its_outcome_and_the_next_send_works(
    path: Path, fault: Fault, secure: bool, certificates: Certificates
) -> None:
    context = certificates.server() if secure else None
    with Server(first_then_healthy(fault.behaviour), context) as server:
        pairs = [(server.uri(), TOAST), (server.uri(), TOAST)]
        if fault.name in ("chunked", "1xx-first"):
            pairs.pop()  # the connection stays good, and its peer answers one request only
        results = path(pairs, allow_hosts=[server.authority], tls=certificates.tls)
    assert results[0].outcome is fault.outcome
    assert results[0].may_have_arrived  # in each of them the request had left
    assert (results[0].error is None) is (fault.outcome is Outcome.ACCEPTED)
    assert [result.outcome for result in results[1:]] == [Outcome.ACCEPTED] * (len(pairs) - 1)


@pytest.mark.parametrize("said", [b"", ACCEPTED[:40]], ids=["silence", "half-an-answer-then-silence"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_an_answer_that_does_not_come_is_a_timeout_and_the_next_send_works(
    path: Path, said: bytes, secure: bool, certificates: Certificates
) -> None:
    """The request goes on a connection that is there: however slow the machine, it has left when its time is over."""

    def fall_silent(peer: Peer) -> None:
        peer.read_request()
        peer.send(ACCEPTED)
        peer.read_request()
        peer.send(said)
        peer.wait_for_close()

    context = certificates.server() if secure else None
    with Server(first_then_healthy(fall_silent), context) as server:
        pair = (server.uri(), TOAST)
        options = {"allow_hosts": [server.authority], "tls": certificates.tls, "timeout": 0.3}
        results = path([pair], before=[pair], after=[pair], **options)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.TIMED_OUT, Outcome.ACCEPTED]
    assert results[1].may_have_arrived
    assert results[1].error is not None


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_closed_before_the_request_is_read_is_accepted_by_nobody_who_did_not_read_it(
    path: Path, secure: bool, certificates: Certificates
) -> None:
    context = certificates.server() if secure else None
    with Server(first_then_healthy(close_at_once), context) as server:
        pairs = [(server.uri(), TOAST), (server.uri(), TOAST)]
        first, second = path(pairs, allow_hosts=[server.authority], tls=certificates.tls)
    # Seen before the write, the close costs nothing; seen after it, the answer is lost. One never turns into the other.
    accepted = [result for result in (first, second) if result.outcome is Outcome.ACCEPTED]
    assert len(server.requests) == len(accepted)
    assert {first.outcome, second.outcome} <= {Outcome.ACCEPTED, Outcome.ANSWER_LOST, Outcome.CONNECT_FAILED}
    assert second in accepted


def test_a_status_in_the_trailer_of_an_answer_is_none_of_its_headers(path: Path) -> None:
    trailing = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + ACCEPTED_HEADERS + b"\r\n"
    with Server(answer_with(trailing)) as server:
        (result,) = path([(server.uri(), TOAST)], allow_hosts=[server.authority])
    assert result.outcome is Outcome.UNEXPECTED_ANSWER
    assert result.notification_status is None


def test_a_status_that_comes_twice_and_differs_is_no_success(path: Path) -> None:
    twice = ACCEPTED.replace(b"\r\n\r\n", b"\r\nX-NotificationStatus: Dropped\r\n\r\n")
    with Server(answer_with(twice)) as server:
        (result,) = path([(server.uri(), TOAST)], allow_hosts=[server.authority])
    assert result.outcome is Outcome.UNEXPECTED_ANSWER


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_connection_closed_while_idle_costs_no_send(path: Path, secure: bool, certificates: Certificates) -> None:
    def one_answer(peer: Peer) -> None:
        if peer.read_request() is not None:
            peer.send(ACCEPTED)

    def pairs() -> object:
        for _ in range(20):
            yield server.uri(), TOAST

    context = certificates.server() if secure else None
    with Server(one_answer, context) as server:
        results = path(pairs(), allow_hosts=[server.authority], tls=certificates.tls)
    lost = [result.outcome for result in results if result.outcome is not Outcome.ACCEPTED]
    # The close and the next request may cross on the wire; then, and only then, a send is lost.
    assert len(results) == 20
    assert set(lost) <= {Outcome.ANSWER_LOST}


@pytest.mark.parametrize("behaviour", [close_at_once, Peer.reset, internal_error], ids=["farewell", "reset", "alert"])
def test_a_host_that_hangs_up_in_the_tls_handshake_is_an_outage(path: Path, behaviour: Behaviour) -> None:
    """Nothing is wrong with certificates, names or credentials, so nothing is to be fixed."""
    with Server(behaviour) as server:
        uri = server.uri().replace("http://", "https://")
        (result,) = path([(uri, TOAST)], allow_hosts=[server.authority])
    assert result.action is Action.RETRY_LATER
    assert not result.may_have_arrived


@pytest.mark.parametrize("record", [b"\x17\x03\x03\x00\x18" + b"?" * 24, b"no TLS at all"], ids=["wrong", "none"])
def test_a_broken_tls_record_after_the_request_left_may_have_arrived(
    path: Path, record: bytes, certificates: Certificates
) -> None:
    def break_the_second(peer: Peer) -> None:
        peer.read_request()
        peer.send(ACCEPTED)
        peer.read_request()
        os.write(peer.sock.fileno(), record)
        peer.wait_for_close()

    with Server(first_then_healthy(break_the_second), certificates.server()) as server:
        pairs = [(server.uri(), TOAST)] * 3
        results = path(pairs, allow_hosts=[server.authority], tls=certificates.tls)
    assert [result.outcome for result in results] == [Outcome.ACCEPTED, Outcome.ANSWER_LOST, Outcome.ACCEPTED]
    assert results[1].may_have_arrived
    assert "certificate" not in results[1].explanation


def test_a_refused_connection_says_so(path: Path) -> None:
    with closed_port() as port:
        uri = f"http://127.0.0.1:{port}/throttledthirdparty/01.00/AAA"
        (result,) = path([(uri, TOAST)], allow_hosts=[f"127.0.0.1:{port}"])
    assert result.outcome is Outcome.CONNECT_FAILED
    assert not result.may_have_arrived
    assert "refused" in result.explanation.lower()


def test_a_name_that_does_not_resolve_says_so(path: Path) -> None:
    (result,) = path([("http://nowhere.invalid/throttledthirdparty/01.00/AAA", TOAST)], allow_hosts=["nowhere.invalid"])
    assert result.outcome is Outcome.DNS_FAILED
    assert "nowhere.invalid" in result.explanation


def expired(certificates: Certificates) -> tuple[Server, Tls]:
    context = certificates.server()
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificates.authority.issue_cert("127.0.0.1", not_after=past).configure_cert(context)
    return Server(accept_all, context), certificates.tls


def wrong_host(certificates: Certificates) -> tuple[Server, Tls]:
    return Server(accept_all, certificates.server("other.example")), certificates.tls


def unknown_authority(certificates: Certificates) -> tuple[Server, Tls]:
    return Server(accept_all, certificates.server()), Tls()


def client_certificate_missing(certificates: Certificates) -> tuple[Server, Tls]:
    return Server(accept_all, certificates.server(client_ca=trustme.CA())), certificates.tls


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (expired, "expired"),
        (wrong_host, "match"),
        (unknown_authority, "local issuer certificate"),
        (client_certificate_missing, "certificate"),
    ],
)
def test_a_failure_of_tls_is_told_apart_and_nothing_counts_as_sent(
    path: Path, make: Callable[[Certificates], tuple[Server, Tls]], said: str, certificates: Certificates
) -> None:
    server, tls = make(certificates)
    with server:
        (result,) = path([(server.uri(), TOAST)], allow_hosts=[server.authority], tls=tls)
    assert result.outcome is Outcome.TLS_FAILED
    assert said in result.explanation.lower()
    assert ".." not in result.explanation
    assert not result.may_have_arrived
    assert not server.requests


def test_a_client_certificate_that_the_server_does_not_trust_is_refused(path: Path, certificates: Certificates) -> None:
    stranger = trustme.CA().issue_cert("push.example")
    certificate = ClientCertificate.from_pem(stranger.cert_chain_pems[0].bytes(), stranger.private_key_pem.bytes())
    with Server(accept_all, certificates.server(client_ca=certificates.authority)) as server:
        (result,) = path(
            [(server.uri(), TOAST)],
            allow_hosts=[server.authority],
            tls=certificates.tls,
            mpns_certificate=certificate,
        )
    assert result.outcome is Outcome.TLS_FAILED
    assert not server.requests
