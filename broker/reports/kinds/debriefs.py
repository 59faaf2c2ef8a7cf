"""Independent debriefs: of how many children, who was not referred and why, how often again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, children, grouped
from broker.reports.figures import Chart, Figure, Item, Look, Section, Series, Table, Unit, slug
from schemas.outcomes import ReturnInterviewOutcome

_BACK = 731  # days: how far an earlier debrief of the child is looked for
_QUARTERS = 4
_REFERRED = ("allocated", "offered", "accepted", "declined", "attempted", "held")
_NOT_REFERRED = ("not-referred", "not-held")


@dataclass(frozen=True, slots=True)
class Debrief:
    """One debrief that was held, of however many absences, counted with the first of them."""

    id: str
    child: UUID
    at: datetime
    episodes: tuple[Episode, ...]
    again: bool  # the child had one before

    @property
    def first(self) -> Episode:
        return self.episodes[0]

    @property
    def item(self) -> Item:
        says = {"debrief": self.id, "": "again" if self.again else "the first"}
        return Item(self.child, self.first.id, self.at, says)


def debriefs_of(episodes: Iterable[Episode]) -> list[Debrief]:
    """The debriefs of these absences, the oldest first; each knows whether the child had one."""
    held: dict[str, list[Episode]] = {}
    for one in sorted(episodes, key=lambda each: each.started_at):
        for step in one.interview.steps:
            if step.value == "held":
                held.setdefault(step.message_id, []).append(one)
    found: list[Debrief] = []
    had: set[UUID] = set()
    for id, each in sorted(held.items(), key=lambda pair: _held_at(pair[0], pair[1][0])):
        child = each[0].child
        found.append(Debrief(id, child, _held_at(id, each[0]), tuple(each), child in had))
        had.add(child)
    return found


def _held_at(id: str, one: Episode) -> datetime:
    return next(step.at for step in one.interview.steps if step.message_id == id)


def debriefs(facts: Facts) -> tuple[Section, ...]:
    """Debriefs of the absences that began in the period, with what it takes to judge the number."""
    counted = (*facts.missing(), *facts.absent())
    everything = [one for one in facts.episodes if facts.counts(one, facts.asked.area)]
    held = [one for one in debriefs_of(everything) if one.first.started_at in facts.asked.period]
    referred = [one for one in counted if _is_referred(one)]
    return (
        Section(
            "Debriefs", _figures(facts, counted, referred, held), _tables(facts, counted, held)
        ),
        Section("Not referred", tables=(_not_referred(counted, referred),)),
        Section("Told back", _told_back(facts, held)),
        _trend(facts, everything),
    )


def _is_referred(one: Episode) -> bool:
    return one.interview.first(*_REFERRED) is not None


def _figures(
    facts: Facts,
    counted: Sequence[Episode],
    referred: Sequence[Episode],
    held: Sequence[Debrief],
) -> tuple[Figure, ...]:
    seen = {id(each) for one in held for each in one.episodes}
    debriefed = [one for one in counted if id(one) in seen]
    months = max(facts.asked.period.whole_months, 1)
    again = [one.item for one in held if one.again]
    items = [one.item for one in held]
    return (
        counting.items("debriefs", "debriefs", Unit.interviews, items),
        Figure(
            "per-month",
            f"debriefs a month, over {months}",
            "debriefs a month",
            len(held) / months,
            items=tuple(items),
            decimals=1,
        ),
        counting.children_of(
            "unique", "children debriefed, of those missing or absent", debriefed, counted
        ),
        counting.children_of("take-up", "engaged, of those referred", debriefed, referred),
        counting.items("repeats", "repeats", Unit.interviews, again, items),
    )


def _tables(facts: Facts, counted: Sequence[Episode], held: Sequence[Debrief]) -> tuple[Table, ...]:
    return (_per_child(held), _by_month(facts, held), by_council(facts, counted, held))


def _per_child(held: Sequence[Debrief]) -> Table:
    each: dict[UUID, list[Debrief]] = {}
    for one in held:
        each.setdefault(one.child, []).append(one)
    numbers = sorted({len(those) for those in each.values()})
    rows = tuple(
        (
            str(number),
            counting.items(
                f"per-child/{number}",
                f"children with {number}",
                Unit.children,
                (Item(child) for child, those in each.items() if len(those) == number),
                (Item(child) for child in each),
            ),
        )
        for number in numbers
    )
    return Table("per-child", "Debriefs per child", ("debriefs", "children"), rows)


def _by_month(facts: Facts, held: Sequence[Debrief]) -> Table:
    rows = tuple(
        (
            month.words,
            counting.items(
                f"month/{slug(month.name)}",
                f"debriefs of {month.words}",
                Unit.interviews,
                (one.item for one in held if one.first.started_at in month),
            ),
        )
        for month in facts.asked.period.split()
    )
    note = "By the month in which the absence began, whenever the debrief was."
    return Table("by-month", "By month", ("month", "debriefs"), rows, note=note)


def by_council(facts: Facts, counted: Sequence[Episode], held: Sequence[Debrief]) -> Table:
    """Debriefs and the children they are of, for each council of the report, also where none."""
    rows = []
    for area in facts.asked.areas:
        there = [one for one in counted if one.is_in((area,))]
        theirs = [one for one in held if one.first.is_in((area,))]
        seen = {id(each) for one in theirs for each in one.episodes}
        name = facts.name_of(area)
        rows.append(
            (
                name,
                counting.items(
                    f"council/{area}/debriefs",
                    f"debriefs, {name}",
                    Unit.interviews,
                    (one.item for one in theirs),
                ),
                counting.children_of(
                    f"council/{area}/unique",
                    f"children debriefed, {name}",
                    [one for one in there if id(one) in seen],
                    there,
                ),
            )
        )
    columns = ("council", "debriefs", "children debriefed, of those missing or absent")
    return Table("by-council", "By council", columns, tuple(rows))


def _not_referred(counted: Sequence[Episode], referred: Sequence[Episode]) -> Table:
    """The children with no referral in the period, by the last reason; none yet: it is owed."""
    had = {one.child for one in referred}
    others = {child: each for child, each in children(counted).items() if child not in had}
    last = [_last_word(each) for each in others.values()]
    whole = [one for each in others.values() for one in each]
    rows = tuple(
        (
            reason,
            counting.children_of(
                f"not-referred/{slug(reason)}", f"not referred: {reason}", those, whole
            ),
        )
        for reason, those in grouped(last, _why_not).items()
    )
    none = "Every child was referred."
    return Table("not-referred", "Children not referred", ("reason", "children"), rows, none=none)


def _last_word(each: Sequence[Episode]) -> Episode:
    """The absence with the newest reason, else the newest."""
    reasoned = [one for one in each if _why_not(one) != _NO_WORD]
    return (reasoned or list(each))[-1]


_NO_WORD = "no reason yet: the decision is open"


def _why_not(one: Episode) -> str:
    said = [step for step in one.interview.steps if step.value in _NOT_REFERRED]
    return (said[-1].reason or "no reason").replace("-", " ") if said else _NO_WORD


def _told_back(facts: Facts, held: Sequence[Debrief]) -> tuple[Figure, ...]:
    """Shared with the child's worker, as the interviewer says; and read, as an answer shows."""
    shared = [
        one for one in held if any("social-work" in e.interview.shared_with for e in one.episodes)
    ]
    read = [one for one in held if _is_read(facts, one)]
    whole = [one.item for one in held]
    return (
        counting.items("held", "held", Unit.interviews, whole),
        counting.items(
            "shared-with-worker",
            "shared with the child's worker",
            Unit.interviews,
            (one.item for one in shared),
            whole,
        ),
        counting.items(
            "read-by-worker",
            "read by the child's worker",
            Unit.interviews,
            (one.item for one in read),
            whole,
        ),
    )


