"""A site that pushes: a page that subscribes, and a back end that stores subscriptions and pushes to all of them.

    pip install "winpush[webpush]" fastapi uvicorn
    winpush webpush keys vapid.pem
    VAPID_SUBJECT=mailto:you@example.com uvicorn --factory app:make_app

Then open http://localhost:8000 in Edge, Chrome, Firefox or Safari. Subscribing needs a browser with internet access,
because the browser gets its endpoint from its vendor's push service. Everything else works offline: `winpush emulator`
prints the subscription of a simulated browser, and with WINPUSH_ALLOW_HOST=127.0.0.1:8080 the site accepts it:

    curl http://localhost:8000/subscriptions --data @browser.json
    curl http://localhost:8000/push --data '{"title": "Hello"}'
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse

from winpush import AsyncClient, ChannelError, ValidationError
from winpush.webpush import Message, Subscription, VapidKeys

HERE = Path(__file__).parent


class Store:
    """Subscriptions in a file that only its owner can read: anyone who has an endpoint and the key can push to it."""

    def __init__(self, file: Path, allow_hosts: tuple[str, ...]) -> None:
        file.touch(mode=0o600)
        self._file, self._allow_hosts = file, allow_hosts
        self._run("CREATE TABLE IF NOT EXISTS subscriptions (endpoint TEXT PRIMARY KEY, value TEXT)")

    def _run(self, statement: str, *values: str) -> list[tuple[str]]:
        with closing(sqlite3.connect(self._file)) as database, database:
            return database.execute(statement, values).fetchall()

    def read(self, given: bytes) -> Subscription:
        """What the browser sent, checked. Raises ChannelError and ValidationError."""
        return Subscription.of(given, allow_hosts=self._allow_hosts)

    def add(self, subscription: Subscription) -> None:
        """Stores a subscription; storing the same one again changes nothing."""
        value = json.dumps(subscription.to_dict())
        self._run("INSERT OR REPLACE INTO subscriptions VALUES (?, ?)", subscription.endpoint, value)

    def remove(self, subscription: Subscription) -> None:
        """Deletes a subscription."""
        self._run("DELETE FROM subscriptions WHERE endpoint = ?", subscription.endpoint)

    def __iter__(self) -> Iterator[Subscription]:
        return (self.read(value.encode()) for (value,) in self._run("SELECT value FROM subscriptions"))


def make_app(
    keys: VapidKeys | None = None, file: Path = Path("subscriptions.db"), allow_hosts: tuple[str, ...] | None = None
) -> FastAPI:
    """The site. Without keys, those of `vapid.pem` in this folder, with the subject in VAPID_SUBJECT."""
    keys = keys or VapidKeys.parse(Path("vapid.pem").read_bytes(), os.environ["VAPID_SUBJECT"])
    if allow_hosts is None:
        allow_hosts = tuple(os.environ.get("WINPUSH_ALLOW_HOST", "").split())
    store = Store(file, allow_hosts)

    @asynccontextmanager
    async def lifespan(app: FastAPI):  # type: ignore[no-untyped-def]  # as FastAPI's own pages write it
        async with AsyncClient(webpush=keys, allow_hosts=allow_hosts) as app.state.client:  # one for the whole process
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(HERE / "index.html")

    @app.get("/sw.js")  # at the root, so that it controls the whole site
    def service_worker() -> FileResponse:
        return FileResponse(HERE / "sw.js", media_type="text/javascript")

    @app.get("/key")
    def key() -> dict[str, str]:
        return {"application_server_key": keys.application_server_key}

    @app.post("/subscriptions", status_code=201)
    async def subscribe(request: Request) -> None:
        try:
            store.add(store.read(await request.body()))
        except (ChannelError, ValidationError) as error:
            raise HTTPException(422, str(error)) from None

    @app.post("/push")  # anyone can push here: add your own login
    async def push(request: Request) -> Response:
        message = Message.json(await request.json())
        outcomes: dict[str, int] = {}
        pairs = ((subscription, message, subscription) for subscription in store)
        async for result in request.app.state.client.send_many(pairs):
            if result.should_delete_channel:
                store.remove(result.key)
            outcomes[result.outcome.value] = outcomes.get(result.outcome.value, 0) + 1
        return Response(json.dumps(outcomes), media_type="application/json")

    return app
