"""The apps that the emulator's token servers know: its own, and any others that are named.

An app's ids and secret follow from its name, so that a program in another process knows them without asking.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from winpush.channels import app_name_problem
from winpush.errors import ValidationError

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "PACKAGE_SID", "App", "Apps", "app_named"]

CLIENT_ID = "00000000-0000-0000-0000-000000000001"
PACKAGE_SID = "ms-app://s-1-15-2-1-2-3-4-5-6-7"
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - a made-up secret of a made-up service

MAX_APPS = 1000
_SID_NUMBERS = 7


@dataclass(frozen=True, slots=True)
class App:
    """An app as Windows knows it: its id at Entra, its Package SID, and the secret for either.

    `name` is what the emulator calls it, None for the emulator's own.
    """

    name: str | None
    client_id: str
    package_sid: str
    client_secret: str = field(repr=False)

    @property
    def words(self) -> str:
        """How messages refer to it."""
        return "the emulator's own app" if self.name is None else f"the app {self.name!r}"


_OWN = App(None, CLIENT_ID, PACKAGE_SID, CLIENT_SECRET)


def app_named(name: str | None) -> App:
    """The app of this name. Raises ValidationError for an invalid name."""
    if name is None:
        return _OWN
    if (problem := app_name_problem(name)) is not None:
        raise ValidationError("app", problem)
    digest = hashlib.sha256(name.encode())
    text = digest.hexdigest()
    client_id = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))
    numbers = (int.from_bytes(digest.digest()[4 * n : 4 * n + 4]) for n in range(_SID_NUMBERS))
    sid = "ms-app://s-1-15-2-" + "-".join(map(str, numbers))
    return App(name, client_id, sid, f"{CLIENT_SECRET}-{text[-12:]}")


class Apps:
    """The apps known so far, in the order in which they were first named."""

    def __init__(self) -> None:
        self._known: dict[str | None, App] = {None: _OWN}
        self._by_id = {CLIENT_ID: _OWN, PACKAGE_SID: _OWN}

    def add(self, name: str | None) -> App:
        """The app of this name, known from now on. Raises ValidationError."""
        app = self._known.get(name) or app_named(name)
        if app.name not in self._known:
            if len(self._known) >= MAX_APPS:
                raise ValidationError("app", f"is one too many: the emulator keeps {MAX_APPS:,} apps")
            self._known[app.name] = app
            self._by_id |= {app.client_id: app, app.package_sid: app}
        return app

    def find(self, client_id: str) -> App | None:
        """The app with this id at Entra, or this Package SID."""
        return self._by_id.get(client_id.lower().rstrip("/"))

    @property
    def known(self) -> tuple[App, ...]:
        """All of them, the emulator's own first."""
        return tuple(self._known.values())
