"""
Charts as SVG for a page and as a picture for a PDF.

Readable without colour: each series has a hatch or a marker of its own, and every number stands in
a table beside it. What is hidden or was not returned leaves a gap, with a word.
"""

import math
import re
from html import escape
from io import BytesIO
from typing import Any

from broker.errors import Misuse
from broker.reports.figures import Chart, Figure, Look

_WIDE = 7.2  # inches: about 690 px on a page, the width of A4 between its margins
# Okabe and Ito's colours: told apart by whoever is colour-blind, and by their grey in print.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#555555")
_HATCHES = ("", "///", "...", "xx", "\\\\\\", "++", "oo")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", "--", ":", "-.", "-", "--", ":")
_LONG = 28  # letters of a label
_INK, _GREY = "#1a1a1a", "#6b6b6b"


def svg(chart: Chart, number: int) -> str:
    """The chart as a part of a page, with what it is and says for who does not see it."""
    out = BytesIO()
    figure = _drawn(chart, f"chart{number}", text=True)
    figure.savefig(out, format="svg", metadata={"Date": None})
    drawn = out.getvalue().decode()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    head, _, rest = drawn.partition(">")
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    titled = f"chart{number}-title chart{number}-says"
    return (
        f'{head} role="img" aria-labelledby="{titled}">'
        f'<title id="chart{number}-title">{escape(chart.title)}</title>'
        f'<desc id="chart{number}-says">{escape(chart.says)}</desc>{rest}'
    )


def png(chart: Chart) -> BytesIO:
    """The chart as a picture, fine enough to print."""
    out = BytesIO()
    _drawn(chart, "chart", text=False).savefig(out, format="png", dpi=200)
    out.seek(0)
    return out


def font_folder() -> str:
    """Where the fonts are that charts, and PDF, are written in."""
    return str(_matplotlib().get_data_path()) + "/fonts/ttf"


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError:
        raise Misuse(
            "charts and PDF need further packages: install homeward[reports], or ask for --format "
            "text, csv or json"
        ) from None
    return matplotlib


