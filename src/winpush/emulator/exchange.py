"""A request as it arrived, its answer, and the record of both for the page, without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from winpush.emulator.faults import Fault
from winpush.emulator.redaction import shown_body, shown_header, shown_login, shown_path
from winpush.emulator.world import Record, World
from winpush.results import Outcome

__all__ = ["Answer", "Incoming", "Judged", "keep"]

_KEPT_BODY_CHARACTERS = 2000
_KEPT_HEADERS = 100
_KEPT_HEADER_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request as it arrived. Header names are in lower case; `certificate`: the client presented a valid one.

    `path` is decoded, `query` is not. `is_pipelined`: it arrived before the previous one was answered.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secure: bool = False
    certificate: bool = False
    query: str = ""
    is_pipelined: bool = False

    def header(self, name: str) -> str | None:
        """The value of the last header with this name (in lower case), or None."""
        return dict(self.headers).get(name)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that is sent back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a request was judged, for its record. `status` is the HTTP status of `outcome`; a fault may answer another.

    `word` replaces the outcome's name as the verdict if a request isn't a notification; `source` is where the
    answer is documented. `body` is shown instead of the request's if that is encrypted; `is_login` says that it
    holds a login's secret.
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
    is_login: bool = False


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
            body=_shown_body(request, judged),
            service=judged.service,
            device=judged.device,
            source=judged.source if _is_documented(answer, judged, fault) else "",
            path=shown_path(request.path, request.query)[:_KEPT_HEADER_CHARACTERS],
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


def _shown_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, shown_header(name, value)[:_KEPT_HEADER_CHARACTERS]) for name, value in headers[:_KEPT_HEADERS])


def _shown_body(request: Incoming, judged: Judged) -> str:
    if judged.body is not None:
        return judged.body[:_KEPT_BODY_CHARACTERS]
    text = request.body[: 4 * _KEPT_BODY_CHARACTERS].decode(errors="replace")
    shown = shown_login(text) if judged.is_login else shown_body(text, request.header("content-type") or "")
    return shown[:_KEPT_BODY_CHARACTERS]
