"""An agency asks for what it missed."""

from typing import ClassVar

from pydantic import Field

from schemas.message import Message


class CatchUp(Message):
    """
    Send me where things stand, and what I missed.

    Answered with a `picture` of each absence that stands open to the sender, then with everything
    sent to it after `since`, again. None of it wakes anybody.
    """

    KIND: ClassVar[str] = "catch-up"

    since: int | None = Field(
        None,
        ge=0,
        le=2**63 - 1,
        description="The last sequence number that was read; none: only pictures",
    )