def _drawn(chart: Chart, salt: str, *, text: bool) -> Any:
    matplotlib = _matplotlib()
    from matplotlib.figure import Figure as Drawing

    how = {
        "svg.fonttype": "none" if text else "path",
        "svg.hashsalt": salt,  # ids of one page never meet
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "hatch.linewidth": 0.6,
        "axes.edgecolor": _GREY,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    with matplotlib.rc_context(how):
        drawing = Drawing(figsize=(_WIDE, _height(chart)), layout="constrained")
        axes = drawing.subplots()
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        _DRAW[chart.look](axes, chart)
        drawing.draw_without_rendering()
        return drawing


def _height(chart: Chart) -> float:
    match chart.look:
        case Look.lines:
            return 3.0
        case Look.map:
            return 5.4
        case Look.heat:
            return 1.2 + 0.32 * max(len(chart.series), 1)
        case Look.stacked:
            return 1.3 + 0.32 * max(len(chart.labels), 1)
        case _:
            return 0.8 + 0.26 * max(len(chart.labels), 1) * max(len(chart.series), 1)


def _number(point: Figure | None) -> float | None:
    if point is None or point.hidden or point.count is None:
        return None
    return float(point.count)


def _said(point: Figure | None) -> str:
    """A number beside its bar; the word for what is hidden or was not returned."""
    return "" if point is None else point.value


def _short(label: str) -> str:
    return label if len(label) <= _LONG else f"{label[: _LONG - 1]}…"


def _bars(axes: Any, chart: Chart) -> None:
    """Lying bars, the first label on top, each with its number."""
    many = max(len(chart.series), 1)
    thick = 0.8 / many
    for at, line in enumerate(chart.series):
        places = [place - 0.4 + thick * (at + 0.5) for place in range(len(chart.labels))]
        values = [_number(point) or 0.0 for point in line.points]
        axes.barh(
            places, values, height=thick * 0.9, label=line.name,
            color=_COLOURS[at % len(_COLOURS)], hatch=_HATCHES[at % len(_HATCHES)],
            edgecolor="white" if not _HATCHES[at % len(_HATCHES)] else _INK, linewidth=0.5,
        )  # fmt: skip
        for place, value, point in zip(places, values, line.points, strict=True):
            axes.annotate(
                _said(point), (value, place), xytext=(3, 0), textcoords="offset points",
                va="center", fontsize=8,
            )  # fmt: skip
    _labelled(axes, chart)
    axes.margins(x=0.14)


def _stacked(axes: Any, chart: Chart) -> None:
    lefts = [0.0] * len(chart.labels)
    for at, line in enumerate(chart.series):
        values = [_number(point) or 0.0 for point in line.points]
        axes.barh(
            range(len(chart.labels)), values, left=lefts, height=0.7, label=line.name,
            color=_COLOURS[at % len(_COLOURS)], hatch=_HATCHES[at % len(_HATCHES)],
            edgecolor=_INK, linewidth=0.4,
        )  # fmt: skip
        lefts = [left + value for left, value in zip(lefts, values, strict=True)]
    _labelled(axes, chart)


def _labelled(axes: Any, chart: Chart) -> None:
    axes.set_yticks(range(len(chart.labels)), [_short(label) for label in chart.labels])
    axes.set_ylim(len(chart.labels) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(chart.axis)
    axes.tick_params(axis="y", length=0)
    _legend(axes, chart)


def _lines(axes: Any, chart: Chart) -> None:
    for at, line in enumerate(chart.series):
        values = [_number(point) for point in line.points]
        axes.plot(
            range(len(chart.labels)),
            [math.nan if value is None else value for value in values],
            label=line.name, color=_COLOURS[at % len(_COLOURS)],
            marker=_MARKERS[at % len(_MARKERS)], linestyle=_DASHES[at % len(_DASHES)],
        )  # fmt: skip
    every = max(1, -(-len(chart.labels) // 12))
    shown = range(0, len(chart.labels), every)
    axes.set_xticks(list(shown), [chart.labels[at] for at in shown])
    axes.set_ylim(bottom=0)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_ylabel(chart.axis)
    _legend(axes, chart)


def _heat(axes: Any, chart: Chart) -> None:
    rows = [[_number(point) for point in line.points] for line in chart.series]
    values = [[math.nan if value is None else value for value in row] for row in rows]
    top = max((value for row in rows for value in row if value is not None), default=0.0)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(top, 1.0), aspect="auto")
    small = len(chart.labels) > 12
    for y, line in enumerate(chart.series):
        for x, point in enumerate(line.points):
            number = _number(point)
            axes.text(
                x, y, "·" if number == 0 else ("–" if number is None else _said(point)),
                ha="center", va="center", fontsize=6 if small else 8,
                color="white" if number and number > 0.6 * top else _INK,
            )  # fmt: skip
    axes.set_xticks(range(len(chart.labels)), chart.labels, fontsize=7 if small else 9)
    axes.set_yticks(range(len(chart.series)), [_short(line.name) for line in chart.series])
    axes.set_xlabel(chart.axis)
    axes.tick_params(length=0)


def _map(axes: Any, chart: Chart) -> None:
    """Places by their coordinates alone: no outside picture is fetched."""
    top = max((_number(spot.figure) or 0.0 for spot in chart.spots), default=1.0) or 1.0
    for spot in chart.spots:
        number = _number(spot.figure) or 0.0
        axes.scatter(
            spot.longitude, spot.latitude, s=40 + 500 * number / top, color=_COLOURS[0],
            alpha=0.55, edgecolor=_INK, linewidth=0.6,
        )  # fmt: skip
        axes.annotate(
            f"{_short(spot.label)}: {_said(spot.figure)}", (spot.longitude, spot.latitude),
            xytext=(6, 6), textcoords="offset points", fontsize=8,
        )  # fmt: skip
    if chart.spots:
        middle = sum(spot.latitude for spot in chart.spots) / len(chart.spots)
        axes.set_aspect(1 / math.cos(math.radians(middle)), adjustable="datalim")
    axes.margins(0.2)
    axes.set_xlabel("longitude")
    axes.set_ylabel("latitude")
    axes.grid(color="#dddddd", linewidth=0.6)


def _legend(axes: Any, chart: Chart) -> None:
    if len(chart.series) > 1:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=min(len(chart.series), 4),
            frameon=False, fontsize=8, borderaxespad=0.2,
        )  # fmt: skip


_DRAW = {
    Look.bars: _bars,
    Look.stacked: _stacked,
    Look.lines: _lines,
    Look.heat: _heat,
    Look.map: _map,
}
