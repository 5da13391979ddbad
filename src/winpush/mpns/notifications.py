"""The base of all MPNS notifications, and the kinds other than tiles: frozen values, checked and encoded once, when
they are created (mpns.md 2 to 5 and 7)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from winpush._values import Value, keep_plain
from winpush.channels import Service
from winpush.errors import ValidationError
from winpush.mpns import checks, payloads
from winpush.mpns.fields import CLEAR, TOAST_FIELDS, VERSIONS
from winpush.secrecy import SecretText

__all__ = ["Batching", "Notification", "Raw", "Toast", "check_version", "reads"]


class Batching(enum.IntEnum):
    """How long MPNS may hold a notification back, to save the phone's battery (mpns.md 3)."""

    IMMEDIATELY = 0
    WITHIN_450_SECONDS = 1
    WITHIN_900_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Notification(Value):
    """The base of all MPNS notifications: the delivery options.

    `batching` is how long the service may wait; `message_id` is echoed in the result; `callback_uri` is for
    authenticated channels only.
    """

    batching: Batching = Batching.IMMEDIATELY
    message_id: UUID | str | None = None
    callback_uri: str | None = None
    _body: bytes = field(init=False, repr=False, compare=False, default=b"")

    # Not annotated, here or in subclasses: pyright doesn't accept a ClassVar as the property of `results.Notification`.
    service = Service.MPNS

    @property
    def push_type(self) -> str:
        """`toast`, `tile` or `raw`."""
        raise NotImplementedError

    def _finish(self, body: bytes) -> None:
        """Checks the delivery options and stores the encoded payload, which is the same for every channel."""
        if self.message_id is not None or self.callback_uri is not None:
            keep_plain(self, ("message_id", "callback_uri"))
        if self.message_id is not None:
            object.__setattr__(self, "message_id", checks.check_message_id(self.message_id))
        if self.callback_uri is not None:
            checks.check_callback_uri(self.callback_uri)
        if type(self.batching) is not Batching:
            raise ValidationError("batching", "must be a member of mpns.Batching")
        checks.check_payload(body)
        object.__setattr__(self, "_body", body)

    def __repr__(self) -> str:
        # Only what is sent: a tile usually leaves most of its fields out.
        options = [name for name, value in self._options().items() if value is not None and value != 0]
        shown = [name for name in self._names() if getattr(self, name) is not None]
        values = {name: getattr(self, name) for name in shown + options}
        if self.callback_uri is not None:  # it may have a login or a key in it
            values["callback_uri"] = SecretText(self.callback_uri)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    @property
    def body(self) -> bytes:
        """The bytes that go on the wire."""
        return self._body

    def to_xml(self) -> bytes:
        """The bytes that go on the wire: UTF-8 XML, or the payload itself of a `Raw`."""
        return self._body

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict of the fields that are sent, under their Python names. A cleared field is None."""
        named = {name: _jsonable(getattr(self, name)) for name in self._names() if getattr(self, name) is not None}
        if self.batching is not Batching.IMMEDIATELY:
            named["batching"] = self.batching.name.lower()
        if self.message_id is not None:
            named["message_id"] = str(self.message_id)
        return {"type": type(self).__name__, **named}

    def for_version(self, version: str) -> Notification:
        """The part of this notification that a phone of that version (`7.0`, `7.1`, `7.8`, `8.0` or `8.1`) understands.

        Returns the notification itself if the phone understands all of it. Raises NothingToSendError if nothing would
        be left, and ValidationError for a version that MPNS never served.
        """
        check_version(version)
        return self

    def _options(self) -> dict[str, Any]:
        return {"batching": self.batching, "message_id": self.message_id, "callback_uri": self.callback_uri}

    def _names(self) -> tuple[str, ...]:
        return ()


def check_version(version: str) -> None:
    """Raises ValidationError for anything but a Windows Phone version that MPNS served."""
    if version not in VERSIONS:
        raise ValidationError("version", f"is {version!r}; MPNS served {', '.join(VERSIONS)}")


def reads(version: str, since: str) -> bool:
    """True if a phone running `version` reads fields introduced in `since`."""
    return VERSIONS.index(version) >= VERSIONS.index(since)


def _jsonable(value: object) -> object:
    if value is CLEAR:
        return None
    return [_jsonable(item) for item in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, repr=False)
class Toast(Notification):
    """A banner across the top of the screen: a bold title, a text, and the page that a tap opens.

    `param` (Windows Phone 7.1 and later) starts with `/` or `?`. `sound` (8.0 Update 3 and later) is the path of a
    wav, mp3 or wma file inside the app's package; `silent=True` plays none. Raises ValidationError if both text1 and
    text2 are missing or blank.
    """

    text1: str | None = None
    text2: str | None = None
    param: str | None = None
    sound: str | None = None
    silent: bool = False

    push_type = "toast"

    def __post_init__(self) -> None:
        # A new toast for each send is usual, and so are two texts alone: then there is nothing to look for.
        if not (type(self.text1) is type(self.text2) is str and self.param is self.sound is None):
            keep_plain(self, ("text1", "text2", "param", "sound"))
        # A toast has no previous state, so an empty text means the same as none.
        for name, value in (("text1", self.text1), ("text2", self.text2)):
            if value == "":
                object.__setattr__(self, name, None)
            elif value is not None:
                checks.check_string(name, value)
        if not ((self.text1 and self.text1.strip()) or (self.text2 and self.text2.strip())):
            raise ValidationError("text1", "is empty, and so is text2: a toast needs at least one of them")
        if self.param is not None:
            checks.check_link("param", self.param)
        self._check_sound()
        self._finish(payloads.write_toast(self.text1, self.text2, self.param, self.sound, self.silent))

    def _check_sound(self) -> None:
        if not isinstance(self.silent, bool):
            raise ValidationError("silent", "must be True or False")
        if self.sound is not None:
            checks.check_sound("sound", self.sound)
            if self.silent:
                raise ValidationError("sound", "is given although silent is True; choose one")

    def for_version(self, version: str) -> Toast:
        """Drops `param` on 7.0 and the sound before 8.0; the texts always remain."""
        check_version(version)
        unread = {field.name for field in TOAST_FIELDS if not reads(version, field.since)}
        changes: dict[str, Any] = {name: None for name in unread if getattr(self, name) is not None}
        if "sound" in unread and self.silent:
            changes["silent"] = False
        return self.replace(**changes) if changes else self

    def _names(self) -> tuple[str, ...]:
        return ("text1", "text2", "param", "sound", *(("silent",) if self.silent else ()))


@dataclass(frozen=True, slots=True, repr=False, init=False)
class Raw(Notification):
    """Any bytes or text (sent as UTF-8) for the running app; the phone drops it if the app is in the background."""

    payload: bytes = b""

    push_type = "raw"

    def __init__(
        self,
        payload: str | bytes,
        *,
        batching: Batching = Batching.IMMEDIATELY,
        message_id: UUID | str | None = None,
        callback_uri: str | None = None,
    ) -> None:
        """Raises ValidationError for an empty payload, or one over 3,072 bytes."""
        if not isinstance(payload, str | bytes | bytearray):
            raise ValidationError("payload", f"must be text or bytes, not {type(payload).__name__}")
        try:
            body = payload.encode() if isinstance(payload, str) else bytes(payload)
        except UnicodeEncodeError as error:
            raise ValidationError(
                "payload", f"has a lone surrogate at position {error.start}, which UTF-8 can't encode"
            ) from None
        if not body:
            raise ValidationError("payload", "is empty: there is nothing to send")
        for name, value in (
            ("payload", body),
            ("batching", batching),
            ("message_id", message_id),
            ("callback_uri", callback_uri),
        ):
            object.__setattr__(self, name, value)
        self._finish(body)

    def _names(self) -> tuple[str, ...]:
        return ("payload",)

    def to_dict(self) -> dict[str, Any]:
        """Like the base method, with the payload as text; bytes that aren't UTF-8 are replaced."""
        return {
            **Notification.to_dict(self),
            "payload": self.payload.decode(errors="replace"),
            "payload_bytes": len(self.payload),
        }
