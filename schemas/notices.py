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
    unrecognised = "unrecognised"


class DutyNotice(Message):
    """A duty was opened or changed: who owes what, by when, on what ground."""

    KIND: ClassVar[str] = "duty"

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


class Heartbeat(Message):
    """The last sequence number of an inbox; it takes none itself."""

    KIND: ClassVar[str] = "heartbeat"

    inbox: AgencyId
    last_sequence: int
