"""Tiles and toasts in the legacy templates of Windows 8 through Windows Phone 8.1 (wns.md 10.4 and 12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Unpack

from winpush._values import keep_plain, plain
from winpush._xml import attribute, check_text, escape
from winpush.errors import ValidationError
from winpush.wns.notifications import Notification
from winpush.wns.options import Options
from winpush.wns.schema import attributes, rules
from winpush.wns.schema.actions import Audio
from winpush.wns.schema.elements import ADAPTIVE_HINTS, Image, Part, check_attributes, open_tag
from winpush.wns.schema.enums import Branding, Duration
from winpush.wns.schema.templates import CATALOGUE, Template

__all__ = ["LegacyBinding", "LegacyTile", "LegacyToast", "check_fallback", "settle_version", "with_auto_version"]

_put = object.__setattr__


def _template(kind: str, name: object) -> Template:
    template = CATALOGUE.get(name) if isinstance(name, str) else None
    if template is None or template.kind != kind:
        raise ValidationError(
            "template", f"is {name!r}, which is not a legacy {kind} template; see winpush.wns.CATALOGUE"
        )
    return template


def _a_single(value: object) -> str:
    return "a single one" if isinstance(value, str | Image) else type(value).__name__


def _take_texts(template: Template, texts: Sequence[str]) -> tuple[str, ...]:
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        raise ValidationError("texts", f"must be a list of texts, not {_a_single(texts)}")
    taken = tuple(plain(text) for text in texts)
    for text in taken:
        if not isinstance(text, str):
            raise ValidationError("texts", f"can't contain a {type(text).__name__}")
        check_text("texts", text)
    if len(taken) != template.texts:
        raise ValidationError(
            "texts", f'are {len(taken)}; {template.name} has {template.texts}: use "" for one that stays blank'
        )
    return taken


def _take_images(template: Template, images: Sequence[str | Image]) -> tuple[Image, ...]:
    if isinstance(images, str | Image) or not isinstance(images, Iterable):
        raise ValidationError("images", f"must be a list of images, not {_a_single(images)}")
    taken = tuple(Image(image) if isinstance(image, str) else image for image in images)
    for image in taken:
        if not isinstance(image, Image):
            raise ValidationError("images", f"can't contain a {type(image).__name__}")
        if any(getattr(image, name) is not None for name in (*ADAPTIVE_HINTS, "id")):
            raise ValidationError("images", "of a legacy template have src, alt and add_image_query only")
    if len(taken) != template.images:
        raise ValidationError("images", f"are {len(taken)}; {template.name} has {template.images}")
    return taken


def _write_fields(texts: Sequence[str], images: Sequence[Image]) -> str:
    """Images, then texts, each numbered from 1 separately, as in Microsoft's samples."""
    written = [
        f'<image id="{number}"{open_tag(image, attributes.IMAGE).removeprefix("<image")}/>'
        for number, image in enumerate(images, 1)
    ]
    written += [f'<text id="{number}">{escape(text)}</text>' for number, text in enumerate(texts, 1)]
    return "".join(written)


def check_fallback(name: object, size: str | None) -> None:
    """Raises ValidationError unless it is the name of a version 1 template of the same size, or None."""
    if name is None:
        return
    template = CATALOGUE.get(name) if isinstance(name, str) else None
    if template is None or template.version != 1 or template.kind != "tile":
        raise ValidationError("binding.fallback", f"is {name!r}; it must be a version 1 name, such as TileSquareText01")
    if template.size != size:
        raise ValidationError("binding.fallback", f"is {name!r}, which is {template.size}; this binding is {size}")


