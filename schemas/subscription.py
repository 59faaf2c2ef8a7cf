"""A council asks to hear of placements, and is told how its subscription stands."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.message import Message
from schemas.placement import PlacementStage
from schemas.values import (
    AS_SYMBOL,
    Address,
    AgencyId,
    Choice,
    CouncilId,
    Label,
    Text,
    Value,
)


class SubscriptionAsk(Choice):
    """What is asked of a subscription."""

    request = "request"
    re_attest = "re-attest"
    end = "end"
    unrecognised = "unrecognised"


class SubscriptionRequest(Message):
    """
    A council asks for placement notices, says again that it needs them, or ends it.

    Each filter narrows; one that is left out lets everything through, but not all may be. What the
    subscriber sees hangs on its tie to each child: without one, monthly counts by area, nothing
    under five.
    """

    KIND: ClassVar[str] = "subscription.request"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"la", "hub"})

    ask: Annotated[SubscriptionAsk, AS_SYMBOL] = SubscriptionAsk.request
    subscription: UUID | None = Field(
        None, description="With re-attest or end: the message id of the request"
    )
    hosts: Annotated[tuple[CouncilId, ...], Field(max_length=200)] = Field(
        (), description="Placed in the area of one of these councils"
    )
    region: Label | None = Field(None, description="Placed in this region of England, or in Wales")
    placed_by: Annotated[tuple[CouncilId, ...], Field(max_length=200)] = ()
    homes: Annotated[tuple[AgencyId, ...], Field(max_length=200)] = ()
    stages: Annotated[tuple[Annotated[PlacementStage, AS_SYMBOL], ...], Field(max_length=10)] = ()
    to: Address | None = Field(None, description="The desk it goes to; the asking one if left out")
    purpose: Text | None = Field(None, min_length=1)
    legal_basis: Text | None = Field(None, min_length=1)
    data_protection_contact: Label | None = Field(None, description="A desk or function")
    until: date | None = Field(None, description="The last day, at most twelve months ahead")


class SubscriptionState(Choice):
    """How a subscription stands."""

    requested = "requested"
    approved = "approved"
    refused = "refused"
    suspended = "suspended"
    expired = "expired"
    ended = "ended"
    unrecognised = "unrecognised"


class SubscriptionNotice(Message):
    """A subscription was asked for, approved, refused, suspended, or it ended."""

    KIND: ClassVar[str] = "subscription"

    subscription: UUID
    state: Annotated[SubscriptionState, AS_SYMBOL]
    subscriber: AgencyId
    hosts: Annotated[tuple[CouncilId, ...], Field(max_length=200)] = ()
    until: date | None = None
    reason: Text | None = None
    words: Text = ""


class AreaCount(Value):
    """
    Children placed in one area by other councils.

    To the nearest five, and nothing where there are fewer than five.
    """

    host: CouncilId
    placed: int | None = Field(None, ge=5, le=100_000, description="At the end of the month")
    started: int | None = Field(None, ge=5, le=100_000)
    ended: int | None = Field(None, ge=5, le=100_000)


class Counts(Message):
    """What a subscriber with no tie to the children sees: numbers of a month, never a child."""

    KIND: ClassVar[str] = "counts"

    subscription: UUID
    month: Label = Field(description="2026-10")
    areas: Annotated[tuple[AreaCount, ...], Field(max_length=400)] = ()
    words: Text = ""
