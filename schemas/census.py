"""An agency's own list of absences for a period, and how it differs from what Homeward knows."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.child import Reference
from schemas.message import Message
from schemas.missing import Category
from schemas.values import (
    AS_SYMBOL,
    AgencyId,
    Choice,
    CouncilId,
    Instant,
    OwnReference,
    Text,
    Value,
)


class Scope(Choice):
    """Which absences a census lists."""

    all = "all"
    looked_after = "looked-after"
    unrecognised = "unrecognised"


class Explanation(Choice):
    """Why a difference stays as it is, as the sender of the census says."""

    counted_otherwise = "counted-otherwise"
    other_agency = "other-agency"
    other_period = "other-period"
    not_recorded = "not-recorded"
    as_recorded = "as-recorded"
    other = "other"
    unrecognised = "unrecognised"


class CensusEntry(Value):
    """One absence as the sender counts it."""

    reference: OwnReference = Field(description="The sender's own reference of the absence")
    shared: UUID | None = Field(None, description="The shared reference, if the sender keeps it")
    child: Reference | None = Field(None, description="A number of the child; no name")
    category: Annotated[Category, AS_SYMBOL] = Category.missing
    started_at: Instant
    ended_at: Instant | None = None
    authority: CouncilId | None = Field(None, description="The council of the place")
    home: AgencyId | None = None
    carer: OwnReference | None = Field(None, description="A foster carer's reference, no name")
    day_only: bool = Field(
        False, description="Only the days are known: each time is the London midnight it begins at"
    )


class Explained(Value):
    """
    A difference that the sender looked into, and why it stays.

    It is named by one of `reference`, `episode` and `started_at`.
    """

    reference: OwnReference | None = Field(None, description="Of an entry of this census")
    episode: UUID | None = Field(None, description="The shared reference of the absence")
    started_at: Instant | None = Field(
        None, description="Of an absence that only Homeward has, as the differences named it"
    )
    reason: Annotated[Explanation, AS_SYMBOL]


class Census(Message):
    """
    Everything the sender counts for a period: what starts in it, London days, both included.

    A census with nothing in it says so (`nil`); one too long for one message comes in parts of one
    `list_id`. A later one of the same period, by `occurred_at`, takes its place.
    """

    KIND: ClassVar[str] = "census"
    VERSION: ClassVar[int] = 2
    SENDERS: ClassVar[frozenset[str]] = frozenset({"police", "la", "provider"})

    period_from: date
    period_to: date
    nil: bool = Field(False, description="There was no absence in the period")
    list_id: OwnReference | None = Field(
        None, description="The sender's own name of this list: the same in all its parts"
    )
    part: int = Field(1, ge=1, le=10)
    parts: int = Field(1, ge=1, le=10, description="It is compared once all have come")
    entries: Annotated[tuple[CensusEntry, ...], Field(max_length=1000)] = ()
    carers: Annotated[tuple[OwnReference, ...], Field(max_length=1000)] = Field(
        (),
        description="Of a council or fostering service: the foster carers, by reference, whose "
        "return this is; one with no entry returned nil, one who is not named returned nothing",
    )
    scope: Annotated[Scope, AS_SYMBOL] = Field(
        Scope.all, description="looked-after: only children whom the sender looks after"
    )
    explained: Annotated[tuple[Explained, ...], Field(max_length=1000)] = Field(
        (), description="Differences of an earlier census of this period that stay, and why"
    )


class DifferenceKind(Choice):
    """How one absence differs."""

    only_us = "only-us"
    only_them = "only-them"
    different = "different"
    unrecognised = "unrecognised"


class Compared(Choice):
    """What is compared of an absence that both know."""

    category = "category"
    started_at = "started-at"
    ended_at = "ended-at"
    child = "child"
    unrecognised = "unrecognised"


class WhyOnlyThem(Choice):
    """What Homeward knows of an absence that only the census counts."""

    cancelled_by_sender = "cancelled-by-sender"
    cancelled = "cancelled"
    same_absence = "same-absence"
    unrecognised = "unrecognised"


class FieldDifference(Value):
    """One field of an absence that both know, as each has it."""

    field: Annotated[Compared, AS_SYMBOL]
    ours: OwnReference | None = None
    theirs: OwnReference | None = None


class Difference(Value):
    """One absence on which the census and Homeward differ; no name."""

    what: Annotated[DifferenceKind, AS_SYMBOL]
    reference: OwnReference | None = Field(None, description="As the sender of the census has it")
    episode: OwnReference | None = Field(None, description="The shared reference")
    started_at: Instant | None = Field(None, description="In the census, else with Homeward")
    why: Annotated[WhyOnlyThem | None, AS_SYMBOL] = Field(
        None,
        description="Its message was cancelled, or another line of the census is the same absence",
    )
    fields: Annotated[tuple[FieldDifference, ...], Field(max_length=4)] = ()
    explained: Annotated[Explanation | None, AS_SYMBOL] = Field(
        None, description="Why it stays, as the sender of the census says"
    )


class Differences(Message):
    """
    A census compared with Homeward, to both sides: nothing was merged or changed.

    The other side gets the lines about absences that concern it, and the counts of those alone.
    """

    KIND: ClassVar[str] = "differences"
    VERSION: ClassVar[int] = 2

    of: UUID = Field(description="The message id of the census, of its first part")
    replaces: UUID | None = Field(None, description="The earlier census whose place it takes")
    by: AgencyId = Field(description="Who sent the census")
    period_from: date
    period_to: date
    part: int = Field(1, ge=1, le=1000)
    parts: int = Field(1, ge=1, le=1000)
    theirs: int = Field(ge=0, le=100_000, description="Absences in the census")
    ours: int = Field(
        ge=0, le=100_000, description="Those on both sides, and those only with Homeward"
    )
    both: int = Field(ge=0, le=100_000, description="Found on both sides, alike or not")
    differences: Annotated[tuple[Difference, ...], Field(max_length=300)] = ()
    words: Text = ""
    scope: Annotated[Scope, AS_SYMBOL] = Scope.all
    settle_by: Instant | None = Field(
        None, description="By when the reader settles what differs, or says why it stays"
    )
