"""The bar chart, as hand-written SVG: one row per contender, with one bar for plain and one for TLS."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from harness.contenders import WRK, Kind
from harness.summary import Row

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 880, 346, 56, 96, 44
_BAR, _GAP, _ROW = 11, 2, 36
_INK, _FAINT, _GRID = "#1f2937", "#6b7280", "#e5e7eb"
# (plain, TLS) for each kind.
_COLOURS = {
    Kind.WINPUSH: ("#1d4ed8", "#93b4fb"),
    Kind.PEER: ("#6b7280", "#c3c8d0"),
    Kind.YARDSTICK: ("#111827", "#8b93a1"),
}
_FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\""


def draw(rows: Sequence[Row]) -> str:
    """The whole SVG: sends per second as a share of wrk's (or the fastest contender's, without wrk), plain or TLS."""
    shares = _shares(rows)
    names = sorted({row.contender.name for row in rows}, key=lambda name: -shares.get((name, False), 0))
    labels = {row.contender.name: (row.contender.label.replace("`", ""), row.contender.kind) for row in rows}
    height = _TOP + len(names) * _ROW + _BOTTOM
    unit = "wrk" if any(row.contender.name == WRK.name for row in rows) else "the fastest"
    longest = max([1.0, *shares.values()])
    parts = [_head(height, unit), *_grid(height, longest)]
    for place, name in enumerate(names):
        parts += _row(_TOP + place * _ROW, *labels[name], [shares.get((name, tls)) for tls in (False, True)], longest)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _shares(rows: Sequence[Row]) -> dict[tuple[str, bool], float]:
    shares = {}
    for row in rows:
        fastest = max(other.rate for other in rows if other.tls == row.tls)
        shares[row.contender.name, row.tls] = row.rate / fastest if row.to_wrk is None else row.to_wrk
    return shares


def _head(height: int, unit: str) -> str:
    title = f"Sends per second, as a share of {unit}"
    legend = []
    swatches = (("winpush", Kind.WINPUSH), ("others", Kind.PEER))
    for place, (text, kind) in enumerate(swatches):
        x = _LEFT + place * 200
        for tls, colour in enumerate(_COLOURS[kind]):
            legend.append(f'<rect x="{x + tls * 16}" y="52" width="12" height="12" rx="2" fill="{colour}"/>')
        legend.append(_text(x + 36, 62, f"{text}: plain, TLS", _FAINT, 12))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img" {_FONT}>',
            f"<title>{escape(title)}</title>",
            "<desc>Longer is faster. The figures are in the tables of the page that shows this chart.</desc>",
            f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
            _text(24, 34, title, _INK, 17, weight="600"),
            *legend,
        ]
    )


def _grid(height: int, longest: float) -> list[str]:
    parts, step = [], 0.25
    for number in range(int(longest / step + 1e-9) + 1):
        x = _x(number * step, longest)
        bottom = height - _BOTTOM + 6
        parts.append(f'<line x1="{x}" y1="{_TOP - 10}" x2="{x}" y2="{bottom}" stroke="{_GRID}"/>')
        parts.append(_text(x, bottom + 16, f"{number * step:g}", _FAINT, 11, anchor="middle"))
    return parts


def _row(y: int, label: str, kind: Kind, values: Sequence[float | None], longest: float) -> list[str]:
    weight = "600" if kind is Kind.WINPUSH else "400"
    parts = [_text(_LEFT - 12, y + _BAR + 5, label, _INK, 12.5, anchor="end", weight=weight)]
    for tls, value in enumerate(values):
        top = y + tls * (_BAR + _GAP)
        if value is None:
            parts.append(_text(_LEFT + 6, top + 9.5, "left out", _FAINT, 10.5))
            continue
        end = _x(value, longest)
        width = max(1.0, end - _LEFT)
        colour = _COLOURS[kind][tls]
        parts.append(f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{colour}"/>')
        parts.append(_text(_LEFT + width + 6, top + 9.5, figure(value), _INK, 10.5))
    return parts


def _x(value: float, longest: float) -> float:
    return round(_LEFT + value / longest * (_WIDTH - _LEFT - _RIGHT), 1)


def _text(x: float, y: float, text: str, fill: str, size: float, *, anchor: str = "start", weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{fill}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def figure(ratio: float) -> str:
    """A ratio with its one or two significant digits: 0.004, 0.41, 5.6, 85."""
    if ratio >= 10:
        return f"{ratio:.0f}"
    if ratio >= 1:
        return f"{ratio:.2f}" if ratio < 2 else f"{ratio:.1f}"
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.3f}"
