"""
A council's absences as a return asks for them, read off the ledger.

Its own number of each child and the birth date are in no column, so they are read off what was
said of the child: this is for the council itself, and for nobody else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from broker.directory import Directory
from broker.episode import Episode, standing
from broker.ledger import tables as t
from broker.ledger.rows import episode_of
from broker.working_time import day_ends, day_starts
from schemas.child import Scheme
from schemas.codec import decode
from schemas.message import ChildMessage
from schemas.outcomes import ReturnInterviewOutcome

_STATES = ("open", "found", "returned", "closed")
_AT_ONCE = 400  # children whose messages are read together


@dataclass(frozen=True, slots=True)
class Held:
    """One absence of a child whom the council leads for."""

    id: UUID
    child: str  # the council's own number; empty: nobody has said it
    born: date | None
    category: str
    looked_after: bool
    started_at: datetime
    found_at: datetime | None
    returned_at: datetime | None
    ended_at: datetime | None
    placement_ended_at: datetime | None = None
    of_age_at: datetime | None = None
    interview: frozenset[str] = field(default_factory=frozenset)  # the stages that were said


def held(
    connection: Connection, council: str, first: date, last: date, directory: Directory
) -> list[Held]:
    """
    The absences of a council's children that share a day with the period, in order of their start.

    Its own by the lead council, wherever the child lives (rule N10); exercises never.
    """
    e = t.episode.c
    query = (
        select(t.episode)
        .where(
            e.lead == directory.today(council),
            e.exercise.is_(False),
            e.status.in_(_STATES),
            e.started_at < day_ends(last),
            or_(e.ended_at.is_(None), e.ended_at >= day_starts(first)),
        )
        .order_by(e.started_at, e.id)
    )
    rows = list(connection.execute(query))
    known = _numbers(connection, {row.child for row in rows}, council, directory)
    return [_held(row, *known.get(row.child, ("", None))) for row in rows]


def _held(row: Any, number: str, born: date | None) -> Held:
    episode = episode_of(row)
    state = episode.state
    began = _at_start(row)
    return Held(
        id=row.id,
        child=number,
        born=born,
        category=row.category,
        looked_after=began,
        started_at=row.started_at,
        found_at=state.found_at,
        returned_at=state.returned_at,
        ended_at=state.ended_at,
        placement_ended_at=state.placement_ended_at,
        of_age_at=state.of_age_at,
        interview=frozenset(_stages(episode)),
    )


def _at_start(row: Any) -> bool:
    return bool(json.loads(row.at_start).get("looked_after"))


def _stages(episode: Episode) -> Iterator[str]:
    for fact in standing(episode.facts):
        if fact.kind == ReturnInterviewOutcome.KIND and "stage" in fact.said:
            yield fact.said["stage"]


def _numbers(
    connection: Connection, children: Iterable[UUID], council: str, directory: Directory
) -> Mapping[UUID, tuple[str, date | None]]:
    """The council's number of each child, and the birth date: its own word goes before others'."""
    wanted = sorted(children)
    numbers: dict[UUID, str] = {}
    own: dict[UUID, date] = {}
    others: dict[UUID, date] = {}
    m = t.message.c
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        query = select(m.child, m.value).where(m.child.in_(some)).order_by(m.number)
        for child, value in connection.execute(query):
            message = decode(value) if value else None  # erased ones say nothing any more
            if not isinstance(message, ChildMessage):
                continue
            for reference in message.child.references:
                holder = directory.today(reference.holder)
                if reference.scheme is Scheme.la_person_id and holder == directory.today(council):
                    numbers[child] = reference.value
            if message.child.birth_date:
                said = own if directory.today(message.sender) == council else others
                said[child] = message.child.birth_date
    born = others | own
    return {child: (numbers.get(child, ""), born.get(child)) for child in wanted}
