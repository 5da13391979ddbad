"""Random valid parts, toasts and tiles: attribute by attribute out of the schema's table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from winpush import ValidationError, wns
from winpush.wns.schema import attributes, types
from winpush.wns.schema.attributes import Schema
from winpush.wns.schema.enums import Scenario, words

patient = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
)
"""For property tests: many rules between the parts discard many examples."""

characters = st.characters(exclude_categories=["Cs"]).filter(
    lambda c: c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff")
)
texts = st.text(characters, max_size=12)
names = st.text(characters, min_size=1, max_size=12)
says = names.filter(lambda text: bool(text.strip()))

_moments = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis takes naive bounds and puts the time zone in
    datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8)), timezone(timedelta(minutes=330))]),
)
_sources = st.sampled_from(
    [
        "https://a.example/b.png?x=1&y=2",
        "Assets/x.png",
        "Assets\\x.png",
        "ms-appx:///a.jpg",
        "c:\\temp\\img0.tmp",
        "img",
    ]
)
_KINDS: dict[type, st.SearchStrategy[Any]] = {
    types.String: texts,
    types.Name: names,
    types.Language: st.sampled_from(["en-US", "de", "zh-Hant-TW"]),
    types.ImageSource: _sources,
    types.BaseUri: st.sampled_from(["https://a.example/", "ms-appx:///"]),
    types.People: st.sampled_from(["mailto:a@b.example", "tel:123", "remoteid:1"]),
    types.SoundSource: st.sampled_from([*wns.Sound, "ms-appx:///a.mp3", "ms-resource:x"]),
    types.Flag: st.booleans(),
    types.Moment: _moments,
    types.Fraction: st.one_of(st.floats(0, 1), st.sampled_from([0, 1, "indeterminate", "{bound}"])),
}


def _value(kind: types.Kind) -> st.SearchStrategy[Any]:
    if isinstance(kind, types.Choice):
        return st.sampled_from(kind.values)
    if isinstance(kind, types.Whole):
        return st.integers(kind.low, kind.high)
    return _KINDS[type(kind)]


def values(table: Schema, *, without: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Values for the attributes of an element: the required ones always, the others sometimes."""
    kept = [entry for entry in table.attributes if entry.name not in without]
    return st.fixed_dictionaries(
        {entry.name: _value(entry.kind) for entry in kept if entry.required},
        optional={entry.name: _value(entry.kind) for entry in kept if not entry.required},
    )


def _make(build: Any, *arguments: Any, **keywords: Any) -> Any:
    """The value, or a discarded example where the random parts break a rule between them."""
    try:
        return build(*arguments, **keywords)
    except ValidationError as error:
        assume(f"{error}" == "")
        raise


@st.composite
def built(
    draw: st.DrawFn, build: Any, table: Schema, *arguments: st.SearchStrategy[Any], without: tuple[str, ...] = ()
) -> Any:
    """A part: its own arguments, and attributes out of the table."""
    given = [draw(argument) for argument in arguments]
    return _make(build, *given, **draw(values(table, without=without)))


_TILE_TEXT = ("placement", "call_center_align")
inner_texts = st.one_of(texts, built(wns.Text, attributes.TEXT, texts, without=_TILE_TEXT))
inner_images = built(wns.Image, attributes.IMAGE, without=("placement", "overlay"))


@st.composite
def groups(draw: st.DrawFn) -> wns.Group:
    """Groups of one to three columns."""
    columns = []
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.lists(st.one_of(inner_texts, inner_images), max_size=3))
        columns.append(wns.Subgroup(*content, **draw(values(attributes.SUBGROUP))))
    return wns.Group(*columns)


progress = built(wns.Progress, attributes.PROGRESS)
top_texts = st.one_of(
    texts,
    st.builds(
        lambda text, lang, lines: wns.Text(text, lang=lang, max_lines=lines),
        texts,
        st.sampled_from([None, "de"]),
        st.sampled_from([None, 1, 2]),
    ),
    st.builds(lambda text: wns.Text(text, placement="attribution"), texts),
)
top_images = st.builds(
    lambda src, placement, crop, alt: wns.Image(src, placement=placement, crop=crop, alt=alt),
    _sources,
    st.sampled_from([None, "inline", "hero", "appLogoOverride"]),
    st.sampled_from([None, "none", "circle"]),
    st.one_of(st.none(), texts),
)
buttons = st.one_of(
    built(wns.Button, attributes.BUTTON, without=("input_id", "image", "protocol_target")),
    st.builds(wns.Button.dismiss, content=texts),
    st.just(wns.Button("Do", "it", activation_type="background")),
)
entries = built(wns.MenuEntry, attributes.MENU_ENTRY)


