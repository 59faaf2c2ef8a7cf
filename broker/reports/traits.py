"""
What messages say of a child's troubles: yes, no, or not known where nobody was asked. Pure.

A list of risk factors that is left out was not asked; an empty one says that none is known.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from broker.episode import Fact
from broker.reports.facts import Episode, Facts
from schemas.casework import Referral, ReferralTarget
from schemas.child import EXPLOITATION, RiskFactor
from schemas.message import ChildMessage
from schemas.missing import MissingNotification, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.values import Known

YES, NO, NOT_KNOWN = "yes", "no", "not known"
TOLD_OF_RISKS = frozenset(
    model.KIND
    for model in (
        MissingNotification,
        MissingUpdate,
        SafeAndWellOutcome,
        ReturnInterviewOutcome,
        PlacementNotice,
    )
)
TOLD_OF_NEEDS = frozenset({PlacementNotice.KIND, PlacementArrival.KIND})


def messages(facts: Facts, of: Iterable[Fact]) -> list[ChildMessage]:
    """What was said in these facts; what was erased, or not asked for, is not there."""
    return [facts.bodies[fact.number] for fact in of if fact.number in facts.bodies]


def factors_said(message: ChildMessage) -> Collection[RiskFactor] | None:
    """The risk factors a message states; None: it was not asked, or it is not of that kind."""
    if isinstance(message, PlacementNotice):
        risk = message.risk
        return None if risk is None or not risk.said else risk.factors or ()
    said: Collection[RiskFactor] | None = getattr(message, "risk_factors", None)
    return said


def factor(said: Iterable[ChildMessage], wanted: Collection[RiskFactor]) -> str:
    """Whether any message names one of these factors."""
    stated = [factors for message in said if (factors := factors_said(message)) is not None]
    if any(set(wanted).intersection(factors) for factors in stated):
        return YES
    return NO if stated else NOT_KNOWN


class Traits:
    """What is said of each child in all that a report looked up."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._said: dict[UUID, list[ChildMessage]] = {}
        for episode in facts.episodes:
            self._add(episode.child, episode.facts)
        for placement in facts.placements:
            self._add(placement.child, placement.facts)
        self._referred = {
            one.child
            for one in facts.on_file
            if one.fact.kind == Referral.KIND
            and one.fact.said.get("to") == ReferralTarget.youth_justice
        }
        self._exploited = {one.child for one in facts.episodes if one.exploitation}

    def _add(self, child: UUID, of: Iterable[Fact]) -> None:
        self._said.setdefault(child, []).extend(messages(self._facts, of))

    def said(self, child: UUID) -> list[ChildMessage]:
        return self._said.get(child, [])

    def offending(self, child: UUID) -> str:
        """A risk factor, or a referral to youth justice."""
        if child in self._referred:
            return YES
        return factor(self.said(child), {RiskFactor.offending})

    def exploitation(self, child: UUID) -> str:
        return YES if child in self._exploited else factor(self.said(child), EXPLOITATION)

    def special_needs(self, child: UUID) -> str:
        """An education, health and care plan, as notices and arrivals of placements have it."""
        stated = {getattr(message, "education_plan", None) for message in self.said(child)}
        if Known.yes in stated:
            return YES
        return NO if Known.no in stated else NOT_KNOWN


def first_stated(episode: Episode, facts: Facts, *names: str) -> str:
    """The first of these fields that the reports of an absence state, in the order of time."""
    for message in messages(facts, episode.facts):
        for name in names:
            said: object = message
            for part in name.split("."):
                said = getattr(said, part, None)
            if said:
                return str(said)
    return ""
