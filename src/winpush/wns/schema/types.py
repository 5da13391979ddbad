"""The types of the attributes in the WNS schemas. Each one checks a value, writes it, and reads it back.

`check` raises ValidationError naming the field and the rule; `read` raises it for text that isn't a valid value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar, Protocol, cast

from winpush._xml import check_text
from winpush.errors import ValidationError
from winpush.wns.schema.enums import Sound

__all__ = [
    "SOUND_TYPES",
    "BaseUri",
    "Choice",
    "Flag",
    "Fraction",
    "ImageSource",
    "Kind",
    "Language",
    "Moment",
    "Name",
    "People",
    "SoundSource",
    "String",
    "Whole",
    "has_many_decimals",
    "is_registered_sound",
    "is_usual_moment",
    "is_whole",
    "scheme_of",
    "to_milliseconds",
]

MAX_WHOLE = 2**31 - 1  # the largest in the tests of Microsoft's toolkit (wns.md 9.1, 10.1)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_BINDING = re.compile(r"\{[^{}]+\}")
_IMAGE_SCHEMES = ("http", "https", "ms-appx", "ms-appdata", "file")
_IMAGE_TYPES = ("png", "jpg", "jpeg", "gif")
_OTHER_IMAGE = re.compile(r"[^?#]*\.(svg|webp|bmp|tiff?|ico|heic|avif)(?:[?#]|$)", re.IGNORECASE)
_SOUND_SCHEMES = ("ms-appx", "ms-appdata", "ms-resource")
_WINDOWS_SOUNDS = "ms-winsoundevent:Notification."
_MANY_DECIMALS = re.compile(r"[.,]\d{4}")
_USUAL_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)", re.ASCII)
SOUND_TYPES = ("aac", "flac", "m4a", "mp3", "wav", "wma")


def scheme_of(uri: str) -> str | None:
    """The scheme in lower case; None for a relative path or a drive letter such as `c:` (wns.md 10.3)."""
    match = _SCHEME.match(uri)
    return match[1].lower() if match else None


class Kind(Protocol):
    """The interface of every type. `folds` is True if case doesn't matter."""

    @property
    def folds(self) -> bool:
        """True if `captionsubtle` counts as `captionSubtle` (wns.md 9.5)."""

    def check(self, field: str, value: object, /) -> None:
        """Raises ValidationError for a value that must not be sent."""

    def write(self, value: object, /) -> str:
        """The attribute's text, unescaped."""

    def read(self, field: str, text: str, /) -> object:
        """The value of this text. Raises ValidationError if it isn't valid."""


@dataclass(frozen=True, slots=True)
class String:
    """Any text, including empty text."""

    folds: ClassVar[bool] = False

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for anything but text that XML can carry."""
        if not isinstance(value, str):
            raise ValidationError(field, f"must be text, not {type(value).__name__}")
        check_text(field, value)

    def write(self, value: object) -> str:
        """The text itself."""
        return str(value)

    def read(self, _field: str, text: str) -> object:
        """The text itself."""
        return text


@dataclass(frozen=True, slots=True)
class Name(String):
    """Non-empty text: an id, a title, a package family name."""

    def check(self, field: str, value: object) -> None:
        """Also raises ValidationError for empty text."""
        String.check(self, field, value)
        if not value:
            raise ValidationError(field, "must not be empty")


@dataclass(frozen=True, slots=True)
class Language(String):
    """A BCP-47 tag, such as `en-US`."""

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for anything not shaped like a language tag."""
        String.check(self, field, value)
        if not _LANGUAGE.fullmatch(str(value)):
            raise ValidationError(field, f"is {value!r}, which is not a language tag such as 'en-US'")


