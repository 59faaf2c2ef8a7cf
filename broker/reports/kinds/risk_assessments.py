"""Risk assessments that are kept, not overwritten: how many, with which reasons, up or down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from broker.assessments import Entry as Kept
from broker.assessments import entries
from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Episode, Facts
from broker.reports.figures import Figure, Item, Section, Table, Unit
from broker.working_time import local
from schemas.values import agency_of

_UPDATES = ("update", "update-risk-assessment")  # how the names of duties to update end
_GRADES = ("very-low", "low", "medium", "high")
# The least first. Some words are in the document, the others are local.
CONSEQUENCES = ("insignificant", "minor", "moderate", "major", "catastrophic")
LIKELIHOODS = ("rare", "unlikely", "possible", "likely", "almost-certain")


@dataclass(frozen=True, slots=True)
class Assessed:
    """One entry of a child's risk assessment."""

    child: UUID
    episode: UUID
    entry: Kept

    @property
    def levels(self) -> tuple[str, str, str]:
        return self.entry.risk, self.entry.likelihood, self.entry.consequence

    @property
    def words(self) -> str:
        return " / ".join(level.replace("-", " ") for level in self.levels if level)

    @property
    def item(self) -> Item:
        says = {"level": self.words, "by": self.by}
        return Item(self.child, self.episode, self.entry.obtained_at, says, str(self.entry.number))

    @property
    def by(self) -> str:
        return agency_of(self.entry.author)


def assessments(some: Iterable[Episode]) -> list[Assessed]:
    """Every entry that grades a risk in these absences, in the order in which it was obtained."""
    found = [
        Assessed(each.child, each.id, entry)
        for each in some
        for entry in entries(each.facts)
        if entry.graded
    ]
    return sorted(found, key=lambda one: (one.entry.obtained_at, one.entry.number))


def risk_assessments(facts: Facts) -> tuple[Section, ...]:
    """Children assessed of those missing or absent, entries, changes, updates, and which way."""
    counted = (*facts.missing(), *facts.absent())
    assessed = assessments(counted)
    changes = _changes(assessed)
    figures = (
        assessed_children("assessed", "children assessed", counted, assessed),
        counting.items("entries", "risk entries", "entries", (one.item for one in assessed)),
        counting.items(
            "changes-with-reason",
            "changes with a reason",
            "entries",
            (one.item for one in changes if one.entry.reasoned),
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
                local(one.entry.obtained_at),
                local(one.entry.stated_at),
                facts.name_of(one.by),
                one.words,
                "given" if one.entry.reasoned else "NONE",
            )
            for one in assessed
        ),
        none="Nobody was assessed.",
        private=True,
    )
    return (
        Section("Assessed", figures, (listed,)),
        Section("Which way", _ways(assessed), text="From a child's first entry to its last."),
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
    whole = [one.item for one in due]
    return (
        counting.items("updates-met", "updates met", Unit.duties, [one.item for one in met], whole),
        counting.items(
            "updates-late", "updates late", Unit.duties, [one.item for one in late], whole
        ),
    )


def _ways(entries: Sequence[Assessed]) -> tuple[Figure, ...]:
    """Up, the same or down; of children with two entries or more whose levels compare."""
    several = {child: each for child, each in _by_child(entries).items() if len(each) > 1}
    ways: dict[str, list[Item]] = {"up": [], "same": [], "down": [], "not-comparable": []}
    for child, each in several.items():
        says = {"first": each[0].words, "last": each[-1].words}
        ways[_way(each[0], each[-1])].append(Item(child, None, each[-1].entry.obtained_at, says))
    whole = [item for items in ways.values() for item in items]
    labels = {"up": "risk up", "same": "risk the same", "down": "risk down"}
    labels["not-comparable"] = "stated on different scales"
    return tuple(
        counting.items(f"way/{way}", labels[way], Unit.children, items, whole)
        for way, items in ways.items()
    )


def _way(first: Assessed, last: Assessed) -> str:
    for scale, name in ((_GRADES, "risk"), (CONSEQUENCES, "consequence")):
        words = [getattr(first.entry, name), getattr(last.entry, name)]
        if all(word in scale for word in words):
            steps = scale.index(words[1]) - scale.index(words[0])
            if steps == 0 and name == "consequence":
                steps = _likelier(first, last)
            return "up" if steps > 0 else "down" if steps < 0 else "same"
    return "not-comparable"


def _likelier(first: Assessed, last: Assessed) -> int:
    words = [first.entry.likelihood, last.entry.likelihood]
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
        needs=Needs(duties=True, thresholds=True),
    ),
)
