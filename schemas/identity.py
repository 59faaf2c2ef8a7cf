"""A statement that two references are, or are not, one child."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.child import Reference
from schemas.message import Action, Message
from schemas.values import AS_SYMBOL, Text


class IdentityStatement(Message):
    """An agency that holds the child settles whether two references are one child."""

    KIND: ClassVar[str] = "identity.statement"

    action: Annotated[Action, AS_SYMBOL] = Action.new
    one: Reference
    other: Reference
    same: bool
    reason: Text = Field(min_length=1)