@dataclass(frozen=True, slots=True, repr=False)
class LegacyBinding(Part):
    """One size of a tile, in a legacy template: `LegacyBinding("TileSquare150x150Text04", texts=["Hello"])`.

    Give exactly as many `texts` and `images` (addresses, or `Image`s with src, alt and add_image_query) as the template
    has. `fallback` is the version 1 name for Windows 8; by default it is the template's own, and None sends none. The
    other fields override the tile's for this size.
    """

    template: str
    texts: Sequence[str] = ()
    images: Sequence[str | Image] = ()
    fallback: str | Literal["auto"] | None = "auto"
    lang: str | None = None
    base_uri: str | None = None
    branding: Branding | None = None
    add_image_query: bool | None = None
    content_id: str | None = None
    display_name: str | None = None
    arguments: str | None = None

    def __post_init__(self) -> None:
        keep_plain(self, ("template", "fallback"))
        template = _template("tile", self.template)
        _put(self, "texts", _take_texts(template, self.texts))
        _put(self, "images", _take_images(template, self.images))
        if self.fallback == "auto":
            _put(self, "fallback", template.fallback)
        else:
            check_fallback(self.fallback, template.size)
        check_attributes(self, attributes.LEGACY_BINDING)
        check_legacy_branding(self.branding)

    def _arguments(self) -> dict[str, Any]:
        is_settled = self.fallback == CATALOGUE[self.template].fallback
        return Part._arguments(self) | ({"fallback": "auto"} if is_settled else {})

    @property
    def size(self) -> str | None:
        """`small`, `medium`, `wide`, `large` or `tall`."""
        return CATALOGUE[self.template].size

    def to_element(self) -> str:
        """`<binding template="…">…</binding>`."""
        opened = open_tag(self, attributes.LEGACY_BINDING).removeprefix("<binding")
        inner = _write_fields(self.texts, self.images)  # type: ignore[arg-type]  # converted to Images on construction
        return f"<binding{attribute('template', self.template)}{opened}>{inner}</binding>"


def check_legacy_branding(branding: str | None) -> None:
    """Raises ValidationError for `nameAndLogo`, which came with Windows 10 (wns.md 10.1)."""
    if branding == "nameAndLogo":
        raise ValidationError("branding", "is 'nameAndLogo', which came with Windows 10 and isn't for legacy templates")


def settle_version(version: object, bindings: Sequence[object]) -> int | None:
    """The version for `<visual>`: the highest that its legacy templates need for "auto", otherwise the given one.

    Raises ValidationError for a version under 2 with templates of version 2. Templates of version 3 are often sent
    without one, even by Microsoft (wns.md 12.1).
    """
    needed = [CATALOGUE[item.template].version or 0 for item in bindings if isinstance(item, LegacyBinding)]
    if version == "auto":
        return max((number for number in needed if number > 1), default=None)
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
        raise ValidationError("version", f"is {version!r}; it must be a whole number from 1, None or 'auto'")
    if 2 in needed and (version or 1) < 2:
        raise ValidationError("version", f"is {version}; templates with a size in their name need version 2")
    return version