@dataclass(frozen=True, slots=True)
class ImageSource(String):
    """An image's address: http(s), ms-appx, ms-appdata, file, or a path relative to the base (wns.md 10.3)."""

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for an empty source, another scheme, or a file type that Windows doesn't show."""
        String.check(self, field, value)
        source = str(value)
        if not source.strip():
            raise ValidationError(field, "is empty; give the image's address, or leave the image out")
        scheme = scheme_of(source)
        if scheme is not None and scheme not in _IMAGE_SCHEMES:
            raise ValidationError(field, f"has the scheme {scheme!r}; Windows loads {', '.join(_IMAGE_SCHEMES)}")
        if match := _OTHER_IMAGE.match(source):
            raise ValidationError(field, f"is a .{match[1]} file; Windows shows {', '.join(_IMAGE_TYPES)}")


@dataclass(frozen=True, slots=True)
class BaseUri(String):
    """The base of relative image sources: an absolute URI."""

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for a relative URI, or a scheme that images can't have."""
        String.check(self, field, value)
        if scheme_of(str(value)) not in _IMAGE_SCHEMES:
            raise ValidationError(field, f"must be an absolute URI with one of the schemes {', '.join(_IMAGE_SCHEMES)}")


@dataclass(frozen=True, slots=True)
class People(String):
    """A contact: `mailto:`, `tel:` or `remoteid:` (wns.md 9.1)."""

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for any other form."""
        String.check(self, field, value)
        if scheme_of(str(value)) not in ("mailto", "tel", "remoteid"):
            raise ValidationError(field, "must start with 'mailto:', 'tel:' or 'remoteid:'")


@dataclass(frozen=True, slots=True)
class SoundSource(String):
    """One of Windows's own sounds, or a sound file of the app (wns.md 9.2)."""

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for a sound that Windows doesn't have, or a file that it can't play."""
        String.check(self, field, value)
        source = str(value)
        scheme = scheme_of(source)
        if scheme == "ms-winsoundevent":
            if source not in SOUNDS and not is_registered_sound(source):
                raise ValidationError(field, f"is {source!r}, which is not one of Windows's 25 sounds: see wns.Sound")
        elif scheme not in _SOUND_SCHEMES:
            raise ValidationError(field, "must be a wns.Sound, or a file of the app: ms-appx:///… or ms-appdata:///…")
        elif scheme != "ms-resource" and source.rpartition(".")[2].lower() not in SOUND_TYPES:
            raise ValidationError(field, f"must be a file of one of the types {', '.join(SOUND_TYPES)}")

    def read(self, _field: str, text: str) -> object:
        """A wns.Sound if it is one."""
        return SOUNDS.get(text, text)


SOUNDS = {sound.value: sound for sound in Sound}


def is_registered_sound(source: str) -> bool:
    """True for a sound event outside Windows's own: it plays if the app has registered it (wns.md 9.2)."""
    prefix = _WINDOWS_SOUNDS.lower()
    own = source.lower().startswith(prefix)
    return source.startswith("ms-winsoundevent:") and not own and len(source) > len("ms-winsoundevent:")


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false. Windows only knows them in lower case: a capital breaks a toast (wns.md 9.1)."""

    folds: ClassVar[bool] = False

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for anything but True and False."""
        if not isinstance(value, bool):
            raise ValidationError(field, f"must be True or False, not {value!r}")

    def write(self, value: object) -> str:
        """In lower case, as in XML Schema."""
        return "true" if value else "false"

    def read(self, field: str, text: str) -> object:
        """The flag; `1` and `0` are also accepted, as in XML Schema."""
        value = {"true": True, "1": True, "false": False, "0": False}.get(text.strip())
        if value is None:
            raise ValidationError(field, f"is {text[:20]!r}; it must be 'true' or 'false', in lower case")
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`."""

    low: int = 1
    high: int = MAX_WHOLE

    folds: ClassVar[bool] = False

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError outside the range."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError(field, f"must be a whole number, not {type(value).__name__}")
        if not self.low <= value <= self.high:
            raise ValidationError(field, f"is {value}; it must be from {self.low} to {self.high:,}")

    def write(self, value: object) -> str:
        """In decimal."""
        return str(value)

    def read(self, field: str, text: str) -> object:
        """Raises ValidationError for anything but a whole number."""
        if not is_whole(text.strip().removeprefix("-")):
            raise ValidationError(field, f"is {text[:20]!r}, which is not a whole number")
        return int(text)


def is_whole(text: str) -> bool:
    """True for a whole number without a sign."""
    return text.isascii() and text.isdigit() and len(text) <= 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One word from a closed list. `folds` is False for the few that Windows is known to treat as case-sensitive."""

    values: tuple[str, ...]
    folds: bool = True

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError that lists the words."""
        if value not in self.values:
            raise ValidationError(field, f"is {value!r}; it must be one of {', '.join(self.values)}")

    def write(self, value: object) -> str:
        """The word, in the documented spelling."""
        return str(value)

    def read(self, field: str, text: str) -> object:
        """The word in its documented spelling, whatever the case of the text (wns.md 9.5)."""
        if text in self.values:
            return text
        folded = text.lower()
        for value in self.values if self.folds else ():
            if value.lower() == folded:
                return value
        raise ValidationError(field, f"is {text[:40]!r}; it must be one of {', '.join(self.values)}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time with its UTC offset, in ISO 8601."""

    folds: ClassVar[bool] = False

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for a time without a UTC offset, which would be ambiguous."""
        if not isinstance(value, datetime):
            raise ValidationError(field, f"must be a datetime, not {type(value).__name__}")
        offset = value.utcoffset()
        if offset is None:
            raise ValidationError(field, "has no time zone; give an aware datetime, such as datetime.now(UTC)")
        if offset.seconds % 60 or offset.microseconds:
            raise ValidationError(field, "has an offset with seconds, which ISO 8601 can't write")

    def write(self, value: object) -> str:
        """`2017-04-15T19:45:00Z`, with three decimals if it has a fraction; other offsets as `+02:00`."""
        moment = to_milliseconds(cast(datetime, value))
        text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
        return f"{text[:-6]}Z" if text.endswith("+00:00") else text

    def read(self, field: str, text: str) -> object:
        """Raises ValidationError for anything but a time with a UTC offset and at most three decimals."""
        if has_many_decimals(text):
            raise ValidationError(field, f"is {text[:40]!r}; Windows takes at most three decimals")
        try:
            value = datetime.fromisoformat(text.strip())
            value.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(field, f"is {text[:40]!r}; it must look like 2017-04-15T19:45:00Z") from None
        self.check(field, value)
        return value


def to_milliseconds(moment: datetime) -> datetime:
    """The time truncated to three decimals, the most that a toast can have."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def has_many_decimals(text: str) -> bool:
    """True for a time with more than three decimals, which makes a toast invalid (wns.md 9.1)."""
    return _MANY_DECIMALS.search(text) is not None


def is_usual_moment(text: str) -> bool:
    """True for the form of ISO 8601 that all examples have, which is also RFC 3339's."""
    return _USUAL_MOMENT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Fraction:
    """The value of a progress bar: 0 to 1, `indeterminate`, or the name of a bound value in braces."""

    folds: ClassVar[bool] = False

    def check(self, field: str, value: object) -> None:
        """Raises ValidationError for a number outside 0 to 1, and for any other text."""
        if isinstance(value, str):
            if value != "indeterminate" and not _BINDING.fullmatch(check_text(field, value)):
                raise ValidationError(field, "must be a number from 0 to 1, 'indeterminate', or '{a bound value}'")
        elif not isinstance(value, int | float) or isinstance(value, bool):
            raise ValidationError(field, f"must be a number from 0 to 1, not {type(value).__name__}")
        elif not 0 <= value <= 1:
            raise ValidationError(field, f"is {value}; it must be from 0.0 (nothing done) to 1.0 (all done)")

    def write(self, value: object) -> str:
        """In decimal without an exponent, which Windows might not read."""
        return format(Decimal(repr(abs(value))), "f") if isinstance(value, float) else str(value)  # -0.0 is 0.0

    def read(self, _field: str, text: str) -> object:
        """A number if it is one."""
        if not (text.isascii() and text.replace(".", "", 1).isdigit()):
            return text
        return int(text) if len(text) == 1 else float(text)
