"""What reports ask of the ledger beside absences: lists, comparisons, answers. Reads only."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from broker.ledger import activation
from broker.ledger import tables as t
from broker.ledger.agencies import on_broker_since
from broker.ledger.among import among
from broker.policy.nodes import PolicyFault
from broker.policy.policies import Policies
from broker.provision import inbox
from broker.reports.facts import Census as Listed
from broker.reports.facts import OnFile
from broker.reports.figures import Asked
from schemas.casework import Referral
from schemas.census import Census, Differences
from schemas.codec import decode


def referred(connection: Connection, asked: Asked, since: datetime) -> set[UUID]:
    """
    The children whom these councils referred, or of whom the reader spoke, since then.

    Whoever is helped and never goes missing counts among those who are helped.
    """
    m = t.message.c
    query = select(m.child).where(
        m.kind == Referral.KIND,
        m.occurred_at >= since,
        m.occurred_at < asked.period.ends_at,
        m.accepted_at <= asked.as_at,
        m.sender.in_({asked.reader, *asked.areas}),
        m.exercise.is_(False),
        m.child.is_not(None),
    )
    return set(connection.execute(query.distinct()).scalars())


def policies(connection: Connection) -> Policies | None:
    """The policies in force; None where their texts are not kept, or cannot be read any more."""
    known = activation.active(connection)
    try:
        return activation.texts(connection, known.digest) if known else None
    except PolicyFault:
        return None


def joined(connection: Connection) -> Mapping[str, datetime]:
    """Since when each agency is on the broker, without a break."""
    return on_broker_since(connection)


def lists(connection: Connection, censuses: Iterable[Listed]) -> Mapping[int, Census]:
    """The agencies' own lists, by acceptance number; what was erased is not there."""
    numbers = [number for one in censuses for number in one.messages]
    m = t.message.c
    query = select(m.number, m.value).where(among(connection, m.number, numbers))
    found = {}
    for number, value in connection.execute(query) if numbers else ():
        message = decode(value) if value else None
        if isinstance(message, Census):
            found[number] = message
    return found


def differences(connection: Connection, asked: Asked) -> tuple[Differences, ...]:
    """
    What the reader was told of censuses of the period, each as it stands; parts stay apart.

    Of another's census it was told only what concerns it.
    """
    d, c = t.delivery.c, t.content.c
    query = (
        select(c.value)
        .join(t.delivery, c.number == d.content)
        .where(
            c.kind == Differences.KIND,
            d.destination == inbox(asked.reader),
            d.decided_at >= asked.period.starts_at,
            d.decided_at <= asked.as_at,
        )
        .order_by(d.number)
    )
    values = dict.fromkeys(value for value in connection.execute(query).scalars() if value)
    told = [one for one in map(decode, values) if isinstance(one, Differences)]  # to each desk once
    replaced = {one.replaces for one in told if one.replaces}
    # While something is to be settled a list is compared again: the last time counts.
    latest = {one.of: one.sent_at for one in told}
    period = asked.period
    return tuple(
        one
        for one in told
        if one.of not in replaced
        and one.sent_at == latest[one.of]
        and period.first <= one.period_from
        and one.period_to <= period.last
    )


def closed_by(
    connection: Connection, filed: Iterable[OnFile], as_at: datetime
) -> Mapping[int, frozenset[str]]:
    """Which desks answered each of these messages with `closed`, by acceptance number."""
    numbers = [one.fact.number for one in filed]
    d, a = t.delivery.c, t.answer.c
    query = (
        select(d.message, a.address)
        .join(t.answer, a.delivery == d.id)
        .where(among(connection, d.message, numbers), a.state == "closed", a.at <= as_at)
    )
    found: dict[int, set[str]] = {}
    for number, address in connection.execute(query) if numbers else ():
        found.setdefault(number, set()).add(address)
    return {number: frozenset(addresses) for number, addresses in found.items()}
