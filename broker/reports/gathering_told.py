"""Deliveries and meetings off the ledger, for the reports that ask for them: two queries each."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from broker.ledger import tables as t
from broker.ledger.among import among
from broker.reports.catalogue import Needs
from broker.reports.period import Period
from broker.reports.telling import Came, Course, Delivery, Meeting
from schemas.casework import MeetingOutcome, MeetingType
from schemas.codec import decode
from schemas.iro_alert import IroAlert
from schemas.message import Action

_TOGETHER = 500  # absences in one look: of many more PostgreSQL would read all that was ever sent


def deliveries(
    connection: Connection, episodes: Collection[UUID], needs: Needs, as_at: datetime
) -> Mapping[UUID, tuple[Delivery, ...]]:
    """What was told of these absences as messages of the kinds asked for, in order of deciding."""
    found: dict[UUID, tuple[Delivery, ...]] = {}
    each = sorted(episodes) if needs.deliveries else []
    for first in range(0, len(each), _TOGETHER):
        found |= _deliveries(connection, each[first : first + _TOGETHER], needs, as_at)
    return found


def _deliveries(
    connection: Connection, episodes: Collection[UUID], needs: Needs, as_at: datetime
) -> Mapping[UUID, tuple[Delivery, ...]]:
    d, b, c, m = t.delivery.c, t.batch.c, t.content.c, t.message.c
    query = (
        select(
            d.id, d.episode, d.message, c.kind, d.address, d.because, d.content,
            m.accepted_at, b.sent_at,
        )
        .join_from(t.delivery, t.content, c.number == d.content)
        .join(t.message, m.number == d.message)
        .outerjoin(t.batch, (b.shard == d.shard) & (b.number == d.batch))
        .where(
            among(connection, d.episode, episodes),
            d.address != "",
            c.kind.in_(needs.deliveries),
            d.decided_at <= as_at,
            *([or_(*(d.address.like(f"%/{desk}") for desk in needs.told))] if needs.told else ()),
        )
        .order_by(d.number)
    )  # fmt: skip
    rows = connection.execute(query).all()
    answers = _answers(connection, [row.id for row in rows], as_at)
    alerts = _alerts(connection, {row.content for row in rows if row.kind == IroAlert.KIND})
    found: dict[UUID, list[Delivery]] = {}
    for row in rows:
        event, asked = alerts.get(row.content, ("", ""))
        read_at, acted_at = answers.get(row.id, (None, None))
        sent_at = row.sent_at if row.sent_at and row.sent_at <= as_at else None
        one = Delivery(
            row.episode, row.message, row.kind, row.address, row.because, row.accepted_at,
            sent_at, read_at, acted_at, event, asked,
        )  # fmt: skip
        found.setdefault(row.episode, []).append(one)
    return {episode: tuple(each) for episode, each in found.items()}


def _answers(
    connection: Connection, ids: Collection[UUID], as_at: datetime
) -> Mapping[UUID, tuple[datetime | None, datetime | None]]:
    """When each delivery was first answered at all, and by somebody who is acting."""
    a = t.answer.c
    query = (
        select(a.delivery, a.state, func.min(a.at))
        .where(among(connection, a.delivery, ids), a.at <= as_at)
        .group_by(a.delivery, a.state)
    )
    times: dict[UUID, dict[str, datetime]] = {}
    for delivery, state, at in connection.execute(query) if ids else ():
        times.setdefault(delivery, {})[state] = at
    return {id: (min(said.values()), said.get("acting")) for id, said in times.items()}


def _alerts(connection: Connection, contents: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """What each alert to reviewing officers is of, and what it asks."""
    c = t.content.c
    query = select(c.number, c.value).where(among(connection, c.number, contents))
    found = {}
    for number, value in connection.execute(query) if contents else ():
        said = decode(value) if value else None
        if isinstance(said, IroAlert):
            found[number] = (said.event.value, said.asked.value)
    return found


def meetings(
    connection: Connection, agencies: Collection[str], period: Period, as_at: datetime
) -> Iterator[Meeting]:
    """
    The meetings of a period that these agencies held or came to, or that were about their children.

    What was corrected or taken back counts as it stands; what was erased since is not there.
    """
    m = t.message.c
    query = (
        select(
            m.number, m.message_id, m.sender, m.occurred_at, m.child, m.episode, m.value,
        )
        .where(
            m.kind == MeetingOutcome.KIND,
            m.occurred_at >= period.starts_at,
            m.occurred_at < period.ends_at,
            m.accepted_at <= as_at,
            m.exercise.is_(False),
        )
        .order_by(m.occurred_at, m.number)
    )  # fmt: skip
    read = [(row, decode(row.value)) for row in connection.execute(query) if row.value]
    said = [(row, one) for row, one in read if isinstance(one, MeetingOutcome)]
    gone = {(row.sender, one.replaces) for row, one in said if one.replaces}
    standing = [
        (row, one)
        for row, one in said
        if one.action is not Action.cancel and (row.sender, row.message_id) not in gone
    ]
    told = _worker_told(connection, [row.number for row, _ in standing], as_at)
    whose = _councils_of(connection, {row.child for row, _ in standing if row.child})
    for row, one in standing:
        meeting = _meeting(row, one, whose.get(row.child, ()), told.get(row.number))
        theirs = {row.sender, *meeting.about, *(each.agency for each in meeting.came)}
        if theirs.intersection(agencies):
            yield meeting


def _councils_of(
    connection: Connection, children: Collection[UUID]
) -> Mapping[UUID, tuple[str, ...]]:
    """The councils of these children, by any absence of theirs and by the register."""
    e, p = t.episode.c, t.placement.c
    queries = (
        select(e.child, e.led_by, e.lived_in)
        .where(among(connection, e.child, children), e.led_by != "")
        .distinct(),
        select(p.child, p.responsible, p.host)
        .where(among(connection, p.child, children), p.cancelled.is_(False))
        .distinct(),
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for query in queries if children else ():
        for child, *councils in connection.execute(query):
            found[child] = tuple(dict.fromkeys((*found.get(child, ()), *filter(None, councils))))
    return found


def _meeting(
    row: Any, said: MeetingOutcome, whose: tuple[str, ...], told_at: datetime | None
) -> Meeting:
    course = said.type is MeetingType.training
    return Meeting(
        number=row.number,
        at=row.occurred_at,
        type=said.type.value,
        held=said.held,
        by=row.sender,
        child=None if course else row.child,
        case=row.episode,
        came=tuple(Came(one.agency, one.invited, one.attended) for one in said.attendance),
        trained=tuple(
            Course(one.audience.value, one.agency or "", one.people) for one in said.trained
        ),
        worker_told_at=told_at,
        about=whose,
    )


def _worker_told(
    connection: Connection, numbers: Collection[int], as_at: datetime
) -> Mapping[int, datetime]:
    """When the social work of the child's council was sent each of them."""
    d, b = t.delivery.c, t.batch.c
    query = (
        select(d.message, func.min(b.sent_at))
        .join(t.batch, (b.shard == d.shard) & (b.number == d.batch))
        .where(
            among(connection, d.message, numbers),
            d.address.like("la.%/social-work"),
            b.sent_at <= as_at,
        )
        .group_by(d.message)
    )
    return {number: at for number, at in connection.execute(query)} if numbers else {}
