"""Risk assessments that are kept, not overwritten: how many, with which reasons, up or down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from broker.episode import Fact
from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Episode, Facts
from broker.reports.figures import Figure, Item, Section, Table, Unit
from broker.working_time import local
from schemas.missing import MissingNotification, MissingUpdate

_UPDATES = ("update", "update-risk-assessment")  # how the names of duties to update end
_KINDS = (MissingNotification.KIND, MissingUpdate.KIND)
_GRADES = ("very-low", "low", "medium", "high")
# The least first. Some words are in the document, the others are local.
CONSEQUENCES = ("insignificant", "minor", "moderate", "major", "catastrophic")
LIKELIHOODS = ("rare", "unlikely", "possible", "likely", "almost-certain")


@dataclass(frozen=True, slots=True)
class Assessed:
    """One entry of a child's risk assessment."""

    child: UUID
    episode: UUID
    number: int
    obtained_at: datetime
    stated_at: datetime
    by: str
    grade: str
    likelihood: str
    consequence: str
    reasoned: bool

    @property
    def levels(self) -> tuple[str, str, str]:
        return self.grade, self.likelihood, self.consequence

    @property
    def words(self) -> str:
        return " / ".join(level for level in self.levels if level)

    @property
    def item(self) -> Item:
        says = {"level": self.words, "message": str(self.number), "by": self.by}
        return Item(self.child, self.episode, self.obtained_at, says)


def assessments(facts: Facts, some: Iterable[Episode]) -> list[Assessed]:
    """Every entry about these absences, in the order in which the information was obtained."""
    found = {
        fact.number: one
        for each in some
        for fact in each.facts
        if fact.kind in _KINDS and (one := _assessed(each, fact, facts))
    }
    return sorted(found.values(), key=lambda one: (one.obtained_at, one.number))


def _assessed(one: Episode, fact: Fact, facts: Facts) -> Assessed | None:
    said = facts.bodies.get(fact.number)
    if not isinstance(said, MissingNotification | MissingUpdate):
        return None
    grade = said.risk.value if said.risk else ""
    likelihood, consequence = said.risk_likelihood or "", said.risk_consequence or ""
    if not (grade or likelihood or consequence):
        return None
    reason = said.reason if isinstance(said, MissingUpdate) else said.risk_reason
    return Assessed(
        child=one.child,
        episode=one.id,
        number=fact.number,
        obtained_at=said.risk_obtained_at or fact.sent_at,
        stated_at=fact.sent_at,
        by=fact.sender,
        grade=grade,
        likelihood=likelihood,
        consequence=consequence,
        reasoned=bool((reason or "").strip()),
    )


def risk_assessments(facts: Facts) -> tuple[Section, ...]:
    """Children assessed of those missing or absent, entries, changes, updates, and which way."""
    counted = (*facts.missing(), *facts.absent())
    entries = assessments(facts, counted)
    changes = _changes(entries)
    figures = (
        assessed_children("assessed", "children assessed", counted, entries),
        counting.items("entries", "risk entries", "entries", (one.item for one in entries)),
        counting.items(
            "changes-with-reason",
            "changes with a reason",
            "entries",
            (one.item for one in changes if one.reasoned),
            (one.item for one in changes),
        ),
        *_updates(facts),
    )
    listed = Table(
        "each-entry",
        "Each entry: nothing is overwritten",
        ("child", "obtained", "stated", "by", "level", "reason"),
        tuple(
            (
                facts.pseudonym(one.child),
                local(one.obtained_at),
                local(one.stated_at),
                facts.name_of(one.by),
                one.words,
                "given" if one.reasoned else "NONE",
            )
            for one in entries
        ),
        none="Nobody was assessed.",
        private=True,
    )
    return (
        Section("Assessed", figures, (listed,)),
        Section("Which way", _ways(entries), text="From a child's first entry to its last."),
    )


def assessed_children(
    name: str, label: str, counted: Sequence[Episode], entries: Sequence[Assessed]
) -> Figure:
    with_one = {one.episode for one in entries}
    return counting.children_of(name, label, [e for e in counted if e.id in with_one], counted)


def _by_child(entries: Sequence[Assessed]) -> dict[UUID, list[Assessed]]:
    found: dict[UUID, list[Assessed]] = {}
    for one in entries:
        found.setdefault(one.child, []).append(one)
    return found


def _changes(entries: Sequence[Assessed]) -> list[Assessed]:
    """The entries that say something else than the one before them about the child."""
    return [
        after
        for each in _by_child(entries).values()
        for before, after in pairwise(each)
        if after.levels != before.levels
    ]


def _updates(facts: Facts) -> tuple[Figure, ...]:
    """What became of the updates that were owed because a child was missing five times a month."""
    owed: dict[UUID, Duty] = {
        duty.id: duty
        for one in facts.thresholds
        for duty in one.duties
        if duty.name.endswith(_UPDATES)
        and not one.withdrawn
        and one.reached_at in facts.asked.period
    }
    due = [one for one in owed.values() if one.met or one.state == "late"]
    met = [one for one in due if one.state == "met"]
    late = [one for one in due if one.state != "met"]
    whole = [_item(one) for one in due]
    return (
        counting.items("updates-met", "updates met", Unit.duties, map(_item, met), whole),
        counting.items("updates-late", "updates late", Unit.duties, map(_item, late), whole),
    )


def _item(one: Duty) -> Item:
    return Item(one.child, one.episode, one.due_at, {"duty": str(one.id), "state": one.state})


def _ways(entries: Sequence[Assessed]) -> tuple[Figure, ...]:
    """Up, the same or down; of children with two entries or more whose levels compare."""
    several = {child: each for child, each in _by_child(entries).items() if len(each) > 1}
    ways: dict[str, list[Item]] = {"up": [], "same": [], "down": [], "not-comparable": []}
    for child, each in several.items():
        says = {"first": each[0].words, "last": each[-1].words}
        ways[_way(each[0], each[-1])].append(Item(child, None, each[-1].obtained_at, says))
    whole = [item for items in ways.values() for item in items]
    labels = {"up": "risk up", "same": "risk the same", "down": "risk down"}
    labels["not-comparable"] = "stated on different scales"
    return tuple(
        counting.items(f"way/{way}", labels[way], Unit.children, items, whole)
        for way, items in ways.items()
    )


def _way(first: Assessed, last: Assessed) -> str:
    for scale, name in ((_GRADES, "grade"), (CONSEQUENCES, "consequence")):
        words = [_word(getattr(first, name)), _word(getattr(last, name))]
        if all(word in scale for word in words):
            steps = scale.index(words[1]) - scale.index(words[0])
            if steps == 0 and name == "consequence":
                steps = _likelier(first, last)
            return "up" if steps > 0 else "down" if steps < 0 else "same"
    return "not-comparable"


def _word(level: str) -> str:
    return level.lower().replace(" ", "-")


def _likelier(first: Assessed, last: Assessed) -> int:
    words = [_word(first.likelihood), _word(last.likelihood)]
    if not all(word in LIKELIHOODS for word in words):
        return 0
    return LIKELIHOODS.index(words[1]) - LIKELIHOODS.index(words[0])


REPORTS = (
    Entry(
        name="risk-assessments",
        title="Risk assessments",
        readers="Hub board",
        periods=("quarter", "month"),
        source="Gwent Hub evaluation 2015, 3.9, 3.28, 3.29, 3.46, 3.68, recommendation 6",
        make=risk_assessments,
        needs=Needs(duties=True, thresholds=True, bodies=frozenset(_KINDS)),
    ),
)
