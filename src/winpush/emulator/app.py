"""The emulator as an ASGI application: the services' channels, the API, the event stream and the page."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from winpush.emulator import views
from winpush.emulator.exchange import Incoming
from winpush.emulator.faults import Fault
from winpush.emulator.fields import (
    Check,
    a_flag,
    a_number,
    a_number_or_none,
    a_text,
    a_text_or_none,
    a_whole,
    a_whole_or_none,
    check_fields,
    read_json,
    texts,
)
from winpush.emulator.reference import render
from winpush.emulator.service import Service
from winpush.emulator.streams import Streams
from winpush.emulator.tokens import TENANT_ID
from winpush.emulator.wire import has_certificate, is_pipelined, queue_little, transport_of
from winpush.emulator.wns.gateway import is_wns_channel
from winpush.emulator.world import Simulated
from winpush.errors import ValidationError
from winpush.protocol_pages import NAMES

__all__ = ["make_app"]

# Bodies are kept in memory, so they are cut, at a size far above the largest that a service accepts.
_MAX_BODY_BYTES = 1_000_000
_MAX_PHONES_AT_ONCE = 10_000
_SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_COMMON: dict[str, Check] = {"state": a_text, "name": a_text_or_none}
_MPNS_FIELDS = {**_COMMON, "version": a_text, "authenticated": a_flag, "not_bound": texts, "pinned": texts}
_WNS_FIELDS = {**_COMMON, "phone": a_flag, "secure": a_flag, "app": a_text_or_none}
_WEBPUSH_FIELDS = {**_COMMON, "browser": a_text, "application_server_key": a_text_or_none, "secure": a_flag}
_FAULT_FIELDS: dict[str, Check] = {
    "status": a_whole_or_none,
    "delay_seconds": a_number,
    "cut": a_text_or_none,
    "count": a_whole_or_none,
    "share": a_number_or_none,
    "phone": a_text_or_none,
}
_CHANGES: dict[str, Check] = {"version": a_text, "state": a_text, "pinned": texts}

Handler = Callable[[Request], Awaitable[Response]]


def make_app(service: Service) -> Starlette:
    """The application for one service."""
    app = _App(service)
    own = [
        Route("/", app.front, methods=["GET"]),
        Route("/web/{name}", app.guarded(app.page), methods=["GET"]),
        Route("/protocol", app.guarded(app.protocol), methods=["GET"]),
        Route("/protocol/{name}", app.guarded(app.protocol), methods=["GET"]),
        Route("/api/state", app.guarded(app.state), methods=["GET"]),
        Route("/api/events", app.guarded(app.events), methods=["GET"]),
        Route("/api/requests", app.guarded(app.requests), methods=["GET"]),
        Route("/api/channels", app.guarded(app.channels), methods=["GET", "POST"]),
        Route("/api/channels/{id}", app.guarded(app.channel), methods=["GET", "PATCH", "DELETE"]),
        Route("/api/channels/{id}/send", app.guarded(app.send), methods=["POST"]),
        Route("/api/apps", app.guarded(app.apps), methods=["GET"]),
        Route("/api/preview", app.guarded(app.preview), methods=["POST"]),
        Route("/api/options", app.guarded(app.options), methods=["GET"]),
        Route("/api/faults", app.guarded(app.faults), methods=["GET", "POST", "DELETE"]),
        Route("/api/clock", app.guarded(app.clock), methods=["POST"]),
        Route("/api/reset", app.guarded(app.reset), methods=["POST"]),
    ]
    return Starlette(routes=[*own, Route("/{path:path}", _Anything(app.push))])


class _Anything:
    """An ASGI endpoint for every method: the service itself decides which ones it accepts."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        response = await self._handler(Request(scope, receive, send))
        await response(scope, receive, send)


