"""What became of the children whom a multi-agency group reviewed: absences in the 90 days after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Facts, Start
from broker.reports.figures import Figure, Item, Section, Table, Unit
from broker.working_time import day_ends, local, london_day
from schemas.threshold import ThresholdReached

_GROUP = "multi-agency-group"
_FOLLOWED = 90  # days; local: the document does not say
_NOT_MISSING = "not missing in the year before"


@dataclass(frozen=True, slots=True)
class Case:
    """A child whom the group reviewed, from the first review of the period on."""

    child: UUID
    reviewed_at: datetime
    case: UUID | None
    risk: str
    criteria: tuple[str, ...]
    after: tuple[Start, ...]  # the missing episodes in the days that are followed
    is_over: bool  # all of those days have passed

    @property
    def item(self) -> Item:
        says = {"further episodes": str(len(self.after)), "risk": self.risk}
        return Item(self.child, self.case, self.reviewed_at, says)


def cases(facts: Facts) -> list[Case]:
    """The children who were reviewed in the period, each once."""
    found: dict[UUID, Case] = {}
    for meeting in facts.meetings:
        reviewed = meeting.type == _GROUP and meeting.held and meeting.at in facts.asked.period
        if reviewed and meeting.child and meeting.child not in found:
            found[meeting.child] = _case(meeting.child, meeting.at, meeting.case, facts)
    return list(found.values())


def _case(child: UUID, at: datetime, case: UUID | None, facts: Facts) -> Case:
    until = day_ends(london_day(at) + timedelta(days=_FOLLOWED))
    starts = facts.starts.get(child, ())
    after = tuple(
        one for one in starts if one.category == "missing" and at < one.started_at < until
    )
    before = [one for one in facts.episodes if one.child == child and one.started_at <= at]
    risk = before[-1].risk or "not stated" if before else _NOT_MISSING
    return Case(
        child, at, case, risk, _criteria(child, at, facts), after, facts.asked.as_at >= until
    )


def _criteria(child: UUID, at: datetime, facts: Facts) -> tuple[str, ...]:
    """Every ground on which a threshold had been reached by the review, each once."""
    met: dict[str, None] = {}
    for reached in facts.thresholds:
        if reached.child != child or reached.withdrawn or reached.known_at > at:
            continue
        for fact in reached.facts:
            said = facts.bodies.get(fact.number)
            if isinstance(said, ThresholdReached):
                met.update(dict.fromkeys(said.criteria))
    return tuple(met)


def group_outcomes(facts: Facts) -> tuple[Section, ...]:
    """How many of those reviewed had no further episode, or one; too recent ones apart."""
    found = cases(facts)
    high = [one for one in found if one.risk == "high"]
    columns = ("child", "reviewed", "risk then", "criteria met", "episodes since", "followed up")
    listed = Table(
        "cases",
        "Each case",
        columns,
        tuple(_row(one, facts) for one in found),
        none="Nobody was reviewed.",
        private=True,
    )
    return (
        Section("High-risk cases", _outcomes("high-risk", high)),
        Section(
            "All cases",
            _outcomes("all", found),
            (_criteria_table(found), listed),
            text=f"Followed for {_FOLLOWED} London days after the first review of the period, "
            "which is local. Who was reviewed too recently for that is in no denominator.",
        ),
    )


def _outcomes(name: str, some: Sequence[Case]) -> tuple[Figure, ...]:
    over = [one for one in some if one.is_over]

    def figure(part: str, label: str, holds: Callable[[Case], bool]) -> Figure:
        counted = [one.item for one in over if holds(one)]
        return counting.items(
            f"{name}/{part}", label, Unit.children, counted, (one.item for one in over),
            part_of=f"{name}/followed", partition="further",
        )  # fmt: skip

    whole = [one.item for one in some]
    recent = [one.item for one in some if not one.is_over]
    return (
        counting.items(f"{name}/reviewed", "reviewed", Unit.children, whole),
        counting.items(
            f"{name}/followed", "followed up", Unit.children, (one.item for one in over), whole
        ),
        figure("none", "no further episode", lambda one: not one.after),
        figure("one", "one further episode", lambda one: len(one.after) == 1),
        figure("more", "two or more", lambda one: len(one.after) > 1),
        counting.items(f"{name}/too-recent", "too recent to tell", Unit.children, recent, whole),
    )


def _criteria_table(found: Sequence[Case]) -> Table:
    by_words: dict[str, list[Item]] = {}
    for one in found:
        for words in one.criteria:
            by_words.setdefault(words, []).append(one.item)
    whole = [one.item for one in found]
    rows = tuple(
        (words, counting.items(f"criteria/{number}", words, Unit.children, items, whole))
        for number, (words, items) in enumerate(sorted(by_words.items()), start=1)
    )
    none = "No criterion of a threshold was met."
    return Table(
        "criteria", "Criteria met by the review", ("criterion", "children"), rows, none=none
    )


def _row(one: Case, facts: Facts) -> tuple[str, ...]:
    return (
        facts.pseudonym(one.child),
        local(one.reviewed_at),
        one.risk,
        "; ".join(one.criteria) or "none",
        str(len(one.after)),
        "yes" if one.is_over else "too recent",
    )


REPORTS = (
    Entry(
        name="group-outcomes",
        title="What became of those whom the group reviewed",
        readers="multi-agency group, strategic group",
        periods=("year", "quarter"),
        source="Ofsted 2013, box after paragraph 57",
        make=group_outcomes,
        needs=Needs(
            back=365,
            starts=365,
            followed=True,
            meetings=True,
            thresholds=True,
            bodies=frozenset({ThresholdReached.KIND}),
        ),
    ),
)
