"""What the board of a team that acts for several councils is shown of each quarter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, children, grouped
from broker.reports.figures import Cell, Figure, Section, Table, Unit, slug
from broker.reports.kinds import (
    debriefs,
    most_missing,
    onward_referrals,
    risk_assessments,
    screening,
)
from broker.reports.kinds.risk_assessments import Assessed, assessments
from broker.working_time import local

_SUPPLIED = "figures"  # what agencies count themselves, by the name of the figure
_NOT_SUPPLIED = "not supplied"
_BESIDE = "supplied/"  # before the names of what nobody asked for
# What the evaluation asks for and no message carries, with what each counts.
_ASKED_FOR = {
    "units-told": ("residential units told of the protocol", str(Unit.homes)),
    "schools-supported": ("schools supported", "schools"),
    "peer-education": ("reached by peer education", str(Unit.children)),
    "better-outcomes": ("with better outcomes after than before", str(Unit.children)),
    "cost": ("cost", "pounds"),
}


def board_update(facts: Facts) -> tuple[Section, ...]:
    """Who was missing, by council and need; what was done; what others supply; whether it fell."""
    counted = (*facts.missing(), *facts.absent())
    entries = assessments(counted)
    done = _Done.of(facts, counted, entries)
    work = (
        risk_assessments.assessed_children("assessed", "children assessed", counted, entries),
        _up_to_date(counted, entries, facts),
        *_followed(counted, entries, facts),
    )
    given = {name: (name.replace("-", " "), "count") for name in facts.supplied.get(_SUPPLIED, {})}
    supplied = tuple(_supplied(facts, name, *words) for name, words in (given | _ASKED_FOR).items())
    sections = (
        Section(
            "Missing or absent",
            (
                *counting.both("missing-or-absent", "missing or absent", counted),
                *counting.both("missing", "missing", facts.missing()),
                *counting.both("absent", "absent", facts.absent()),
            ),
            (
                _by_council(facts, counted, done),
                _screened(facts),
                *_by_need(counted, done),
            ),
        ),
        Section("What was done after", work),
        Section("As agencies supply it", supplied),
        *most_missing.top_ten_trend(facts),
    )
    return (*sections, _how(facts, sections))


def _by_council(facts: Facts, counted: Sequence[Episode], done: "_Done") -> Table:
    """Every council of the report, also where nobody was missing."""
    areas = {facts.name_of(area): (area,) for area in facts.asked.areas}
    groups = {name: [one for one in counted if one.is_in(area)] for name, area in areas.items()}
    return _with_work("council", groups, counted, done)


_NEEDS: Mapping[str, Callable[[Episode], str]] = {
    "plan": lambda one: "on a protection plan" if one.plan else "no plan known",
    "care": lambda one: "looked after" if one.looked_after else "not looked after, or not known",
    "risk": lambda one: one.risk.replace("-", " ") or "not stated",
}


def _by_need(counted: Sequence[Episode], done: "_Done") -> tuple[Table, ...]:
    """A child whose need changed within the period stands in more than one row."""
    return tuple(
        _with_work(name, grouped(counted, by), counted, done) for name, by in _NEEDS.items()
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """The absences that were assessed and debriefed, and the children who were referred on."""

    assessed: frozenset[UUID]
    debriefed: frozenset[UUID]
    referred: frozenset[UUID]  # children

    @classmethod
    def of(cls, facts: Facts, counted: Sequence[Episode], entries: Sequence[Assessed]) -> "_Done":
        held = debriefs.debriefs_of(counted)
        period = facts.asked.period
        return cls(
            frozenset(one.episode for one in entries),
            frozenset(each.id for one in held for each in one.episodes),
            frozenset(
                one.child
                for one in onward_referrals.referrals(facts)
                if one.made_at in period and not one.refused
            ),
        )


def _screened(facts: Facts) -> Table:
    rows: list[tuple[Cell, ...]] = []
    reported = screening.reports(facts)
    for area in facts.asked.areas:
        there = [one for one in reported if one.is_in((area,))]
        done = [one for one in there if screening.screened(one)]
        name = facts.name_of(area)
        label = f"reports screened, {name}"
        rows.append((name, counting.episodes(f"screened/{slug(name)}", label, done, there)))
    columns = ("council", "screened, of those the police reported")
    return Table("screened", "Reports screened", columns, tuple(rows))


def _with_work(
    name: str, groups: Mapping[str, Sequence[Episode]], of: Sequence[Episode], done: _Done
) -> Table:
    """Children and episodes of each group, and what was done for how many of them."""
    table = counting.split(name, f"By {name}", name, groups, of, "missing-or-absent")
    rows = tuple(
        (*row, *_work(f"{name}/{slug(label)}", label, those, done))
        for row, (label, those) in zip(table.rows, groups.items(), strict=True)
    )
    columns = (*table.columns, "assessed", "debriefed", "referred on")
    note = "" if name == "council" else "As it was when each absence began."
    return replace(table, columns=columns, rows=rows, note=note)


def _work(code: str, label: str, those: Sequence[Episode], done: _Done) -> tuple[Cell, ...]:
    each: Mapping[str, Callable[[Episode], bool]] = {
        "assessed": lambda one: one.id in done.assessed,
        "debriefed": lambda one: one.id in done.debriefed,
        "referred": lambda one: one.child in done.referred,
    }
    return tuple(
        counting.children_of(
            f"{code}/{word}", f"children {word}, {label}", counting.where(those, holds), those
        )
        for word, holds in each.items()
    )


def _up_to_date(counted: Sequence[Episode], entries: Sequence[Assessed], facts: Facts) -> Figure:
    """The children whose newest risk entry is no older than their newest absence."""
    newest = {one.child: one.entry.obtained_at for one in entries}
    last = {child: each[-1] for child, each in children(counted).items()}
    current = [
        one for child, one in last.items() if child in newest and newest[child] >= one.started_at
    ]
    return counting.children_of(
        "up-to-date", "case records up to date", current, list(last.values())
    )


def _followed(
    counted: Sequence[Episode], entries: Sequence[Assessed], facts: Facts
) -> tuple[Figure, Figure]:
    first: dict[UUID, datetime] = {}
    for one in entries:
        first.setdefault(one.child, one.entry.obtained_at)
    assessed = [one for one in counted if one.child in first]
    visited = {
        one.child
        for one in facts.meetings
        if one.type == "visit" and one.held and one.child in first and one.at >= first[one.child]
    }
    moved = {
        one.child
        for one in facts.placements
        if one.child in first and one.starts_at >= first[one.child]
    }
    return (
        counting.children_of(
            "visited-after",
            "home visit after an assessment",
            [one for one in assessed if one.child in visited],
            assessed,
        ),
        counting.children_of(
            "moved-after",
            "placement changed after an assessment",
            [one for one in assessed if one.child in moved],
            assessed,
        ),
    )


def _supplied(facts: Facts, name: str, label: str, unit: str) -> Figure:
    """What agencies count themselves; none supplied is not 0."""
    said = facts.supplied.get(_SUPPLIED, {}).get(name, {})
    return Figure(
        name=name if name in _ASKED_FOR else f"{_BESIDE}{name}",
        label=label,
        unit=unit,
        count=said.get("count"),
        of=said.get("of"),
        missing=_NOT_SUPPLIED,
        note=str(said.get("source", "")),
    )


def _how(facts: Facts, sections: Sequence[Section]) -> Section:
    """For each figure: the target, how and from what it is counted, and when that was known."""
    targets = facts.supplied.get("targets", {})
    given = facts.supplied.get(_SUPPLIED, {})
    rows: list[tuple[Cell, ...]] = []
    for figure in (figure for section in sections for figure in section.figures):
        said = given.get(figure.name.removeprefix(_BESIDE), {})
        rows.append(
            (
                f"{figure.label}, {figure.unit}",
                figure,
                str(targets.get(figure.name, "none set")),
                str(said.get("method", "counted from messages")),
                str(said.get("source", "Homeward's ledger")),
                str(said.get("collected", local(facts.asked.as_at))),
            )
        )
    columns = ("figure", "now", "target", "method", "source", "collected")
    return Section("How these were counted", (), (Table("how", "Method", columns, tuple(rows)),))


REPORTS = (
    Entry(
        name="board-update",
        title="Update for the board",
        readers="Project Board",
        periods=("quarter", "year"),
        source="Gwent Hub evaluation 2015, 3.20 to 3.22, 3.80, recommendation 11, logic model",
        make=board_update,
        needs=Needs(
            before=True,
            duties=True,
            duties_named=screening.SCREEN,
            placements=True,
            meetings=True,
            on_file=True,
            bodies=onward_referrals.SAID_IN,
        ),
    ),
)
