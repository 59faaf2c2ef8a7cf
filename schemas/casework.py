"""What agencies ask of each other about a child: referrals, meetings, notices to a regulator."""

from datetime import date
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field, model_validator

from schemas.child import NOBODY
from schemas.message import Action, ChildMessage
from schemas.values import (
    AS_SYMBOL,
    Address,
    AgencyId,
    Choice,
    Instant,
    Known,
    Label,
    OwnReference,
    Text,
    Value,
    no_reason,
)


class ReferralTarget(Choice):
    """To whom a child, or a concern about a carer, is referred."""

    allegations_officer = "allegations-officer"
    trafficking_mechanism = "trafficking-mechanism"
    section_47 = "section-47"
    exploitation_team = "exploitation-team"
    youth_justice = "youth-justice"
    mediation = "mediation"
    health = "health"
    mental_health = "mental-health"
    early_help = "early-help"
    advocacy = "advocacy"
    virtual_school = "virtual-school"
    multi_agency_group = "multi-agency-group"
    other = "other"
    unrecognised = "unrecognised"


class ReferralStage(Choice):
    """How far a referral has come."""

    made = "made"
    accepted = "accepted"
    declined = "declined"
    started = "started"
    ended = "ended"
    unrecognised = "unrecognised"


class Referral(ChildMessage):
    """A referral, or the answer to one; without consent it is recorded and goes to no service."""

    KIND: ClassVar[str] = "referral"

    to: Annotated[ReferralTarget, AS_SYMBOL]
    stage: Annotated[ReferralStage, AS_SYMBOL] = ReferralStage.made
    of: UUID | None = Field(None, description="With an answer: the message id of the referral")
    service: Address | None = Field(None, description="The address it is made to, if known")
    consent: Annotated[Known, AS_SYMBOL] = Known.not_known
    concern_about_carer: Annotated[Known | None, AS_SYMBOL] = None
    reason: Text = Field(min_length=1, description="Why it is made, or answered so")
    reference: OwnReference | None = Field(None, description="The service's own reference")
    sessions: int | None = Field(
        None, ge=0, le=1000, description="With started or ended: how many there have been"
    )

    @model_validator(mode="after")
    def _answers_one(self) -> "Referral":
        if self.stage is not ReferralStage.made and self.action is Action.new and self.of is None:
            raise ValueError("an answer names the referral it answers (of)")
        return self


class MeetingType(Choice):
    """What kind of meeting it is."""

    missing = "missing"
    strategy = "strategy"
    intervention = "intervention"
    care_review = "care-review"
    care_planning = "care-planning"
    child_protection = "child-protection"
    team_around_family = "team-around-family"
    multi_agency_group = "multi-agency-group"
    risk_plan = "risk-plan"
    visit = "visit"
    training = "training"
    other = "other"
    unrecognised = "unrecognised"


class MeetingRequest(ChildMessage):
    """An agency asks for a meeting about a child."""

    KIND: ClassVar[str] = "meeting.request"
    VERSION: ClassVar[int] = 2

    type: Annotated[MeetingType, AS_SYMBOL]
    why: Text = Field(min_length=1)
    convenor: Address | None = Field(None, description="Who is asked to convene it")
    wanted_by: Instant | None = None
    invite: Annotated[tuple[Label, ...], Field(max_length=50)] = Field(
        (), description="Which agencies or functions should come"
    )


class Attendance(Value):
    """One agency at a meeting."""

    agency: AgencyId
    invited: bool = True
    attended: bool


class MeetingAction(Value):
    """What a meeting decided, who does it and by when."""

    what: Text = Field(min_length=1)
    owner: Address
    due_on: date | None = None


class Audience(Choice):
    """Whom a course was for."""

    agency = "agency"
    home = "home"
    carer = "carer"
    unrecognised = "unrecognised"


class Trained(Value):
    """How many of one agency, of one home, or of foster carers were at a course."""

    audience: Annotated[Audience, AS_SYMBOL]
    agency: AgencyId | None = Field(None, description="Whose people they are")
    people: int = Field(ge=0, le=10_000, description="Counted, never estimated")


class MeetingOutcome(ChildMessage):
    """
    A meeting about a child was held, or not and why; the child's worker is always told.

    A course is a meeting of the type `training`: it is about no child, so it leaves the child out.
    """

    KIND: ClassVar[str] = "meeting.outcome"
    VERSION: ClassVar[int] = 2

    type: Annotated[MeetingType, AS_SYMBOL]
    held: bool
    reason: Text | None = Field(None, description="Why it was not held")
    request: UUID | None = Field(None, description="The message id of the request")
    attendance: Annotated[tuple[Attendance, ...], Field(max_length=100)] = ()
    actions: Annotated[tuple[MeetingAction, ...], Field(max_length=100)] = ()
    summary: Text | None = None
    next_meeting_at: Instant | None = None
    trained: Annotated[tuple[Trained, ...], Field(max_length=200)] = Field(
        (), description="With training: how many were there, by whose people they are"
    )

    @model_validator(mode="before")
    @classmethod
    def _trains_about_nobody(cls, said: Any) -> Any:
        """A course names no child, and so is joined to none."""
        if isinstance(said, dict) and said.get("type") == MeetingType.training:
            return said | {"child": NOBODY}
        return said

    @model_validator(mode="after")
    def _says_why_not(self) -> "MeetingOutcome":
        if not self.held and not self.reason and self.action is not Action.cancel:
            raise no_reason("a meeting that was not held needs the reason (reason)")
        return self


class Regulator(Choice):
    """Who inspects the home."""

    ofsted = "ofsted"
    care_inspectorate_wales = "care-inspectorate-wales"
    unrecognised = "unrecognised"


class RegulatorNotice(ChildMessage):
    """
    That a provider has told its regulator, recorded here.

    It does not replace the regulator's own channel (Children's Homes (England) Regulations 2015,
    regulation 40; Regulated Services (Wales) Regulations 2017, Schedule 3).
    """

    KIND: ClassVar[str] = "regulator.notice"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"provider"})

    regulator: Annotated[Regulator, AS_SYMBOL]
    told_at: Instant
    reference: OwnReference | None = Field(None, description="The regulator's own reference")
    about: Text = Field(min_length=1, description="What the regulator was told of")
