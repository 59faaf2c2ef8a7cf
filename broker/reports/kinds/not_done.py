"""What was not done in time, and by whom: each late duty, until it is met or excused."""

from collections.abc import Iterable
from uuid import UUID

from broker.directory import kind_of
from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Facts
from broker.reports.figures import Figure, Section, Table, Unit, slug
from broker.working_time import local_due

_BACK = 400  # days: what is owed of an absence may be late for long


def not_done(facts: Facts) -> tuple[Section, ...]:
    """The late duties of the reader's own functions, and what others owe to its children."""
    asked = facts.asked
    late = [one for one in facts.duties if _is_late(one, facts)]
    here = {asked.reader, *(asked.areas if kind_of(asked.reader) == "la" else ())}
    ours = [one for one in late if one.agency in here]
    of_ours = {one.id for one in facts.episodes}
    theirs = [one for one in late if one.agency not in here and one.episode in of_ours]
    return (
        _section(facts, "ours", "Late here", ours),
        _section(facts, "theirs", "Late elsewhere, about children of the area", theirs),
    )


def _is_late(one: Duty, facts: Facts) -> bool:
    """It was due by the end of the period and is late still."""
    until = min(facts.asked.period.ends_at, facts.asked.as_at)
    return one.state == "late" and one.due_at is not None and one.due_at < until


def _section(facts: Facts, name: str, title: str, late: list[Duty]) -> Section:
    ordered = sorted(late, key=lambda one: (one.due_at or one.opened_at, one.name))
    figures = [_figure(f"{name}/late", "late duties", ordered)]
    by_desk: dict[tuple[str, str], list[Duty]] = {}
    for one in ordered:
        by_desk.setdefault((one.owed_by, one.name), []).append(one)
    counted = tuple(
        (
            facts.name_of(desk),
            duty,
            _figure(f"{name}/{slug(desk)}/{duty}", f"{duty}, {desk}", those),
        )
        for (desk, duty), those in sorted(by_desk.items(), key=lambda each: -len(each[1]))
    )
    columns = ("who", "what", "late")
    team = Table(f"{name}-by-team", "By team and function", columns, counted, none="Nothing.")
    listed = Table(
        f"{name}-each",
        "Each late duty, the longest first",
        ("who owes it", "what", "since", "late by", "climbed to", "child"),
        tuple(_row(one, facts) for one in ordered),
        none="Nothing is late.",
        private=True,
    )
    return Section(title, tuple(figures), (team, listed))


def _figure(name: str, label: str, duties: Iterable[Duty]) -> Figure:
    return counting.items(name, label, Unit.duties, (one.item for one in duties))


def _row(one: Duty, facts: Facts) -> tuple[str, ...]:
    since = local_due(one.due_at) if one.due_at else ""
    if one.late_on_arrival and one.working_due_at:
        since += f" (known too late; by {local_due(one.working_due_at)})"
    return (
        facts.name_of(one.owed_by),
        one.name + (f" {one.occasion}" if one.episode is None else ""),
        since,
        counting.span(one.delay(facts.asked.as_at)),
        ", ".join(facts.name_of(each) for each in one.climbed_to),
        _child(one.child, facts),
    )


def _child(child: UUID | None, facts: Facts) -> str:
    return facts.pseudonym(child) if child else ""


REPORTS = (
    Entry(
        name="not-done",
        title="What was not done",
        readers="team managers",
        periods=("week", "day", "month"),
        source="Ofsted 2013, paragraphs 69 to 71",
        make=not_done,
        needs=Needs(back=_BACK, late=True),
        ours=True,
        notes=("Late as at the time it is made: --as-at shows it as it was then.",),
    ),
)
