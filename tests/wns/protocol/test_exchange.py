"""One send from start to finish, driven by lists instead of a network (wns.md 1 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wns.strategies import patient
from winpush import Action, Outcome, ValidationError, mpns, wns
from winpush.errors import AnswerLostError, ChannelError, ConnectError
from winpush.http import Request, Response
from winpush.wns import Answer, Fetch, Token, TokenNeeded, TokenProblem, TokenState, exchange

_NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
URI = "https://db3.notify.windows.com/?token=AgYAAAC8abcdefghijklmnop"
RECEIVED = Response(200, ((b"X-WNS-Status", b"received"),))
REFUSED = Response(401)
TOAST = wns.Toast("a")


def _token(value: str) -> Token:
    return Token(value, _NOW + timedelta(days=1), _NOW)


def _bearer(request: Request) -> str:
    return str(dict(request.headers)["Authorization"])


def _drive(
    answers: Iterable[object], notification: wns.Notification | wns.ClearToasts = TOAST
) -> tuple[list[object], Answer]:
    """The steps that an exchange asks for when it is sent these answers, and how it ends."""
    flow = exchange(URI, notification)
    steps: list[object] = [next(flow)]
    for answer in answers:
        try:
            steps.append(flow.send(answer))  # type: ignore[arg-type]  # the tests send what belongs there
        except StopIteration as stop:
            result = stop.value
            assert isinstance(result, Answer)
            return steps, result
    raise AssertionError("the exchange wants more")


def test_a_send_is_a_token_and_a_request() -> None:
    steps, answer = _drive([_token("a"), RECEIVED])
    assert steps[0] == TokenNeeded()
    assert isinstance(steps[1], Request)
    assert _bearer(steps[1]) == "Bearer a"
    assert len(steps) == 2
    assert answer.judge(_NOW)[0].outcome is Outcome.ACCEPTED


def test_a_401_gets_a_new_token_and_sends_once_more() -> None:
    steps, answer = _drive([_token("a"), REFUSED, _token("b"), RECEIVED])
    assert steps[2] == TokenNeeded(instead_of=_token("a"))
    assert isinstance(steps[3], Request)
    assert _bearer(steps[3]) == "Bearer b"
    assert answer.judge(_NOW)[0].outcome is Outcome.ACCEPTED


def test_a_second_401_is_final_and_nothing_is_sent_a_third_time() -> None:
    steps, answer = _drive([_token("a"), REFUSED, _token("b"), REFUSED])
    assert sum(isinstance(step, Request) for step in steps) == 2
    verdict, wait = answer.judge(_NOW)
    assert (verdict.outcome, verdict.action, wait) == (Outcome.UNAUTHORIZED, Action.STOP_AND_FIX, None)


@pytest.mark.parametrize("status", [400, 403, 404, 406, 410, 413, 429, 500, 503])
def test_no_other_answer_sends_again(status: int) -> None:
    steps, answer = _drive([_token("a"), Response(status)])
    assert len(steps) == 2
    assert answer.response == Response(status)


def test_a_web_push_401_gets_no_new_token() -> None:
    refused = Response(401, ((b"X-WNS-Error-Description", b"JWT Authentication Failed"),))
    steps, answer = _drive([_token("a"), refused])
    assert len(steps) == 2
    assert answer.judge(_NOW)[0].action is Action.STOP_AND_FIX


def test_without_a_token_nothing_is_sent() -> None:
    problem = TokenProblem.of_error(ConnectError("no route"))
    steps, answer = _drive([problem])
    assert steps == [TokenNeeded()]
    assert answer.judge(_NOW) == (problem.verdict, problem.retry_after)
    assert answer.response is None


def test_without_a_new_token_the_send_ends_with_the_problem() -> None:
    problem = TokenProblem.of_error(ConnectError("no route"))
    steps, answer = _drive([_token("a"), REFUSED, problem])
    assert len(steps) == 3
    assert answer.judge(_NOW)[0].outcome is Outcome.TOKEN_UNAVAILABLE
    assert answer.response == REFUSED


def test_clearing_toasts_is_an_exchange_too() -> None:
    steps, _ = _drive([_token("a"), Response(200)], wns.ClearToasts(everything=True))
    assert isinstance(steps[1], Request)
    assert steps[1].method == "DELETE"


def test_what_was_mixed_up_is_told_before_a_token_is_asked_for() -> None:
    with pytest.raises(ChannelError):
        next(exchange("https://db3.notify.windows.com/w/?token=a", TOAST))
    with pytest.raises(ValidationError):
        next(exchange(URI, mpns.Toast("a")))  # type: ignore[arg-type]  # the wrong type is the test


def test_an_error_of_the_network_ends_the_exchange() -> None:
    flow = exchange(URI, TOAST)
    next(flow)
    flow.send(_token("a"))
    with pytest.raises(AnswerLostError):
        flow.throw(AnswerLostError("gone", request_sent=True))


def test_a_driver_that_answers_wrongly_is_told() -> None:
    for answers in (
        [RECEIVED],
        [_token("a"), _token("b")],
        [_token("a"), REFUSED, RECEIVED],
        [_token("a"), REFUSED, _token("b"), None],
    ):
        with pytest.raises(TypeError):
            _drive(answers)


def test_an_answer_without_response_and_problem_is_no_answer() -> None:
    with pytest.raises(ValidationError):
        Answer(None).judge(_NOW)


class _Service:
    """WNS and the token server in one: it refuses all tokens but the newest."""

    def __init__(self) -> None:
        self.issued = 0
        self.received = 0
        self.requests = 0

    def fetch(self) -> Token:
        self.issued += 1
        return _token(f"t{self.issued}")

    def post(self, request: Request) -> Response:
        self.requests += 1
        if _bearer(request) != f"Bearer t{self.issued}":
            return REFUSED
        self.received += 1
        return RECEIVED


@patient
@given(order=st.randoms(use_true_random=False), number=st.integers(2, 40))
def test_however_sends_interleave_an_expired_token_is_renewed_once_and_nothing_is_sent_twice(
    order: object, number: int
) -> None:
    shuffle: Callable[[list[int]], int] = order.choice  # type: ignore[attr-defined]  # hypothesis's Random
    service = _Service()
    state = TokenState().fetched(_token("expired"))
    flows = {n: exchange(URI, TOAST) for n in range(number)}
    steps: dict[int, object] = {n: next(flow) for n, flow in flows.items()}
    answers: dict[int, Answer] = {}
    while steps:
        n = shuffle(list(steps))
        step = steps.pop(n)
        answer: Token | TokenProblem | Response
        if isinstance(step, Request):
            answer = service.post(step)
        else:
            assert isinstance(step, TokenNeeded)
            state, wanted = state.ask(_NOW, step.instead_of)
            if isinstance(wanted, Fetch):
                wanted = service.fetch()
                state = state.fetched(wanted)
            answer = wanted
        try:
            steps[n] = flows[n].send(answer)
        except StopIteration as stop:
            answers[n] = stop.value
    assert service.issued == 1
    assert service.received == number
    assert service.requests <= 2 * number
    assert all(answer.judge(_NOW)[0].outcome is Outcome.ACCEPTED for answer in answers.values())