def with_auto_version(tile: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """A tile's arguments, with the version to be determined again for other bindings unless the caller chose it."""
    is_settled = tile.version == settle_version("auto", tile.bindings)
    return {**arguments, "version": "auto"} if is_settled else arguments


@dataclass(frozen=True, slots=True, init=False, repr=False)
class LegacyTile(Notification):
    """A tile in legacy templates, one `LegacyBinding` for each size: Windows 8 expects at least medium and wide.

    `version` defaults to what the templates need; None sends none.
    """

    bindings: tuple[LegacyBinding, ...] = ()
    version: int | None = None
    lang: str | None = None
    base_uri: str | None = None
    branding: Branding | None = None
    add_image_query: bool | None = None
    content_id: str | None = None
    display_name: str | None = None
    arguments: str | None = None

    push_type = "tile"
    _by_place: ClassVar[str] = "bindings"

    def __init__(
        self,
        *bindings: LegacyBinding,
        version: int | Literal["auto"] | None = "auto",
        lang: str | None = None,
        base_uri: str | None = None,
        branding: Branding | None = None,
        add_image_query: bool | None = None,
        content_id: str | None = None,
        display_name: str | None = None,
        arguments: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        bindings = bindings or self._take_placed(options)
        _put(self, "bindings", bindings)
        _put(self, "lang", lang)
        _put(self, "base_uri", base_uri)
        _put(self, "branding", branding)
        _put(self, "add_image_query", add_image_query)
        _put(self, "content_id", content_id)
        _put(self, "display_name", display_name)
        _put(self, "arguments", arguments)
        check_bindings(bindings, (LegacyBinding,))
        _put(self, "version", settle_version(version, bindings))
        check_attributes(self, attributes.TILE_VISUAL)
        check_legacy_branding(self.branding)
        self._finish(write_tile(self, bindings).encode(), options)

    def _arguments(self) -> dict[str, Any]:
        return with_auto_version(self, Notification._arguments(self))


def check_bindings(bindings: Sequence[Any], allowed: tuple[type, ...]) -> None:
    """Raises ValidationError unless there is at least one binding, and only one for each size."""
    if not bindings:
        raise ValidationError("tile", "is empty; give it at least one binding")
    sizes: set[tuple[type, object]] = set()
    for binding in bindings:
        if not isinstance(binding, allowed):
            raise ValidationError("tile", f"can't contain a {type(binding).__name__}")
        size: object = getattr(binding, "size", None)
        if (type(binding), size) in sizes:
            raise ValidationError("tile", f"has two bindings for the size {size}; Windows shows one")
        sizes.add((type(binding), size))


def write_tile(visual: object, bindings: Sequence[Any]) -> str:
    """`<tile><visual …>…</visual></tile>`, with the attributes of `visual`."""
    inner = "".join([binding.to_element() for binding in bindings])
    return f"<tile>{open_tag(visual, attributes.TILE_VISUAL)}>{inner}</visual></tile>"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class LegacyToast(Notification):
    """A toast in a legacy template: `LegacyToast("ToastText02", texts=["Title", "Line"])`.

    Give exactly as many `texts` and `images` as the template has. Windows Phone 8.1 draws them all as ToastText02.
    """

    template: str = ""
    texts: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    launch: str | None = None
    duration: Duration | None = None
    audio: Audio | None = None
    lang: str | None = None
    base_uri: str | None = None
    add_image_query: bool | None = None
    version: int | None = None

    push_type = "toast"

    def __init__(
        self,
        template: str,
        texts: Sequence[str] = (),
        images: Sequence[str | Image] = (),
        *,
        launch: str | None = None,
        duration: Duration | None = None,
        audio: Audio | None = None,
        lang: str | None = None,
        base_uri: str | None = None,
        add_image_query: bool | None = None,
        version: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        entry = _template("toast", template)
        _put(self, "template", entry.name)
        _put(self, "texts", _take_texts(entry, texts))
        _put(self, "images", _take_images(entry, images))
        _put(self, "launch", launch)
        _put(self, "duration", duration)
        _put(self, "audio", audio)
        _put(self, "lang", lang)
        _put(self, "base_uri", base_uri)
        _put(self, "add_image_query", add_image_query)
        _put(self, "version", version)
        self._finish(self._check_and_write().encode(), options)

    def _check_and_write(self) -> str:
        check_attributes(self, LEGACY_TOAST)
        check_attributes(self, attributes.TOAST_VISUAL)
        if not any(text.strip() for text in self.texts):
            raise ValidationError("texts", "are all empty; a toast needs at least one text")
        if self.audio is not None and not isinstance(self.audio, Audio):
            raise ValidationError("audio", f"must be a wns.Audio, not a {type(self.audio).__name__}")
        rules.check_audio(self.audio, self.duration, None)
        binding = f"<binding{attribute('template', self.template)}>{_write_fields(self.texts, self.images)}</binding>"
        sound = "" if self.audio is None else self.audio.to_element()
        visual = f"{open_tag(self, attributes.TOAST_VISUAL)}>{binding}</visual>"
        return f"{open_tag(self, LEGACY_TOAST)}>{visual}{sound}</toast>"


LEGACY_TOAST = attributes.Schema(
    "toast", tuple(entry for entry in attributes.TOAST.attributes if entry.name in ("launch", "duration"))
)
