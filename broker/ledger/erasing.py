"""
Erasing what was said of absences that are long over; what was decided, and the counts, stay.

A message and what was sent of it keep their rows, with everything that is counted, compared and
timed, and lose their bodies: names, narrative, all that agencies wrote. A repeat is still known
by its digest. Absences are still counted for thresholds, which turn on columns alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)

from broker.clock import Clock
from broker.duties import STANDING
from broker.errors import Misuse
from broker.ledger import tables as t
from broker.ledger.audit import note
from broker.ledger.book import REMEMBERED
from broker.ledger.engine import Ledger
from broker.ledger.rows import erased

SHORTEST = REMEMBERED  # so long what was said of an absence may be shown to somebody new
AT_ONCE = 200  # absences in one transaction: nobody waits for it longer than a moment
_OVER = ("returned", "closed", "cancelled")


@dataclass(frozen=True, slots=True)
class Erasable:
    """Absences that ended before a day: how many can be erased, and what keeps the others."""

    absences: int
    owed: int  # something is still owed for them
    waiting: int  # something of them was not sent yet
    messages: int
    bytes: int  # of the bodies of those messages


def erasable(connection: Connection, before: datetime) -> Erasable:
    """What erasing would do now; it reads everything that is old enough."""
    e, m = t.episode.c, t.message.c
    ready = _ready(before).subquery()
    of_these = m.episode.in_(select(ready.c.id)), _not_kept(m.number)
    size = func.coalesce(func.sum(func.length(m.value)), 0)
    messages, length = connection.execute(select(func.count(), size).where(*of_these)).one()

    def how_many(*which: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(t.episode).where(*_old(before), *which)
        return int(connection.execute(query).scalar_one())

    return Erasable(
        absences=how_many(~_owes(e.id), ~_waits(e.id)),
        owed=how_many(_owes(e.id)),
        waiting=how_many(~_owes(e.id), _waits(e.id)),
        messages=int(messages),
        bytes=int(length),
    )


def erase(ledger: Ledger, clock: Clock, kept_for: timedelta, who: str) -> Iterator[int]:
    """
    Erase what ended longer ago, some absences at a time; each answer is how many more are done.

    It may be broken off at any time, and run again. `Misuse` for a time so short that what is
    erased may be asked for.
    """
    before = oldest_kept(clock.now(), kept_for)
    while done := _some(ledger, before, clock.now(), who):
        yield done


def oldest_kept(now: datetime, kept_for: timedelta) -> datetime:
    """What ended before this is erased."""
    if kept_for < SHORTEST:
        raise Misuse(
            f"absences that ended less than {SHORTEST.days} days ago are still shown to whoever "
            f"comes to know of the child: keep bodies for {SHORTEST.days} days at least"
        )
    return now - kept_for


def _some(ledger: Ledger, before: datetime, now: datetime, who: str) -> int:
    with ledger.deciding() as connection:
        ids = connection.execute(_ready(before).limit(AT_ONCE)).scalars().all()
        if ids:
            _erase(connection, ids, now)
            what, ended = f"{len(ids)} absences", f"ended before {before:%Y-%m-%d}"
            note(connection, now, who, "retention", what, ended)
        return len(ids)


def _erase(connection: Connection, ids: Sequence[UUID], now: datetime) -> None:
    m, d, c, e = t.message.c, t.delivery.c, t.content.c, t.episode.c
    connection.execute(
        update(t.message).where(m.episode.in_(ids), _not_kept(m.number)).values(value=b"")
    )
    # Both looked up first: PostgreSQL, asked in one statement, may read every content there is.
    numbers = set(connection.execute(select(d.content).where(d.episode.in_(ids))).scalars())
    p = t.profile.c
    kept = connection.execute(select(p.content).where(p.content.in_(numbers))).scalars()
    numbers -= set(kept)
    connection.execute(update(t.content).where(c.number.in_(numbers)).values(value=b""))
    pictures = connection.execute(select(e.id, e.picture).where(e.id.in_(ids))).all()
    connection.execute(
        update(t.episode)
        .where(e.id == bindparam("of"))
        .values(picture=bindparam("kept"), erased_at=now),
        [{"of": id, "kept": erased(picture)} for id, picture in pictures],
    )


def _ready(before: datetime) -> Select[Any]:
    e = t.episode.c
    return select(e.id).where(*_old(before), ~_owes(e.id), ~_waits(e.id)).order_by(e.ended_at)


def _old(before: datetime) -> tuple[ColumnElement[bool], ...]:
    e = t.episode.c
    return e.erased_at.is_(None), e.ended_at < before, e.status.in_(_OVER)


def _owes(episode: ColumnElement[UUID]) -> ColumnElement[bool]:
    """What is late, and has rung everybody it may ring, keeps nothing: it may be so for ever."""
    d = t.duty.c
    goes_on = or_(d.state == "open", d.next_at.is_not(None))
    return exists().where(d.episode == episode, d.state.in_(STANDING), goes_on)


def _waits(episode: ColumnElement[UUID]) -> ColumnElement[bool]:
    d = t.delivery.c
    return exists().where(d.episode == episode, d.sequence.is_(None))


def _not_kept(number: ColumnElement[int]) -> ColumnElement[bool]:
    """What is kept ready of a child is kept until it is replaced or withdrawn."""
    return ~exists().where(t.profile.c.message == number)
