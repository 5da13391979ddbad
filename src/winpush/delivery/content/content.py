"""The content of a broadcast: a notification per service and language, with templates filled in per channel.

`Content.for_channel` runs for every channel of a broadcast. It returns the same object to all channels that need the
same notification, because the send path encodes each object once.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol

from winpush import mpns, webpush, wns
from winpush.channels import Service
from winpush.convert import to_wns
from winpush.delivery.content.codec import check_known, read_form, write_form
from winpush.delivery.content.shared import Shared, size_of_texts
from winpush.delivery.content.templates import TemplatePlan, as_text, plan_template
from winpush.delivery.registry.rules import NO_ATTRIBUTES, Scalar, check_attributes, check_locale
from winpush.errors import NothingToSendError, ValidationError
from winpush.results import Notification

__all__ = ["Content", "Form", "Reason", "Recipient", "Refusal"]

Form = mpns.Notification | wns.Notification | wns.ClearToasts | webpush.Message
"""A notification of any service."""

FORMAT = 1
"""The version of the JSON format. Later formats are refused, not guessed."""

MAX_LOCALES = 200
# The size of the caches of forms.
_MAX_CACHED = 1024
_SECOND = timedelta(seconds=1)
_NO_TIME = timedelta()
_OWN_NAMES = ("key", "locale", "platform")

WnsForm = wns.Notification | wns.ClearToasts


class Recipient(Protocol):
    """The fields of a channel that a content uses: a Registration, or a database row with the same names."""

    @property
    def service(self) -> Service | str:
        """The channel's service, or its value."""

    @property
    def key(self) -> str | None:
        """Your key for the channel, for `{key}`."""

    @property
    def platform(self) -> str | None:
        """The platform: an `mpns` notification is reduced to what an older phone supports."""

    @property
    def locale(self) -> str | None:
        """The language tag in canonical case, to choose among the locales."""

    @property
    def attributes(self) -> Mapping[str, Scalar] | None:
        """The values for placeholders, or None."""


class Reason(enum.Enum):
    """Why a channel gets nothing."""

    NO_FORM = "no-form"
    NOTHING_LEFT = "nothing-left"
    NOT_FOR_PLATFORM = "not-for-platform"
    MISSING_VALUE = "missing-value"
    INVALID = "invalid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a channel gets nothing: the reason, and a sentence that says what to change."""

    reason: Reason
    explanation: str


@dataclass(frozen=True, slots=True)
class _Form:
    """What channels of one service, platform and language get: a notification, and the plan to fill it, if any."""

    notification: Any
    plan: TemplatePlan | None = None
    defaults: Mapping[str, Scalar] = field(default_factory=lambda: NO_ATTRIBUTES)
    # True for an MPNS notification that is converted to WNS after it is filled.
    converted: bool = False
    has_ttl: bool = False
    text_bytes: int = 0
    """The memory taken by the texts of a notification to be filled."""


