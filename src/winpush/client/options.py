"""The options of a client, as the caller gives them and checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

from winpush.channels import AllowedHosts
from winpush.client.apps import Logins, parse_apps
from winpush.client.token_cache import AnyCredentials
from winpush.client.token_store import TokenStore, identity_of
from winpush.errors import ConfigurationError
from winpush.transport.host import Limits
from winpush.transport.proxy import Proxies
from winpush.transport.tls import ClientCertificate, Tls

if TYPE_CHECKING:  # it needs cryptography, which is only installed for pushing to browsers
    from winpush.webpush import VapidKeys

__all__ = ["ClientOptions", "Settings", "WhenThrottled", "parse_count", "parse_seconds"]

WhenThrottled = Literal["wait", "tell", "send"]
"""What happens to a send that the service said to hold back."""

# Mistaking milliseconds for seconds once gave a library a timeout of 10,000 s.
MAX_TIMEOUT_SECONDS = 600.0


def parse_seconds(name: str, value: float | timedelta) -> float:
    """A time given in seconds or as a timedelta, in seconds. Raises ConfigurationError outside 0 to 600 s."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= MAX_TIMEOUT_SECONDS:
        raise ConfigurationError(
            f"{name}: is {value!r}; give seconds (or a timedelta) over 0 and up to {MAX_TIMEOUT_SECONDS:g}"
        )
    return float(number)


def parse_count(name: str, value: int) -> int:
    """A whole number from 1. Raises ConfigurationError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"{name}: is {value!r}; give a whole number from 1")
    return value


def _parse_rates(
    value: float | Mapping[str, float] | None, apps: Mapping[str | None, AnyCredentials]
) -> float | Mapping[str, float] | None:
    """The limit on sends per second, or those of apps."""
    name = "max_sends_per_second"
    if value is None or not isinstance(value, Mapping):
        return None if value is None else _parse_rate(name, value)
    if not value:
        raise ConfigurationError(f"{name}: is an empty mapping; give each app's limit by its name, or leave it out")
    for app in value:
        if app not in apps or app is None:
            raise ConfigurationError(f"{name}: the client has no app {app!r:.80} to limit; name those of wns={{…}}")
    return {app: _parse_rate(f"{name}[{app!r}]", each) for app, each in value.items()}


def _parse_rate(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ConfigurationError(f"{name}: is {value!r}; give a number over 0, or None for no limit")
    return float(value)


def _parse_logins(wns: Logins | None, token_store: TokenStore | None) -> Mapping[str | None, AnyCredentials]:
    apps = parse_apps(wns)
    if token_store is not None:
        for credentials in apps.values():
            identity_of(credentials)
    return apps


def _check_keys(keys: VapidKeys | None) -> None:
    if keys is not None and not hasattr(keys, "application_server_key"):
        raise ConfigurationError("webpush: give webpush.VapidKeys, such as VapidKeys.parse(key, 'mailto:…')")


class ClientOptions(TypedDict, total=False):
    """The options of both clients; AsyncClient says what each means."""

    wns: Logins | None
    webpush: VapidKeys | None
    webpush_reuse_keys: bool
    token_store: TokenStore | None
    allow_hosts: Iterable[str]
    mpns_certificate: ClientCertificate | None
    tls: Tls | None
    proxy: str | None
    proxy_from_environment: bool
    timeout: float | timedelta
    connect_timeout: float | timedelta
    max_connections: int
    max_connections_per_host: int
    max_sends_per_second: float | Mapping[str, float] | None
    when_throttled: WhenThrottled


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a client, checked. See AsyncClient for what each means."""

    allowed: AllowedHosts
    tls: Tls
    certificate: ClientCertificate | None
    proxies: Proxies
    limits: Limits
    timeout_seconds: float
    apps: Mapping[str | None, AnyCredentials] = field(default_factory=dict, repr=False)
    """The credentials by app; a single app without a name has the key None."""
    token_store: TokenStore | None = None
    when_throttled: WhenThrottled = "wait"
    webpush: VapidKeys | None = field(default=None, repr=False)
    webpush_reuse_keys: bool = False

    @classmethod
    def of(
        cls,
        *,
        wns: Logins | None = None,
        webpush: VapidKeys | None = None,
        webpush_reuse_keys: bool = False,
        token_store: TokenStore | None = None,
        allow_hosts: Iterable[str] = (),
        mpns_certificate: ClientCertificate | None = None,
        tls: Tls | None = None,
        proxy: str | None = None,
        proxy_from_environment: bool = False,
        timeout: float | timedelta = 15.0,
        connect_timeout: float | timedelta = 10.0,
        max_connections: int = 500,
        max_connections_per_host: int = 100,
        max_sends_per_second: float | Mapping[str, float] | None = None,
        when_throttled: WhenThrottled = "wait",
    ) -> Settings:
        """Checks every option. Raises ConfigurationError, which names the option that can't work."""
        timeout_seconds = parse_seconds("timeout", timeout)
        apps = _parse_logins(wns, token_store)
        limits = Limits(
            parse_count("max_connections", max_connections),
            min(parse_count("max_connections_per_host", max_connections_per_host), max_connections),
            parse_seconds("connect_timeout", connect_timeout),
            hang_seconds=timeout_seconds / 3,
            sends_per_second=_parse_rates(max_sends_per_second, apps),
        )
        proxies = Proxies.of(proxy, os.environ if proxy_from_environment else None)
        _check_keys(webpush)
        if when_throttled not in get_args(WhenThrottled):
            raise ConfigurationError(f"when_throttled: is {when_throttled!r}; give 'wait', 'tell' or 'send'")
        return cls(
            AllowedHosts.of(allow_hosts),
            tls or Tls(),
            mpns_certificate,
            proxies,
            limits,
            timeout_seconds,
            apps,
            token_store,
            when_throttled,
            webpush,
            webpush_reuse_keys,
        )
