"""
What became of the censuses, for whoever runs Homeward: counts and references, no names.

Nothing returned is shown as that, and never as nothing missing (rule N6).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from broker.census.asked import asked_of
from broker.census.period import Period
from broker.census.returns import owes
from broker.census.settling import EXPLAINED, SETTLE
from broker.directory import Directory
from broker.ledger import tables as t
from broker.ledger.agencies import on_broker_since
from broker.policy.model import Every
from broker.policy.policies import Policies
from broker.provision import inbox
from schemas.census import Census, Difference, Differences
from schemas.codec import decode


@dataclass(frozen=True, slots=True)
class Returned:
    """
    One census, or that an agency owes one and sent none.

    `state`: `compared`, `waiting` (to be compared at once), `incomplete` (parts are missing),
    `replaced` (by a later one of the same period), `no-return`.
    """

    census: UUID | None
    agency: str
    period_from: date
    period_to: date
    state: str
    nil: bool = False
    exercise: bool = False
    parts: int = 0
    parts_here: int = 0
    entries: int = 0
    theirs: int | None = None
    ours: int | None = None
    both: int | None = None
    only_us: int | None = None
    only_them: int | None = None
    different: int | None = None
    unsettled: int | None = None
    scope: str = "all"
    complete_at: datetime | None = None
    compared_at: datetime | None = None
    replaced_by: UUID | None = None


def returned(
    connection: Connection,
    policies: Policies,
    directory: Directory,
    agency: str | None = None,
    period: Period | None = None,
) -> list[Returned]:
    """
    The censuses, the latest period first; with a period, those that share a day with it.

    With a period also the agencies that owe a census for it and sent nothing of it.
    """
    query = _lists().order_by(t.census.c.period_to.desc(), t.census.c.agency, t.census.c.drawn_at)
    if agency:
        query = query.where(t.census.c.agency == agency)
    if period:
        query = query.where(
            t.census.c.period_from <= period.last.isoformat(),
            t.census.c.period_to >= period.first.isoformat(),
        )
    found = [_returned(row) for row in connection.execute(query)]
    if period:
        there = {one.agency for one in found if not one.exercise}
        owing = sorted(set(_owing(connection, policies, directory, period)) - there)
        found += [
            Returned(None, each, period.first, period.last, "no-return")
            for each in owing
            if agency in (None, each)
        ]
    return found


def _lists() -> Any:
    c, p = t.census.c, t.census_part.c
    here, entries = func.count(p.message).label("here"), func.sum(p.entries).label("entries")
    query = select(t.census, here, entries).join(t.census_part, p.census == c.id)
    return query.group_by(*t.census.c)


def _returned(row: Any) -> Returned:
    state = "compared" if row.compared_at else "waiting" if row.complete_at else "incomplete"
    return Returned(
        census=row.id,
        agency=row.agency,
        period_from=date.fromisoformat(row.period_from),
        period_to=date.fromisoformat(row.period_to),
        state="replaced" if row.replaced_by else state,
        nil=row.nil,
        exercise=row.exercise,
        parts=row.parts,
        parts_here=row.here,
        entries=int(row.entries),
        theirs=row.theirs,
        ours=row.ours,
        both=row.on_both,
        only_us=row.only_us,
        only_them=row.only_them,
        different=row.different,
        unsettled=row.unsettled,
        scope=row.scope,
        complete_at=row.complete_at,
        compared_at=row.compared_at,
        replaced_by=row.replaced_by,
    )


def _owing(
    connection: Connection, policies: Policies, directory: Directory, period: Period
) -> Iterator[str]:
    """Who was on the broker for the whole period, and owes a census for periods of that length."""
    every = Every.month if period.first.month == period.last.month else Every.quarter
    for agency, joined_at in on_broker_since(connection).items():
        asked = (each.one for each in asked_of(agency, period.last, policies, directory))
        censuses = (one for one in asked if one.kind == Census.KIND and one.every is every)
        if any(owes(agency, joined_at, one, period) for one in censuses):
            yield agency


def one_returned(connection: Connection, census: UUID) -> Returned | None:
    """One census by its id, or by the message id of one of its parts."""
    row = connection.execute(_lists().where(t.census.c.id == census)).first()
    if row is None:
        m, p = t.message.c, t.census_part.c
        of = select(p.census).join(t.message, m.number == p.message).where(m.message_id == census)
        row = connection.execute(_lists().where(t.census.c.id.in_(of))).first()
    return _returned(row) if row else None


@dataclass(frozen=True, slots=True)
class Owed:
    """Who is to settle what differs, and how far they have come."""

    address: str
    state: str
    due_at: datetime | None
    settled_at: datetime | None
    explained: bool


def owed_for(connection: Connection, one: Returned) -> list[Owed]:
    """Who owes an end of the differences of a census, the sender among them."""
    p, d = t.census_part.c, t.duty.c
    numbers = select(p.message).where(p.census == one.census)
    query = select(t.duty).where(d.name == SETTLE, d.message.in_(numbers)).order_by(d.owed_by)
    return [
        Owed(row.owed_by, row.state, row.due_at, row.settled_at, row.settled_why == EXPLAINED)
        for row in connection.execute(query)
    ]


def lines_of(connection: Connection, one: Returned) -> list[Difference]:
    """What differs, as the sender was told it when it was compared last."""
    d, c, p = t.delivery.c, t.content.c, t.census_part.c
    numbers = select(p.message).where(p.census == one.census)
    query = (
        select(c.value)
        .join(t.delivery, c.number == d.content)
        .where(
            d.message.in_(numbers),
            c.kind == Differences.KIND,
            d.destination == inbox(one.agency),
        )
        .order_by(d.number)
    )
    each = [decode(value) for value in connection.execute(query).scalars()]
    said = [message for message in each if isinstance(message, Differences)]
    latest = [message for message in said if message.sent_at == said[-1].sent_at]
    return [line for message in latest for line in message.differences]
