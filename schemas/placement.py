"""Where a looked-after child is placed: the council's notice, and the home's own word of it."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.child import EXPLOITATION, Residence, RiskFactor
from schemas.message import ChildMessage
from schemas.missing import RiskFactors
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
)


class PlacementStage(Choice):
    """What a notice says of a placement: it is to begin, it changes, it is to end, it has ended."""

    planned = "planned"
    emergency = "emergency"
    change = "change"
    ending = "ending"
    ended = "ended"
    unrecognised = "unrecognised"


class Distance(Choice):
    """
    How far from the responsible council's own area.

    Outside it and outside every area that adjoins it is "at a distance" (Care Planning, Placement
    and Case Review (England) Regulations 2010, regulation 11).
    """

    own_area = "own-area"
    adjoining = "adjoining"
    at_a_distance = "at-a-distance"
    unrecognised = "unrecognised"


class PlacementType(Choice):
    """The kind of placement, in the codes of the SSDA903 return."""

    U1 = "U1"
    U2 = "U2"
    U3 = "U3"
    U4 = "U4"
    U5 = "U5"
    U6 = "U6"
    K1 = "K1"
    K2 = "K2"
    K3 = "K3"
    H5 = "H5"
    P1 = "P1"
    P2 = "P2"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R5 = "R5"
    S1 = "S1"
    A3 = "A3"
    A4 = "A4"
    A5 = "A5"
    A6 = "A6"
    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    Z1 = "Z1"
    unrecognised = "unrecognised"


class ProviderCode(Choice):
    """Who provides the placement, in the codes of the SSDA903 return."""

    PR0 = "PR0"
    PR1 = "PR1"
    PR2 = "PR2"
    PR3 = "PR3"
    PR4 = "PR4"
    PR5 = "PR5"
    unrecognised = "unrecognised"


class LegalStatus(Choice):
    """The legal status of the child, in the codes of the SSDA903 return."""

    C1 = "C1"
    C2 = "C2"
    D1 = "D1"
    E1 = "E1"
    V2 = "V2"
    V3 = "V3"
    V4 = "V4"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    J1 = "J1"
    J2 = "J2"
    J3 = "J3"
    unrecognised = "unrecognised"


class ReasonForChange(Choice):
    """Why a placement changed or ended, in the codes of the SSDA903 return."""

    CARPL = "CARPL"
    ALLEG = "ALLEG"
    STAND = "STAND"
    APPRR = "APPRR"
    CUSTOD = "CUSTOD"
    OTHER = "OTHER"
    CLOSE = "CLOSE"
    CREQB = "CREQB"
    CREQO = "CREQO"
    CHILD = "CHILD"
    LAREQ = "LAREQ"
    PLACE = "PLACE"
    unrecognised = "unrecognised"


class Approver(Choice):
    """Who approved the placement."""

    nominated_officer = "nominated-officer"
    director = "director"
    panel = "panel"
    not_yet = "not-yet"
    unrecognised = "unrecognised"


class ApprovalException(Choice):
    """Why the law asks for no such approval beforehand."""

    emergency = "emergency"
    connected_person = "connected-person"
    own_foster_carer = "own-foster-carer"
    unrecognised = "unrecognised"


class Approval(Value):
    """Who approved a placement outside the area, when, or why nobody had to beforehand."""

    by: Annotated[Approver | None, AS_SYMBOL] = None
    exception: Annotated[ApprovalException | None, AS_SYMBOL] = None
    at: Instant | None = None
    host_consulted_at: Instant | None = None
    functions: Annotated[tuple[Label, ...], Field(max_length=20)] = Field(
        (), description="With a panel: the functions that took part"
    )


class Contact(Value):
    """How somebody who works with the child is reached; a name is in the full view only."""

    name: Label | None = None
    function: Label | None = None
    phone: Label | None = None
    email: Label | None = None


# Of these the police of the area are told too (ADCS and College of Policing, 2018 and 2021).
FOR_THE_POLICE = EXPLOITATION | {RiskFactor.missing_before}


class RiskBlock(Value):
    """What the host area must know; that nothing is known has to be said."""

    factors: RiskFactors = None
    none_known: bool = Field(False, description="It was asked, and no risk is known")
    unaccompanied: bool | None = Field(
        None, description="An unaccompanied child seeking asylum: the police of the area are told"
    )
    may_go_missing: Annotated[Known | None, AS_SYMBOL] = None
    measures: Text | None = Field(None, description="What is agreed to be done, and by whom")
    notes: Text | None = None

    @property
    def said(self) -> bool:
        """Whether it says anything: a factor, or that none is known."""
        return bool(self.factors) or self.none_known or self.unaccompanied is True


class Outside(Choice):
    """Who is told of a placement outside Homeward."""

    parent = "parent"
    contact_holder = "contact-holder"
    previous_carer = "previous-carer"
    child = "child"
    gp = "gp"
    previous_gp = "previous-gp"
    health_body = "health-body"
    previous_health_body = "previous-health-body"
    school = "school"
    previous_school = "previous-school"
    other = "other"
    unrecognised = "unrecognised"


# From whom alone a notice may be withheld (regulation 13(3)).
MAY_BE_WITHHELD = frozenset({Outside.parent, Outside.contact_holder, Outside.previous_carer})


class WasTold(Choice):
    """Whether somebody was told, or why not."""

    told = "told"
    withheld = "withheld"
    not_practicable = "not-practicable"
    not_yet = "not-yet"
    unrecognised = "unrecognised"


class ToldOutside(Value):
    """One of those the law names who has no desk here: told, or not and on what lawful ground."""

    who: Annotated[Outside, AS_SYMBOL]
    told: Annotated[WasTold, AS_SYMBOL]
    at: Instant | None = None
    reason: Text | None = None


BEGINNING = frozenset({PlacementStage.planned, PlacementStage.emergency, PlacementStage.change})
ENDING = frozenset({PlacementStage.ending, PlacementStage.ended})


class PlacementNotice(ChildMessage):
    """
    A council places a looked-after child, changes the placement, means to end it, or has ended it.

    Care Planning, Placement and Case Review (England) Regulations 2010, regulations 11, 13 and 14.
    Every placement is said, so that the register is whole; the distance tells which of them the law
    wants told to another area. `change`: the child moves to another home or carer, or something of
    the placement changes while the child stays.
    """

    KIND: ClassVar[str] = "placement.notice"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"la", "hub"})

    stage: Annotated[PlacementStage, AS_SYMBOL]
    placement: OwnReference | None = Field(
        None, description="The sender's own reference of the placement, or the shared one"
    )
    responsible_authority: CouncilId = Field(description="The council that looks after the child")
    host_authority: CouncilId = Field(description="The council in whose area the child is placed")
    distance: Annotated[Distance, AS_SYMBOL]
    starts_at: Instant = Field(description="When the placement starts; with change, the new one")
    ends_at: Instant | None = Field(None, description="With ending or ended: when it ends")
    expected_until: date | None = None
    decided_at: Instant | None = Field(None, description="When it was decided, if before this")
    home: AgencyId | None = Field(None, description="The provider, where it is a home")
    carer: OwnReference | None = Field(None, description="A foster carer's reference, no name")
    type: Annotated[PlacementType | None, AS_SYMBOL] = None
    provider: Annotated[ProviderCode | None, AS_SYMBOL] = None
    address: Label | None = None
    address_protected: bool = Field(
        False, description="Refuge, adoption or secrecy for safety: the address goes to nobody else"
    )
    carer_contact: Contact | None = None
    provides: Text | None = Field(None, description="What the carer is contracted to provide")
    legal_status: Annotated[LegalStatus | None, AS_SYMBOL] = None
    approval: Approval | None = None
    iro: Contact | None = Field(None, description="The reviewing officer")
    social_worker: Contact | None = None
    emergency_contact: Contact | None = Field(
        None, description="The responsible council at any hour"
    )
    school: AgencyId | None = None
    school_name: Label | None = None
    health: AgencyId | None = Field(None, description="The health body of the host area")
    gp: Label | None = None
    care_plan_sent: bool | None = None
    needs: Text | None = Field(None, description="The assessment of the child's needs")
    why_suitable: Text | None = Field(None, description="Why this placement is the most suitable")
    education_plan: Annotated[Known | None, AS_SYMBOL] = None
    disability: Annotated[Known | None, AS_SYMBOL] = None
    risk: RiskBlock | None = None
    told_outside: Annotated[tuple[ToldOutside, ...], Field(max_length=50)] = ()
    reason_for_change: Annotated[ReasonForChange | None, AS_SYMBOL] = None
    immediate_risk: bool = Field(
        False, description="With ended: it ended at once, as somebody was at risk of harm"
    )
    impracticable: Text | None = Field(
        None, description="Why the notice could not reasonably be given before"
    )
    iro_informed_at: Instant | None = None
    next_review_on: date | None = Field(None, description="The next review of the care plan")


class ArrivalStage(Choice):
    """Whether a child came to a home or left it."""

    admitted = "admitted"
    discharged = "discharged"
    unrecognised = "unrecognised"


class Setting(Choice):
    """What sort of home it is."""

    childrens_home = "childrens-home"
    supported_accommodation = "supported-accommodation"
    other = "other"
    unrecognised = "unrecognised"


class PlacementArrival(ChildMessage):
    """
    A home has admitted or discharged a child, with what the host council must be told.

    Children's Homes (England) Regulations 2015, regulation 41: in writing, without delay, to the
    council of the home's area, unless that council placed the child.
    """

    KIND: ClassVar[str] = "placement.arrival"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"provider"})

    stage: Annotated[ArrivalStage, AS_SYMBOL]
    placement: OwnReference | None = Field(
        None, description="The home's own reference of the placement, or the shared one"
    )
    placing_authority: CouncilId | None = Field(
        None, description="The council that placed the child; left out: not known"
    )
    setting: Annotated[Setting, AS_SYMBOL] = Setting.childrens_home
    section_20_or_21: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Provided with accommodation under section 20 or 21, Children Act 1989"
    )
    care_or_supervision_order: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="Under an order of section 31, Children Act 1989"
    )
    placing_authority_contact: Contact | None = None
    iro: Contact | None = Field(None, description="The reviewing officer")
    education_plan: Annotated[Known | None, AS_SYMBOL] = Field(
        None, description="An education, health and care plan, or statement of special needs"
    )
    education_plan_authority: CouncilId | None = None
    expected_until: date | None = None
    moved_to: Residence | None = Field(None, description="With discharged: where to, if known")
    address_protected: bool = False
    remarks: Text | None = None
