"""
Patterns: who, from where and when, what comes back soon, and what was to be done about it.

The guidance of 2002 asked for patterns to be reported to the director and to councillors, as an
action plan with targets (Barnardo's, 2006, section 2.4).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from broker.reports import counting, spots
from broker.reports.actions import open_actions
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, Start, children
from broker.reports.figures import Cell, Chart, Figure, Item, Look, Section, Series, Table, slug
from broker.working_time import LONDON, local
from schemas.casework import MeetingOutcome
from schemas.child import RiskFactor

FOUR_WEEKS = timedelta(days=28)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip
SEASONS = ("winter (December to February)", "spring (March to May)", "summer (June to August)",
           "autumn (September to November)")  # fmt: skip
_HOURS = tuple(f"{hour:02}" for hour in range(24))
Key = Callable[[Episode], str]


def patterns(facts: Facts) -> tuple[Section, ...]:
    """Missing episodes by what they have in common."""
    every = facts.missing()
    return (
        Section("All missing episodes", counting.both("missing", "Missing", every)),
        Section(
            "Who and from where",
            tables=(
                _table("home", "By placement", every, lambda one: spots.placement(one, facts)),
                _table("age", "By age as it began", every, _age, _ages(every)),
                _table("sex", "By sex", every, lambda one: one.sex or "not known"),
                _factors(every),
            ),
        ),
        _when(every),
        _repeats(facts, every),
        _targets(facts, every),
        _actions(facts),
    )


def _table(
    name: str, title: str, every: Sequence[Episode], key: Key, order: Sequence[str] = ()
) -> Table:
    groups: dict[str, list[Episode]] = {value: [] for value in order}
    for one in every:
        groups.setdefault(key(one), []).append(one)
    if not order:
        groups = dict(sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])))
    rows = tuple(
        (
            value,
            counting.episodes(
                f"{name}/{slug(value)}/episodes", f"{value}: episodes", each,
                part_of="missing/episodes", partition=name,
            ),
            counting.children_of(f"{name}/{slug(value)}/children", f"{value}: children", each),
        )
        for value, each in groups.items()
    )  # fmt: skip
    return Table(name, title, (name, "episodes", "children"), rows)


def _age(one: Episode) -> str:
    return "not known" if one.age is None else str(one.age)


def _ages(every: Sequence[Episode]) -> list[str]:
    ages = {one.age for one in every}
    known = sorted(age for age in ages if age is not None)
    return [str(age) for age in known] + (["not known"] if None in ages else [])


def _factors(every: Sequence[Episode]) -> Table:
    """A child may have several, so these do not add up."""
    rows = []
    for factor in RiskFactor:
        some = [one for one in every if factor.value in one.risk_factors]
        if some:
            rows.append(_factor(factor.value, some))
    none = [one for one in every if not one.risk_factors]
    rows.append(_factor("none stated", none))
    note = "One child may have several. What nobody stated is not known, and not absent."
    return Table(
        "risk-factor", "By risk factor", ("factor", "episodes", "children"), tuple(rows), note
    )


def _factor(name: str, some: Sequence[Episode]) -> tuple[str, Figure, Figure]:
    label = name.replace("-", " ")
    return (
        label,
        counting.episodes(f"factor/{slug(name)}/episodes", f"{label}: episodes", some),
        counting.children_of(f"factor/{slug(name)}/children", f"{label}: children", some),
    )


# -- when


def _when(every: Sequence[Episode]) -> Section:
    months = [_MONTHS[month - 1] for month in sorted({_there(one).month for one in every})]
    seasons = [each for each in SEASONS if any(_season(one) == each for one in every)]
    weekday = _table("weekday", "By weekday", every, _weekday, DAYS)
    hour = _table("hour", "By hour of the day", every, _hour, _HOURS)
    return Section(
        title="When they began, by London's clock",
        tables=(
            _table("season", "By season", every, _season, seasons),
            _table("month", "By month", every, lambda one: _MONTHS[_there(one).month - 1], months),
            weekday,
            hour,
        ),
        charts=(
            _bars("weekday", "Episodes by weekday", weekday),
            _bars("hour", "Episodes by hour", hour),
            _heat(every),
        ),
    )


def _there(one: Episode) -> datetime:
    return one.started_at.astimezone(LONDON)


def _season(one: Episode) -> str:
    return SEASONS[_there(one).month % 12 // 3]


def _weekday(one: Episode) -> str:
    return DAYS[_there(one).weekday()]


def _hour(one: Episode) -> str:
    return _HOURS[_there(one).hour]


def _bars(name: str, title: str, table: Table) -> Chart:
    points = tuple(row[1] for row in table.rows if isinstance(row[1], Figure))
    labels = tuple(str(row[0]) for row in table.rows)
    return Chart(
        name, title, f"{title}. {_most(labels, points)}", Look.bars, labels,
        (Series("episodes", points),), axis="missing episodes",
    )  # fmt: skip


def _most(labels: Sequence[str], points: Sequence[Figure]) -> str:
    if not any(point.count for point in points):
        return "None."
    place = max(range(len(points)), key=lambda at: points[at].count or 0)
    return f"Most: {labels[place]}, {points[place].value}."


def _heat(every: Sequence[Episode]) -> Chart:
    cells: dict[tuple[str, str], list[Episode]] = {}
    for one in every:
        cells.setdefault((_weekday(one), _hour(one)), []).append(one)
    series = tuple(
        Series(
            day,
            tuple(
                counting.episodes(
                    f"weekday-hour/{day.lower()}/{hour}", f"{day} {hour}:00",
                    cells.get((day, hour), ()),
                )
                for hour in _HOURS
            ),
        )
        for day in DAYS
    )  # fmt: skip
    busiest = max(cells, key=lambda cell: len(cells[cell]), default=None)
    says = "Episodes by weekday and hour. " + (
        f"Most: {busiest[0]} {busiest[1]}:00, {len(cells[busiest])}." if busiest else "None."
    )
    return Chart("weekday-hour", "Episodes by weekday and hour", says, Look.heat, _HOURS, series,
                 axis="hour")  # fmt: skip


# -- what comes back soon


def _repeats(facts: Facts, every: Sequence[Episode]) -> Section:
    """Half of first repeats came within four weeks in the forces that were studied."""
    firsts = {child: each[0] for child, each in children(every).items()}
    again = {child: _next(facts, child, one) for child, one in firsts.items()}
    repeated = [one for child, one in firsts.items() if again[child] is not None]
    soon = [
        one
        for child, one in firsts.items()
        if (then := again[child]) is not None and then.started_at - one.started_at <= FOUR_WEEKS
    ]
    until = min(facts.asked.period.ends_at, facts.asked.as_at)
    early = [
        one
        for child, one in firsts.items()
        if again[child] is None and one.started_at + FOUR_WEEKS > until
    ]
    earlier = [
        one
        for one in firsts.values()
        if any(start.started_at < one.started_at and start.category != "absent"
               for start in facts.starts.get(one.child, ()))
    ]  # fmt: skip
    return Section(
        title="Repeats",
        figures=(
            counting.children_of("repeat", "Missing again in the period", repeated, every),
            counting.children_of(
                "repeat/four-weeks", "first repeat within four weeks", soon, repeated
            ),
            counting.children_of(
                "repeat/too-recent", "Not missing again, too recent to tell", early, every
            ),
            counting.children_of(
                "repeat/earlier", "Missing in the year before too", earlier, every
            ),
        ),
        text="Each child's first episode of the period, and the next that is known, wherever it "
        "began. Four weeks are 28 days.",
    )


def _next(facts: Facts, child: UUID, first: Episode) -> Start | None:
    later = (
        start
        for start in facts.starts.get(child, ())
        if start.started_at > first.started_at and start.category in ("missing", "unrecognised")
    )
    return min(later, key=lambda start: start.started_at, default=None)


# -- what was to be done


def _targets(facts: Facts, every: Sequence[Episode]) -> Section:
    """Targets that the agency supplies, beside what came of them; none supplied is said so."""
    counts = {figure.unit: figure for figure in counting.both("missing", "Missing", every)}
    rows: list[tuple[Cell, ...]] = []
    targets: Mapping[str, Any] = facts.supplied.get("targets") or {}
    for name, target in targets.items():
        if figure := counts.get(name):
            met = "met" if (figure.count or 0) <= float(target) else "not met"
            rows.append((f"missing, {name}", f"at most {target}", figure, met))
    return Section(
        "Targets",
        tables=(
            Table("targets", "Targets", ("what", "target", "this period", "state"), tuple(rows),
                  none="Not supplied."),
        ),
    )  # fmt: skip


def _actions(facts: Facts) -> Section:
    as_at = facts.asked.as_at
    found = open_actions(facts)
    items = [
        Item(one.child, None, one.decided_at, {"owner": one.owner, "number": str(one.number)})
        for one in found
    ]
    late = [item for item, one in zip(items, found, strict=True) if one.late(as_at)]
    rows = tuple(
        (
            facts.name_of(one.owner),
            one.due_on.isoformat() if one.due_on else "no day set",
            "past its day" if one.late(as_at) else "",
            one.meeting.replace("-", " "),
            local(one.decided_at),
            facts.pseudonym(one.child),
        )
        for one in found
    )
    columns = ("owner", "due on", "late", "meeting", "decided", "child")
    return Section(
        "Actions open",
        figures=(
            counting.items("actions-open", "Actions open", "actions", items),
            counting.items("actions-late", "past their day", "actions", late, items),
        ),
        tables=(
            Table("actions", "Actions that nobody has closed", columns, rows, private=True),
        ),
    )  # fmt: skip


REPORTS = (
    Entry(
        name="patterns",
        title="Patterns, targets and actions",
        readers="Director, councillors, corporate parenting",
        periods=("month", "quarter", "year"),
        source="Barnardo's, 2006, sections 2.4 and 5.1; Lancashire themed audit, 2013",
        make=patterns,
        needs=Needs(starts=365, on_file=True, bodies=frozenset({MeetingOutcome.KIND})),
    ),
)
