"""Valid sample messages about made-up children: a test states only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from schemas.answer import Answer
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice

WALSALL = "la.E08000030"
STOKE = "la.E06000021"
STAFFORDSHIRE = "la.E10000028"
STAFFORDSHIRE_POLICE = "police.E23000015"
HOME = "provider.SC999001"

FRIDAY_NIGHT = datetime(2026, 3, 27, 22, 10, tzinfo=UTC)
THURSDAY_NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)

# How an overlay for Walsall begins.
OVERLAY_HEAD = f"""\
overlay: ours
version: ours-1
extends: england
applies_to: {{responsible: [{WALSALL}]}}
valid: {{from: 2026-01-01}}
"""


def child(**changes: Any) -> Child:
    return Child(
        **{
            "references": (
                Reference(holder=HOME, scheme=Scheme.home_reference, value="H-17"),
                Reference(holder=WALSALL, scheme=Scheme.la_person_id, value="4711"),
            ),
            "given_name": "Robin",
            "family_name": "Example",
            "birth_date": "2011-05-16",
        }
        | changes
    )


def envelope(sender: str, function: str, at: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "message_id": uuid4(),
        "sender": sender,
        "from_address": f"{sender}/{function}",
        "occurred_at": at,
        "sent_at": at,
    } | changes


def notification(at: datetime = FRIDAY_NIGHT, **changes: Any) -> MissingNotification:
    """A home in Stoke reports a child whom Walsall looks after."""
    sender = changes.get("sender", HOME)
    function = {"police": "control-room", "la": "front-door", "provider": "night-staff"}[
        sender.partition(".")[0]
    ]
    return MissingNotification(
        **envelope(sender, function, at)
        | {
            "child": child(),
            "category": "missing",
            "last_seen_at": at - timedelta(minutes=40),
            "place": Place(authority=STOKE, description="The home"),
            "lives": Residence(authority=STOKE, home=HOME),
            "care_status": "looked-after",
            "responsible_authority": WALSALL,
            "risk": "medium",
            "risk_reason": "Out later than agreed, phone off",
            "police_report": {"channel": "101", "at": at, "reference": "SP-2026-0815"},
            "episode": "H-17/3",
        }
        | changes
    )


def update(of: MissingNotification, **changes: Any) -> MissingUpdate:
    at = changes.pop("at", of.occurred_at + timedelta(minutes=30))
    return MissingUpdate(
        **envelope(of.sender, "night-staff", at)
        | {"child": of.child, "episode": of.episode, "reason": "A friend rang"}
        | changes
    )


def returned(of: MissingNotification, **changes: Any) -> MissingReturn:
    at = changes.pop("at", of.occurred_at + timedelta(hours=8))
    function = of.from_address.partition("/")[2]
    return MissingReturn(
        **envelope(of.sender, function, at)
        | {"child": of.child, "episode": of.episode, "stage": "returned", "outcome": "safe"}
        | changes
    )


def checked(of: MissingNotification, **changes: Any) -> SafeAndWellOutcome:
    """The police have seen the child."""
    at = changes.pop("at", of.occurred_at + timedelta(hours=20))
    return SafeAndWellOutcome(
        **envelope(STAFFORDSHIRE_POLICE, "missing-unit", at)
        | {"child": of.child, "result": "done", "concern_about_carer": "no"}
        | changes
    )


def interview(of: MissingNotification, stage: str = "held", **changes: Any) -> Any:
    """The council's interviewers report a step of the return interview."""
    at = changes.pop("at", of.occurred_at + timedelta(hours=48))
    sender = changes.get("sender", WALSALL)
    said = {"child": of.child, "stage": stage, "interviewer": "Youth worker", "independent": True}
    return ReturnInterviewOutcome(
        **envelope(sender, "return-interviews", at) | said | {"concern_about_carer": "no"} | changes
    )


def placement(at: datetime = THURSDAY_NOON, **changes: Any) -> PlacementNotice:
    """Walsall plans to place a child in a home in Stoke, in three days."""
    sender = changes.get("sender", WALSALL)
    return PlacementNotice(
        **envelope(sender, "placements", at)
        | {
            "child": child(),
            "stage": "planned",
            "responsible_authority": WALSALL,
            "host_authority": STOKE,
            "distance": "at-a-distance",
            "starts_at": at + timedelta(days=3),
            "home": HOME,
            "type": "K2",
            "approval": {"by": "director", "at": at},
            "risk": {"none_known": True},
        }
        | changes
    )


def arrival(at: datetime = THURSDAY_NOON, **changes: Any) -> PlacementArrival:
    """The home says that the child came."""
    sender = changes.get("sender", HOME)
    return PlacementArrival(
        **envelope(sender, "home-manager", at)
        | {
            "child": child(),
            "stage": "admitted",
            "placing_authority": WALSALL,
            "section_20_or_21": "no",
            "care_or_supervision_order": "yes",
            "education_plan": "no",
        }
        | changes
    )


def answer(delivery: UUID, address: str, state: str = "acting", **changes: Any) -> Answer:
    sender, _, function = address.partition("/")
    at = changes.pop("at", FRIDAY_NIGHT)
    said = {"delivery": delivery, "state": state}
    return Answer(**envelope(sender, function, at) | said | changes)
