"""What is kept ready of a child, for the day they are missing."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from schemas.message import Action, ChildMessage
from schemas.missing import RiskFactors
from schemas.values import AS_SYMBOL, Choice, Instant, Label, Text, Value


class ProfilePart(Choice):
    """The parts of a profile that may be said to hold nothing: none known."""

    description = "description"
    photo = "photo"
    associates = "associates"
    places = "places"
    previous_missing = "previous-missing"
    medical = "medical"
    phones = "phones"
    social_media = "social-media"
    money = "money"
    transport = "transport"
    risk_factors = "risk-factors"
    unrecognised = "unrecognised"


# What must not be passed over in silence: filled in, or said to be none known.
ASKED = (
    ProfilePart.description,
    ProfilePart.associates,
    ProfilePart.places,
    ProfilePart.medical,
    ProfilePart.risk_factors,
)


class Photo(Value):
    """Where a photograph can be had; it is never sent itself."""

    held_by: Label
    taken_on: date | None = None


class Associate(Value):
    """Somebody the child may be with: third-party detail, full view only."""

    name: Label
    relation: Label | None = None
    where: Label | None = None


class ChildProfile(ChildMessage):
    """
    What a carer or council keeps ready (Philomena Protocol, part 1; Gwent's assessment form).

    Append-only. It goes to the police when the child is missing, and to nobody before. Each part
    that must be asked is filled in, or stands in `none_known`.
    """

    KIND: ClassVar[str] = "child.profile"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"provider", "la", "police", "hub", "service"})

    obtained_at: Instant = Field(description="When the information was obtained")
    obtained_by: Label | None = Field(None, description="The function that obtained it")
    description: Text | None = Field(None, description="Build, height, hair, marks, usual clothing")
    photo: Photo | None = None
    associates: Annotated[tuple[Associate, ...], Field(max_length=100)] = ()
    places: Annotated[tuple[Label, ...], Field(max_length=100)] = Field(
        (), description="Where the child may go"
    )
    previous_missing: Text | None = Field(
        None, description="Earlier absences: where found, with whom, how the child came back"
    )
    medical: Text | None = None
    phones: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    social_media: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    money: Text | None = Field(None, description="Cash, bank cards, benefits")
    transport: Text | None = Field(None, description="Travel passes, usual routes, vehicles")
    risk_factors: RiskFactors = None
    risk_measures: Text | None = Field(None, description="What is agreed to be done, and by whom")
    warning_markers: Annotated[tuple[Label, ...], Field(max_length=50)] = ()
    languages: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    child_view: Text | None = Field(
        None, description="What the child asks for when they are missing"
    )
    review_on: date | None = Field(None, description="When the profile is looked at again")
    none_known: Annotated[tuple[Annotated[ProfilePart, AS_SYMBOL], ...], Field(max_length=20)] = (
        Field((), description="Parts that were asked, and of which nothing is known")
    )

    @model_validator(mode="after")
    def _asked_everything(self) -> "ChildProfile":
        if self.action is Action.cancel:
            return self
        for part in ProfilePart:
            said = bool(getattr(self, part.name, None))
            if said and part in self.none_known:
                raise ValueError(f"{part.name} is filled in, and is in none_known: which is it?")
            if part in ASKED and not said and part not in self.none_known:
                if part is ProfilePart.risk_factors and self.risk_factors == ():
                    continue
                raise ValueError(f"{part.name} is missing: fill it in, or list it in none_known")
        return self


class ProfileRequest(ChildMessage):
    """
    An agency asks for what is kept ready of a child, at any hour.

    It goes to the council that looks after the child or where it lives, to the council of the area
    where it is placed, and to their police; each reading is kept.
    """

    KIND: ClassVar[str] = "profile.request"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"la", "police", "hub"})

    why: Text = Field(min_length=1, description="What it is needed for: the child is missing ...")
