"""
What meetings decided and nobody has closed yet. Pure.

An action is closed when its owner answers the outcome of the meeting with `closed`, or when a later
meeting of the same kind about the same child is held and does not list it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from broker.reports.facts import Facts
from broker.working_time import london_day
from schemas.casework import MeetingOutcome


@dataclass(frozen=True, slots=True)
class OpenAction:
    """One action that stands open, and the desk that owes it; what it is stands in the message."""

    child: UUID
    meeting: str
    decided_at: datetime
    owner: str
    due_on: date | None
    number: int  # of the meeting's actions, from 1

    def late(self, as_at: datetime) -> bool:
        """Whether its day is over."""
        return self.due_on is not None and london_day(as_at) > self.due_on


def open_actions(facts: Facts) -> tuple[OpenAction, ...]:
    """Every action that is open as at the report, the one that was due first on top."""
    found = list(_open(facts))
    return tuple(sorted(found, key=lambda one: (one.due_on or date.max, one.decided_at, one.owner)))


def _open(facts: Facts) -> Iterator[OpenAction]:
    meetings: dict[tuple[UUID, str], list[tuple[int, MeetingOutcome]]] = {}
    for one in sorted(facts.on_file, key=lambda each: (each.fact.at, each.fact.number)):
        message = facts.bodies.get(one.fact.number)
        if isinstance(message, MeetingOutcome) and message.held:
            key = (one.child, message.type.value)
            meetings.setdefault(key, []).append((one.fact.number, message))
    for (child, type_), each in meetings.items():
        number, last = each[-1]  # what the last one does not list again is done
        closed = facts.closed_by.get(number, frozenset())
        for place, action in enumerate(last.actions, 1):
            if action.owner not in closed:
                yield OpenAction(child, type_, last.occurred_at, action.owner, action.due_on, place)
