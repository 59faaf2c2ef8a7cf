"""
What a report is made of: figures, each with what was counted and the list behind it. Pure.

A figure counts one unit, so children and episodes are never mixed. What is shown in tables and
charts are figures too: so everything a report prints can be listed, compared with an earlier run,
and hidden where it is small.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from broker.reports.period import Period


class Area(StrEnum):
    """Whose children a report is about (rule N10)."""

    in_area = "in-area"  # who lives or is placed in the area, whoever is responsible
    own = "own"  # for whom the council is responsible, wherever placed


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What was asked for.

    `reader` is the agency it is made for, `areas` the councils it is about: one, or those of a
    force, a hub, or of a joint report, in which a child counts once.
    """

    reader: str
    areas: tuple[str, ...]
    period: Period
    as_at: datetime
    area: Area = Area.in_area
    policy: str = ""  # the version of the active policy
    against: Period | None = None  # an earlier time to compare with, where the report can
    protocol: str = ""  # an overlay whose classes are counted by, where the report asks for one


class Unit(StrEnum):
    """What a figure counts; each other unit is a word of its own in `Figure.unit`."""

    episodes = "episodes"
    children = "children"
    interviews = "interviews"
    checks = "checks"
    duties = "duties"
    notices = "notices"
    placements = "placements"
    meetings = "meetings"
    homes = "homes"
    hours = "hours"
    minutes = "minutes"
    days = "days"
    per_child = "a child"
    a_month = "a month"


# Counts of people and of what happened to them: small ones are hidden in public.
OF_PEOPLE = frozenset(
    {Unit.episodes, Unit.children, Unit.interviews, Unit.checks, Unit.placements, Unit.meetings}
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list behind a figure: codes, ids and times, never a name."""

    child: UUID | None = None
    episode: UUID | None = None
    at: datetime | None = None
    says: Mapping[str, str] = field(default_factory=dict)
    id: str = ""  # what tells it from the others, where several are of one child or absence

    @property
    def key(self) -> str:
        """What tells it from the others of the list."""
        if self.id:
            return self.id
        said = "" if self.child or self.episode else "/".join(self.says.values())
        return f"{self.episode or self.child or ''}{said}"


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A count, with what it is out of.

    `count` None: nothing was returned or supplied, which is not 0; `missing` says in which words.
    `of` None: it is out of nothing, a plain count. `part_of` names the figure that this one and
    the others of the same `partition` add up to (children who are in several parts count in each).
    `hidden`: not shown, as it is small.
    """

    name: str  # unique in the report; a slug, with / between its parts
    label: str
    unit: str
    count: float | None
    of: int | None = None
    of_unit: str = ""  # where it is not the same as `unit`
    items: tuple[Item, ...] = ()
    of_items: tuple[Item, ...] = ()
    part_of: str = ""
    partition: str = ""
    follows: tuple[str, ...] = ()  # figures it was worked out from: hidden where they are
    missing: str = "no return"
    note: str = ""
    decimals: int = 0
    hidden: bool = False
    changed: str = ""  # what it was in an earlier run, and why it is another now

    @property
    def share(self) -> float | None:
        """The part of the whole, 0 to 1; None: it is part of nothing."""
        return None if self.hidden or self.count is None or not self.of else self.count / self.of

    @property
    def value(self) -> str:
        """Count and denominator, as people write them: `4/5`."""
        if self.hidden:
            return "hidden"
        if self.count is None:
            return self.missing
        count = f"{self.count:,.{self.decimals}f}"
        return count if self.of is None else f"{count}/{self.of:,}"

    @property
    def percent(self) -> str:
        return "" if self.share is None else f"{self.share:.0%}"

    @property
    def text(self) -> str:
        """With its percentage: `4/5 (80%)`."""
        return f"{self.value} ({self.percent})" if self.percent else self.value


Cell = str | Figure


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first of each row names it. A figure as a cell can be listed."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    none: str = "None."
    private: bool = False  # about single children: never in a public edition
    as_written: bool = False  # what names a row is what somebody wrote

    @property
    def figures(self) -> Iterator[Figure]:
        return (cell for row in self.rows for cell in row if isinstance(cell, Figure))


class Look(StrEnum):
    """How a chart is drawn."""

    bars = "bars"
    stacked = "stacked"
    lines = "lines"
    heat = "heat"  # rows by columns, as weekday by hour
    map = "map"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or colour of a chart: a figure for each label; None leaves a gap."""

    name: str
    points: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on a map, with the figure that its size shows."""

    label: str
    latitude: float
    longitude: float
    figure: Figure


@dataclass(frozen=True, slots=True)
class Chart:
    """
    A picture of figures.

    `says` is what it shows in one sentence, for whoever does not see it. The figures stand in a
    table beside it; with no table of that name one is made from the chart.
    """

    name: str
    title: str
    says: str
    look: Look
    labels: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    spots: tuple[Spot, ...] = ()
    axis: str = ""  # what the numbers are

    @property
    def figures(self) -> Iterator[Figure]:
        yield from (point for line in self.series for point in line.points if point is not None)
        yield from (spot.figure for spot in self.spots)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report, under its heading."""

    title: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    text: str = ""

    @property
    def everything(self) -> Iterator[Figure]:
        yield from self.figures
        for table in self.tables:
            yield from table.figures
        for chart in self.charts:
            yield from chart.figures


@dataclass(frozen=True, slots=True)
class Report:
    """One report: what it is of, and its parts."""

    name: str
    title: str
    asked: Asked
    sections: tuple[Section, ...]
    source: str = ""
    notes: tuple[str, ...] = ()
    public: bool = False

    @property
    def figures(self) -> dict[str, Figure]:
        """Every figure by name, each once, in the order in which they stand."""
        found: dict[str, Figure] = {}
        for section in self.sections:
            for figure in section.everything:
                found.setdefault(figure.name, figure)
        return found

    def with_figures(self, changed: Mapping[str, Figure]) -> "Report":
        """The same report with other figures in place of those of their names."""

        def cell(one: Cell) -> Cell:
            return changed.get(one.name, one) if isinstance(one, Figure) else one

        def point(one: Figure | None) -> Figure | None:
            return None if one is None else changed.get(one.name, one)

        def chart(one: Chart) -> Chart:
            series = tuple(
                replace(line, points=tuple(map(point, line.points))) for line in one.series
            )
            spots = tuple(
                replace(spot, figure=changed.get(spot.figure.name, spot.figure))
                for spot in one.spots
            )
            return replace(one, series=series, spots=spots)

        def section(one: Section) -> Section:
            tables = tuple(
                replace(table, rows=tuple(tuple(map(cell, row)) for row in table.rows))
                for table in one.tables
            )
            figures = tuple(changed.get(figure.name, figure) for figure in one.figures)
            return replace(
                one, figures=figures, tables=tables, charts=tuple(map(chart, one.charts))
            )

        return replace(self, sections=tuple(map(section, self.sections)))


def slug(text: str) -> str:
    """A word for the name of a figure: small letters, digits and hyphens."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in text.lower())
    return "-".join(part for part in kept.split("-") if part)


def named(figures: Iterable[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}
