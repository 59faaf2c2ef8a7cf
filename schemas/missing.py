"""The family of messages about an absence: it begins, it changes, it ends."""

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from schemas.child import Place, Residence, RiskFactor
from schemas.message import ChildMessage
from schemas.values import (
    AS_SYMBOL,
    AgencyId,
    Choice,
    CouncilId,
    Instant,
    Known,
    Label,
    OwnReference,
    Text,
    Value,
    no_reason,
)

REPORTERS = frozenset({"police", "provider", "la", "hub"})

# None: not asked. An empty list: asked, and none is known.
RiskFactors = Annotated[
    tuple[Annotated[RiskFactor, AS_SYMBOL], ...] | None,
    Field(None, max_length=30, description="Left out: not asked; an empty list: none is known"),
]


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


class Circumstance(Choice):
    """How the child came to be gone (2009 guidance: ran away, forced to leave, unknown)."""

    ran_away = "ran-away"
    forced_to_leave = "forced-to-leave"
    taken = "taken"
    did_not_return = "did-not-return"
    from_school = "from-school"
    whereabouts_unknown = "whereabouts-unknown"
    other = "other"
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


class LegalBasis(Choice):
    """The law a harbouring notice rests on."""

    abduction_act_1984_s2 = "child-abduction-act-1984-s2"
    children_act_1989_s49 = "children-act-1989-s49"
    recovery_order = "children-act-1989-s50"
    other = "other"
    unrecognised = "unrecognised"


class LegalMeasure(Value):
    """A legal step taken to bring the child back, such as a notice to whoever harbours them."""

    basis: Annotated[LegalBasis, AS_SYMBOL]
    at: Instant | None = None
    against: Label | None = Field(None, description="Third-party detail: full view only")


class MissingNotification(ChildMessage):
    """
    A child is missing, absent or away.

    What is kept ready of a child is in `child.profile`; here is what is known only now (the split
    of the Philomena Protocol).
    """

    KIND: ClassVar[str] = "missing.notification"
    VERSION: ClassVar[int] = 3
    SENDERS: ClassVar[frozenset[str]] = REPORTERS

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
    circumstance: Annotated[Circumstance | None, AS_SYMBOL] = None
    category_reason: Text | None = Field(None, description="Why it is called missing or absent")
    concern: Text | None = Field(
        None, description="With away or absent: what makes it a concern; then the police are told"
    )
    whereabouts_known: Annotated[Known | None, AS_SYMBOL] = None
    with_whom: Text | None = Field(None, description="Third-party detail: full view only")
    clothing: Text | None = None
    carrying: Text | None = Field(None, description="Phone, money, bank card, medication")
    intentions: Text | None = Field(None, description="What the child said they would do")
    likely_places: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    warning_markers: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    checks_made: Text | None = Field(None, description="What was tried before this report")
    risk_factors: RiskFactors = None
    risk_likelihood: Label | None = Field(None, description="How likely harm is held to be")
    risk_consequence: Label | None = Field(None, description="How grave harm would be")
    risk_obtained_at: Instant | None = Field(None, description="When the information was obtained")
    ring_back: Label | None = Field(None, description="A desk and its number, not a person's")
    next_care_review_on: date | None = Field(None, description="The next review of the care plan")
    risk_reviewed_by: Label | None = Field(
        None, description="The rank or function of who checked the risk before it went out"
    )

    @model_validator(mode="after")
    def _times_in_order(self) -> "MissingNotification":
        if self.last_seen_at and self.last_seen_at > self.sent_at:
            raise ValueError("last_seen_at lies after sent_at")
        if self.risk and not self.risk_reason:
            raise no_reason("a risk is stated with its reason (risk_reason)", "risk_reason")
        return self

    @property
    def started_at(self) -> datetime:
        """When the absence began: last seen, else noticed, else reported, else as it happened."""
        return self.last_seen_at or self.noticed_at or self.reported_at or self.occurred_at


class Source(Choice):
    """Where news of the child comes from."""

    police = "police"
    family = "family"
    carer = "carer"
    public = "public"
    child = "child"
    other_agency = "other-agency"
    unrecognised = "unrecognised"


class MissingUpdate(ChildMessage):
    """The world changed while a child is missing: new risk, category, review, home or lead."""

    KIND: ClassVar[str] = "missing.update"
    VERSION: ClassVar[int] = 3
    SENDERS: ClassVar[frozenset[str]] = REPORTERS | {"service", "health", "school"}

    reason: Text = Field(min_length=1, description="Why it changed; never left out")
    category: Annotated[Category | None, AS_SYMBOL] = None
    risk: Annotated[Risk | None, AS_SYMBOL] = None
    risk_author: Label | None = None
    immediate_danger: bool | None = None
    facts: Text | None = None
    police_reference: OwnReference | None = None
    next_review_at: Instant | None = None
    lead_agency: AgencyId | None = None
    review_at: Instant | None = Field(None, description="Of an absence: when it is looked at again")
    lives: Residence | None = Field(None, description="The child's home or placement changed")
    responsible_authority: CouncilId | None = None
    care_status: Annotated[CareStatus | None, AS_SYMBOL] = None
    protection_plan: CouncilId | None = None
    open_to_social_work: bool | None = None
    sighted: Place | None = Field(None, description="Where the child was seen")
    source: Annotated[Source | None, AS_SYMBOL] = None
    danger_call: bool = Field(
        False, description="The child used the agreed word; the word itself is never written"
    )
    need_to_know: bool = Field(False, description="Senior managers should know")
    legal_measure: LegalMeasure | None = None
    risk_factors: RiskFactors = None
    risk_likelihood: Label | None = Field(None, description="How likely harm is held to be")
    risk_consequence: Label | None = Field(None, description="How grave harm would be")
    risk_obtained_at: Instant | None = Field(None, description="When the information was obtained")
    parents_told: ParentsTold | None = None
    risk_reviewed_by: Label | None = Field(
        None, description="The rank or function of who checked the risk"
    )


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


class ReturnMethod(Choice):
    """How the child came back."""

    by_themselves = "by-themselves"
    found_by_police = "found-by-police"
    found_by_carer = "found-by-carer"
    brought_by_family = "brought-by-family"
    other = "other"
    unrecognised = "unrecognised"


class MissingReturn(ChildMessage):
    """A child was found, is back, or the police closed the report."""

    KIND: ClassVar[str] = "missing.return"
    VERSION: ClassVar[int] = 2
    SENDERS: ClassVar[frozenset[str]] = REPORTERS

    stage: Annotated[ReturnStage, AS_SYMBOL]
    outcome: Annotated[Outcome, AS_SYMBOL]
    time_known: bool = Field(True, description="No: occurred_at is when we heard, no clock starts")
    place: Place = Place()
    by_whom: Label | None = None
    condition: Text | None = None
    feels_safe_to_return: bool | None = None
    police_reference: OwnReference | None = None
    method: Annotated[ReturnMethod | None, AS_SYMBOL] = None
    injuries: Annotated[Known | None, AS_SYMBOL] = None
    lives: Residence | None = Field(None, description="When the child did not go back to the same")
