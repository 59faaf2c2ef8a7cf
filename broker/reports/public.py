"""
The public edition of a report: small counts are hidden, and whatever they could be worked out from.

Hidden are counts of people, and of what happened to them, from 1 to 4; and where what is left of a
whole is so small, as that tells as much. A figure that is hidden must not follow from those that
are shown: each figure counts a set, and what is a sum or difference of shown sets is shown as well.
So further figures are hidden, the smallest first, until no small set is such a sum. Pure.

Homes and foster carers are left out: who knows that a child is in care may know in which. So are
rows that are named by what reporters wrote, where a number is hidden: it may tell of one child.

The limit is local: Staffordshire printed a 10, and no document says.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from broker.directory import Directory
from broker.reports.figures import Cell, Chart, Figure, Report, Section, Table, Unit

FEWEST = 5
_NOT_OF_PEOPLE = frozenset(
    {Unit.hours, Unit.minutes, Unit.days, Unit.homes, Unit.a_month, "deliveries", "%"}
)
_BESIDE = "The numbers are in the table beside it."  # a sentence on a chart may name a small one
_LEFT_OUT = "Not in a public edition."
_PRIME = (1 << 61) - 1  # sets are compared as vectors over a field in which nothing meets by chance

Named = Callable[[Cell], bool]  # whether a cell names what must not be named
Row = Mapping[int, int]  # a vector, by the number of its column


def public_edition(report: Report, directory: Directory) -> Report:
    """The report for everybody: no single child, no list, nothing small, no home or carer."""
    listed = tuple(
        replace(
            part,
            tables=tuple(table for table in part.tables if not table.private),
            charts=tuple(replace(chart, says=f"{chart.title}. {_BESIDE}") for chart in part.charts),
        )
        for part in report.sections
    )
    # With what names a home, so that no small count of one is what is left of a whole.
    hidden = hide(replace(report, sections=listed).figures.values())
    names_home = _homes(directory)
    sections = tuple(_part(section, names_home, hidden) for section in listed)
    report = replace(
        report, sections=tuple(part for part in sections if _says_something(part)), public=True
    )
    return report.with_figures(
        {
            name: replace(
                one,
                items=(),
                of_items=(),
                changed="",
                note="" if name in hidden else one.note,
                hidden=name in hidden,
            )
            for name, one in report.figures.items()
        }
    )


def _part(section: Section, names_home: Named, hidden: frozenset[str]) -> Section:
    """A section without what names a home, or what somebody wrote of a few."""
    written = {
        row[0]
        for table in section.tables
        for row in table.rows
        if table.as_written and any(cell.name in hidden for cell in row if isinstance(cell, Figure))
    }

    def goes(cell: Cell) -> bool:
        return names_home(cell) or (isinstance(cell, str) and cell in written)

    return replace(
        section,
        figures=tuple(one for one in section.figures if not names_home(one.label)),
        tables=tuple(
            _without(table, goes if table.as_written else names_home) for table in section.tables
        ),
        charts=tuple(_fewer(chart, goes) for chart in section.charts),
    )


def _homes(directory: Directory) -> Named:
    """Whether a cell names a home or a foster carer."""
    each = directory.agencies("provider")
    names = "|".join(re.escape(said) for one in each for said in (one.name, one.id) if said)
    # A home that is not in the directory is named by its id.
    found = re.compile(rf"^foster carer |\bprovider\.|(?<!\w)(?:{names or '(?!)'})(?!\w)")
    return lambda cell: not isinstance(cell, Figure) and bool(found.search(cell))


def _without(table: Table, goes: Named) -> Table:
    rows = tuple(row for row in table.rows if not any(map(goes, row)))
    if len(rows) == len(table.rows):
        return table
    if not rows:
        return replace(table, rows=(), none=_LEFT_OUT, note="")
    return replace(table, rows=rows)


def _fewer(chart: Chart, goes: Named) -> Chart:
    kept = [at for at, label in enumerate(chart.labels) if not goes(label)]
    return replace(
        chart,
        labels=tuple(chart.labels[at] for at in kept),
        series=tuple(
            replace(line, points=tuple(line.points[at] for at in kept)) for line in chart.series
        ),
        spots=tuple(one for one in chart.spots if not goes(one.label)),
    )


def _says_something(part: Section) -> bool:
    return bool(part.figures or part.tables or part.charts)


def hide(figures: Iterable[Figure]) -> frozenset[str]:
    """The names of the figures that are not shown."""
    figures = list(figures)
    hidden = {one.name for one in figures if _is_small(one)}
    for one in figures:  # an average of few is as good as their number
        if one.unit == Unit.per_child and one.of is not None and one.of < FEWEST:
            hidden.add(one.name)
    while more := _too_much(figures, hidden) or _gives_away(figures, hidden):
        hidden.add(more)
    hidden |= {one.name for one in figures if hidden.intersection(one.follows)}
    return frozenset(hidden)


def _counts(one: Figure) -> bool:
    return one.unit not in _NOT_OF_PEOPLE and one.unit != Unit.per_child and one.count is not None


def _small(count: float) -> bool:
    return 0 < count < FEWEST


def _is_small(one: Figure) -> bool:
    if not _counts(one) or one.count is None:
        return False
    if _small(one.count):
        return True
    return one.of is not None and (_small(one.of) or _small(one.of - one.count))


def _too_much(figures: Sequence[Figure], hidden: set[str]) -> str:
    """
    A part to hide beside those that are, where a whole is shown and the hidden rest of it is small.

    Two parts of 1 each are told by their sum, though neither follows from the others.
    """
    by_name = {one.name: one for one in figures}
    partitions: dict[tuple[str, str], list[Figure]] = {}
    for one in figures:
        if one.part_of and one.part_of in by_name and one.part_of not in hidden and _counts(one):
            partitions.setdefault((one.part_of, one.partition), []).append(one)
    for parts in partitions.values():
        unseen = [one for one in parts if one.name in hidden]
        if unseen and sum(one.count or 0 for one in unseen) < FEWEST:
            shown = [one for one in parts if one.name not in hidden and one.count]
            if smallest := min(shown, key=_size, default=None):
                return smallest.name
            return parts[0].part_of
    return ""


def _size(one: Figure) -> tuple[float, str]:
    return one.count or 0, one.name


@dataclass(slots=True)
class _Echelon:
    """Vectors, brought into a form in which it is quickly seen whether another is their sum."""

    rows: dict[int, tuple[Row, frozenset[str]]]  # by the column each begins with, with its sources

    def reduced(self, row: Row) -> tuple[Row, frozenset[str]]:
        """What is left of a vector, and the figures whose vectors were taken away from it."""
        left, used = dict(row), frozenset[str]()
        while left:
            first = min(left)
            held = self.rows.get(first)
            if held is None:
                return left, used
            factor = left[first]
            for column, value in held[0].items():
                changed = (left.get(column, 0) - factor * value) % _PRIME
                if changed:
                    left[column] = changed
                else:
                    left.pop(column, None)
            used |= held[1]
        return left, used

    def add(self, row: Row, name: str) -> None:
        left, used = self.reduced(row)
        if left:
            first = min(left)
            inverse = pow(left[first], -1, _PRIME)
            scaled = {column: value * inverse % _PRIME for column, value in left.items()}
            self.rows[first] = (scaled, used | {name})


def _gives_away(figures: Sequence[Figure], hidden: set[str]) -> str:
    """A figure to hide, as a small set is the sum of it and of others; empty: there is none."""
    listed = [one for one in figures if _counts(one) and _is_listed(one)]
    columns = _columns(listed)
    echelon = _Echelon({})
    by_name = {one.name: one for one in listed}
    for one in sorted(listed, key=_size, reverse=True):
        if one.name not in hidden:
            for row in _vectors(one, columns):
                echelon.add(row, one.name)
    for one in listed:
        if one.name in hidden:
            for row in _small_ones(one, columns):
                left, used = echelon.reduced(row)
                if not left and used:
                    return min(used, key=lambda name: _size(by_name[name]))
    return ""


def _is_listed(one: Figure) -> bool:
    return one.count == len(one.items) and (one.of is None or one.of == len(one.of_items))


def _columns(figures: Sequence[Figure]) -> dict[tuple[str, str], int]:
    """
    A column for each thing that is counted; things that always occur together share one.

    So the vectors stay short, however long the lists are.
    """
    occurs: dict[tuple[str, str], list[int]] = {}
    for at, one in enumerate(figures):
        for place, (unit, keys) in enumerate(_sets(one)):
            for key in keys:
                occurs.setdefault((unit, key), []).append(2 * at + place)
    numbers: dict[tuple[int, ...], int] = {}
    return {
        thing: numbers.setdefault(tuple(places), len(numbers)) for thing, places in occurs.items()
    }


def _sets(one: Figure) -> tuple[tuple[str, frozenset[str]], tuple[str, frozenset[str]]]:
    whole = frozenset(item.key for item in one.of_items)
    return (
        (one.unit, frozenset(item.key for item in one.items)),
        (one.of_unit or one.unit, whole),
    )


def _vectors(one: Figure, columns: Mapping[tuple[str, str], int]) -> list[Row]:
    return [row for unit, keys in _sets(one) if (row := _vector(unit, keys, columns))]


def _vector(unit: str, keys: Iterable[str], columns: Mapping[tuple[str, str], int]) -> Row:
    return dict.fromkeys(sorted({columns[unit, key] for key in keys}), 1)


def _small_ones(one: Figure, columns: Mapping[tuple[str, str], int]) -> list[Row]:
    """What must not be known of a hidden figure: its count, its whole, or what is left of it."""
    (unit, counted), (of_unit, whole) = _sets(one)
    found = [(unit, counted)]
    if one.of is not None:
        found += [(of_unit, whole)]
        if unit == of_unit:
            found += [(unit, whole - counted)]
    return [_vector(unit, keys, columns) for unit, keys in found if _small(len(keys))]