def _is_read(facts: Facts, one: Debrief) -> bool:
    """Whether social work answered anything that was sent of the interview since it was held."""
    return any(
        told.function == "social-work" and told.read_at is not None and told.heard_at >= one.at
        for each in one.episodes
        for told in facts.deliveries.get(each.id, ())
    )


def _trend(facts: Facts, everything: Sequence[Episode]) -> Section:
    """Period by period, none of which overlaps another."""
    periods = facts.asked.period.series(_QUARTERS)
    held = debriefs_of(everything)
    rows, counted = [], []
    for period in periods:
        those = [one.item for one in held if one.first.started_at in period]
        months = max(period.whole_months, 1)
        name = slug(period.name)
        total = counting.items(
            f"trend/{name}/debriefs", f"debriefs, {period.words}", Unit.interviews, those
        )
        monthly = Figure(
            f"trend/{name}/per-month",
            f"debriefs a month, {period.words}",
            "debriefs a month",
            len(those) / months,
            items=tuple(those),
            decimals=1,
        )
        rows.append((period.words, str(months), total, monthly))
        counted.append(total)
    table = Table("trend", "Trend", ("period", "months", "debriefs", "a month"), tuple(rows))
    says = f"From {counted[0].value} debriefs to {counted[-1].value}."
    series = (Series("debriefs", tuple(counted)),)
    labels = tuple(period.name for period in periods)
    chart = Chart("trend", "Debriefs, period by period", says, Look.bars, labels, series)
    return Section("Trend", (), (table,), (chart,), text="No two periods overlap.")


REPORTS = (
    Entry(
        name="debriefs",
        title="Independent debriefs",
        readers="Hub board, Llamau",
        periods=("quarter",),
        source="Gwent Hub evaluation 2015, 3.19, 3.30 to 3.32, 3.41, recommendation 9, table 1",
        make=debriefs,
        needs=Needs(back=_BACK, deliveries=frozenset({ReturnInterviewOutcome.KIND})),
        notes=("An earlier debrief of a child is looked for in the two years before the period.",),
    ),
)
