"""The family of messages about an absence: it begins, it changes, it ends."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from schemas.child import Place, Residence
from schemas.message import ChildMessage
from schemas.values import (
    AS_SYMBOL,
    AgencyId,
    Choice,
    CouncilId,
    Instant,
    Label,
    OwnReference,
    Text,
    Value,
)


class Category(Choice):
    """What kind of absence it is."""

    missing = "missing"
    absent = "absent"
    away = "away"
    unrecognised = "unrecognised"


class Risk(Choice):
    """The grade of risk (College of Policing, Authorised Professional Practice)."""

    high = "high"
    medium = "medium"
    low = "low"
    very_low = "very-low"
    unrecognised = "unrecognised"


class CareStatus(Choice):
    """Whether a council looks after the child."""

    not_looked_after = "not-looked-after"
    looked_after = "looked-after"
    remand = "remand"
    secure = "secure"
    care_leaver = "care-leaver"
    not_known = "not-known"
    unrecognised = "unrecognised"


LOOKED_AFTER = frozenset({CareStatus.looked_after, CareStatus.remand, CareStatus.secure})


class ReportChannel(Choice):
    """How the police were told. Homeward is never a report to the police."""

    emergency_999 = "999"
    non_emergency_101 = "101"
    online = "online"
    in_person = "in-person"
    not_yet = "not-yet"
    unrecognised = "unrecognised"


class PoliceReport(Value):
    """The report to the police that a carer made, or has still to make."""

    channel: Annotated[ReportChannel, AS_SYMBOL]
    at: Instant | None = None
    reference: OwnReference | None = None


class ParentsTold(Value):
    """Whether those with parental responsibility know."""

    told: bool
    by: Label | None = None
    at: Instant | None = None


class MissingNotification(ChildMessage):
    """A child is missing, absent or away."""

    KIND: ClassVar[str] = "missing.notification"

    category: Annotated[Category, AS_SYMBOL]
    classified_by: AgencyId | None = None
    review_at: Instant | None = Field(None, description="With absent: when it is looked at again")
    last_seen_at: Instant | None = None
    noticed_at: Instant | None = None
    reported_at: Instant | None = None
    place: Place = Field(default=Place(), description="Where the child is missing from")
    lives: Residence = Residence()
    care_status: Annotated[CareStatus, AS_SYMBOL] = CareStatus.not_known
    responsible_authority: CouncilId | None = Field(
        None, description="The council that looks after the child, wherever the child lives"
    )
    lead_agency: AgencyId | None = None
    open_to_social_work: bool | None = None
    protection_plan: CouncilId | None = Field(
        None, description="The council that holds a child-protection plan for the child"
    )
    unaccompanied: bool | None = None
    trafficked: bool | None = None
    trafficking_referral: OwnReference | None = None
    risk: Annotated[Risk | None, AS_SYMBOL] = None
    risk_reason: Text | None = None
    risk_author: Label | None = None
    immediate_danger: bool = False
    parents_told: ParentsTold | None = None
    circumstances: Text | None = None
    police_report: PoliceReport | None = None
    next_review_at: Instant | None = None

    @model_validator(mode="after")
    def _times_in_order(self) -> "MissingNotification":
        if self.last_seen_at and self.last_seen_at > self.sent_at:
            raise ValueError("last_seen_at lies after sent_at")
        if self.risk and not self.risk_reason:
            raise ValueError("a risk is stated with its reason (risk_reason)")
        return self

    @property
    def started_at(self) -> datetime:
        """When the absence began: last seen, else noticed, else reported, else as it happened."""
        return self.last_seen_at or self.noticed_at or self.reported_at or self.occurred_at


class MissingUpdate(ChildMessage):
    """The world changed while a child is missing: new risk, category, review or lead."""

    KIND: ClassVar[str] = "missing.update"

    reason: Text = Field(min_length=1, description="Why it changed; never left out")
    category: Annotated[Category | None, AS_SYMBOL] = None
    risk: Annotated[Risk | None, AS_SYMBOL] = None
    risk_author: Label | None = None
    immediate_danger: bool | None = None
    facts: Text | None = None
    police_reference: OwnReference | None = None
    next_review_at: Instant | None = None
    lead_agency: AgencyId | None = None


class ReturnStage(Choice):
    """The three ends of an absence, kept apart."""

    found = "found"
    returned = "returned"
    closed = "closed"
    unrecognised = "unrecognised"


class Outcome(Choice):
    """How the child is."""

    safe = "safe"
    hospital = "hospital"
    custody = "custody"
    elsewhere = "elsewhere"
    refuses = "refuses"
    harmed = "harmed"
    died = "died"
    reported_in_error = "reported-in-error"
    unrecognised = "unrecognised"


class MissingReturn(ChildMessage):
    """A child was found, is back, or the police closed the report."""

    KIND: ClassVar[str] = "missing.return"

    stage: Annotated[ReturnStage, AS_SYMBOL]
    outcome: Annotated[Outcome, AS_SYMBOL]
    time_known: bool = Field(True, description="No: occurred_at is when we heard, no clock starts")
    place: Place = Place()
    by_whom: Label | None = None
    condition: Text | None = None
    feels_safe_to_return: bool | None = None
    police_reference: OwnReference | None = None
