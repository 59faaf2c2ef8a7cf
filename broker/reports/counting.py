"""Counting absences and children into figures: the same way in every report. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from broker.reports.facts import Began, Episode, children
from broker.reports.figures import Cell, Chart, Figure, Item, Look, Series, Table, Unit, slug

DAY = timedelta(hours=24)


def episodes(
    name: str,
    label: str,
    counted: Iterable[Began],
    of: Iterable[Began] | None = None,
    **more: str,
) -> Figure:
    """How many absences, out of how many."""
    items = tuple(one.item for one in counted)
    whole = None if of is None else tuple(one.item for one in of)
    return _figure(name, label, Unit.episodes, items, whole, **more)


def children_of(
    name: str,
    label: str,
    counted: Iterable[Began],
    of: Iterable[Began] | None = None,
    **more: str,
) -> Figure:
    """How many children these absences are of, each once, out of how many."""
    items = _each_child(counted)
    whole = None if of is None else _each_child(of)
    return _figure(name, label, Unit.children, items, whole, **more)


def both(
    name: str,
    label: str,
    counted: Sequence[Began],
    of: Sequence[Began] | None = None,
    **more: str,
) -> tuple[Figure, Figure]:
    """The same of children and of episodes, as two figures that are never mixed."""
    return (
        children_of(f"{name}/children", label, counted, of, **more),
        episodes(f"{name}/episodes", label, counted, of, **more),
    )


def items(
    name: str,
    label: str,
    unit: str,
    counted: Iterable[Item],
    of: Iterable[Item] | None = None,
    **more: str,
) -> Figure:
    """How many of anything that can be listed, out of how many."""
    return _figure(name, label, unit, tuple(counted), None if of is None else tuple(of), **more)


def split(
    name: str,
    title: str,
    heading: str,
    groups: Mapping[str, Sequence[Episode]],
    of: Sequence[Episode],
    whole: str = "missing",
    note: str = "",
    *,
    as_written: bool = False,
) -> Table:
    """
    Absences by something each of them has: children out of all children, episodes out of all.

    `whole` names the figures that they are parts of, as `both` names them.
    """
    rows: list[tuple[Cell, ...]] = []
    for label, counted in groups.items():
        figures = both(f"{name}/{slug(label)}", label, counted, of)
        parts = (
            replace(one, part_of=f"{whole}/{one.unit}", partition=f"{name}/{one.unit}")
            for one in figures
        )
        rows.append((label, *parts))
    columns = (heading, "children", "episodes")
    return Table(name, title, columns, tuple(rows), note=note, as_written=as_written)


def bars(name: str, table: Table, says: str, axis: str = "episodes") -> Chart:
    """A table of `split` as bars, one for each row."""
    at = table.columns.index(axis)
    points = tuple(row[at] for row in table.rows)
    return Chart(
        name=name,
        title=table.title,
        says=says,
        look=Look.bars,
        labels=tuple(str(row[0]) for row in table.rows),
        series=(Series(axis, tuple(one for one in points if isinstance(one, Figure))),),
        axis=axis,
    )


def where(episodes: Iterable[Episode], holds: Callable[[Episode], bool]) -> tuple[Episode, ...]:
    return tuple(one for one in episodes if holds(one))


def median(values: Iterable[timedelta]) -> timedelta | None:
    return percentile(values, 50)


def percentile(values: Iterable[timedelta], per_cent: float) -> timedelta | None:
    """The value that so many per cent do not exceed (nearest rank); None: there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * per_cent // 100))
    return ordered[int(rank) - 1]


def span(length: timedelta | None) -> str:
    """A length of time for people: `1 d 03 h`, `34 h 10 min`."""
    if length is None:
        return ""
    minutes = round(length.total_seconds() / 60)
    if abs(minutes) < 60:
        return f"{minutes} min"
    if abs(minutes) < 72 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60:02} h"


def _each_child(counted: Iterable[Began]) -> tuple[Item, ...]:
    return tuple(
        Item(child, None, each[0].started_at, {"episodes": str(len(each))})
        for child, each in children(counted).items()
    )


def _figure(
    name: str,
    label: str,
    unit: str,
    items: tuple[Item, ...],
    whole: tuple[Item, ...] | None,
    **more: str,
) -> Figure:
    return Figure(
        name=name,
        label=label,
        unit=unit,
        count=len(items),
        of=None if whole is None else len(whole),
        items=items,
        of_items=whole or (),
        part_of=more.get("part_of", ""),
        partition=more.get("partition", ""),
        note=more.get("note", ""),
    )
