"""What an agency is sent each day of the absences it knows of, also where there is nothing."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.message import Message
from schemas.missing import Category
from schemas.values import AS_SYMBOL, Instant, OwnReference, Text, Value


class DigestLine(Value):
    """One absence, by the shared reference; no name."""

    episode: OwnReference
    category: Annotated[Category | None, AS_SYMBOL] = None
    started_at: Instant | None = None
    ended_at: Instant | None = Field(None, description="When the child was back, else found")


class Digest(Message):
    """
    What is new of the absences that an agency knows of, since the last such list.

    It comes each day at its hour, also where nothing is new: then it says so. One absence may be
    new and over in the same list; it is updated only if it is neither.
    """

    KIND: ClassVar[str] = "digest"

    day: date = Field(description="The London day on which it is sent")
    since: Instant = Field(description="When the last one was made")
    until: Instant
    new: Annotated[tuple[DigestLine, ...], Field(max_length=2000)] = ()
    updated: Annotated[tuple[DigestLine, ...], Field(max_length=2000)] = ()
    returned: Annotated[tuple[DigestLine, ...], Field(max_length=2000)] = ()
    open: int = Field(0, ge=0, le=100_000, description="Absences that go on, of those it knows of")
    words: Text = ""
