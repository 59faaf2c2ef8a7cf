"""Every kind of the catalogue: its model, and the topic that keeps the record of it."""

from schemas.answer import Answer
from schemas.identity import IdentityStatement
from schemas.iro_alert import IroAlert
from schemas.message import Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyNotice, Heartbeat, Receipt, Rejection

FROM_AGENCIES: dict[str, type[Message]] = {
    model.KIND: model
    for model in (
        MissingNotification,
        MissingUpdate,
        MissingReturn,
        IroAlert,
        Answer,
        IdentityStatement,
    )
}
TO_AGENCIES: dict[str, type[Message]] = {
    model.KIND: model for model in (Receipt, Rejection, DutyNotice, Heartbeat)
}
KINDS = FROM_AGENCIES | TO_AGENCIES

# In the catalogue, but not carried yet: refused with `kind-not-served` rather than as nonsense.
NOT_SERVED = frozenset(
    {
        "safe-and-well.outcome",
        "return-interview.outcome",
        "placement.notice",
        "placement.arrival",
        "child.profile",
        "threshold.reached",
        "meeting.request",
        "meeting.outcome",
        "referral",
        "regulator.notice",
        "subscription.request",
        "census",
        "differences",
    }
)

RECORD_TOPICS = {
    "missing.notification": "missing.notifications",
    "missing.update": "missing.notifications",
    "missing.return": "missing.returns",
    "iro.alert": "iro.alerts",
    "answer": "answers",
    "identity.statement": "identities",
    "duty": "duties",
}


def event_type(kind: str, version: int) -> str:
    """The CloudEvents type of a kind: `uk.homeward.missing.notification.v1`."""
    return f"uk.homeward.{kind}.v{version}"
