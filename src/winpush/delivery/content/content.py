"""What is to be sent: a notification for each service, in each language, filled for each channel.

`Content.for_channel` is asked for every channel of a broadcast. It gives the same object to all channels that need the
same thing, since the send path encodes a notification once for each object.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol

from winpush import mpns, wns
from winpush.channels import Service
from winpush.convert import to_wns
from winpush.delivery.content.codec import check_known, read_form, write_form
from winpush.delivery.content.templates import Plan, as_text, plan
from winpush.delivery.registry.rules import NO_ATTRIBUTES, Scalar, check_attributes, check_locale
from winpush.errors import NothingToSendError, ValidationError
from winpush.results import Notification

__all__ = ["Content", "Form", "Reason", "Recipient", "Refusal"]

Form = mpns.Notification | wns.Notification | wns.ClearToasts
"""A notification of either service."""

FORMAT = 1
"""The version of the JSON; one that reads a later format says so instead of guessing."""

MAX_LOCALES = 200
# Values that are few come back from here as the same object; those that differ everywhere push each other out.
_MOST_KEPT = 1024
_SECOND = timedelta(seconds=1)
_NO_TIME = timedelta()
_OWN_NAMES = ("key", "locale", "platform")

WnsForm = wns.Notification | wns.ClearToasts


class Recipient(Protocol):
    """What a content looks at of a channel: a Registration, or a row of the store with the same names."""

    @property
    def service(self) -> Service | str:
        """Whose channel it is: the service or its value."""

    @property
    def key(self) -> str | None:
        """The user's own key, for `{key}`."""

    @property
    def platform(self) -> str | None:
        """The platform, for `mpns` notifications that older phones can't take whole."""

    @property
    def locale(self) -> str | None:
        """Its language tag in canonical case, for the choice among the locales."""

    @property
    def attributes(self) -> Mapping[str, Scalar] | None:
        """The values of the placeholders; None for none."""


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
    """Why a channel gets nothing of a content: the reason, and a sentence that names what would have to change."""

    reason: Reason
    explanation: str


@dataclass(frozen=True, slots=True)
class _Form:
    """What channels of one service, platform and language get: the notification, or the plan that makes it."""

    notification: Any
    plan: Plan | None = None
    defaults: Mapping[str, Scalar] = field(default_factory=lambda: NO_ATTRIBUTES)
    # An MPNS notification that is turned into a WNS one after it is filled.
    converted: bool = False
    has_ttl: bool = False


