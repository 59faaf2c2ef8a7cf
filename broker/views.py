"""What a recipient sees of a message: everything its role may, less, or only that it happened."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from pydantic.fields import FieldInfo

from broker.policy.model import View
from schemas.casework import MeetingOutcome, MeetingRequest, Referral, RegulatorNotice
from schemas.child import Child
from schemas.iro_alert import IroAlert
from schemas.message import Action, ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice, RiskBlock
from schemas.profile import ChildProfile
from schemas.threshold import ThresholdReached
from schemas.values import Known

TAKEN_AWAY = "(not shown in this view)"

# What a summary keeps beside the envelope; everything else is narrative, detail, or about others.
_KEPT: Mapping[type[ChildMessage], frozenset[str]] = {
    MissingNotification: frozenset(
        {
            "category", "classified_by", "review_at", "last_seen_at", "noticed_at", "reported_at",
            "place", "lives", "care_status", "responsible_authority", "lead_agency",
            "open_to_social_work", "protection_plan", "unaccompanied", "trafficked", "risk",
            "risk_reason", "immediate_danger", "police_report", "next_review_at", "circumstance",
            "whereabouts_known", "ring_back",
        }
    ),
    MissingUpdate: frozenset(
        {
            "reason", "category", "risk", "immediate_danger", "police_reference", "next_review_at",
            "lead_agency", "review_at", "lives", "responsible_authority", "care_status",
            "protection_plan", "open_to_social_work", "source", "danger_call", "need_to_know",
        }
    ),
    MissingReturn: frozenset(
        {"stage", "outcome", "time_known", "place", "police_reference", "method", "lives"}
    ),
    SafeAndWellOutcome: frozenset(
        {"result", "reason", "decided_by", "method", "police_reference", "also_covers"}
    ),
    ReturnInterviewOutcome: frozenset(
        {"stage", "reason", "service", "interviewer", "independent", "shared_with", "also_covers"}
    ),
    IroAlert: frozenset(
        {
            "event", "responsible_authority", "episodes_in_90_days", "safe_and_well",
            "return_interview", "next_review_on", "asked", "category", "risk", "started_at",
            "ended_at",
        }
    ),
    Referral: frozenset({"to", "stage", "of", "service", "consent", "reason", "reference"}),
    MeetingRequest: frozenset({"type", "why", "convenor", "wanted_by"}),
    MeetingOutcome: frozenset(
        {"type", "held", "reason", "request", "attendance", "next_meeting_at"}
    ),
    RegulatorNotice: frozenset({"regulator", "told_at", "reference", "about"}),
    ThresholdReached: frozenset(ThresholdReached.model_fields),
    ChildProfile: frozenset({"obtained_at", "obtained_by", "review_on", "none_known"}),
    PlacementNotice: frozenset(
        {
            "stage", "responsible_authority", "host_authority", "distance", "starts_at", "ends_at",
            "expected_until", "decided_at", "home", "type", "provider", "legal_status",
            "iro", "social_worker", "emergency_contact", "school", "health", "care_plan_sent",
            "education_plan", "disability", "risk", "next_review_on", "address_protected",
        }
    ),
    PlacementArrival: frozenset(
        {
            "stage", "placing_authority", "setting", "section_20_or_21",
            "care_or_supervision_order", "placing_authority_contact", "iro", "education_plan",
            "education_plan_authority", "expected_until", "address_protected",
        }
    ),
}  # fmt: skip

# Texts that may not be missing say that they were taken away.
_SAID_SO = ("reason", "risk_reason", "why", "about")
_TEXTS = (
    MissingUpdate,
    MissingNotification,
    Referral,
    MeetingRequest,
    MeetingOutcome,
    RegulatorNotice,
)

# Desks that are rung about the child: a summary keeps what they are and their number, no name.
_CONTACTS = frozenset({"iro", "social_worker", "emergency_contact", "placing_authority_contact"})

# What a signal keeps: that it happened, and how far it has come.
_SIGNALLED = frozenset(
    {
        "stage", "result", "outcome", "category", "type", "held", "event", "to", "reason",
        "decided_by", "independent", "shared_with", "of", "responsible_authority", "regulator",
        "told_at", "host_authority", "distance", "starts_at", "ends_at", "placing_authority",
        "setting", "address_protected", "threshold", "policy", "about", "step", "known_at", "count",
    }
)  # fmt: skip

# What the police see of an interview beside a summary: risks, and what is meant for them.
_INTELLIGENCE = frozenset({"risk_factors", "intelligence", "harm"})


def seen(
    message: ChildMessage, view: View, episode: UUID, address_protected: bool = False
) -> ChildMessage:
    """
    The message as one view shows it, under the shared reference of the absence.

    An address that this or another report protects is in no view: whoever may know it has it from
    its own record.
    """
    changes: dict[str, Any] = {}
    for where in ("lives", "moved_to"):
        lives = vars(message).get(where)
        if lives is not None and (lives.address_protected or address_protected):
            changes[where] = lives.model_copy(update={"address": None})
    if isinstance(message, PlacementNotice) and (message.address_protected or address_protected):
        changes |= {"address": None, "carer_contact": None}
    if view is not View.full:
        changes |= _reduced(message, view)
        changes["child"] = _child(message.child, view)
    name = "placement" if isinstance(message, PlacementNotice | PlacementArrival) else "episode"
    return message.model_copy(update=changes | {"episode": None} | {name: str(episode)})


def taken_back(original: Message, message: ChildMessage) -> ChildMessage:
    """What was said before, withdrawn by what is said now: no more than was known already."""
    assert isinstance(original, ChildMessage)
    changes = {
        "message_id": message.message_id,
        "from_address": message.from_address,
        "occurred_at": message.occurred_at,
        "sent_at": message.sent_at,
        "action": Action.cancel,
        "replaces": message.replaces,
    }
    return original.model_copy(update=changes)


def without_place(message: ChildMessage) -> ChildMessage:
    """A notice for those it is not about: nothing that is near an address which is protected."""
    if not isinstance(message, PlacementNotice) or not message.address_protected:
        return message
    return message.model_copy(update={"home": None, "school": None, "health": None})


def _reduced(message: ChildMessage, view: View) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    kept, said = _kept(message, view), vars(message)
    for name, info in _own_fields(type(message)).items():
        if name in kept:
            continue
        if not info.is_required():
            changes[name] = info.get_default(call_default_factory=True)
        elif isinstance(said[name], str) and name in _SAID_SO:
            changes[name] = TAKEN_AWAY
    for name in _SAID_SO:
        if name in kept and isinstance(message, _TEXTS) and said.get(name):
            changes[name] = TAKEN_AWAY
    for name in ("lives", "place"):
        part = said.get(name)
        if name in kept and part is not None:
            hidden = "address" if name == "lives" else "description"
            changes[name] = part.model_copy(update={hidden: None})
    for name in _CONTACTS & kept:
        if contact := said.get(name):
            changes[name] = contact.model_copy(update={"name": None, "email": None})
    risk = said.get("risk")
    if "risk" in kept and isinstance(risk, RiskBlock):
        changes["risk"] = risk.model_copy(update={"notes": None, "measures": None})
    if isinstance(message, ReturnInterviewOutcome) and _may_be_released(message, view):
        changes["released_to_home"] = message.released_to_home
    return changes


@cache
def _own_fields(kind: type[ChildMessage]) -> Mapping[str, FieldInfo]:
    """What messages of a kind say beside the envelope."""
    return {k: v for k, v in kind.model_fields.items() if k not in ChildMessage.model_fields}


def _kept(message: ChildMessage, view: View) -> frozenset[str]:
    kept = _KEPT.get(type(message), frozenset())
    if view is View.signal or view is View.released:
        return kept & _SIGNALLED
    if view is View.intelligence:
        return kept | _INTELLIGENCE
    return kept


def _may_be_released(message: ReturnInterviewOutcome, view: View) -> bool:
    """Only where the interviewer has asked, and nobody who cares for the child is concerned."""
    return view is View.released and message.concern_about_carer is Known.no


def _child(child: Child, view: View) -> Child:
    """No view but the full one keeps a name; a signal keeps no reference either."""
    if view is View.signal:
        return Child.model_construct(references=(), given_name="-", family_name="-")
    year = child.birth_date.replace(month=1, day=1) if child.birth_date else None
    return child.model_copy(
        update={
            "given_name": "-",
            "family_name": "-",
            "also_known_as": (),
            "birth_date": year,
            "ethnicity": None,
        }
    )
