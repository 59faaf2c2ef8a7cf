"""`accountability`: what each agency and function owed, and how it was done; Homeward's own too."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from broker.directory import BROKER
from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import items, percentile, span
from broker.reports.facts import Duty, Facts
from broker.reports.figures import Cell, Chart, Figure, Look, Section, Series, Table, slug

_DUTIES = "duties"
_PROMPT = timedelta(minutes=1)  # of a delivery: local
_COLUMNS = (
    "all", "in time", "late, done", "late still", "excused", "of these late first", "not due yet",
    "late on arrival", "median late", "90% late", "longest late",
)  # fmt: skip


def make(facts: Facts) -> tuple[Section, ...]:
    duties = [one for one in facts.duties if one.agency != BROKER]
    by_agency = _grouped(duties, lambda one: one.agency)
    by_function = _grouped(duties, lambda one: one.owed_by)
    return (
        Section(
            "Everybody",
            figures=_counts("all", "all duties", duties),
            tables=(_table(facts, "agency", "By agency", "agency", by_agency),),
            charts=(_chart(facts, by_agency),) if by_agency else (),
        ),
        Section(
            "By function", tables=(_table(facts, "function", "By function", "desk", by_function),)
        ),
        Section("By duty", tables=(_by_duty(facts, duties),)),
        Section("By month", tables=(_by_month(facts, by_agency),)),
        Section(
            "Both sides",
            tables=(_both_sides(facts, duties),),
            text="What two agencies owed because of the same children, side by side.",
        ),
        _homeward(facts),
    )


def _kind(duty: Duty) -> str:
    return f"{duty.name.replace('-', ' ')} ({duty.basis.replace('-', ' ')})"


def _grouped(duties: Iterable[Duty], by: Callable[[Duty], str]) -> Mapping[str, tuple[Duty, ...]]:
    found: dict[str, list[Duty]] = {}
    for one in duties:
        found.setdefault(by(one), []).append(one)
    return {name: tuple(found[name]) for name in sorted(found, key=lambda n: (-len(found[n]), n))}


def _table(
    facts: Facts, name: str, title: str, heading: str, groups: Mapping[str, Sequence[Duty]]
) -> Table:
    rows = tuple(_row(facts, f"{name}/{slug(key)}", key, each) for key, each in groups.items())
    return Table(name, title, (heading, *_COLUMNS), rows, none="Nothing was owed.")


def _by_duty(facts: Facts, duties: Sequence[Duty]) -> Table:
    """With the target of each, where one was supplied: the per cent that ought to be in time."""
    targets = facts.supplied.get("targets", {})
    table = _table(facts, "duty", "By duty", "duty", _grouped(duties, _kind))
    if not targets:
        return table
    named = {_kind(one): one.name for one in duties}
    rows = []
    for row in table.rows:
        target = targets.get(named.get(str(row[0]), ""))
        in_time = row[2]
        assert isinstance(in_time, Figure)
        rows.append((*row, _against(in_time, target)))
    return replace(table, columns=(*table.columns, "target"), rows=tuple(rows))


def _against(in_time: Figure, target: float | None) -> str:
    if target is None:
        return "none set"
    if in_time.share is None:
        return f"{target:g}%"
    return f"{target:g}%, {'reached' if 100 * in_time.share >= target else 'NOT reached'}"


def _row(facts: Facts, name: str, key: str, duties: Sequence[Duty]) -> tuple[Cell, ...]:
    label = facts.name_of(key)
    return (label, *_counts(name, label, duties), *_delays(facts, duties))


def _delays(facts: Facts, duties: Sequence[Duty]) -> tuple[str, ...]:
    """How late: of all that was not in time, also what is late still."""
    late = [delay for one in duties if (delay := one.delay(facts.asked.as_at)) is not None]
    return tuple(span(percentile(late, at)) for at in (50, 90, 100))


def _counts(name: str, label: str, duties: Sequence[Duty]) -> tuple[Figure, ...]:
    """
    Every duty in one of these: in time out of what was due, done late, late, excused, not due.

    What was past due when anybody heard of its cause is late by nobody's fault, and shown apart.
    """
    late_on_arrival = [one for one in duties if _is_late_on_arrival(one)]
    states = _by_state(duties)
    excused = [one for one in duties if one.excused]

    def figure(
        part: str, said: str, counted: Sequence[Duty], of: Sequence[Duty] | None = None
    ) -> Figure:
        return _figure(f"{name}/{part}", f"{label}: {said}", counted, of)

    return (
        figure("all", "all that was owed", duties),
        _in_time(name, label, duties),
        figure("met-late", "late, but done", states["met-late"]),
        figure("late", "late still", states["late"]),
        figure("excused", "excused, as nobody needs it any more", excused),
        figure(
            "excused-late",
            "of these late before they were excused",
            [one for one in excused if one.state == "excused"],
            excused,
        ),
        figure("not-due", "not due yet", states["open"]),
        figure("late-on-arrival", "past due when it became known", late_on_arrival),
    )


def _in_time(name: str, label: str, duties: Sequence[Duty]) -> Figure:
    states = _by_state(duties)
    due = [*states["met"], *states["met-late"], *states["late"]]
    said = "in time, of those due and not excused"
    return _figure(f"{name}/in-time", f"{label}: {said}", states["met"], due)


def _by_state(duties: Iterable[Duty]) -> Mapping[str, Sequence[Duty]]:
    found: dict[str, list[Duty]] = {state: [] for state in ("met", "met-late", "late", "open")}
    for one in duties:
        if one.state in found and not one.late_on_arrival:
            found[one.state].append(one)
    return found


def _figure(
    name: str, label: str, counted: Sequence[Duty], of: Sequence[Duty] | None = None
) -> Figure:
    whole = None if of is None else [one.item for one in of]
    return items(name, label, _DUTIES, [one.item for one in counted], whole)


def _is_late_on_arrival(duty: Duty) -> bool:
    """Past due before anybody could have known (rule N12)."""
    return duty.late_on_arrival and not duty.excused


def _chart(facts: Facts, by_agency: Mapping[str, Sequence[Duty]]) -> Chart:
    shown = dict(list(by_agency.items())[:10])
    counts = {
        key: _counts(f"agency/{slug(key)}", facts.name_of(key), each) for key, each in shown.items()
    }
    parts = {"in time": 1, "late, done": 2, "late still": 3, "excused": 4}
    worst = max(counts, key=lambda key: counts[key][3].count or 0)
    most = counts[worst][3]
    says = f"{facts.name_of(worst)} has the most that are late still: {most.value}."
    return Chart(
        name="agency-chart",
        title="What was owed, by agency",
        says="How many duties were in time, done late, late still and excused. "
        + (says if most.count else "None is late still."),
        look=Look.stacked,
        labels=tuple(facts.name_of(key) for key in shown),
        series=tuple(
            Series(part, tuple(counts[key][at] for key in shown)) for part, at in parts.items()
        ),
        axis="duties",
    )


def _by_month(facts: Facts, by_agency: Mapping[str, Sequence[Duty]]) -> Table:
    months = facts.asked.period.split(1)
    rows = []
    for key, duties in by_agency.items():
        label = facts.name_of(key)
        cells: list[Cell] = [label]
        for month in months:
            theirs = [one for one in duties if (one.due_at or one.opened_at) in month]
            name = f"month/{slug(month.name)}/{slug(key)}"
            cells.append(_in_time(name, f"{label}, {month.name}", theirs))
        rows.append(tuple(cells))
    return Table(
        "months",
        "In time by agency and month",
        ("agency", *(month.name for month in months)),
        tuple(rows),
    )


# -- both sides of each relationship


def _both_sides(facts: Facts, duties: Iterable[Duty]) -> Table:
    pairs: dict[tuple[str, str], dict[str, list[Duty]]] = {}
    for one in duties:
        other = _other_side(facts, one)
        if other and other != one.agency:
            pair = (min(one.agency, other), max(one.agency, other))
            sides = pairs.setdefault(pair, {name: [] for name in pair})
            sides[one.agency].append(one)
    ordered = sorted(pairs.items(), key=lambda each: (-sum(map(len, each[1].values())), each[0]))
    rows = []
    for (left, right), sides in ordered:
        cells: list[Cell] = [f"{facts.name_of(left)} and {facts.name_of(right)}"]
        for mine, theirs in ((left, right), (right, left)):
            label = f"{facts.name_of(mine)} because of children of {facts.name_of(theirs)}"
            name = f"sides/{slug(mine)}/{slug(theirs)}"
            cells += (facts.name_of(mine), _in_time(name, label, sides[mine]))
            cells.append(_delays(facts, sides[mine])[0])
        rows.append(tuple(cells))
    columns = (
        "between", "one owed", "in time", "median late", "the other owed", "in time ",
        "median late ",
    )  # fmt: skip
    return Table("sides", "What both sides owed each other", columns, tuple(rows))


def _other_side(facts: Facts, duty: Duty) -> str:
    """
    With whom an agency is about that child: the lead council; of that, who has the child.

    That is the council where the child lives, if another, else the home, else the police.
    """
    case = facts.about.get(duty.episode) if duty.episode else None
    if case is None:
        return ""
    if duty.agency != case.lead:
        return case.lead
    home = "" if "/" in case.placed_with else case.placed_with
    return case.lives_in if case.lives_in != case.lead else home or case.force


# -- Homeward itself


def _homeward(facts: Facts) -> Section:
    late = facts.lateness
    ours = [one for one in facts.duties if one.our_fault]
    every = len(late.sent) + late.waiting
    prompt = sum(one <= _PROMPT for one in late.sent)
    rows: tuple[tuple[Cell, ...], ...] = (
        (
            "deliveries, from the decision until they are there",
            Figure("homeward/sent", "sent within a minute", "deliveries", prompt, every),
            *(span_in_seconds(percentile(late.sent, at)) for at in (50, 90, 100)),
        ),
        (
            "duties found late, after they were due",
            Figure("homeward/fired", "found late within a minute", "duties",
                   sum(one <= _PROMPT for one in late.fired), len(late.fired)),
            *(span_in_seconds(percentile(late.fired, at)) for at in (50, 90, 100)),
        ),
    )  # fmt: skip
    return Section(
        "Homeward itself",
        figures=(
            items(
                "homeward/fault", "duties that climbed because Homeward had not sent in time",
                _DUTIES, [one.item for one in ours],
            ),
        ),
        tables=(
            Table(
                "homeward", "How late Homeward was",
                ("what", "within a minute", "median", "90%", "longest"), rows,
            ),
        ),
    )  # fmt: skip


def span_in_seconds(length: timedelta | None) -> str:
    """A short length of time: `0.2 s`, and from a minute on as any other."""
    if length is None or length >= timedelta(minutes=1):
        return span(length)
    return f"{length.total_seconds():.1f} s"


REPORTS = (
    Entry(
        name="accountability",
        title="What was owed, and how it was done",
        readers="multi-agency group, senior leaders",
        periods=("month", "quarter"),
        source="Ofsted 2013, box after paragraph 95",
        make=make,
        needs=Needs(absences=False, owed=True, lateness=True),
        notes=(
            "In time is out of what was due and not excused. What was past due when its cause "
            "became known is counted apart. A duty belongs to the period in which it was due.",
            "Targets are supplied with --with FILE: targets: {safe-and-well-check: 95}.",
        ),
    ),
)
