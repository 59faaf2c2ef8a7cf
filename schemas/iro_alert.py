"""The alert to the service of a looked-after child's Independent Reviewing Officer."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.message import ChildMessage
from schemas.missing import Category, Risk
from schemas.values import AS_SYMBOL, Choice, CouncilId, Instant, Text


class IroEvent(Choice):
    """What happened that a reviewing officer must know."""

    missing = "missing"
    returned = "returned"
    placement_change = "placement-change"
    approval_missing = "approval-missing"
    threshold = "threshold"
    interview_not_held = "interview-not-held"
    check_not_done = "check-not-done"
    concern_about_carer = "concern-about-carer"
    other = "other"
    unrecognised = "unrecognised"


class Progress(Choice):
    """How far a check or an interview has come."""

    not_due = "not-due"
    owed = "owed"
    done = "done"
    late = "late"
    not_known = "not-known"
    unrecognised = "unrecognised"


class Asked(Choice):
    """What the reviewing officer is asked for."""

    know = "know"
    early_review = "early-review"
    unrecognised = "unrecognised"


class IroAlert(ChildMessage):
    """
    A looked-after child's reviewing officer must know of an event.

    Made by the broker from events, so that it does not hang on a busy worker (Ofsted 2013,
    paragraphs 24 and 75); a council may send one too.
    """

    KIND: ClassVar[str] = "iro.alert"
    VERSION: ClassVar[int] = 2
    SENDERS: ClassVar[frozenset[str]] = frozenset({"la", "hub"})

    event: Annotated[IroEvent, AS_SYMBOL]
    responsible_authority: CouncilId
    episodes_in_90_days: int | None = Field(None, ge=0, le=1000)
    safe_and_well: Annotated[Progress, AS_SYMBOL] = Progress.not_known
    return_interview: Annotated[Progress, AS_SYMBOL] = Progress.not_known
    next_review_on: date | None = None
    asked: Annotated[Asked, AS_SYMBOL] = Asked.know
    words: Text | None = None
    category: Annotated[Category | None, AS_SYMBOL] = None
    risk: Annotated[Risk | None, AS_SYMBOL] = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
