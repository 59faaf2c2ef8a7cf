"""
What messages say of a child's troubles: yes, no, or not known where nobody was asked. Pure.

A list of risk factors that is left out was not asked; an empty one says that none is known.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from broker.episode import Fact
from broker.reports.facts import Facts
from schemas.casework import Referral, ReferralTarget
from schemas.child import EXPLOITATION, RiskFactor
from schemas.message import ChildMessage
from schemas.values import Known

YES, NO, NOT_KNOWN = "yes", "no", "not known"


def messages(facts: Facts, of: Iterable[Fact]) -> list[ChildMessage]:
    """What was said in these facts; what was erased, or not asked for, is not there."""
    return [facts.bodies[fact.number] for fact in of if fact.number in facts.bodies]


def factor(said: Iterable[Fact], wanted: Collection[str]) -> str:
    """Whether any message names one of these risk factors."""
    stated = [fact.said["risk_factors"] for fact in said if "risk_factors" in fact.said]
    if any(set(wanted).intersection(factors) for factors in stated):
        return YES
    return NO if stated else NOT_KNOWN


class Traits:
    """What is said of each child in all that a report looked up."""

    def __init__(self, facts: Facts) -> None:
        self._said: dict[UUID, list[Fact]] = {}
        for episode in facts.episodes:
            self._said.setdefault(episode.child, []).extend(episode.facts)
        for placement in facts.placements:
            self._said.setdefault(placement.child, []).extend(placement.facts)
        self._referred = {
            one.child
            for one in facts.on_file
            if one.fact.kind == Referral.KIND
            and one.fact.said.get("to") == ReferralTarget.youth_justice
        }
        self._exploited = {one.child for one in facts.episodes if one.exploitation}

    def _of(self, child: UUID) -> list[Fact]:
        return self._said.get(child, [])

    def offending(self, child: UUID) -> str:
        """A risk factor, or a referral to youth justice."""
        return YES if child in self._referred else factor(self._of(child), {RiskFactor.offending})

    def exploitation(self, child: UUID) -> str:
        return YES if child in self._exploited else factor(self._of(child), EXPLOITATION)

    def special_needs(self, child: UUID) -> str:
        """An education, health and care plan, as notices and arrivals of placements have it."""
        stated = {fact.said.get("education_plan") for fact in self._of(child)}
        if Known.yes in stated:
            return YES
        return NO if Known.no in stated else NOT_KNOWN
