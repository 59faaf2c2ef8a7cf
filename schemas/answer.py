"""What an address says of a delivery."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, model_validator

from schemas.message import Message
from schemas.values import AS_SYMBOL, Address, Choice, Instant, Text


class AnswerState(Choice):
    """How far the recipient has come with a delivery."""

    received = "received"
    acting = "acting"
    not_ours = "not-ours"
    need_until = "need-until"
    closed = "closed"
    unrecognised = "unrecognised"


class Answer(Message):
    """
    An answer to one delivery, from the agency it was made to.

    `not-ours` and `need-until` give a reason; `not-ours` names whose it is where that is known.
    """

    KIND: ClassVar[str] = "answer"

    delivery: UUID
    state: Annotated[AnswerState, AS_SYMBOL]
    reason: Text | None = None
    whose: Address | None = Field(None, description="With not-ours: whose it is, if known")
    until: Instant | None = Field(None, description="With need-until: until when")

    @model_validator(mode="after")
    def _says_why(self) -> "Answer":
        if self.state in (AnswerState.not_ours, AnswerState.need_until) and not self.reason:
            raise ValueError(f"{self.state} needs a reason")
        if self.state is AnswerState.need_until and not self.until:
            raise ValueError("need-until needs the time (until)")
        return self
