"""Every kind of the catalogue: its model, and the topic that keeps the record of it."""

from schemas.answer import Answer
from schemas.casework import MeetingOutcome, MeetingRequest, Referral, RegulatorNotice
from schemas.catch_up import CatchUp
from schemas.census import Census, Differences
from schemas.digest import Digest
from schemas.identity import IdentityStatement
from schemas.iro_alert import IroAlert
from schemas.message import Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyNotice, Heartbeat, Picture, Receipt, Rejection
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.profile import ChildProfile, ProfileRequest
from schemas.readiness import HomeReadiness
from schemas.report_given import ReportGiven
from schemas.subscription import Counts, SubscriptionNotice, SubscriptionRequest
from schemas.threshold import ThresholdReached

FROM_AGENCIES: dict[str, type[Message]] = {
    model.KIND: model
    for model in (
        MissingNotification,
        MissingUpdate,
        MissingReturn,
        SafeAndWellOutcome,
        ReturnInterviewOutcome,
        ChildProfile,
        IroAlert,
        Referral,
        MeetingRequest,
        MeetingOutcome,
        RegulatorNotice,
        IdentityStatement,
        PlacementNotice,
        PlacementArrival,
        SubscriptionRequest,
        Census,
        ProfileRequest,
        ReportGiven,
        HomeReadiness,
        Answer,
        CatchUp,
    )
}
# Made by Homeward from events, told by policy like any other, and answerable.
MADE: dict[str, type[Message]] = {ThresholdReached.KIND: ThresholdReached}
TO_AGENCIES: dict[str, type[Message]] = {
    model.KIND: model
    for model in (
        Receipt,
        Rejection,
        DutyNotice,
        Picture,
        Heartbeat,
        Differences,
        SubscriptionNotice,
        Counts,
        Digest,
    )
}
KINDS = FROM_AGENCIES | MADE | TO_AGENCIES

RECORD_TOPICS = {
    "missing.notification": "missing.notifications",
    "missing.update": "missing.notifications",
    "missing.return": "missing.returns",
    "safe-and-well.outcome": "safe-and-well.outcomes",
    "return-interview.outcome": "return-interview.outcomes",
    "iro.alert": "iro.alerts",
    "answer": "answers",
    "identity.statement": "identities",
    "duty": "duties",
    "meeting.request": "duties",
    "meeting.outcome": "duties",
    "referral": "records",
    "child.profile": "records",
    "regulator.notice": "records",
    "placement.notice": "placements.out-of-area",
    "placement.arrival": "placements.out-of-area",
    "threshold.reached": "duties",
    "subscription.request": "records",
    "census": "records",
    "profile.request": "records",
    "report.given": "records",
    "home.readiness": "records",
}


def event_type(kind: str, version: int) -> str:
    """The CloudEvents type of a kind: `uk.homeward.missing.notification.v1`."""
    return f"uk.homeward.{kind}.v{version}"
