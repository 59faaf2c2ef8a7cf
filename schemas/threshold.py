"""That a local threshold was reached: so many absences in so many days, or one too long."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.message import ChildMessage
from schemas.missing import Category
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


class About(Choice):
    """Whose absences are counted: one child's, or those of all children placed together."""

    child = "child"
    home = "home"
    carer = "carer"
    unrecognised = "unrecognised"


class Counted(Value):
    """One absence that was counted, by its shared reference."""

    episode: OwnReference
    started_at: Instant
    category: Annotated[Category | None, AS_SYMBOL] = None


class ThresholdReached(ChildMessage):
    """
    A threshold of a policy was reached; made by Homeward from absences, and taken back if wrong.

    `occurred_at` is when it was reached, `known_at` when Homeward could tell. An update says that
    further absences were added to it; a cancel withdraws it. About a home or a carer it names no
    child.
    """

    KIND: ClassVar[str] = "threshold.reached"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"broker"})

    threshold: Label = Field(description="Its id in the policy")
    policy: Label = Field(description="The version of the policy that sets it")
    about: Annotated[About, AS_SYMBOL]
    step: int | None = Field(
        None, ge=1, le=1000, description="Of a count with steps: which was reached"
    )
    criteria: Annotated[tuple[Label, ...], Field(max_length=20)] = Field(
        (), description="In words: each ground on which it was reached"
    )
    known_at: Instant
    count: int = Field(
        ge=0, le=10_000, description="Absences in the window that ends with the newest one"
    )
    window_from: date | None = None
    window_to: date | None = None
    episodes: Annotated[tuple[Counted, ...], Field(max_length=500)] = ()
    home: AgencyId | None = None
    carer: OwnReference | None = None
    responsible_authority: CouncilId | None = None
    host_authority: CouncilId | None = None
    basis: Label = "local"
    words: Text = ""
