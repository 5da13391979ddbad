"""One send to WNS from beginning to end, as a generator: a token, the request, and on a 401 a new token and the request
once more, never twice (wns.md 1 and 7).

The generator yields what it wants next and is sent what came of it, so that any client can drive it: asyncio's, the
one with threads, a test with lists.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta

from winpush.channels import Channel
from winpush.errors import ValidationError
from winpush.http import Request, Response
from winpush.results import Verdict
from winpush.wns.clear import ClearToasts
from winpush.wns.notifications import Notification
from winpush.wns.protocol.auth import Token, TokenProblem
from winpush.wns.protocol.requests import build_request, check_channel
from winpush.wns.protocol.responses import judge, wants_new_token

__all__ = ["Answer", "Exchange", "TokenNeeded", "exchange"]


@dataclass(frozen=True, slots=True)
class TokenNeeded:
    """The exchange wants a token, by `TokenState.ask`; with `instead_of`, since WNS refused that one.

    It is sent a Token, or the TokenProblem for which there is none.
    """

    instead_of: Token | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """How an exchange ended: the last answer of WNS, or the problem with the token (then nothing was sent, or the
    answer is a 401). `renewed` says that the token was already a new one."""

    response: Response | None
    problem: TokenProblem | None = None
    renewed: bool = False

    def judge(self, now: datetime) -> tuple[Verdict, timedelta | None]:
        """The verdict, and the least time to wait before the next send."""
        if self.problem is not None:
            return self.problem.verdict, self.problem.retry_after
        if self.response is None:
            raise ValidationError("answer", "has neither a response nor a problem")
        return judge(self.response, now, renewed=self.renewed)


Exchange = Generator[TokenNeeded | Request, Token | TokenProblem | Response, Answer]


def exchange(channel: Channel | str, notification: Notification | ClearToasts) -> Exchange:
    """The steps of one send. A TokenNeeded is answered with a Token or TokenProblem, a Request with its Response.

    Where a request gets no answer, throw the TransportError in, or close the generator: it ends. Raises ChannelError
    and ValidationError, as `build_request` does, before it asks for a token.
    """
    channel = check_channel(channel)
    if not isinstance(notification, Notification | ClearToasts):
        raise ValidationError("notification", f"must be one of winpush.wns, not {type(notification).__name__}")
    token = yield TokenNeeded()
    if not isinstance(token, Token):
        return Answer(None, _problem(token))
    response = yield build_request(channel, notification, token)
    if not isinstance(response, Response):
        raise TypeError("A request must be answered with a Response.")
    if not wants_new_token(response):
        return Answer(response)
    token = yield TokenNeeded(instead_of=token)
    if not isinstance(token, Token):
        return Answer(response, _problem(token))
    again = yield build_request(channel, notification, token)
    if not isinstance(again, Response):
        raise TypeError("A request must be answered with a Response.")
    return Answer(again, renewed=True)


def _problem(value: object) -> TokenProblem:
    if not isinstance(value, TokenProblem):
        raise TypeError("TokenNeeded must be answered with a Token or a TokenProblem.")
    return value
