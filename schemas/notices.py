"""What the broker tells an agency about its own messages and duties."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.message import Message
from schemas.values import AS_SYMBOL, Address, AgencyId, Choice, Instant, Label, Text, Value


class Told(Value):
    """One address that was told, why, and by when it is to answer."""

    address: Address
    because: Label
    answer_by: Instant | None = None


class Receipt(Message):
    """A message was accepted: what became of it and who was told, in words too."""

    KIND: ClassVar[str] = "receipt"

    of: UUID
    repeated: bool = False
    child: Label | None = Field(None, description="The recipient's own pseudonym of the child")
    episode: Label | None = Field(None, description="The shared reference of the absence")
    told: tuple[Told, ...] = ()
    words: Text = ""


class Rejection(Message):
    """A record was refused: which field, why, and what to do. The bytes are kept."""

    KIND: ClassVar[str] = "rejection"

    of: UUID | None = Field(None, description="The message id, where it could be read")
    topic: Label
    partition: int
    offset: int
    code: Label
    field: Text = ""
    detail: Text


class DutyChange(Choice):
    """What happened to a duty."""

    opened = "opened"
    met = "met"
    met_late = "met-late"
    late = "late"
    climbed = "climbed"
    excused = "excused"
    cancelled = "cancelled"
    not_ours = "not-ours"
    superseded = "superseded"
    transferred = "transferred"
    reopened = "reopened"
    unrecognised = "unrecognised"


class DutyNotice(Message):
    """A duty was opened or changed: who owes what, by when, on what ground."""

    KIND: ClassVar[str] = "duty"
    VERSION: ClassVar[int] = 2

    duty: UUID
    name: Label
    change: Annotated[DutyChange, AS_SYMBOL]
    owed_by: Address
    about: UUID | None = Field(None, description="The message it follows from")
    delivery: UUID | None = Field(None, description="The delivery it is about, if any")
    episode: Label | None = None
    starts_at: Instant | None = None
    due_at: Instant | None = Field(None, description="None: no start is recorded yet")
    climbed_to: Address | None = None
    our_fault: bool = Field(False, description="Homeward could not send in time")
    basis: Label
    words: Text = ""
    transferred_to: Address | None = None
    late_on_arrival: bool = Field(
        False, description="Already past due when its cause became known; not anybody's lateness"
    )
    working_due_at: Instant | None = Field(
        None, description="With late_on_arrival: the same length, from when it became known"
    )


class Outstanding(Value):
    """One duty that stands, in a picture."""

    name: Label
    owed_by: Address
    state: Label
    due_at: Instant | None = None


class Picture(Message):
    """
    Where one absence stands now: what is known, and what is outstanding. No names, no narrative.

    Sent before the history to whoever joins late or asks to catch up.
    """

    KIND: ClassVar[str] = "picture"

    child: Label = Field(description="The recipient's own pseudonym of the child")
    episode: Label = Field(description="The shared reference of the absence")
    status: Label
    category: Label | None = None
    risk: Label | None = None
    started_at: Instant | None = None
    found_at: Instant | None = None
    returned_at: Instant | None = None
    closed_at: Instant | None = None
    outcome: Label | None = None
    lead: AgencyId | None = Field(None, description="The lead council")
    host: AgencyId | None = Field(None, description="The council in whose area the child lives")
    force: AgencyId | None = Field(None, description="The police force of the place")
    next_review_at: Instant | None = None
    outstanding: tuple[Outstanding, ...] = ()
    because: Label = Field(description="Why it is sent: catch-up, moved, joined, split ...")
    words: Text = ""


class Heartbeat(Message):
    """The last sequence number of an inbox; it takes none itself."""

    KIND: ClassVar[str] = "heartbeat"

    inbox: AgencyId
    last_sequence: int
