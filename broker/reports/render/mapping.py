"""
A map of council areas, drawn from their coordinates alone: no picture is fetched from anywhere.

Areas that have no figure stand there small and grey, so that a reader sees where the others are.
"""

import math
from collections.abc import Iterable
from typing import Any

from broker.reports.figures import Chart, Figure, Spot
from broker.reports.spots import Place, places

_LEAST = 0.45  # degrees of latitude to either side: one place alone has neighbours too
_BESIDE = 1.3
_KM = 1 / 111.32  # degrees of latitude
_BAR = 20  # km, of the scale
_LARGEST, _SMALLEST = 900, 30
_CIRCLE, _INK, _GREY, _PALE = "#0072B2", "#1a1a1a", "#6b6b6b", "#c9c9c9"


def draw(axes: Any, chart: Chart) -> None:
    """Circles as large as their figures; a hidden one is an empty ring."""
    from matplotlib.patheffects import withStroke

    if not chart.spots:
        axes.set_axis_off()
        return
    south, north, west, east = _frame(chart.spots)
    narrow = math.cos(math.radians((south + north) / 2))  # of a degree of longitude
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1 / narrow)
    shown = {spot.label for spot in chart.spots}
    behind = (one for one in places() if one.name not in shown)
    named: list[Place | Spot] = list(chart.spots)
    for one in _inside(behind, south, north, west, east):
        axes.plot(one.longitude, one.latitude, "o", color=_PALE, markersize=3, zorder=1)
        if any(_is_near(one, other, north - south) for other in named):
            continue
        named.append(one)
        axes.annotate(
            one.name, (one.longitude, one.latitude), xytext=(0, -4), textcoords="offset points",
            ha="center", va="top", fontsize=6, color=_GREY, zorder=1,
        )  # fmt: skip
    top = max((_number(spot.figure) for spot in chart.spots), default=0) or 1
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for spot in sorted(chart.spots, key=lambda each: -_number(each.figure)):
        size = max(_SMALLEST, _LARGEST * _number(spot.figure) / top)
        hidden = spot.figure.hidden
        axes.scatter(
            spot.longitude, spot.latitude, s=size, facecolor="none" if hidden else _CIRCLE,
            alpha=1 if hidden else 0.6, edgecolor=_INK, linewidth=0.8, zorder=2,
        )  # fmt: skip
        axes.annotate(
            f"{spot.label}: {spot.figure.value.partition('/')[0]}",
            (spot.longitude, spot.latitude), xytext=(0, math.sqrt(size) / 2 + 2),
            textcoords="offset points", ha="center", va="bottom", fontsize=8, color=_INK,
            path_effects=halo, zorder=3,
        )  # fmt: skip
    _scale(axes, south, north, west, east, narrow)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(True)
        side.set_color(_PALE)


def _frame(spots: Iterable[Spot]) -> tuple[float, float, float, float]:
    """What is shown: every place, with room around it."""
    each = tuple(spots)
    latitudes = [spot.latitude for spot in each]
    longitudes = [spot.longitude for spot in each]
    middle, centre = _middle(latitudes), _middle(longitudes)
    narrow = math.cos(math.radians(middle))
    high = max(_LEAST, _BESIDE * (max(latitudes) - min(latitudes)) / 2)
    wide = max(
        high / narrow * _BESIDE, _BESIDE * (max(longitudes) - min(longitudes)) / 2 + _LEAST / 2
    )
    return middle - high, middle + high, centre - wide, centre + wide


def _middle(values: Iterable[float]) -> float:
    each = tuple(values)
    return (min(each) + max(each)) / 2


def _inside(
    each: Iterable[Place], south: float, north: float, west: float, east: float
) -> list[Place]:
    room = 0.03 * (north - south)
    return [
        one
        for one in each
        if south + room < one.latitude < north - room and west < one.longitude < east
    ]


def _is_near(one: Place, other: Place | Spot, high: float) -> bool:
    """Whether the name of one would lie on the name of the other."""
    north = abs(one.latitude - other.latitude) < 0.03 * high
    return north and abs(one.longitude - other.longitude) < 0.2 * high


def _number(figure: Figure) -> float:
    return 0.0 if figure.hidden or figure.count is None else figure.count


def _scale(axes: Any, south: float, north: float, west: float, east: float, narrow: float) -> None:
    at = south + 0.05 * (north - south)
    first = west + 0.03 * (east - west)
    axes.plot([first, first + _BAR * _KM / narrow], [at, at], color=_INK, linewidth=1.5)
    axes.annotate(
        f"{_BAR} km", (first, at), xytext=(0, 3), textcoords="offset points", fontsize=7,
        color=_INK,
    )  # fmt: skip
