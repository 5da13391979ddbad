"""The apps that a client sends for: one, or several by name, each with its own credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from winpush.channels import app_name_problem
from winpush.client.token_cache import AnyCredentials
from winpush.errors import AppError, ConfigurationError, WinPushError

__all__ = ["Logins", "parse_apps", "refuse_app"]

Logins = AnyCredentials | Mapping[str, AnyCredentials]
"""The credentials of one app, or of several by the app's name."""

_SHOWN_NAMES = 20
_WHAT = "wns.EntraCredentials, wns.PackageCredentials, or an object with get_token"


def parse_apps(wns: Logins | None) -> Mapping[str | None, AnyCredentials]:
    """The credentials by app; a single app has the name None. Raises ConfigurationError naming the entry."""
    if wns is None:
        return {}
    if _can_log_in(wns):
        return {None: wns}  # type: ignore[dict-item]  # it is one of them
    if not isinstance(wns, Mapping):
        raise ConfigurationError(f"wns: give {_WHAT}; for several apps, a mapping of their names to these")
    if not wns:
        raise ConfigurationError("wns: is an empty mapping; give each app's credentials by its name, or leave it out")
    apps: dict[str | None, AnyCredentials] = {}
    for name, credentials in wns.items():
        if (problem := app_name_problem(name)) is not None:
            raise ConfigurationError(f"wns[{name!r:.80}]: the name of the app {problem}")
        if not _can_log_in(credentials):
            raise ConfigurationError(f"wns[{name!r}]: is {type(credentials).__name__}; give {_WHAT}")
        apps[name] = credentials
    return apps


def _can_log_in(credentials: object) -> bool:
    return hasattr(credentials, "get_token") or hasattr(credentials, "request")


def refuse_app(app: str | None, known: Iterable[str | None]) -> WinPushError:
    """Why there are no credentials for a send of this app, and what to do."""
    names = [name for name in known if name is not None]
    if None in known:
        return AppError(
            "app",
            f"is {app!r:.80}, but this client has the credentials of a single app without a name; leave out the app, "
            f"or create the client with wns={{{app!r:.80}: credentials}}",
        )
    if not names:
        return ConfigurationError(
            "wns: a WNS notification needs credentials; create the client with "
            "wns=wns.EntraCredentials(tenant_id, client_id, client_secret) or wns.PackageCredentials(…)"
        )
    listed = ", ".join(map(repr, names[:_SHOWN_NAMES])) + (", …" if len(names) > _SHOWN_NAMES else "")
    if app is None:
        return AppError("app", f"is missing: this client has credentials by app; name the channel's app: {listed}")
    return AppError("app", f"is {app!r:.80}, but this client has no credentials for it, only for {listed}")
