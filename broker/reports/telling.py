"""Who was told what, when, and what they answered; and which meetings were held. Pure values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from broker.reports.figures import Item


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One message for one address, as reports count it.

    `sent_at` None: it has not gone out. `event` and `asked` are what an alert to reviewing officers
    says.
    """

    episode: UUID
    message: int  # acceptance number of what it follows from
    kind: str
    address: str
    because: str
    heard_at: datetime
    sent_at: datetime | None = None
    read_at: datetime | None = None  # the first answer of any kind
    acted_at: datetime | None = None  # the first `acting`
    event: str = ""
    asked: str = ""

    @property
    def agency(self) -> str:
        return self.address.partition("/")[0]

    @property
    def function(self) -> str:
        return self.address.partition("/")[2]

    @property
    def rule(self) -> str:
        return self.because.partition("@")[0]

    def sent_within(self, length: timedelta) -> bool:
        return self.sent_at is not None and self.sent_at - self.heard_at <= length


@dataclass(frozen=True, slots=True)
class Came:
    """One agency at a meeting."""

    agency: str
    invited: bool
    attended: bool


@dataclass(frozen=True, slots=True)
class Course:
    """How many of whose people were at a course."""

    audience: str  # agency, home, carer
    agency: str
    people: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting about a child, or a course about none, that was held or not."""

    number: int
    at: datetime
    type: str
    held: bool
    by: str  # the agency that says so
    child: UUID | None
    case: UUID | None
    came: tuple[Came, ...] = ()
    trained: tuple[Course, ...] = ()
    worker_told_at: datetime | None = None
    about: tuple[str, ...] = field(default=())  # the councils whose child it is

    @property
    def item(self) -> Item:
        return Item(self.child, self.case, self.at, {"type": self.type, "reported by": self.by})
