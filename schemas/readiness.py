"""What a home has ready for the day a child is missing."""

from datetime import date
from typing import ClassVar

from pydantic import Field

from schemas.message import Message
from schemas.values import Label, Text


class HomeReadiness(Message):
    """
    A home says what it has ready; the last word counts, and what it leaves out it does not have.

    The care pack is what each child is given: numbers to ring, such as Childline, and what to do.
    """

    KIND: ClassVar[str] = "home.readiness"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"provider"})

    care_pack: Label | None = Field(None, description="The version of the care pack in use")
    care_pack_given_on: date | None = Field(None, description="When children were last given it")
    procedure_of: date | None = Field(
        None, description="The date of the home's procedure for missing children"
    )
    note: Text | None = None
