"""How a message names a child."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from schemas.values import (
    AS_SYMBOL,
    AgencyId,
    Choice,
    CouncilId,
    Label,
    OwnReference,
    Value,
    nhs_number_is_valid,
)


class Scheme(Choice):
    """Whose numbering a reference belongs to."""

    la_person_id = "la-person-id"
    police_reference = "police-reference"
    nhs_number = "nhs-number"
    home_reference = "home-reference"
    upn = "upn"
    unrecognised = "unrecognised"


class Sex(Choice):
    """Sex as the record of the sender has it."""

    female = "female"
    male = "male"
    other = "other"
    not_known = "not-known"
    unrecognised = "unrecognised"


class RiskFactor(Choice):
    """What may harm a child who is missing, as the forms of police and homes ask it."""

    sexual_exploitation = "sexual-exploitation"
    criminal_exploitation = "criminal-exploitation"
    county_lines = "county-lines"
    trafficking = "trafficking"
    gang = "gang"
    self_harm = "self-harm"
    suicide = "suicide"
    substance_misuse = "substance-misuse"
    mental_health = "mental-health"
    illness_or_disability = "illness-or-disability"
    needs_medication = "needs-medication"
    domestic_abuse = "domestic-abuse"
    family_conflict = "family-conflict"
    abduction = "abduction"
    forced_marriage = "forced-marriage"
    radicalisation = "radicalisation"
    online_contact = "online-contact"
    offending = "offending"
    missing_before = "missing-before"
    out_of_character = "out-of-character"
    young_age = "young-age"
    pregnancy = "pregnancy"
    out_of_education = "out-of-education"
    other = "other"
    unrecognised = "unrecognised"


EXPLOITATION = frozenset(
    {
        RiskFactor.sexual_exploitation,
        RiskFactor.criminal_exploitation,
        RiskFactor.county_lines,
        RiskFactor.trafficking,
        RiskFactor.gang,
    }
)


class Reference(Value):
    """One number under which one agency knows the child."""

    holder: AgencyId = Field(description="The agency that gave the number")
    scheme: Annotated[Scheme, AS_SYMBOL]
    value: OwnReference

    @model_validator(mode="after")
    def _nhs_number(self) -> "Reference":
        if self.scheme is Scheme.nhs_number and not nhs_number_is_valid(self.value):
            raise ValueError("the NHS number's check digit is wrong: compare it with the record")
        return self


def _in_reach(day: date) -> date:
    if not date(1990, 1, 1) <= day <= date(2100, 1, 1):
        raise ValueError("the birth date must lie between 1990 and 2100")
    return day


BirthDate = Annotated[date, AfterValidator(_in_reach)]


class Child(Value):
    """
    The child as the sender knows them.

    Names and dates are for people and for suspecting a match; only references, or an NHS number
    with the same birth date, join two records.
    """

    references: Annotated[tuple[Reference, ...], Field(max_length=50)] = ()
    given_name: Label | None = None
    family_name: Label | None = None
    also_known_as: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    birth_date: BirthDate | None = None
    sex: Annotated[Sex | None, AS_SYMBOL] = None
    ethnicity: Label | None = None

    @model_validator(mode="after")
    def _known_by_something(self) -> "Child":
        if not self.references and not (self.given_name and self.family_name):
            raise ValueError("name the child, or give a reference under which you know them")
        return self


# Where a message is about no child: it has no birth date and no number, so nothing joins it.
NOBODY = Child(given_name="-", family_name="-")


class Place(Value):
    """Where something happened: the council area decides who is told."""

    authority: CouncilId | None = None
    district: Label | None = None
    description: Label | None = None


class Residence(Value):
    """Where the child lives: with family, or in a home or placement."""

    authority: CouncilId | None = None
    home: AgencyId | None = Field(None, description="The provider, when the child lives in a home")
    address: Label | None = None
    address_protected: bool = Field(
        False, description="Refuge, adoption or secrecy for safety: the address goes to nobody else"
    )