class _App:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._streams = Streams(service)

    def guarded(self, handler: Handler) -> Handler:
        """Keeps other sites' pages out: Host and Origin must be ours (DNS rebinding, cross-site requests)."""

        async def handle(request: Request) -> Response:
            host = request.headers.get("host", "").lower()
            if host not in self._service.own_hosts:
                return _error(403, f"The emulator only answers requests to {self._service.authority}, not to {host!r}.")
            origin = request.headers.get("origin")
            if origin is not None and origin.lower() not in self._service.own_origins:
                return _error(403, "Requests from other sites' pages are refused.")
            try:
                response = await handler(request)
            except ValidationError as error:
                return _error(400, f"{error}.")
            response.headers.update(_SAFETY)
            return response

        return handle

    # --- the service ------------------------------------------------------------------------------------------

    async def push(self, request: Request) -> Response:
        """Judges a request to a channel URI, or to any other path, as the service would."""
        try:
            body = await _read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        incoming = Incoming(
            request.method,
            request.url.path,
            tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw),
            body,
            secure=request.url.scheme == "https",
            certificate=has_certificate(request.scope),
            query=request.url.query,
            is_pipelined=is_pipelined(request.scope),
        )
        if request.scope["http_version"] == "1.1" and len(request.headers.getlist("host")) != 1:
            answer = self._service.refuse_host(incoming)
            return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
        answer, fault = self._service.receive(incoming)
        response = Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
        return response if fault is None else await self._spoil(request, response, fault)

    async def _spoil(self, request: Request, response: Response, fault: Fault) -> Response:
        if fault.delay_seconds:
            await self._service.pause(fault.delay_seconds)
        transport = transport_of(request.scope)
        if fault.cut == "before-answer":
            transport.abort()
        elif fault.cut == "half-answer":
            transport.write(b"HTTP/1.1 200 OK\r\nX-NotificationSta")
            transport.close()
        elif fault.cut == "garbage":
            transport.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
            transport.close()
        elif fault.cut == "silence":
            await self._service.pause(float("inf"))
            transport.abort()
        return response

    # --- the page ---------------------------------------------------------------------------------------------

    async def front(self, request: Request) -> Response:
        """The page. WNS channels share its path, so a GET with a token is a mistake that the service answers."""
        if is_wns_channel("/", request.url.query):
            return await self.push(request)
        return await self.guarded(self.page)(request)

    async def page(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params.get("name", "index.html")
        folder = resources.files(__package__) / "web"
        known = {each.name: each for each in folder.iterdir()}
        suffix = name[name.rfind(".") :]
        if name not in known or suffix not in _TYPES:
            return _error(404, "The page has no file of that name.")
        return Response(known[name].read_bytes(), media_type=_TYPES[suffix])

    async def protocol(self, request: Request) -> Response:
        """A page of the protocol reference."""
        name = request.path_params.get("name", NAMES[0])
        if name not in NAMES:
            return _error(404, f"The protocol reference has no page {name!r}; it has {', '.join(NAMES)}.")
        return HTMLResponse(render(name))

    async def events(self, request: Request) -> Response:
        """Server-sent events: first the whole state, then the changes, at most ten times a second."""
        queue_little(request.scope)
        return StreamingResponse(self._streams.read(request.is_disconnected), media_type="text/event-stream")

    # --- the API ----------------------------------------------------------------------------------------------

    async def state(self, _request: Request) -> Response:
        """Everything that the page shows."""
        return JSONResponse(self._service.snapshot()[2])

    async def requests(self, _request: Request) -> Response:
        """The last requests, newest last."""
        return JSONResponse([views.record(each) for each in self._service.requests])

    async def channels(self, request: Request) -> Response:
        """GET lists all devices. POST creates some and returns them."""
        service = self._service
        if request.method == "GET":
            return JSONResponse([views.phone(each) for each in service.phones])
        asked = read_json(await _read_body(request))
        count = asked.pop("count", 1)
        a_whole("count", count)
        if not 1 <= count <= _MAX_PHONES_AT_ONCE:
            raise ValidationError("count", f"must be a whole number from 1 to {_MAX_PHONES_AT_ONCE:,}")
        made = self._create(asked.pop("service", "mpns"), count, asked)
        return JSONResponse([views.phone(each) for each in made], status_code=201)

    def _create(self, service: object, count: int, asked: dict[str, Any]) -> list[Simulated]:
        if service == "wns":
            check_fields(asked, _WNS_FIELDS)
            return [self._service.create_windows_channel(**asked) for _ in range(count)]
        if service == "webpush":
            check_fields(asked, _WEBPUSH_FIELDS)
            return [self._service.create_subscription(**asked) for _ in range(count)]
        if service != "mpns":
            raise ValidationError("service", "must be mpns, wns or webpush")
        check_fields(asked, _MPNS_FIELDS)
        return [self._service.create_channel(**asked) for _ in range(count)]

    async def apps(self, _request: Request) -> Response:
        """The apps that the token servers know, with each one's credentials."""
        return JSONResponse([views.app(each, TENANT_ID) for each in self._service.apps])

    async def channel(self, request: Request) -> Response:
        """One device: read, changed (version, state) or removed."""
        phone = self._find(request.path_params["id"])
        if request.method == "DELETE":
            self._service.remove(phone)
            return Response(status_code=204)
        if request.method == "PATCH":
            self._service.change(phone, **await _read_fields(request, _CHANGES))
        return JSONResponse(views.phone(phone))

    async def send(self, request: Request) -> Response:
        """Sends a test notification, the given document or the API's own example; answers with its record."""
        asked = await _read_fields(request, {"kind": a_text, "document": a_text})
        if "kind" not in asked:
            raise ValidationError("kind", "is missing")
        return JSONResponse(views.record(self._service.send_test(self._find(request.path_params["id"]), **asked)))

    async def preview(self, request: Request) -> Response:
        """What each kind of device would show of a document."""
        asked = await _read_fields(request, {"document": a_text})
        return JSONResponse(self._service.preview(asked.get("document", "")))

    async def options(self, _request: Request) -> Response:
        """Every name that the API accepts, and the playground's examples: what a form can offer."""
        return JSONResponse(views.options())

    def _find(self, identity: str) -> Simulated:
        for phone in self._service.phones:
            if phone.id == identity:
                return phone
        raise HTTPException(404, f"No device has the id {identity!r}.")

    async def faults(self, request: Request) -> Response:
        """The active faults. POST adds one, DELETE removes them all."""
        faults = self._service.faults
        if request.method == "DELETE":
            faults.clear()
            return Response(status_code=204)
        if request.method == "POST":
            faults.add(Fault(**await _read_fields(request, _FAULT_FIELDS)))
        return JSONResponse([views.fault(each, left) for each, left in faults.active])

    async def clock(self, request: Request) -> Response:
        """Moves the emulator's clock forward."""
        asked = await _read_fields(request, {"advance_seconds": a_number})
        seconds = asked.get("advance_seconds")
        if seconds is None or not 0 <= seconds <= 10**9:
            raise ValidationError("advance_seconds", "must be a number of seconds from 0")
        self._service.advance(seconds)
        return JSONResponse({"now": self._service.now().isoformat()})

    async def reset(self, _request: Request) -> Response:
        """Removes all devices, requests and faults."""
        self._service.reset()
        return Response(status_code=204)


def _error(status: int, sentence: str) -> Response:
    # ASCII: a sentence may quote the request, and not everything in that can be written as UTF-8.
    return Response(json.dumps({"error": sentence}), status, _SAFETY, "application/json")


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) < _MAX_BODY_BYTES:
            body += chunk
    return bytes(body)


async def _read_fields(request: Request, known: dict[str, Check]) -> dict[str, Any]:
    asked = read_json(await _read_body(request))
    check_fields(asked, known)
    return asked
