"""`quarterly-missing`: what the Strategic Board, councils and the police see of a quarter."""

from collections.abc import Iterable, Mapping, Sequence

from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import DAY, bars, both, items, split, where
from broker.reports.facts import ABSENT, MISSING, Episode, Facts, Home, Start, grouped
from broker.reports.figures import (
    Area,
    Chart,
    Figure,
    Item,
    Look,
    Section,
    Series,
    Table,
    Unit,
    slug,
)
from broker.reports.monthly_counts import supplied_monthly
from broker.reports.period import Period
from broker.reports.states import held_in_time

_AGES = range(12, 17)  # St17 22c
_YEAR = 365  # how long ago an earlier episode may be: ours
_QUARTERS = 5  # of the trend: this one, and the same of the year before
_OTHER = "other"
_HOLD = "hold-return-interview"
_LIVES = {  # the columns of the report; whose home it is may not have been stated
    Home.independent: "independent home",
    Home.own: "council's own home",
    Home.home: "home, provider not stated",
    Home.family: "at home with family",
    Home.foster: "foster care",
}


def make(facts: Facts) -> tuple[Section, ...]:
    missing, absent = facts.missing(), facts.absent()
    return (
        Section(
            "How many",
            figures=(*both("missing", "missing", missing), *both("absent", "absent", absent)),
            tables=(_year_to_date(facts),),
        ),
        _who(facts, missing),
        _where(missing),
        _how_long(facts, missing),
        _interviews(facts, missing),
        _trend(facts),
        *((_elsewhere(facts),) if facts.asked.area is Area.in_area else ()),
        *supplied_monthly(facts),
    )


def _year_to_date(facts: Facts) -> Table:
    period = facts.asked.period.year_to_date
    groups = {"missing": facts.trending(period), "absent": facts.trending(period, ABSENT)}
    rows = tuple(
        (label, *counted_starts(f"year-to-date/{label}", label, starts))
        for label, starts in groups.items()
    )
    title = f"Year to date: {period.words}"
    return Table("year-to-date", title, ("", "children", "episodes"), rows)


def counted_starts(name: str, label: str, starts: Iterable[Start]) -> tuple[Figure, Figure]:
    """Children and episodes of bare absences."""
    starts = tuple(starts)
    first = {one.child: one for one in reversed(starts)}
    each = [Item(one.child, one.episode, one.started_at) for one in starts]
    children = [Item(child, None, one.started_at) for child, one in sorted(first.items())]
    return (
        items(f"{name}/children", label, Unit.children, children),
        items(f"{name}/episodes", label, Unit.episodes, each),
    )


def _who(facts: Facts, missing: Sequence[Episode]) -> Section:
    ages = grouped(missing, lambda one: "not known" if one.age is None else str(one.age))
    by_age = {age: ages[age] for age in sorted(ages, key=lambda age: (len(age), age))}
    table = split("age", "By year of age", "age", by_age, missing)
    return Section(
        "Who",
        figures=(
            *both("age-12-16", "aged 12 to 16", where(missing, _is_teenage), missing),
            *both(
                "earlier", "with an earlier missing episode in the year before",
                where(missing, lambda one: _has_earlier(facts, one)), missing,
            ),
            *both(
                "other-authority", "other authorities' children",
                where(missing, facts.from_elsewhere), missing,
            ),
            *both(
                "exploitation", "exploitation possible", where(missing, _may_be_exploited), missing,
            ),
        ),
        tables=(table,),
        charts=(bars("age-chart", table, f"Missing episodes by age: {_most(table)}."),),
    )  # fmt: skip


def _is_teenage(one: Episode) -> bool:
    return one.age in _AGES


def _may_be_exploited(one: Episode) -> bool:
    """By a risk that anybody named, or by what the child gave as a reason."""
    return one.exploitation or "possible-exploitation" in one.interview.factors


def _has_earlier(facts: Facts, one: Episode) -> bool:
    year = Period(one.day.replace(day=1), one.day).back(_YEAR)
    return any(each.started_at < one.started_at for each in facts.starts_within(one.child, year))


def _where(missing: Sequence[Episode]) -> Section:
    districts = split(
        "district", "By district", "district",
        grouped(missing, lambda one: one.district or "not stated"), missing, as_written=True,
    )  # fmt: skip
    lives = grouped(missing, lambda one: _LIVES.get(one.lives, _OTHER))
    all_of_them = {label: lives.get(label, ()) for label in (*_LIVES.values(), _OTHER)}
    placed = split("lives", "By where the child lives", "lives", all_of_them, missing)
    return Section(
        "Where",
        tables=(districts, placed),
        charts=(
            bars("district-chart", districts, f"Missing episodes by district: {_most(districts)}."),
            bars(
                "lives-chart", placed, f"Missing episodes by sort of place: {_most(placed)}."
            ),
        ),
    )  # fmt: skip


def _how_long(facts: Facts, missing: Sequence[Episode]) -> Section:
    ended = where(missing, lambda one: one.ended_at is not None)
    return Section(
        "How long",
        figures=(
            *both(
                "within-a-day", "found or back within 24 hours",
                where(ended, lambda one: one.lasted(facts.asked.as_at) <= DAY), ended,
            ),
            *both(
                "still-missing", "missing still", where(missing, lambda one: one.ended_at is None)
            ),
        ),
    )  # fmt: skip


