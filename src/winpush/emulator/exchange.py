"""A request as it arrived, what is answered, and how both are kept for the page: without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from winpush.emulator.faults import Fault
from winpush.emulator.world import Record, World
from winpush.results import Outcome

__all__ = ["Answer", "Incoming", "Judged", "keep", "shorten_secret"]

_KEPT_BODY_CHARACTERS = 2000
_KEPT_HEADERS = 100
_KEPT_HEADER_CHARACTERS = 300
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_SECRET_FIELDS = frozenset({"client_secret", "client_assertion", "password", "refresh_token", "assertion", "code"})
_FORM = "application/x-www-form-urlencoded"
# The part of a channel URI before its secret.
_CHANNEL = re.compile(
    r"/(?:un)?throttledthirdparty/[^/]*/|/u/1/[^/]*/|/(?:w/)?\?token="
    r"|/wpush/v[0-9]/|/fcm/send/|/wp/|/Q(?=[\w-]{60})"
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request as it arrived. Header names are in lower case; `certificate`: the client presented a valid one.

    `path` is decoded, `query` is not.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secure: bool = False
    certificate: bool = False
    query: str = ""

    def header(self, name: str) -> str | None:
        """The value of the last header with this name (in lower case), or None."""
        return dict(self.headers).get(name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a request was judged, for its record. `status` is the HTTP status of `outcome`; a fault may answer another.

    `word` replaces the outcome's name as the verdict, where a request is not a notification; `source` is where the
    answer is documented. `body` is shown instead of the request's, where that is encrypted.
    """

    service: str
    status: int
    outcome: Outcome
    reason: str
    kind: str | None = None
    remarks: tuple[str, ...] = ()
    device: dict[str, Any] | None = None
    word: str | None = None
    source: str = ""
    body: str | None = None


def keep(
    world: World,
    request: Incoming,
    answer: Answer,
    judged: Judged,
    now: datetime,
    *,
    phone: str | None = None,
    fault: Fault | None = None,
) -> None:
    """Adds the request to the record. Its secrets, a channel's token among them, are shortened."""
    world.record(
        Record(
            n=world.next_number(),
            at=now,
            phone=phone,
            kind=judged.kind,
            method=request.method,
            status=answer.status,
            answer=dict(answer.headers),
            verdict=_verdict(answer, judged, fault),
            reason=judged.reason,
            remarks=judged.remarks,
            size=len(request.body),
            fault=None if fault is None else fault.name,
            body=_shown_body(request) if judged.body is None else judged.body[:_KEPT_BODY_CHARACTERS],
            service=judged.service,
            device=judged.device,
            source=judged.source if _is_documented(answer, judged, fault) else "",
            path=_shown_path(request),
            headers=_shown_headers(request.headers),
        )
    )


def _verdict(answer: Answer, judged: Judged, fault: Fault | None) -> str:
    if fault is not None and fault.cut is not None:
        return "cut"
    if answer.status != judged.status:
        return Outcome.UNEXPECTED_ANSWER.value
    return judged.word or judged.outcome.value


def _is_documented(answer: Answer, judged: Judged, fault: Fault | None) -> bool:
    return answer.status == judged.status and (fault is None or fault.cut is None)


def _shown_path(request: Incoming) -> str:
    path = request.path + (f"?{request.query}" if request.query else "")
    channel = _CHANNEL.match(path)
    if channel is not None:
        return channel[0] + shorten_secret(path[channel.end() :], tail=True)
    return path[:_KEPT_HEADER_CHARACTERS]


def _shown_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _shown_header(name, value)[:_KEPT_HEADER_CHARACTERS]) for name, value in headers[:_KEPT_HEADERS]
    )


def _shown_header(name: str, value: str) -> str:
    if name not in _SECRET_HEADERS:
        return value
    scheme, space, secret = value.partition(" ")
    return f"{scheme} {shorten_secret(secret)}" if space else shorten_secret(value)


def _shown_body(request: Incoming) -> str:
    text = request.body[: 4 * _KEPT_BODY_CHARACTERS].decode(errors="replace")
    if (request.header("content-type") or "").partition(";")[0].strip().lower() == _FORM or "client_secret=" in text:
        fields = parse_qsl(text, keep_blank_values=True)
        shown = [(name, shorten_secret(value) if name.lower() in _SECRET_FIELDS else value) for name, value in fields]
        text = urlencode(shown, safe="…/:")
    return text[:_KEPT_BODY_CHARACTERS]


def shorten_secret(secret: str, *, tail: bool = False) -> str:
    """Too little of a secret to use it, and enough to recognize it: its first four characters, or its last six."""
    if len(secret) < 24:
        return "…"
    return f"…{secret[-6:]}" if tail else f"{secret[:4]}… ({len(secret)} characters)"
