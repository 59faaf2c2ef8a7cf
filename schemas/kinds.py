"""Every kind of the catalogue: its model, and the topic that keeps the record of it."""

from schemas.answer import Answer
from schemas.casework import MeetingOutcome, MeetingRequest, Referral, RegulatorNotice
from schemas.catch_up import CatchUp
from schemas.identity import IdentityStatement
from schemas.iro_alert import IroAlert
from schemas.message import Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyNotice, Heartbeat, Picture, Receipt, Rejection
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.profile import ChildProfile

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
        Answer,
        CatchUp,
    )
}
TO_AGENCIES: dict[str, type[Message]] = {
    model.KIND: model for model in (Receipt, Rejection, DutyNotice, Picture, Heartbeat)
}
KINDS = FROM_AGENCIES | TO_AGENCIES

# In the catalogue, but not carried yet: refused with `kind-not-served` rather than as nonsense.
NOT_SERVED = frozenset(
    {
        "placement.notice",
        "placement.arrival",
        "threshold.reached",
        "subscription.request",
        "census",
        "differences",
    }
)

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
}


def event_type(kind: str, version: int) -> str:
    """The CloudEvents type of a kind: `uk.homeward.missing.notification.v1`."""
    return f"uk.homeward.{kind}.v{version}"