_EXPIRED = Refusal(Reason.EXPIRED, "The notification expired before it could be sent.")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Content:
    """A notification for each service, with templates and languages.

    - `mpns`, `wns`, `webpush`: the notification for each service; give at least one. Without `wns`, a WNS channel gets
      the MPNS notification converted, if possible. Nothing else is converted.
    - `template=True`: replace `{name}` in texts with the channel's attribute of that name, or with its `{key}`,
      `{locale}` or `{platform}`. Write `{{` and `}}` for literal braces. Within an address (a launch argument, an image
      source, the page that a tap opens) the value is percent-encoded, unless it is the whole address. In a `webpush`
      payload that is JSON, the strings in it are filled.
    - `defaults`: values for placeholders that a channel has no value for. Without a default, the channel is skipped.
    - `locales`: other contents or notifications, by language tag. For each service, a channel gets the one for its own
      tag, or else a shorter tag (`de-AT`, then `de`), or else this content.

    Raises ValidationError for a content without a notification, and for an invalid template.
    """

    mpns: mpns.Notification | None = None
    wns: WnsForm | None = None
    template: bool = False
    defaults: Mapping[str, Scalar] = field(default_factory=lambda: NO_ATTRIBUTES)
    locales: Mapping[str, Content | Notification] = field(default_factory=dict)
    webpush: webpush.Message | None = None
    _forms: dict[tuple[object, ...], _Form | Refusal] = field(init=False, repr=False, default_factory=dict)
    # Notifications that need no filling and no TTL arithmetic.
    _plain: dict[tuple[object, ...], Any] = field(init=False, repr=False, default_factory=dict)
    # One per variant, service and platform. Never evicted, since the keys of `_shared` include their ids.
    _shapes: dict[tuple[object, ...], _Form | Refusal] = field(init=False, repr=False, default_factory=dict)
    _shared: Shared = field(init=False, repr=False, default_factory=Shared)

    def __post_init__(self) -> None:
        _check_form("mpns", self.mpns, mpns.Notification)
        _check_form("wns", self.wns, wns.Notification | wns.ClearToasts)
        _check_form("webpush", self.webpush, webpush.Message)
        given = [form for form in (self.mpns, self.wns, self.webpush) if form is not None]
        if not given and not self.locales:
            raise ValidationError("content", "has no notification; give mpns, wns or webpush")
        if not isinstance(self.template, bool):
            raise ValidationError("template", "must be True or False")
        object.__setattr__(self, "defaults", check_attributes(self.defaults, "defaults"))
        object.__setattr__(self, "locales", self._take_locales())
        if self.template:
            for form in given:
                plan_template(form)

    def _take_locales(self) -> Mapping[str, Content]:
        if not isinstance(self.locales, Mapping):
            raise ValidationError("locales", "must be a mapping of language tags to contents")
        taken: dict[str, Content] = {}
        for tag, given in self.locales.items():
            locale = check_locale(tag, "locales")
            variant = given if isinstance(given, Content) else Content.of(given, template=self.template)
            if variant.locales:
                raise ValidationError("locales", f"has a content for {tag!r} with its own locales; don't nest them")
            if locale is None or locale in taken:
                raise ValidationError("locales", f"has {tag!r} twice; keep one of them")
            taken[locale] = variant
        if len(taken) > MAX_LOCALES:
            raise ValidationError("locales", f"has {len(taken)} languages; the limit is {MAX_LOCALES}")
        return MappingProxyType(taken)

    @classmethod
    def of(cls, notification: object, *, template: bool = False) -> Content:
        """Wraps a notification in a Content; returns a Content unchanged."""
        if isinstance(notification, Content):
            return notification
        if isinstance(notification, mpns.Notification):
            return cls(mpns=notification, template=template)
        if isinstance(notification, wns.Notification | wns.ClearToasts):
            return cls(wns=notification, template=template)
        if isinstance(notification, webpush.Message):
            return cls(webpush=notification, template=template)
        raise ValidationError("content", f"must be a notification or a Content, not {type(notification).__name__}")

    def for_channel(
        self, channel: Recipient, *, remaining: timedelta | None = None, waited: timedelta = _NO_TIME
    ) -> Form | Refusal:
        """What this channel gets, or why it gets nothing; never raises because of a single channel.

        `remaining` is the time until the broadcast expires; it limits the TTL of a WNS notification. `waited` is how
        long the notification has waited so far; it is deducted from its own TTL, except from a TTL of 0, which counts
        from the moment of sending. Channels that need the same notification get the same object.
        """
        if remaining is not None and remaining < _SECOND:
            return _EXPIRED
        kind = (channel.service, channel.platform, channel.locale)
        form = self._forms.get(kind)
        if form is None:
            form = self._forms[kind] = self._choose(Service(channel.service), channel.platform, channel.locale)
            if isinstance(form, _Form) and form.plan is None and not (form.has_ttl and form.notification.ttl):
                self._plain[kind] = form.notification
        if isinstance(form, Refusal):
            return form
        made = form.notification if form.plan is None else self._fill(form, form.plan, channel)
        if not form.has_ttl or type(made) is Refusal:
            return made  # type: ignore[no-any-return]  # a notification of either service
        if waited >= _SECOND and made.ttl:
            own = made.ttl - waited
            remaining = own if remaining is None else min(own, remaining)
            if remaining < _SECOND:
                return _EXPIRED
        return made if remaining is None else self._shorten(made, remaining)

    def plain_form(self, channel: Recipient) -> Form | None:
        """The notification that `for_channel` returns for this channel at any time: no template to fill, no TTL.

        None if it depends on the channel or the time, or isn't known yet.
        """
        return self._plain.get((channel.service, channel.platform, channel.locale))

    # --- choosing a form ----------------------------------------------------------------------------------------

    def _choose(self, service: Service, platform: str | None, locale: str | None) -> _Form | Refusal:
        if len(self._forms) >= _MAX_CACHED:
            self._forms.clear()
            self._plain.clear()
        refusal = Refusal(Reason.NO_FORM, f"The content has nothing for {service.name}: give {service.value}=….")
        for variant in self._variants(locale):
            # Languages that resolve to the same variant share its form, and thus its notification.
            kind = (id(variant), service, platform)
            form = self._shapes.get(kind)
            if form is None:
                form = self._shapes[kind] = _form(variant, self.defaults, service, platform)
            if isinstance(form, _Form):
                return form
            refusal = form if form.reason is not Reason.NO_FORM else refusal
        return refusal

    def _variants(self, locale: str | None) -> list[Content]:
        """The contents to try, closest language first."""
        found: list[Content] = []
        while locale:
            variant = self.locales.get(locale)
            if isinstance(variant, Content):
                found.append(variant)
            locale = locale.rpartition("-")[0]
        return [*found, self]

    # --- filling templates, shortening TTLs ---------------------------------------------------------------------

    def _fill(self, form: _Form, plan: TemplatePlan, channel: Recipient) -> Any:
        values: dict[str, str] = {}
        for name in plan.names:
            value = _value(channel, name)
            if value is None:
                value = form.defaults.get(name)
            if value is None:
                return self._missing(name)
            values[name] = as_text(value)
        kind = ("filled", id(form.notification), form.converted, *values.values())
        found = self._shared.get(kind)
        if found is not None:
            return found
        return self._shared.keep(
            kind, _filled(form, plan, values), form.text_bytes + 2 * size_of_texts(values.values())
        )

    def _missing(self, name: str) -> Refusal:
        kind = ("missing", name)
        explanation = f"The channel has no value for {{{name}}}: set that attribute, or add a default."
        found: Refusal | None = self._shared.get(kind)
        if found is None:
            found = self._shared.keep(kind, Refusal(Reason.MISSING_VALUE, explanation), 0)
        return found

    def _shorten(self, made: Any, remaining: timedelta) -> Form:
        if made.ttl is not None and made.ttl <= remaining:
            return made  # type: ignore[no-any-return]  # a notification of WNS
        seconds = remaining // _SECOND
        kind = ("shortened", id(made), seconds)
        found = self._shared.get(kind)
        if found is None:
            # The entry keeps `made` alive, so that no other object can get the id in its key.
            found = self._shared.keep(kind, (made.replace(ttl=seconds * _SECOND), made), 0)
        return found[0]  # type: ignore[no-any-return]  # a notification of WNS

    @property
    def cached_bytes(self) -> int:
        """The approximate memory of the notifications kept for reuse."""
        return self._shared.bytes

    # --- JSON ---------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Canonical JSON: sorted names, the same text for equal contents. `from_json` reads it back losslessly."""
        return json.dumps(
            {"format": FORMAT, **self._written()}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    def _written(self) -> dict[str, Any]:
        named: dict[str, Any] = {}
        if self.mpns is not None:
            named["mpns"] = write_form(self.mpns)
        if self.wns is not None:
            named["wns"] = write_form(self.wns)
        if self.webpush is not None:
            named["webpush"] = write_form(self.webpush)
        if self.template:
            named["template"] = True
        if self.defaults:
            named["defaults"] = dict(self.defaults)
        if self.locales:
            named["locales"] = {tag: Content.of(variant)._written() for tag, variant in self.locales.items()}
        return named

    @classmethod
    def from_json(cls, text: str) -> Content:
        """Reads the JSON of `to_json`, including that of earlier versions. Raises ValidationError for anything else,
        and for a later format."""
        try:
            named = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValidationError("content", f"is not valid JSON: {error}") from None
        if not isinstance(named, dict):
            raise ValidationError("content", f"must be a JSON object, not {type(named).__name__}")
        if named.pop("format", None) != FORMAT:
            raise ValidationError("content", f"is not in format {FORMAT}, the only one that this version reads")
        try:
            return cls._read(named)
        except RecursionError:
            raise ValidationError("content", "is nested too deeply") from None

    @classmethod
    def _read(cls, named: object) -> Content:
        if not isinstance(named, dict):
            raise ValidationError("content", f"contains a {type(named).__name__} instead of a content")
        values = dict(named)
        for name in ("mpns", "wns", "webpush"):
            values[name] = read_form(values.get(name))
        locales = values.get("locales", {})
        if not isinstance(locales, dict):
            raise ValidationError("locales", f"must be an object, not {type(locales).__name__}")
        values["locales"] = {tag: cls._read(variant) for tag, variant in locales.items()}
        unknown = values.keys() - {"mpns", "wns", "webpush", "template", "defaults", "locales"}
        if unknown:
            raise ValidationError("content", f"has the unknown field {min(unknown)!r}")
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Content):
            return NotImplemented
        return self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())


