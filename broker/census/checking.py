"""What is wrong with a census before anything is compared. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from broker.directory import Directory, kind_of
from broker.errors import (
    EntryEndsFirst,
    EntryOutside,
    NilOrEntries,
    PartsDiffer,
    PeriodNotOver,
    PeriodWrong,
    ReferenceTwice,
    UnknownAgency,
)
from broker.keys import derived
from broker.working_time import day_starts, london_day
from schemas.census import Census, Scope

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a list that was accepted: its acceptance number, and how many entries it has."""

    number: int
    message_id: UUID
    address: str
    entries: int
    references: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class List:
    """One census, whatever parts it came in, as far as they have come."""

    id: UUID
    agency: str
    exercise: bool
    first: date
    last: date
    nil: bool
    of: int  # how many parts it has
    drawn_at: datetime
    parts: Mapping[int, Part] = field(default_factory=dict)
    complete_at: datetime | None = None
    replaced_by: UUID | None = None
    scope: str = Scope.all.value

    @property
    def is_complete(self) -> bool:
        return len(self.parts) == self.of

    @property
    def entries(self) -> int:
        return sum(part.entries for part in self.parts.values())

    @property
    def period(self) -> tuple[str, bool, date, date, str]:
        """What a later census of the same sender replaces."""
        return self.agency, self.exercise, self.first, self.last, self.scope


def list_id(message: Census) -> UUID:
    """The id of the list that a message is, or is a part of."""
    if message.list_id is None:
        return derived("census", message.sender, message.message_id)
    return derived("census", message.sender, message.exercise, "list", message.list_id)


def check(message: Census, now: datetime, directory: Directory) -> None:
    """Refuse what a census cannot say, by itself: `Rejected` names the field and what to do."""
    first, last = message.period_from, message.period_to
    if last < first:
        raise PeriodWrong("the period ends before it starts: change one of its days", "period_to")
    if (last - first).days >= LONGEST_DAYS:
        raise PeriodWrong(f"a period has {LONGEST_DAYS} days at most: send several", "period_to")
    if last >= london_day(now):
        raise PeriodNotOver("send it when the last day of the period is over", "period_to")
    if message.nil and message.entries:
        raise NilOrEntries("there are entries: leave nil out", "nil")
    if not message.nil and not message.entries:
        raise NilOrEntries("there are no entries: say nil if there was no absence", "entries")
    if message.part > message.parts:
        raise PartsDiffer("this is more than the number of parts", "part")
    if message.parts > 1 and message.list_id is None:
        raise PartsDiffer("parts of one list name it, all by the same list_id", "list_id")
    if message.scope is Scope.unrecognised:
        raise PartsDiffer("this is none of the scopes of a census", "scope")
    if message.scope is Scope.looked_after and kind_of(message.sender) != "la":
        raise PartsDiffer("a council alone says which children it looks after", "scope")
    if message.parts > 1 and message.nil:
        raise NilOrEntries("a nil return has one part", "nil")
    _check_entries(message, directory)


def _check_entries(message: Census, directory: Directory) -> None:
    seen: set[str] = set()
    one_day = timedelta(days=1)
    for number, entry in enumerate(message.entries):
        where = f"entries.{number}"
        day = london_day(entry.started_at)
        if not message.period_from <= day < message.period_to + one_day:
            raise EntryOutside(
                "it starts on another London day than those of the period", f"{where}.started_at"
            )
        if entry.ended_at and entry.ended_at < entry.started_at:
            raise EntryEndsFirst("it ends before it starts", f"{where}.ended_at")
        if entry.day_only and any(
            at and at != day_starts(london_day(at)) for at in (entry.started_at, entry.ended_at)
        ):
            raise EntryOutside(
                "only the day is known: give the London midnight it begins at", f"{where}.day_only"
            )
        if entry.reference in seen:
            raise ReferenceTwice(
                "this reference stands twice: each absence once", f"{where}.reference"
            )
        seen.add(entry.reference)
        if entry.authority and directory.canonical(entry.authority) is None:
            raise UnknownAgency("this council is not in the directory", f"{where}.authority")


def with_part(held: List | None, message: Census, number: int, now: datetime) -> List:
    """
    The list with this message as one of its parts.

    `Rejected` where the message does not fit the parts that are here.
    """
    if held is None:
        held = List(
            id=list_id(message),
            agency=message.sender,
            exercise=message.exercise,
            first=message.period_from,
            last=message.period_to,
            nil=message.nil,
            of=message.parts,
            drawn_at=message.occurred_at,
            scope=message.scope.value,
        )
    else:
        _check_part(held, message)
    part = Part(
        number,
        message.message_id,
        message.from_address,
        len(message.entries),
        frozenset(entry.reference for entry in message.entries),
    )
    grown = replace(
        held,
        parts={**held.parts, message.part: part},
        drawn_at=max(held.drawn_at, message.occurred_at),
    )
    return replace(grown, complete_at=now) if grown.is_complete else grown


def _check_part(held: List, message: Census) -> None:
    if message.parts != held.of:
        raise PartsDiffer(f"other parts of this list say that it has {held.of}", "parts")
    if (message.period_from, message.period_to) != (held.first, held.last):
        raise PartsDiffer(
            f"other parts of this list are for {held.first} to {held.last}: a new list has a "
            "list_id of its own",
            "period_from",
        )
    if message.scope.value != held.scope:
        raise PartsDiffer("other parts of this list say another scope", "scope")
    if message.part in held.parts:
        raise PartsDiffer("this part is here already: a new list has a list_id of its own", "part")
    before = {one for part in held.parts.values() for one in part.references}
    for number, entry in enumerate(message.entries):
        if entry.reference in before:
            raise ReferenceTwice(
                "this reference stands in another part too: each absence once",
                f"entries.{number}.reference",
            )


def by_time(one: List) -> tuple[datetime, int]:
    """The order of lists of one period: when they were drawn up, else when they were accepted."""
    return one.drawn_at, max(part.number for part in one.parts.values())