_EXPIRED = Refusal(Reason.EXPIRED, "The time after which the notification is no longer worth sending is over.")


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A notification in the forms that the channels of a broadcast can take.

    - `mpns`, `wns`: the forms for the two services, at least one. A WNS channel without a WNS form gets the MPNS one
      converted, where that can be done; an MPNS channel never gets a WNS form.
    - `template=True`: `{name}` in texts is filled with the channel's attribute of that name, or with its `{key}`,
      `{locale}` or `{platform}`; a brace itself is written twice. Inside of an address (a launch argument, an image's
      source, the page of a tap) the value is percent-encoded, unless it is the whole of it.
    - `defaults`: what stands for a value that a channel doesn't have; without one such a channel is refused.
    - `locales`: other contents, or notifications, by language. A channel gets that of its own tag, else of the shorter
      ones (`de-AT`, then `de`), else this one; service by service.

    Raises ValidationError for a content without a form, and for a template that can't be filled.
    """

    mpns: mpns.Notification | None = None
    wns: WnsForm | None = None
    template: bool = False
    defaults: Mapping[str, Scalar] = field(default_factory=lambda: NO_ATTRIBUTES)
    locales: Mapping[str, Content | Notification] = field(default_factory=dict)
    _forms: dict[tuple[object, ...], _Form | Refusal] = field(init=False, repr=False, default_factory=dict)
    # Of those that need nothing more: the notification itself.
    _plain: dict[tuple[object, ...], Any] = field(init=False, repr=False, default_factory=dict)
    # One for each variant, service and platform: few, and never dropped, since what is shared is known by their ids.
    _shapes: dict[tuple[object, ...], _Form | Refusal] = field(init=False, repr=False, default_factory=dict)
    _shared: dict[tuple[object, ...], Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        _check_form("mpns", self.mpns, mpns.Notification)
        _check_form("wns", self.wns, wns.Notification | wns.ClearToasts)
        if self.mpns is None and self.wns is None and not self.locales:
            raise ValidationError("content", "has no notification; give mpns, wns, or both")
        if not isinstance(self.template, bool):
            raise ValidationError("template", "must be True or False")
        object.__setattr__(self, "defaults", check_attributes(self.defaults, "defaults"))
        object.__setattr__(self, "locales", self._take_locales())
        if self.template:
            for form in (self.mpns, self.wns):
                if form is not None:
                    plan(form)

    def _take_locales(self) -> Mapping[str, Content]:
        if not isinstance(self.locales, Mapping):
            raise ValidationError("locales", "must be a mapping of language tags to contents")
        taken: dict[str, Content] = {}
        for tag, given in self.locales.items():
            locale = check_locale(tag, "locales")
            variant = given if isinstance(given, Content) else Content.of(given, template=self.template)
            if variant.locales:
                raise ValidationError("locales", f"hold for {tag!r} a content with locales of its own")
            if locale is None or locale in taken:
                raise ValidationError("locales", f"hold {tag!r} twice")
            taken[locale] = variant
        if len(taken) > MAX_LOCALES:
            raise ValidationError("locales", f"are {len(taken)}; at most {MAX_LOCALES} are taken")
        return MappingProxyType(taken)

    @classmethod
    def of(cls, notification: object, *, template: bool = False) -> Content:
        """A content of one notification; a content is taken as it is."""
        if isinstance(notification, Content):
            return notification
        if isinstance(notification, mpns.Notification):
            return cls(mpns=notification, template=template)
        if isinstance(notification, wns.Notification | wns.ClearToasts):
            return cls(wns=notification, template=template)
        raise ValidationError("content", f"must be a notification or a Content, not {type(notification).__name__}")

    def for_channel(
        self, channel: Recipient, *, remaining: timedelta | None = None, waited: timedelta = _NO_TIME
    ) -> Form | Refusal:
        """What this channel gets, or why it gets nothing; never raises for the sake of one channel.

        `remaining` is how long the notification is still worth sending: a WNS channel gets it as its TTL where that is
        less than its own. `waited` is how long it has waited already, which counts against its own TTL (but not one of
        0, which is about the moment of the sending). The same object comes back for channels that need the same.
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
        """What `for_channel` was found to give this channel whatever the time: nothing is filled in, and no TTL runs.

        None where that isn't so, or isn't known yet.
        """
        return self._plain.get((channel.service, channel.platform, channel.locale))

    # --- which form ---------------------------------------------------------------------------------------------

    def _choose(self, service: Service, platform: str | None, locale: str | None) -> _Form | Refusal:
        if len(self._forms) >= _MOST_KEPT:
            self._forms.clear()
            self._plain.clear()
        refusal = Refusal(Reason.NO_FORM, f"The content has no form for {service.name}: give {service.value}=….")
        for variant in self._variants(locale):
            # Languages that lead to the same variant share its form, and so its notification.
            kind = (id(variant), service, platform)
            form = self._shapes.get(kind)
            if form is None:
                form = self._shapes[kind] = _form(variant, self.defaults, service, platform)
            if isinstance(form, _Form):
                return form
            refusal = form if form.reason is not Reason.NO_FORM else refusal
        return refusal

    def _variants(self, locale: str | None) -> list[Content]:
        """The contents to try, the closest language first."""
        found: list[Content] = []
        while locale:
            variant = self.locales.get(locale)
            if isinstance(variant, Content):
                found.append(variant)
            locale = locale.rpartition("-")[0]
        return [*found, self]

    # --- filled, and with less time -----------------------------------------------------------------------------

    def _fill(self, form: _Form, plan: Plan, channel: Recipient) -> Any:
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
        return found if found is not None else self._keep(kind, _filled(form, plan, values))

    def _missing(self, name: str) -> Refusal:
        kind = ("missing", name)
        explanation = f"The channel has no value for {{{name}}}, and the content no default for it."
        found: Refusal = self._shared.get(kind) or self._keep(kind, Refusal(Reason.MISSING_VALUE, explanation))
        return found

    def _shorten(self, made: Any, remaining: timedelta) -> Form:
        if made.ttl is not None and made.ttl <= remaining:
            return made  # type: ignore[no-any-return]  # a notification of WNS
        seconds = remaining // _SECOND
        kind = ("shortened", id(made), seconds)
        found = self._shared.get(kind)
        if found is None:
            # Kept together with the whole one, so that no other object can get its id.
            found = self._keep(kind, (made.replace(ttl=seconds * _SECOND), made))
        return found[0]  # type: ignore[no-any-return]  # a notification of WNS

    def _keep(self, kind: tuple[object, ...], value: Any) -> Any:
        if len(self._shared) >= _MOST_KEPT:
            self._shared.clear()
        self._shared[kind] = value
        return value

    # --- kept ---------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """JSON text with sorted names, the same for equal contents. `from_json` reads it back, nothing lost."""
        return json.dumps(
            {"format": FORMAT, **self._written()}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )

    def _written(self) -> dict[str, Any]:
        named: dict[str, Any] = {}
        if self.mpns is not None:
            named["mpns"] = write_form(self.mpns)
        if self.wns is not None:
            named["wns"] = write_form(self.wns)
        if self.template:
            named["template"] = True
        if self.defaults:
            named["defaults"] = dict(self.defaults)
        if self.locales:
            named["locales"] = {tag: Content.of(variant)._written() for tag, variant in self.locales.items()}
        return named

    @classmethod
    def from_json(cls, text: str) -> Content:
        """From the text of `to_json`, also of earlier versions. Raises ValidationError for any other text, and for a
        later format."""
        try:
            named = json.loads(text)
        except ValueError as error:
            raise ValidationError("content", f"is no JSON: {error}") from None
        if not isinstance(named, dict):
            raise ValidationError("content", f"must be a JSON object, not {type(named).__name__}")
        if named.pop("format", None) != FORMAT:
            raise ValidationError("content", f"is in no format that this version reads; it reads format {FORMAT}")
        return cls._read(named)

    @classmethod
    def _read(cls, named: object) -> Content:
        if not isinstance(named, dict):
            raise ValidationError("content", f"holds a {type(named).__name__} where a content should be")
        values = dict(named)
        for name in ("mpns", "wns"):
            values[name] = read_form(values.get(name))
        locales = values.get("locales", {})
        if not isinstance(locales, dict):
            raise ValidationError("locales", f"must be an object, not {type(locales).__name__}")
        values["locales"] = {tag: cls._read(variant) for tag, variant in locales.items()}
        unknown = values.keys() - {"mpns", "wns", "template", "defaults", "locales"}
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
    """What a variant has for that service and platform, before anything is filled in."""
    given: Any = variant.mpns if service is Service.MPNS else variant.wns
    converted = given is None and service is Service.WNS and variant.mpns is not None
    if converted:
        given = variant.mpns
    if given is None:
        return Refusal(Reason.NO_FORM, "")
    if isinstance(given, wns.ClearToasts) and platform == "windows":
        return Refusal(Reason.NOT_FOR_PLATFORM, "ClearToasts is for Windows Phone; Windows answers it with 405.")
    made = given if converted else _for_platform(given, platform)
    if isinstance(made, Refusal):
        return made
    filling = plan(made) if variant.template else None
    has_ttl = service is Service.WNS and not isinstance(made, wns.ClearToasts)
    if filling is not None:
        return _Form(made, filling, {**defaults, **variant.defaults}, converted, has_ttl)
    made = _converted(made) if converted else made
    return made if isinstance(made, Refusal) else _Form(made, has_ttl=has_ttl)


def _for_platform(notification: Any, platform: str | None) -> Any:
    """The notification as that platform can take it; whole for an MPNS channel that doesn't say its platform."""
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
        return Refusal(Reason.INVALID, f"As a WNS notification it can't be sent: {error}")


def _filled(form: _Form, plan: Plan, values: Mapping[str, str]) -> Any:
    try:
        filled = plan.fill(values)
    except ValidationError as error:
        return Refusal(Reason.INVALID, f"Filled for this channel, the notification can't be sent: {error}")
    return _converted(filled) if form.converted else filled


def _value(channel: Recipient, name: str) -> Scalar | None:
    if name in _OWN_NAMES:
        return getattr(channel, name)  # type: ignore[no-any-return]  # one of the texts of a Recipient
    return None if channel.attributes is None else channel.attributes.get(name)
