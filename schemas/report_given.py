"""That a report was put before those who read it."""

from typing import ClassVar

from pydantic import Field

from schemas.message import Message
from schemas.values import Label, Text


class ReportGiven(Message):
    """
    A report for a month or a quarter was put before a board, members or a group.

    `occurred_at` is when that was. It meets what the agency owes of that report for that period.
    """

    KIND: ClassVar[str] = "report.given"
    SENDERS: ClassVar[frozenset[str]] = frozenset({"la", "police", "hub", "provider"})

    report: Label = Field(description="As `homeward report` calls it: corporate-parenting")
    period: Label = Field(description="A month, 2026-07, or a quarter, 2026-Q3")
    to: Label | None = Field(None, description="The board or group, not a person")
    note: Text | None = None