def _check_form(name: str, form: object, kind: Any) -> None:
    if form is None:
        return
    if isinstance(form, kind):
        check_known(name, form)
    else:
        raise ValidationError(name, f"must be a notification of winpush.{name}, not {type(form).__name__}")


def _form(variant: Content, defaults: Mapping[str, Scalar], service: Service, platform: str | None) -> _Form | Refusal:
    """A variant's form for this service and platform, not filled in yet."""
    given: Any = getattr(variant, service.value)
    converted = given is None and service is Service.WNS and variant.mpns is not None
    if converted:
        given = variant.mpns
    if given is None:
        return Refusal(Reason.NO_FORM, "")
    if isinstance(given, wns.ClearToasts) and platform == "windows":
        return Refusal(Reason.NOT_FOR_PLATFORM, "ClearToasts is for Windows Phone; Windows devices refuse it (405).")
    made = given if converted else _for_platform(given, platform)
    if isinstance(made, Refusal):
        return made
    filling = plan_template(made) if variant.template else None
    has_ttl = service is not Service.MPNS and not isinstance(made, wns.ClearToasts)
    if filling is not None:
        text_bytes = size_of_texts([json.dumps(write_form(made), ensure_ascii=False)])
        return _Form(made, filling, {**defaults, **variant.defaults}, converted, has_ttl, text_bytes)
    made = _converted(made) if converted else made
    return made if isinstance(made, Refusal) else _Form(made, has_ttl=has_ttl)


def _for_platform(notification: Any, platform: str | None) -> Any:
    """The notification reduced to what the platform supports; unchanged for an MPNS channel of unknown platform."""
    if platform is None or not isinstance(notification, mpns.Notification):
        return notification
    try:
        return notification.for_version(platform)
    except NothingToSendError as error:
        return Refusal(Reason.NOTHING_LEFT, str(error))


def _converted(notification: Any) -> Any:
    try:
        return to_wns(notification)
    except NothingToSendError as error:
        return Refusal(Reason.NOTHING_LEFT, str(error))
    except ValidationError as error:
        return Refusal(Reason.INVALID, f"The MPNS notification can't be converted to WNS: {error}")


def _filled(form: _Form, plan: TemplatePlan, values: Mapping[str, str]) -> Any:
    try:
        filled = plan.fill(values)
    except ValidationError as error:
        return Refusal(Reason.INVALID, f"Filled with this channel's values, the notification is invalid: {error}")
    return _converted(filled) if form.converted else filled


def _value(channel: Recipient, name: str) -> Scalar | None:
    if name in _OWN_NAMES:
        return getattr(channel, name)  # type: ignore[no-any-return]  # one of the texts of a Recipient
    return None if channel.attributes is None else channel.attributes.get(name)
