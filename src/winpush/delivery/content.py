"""What a broadcast sends: a form for each service, stored as JSON, and the form that a channel can take."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from winpush import mpns, wns
from winpush.channels import Service
from winpush.errors import NothingToSendError, ValidationError
from winpush.wns.options import NAMES as WNS_OPTIONS

__all__ = ["Content", "Form"]

Form = mpns.Notification | wns.Notification | wns.ClearToasts
"""A notification of either service."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent: `Content(mpns=…, wns=…)`, one form for each service; a channel gets that of its own.

    Raises ValidationError without any form, and for a form of the other service.
    """

    mpns: mpns.Notification | None = None
    wns: wns.Notification | wns.ClearToasts | None = None
    _variants: dict[object, Form] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.mpns is None and self.wns is None:
            raise ValidationError("content", "is empty: give mpns=, wns= or both")
        for name, value, service in (("mpns", self.mpns, Service.MPNS), ("wns", self.wns, Service.WNS)):
            if value is not None and getattr(value, "service", None) is not service:
                raise ValidationError(name, f"must be a notification of winpush.{name}, not {type(value).__name__}")

    @classmethod
    def of(cls, notification: object) -> Content:
        """From a single notification; a Content as it is. Raises ValidationError for anything else."""
        if isinstance(notification, Content):
            return notification
        if isinstance(notification, mpns.Notification):
            return cls(mpns=notification)
        if isinstance(notification, wns.Notification | wns.ClearToasts):
            return cls(wns=notification)
        raise ValidationError(
            "notification",
            f"must be of winpush.mpns or winpush.wns, or a Content, not {type(notification).__name__}",
        )

    @property
    def services(self) -> tuple[Service, ...]:
        """The services that there is a form for."""
        return tuple(each for each, form in ((Service.MPNS, self.mpns), (Service.WNS, self.wns)) if form is not None)

    @property
    def ttl(self) -> timedelta | None:
        """How long the form for WNS is worth showing, where it says so; one of 0 is about the moment, not the wait."""
        ttl = getattr(self.wns, "ttl", None)
        return ttl or None

    def for_channel(self, service: Service, platform: str | None, remaining: timedelta | None = None) -> Form:
        """The form for a channel, the same object for all channels that need the same.

        `remaining` is how long it is still worth showing: no TTL given to WNS is longer. Raises NothingToSendError
        where there is no form for the service, or nothing of it that the platform can show.
        """
        if service is Service.MPNS:
            version = platform if platform in mpns.VERSIONS else None
            if self.mpns is None:
                raise NothingToSendError("The content has no form for MPNS; give it one with Content(mpns=…).")
            if version is None:
                return self.mpns
            return self._variant(("mpns", version), lambda form: form.for_version(version), self.mpns)
        if self.wns is None:
            raise NothingToSendError("The content has no form for WNS; give it one with Content(wns=…).")
        if remaining is None or isinstance(self.wns, wns.ClearToasts):
            return self.wns
        ttl = max(remaining // timedelta(seconds=1), 1)
        if self.wns.ttl is not None and self.wns.ttl <= timedelta(seconds=ttl):
            return self.wns
        return self._variant(("wns", ttl), lambda form: form.replace(ttl=timedelta(seconds=ttl)), self.wns)

    def _variant(self, name: object, make: Any, form: Form) -> Form:
        found = self._variants.get(name)
        if found is None:
            if len(self._variants) > 100:  # TTLs of the seconds that are over
                self._variants.clear()
            found = self._variants[name] = make(form)
        return found

    def to_json(self) -> str:
        """JSON text for `from_json`, lossless: the same bytes go on the wire."""
        forms = {"mpns": self.mpns and _write_mpns(self.mpns), "wns": self.wns and _write_wns(self.wns)}
        return json.dumps({"format": _FORMAT, **{name: form for name, form in forms.items() if form}})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The other way of `to_json`. Raises ValidationError for a format that a newer winpush wrote."""
        stored = json.loads(text)
        if stored.get("format") != _FORMAT:
            raise ValidationError("content", f"has the format {stored.get('format')!r}; this winpush reads {_FORMAT}")
        return cls(
            mpns=_read_mpns(stored["mpns"]) if "mpns" in stored else None,
            wns=_read_wns(stored["wns"]) if "wns" in stored else None,
        )


def _pack(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _unpack(stored: dict[str, Any]) -> bytes:
    return base64.b64decode(stored["base64"]) if "base64" in stored else str(stored["text"]).encode()


def _write_mpns(form: mpns.Notification) -> dict[str, Any]:
    options: dict[str, Any] = {"batching": form.batching.value}
    if form.message_id is not None:
        options["message_id"] = str(form.message_id)
    if form.callback_uri is not None:
        options["callback_uri"] = form.callback_uri
    return {"kind": form.push_type, **_pack(form.body), "options": options}


def _read_mpns(stored: dict[str, Any]) -> mpns.Notification:
    options = {**stored["options"], "batching": mpns.Batching(stored["options"]["batching"])}
    return mpns.parse(_unpack(stored), raw=stored["kind"] == "raw", **options)


def _write_wns(form: wns.Notification | wns.ClearToasts) -> dict[str, Any]:
    if isinstance(form, wns.ClearToasts):
        return {"kind": form.push_type, "match": form.match}
    options = {name: getattr(form, name) for name in WNS_OPTIONS if getattr(form, name) is not None}
    if "ttl" in options:
        options["ttl"] = options["ttl"] // timedelta(seconds=1)
    if "priority" in options:
        options["priority"] = options["priority"].value
    return {"kind": form.push_type, **_pack(form.body), "options": options}


def _read_wns(stored: dict[str, Any]) -> wns.Notification | wns.ClearToasts:
    if "match" in stored:
        return wns.ClearToasts.read(stored["match"])
    options = dict(stored["options"])
    if "ttl" in options:
        options["ttl"] = timedelta(seconds=options["ttl"])
    if "priority" in options:
        options["priority"] = wns.Priority(options["priority"])
    if stored["kind"] == "raw":
        return wns.Raw(_unpack(stored), **options)
    # The document as it is: what was checked when it was made is not judged again by a later version's rules.
    return wns.Xml(stored["kind"], _unpack(stored), **options)
