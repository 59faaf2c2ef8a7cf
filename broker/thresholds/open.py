"""What stands open about a home: thresholds that its children's absences reached, in words."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from broker.duties import STANDING
from broker.ledger import tables as t
from broker.ledger.counting import placed_child
from broker.ledger.rows import duty_of, episode_of
from broker.thresholds.held import Held
from broker.working_time import day_in_full, local_due, london_day
from schemas.codec import decode
from schemas.threshold import ThresholdReached


def concerns_about(connection: Connection, home: str) -> list[str]:
    """Each threshold about a home that has no outcome yet, and what is owed because of it."""
    e = t.episode.c
    query = select(t.episode).where(
        e.child == placed_child(home, exercise=False), e.status == "reached"
    )
    cases = [Held.of(episode_of(row)) for row in connection.execute(query)]
    return [
        " ".join([_reached(connection, one), *_owed(connection, one)])
        for one in sorted(cases, key=lambda one: one.fact.at)
    ]


def _reached(connection: Connection, one: Held) -> str:
    m = t.message.c
    value = connection.execute(select(m.value).where(m.number == one.fact.number)).scalar()
    message = decode(value) if value else None
    said = message.words if isinstance(message, ThresholdReached) else ""
    day = day_in_full(london_day(one.fact.at))
    return f"{one.key[0]}, reached on {day}. {said}".rstrip()


def _owed(connection: Connection, one: Held) -> Iterator[str]:
    d = t.duty.c
    query = select(t.duty).where(d.episode == one.case.id, d.state.in_(STANDING))
    for duty in map(duty_of, connection.execute(query.order_by(d.due_at))):
        if duty.due_at is not None:
            yield f"{duty.name.replace('-', ' ')} is due {local_due(duty.due_at)}."