@st.composite
def inputs(draw: st.DrawFn) -> Any:
    """A text box or a list, with an id out of a few, so that ids also meet."""
    name = draw(st.sampled_from("abcdef"))
    if draw(st.booleans()):
        return wns.TextInput(name, **draw(values(attributes.TEXT_INPUT, without=("id",))))
    choices = [
        wns.Selection(key, draw(names)) for key in draw(st.lists(st.sampled_from("123456"), max_size=5, unique=True))
    ]
    default = draw(st.sampled_from([None, *[choice.id for choice in choices]]))
    return wns.SelectionInput(name, choices, title=draw(st.one_of(st.none(), texts)), default=default)


@st.composite
def delivery(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Delivery options for a kind."""
    tags = st.text("abcXYZ019", min_size=1, max_size=16)
    options: dict[str, st.SearchStrategy[Any]] = {
        "ttl": st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
        "cache": st.just(False) if kind == "toast" else st.booleans(),  # noqa: FBT003 - a value, not an option
        "request_status": st.booleans(),
        "priority": st.sampled_from(list(wns.Priority)),
        "correlation_vector": st.just("cV.1.2"),
    }
    if kind in ("toast", "tile"):
        options["tag"] = tags
    if kind == "toast":
        options |= {"group": tags, "suppress_popup": st.booleans()}
    return draw(st.fixed_dictionaries({}, optional=options))


@st.composite
def toasts(draw: st.DrawFn) -> wns.Toast:
    """Valid toasts of every shape."""
    content = draw(st.lists(st.one_of(top_texts, top_images, groups(), progress), max_size=5))
    given: dict[str, Any] = draw(values(attributes.TOAST, without=("protocol_target", "scenario", "use_button_style")))
    given |= draw(values(attributes.TOAST_VISUAL))
    given["scenario"] = draw(st.sampled_from([None, *words(Scenario)]))
    if draw(st.booleans()):
        given["actions"] = wns.SnoozeAndDismiss(draw(st.lists(entries, max_size=2)))
    else:
        given["actions"] = draw(st.lists(st.one_of(buttons, entries), max_size=5))
        given["inputs"] = draw(st.lists(inputs(), max_size=5, unique_by=lambda item: item.id))
        if given["inputs"]:
            given["actions"] = [*given["actions"][:4], wns.Button("Send", "s", input_id=given["inputs"][0].id)]
    if draw(st.booleans()):
        given["header"] = wns.Header(draw(names), draw(names), draw(texts))
    if draw(st.booleans()):
        given["audio"] = draw(built(wns.Audio, attributes.AUDIO))
    if given["scenario"] in ("reminder", "alarm") and isinstance(given["actions"], list):
        given["actions"] = [wns.Button.dismiss(), *given["actions"][:4]]
    toast: wns.Toast = _make(wns.Toast, *content, draw(says), **given, **draw(delivery("toast")))
    return toast


tile_images = st.one_of(
    inner_images,
    built(wns.Image, attributes.IMAGE, without=("placement", "overlay")),
    st.builds(
        lambda src, placement, overlay: wns.Image(src, placement=placement, overlay=overlay),
        _sources,
        st.sampled_from(["background", "peek"]),
        st.one_of(st.none(), st.integers(0, 100)),
    ),
)


@st.composite
def bindings(draw: st.DrawFn, size: Any) -> wns.TileBinding:
    """One size of an adaptive tile."""
    content = draw(st.lists(st.one_of(inner_texts, tile_images, groups()), max_size=4))
    lock = () if size == "wide" else ("lock_status1", "lock_status2", "lock_status3")
    given = draw(values(attributes.TILE_BINDING, without=("fallback", *lock)))
    binding: wns.TileBinding = _make(wns.TileBinding, size, *content, **given)
    return binding


NOT_ON_WINDOWS_10 = ("phone-only", "retired-template")


@st.composite
def legacy_bindings(draw: st.DrawFn, without: tuple[str, ...] = ()) -> wns.LegacyBinding:
    """A binding in any template of the catalogue but those with these rules, with the right number of fields."""
    templates = [entry for entry in wns.CATALOGUE.values() if entry.kind == "tile" and entry.rule not in without]
    template = draw(st.sampled_from(templates))
    given = draw(values(attributes.LEGACY_BINDING, without=("fallback", "branding")))
    return wns.LegacyBinding(
        template.name,
        draw(st.lists(texts, min_size=template.texts, max_size=template.texts)),
        draw(st.lists(_sources, min_size=template.images, max_size=template.images)),
        **given,
    )


@st.composite
def tiles(draw: st.DrawFn) -> wns.Tile:
    """Valid adaptive tiles, some with a legacy binding beside."""
    sizes = draw(st.lists(st.sampled_from(["small", "medium", "wide", "large"]), min_size=1, max_size=4, unique=True))
    parts: list[Any] = [draw(bindings(size)) for size in sizes]
    if draw(st.booleans()):
        parts.append(draw(legacy_bindings(without=NOT_ON_WINDOWS_10)))
    tile: wns.Tile = _make(
        wns.Tile, *parts, **draw(values(attributes.TILE_VISUAL, without=("version",))), **draw(delivery("tile"))
    )
    return tile
