"""What a rule may ask about: each field of a situation, and the values it can have."""

from collections.abc import Mapping
from dataclasses import fields

from broker.policy.model import Situation
from schemas.casework import MeetingType, ReferralStage, ReferralTarget
from schemas.child import Sex
from schemas.iro_alert import IroEvent
from schemas.kinds import FROM_AGENCIES, MADE
from schemas.missing import Category, Outcome, ReturnStage, Risk
from schemas.outcomes import CheckNotDone, CheckResult, InterviewReason, InterviewStage
from schemas.placement import Approver, ArrivalStage, Distance, PlacementStage, Setting
from schemas.values import AGENCY_KINDS, Choice, Known


def _or_none(*choices: type[Choice]) -> frozenset[object]:
    return frozenset({str(member) for choice in choices for member in choice} | {""})


# Nobody older is a child, or was one a short while ago.
AGES = range(26)

VALUES: Mapping[str, frozenset[object]] = {
    **{fact.name: frozenset({True, False}) for fact in fields(Situation) if fact.type is bool},
    "kind": frozenset(FROM_AGENCIES) | frozenset(MADE),
    "sender": frozenset(AGENCY_KINDS),
    "category": _or_none(Category),
    "stage": _or_none(ReturnStage, InterviewStage, ReferralStage, PlacementStage, ArrivalStage),
    "outcome": _or_none(Outcome),
    "risk": _or_none(Risk),
    "event": _or_none(IroEvent),
    "result": _or_none(CheckResult),
    "reason": _or_none(CheckNotDone, InterviewReason),
    "to": _or_none(ReferralTarget),
    "type": _or_none(MeetingType),
    "concern_about_carer": _or_none(Known),
    "consent": _or_none(Known),
    "police_report": frozenset({"made", "not-yet", ""}),
    "identity": frozenset({"suspected", "contradiction", ""}),
    "distance": _or_none(Distance),
    "setting": _or_none(Setting),
    "approver": _or_none(Approver),
    "host_nation": frozenset({"England", "Wales", ""}),
    "sex": _or_none(Sex),
    "age": frozenset({*AGES, None}),
    "nation": frozenset({"England", "Wales"}),
    # Which there are, each policy says itself.
    "threshold": frozenset({""}),
    "step": frozenset({0}),
    "band": frozenset({""}),
}


# What is so of an absence as it stands, whatever a message says: a band may ask for these.
OF_THE_ABSENCE = (
    "category", "risk", "immediate_danger", "looked_after", "protection_plan",
    "open_to_social_work", "lives_in_home", "named_exploitation", "concern_about_carer", "of_age",
    "age", "sex",
)  # fmt: skip

# Of these a policy itself names all values that there are.
NAMED_BY_POLICY = frozenset({"threshold", "step", "band"})


def values_of(fact: str) -> frozenset[object]:
    """List the values that a field of `Situation` can have."""
    return VALUES[fact]
