"""
What can be asked of the ledger: who is missing, who knew what when, whether the counts close.

Every question is one consistent look that changes nothing. No answer holds a name or a narrative.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from broker.decision import OPERATIONS
from broker.duties import STANDING
from broker.episode import State, state_of
from broker.ledger import tables as t
from broker.ledger.refusing import IS_OPEN, IS_REPLAYED, REPLAYED, STATES, TOPIC
from broker.ledger.rows import facts_of, told_of
from schemas.kinds import TO_AGENCIES

_INBOX = "inbox."
_AWAY = ("open", "found")


@dataclass(frozen=True, slots=True)
class Destination:
    """How far the deliveries to one topic have come."""

    topic: str
    decided: int
    delivered: int
    pending: int
    parked: int
    why_parked: str | None = None
    oldest_at: datetime | None = None  # decided first of those that were not sent


@dataclass(frozen=True, slots=True)
class Status:
    """What is outstanding over all."""

    policy: str | None
    agencies: int
    messages: int
    missing_now: int
    duties_open: int
    duties_late: int
    dead_letters: int  # open ones
    inboxes: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """One duty that stands."""

    id: UUID
    duty: str
    owed_by: str
    state: str
    due_at: datetime | None
    basis: str
    asked: tuple[str, ...]
    our_fault: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """One child who is missing now, by the reference of the absence only."""

    episode: UUID
    status: str
    category: str
    risk: str
    lead: str
    host: str
    area: str
    started_at: datetime | None
    exercise: bool
    acting: tuple[str, ...]
    outstanding: tuple[Outstanding, ...]
    band: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """
    One thing that happened in an absence.

    `what`: `accepted`, `sent`, `waiting` (not sent yet), `answered`, `owed`, and what became of a
    duty: `late`, `climbed`, `met`, `met-late`, `excused`, `cancelled`, `not-ours`, `asked`,
    `need-until`.
    """

    at: datetime
    what: str
    agency: str
    address: str
    message_id: UUID | None = None
    delivery: UUID | None = None
    duty: str | None = None
    detail: str = ""
    duty_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """How many records of one outbox were read, and what became of them."""

    topic: str
    read: int
    accepted: int
    repeated: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Account:
    """
    What went in and what came out, as the ledger has it.

    `confirmed` is, by destination, the last sequence number that is in a batch known to be sent;
    `differences` says in words where two counts of the same things disagree.
    """

    intakes: tuple[Intake, ...]
    destinations: tuple[Destination, ...]
    differences: tuple[str, ...]
    dead_letters: Mapping[str, int]
    """The refused records by what became of them; all of them are counted as rejected, once."""

    @property
    def totals(self) -> Mapping[str, int]:
        names = ("read", "accepted", "repeated", "rejected")
        sums = {name: sum(getattr(each, name) for each in self.intakes) for name in names}
        names = ("decided", "delivered", "pending", "parked")
        return sums | {
            name: sum(getattr(each, name) for each in self.destinations) for name in names
        }


def status(connection: Connection) -> Status:
    """Count what is outstanding."""
    active = connection.execute(select(t.ledger.c.policy_version)).scalar()
    d = t.duty.c
    duties = _counted(
        connection,
        select(d.state, func.count())
        .where(d.state.in_(STANDING), d.exercise.is_(False), d.owed_by != OPERATIONS)
        .group_by(d.state),
    )
    missing = select(func.count()).where(
        t.episode.c.status.in_(_AWAY), t.episode.c.exercise.is_(False)
    )
    on_broker = select(func.count()).where(t.agency.c.channel != "none")
    return Status(
        policy=active,
        agencies=connection.execute(on_broker).scalar_one(),
        messages=connection.execute(select(func.max(t.message.c.number))).scalar_one() or 0,
        missing_now=connection.execute(missing).scalar_one(),
        duties_open=duties.get("open", 0),
        duties_late=duties.get("late", 0),
        dead_letters=connection.execute(select(func.count()).where(IS_OPEN)).scalar_one(),
        inboxes=tuple(one for one in _standing_of(connection) if one.topic.startswith(_INBOX)),
    )


def board(
    connection: Connection, area: str | None = None, band: Callable[[State], str] | None = None
) -> list[Absence]:
    """
    The children who are missing now, the longest first, and what is outstanding for each.

    With an area, those it is responsible for, those who live there and those missing from there.
    `band` tells the colour of a case, where some policy has colours.
    """
    e = t.episode.c
    columns = (e.id, e.status, e.category, e.risk, e.lead, e.host, e.area, e.started_at)
    query = (
        select(*columns, e.exercise, e.picture).where(e.status.in_(_AWAY)).order_by(e.started_at)
    )
    if area:
        query = query.where(or_(e.lead == area, e.host == area, e.area == area))
    rows = connection.execute(query).all()
    standing = _standing(connection, [row.id for row in rows])
    return [_absence(row, standing.get(row.id, ()), band) for row in rows]


def _standing(
    connection: Connection, episodes: list[UUID]
) -> Mapping[UUID, tuple[Outstanding, ...]]:
    d = t.duty.c
    columns = (d.episode, d.ladder, d.id, d.name, d.owed_by, d.state, d.due_at, d.basis)
    query = (
        select(*columns, d.our_fault)
        .where(d.episode.in_(episodes), d.state.in_(STANDING))
        .order_by(d.due_at.is_(None), d.due_at, d.opened_at)
    )
    found: dict[UUID, tuple[Outstanding, ...]] = {}
    for row in connection.execute(query):
        episode, ladder, id, name, owed_by, state, due_at, basis, our_fault = row
        asked = _asked(ladder)
        one = Outstanding(id, name, owed_by, state, due_at, basis, asked, our_fault)
        found[episode] = (*found.get(episode, ()), one)
    return found


def _asked(ladder: str) -> tuple[str, ...]:
    return tuple(json.loads(ladder).get("asked", ())) if _NOBODY_ASKED not in ladder else ()


_NOBODY_ASKED = '"asked": []'


def _absence(
    row: Any, outstanding: tuple[Outstanding, ...], band: Callable[[State], str] | None
) -> Absence:
    picture = json.loads(row.picture)
    told = told_of(picture)
    return Absence(
        episode=row.id,
        status=row.status,
        category=row.category,
        risk=row.risk,
        lead=row.lead,
        host=row.host,
        area=row.area,
        started_at=row.started_at,
        exercise=row.exercise,
        acting=tuple(address for address, entry in sorted(told.items()) if entry.acting),
        outstanding=outstanding,
        band=band(state_of(facts_of(picture))) if band else "",
    )


def episode_of(connection: Connection, reference: UUID) -> UUID | None:
    """The absence that is meant by its shared reference, a message id or a delivery id."""
    queries = (
        select(t.episode.c.id).where(t.episode.c.id == reference),
        select(t.message.c.episode).where(t.message.c.message_id == reference),
        select(t.delivery.c.episode).where(t.delivery.c.id == reference),
    )
    for query in queries:
        found = connection.execute(query).scalars().first()
        if found is not None:
            return UUID(str(found))
    return None


def timeline(connection: Connection, episode: UUID) -> list[Event]:
    """Who knew what, when: everything that happened in one absence, in order of time."""
    each = (_accepted, _sent, _answered, _owed, _of_duties)
    events = [(one, rank) for rank, ask in enumerate(each) for one in ask(connection, episode)]
    return [one for one, _ in sorted(events, key=lambda pair: (pair[0].at, pair[1]))]


def _accepted(connection: Connection, episode: UUID) -> Iterator[Event]:
    m = t.message.c
    query = select(t.message).where(m.episode == episode, m.kind != "answer").order_by(m.number)
    for row in connection.execute(query):
        yield Event(
            row.accepted_at,
            "accepted",
            row.sender,
            row.from_address,
            message_id=row.message_id,
            detail=f"{row.kind}, happened {_utc(row.occurred_at)}",
        )


def _sent(connection: Connection, episode: UUID) -> Iterator[Event]:
    d, b, c, m = t.delivery.c, t.batch.c, t.content.c, t.message.c
    query = (
        select(d.id, d.address, d.because, d.view, d.decided_at, d.answer_by, d.destination)
        .add_columns(b.sent_at, c.kind, m.message_id)
        .join_from(t.delivery, t.content, c.number == d.content)
        .outerjoin(t.batch, (b.shard == d.shard) & (b.number == d.batch))
        .outerjoin(t.message, m.number == d.message)
        .where(d.episode == episode, d.address != "")
        .order_by(d.number)
    )
    for row in connection.execute(query):
        words = [row.kind, f"because of {row.because}"] if "@" in row.because else [row.kind]
        words += [f"{row.view} view"] if row.view != "full" else []
        if row.answer_by and row.kind not in TO_AGENCIES:
            words.append(f"answer by {_utc(row.answer_by)}")
        yield Event(
            row.sent_at or row.decided_at,
            "sent" if row.sent_at else "waiting",
            row.address.partition("/")[0],
            row.address,
            message_id=row.message_id,
            delivery=row.id,
            detail=", ".join(words),
        )


def _answered(connection: Connection, episode: UUID) -> Iterator[Event]:
    a, m = t.answer.c, t.message.c
    query = (
        select(a.delivery, a.address, a.state, a.whose, a.until, m.accepted_at, m.message_id)
        .add_columns(m.sender)
        .join_from(t.answer, t.message, m.number == a.message)
        .join(t.delivery, t.delivery.c.id == a.delivery)
        .where(t.delivery.c.episode == episode)
        .order_by(a.message)
    )
    for row in connection.execute(query):
        words = [row.state]
        words += [f"it is {row.whose}'s"] if row.whose else []
        words += [f"until {_utc(row.until)}"] if row.until else []
        yield Event(
            row.accepted_at,
            "answered",
            row.sender,
            row.address,
            message_id=row.message_id,
            delivery=row.delivery,
            detail=", ".join(words),
        )


def _owed(connection: Connection, episode: UUID) -> Iterator[Event]:
    d, m = t.duty.c, t.message.c
    query = (
        select(t.duty, m.message_id)
        .outerjoin(t.message, m.number == d.message)
        .where(d.episode == episode)
        .order_by(d.opened_at, d.name)
    )
    for row in connection.execute(query):
        due = f"due {_utc(row.due_at)}" if row.due_at else "no start yet"
        yield Event(
            row.opened_at,
            "owed",
            row.owed_by.partition("/")[0],
            row.owed_by,
            message_id=row.message_id,
            delivery=row.delivery,
            duty=row.name,
            detail=f"{row.name}, {due}, {row.basis}, because of {row.because}",
            duty_id=row.id,
        )


def _of_duties(connection: Connection, episode: UUID) -> Iterator[Event]:
    e, d = t.duty_event.c, t.duty.c
    query = (
        select(t.duty_event, d.name, d.owed_by, d.delivery, d.due_at, d.our_fault)
        .join(t.duty, d.id == e.duty)
        .where(d.episode == episode)
        .order_by(e.number)
    )
    for row in connection.execute(query):
        address = row.address or row.owed_by
        yield Event(
            row.at,
            row.what,
            address.partition("/")[0],
            address,
            delivery=row.delivery,
            duty=row.name,
            detail=_of_duty(row),
            duty_id=row.duty,
        )


def _of_duty(row: Any) -> str:
    words = [f"{row.name} owed by {row.owed_by}"]
    if row.due_at and row.at > row.due_at and row.what in ("late", "climbed", "met-late"):
        words.append(f"{_seconds(row.at - row.due_at)} after it was due")
    if row.detail:
        words.append(str(row.detail))
    return ", ".join(words)


def account(connection: Connection) -> Account:
    """
    What went in and what came out, each counted in two ways.

    The counters move with every decision; messages, dead letters and deliveries are rows. The two
    must agree.
    """
    intakes, destinations = tuple(_intakes(connection)), tuple(_destinations(connection))
    letters = dict.fromkeys(STATES, 0) | _letters_by_state(connection)
    differences = (
        *_unbalanced_intakes(intakes, connection),
        *_unbalanced_destinations(destinations, connection),
        *_unbalanced_letters(letters, connection),
    )
    return Account(intakes, destinations, differences, letters)


def _intakes(connection: Connection) -> Iterator[Intake]:
    p = t.position.c
    sums = [func.sum(column) for column in (p.read, p.accepted, p.repeated, p.rejected)]
    query = select(p.topic, *sums).group_by(p.topic).order_by(p.topic)
    for topic, *counts in connection.execute(query):
        yield Intake(topic, *map(int, counts))


def _unbalanced_intakes(intakes: Iterable[Intake], connection: Connection) -> Iterator[str]:
    m, x = t.message.c, t.dead_letter.c
    messages = _counted(connection, select(m.topic, func.count()).group_by(m.topic))
    letters = _counted(connection, select(x.topic, func.count()).group_by(x.topic))
    for one in intakes:
        ends = one.accepted + one.repeated + one.rejected
        if one.read != ends:
            yield f"{one.topic}: {one.read} read, but {ends} accepted, repeated or rejected"
        if one.accepted != messages.get(one.topic, 0):
            kept = messages.get(one.topic, 0)
            yield f"{one.topic}: {one.accepted} accepted, but {kept} messages are kept"
        if one.rejected != letters.get(one.topic, 0):
            kept = letters.get(one.topic, 0)
            yield f"{one.topic}: {one.rejected} rejected, but {kept} dead letters are kept"


def _letters_by_state(connection: Connection) -> dict[str, int]:
    state = t.dead_letter.c.state
    return _counted(connection, select(state, func.count()).group_by(state))


def _unbalanced_letters(letters: Mapping[str, int], connection: Connection) -> Iterator[str]:
    """What was replayed is accepted, once, and comes from no outbox."""
    query = select(func.count()).where(IS_REPLAYED)
    accepted, replayed = connection.execute(query).scalar_one(), letters[REPLAYED]
    if accepted != replayed:
        yield f"{TOPIC}: {replayed} replayed, but {accepted} messages of theirs are kept"


def _standing_of(connection: Connection) -> Iterator[Destination]:
    """As the counters have it: how much was ever sent does not matter."""
    i = t.inbox.c
    oldest = _oldest(connection)
    for row in connection.execute(select(t.inbox).order_by(i.destination)):
        waiting = row.decided - row.sent
        yield Destination(
            topic=row.destination,
            decided=row.decided,
            delivered=row.sent,
            pending=0 if row.parked else waiting,
            parked=waiting if row.parked else 0,
            why_parked=row.parked,
            oldest_at=oldest.get(row.destination),
        )


def _oldest(connection: Connection) -> Mapping[str, datetime]:
    """What waits longest for each topic."""
    d = t.delivery.c
    waits = (
        select(d.destination, func.min(d.decided_at))
        .where(d.sequence.is_(None))
        .group_by(d.destination)
    )
    return {topic: at for topic, at in connection.execute(waits)}


def _destinations(connection: Connection) -> Iterator[Destination]:
    """Counted from the deliveries themselves; `decided` alone is the counter."""
    d, b, i = t.delivery.c, t.batch.c, t.inbox.c
    sent = (
        select(d.destination, func.count())
        .join(t.batch, (b.shard == d.shard) & (b.number == d.batch))
        .where(b.sent_at.is_not(None))
        .group_by(d.destination)
    )
    delivered = _counted(connection, sent)
    total = _counted(connection, select(d.destination, func.count()).group_by(d.destination))
    oldest = _oldest(connection)
    for row in connection.execute(select(t.inbox).order_by(i.destination)):
        name = row.destination
        waiting = total.get(name, 0) - delivered.get(name, 0)
        yield Destination(
            topic=name,
            decided=row.decided,
            delivered=delivered.get(name, 0),
            pending=0 if row.parked else waiting,
            parked=waiting if row.parked else 0,
            why_parked=row.parked,
            oldest_at=oldest.get(name),
        )


def _unbalanced_destinations(
    destinations: Iterable[Destination], connection: Connection
) -> Iterator[str]:
    i = t.inbox.c
    sent = _counted(connection, select(i.destination, i.sent - i.lost))
    for one in destinations:
        kept = one.delivered + one.pending + one.parked
        if one.decided != kept:
            yield f"{one.topic}: {one.decided} decided, but {kept} deliveries are kept"
        if one.delivered != sent[one.topic]:
            yield (
                f"{one.topic}: {one.delivered} deliveries are in batches that were sent, but the "
                f"last number confirmed is {sent[one.topic]}"
            )


def stamped(connection: Connection) -> dict[str, int]:
    """The last sequence number given out, by topic: more than that cannot be in Kafka."""
    i = t.inbox.c
    return {topic: last - 1 for topic, last in connection.execute(select(i.destination, i.next))}


def duties(connection: Connection, episode: UUID) -> list[dict[str, Any]]:
    """Every duty of one absence, in the order in which they were opened."""
    d = t.duty.c
    columns = (d.id, d.name, d.owed_by, d.state, d.due_at, d.settled_at, d.basis)
    query = select(*columns).where(d.episode == episode).order_by(d.opened_at, d.due_at, d.name)
    return [dict(row) for row in connection.execute(query).mappings()]


def next_due(connection: Connection) -> datetime | None:
    """When the timekeeper has to look at a duty next."""
    due: datetime | None = connection.execute(select(func.min(t.duty.c.next_at))).scalar_one()
    return due


def is_quiet(connection: Connection, now: datetime, ends: Mapping[str, int]) -> bool:
    """Whether all records below these offsets were taken, all is sent, and no duty is due."""
    p, i, d = t.position.c, t.inbox.c, t.duty.c
    taken = _counted(connection, select(p.topic, func.max(p.next)).group_by(p.topic))
    unsent = select(i.destination).where(i.parked.is_(None), i.decided > i.sent)
    due = select(d.id).where(d.next_at <= now)
    return (
        all(taken.get(topic, 0) >= end for topic, end in ends.items())
        and connection.execute(unsent.limit(1)).first() is None
        and connection.execute(due.limit(1)).first() is None
    )


def _counted(connection: Connection, query: Any) -> dict[str, int]:
    """A query of names and numbers."""
    return {name: int(count) for name, count in connection.execute(query)}


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%MZ")


def _seconds(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
