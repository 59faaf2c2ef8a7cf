"""What every message says, whatever its kind."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, model_validator

from schemas.child import Child
from schemas.values import (
    AS_SYMBOL,
    Address,
    AgencyId,
    Choice,
    Instant,
    Label,
    OwnReference,
    Value,
    agency_of,
)

BROKER = "broker.homeward"


class Action(Choice):
    """Whether a message stands alone, corrects or withdraws another."""

    new = "new"
    update = "update"
    cancel = "cancel"
    unrecognised = "unrecognised"


class Message(Value):
    """
    One fact, stated by one agency.

    `message_id` is the sender's, never reused: the same id with the same content is a repeat.
    """

    KIND: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1
    SENDERS: ClassVar[frozenset[str]] = frozenset()  # kinds of agency; empty: any

    message_id: UUID = Field(description="The sender's own id of this message, never reused")
    sender: AgencyId = Field(description="The agency that sends; it owns the topic written to")
    from_address: Address = Field(description="The function at the sender that speaks")
    occurred_at: Instant = Field(description="When it happened: clocks start here")
    sent_at: Instant
    exercise: bool = Field(False, description="A drill: travels the live path, counts nowhere")

    @model_validator(mode="after")
    def _speaks_for_itself(self) -> "Message":
        if agency_of(self.from_address) != self.sender:
            raise ValueError("from_address must belong to the sender")
        return self


class ChildMessage(Message):
    """A message about one child, and where there is one, about one absence."""

    action: Annotated[Action, AS_SYMBOL] = Action.new
    replaces: UUID | None = Field(None, description="The message that is corrected or withdrawn")
    child: Child
    episode: OwnReference | None = Field(
        None, description="The sender's own reference of the absence, or the shared one"
    )
    incident: OwnReference | None = Field(
        None, description="The same for all children who left together; one message for each"
    )
    paper_form: Label | None = Field(
        None,
        description="The number of the paper form this was written on while Homeward was down: "
        "entered afterwards with its true times, it wakes nobody",
    )

    @model_validator(mode="after")
    def _replaces_something(self) -> "ChildMessage":
        if (self.action is Action.new) != (self.replaces is None):
            raise ValueError("update and cancel name the message they replace; new names none")
        return self
