"""What follows an absence: the police check, and the independent return interview."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from schemas.message import Action, ChildMessage
from schemas.missing import LegalMeasure, RiskFactors
from schemas.values import (
    AS_SYMBOL,
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

Covers = Annotated[
    tuple[OwnReference, ...],
    Field(max_length=50, description="Further absences that this covers, by the sender's reference "
          "or the shared one; `episode` is the first"),
]  # fmt: skip


class CheckResult(Choice):
    """Whether the check was done."""

    done = "done"
    not_done = "not-done"
    unrecognised = "unrecognised"


class CheckNotDone(Choice):
    """Why a check was not done."""

    frequent = "frequent"
    not_seen = "not-seen"
    refused = "refused"
    gone_again = "gone-again"
    seen_by_other_force = "seen-by-other-force"
    other = "other"
    unrecognised = "unrecognised"


class CheckMethod(Choice):
    """How the child was seen."""

    face_to_face = "face-to-face"
    video = "video"
    telephone = "telephone"
    unrecognised = "unrecognised"


class SafeAndWellOutcome(ChildMessage):
    """
    The police check (prevention interview) of a child who is back: done, or not and who decided.

    Inspectors found it unclear why, and by whom, checks were dropped (Ofsted 2013, paragraphs 26
    to 29), so `not-done` names a reason and who decided.
    """

    KIND: ClassVar[str] = "safe-and-well.outcome"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"police"})

    result: Annotated[CheckResult, AS_SYMBOL]
    reason: Annotated[CheckNotDone | None, AS_SYMBOL] = None
    decided_by: Label | None = Field(None, description="The rank or function that decided")
    method: Annotated[CheckMethod | None, AS_SYMBOL] = None
    seen_alone: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Seen with no carer in the room"
    )
    in_uniform: Annotated[Known | None, AS_SYMBOL] = None
    condition: Text | None = None
    harm: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Whether the child was harmed while away"
    )
    harm_detail: Text | None = None
    offences_against: Annotated[Known | None, AS_SYMBOL] = None
    offences_by: Annotated[Known | None, AS_SYMBOL] = None
    offence_detail: Text | None = None
    where_and_with_whom: Text | None = Field(None, description="Third-party detail: full view only")
    reasons: Text | None = Field(None, description="Why the child went, as they say")
    concern_about_carer: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Say no only where it was asked"
    )
    concern_detail: Text | None = None
    risk_factors: RiskFactors = None
    action_taken: Text | None = None
    legal_measure: LegalMeasure | None = None
    others_told: Annotated[tuple[Label, ...], Field(max_length=50)] = Field(
        (), description="Whom the police told outside Homeward"
    )
    vulnerable_child_notice: OwnReference | None = Field(
        None,
        description="The number of the force's own notice of a vulnerable child, if one was made",
    )
    police_reference: OwnReference | None = None
    also_covers: Covers = ()

    @model_validator(mode="after")
    def _says_why_not(self) -> "SafeAndWellOutcome":
        if self.action is Action.cancel or self.result is not CheckResult.not_done:
            return self
        if self.reason is None:
            raise no_reason("a check that was not done needs its reason (reason)")
        if not self.decided_by:
            raise ValueError("a check that was not done needs who decided so (decided_by)")
        return self


class InterviewStage(Choice):
    """How far the return interview has come."""

    allocated = "allocated"
    not_referred = "not-referred"
    offered = "offered"
    accepted = "accepted"
    declined = "declined"
    attempted = "attempted"
    held = "held"
    not_held = "not-held"
    shared = "shared"
    unrecognised = "unrecognised"


class InterviewReason(Choice):
    """Why no interview was held, or none was asked for."""

    not_engaged = "not-engaged"
    refused = "refused"
    moved = "moved"
    gone_again = "gone-again"
    of_age = "of-age"
    low_risk = "low-risk"
    held_elsewhere = "held-elsewhere"
    other = "other"
    unrecognised = "unrecognised"


class Factor(Choice):
    """What pushes a child away or pulls them."""

    confrontation = "confrontation"
    unsettled_at_home = "unsettled-at-home"
    problems_in_care = "problems-in-care"
    placement_move = "placement-move"
    bullying = "bullying"
    abuse_or_neglect = "abuse-or-neglect"
    school = "school"
    coping = "coping"
    boredom = "boredom"
    friends = "friends"
    stayed_out_longer = "stayed-out-longer"
    family_ties = "family-ties"
    relationship = "relationship"
    substances = "substances"
    possible_exploitation = "possible-exploitation"
    no_apparent_reason = "no-apparent-reason"
    other = "other"
    unrecognised = "unrecognised"


class SharedWith(Choice):
    """With whom the outcome was shared outside Homeward, or is to be known as shared."""

    social_work = "social-work"
    police = "police"
    home = "home"
    iro_service = "iro-service"
    school = "school"
    health = "health"
    family = "family"
    unrecognised = "unrecognised"


class OnwardReferral(Value):
    """A referral made because of the interview; more of it is told in a `referral`."""

    service: Label
    consent: Annotated[Known, AS_SYMBOL]
    sent_at: Instant | None = None
    taken_up: Annotated[Known | None, AS_SYMBOL] = None
    sessions: int | None = Field(None, ge=0, le=1000, description="How many there have been")
    ended_at: Instant | None = None


_NEED_A_REASON = (InterviewStage.not_referred, InterviewStage.not_held)


class ReturnInterviewOutcome(ChildMessage):
    """
    One step of the independent return interview, from allocation to sharing.

    What a child says never goes to a place it may be about: the home sees `released_to_home` and
    no more, and nothing while there is, or may be, a concern about a carer.
    """

    KIND: ClassVar[str] = "return-interview.outcome"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"la", "service", "hub"})

    stage: Annotated[InterviewStage, AS_SYMBOL]
    reason: Annotated[InterviewReason | None, AS_SYMBOL] = None
    reason_detail: Text | None = None
    service: AgencyId | None = Field(None, description="With allocated: who is to hold it")
    interviewer: Label | None = Field(None, description="The interviewer's function, not a name")
    independent: bool | None = Field(None, description="The interviewer is not in the child's care")
    same_interviewer: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="The one who saw the child at the interview before"
    )
    first_contact: Label | None = Field(None, description="Whom the attempt was made to: child ...")
    place: Label | None = Field(None, description="Where the interview was held")
    seen_alone: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Seen with no carer in the room"
    )
    push_factors: Annotated[tuple[Annotated[Factor, AS_SYMBOL], ...], Field(max_length=20)] = ()
    pull_factors: Annotated[tuple[Annotated[Factor, AS_SYMBOL], ...], Field(max_length=20)] = ()
    risk_factors: RiskFactors = None
    concern_about_carer: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Anything but no: the home is told nothing of what was said"
    )
    harm: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Whether the child was harmed while away"
    )
    findings: Text | None = Field(None, description="Never shown to the home or the police")
    child_view: Text | None = Field(
        None, description="What the child says; never shown to the home or the police"
    )
    intelligence: Text | None = Field(None, description="For the police: places, people, vehicles")
    released_to_home: Text | None = Field(
        None, description="What the interviewer lets the home see"
    )
    actions: Text | None = Field(None, description="What is to be done next, and by whom")
    referrals: Annotated[tuple[OnwardReferral, ...], Field(max_length=20)] = ()
    shared_with: Annotated[tuple[Annotated[SharedWith, AS_SYMBOL], ...], Field(max_length=10)] = ()
    also_covers: Covers = ()

    @model_validator(mode="after")
    def _complete(self) -> "ReturnInterviewOutcome":
        if self.action is Action.cancel:
            return self
        if self.stage in _NEED_A_REASON and self.reason is None:
            raise no_reason(f"{self.stage.value} needs its reason (reason)")
        if self.stage is InterviewStage.held and self.independent is None:
            raise ValueError("held says whether the interviewer is independent (independent)")
        if self.stage is InterviewStage.shared and not self.shared_with:
            raise ValueError("shared says with whom (shared_with)")
        return self
