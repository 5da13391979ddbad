"""A request as it may be shown: without the secrets in its path, query, headers and body.

Anything that isn't known to be harmless counts as a secret: a client under test may misspell a name, or use a channel
URI that no channel has, and the record must still be safe to show to others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus

__all__ = ["shorten_secret", "shown_body", "shown_header", "shown_id", "shown_login", "shown_path"]

_LONG = 24
_FORM = "application/x-www-form-urlencoded"
# A channel URI's path before its secret, which has slashes of its own on Windows Phone 8.1.
_CHANNEL = re.compile(
    r"/(?:un)?throttledthirdparty/[^/]*/|/u/1/[^/]*/|/wpush/v[0-9]/|/fcm/send/|/wp/|/Q(?=[\w-]{60})", re.IGNORECASE
)
_URL = re.compile(r"https?://([^/?#\s<>\"']*)([^\s<>\"']*)", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Fields of a login that aren't secret (RFC 6749, section 4.4; wns.md 1.1), and are never long enough to hide a secret.
_HARMLESS = frozenset({"granttype", "clientassertiontype", "scope", "resource", "tenant"})
_IDS = frozenset({"clientid", "appid"})
# Parts of the names of secrets, in lower case and without word separators: `ClientSecret` is `client_secret`.
_SECRET = re.compile(r"secret|passw|pwd|token|assertion|credential|apikey|code|signature|authoriz|cookie")
_SECRET_HEADER = re.compile(r"secret|passw|pwd|token|assertion|credential|apikey|authoriz|cookie")
_FIELD_NAME = re.compile(r"[A-Za-z_.-]{1,32}")
# In other text, only names that can't be a notification's own words: in a form, in JSON, in XML or in multipart.
_NAMED = re.compile(
    r"(client[_-]?secret|client[_-]?assertion(?!_?type)|refresh[_-]?token|access[_-]?token|password)"
    r"([\"'\\]*(?:\s*[=:>]\s*|[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n)[\\]*)"
    r"(\"(?:\\.|[^\"\\])*\"?|'[^']*'?|[^&<>\s\"']+)",
    re.IGNORECASE,
)
_PART = re.compile(r"name=\"?([^\";\r\n]*)\"?[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n(.*?)(?=\r?\n--|\Z)", re.DOTALL)


def shorten_secret(secret: str, *, tail: bool = False) -> str:
    """Too little of a secret to use it, but enough to recognize it: its first four characters, or its last six."""
    if len(secret) < _LONG:
        return "…"
    return f"…{secret[-6:]}" if tail else f"{secret[:4]}… ({len(secret)} characters)"


def shown_id(client_id: str) -> str:
    """The id of an app, in full if it has the form of one: somebody may have put a secret in its place."""
    is_id = len(client_id) < _LONG or _GUID.fullmatch(client_id) or client_id.lower().startswith("ms-app://")
    return client_id if is_id else shorten_secret(client_id)


# --- paths --------------------------------------------------------------------------------------------------------


def shown_path(path: str, query: str) -> str:
    """Path and query, with channel tokens, and anything else long or named like a secret, shortened."""
    channel = _CHANNEL.match(path)
    if channel is not None:
        shown = channel[0] + shorten_secret(path[channel.end() :], tail=True)
    else:
        shown = "/".join(_shown_segment(each) for each in path.split("/"))
    return shown + ("?" + "&".join(_shown_argument(each) for each in query.split("&")) if query else "")


def _shown_segment(segment: str) -> str:
    return segment if len(segment) < _LONG or _GUID.fullmatch(segment) else shorten_secret(segment, tail=True)


def _shown_argument(argument: str) -> str:
    name, equals, value = argument.partition("=")
    plain = _plain(unquote_plus(name))
    if plain in _IDS:
        return name + equals + shown_id(unquote_plus(value))
    is_secret = len(value) >= _LONG or _SECRET.search(plain)
    shown = shorten_secret(value, tail=True) if is_secret and plain not in _HARMLESS and value else value
    return (name if len(name) < _LONG else shorten_secret(name, tail=True)) + equals + shown


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


# --- headers ------------------------------------------------------------------------------------------------------


def shown_header(name: str, value: str) -> str:
    """A header's value: for `Authorization` and the like its scheme and start; of others all but secrets in URLs."""
    if not _SECRET_HEADER.search(_plain(name)):
        return _URL.sub(_shown_url, value)
    scheme, space, secret = value.strip().partition(" ")
    return f"{scheme} {shorten_secret(secret)}" if space and len(scheme) < _LONG else shorten_secret(value)


def _shown_url(match: re.Match[str]) -> str:
    target, _, _ = match[2].partition("#")
    path, _, query = target.partition("?")
    return f"{match[0].partition('//')[0]}//{match[1].rpartition('@')[2]}{shown_path(path, query)}"


# --- bodies -------------------------------------------------------------------------------------------------------


def shown_body(text: str, content_type: str) -> str:
    """The body of a notification, without secrets that are named as in a login."""
    if content_type.partition(";")[0].strip().lower() == _FORM:
        return shown_login(text)
    return _NAMED.sub(lambda match: f"{match[1]}{match[2]}{_shortened(match[3])}", text)


def _shortened(value: str) -> str:
    mark = value[0] if value[:1] in ("'", '"') else ""
    return f"{mark}{shorten_secret(value.strip(mark or None))}{mark}"


def shown_login(text: str) -> str:
    """The body of a login, in whatever form it came: the names of the fields, and the harmless values."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if isinstance(given, dict):
        return json.dumps({_shown_name(name): _shown_field(name, value) for name, value in given.items()})
    fields: Iterable[tuple[str, str]] = _PART.findall(text) or parse_qsl(text, keep_blank_values=True)
    return "&".join(f"{_shown_name(name)}={_escaped(_shown_field(name, value))}" for name, value in fields)


def _escaped(value: str) -> str:
    """Readable, and still a form: only what separates fields is escaped."""
    return re.sub(r"[%&=+\r\n]", lambda match: quote(match[0]), value)


def _shown_name(name: str) -> str:
    return name if _FIELD_NAME.fullmatch(name) else shorten_secret(name)


def _shown_field(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    plain = _plain(name)
    if plain in _IDS:
        return shown_id(text)
    if plain in _HARMLESS:
        return text
    return shorten_secret(text) if len(text) >= _LONG or _SECRET.search(plain) else text
