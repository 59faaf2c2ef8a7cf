"""Quarterly reports to the corporate parenting board and to the safeguarding board."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import DAY
from broker.reports.facts import Episode, Facts, Placement, children
from broker.reports.figures import (
    Area,
    Chart,
    Figure,
    Look,
    Section,
    Series,
    Table,
    Unit,
    slug,
)
from broker.reports.kinds.quarterly_missing import counted_starts
from broker.working_time import add_working_days, local_due

_DUE = 10  # working days after the quarter; local
_YEAR = 365
_QUARTERS = 4


def corporate_parenting(facts: Facts) -> tuple[Section, ...]:
    """Own looked-after children who were missing, wherever they live; others' in the area apart."""
    own = [one for one in facts.missing(area=Area.own) if one.looked_after]
    others = [
        one
        for one in facts.missing(area=Area.in_area)
        if one.looked_after and facts.from_elsewhere(one)
    ]
    long = [one for one in own if one.lasted(facts.asked.as_at) > DAY]
    away = [one for one in own if not one.back]
    out = [one for one in own if not one.is_in(facts.asked.areas)]
    told = [one for one in own if f"{one.responsible or one.lead}/iro-service" in one.told]
    held = [one for one in own if one.interview.held_at]
    moves = _moves(facts, facts.asked.period.days)
    figures = (
        *counting.both("own", "own looked-after children missing", own),
        counting.episodes("over-24h", "missing for more than 24 hours", long, own),
        *counting.both("still-missing", "still missing", away, own),
        *counting.both("placed-out", "placed outside the area", out, own),
        counting.episodes("iro-told", "IRO service told", told, own),
        counting.episodes("interviewed", "return interview held", held, own),
        _count_moves("moves", "moves of own looked-after children in the period", moves),
    )
    apart = counting.both("others", "other authorities' looked-after children in the area", others)
    year = _moves(facts, _YEAR)
    return (
        Section("Our children", figures, (_each(facts, own, year),), text=_due(facts)),
        Section("Other authorities' children placed here", apart),
    )


def _moves(facts: Facts, days: int) -> list[Placement]:
    """
    The placements of own children that ended as another began, in so many days up to the end.

    A child who is moved while missing has moved once, and is missing once.
    """
    window = facts.asked.period.back(days)
    return [
        one
        for one in facts.placements
        if one.moved and one.ends_at in window and one.responsible in facts.asked.areas
    ]


def _count_moves(name: str, label: str, moves: Sequence[Placement]) -> Figure:
    return counting.items(name, label, Unit.placements, (one.item for one in moves))


def _each(facts: Facts, own: Sequence[Episode], moves: Sequence[Placement]) -> Table:
    by_child: dict[UUID, int] = {}
    for one in moves:
        by_child[one.child] = by_child.get(one.child, 0) + 1
    rows = tuple(
        (
            facts.pseudonym(child),
            str(len(each)),
            counting.span(max(one.lasted(facts.asked.as_at) for one in each)),
            facts.name_of(each[-1].lives_in),
            "MISSING" if not each[-1].back else "back",
            str(by_child.get(child, 0)),
        )
        for child, each in children(own).items()
    )
    columns = ("child", "episodes", "longest", "lives in", "now", "moves in 12 months")
    none = "None of our children was missing."
    return Table("each-child", "Each child", columns, rows, none=none, private=True)


def _due(facts: Facts) -> str:
    last = facts.asked.period.ends_at - timedelta(seconds=1)
    due = local_due(add_working_days(last, _DUE))
    return f"Due {due}: the end of the {_DUE}th working day after the period, which is local."


def safeguarding_board(facts: Facts) -> tuple[Section, ...]:
    """Every child who was missing in the area, by the groups at risk, and how it has changed."""
    missing = facts.missing()
    tables = tuple(
        counting.split(
            slug(title),
            f"By {title}",
            title,
            {words: [one for one in missing if holds(one)] for words, holds in parts},
            missing,
        )
        for title, parts in _GROUPS
    )
    return (
        Section(
            "Children missing in the area",
            counting.both("missing", "missing", missing),
            tables,
            text=_due(facts),
        ),
        _trend(facts),
    )


Holds = Callable[[Episode], bool]


def _aged(first: int, last: int) -> Holds:
    return lambda one: one.age is not None and first <= one.age <= last


def _sex(*values: str) -> Holds:
    return lambda one: one.sex in values


_GROUPS: tuple[tuple[str, tuple[tuple[str, Holds], ...]], ...] = (
    (
        "age",
        (
            ("under 10", _aged(0, 9)),
            ("10 to 12", _aged(10, 12)),
            ("13 to 15", _aged(13, 15)),
            ("16 and 17", _aged(16, 17)),
            ("not known", lambda one: one.age is None),
        ),
    ),
    (
        "sex",
        (
            ("female", _sex("female")),
            ("male", _sex("male")),
            ("other or not known", lambda one: one.sex not in ("female", "male")),
        ),
    ),
    (
        "care",
        (
            ("looked after", lambda one: one.looked_after),
            ("not looked after, or not known", lambda one: not one.looked_after),
        ),
    ),
    (
        "plan",
        (
            ("on a protection plan", lambda one: bool(one.plan)),
            ("none known", lambda one: not one.plan),
        ),
    ),
    (
        "trafficked or unaccompanied",
        (
            ("trafficking suspected", lambda one: bool(one.trafficked)),
            ("unaccompanied", lambda one: bool(one.unaccompanied)),
        ),
    ),
    ("exploitation", (("flagged", lambda one: one.exploitation),)),
)


def _trend(facts: Facts) -> Section:
    periods = facts.asked.period.series(_QUARTERS)
    each = [
        counted_starts(f"trend/{slug(one.name)}", one.words, facts.trending(one)) for one in periods
    ]
    rows = tuple((one.words, *figures) for one, figures in zip(periods, each, strict=True))
    table = Table("trend", "Trend", ("period", "children", "episodes"), rows)
    chart = Chart(
        "trend",
        "Children and episodes, period by period",
        _says(each),
        Look.lines,
        tuple(one.name for one in periods),
        (
            Series("children", tuple(figures[0] for figures in each)),
            Series("episodes", tuple(figures[1] for figures in each)),
        ),
        axis="children, episodes",
    )
    return Section("Trend", (), (table,), (chart,))


def _says(each: Sequence[tuple[Figure, Figure]]) -> str:
    first, last = each[0], each[-1]
    return (
        f"From {first[0].value} children and {first[1].value} episodes to {last[0].value} children "
        f"and {last[1].value} episodes."
    )


REPORTS = (
    Entry(
        name="corporate-parenting",
        title="Corporate parenting: missing looked-after children",
        readers="corporate parenting board",
        periods=("quarter",),
        source="Ofsted 2013, paragraph 89; Barnardo's 2006, 2.4",
        make=corporate_parenting,
        needs=Needs(placements=True, placed_back=_YEAR),
        area=Area.own,
    ),
    Entry(
        name="safeguarding-board",
        title="Safeguarding board: children missing in the area",
        readers="safeguarding board",
        periods=("quarter",),
        source="Ofsted 2013, paragraphs 89 and 94",
        make=safeguarding_board,
        needs=Needs(trend=_QUARTERS - 1),
    ),
)
