"""
Whether everyone who was told that a child is missing knows the end; and who still owes what.

Every question is one look at the ledger that changes nothing, in a fixed number of queries. No
answer holds a name.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from broker.decision import OPERATIONS
from broker.duties import STANDING
from broker.ledger import tables as t
from broker.ledger.rows import duty_of, episode_of

_ENDED = ("returned", "closed", "cancelled")
_CONFIRM, _BY_TELEPHONE = "confirm-the-end", "telephone"


@dataclass(frozen=True, slots=True)
class Knowing:
    """
    One address that was told of an absence that is over, and how that was ended for it.

    `how`: `confirmed` (it, or its agency, answered), `sent` (told the end, and asked for no
    answer), `listed` (it owes an answer, and a ladder runs), `excused`, `moved-away`, `telephone`
    (no message goes round: managers ring), `reported` (said it itself), or `missed`: that is a
    fault of Homeward.
    """

    address: str
    told_at: datetime
    how: str
    duty: UUID | None = None
    due_at: datetime | None = None
    next_rung: str = ""

    @property
    def is_closed(self) -> bool:
        return self.how not in ("listed", "missed")


@dataclass(frozen=True, slots=True)
class Closure:
    """One absence that is over, and everyone who was told that it began."""

    episode: UUID
    status: str
    lead: str
    ended_at: datetime | None
    exercise: bool
    everyone: tuple[Knowing, ...]

    @property
    def is_complete(self) -> bool:
        return all(one.is_closed for one in self.everyone)


@dataclass(frozen=True, slots=True)
class Owed:
    """One duty that stands, for the list of whoever manages those who owe it."""

    id: UUID
    duty: str
    owed_by: str
    state: str
    starts_at: datetime | None
    due_at: datetime | None
    working_due_at: datetime | None
    late_on_arrival: bool
    basis: str
    because: str
    episode: UUID | None
    climbed_to: tuple[str, ...]
    our_fault: bool
    exercise: bool
    occasion: str  # of a return, the period it is for


def closures(
    connection: Connection, area: str | None = None, episode: UUID | None = None
) -> list[Closure]:
    """
    The absences that are over, the latest first, with everyone who was told.

    With an area: those it is responsible for, that live there or were missing from there.
    """
    e = t.episode.c
    query = select(t.episode).where(e.status.in_(_ENDED)).order_by(e.ended_at.desc(), e.id)
    if area:
        query = query.where(or_(e.lead == area, e.host == area, e.area == area))
    if episode:
        query = query.where(e.id == episode)
    rows = connection.execute(query).all()
    duties = _duties(connection, [row.id for row in rows])
    return [_closure(row, duties.get(row.id, [])) for row in rows]


def _duties(connection: Connection, episodes: list[UUID]) -> Mapping[UUID, list[Any]]:
    d = t.duty.c
    names = (_CONFIRM, _BY_TELEPHONE)
    found: dict[UUID, list[Any]] = {}
    query = select(t.duty).where(d.episode.in_(episodes), d.name.in_(names))
    for row in connection.execute(query):
        found.setdefault(row.episode, []).append(duty_of(row))
    return found


def _closure(row: Any, duties: list[Any]) -> Closure:
    episode = episode_of(row)
    confirm = {duty.owed_by: duty for duty in duties if duty.name == _CONFIRM}
    telephoned = any(duty.name == _BY_TELEPHONE for duty in duties)
    everyone = tuple(
        _knowing(address, told, confirm.get(address), telephoned)
        for address, told in sorted(episode.told.items())
    )
    return Closure(row.id, row.status, row.lead, row.ended_at, row.exercise, everyone)


def _knowing(address: str, told: Any, duty: Any, telephoned: bool) -> Knowing:
    if told.left:
        return Knowing(address, told.at, "moved-away")
    if duty is None:
        if told.end_told:
            return Knowing(address, told.at, "reported" if told.because == "reported" else "sent")
        return Knowing(address, told.at, "telephone" if telephoned else "missed")
    if duty.state in STANDING:
        rung = duty.rungs[duty.rung].address if duty.rung < len(duty.rungs) else ""
        return Knowing(address, told.at, "listed", duty.id, duty.due_at, rung)
    how = "confirmed" if duty.state.startswith("met") else "excused"
    return Knowing(address, told.at, how, duty.id, duty.due_at)


def owed(
    connection: Connection,
    agency: str | None = None,
    duty: str | None = None,
    late: bool = False,
) -> list[Owed]:
    """
    What stands open, the longest due first; what has no start yet comes last.

    With an agency: what its desks owe. `late`: only what is past its due time.
    """
    d = t.duty.c
    query = select(t.duty).where(d.state.in_(("late",) if late else STANDING))
    query = query.where(d.owed_by != OPERATIONS)  # a step that Homeward takes itself
    if agency:
        query = query.where(d.owed_by.like(f"{agency}/%"))
    if duty:
        query = query.where(d.name == duty)
    query = query.order_by(d.due_at.is_(None), d.due_at, d.opened_at, d.id)
    return list(_owed(connection, query))


def _owed(connection: Connection, query: Any) -> Iterator[Owed]:
    for row in connection.execute(query):
        climbed = json.loads(row.ladder)["asked"]
        yield Owed(
            id=row.id,
            duty=row.name,
            owed_by=row.owed_by,
            state=row.state,
            starts_at=row.starts_at,
            due_at=row.due_at,
            working_due_at=row.working_due_at,
            late_on_arrival=row.late_on_arrival,
            basis=row.basis,
            because=row.because,
            episode=row.episode,
            climbed_to=tuple(climbed),
            our_fault=row.our_fault,
            exercise=row.exercise,
            occasion=row.occasion,
        )
