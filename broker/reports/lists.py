"""
What homes, fostering services and others returned for a period: their own lists. Pure.

Nothing returned is shown as that; a nil return says that there was no absence (rule N6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from broker.directory import kind_of
from broker.reports.facts import Census, Facts
from broker.reports.period import Period
from broker.working_time import add_working_days, local_due
from schemas.census import CensusEntry

RETURNED, NIL, PART, NONE, NOT_OWED = "returned", "nil", "part returned", "no return", "not owed"
WORKING_DAYS = 5  # after the period; local, as the policy has it
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Returned:
    """What one home, or one foster carer, returned for a period; no list is no answer."""

    state: str
    entries: tuple[CensusEntry, ...]
    months: int  # of how many of its months there is a list
    of_months: int
    due_at: datetime

    @property
    def known(self) -> bool:
        """Whether its numbers say anything."""
        return self.state in (RETURNED, NIL, PART)

    def words(self, as_at: datetime) -> str:
        """For people: what is missing says since when."""
        if self.state not in (NONE, PART):
            return self.state
        late = "late since" if as_at >= self.due_at else "due"
        return f"{self.state}, {late} {local_due(self.due_at)}"


def best(lists: Iterable[Census], period: Period) -> list[Census]:
    """The lists that together tell of a period, no day twice where that can be helped."""
    within = [one for one in lists if period.first <= one.period.first and
              one.period.last <= period.last]  # fmt: skip
    chosen: list[Census] = []
    for one in sorted(within, key=lambda each: (-each.period.days, each.period.first)):
        if not any(_overlap(one.period, other.period) for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda each: each.period.first)


def of_home(facts: Facts, home: str, period: Period) -> Returned:
    """What a home returned; one that joined after the period began owes nothing for it."""
    lists = best((one for one in facts.censuses if one.agency == home), period)
    joined = facts.joined.get(home)
    owed = joined is None or joined <= period.starts_at
    entries = [entry for one in lists for entry in _entries(facts, one)]
    return _returned(period, lists, entries, owed)


def of_carer(facts: Facts, responsible: str, carer: str, period: Period) -> Returned:
    """What was returned for a foster carer, by the council's or service's lists that name it."""
    lists = [
        one
        for one in facts.censuses
        if carer in _carers(facts, one)
        and (kind_of(one.agency) == "provider" or one.agency == responsible)
    ]
    chosen = best(lists, period)
    entries = [entry for one in chosen for entry in _entries(facts, one) if entry.carer == carer]
    return _returned(period, chosen, entries, owed=True)


def _returned(
    period: Period, lists: Sequence[Census], entries: Sequence[CensusEntry], owed: bool
) -> Returned:
    months = period.split(1)
    here = sum(_covered(lists, month) for month in months)
    inside = tuple(entry for entry in entries if entry.started_at in period)
    if here == len(months):
        state = RETURNED if inside else NIL
    elif here or lists:
        state = PART
    else:
        state = NONE if owed else NOT_OWED
    due = add_working_days(period.ends_at - _DAY / 2, WORKING_DAYS)
    return Returned(state, inside, here, len(months), due)


def _covered(lists: Iterable[Census], period: Period) -> bool:
    wanted: date = period.first
    for one in sorted(lists, key=lambda each: each.period.first):
        if one.period.first <= wanted <= one.period.last:
            wanted = one.period.last + _DAY
    return wanted > period.last


def _overlap(one: Period, other: Period) -> bool:
    return one.first <= other.last and other.first <= one.last


def _entries(facts: Facts, one: Census) -> list[CensusEntry]:
    return [entry for number in one.messages if (said := facts.lists.get(number))
            for entry in said.entries]  # fmt: skip


def _carers(facts: Facts, one: Census) -> set[str]:
    return {carer for number in one.messages if (said := facts.lists.get(number))
            for carer in said.carers}  # fmt: skip
