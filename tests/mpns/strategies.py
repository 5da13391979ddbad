"""Random valid notifications of every kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from winpush.mpns import CLEAR, CycleTile, FlipTile, IconicTile, Notification, Tile, Toast

# Any character that XML can carry, including white space and both ends of the planes.
XML_TEXT = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, max_codepoint=0xD7FF),
        st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
        st.characters(min_codepoint=0x10000),
        st.sampled_from("\t\n\r&<>\"'"),
    ),
    min_size=1,
    max_size=40,
)

IMAGES = st.sampled_from(["red.jpg", "/Images/red.PNG", "https://a.example/b?c=1&d", "http://a.example/c.jpeg?x", "i"])
SOUNDS = st.sampled_from(["Sounds/new.wav", "/a b.MP3", "ü.wma"])
PICTURES = st.none() | st.just(CLEAR) | IMAGES
TEXTS = st.none() | st.just(CLEAR) | XML_TEXT
COUNTS = st.none() | st.just(CLEAR) | st.integers(0, 99)
IDS = st.none() | XML_TEXT.map(lambda text: f"/{text}")
COLOURS = st.none() | st.just(CLEAR) | st.from_regex(r"#([0-9A-F]{2})?[0-9a-f]{6}", fullmatch=True)


@st.composite
def toasts(draw: st.DrawFn) -> Toast:
    silent = draw(st.booleans())
    return Toast(
        draw(XML_TEXT.filter(str.strip)),
        draw(st.none() | XML_TEXT),
        draw(st.none() | XML_TEXT.map(lambda text: f"?{text}")),
        None if silent else draw(st.none() | SOUNDS),
        silent,
    )


def tiles(kind: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Notification]:
    some = st.fixed_dictionaries({**fields, "count": COUNTS, "title": TEXTS, "id": IDS})
    return some.filter(lambda values: any(v is not None for k, v in values.items() if k != "id")).map(
        lambda values: kind(**values)
    )


BACK = {"back_background_image": PICTURES, "back_title": TEXTS, "back_content": TEXTS}
WIDE = {
    **dict.fromkeys(("small_background_image", "wide_background_image", "wide_back_background_image"), PICTURES),
    "wide_back_content": TEXTS,
}
ICONIC = {
    **dict.fromkeys(("icon_image", "small_icon_image"), PICTURES),
    **dict.fromkeys(("wide_content1", "wide_content2", "wide_content3"), TEXTS),
}
CYCLES = st.none() | st.lists(PICTURES, min_size=1, max_size=9).filter(lambda images: images[-1] is not None)

NOTIFICATIONS = st.one_of(
    toasts(),
    tiles(Tile, background_image=st.none() | IMAGES, **BACK),
    tiles(FlipTile, background_image=PICTURES, **BACK, **WIDE),
    tiles(IconicTile, background_color=COLOURS, **ICONIC),
    tiles(CycleTile, small_background_image=PICTURES, cycle_images=CYCLES),
)
