"""One send to WNS from start to finish, as a generator: get a token, send the request, and on a 401 get a new token and
retry exactly once (wns.md 1 and 7).

The generator yields what it needs next and is sent the outcome, so that any client can drive it: the asyncio client,
the threaded one, or a test with lists.
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
    """The exchange needs a token from `TokenState.ask`, with `instead_of` if WNS refused that one.

    Reply with a Token, or with a TokenProblem if there is none.
    """

    instead_of: Token | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """How an exchange ended: the last response from WNS, or the problem with the token (in which case nothing was sent,
    or the response is a 401). `renewed` is True if the token had already been renewed."""

    response: Response | None
    problem: TokenProblem | None = None
    renewed: bool = False

    def judge(self, now: datetime) -> tuple[Verdict, timedelta | None]:
        """The verdict, and the minimum wait before the next send."""
        if self.problem is not None:
            return self.problem.verdict, self.problem.retry_after
        if self.response is None:
            raise ValidationError("answer", "has neither a response nor a problem")
        return judge(self.response, now, renewed=self.renewed)


Exchange = Generator[TokenNeeded | Request, Token | TokenProblem | Response, Answer]


def exchange(channel: Channel | str, notification: Notification | ClearToasts) -> Exchange:
    """The steps of one send. Reply to a TokenNeeded with a Token or TokenProblem, and to a Request with its Response.

    If a request gets no response, throw the TransportError into the generator or close it. Raises ChannelError and
    ValidationError, as `build_request` does, before asking for a token.
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
