"""What every rendering of a report says in the same words. Pure."""

from collections.abc import Iterable

from broker.directory import Directory
from broker.reports.figures import Area, Cell, Chart, Figure, Item, Report, Table
from broker.working_time import local

_AREAS = {
    Area.in_area: "children who live or are placed in the area, whoever is responsible",
    Area.own: "children the council is responsible for, wherever placed",
}
_STATED = "none: each absence as those who reported it classed it last"
_NAMED = 20  # more councils are not named one by one
_PUBLIC = (
    "Public edition: counts of 1 to 4 are hidden, and whatever they could be worked out from. "
    "Homes and foster carers are left out; they count in the totals."
)


def heading(report: Report, directory: Directory) -> list[tuple[str, str]]:
    """What a report is of, as pairs of a word and what it is."""
    asked = report.asked
    areas = ", ".join(directory.name_of(area) for area in asked.areas)
    if len(asked.areas) > _NAMED:
        areas = f"{len(asked.areas)} councils"
    reader = directory.name_of(asked.reader)
    pairs = [
        ("for", reader if asked.areas == (asked.reader,) else f"{reader}: {areas}"),
        ("period", f"{asked.period.words} ({asked.period.name}){_so_far(report)}"),
        ("as at", local(asked.as_at)),
        ("counted", _AREAS[asked.area]),
        ("policy", asked.policy or "none"),
    ]
    pairs.append(("protocol", asked.protocol or _STATED))
    if report.source:
        pairs.append(("source", report.source))
    return pairs


def _so_far(report: Report) -> str:
    """Who reads figures of a time that is not over must not take them for all of it."""
    period, as_at = report.asked.period, report.asked.as_at
    if as_at < period.starts_at:
        return ": it has not begun"
    return ": it is not over" if as_at < period.ends_at else ""


def notes(report: Report) -> list[str]:
    """What a reader has to know of it all."""
    return [*([_PUBLIC] if report.public else ()), *report.notes]


def stands_beside(chart: Chart, tables: Iterable[Table]) -> Table | None:
    """The table that has all numbers of a chart already, if one does."""
    names = {figure.name for figure in chart.figures}
    return next(
        (table for table in tables if names <= {figure.name for figure in table.figures}), None
    )


def beside(chart: Chart) -> Table:
    """The numbers of a chart, as a table."""
    if chart.spots:
        rows: tuple[tuple[Cell, ...], ...] = tuple((one.label, one.figure) for one in chart.spots)
        return Table(f"{chart.name}-table", chart.title, ("place", chart.axis or "count"), rows)
    columns = ("", *(line.name for line in chart.series))
    return Table(
        f"{chart.name}-table",
        chart.title,
        columns,
        tuple(
            (label, *(line.points[at] or "" for line in chart.series))
            for at, label in enumerate(chart.labels)
        ),
    )


def listed(figure: Figure) -> list[tuple[Item, bool]]:
    """The items of the numerator, then those of the denominator that were not counted."""
    counted = {item.key for item in figure.items}
    others = [(item, False) for item in figure.of_items if item.key not in counted]
    return [*((item, True) for item in figure.items), *others]