def _interviews(facts: Facts, missing: Sequence[Episode]) -> Section:
    interviewed = where(missing, lambda one: one.interview.held_at is not None)
    held = {
        one.interview.held_id: Item(
            one.child, one.id, one.interview.held_at, {"interview": one.interview.held_id}
        )
        for one in interviewed
    }
    reasons: dict[str, list[Item]] = {}
    for one in {one.interview.held_id: one for one in interviewed}.values():
        for factor in one.interview.factors:
            reasons.setdefault(factor, []).append(held[one.interview.held_id])
    rows = tuple(
        (
            factor.replace("-", " "),
            items(
                f"reason/{factor}", factor.replace("-", " "), Unit.interviews, reasons[factor],
                held.values(),
            ),
        )
        for factor in sorted(reasons, key=lambda name: (-len(reasons[name]), name))
    )  # fmt: skip
    table = Table(
        "reasons", "Reasons that children gave", ("reason", "interviews"), rows,
        note="An interview may give several reasons.", none="No interview gave a reason.",
    )  # fmt: skip
    return Section(
        "Interviews",
        figures=(
            *both("interviewed", "interviewed", interviewed, missing),
            *both(
                "interviewed-in-time", "interviewed within 72 hours of return",
                where(interviewed, held_in_time), missing,
            ),
        ),
        tables=(table, _by_service(facts, missing)),
        charts=(
            (bars("reasons-chart", table, f"Reasons by interviews: {_most(table)}.", "interviews"),)
            if rows
            else ()
        ),
    )  # fmt: skip


def _by_service(facts: Facts, missing: Sequence[Episode]) -> Table:
    """Which service was to hold the interview: the one that owed it at the return."""
    back = where(missing, lambda one: one.back)
    rows = []
    for service, owed in grouped(back, service_of).items():
        held = where(owed, lambda one: one.interview.held_at is not None)
        name = facts.name_of(service) if service else "nobody"
        rows.append((name, *both(f"service/{slug(name)}/held", f"held, {name}", held, owed)))
    return Table(
        "services", "By who interviews", ("service", "children held", "episodes held"), tuple(rows)
    )


def service_of(one: Episode) -> str:
    """Who owes, or owed, the interview; else whom it was allocated to, or who held it."""
    owed = [duty for duty in one.duties if duty.name == _HOLD]
    by_duty = owed[-1].agency if owed else ""
    return by_duty or one.interview.service or one.interview.held_by


def _trend(facts: Facts) -> Section:
    periods = facts.asked.period.series(_QUARTERS)
    lines: Mapping[str, tuple[str, ...]] = {"missing": MISSING, "absent": ABSENT}
    figures = {
        label: [
            counted_starts(
                f"trend/{slug(each.name)}/{label}", f"{label}, {each.name}",
                facts.trending(each, categories),
            )
            for each in periods
        ]
        for label, categories in lines.items()
    }  # fmt: skip
    rows = tuple(
        (each.name, *figures["missing"][at], *figures["absent"][at])
        for at, each in enumerate(periods)
    )
    columns = ("", "missing children", "missing episodes", "absent children", "absent episodes")
    series = (
        Series("missing children", tuple(one for one, _ in figures["missing"])),
        Series("missing episodes", tuple(one for _, one in figures["missing"])),
        Series("absent episodes", tuple(one for _, one in figures["absent"])),
    )
    first, last = figures["missing"][0][1], figures["missing"][-1][1]
    chart = Chart(
        name="trend-chart",
        title="Period by period",
        says=f"Missing episodes went from {first.value} in {periods[0].name} to {last.value} in "
        f"{periods[-1].name}.",
        look=Look.lines,
        labels=tuple(each.name for each in periods),
        series=series,
        axis="count",
    )
    return Section(
        "Trend", tables=(Table("trend", "Period by period", columns, rows),), charts=(chart,)
    )


def _elsewhere(facts: Facts) -> Section:
    away = where(facts.elsewhere(), lambda one: one.missing and one.child_then)
    return Section(
        "Own, placed elsewhere",
        figures=both("elsewhere", "own children placed elsewhere, missing", away),
        text="Not in the figures above: they are in those of the area where they live.",
    )


def _most(table: Table) -> str:
    """The row of the most, in words."""
    found = [(row[0], row[-1]) for row in table.rows if isinstance(row[-1], Figure)]
    if not found:
        return "none"
    label, figure = max(found, key=lambda pair: pair[1].count or 0)
    return f"the most are {label}, {figure.value}"


REPORTS = (
    Entry(
        name="quarterly-missing",
        title="Children missing in the quarter",
        readers="Strategic Board, councils, police",
        periods=("quarter", "year"),
        source="Staffordshire Select Committee, 2017, paragraph 22, a to k",
        make=make,
        needs=Needs(starts=_YEAR + 1, trend=_QUARTERS - 1, duties=True, duties_named=_HOLD),
        notes=(
            "An earlier episode is one in the 365 days before, wherever it was: local, as the "
            "documents do not say.",
        ),
    ),
)
