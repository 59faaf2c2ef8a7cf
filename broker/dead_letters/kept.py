"""
What can be asked of dead letters: never what they say.

Every question is one consistent look that changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, false, func, select

from broker.ledger import tables as t
from broker.ledger.refusing import IS_OPEN
from schemas.missing import MissingReturn


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """
    One record that was refused; its bytes stay in the ledger.

    `state`: `open`, `sent-again` (accepted since under its id), `replayed`, `dropped`; `message`
    is the acceptance number of what settled it. `owed_by` owes to settle it by `due_at`.
    """

    number: int
    at: datetime
    agency: str
    topic: str
    offset: int
    code: str
    field: str
    detail: str
    size: int | None
    kind: str
    message_id: UUID | None
    state: str
    repaired: bool
    settled_at: datetime | None
    message: int | None
    owed_by: str | None
    due_at: datetime | None
    late: bool


@dataclass(frozen=True, slots=True)
class Letters:
    """Which dead letters are asked for; what is left out is not asked about."""

    state: str | None = None
    code: str | None = None
    agency: str | None = None
    kind: str | None = None
    before: datetime | None = None
    numbers: tuple[int, ...] = ()


def dead_letters(
    connection: Connection, limit: int = 100, which: Letters | None = None
) -> list[DeadLetter]:
    """The newest refused records first."""
    query = _letters().where(*_asked_for(which or Letters()))
    query = query.order_by(t.dead_letter.c.number.desc()).limit(limit)
    return [DeadLetter(*row) for row in connection.execute(query)]


def to_replay(connection: Connection, limit: int, which: Letters) -> list[int]:
    """
    The numbers of dead letters, the oldest first, but ends of absences before all else.

    A child who is known to be back is then searched for by nobody.
    """
    x = t.dead_letter.c
    query = select(x.number).where(*_asked_for(which))
    query = query.order_by(x.kind != MissingReturn.KIND, x.number).limit(limit)
    return list(connection.execute(query).scalars())


def _asked_for(which: Letters) -> Iterator[Any]:
    x = t.dead_letter.c
    for column, wanted in (
        (x.state, which.state),
        (x.code, which.code),
        (x.agency, which.agency),
        (x.kind, which.kind),
    ):
        if wanted is not None:
            yield column == wanted
    if which.before is not None:
        yield x.at <= which.before
    if which.numbers:
        yield x.number.in_(which.numbers)


def dead_letter(connection: Connection, number: int) -> DeadLetter | None:
    row = connection.execute(_letters().where(t.dead_letter.c.number == number)).first()
    return DeadLetter(*row) if row else None


def bytes_of(connection: Connection, number: int) -> tuple[bytes | None, bytes | None]:
    """What was sent, and what was put in its place: about a child, for a reason only."""
    x = t.dead_letter.c
    row = connection.execute(select(x.value, x.repaired).where(x.number == number)).one()
    return row.value, row.repaired


def _letters() -> Any:
    x, d = t.dead_letter.c, t.duty.c
    size = func.length(x.value)
    columns = (x.number, x.at, x.agency, x.topic, x.record_offset, x.code, x.field, x.detail)
    became = (x.kind, x.message_id, x.state, x.repaired.is_not(None), x.settled_at, x.message)
    late = IS_OPEN & func.coalesce(d.state == "late", false())
    return select(*columns, size, *became, d.owed_by, d.due_at, late).outerjoin(
        t.duty, d.id == x.duty
    )
