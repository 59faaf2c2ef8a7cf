"""How far an agency has come with what is in its inbox, where the ledger is on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from broker.duties import STANDING
from broker.ledger import tables as t
from broker.provision import inbox
from broker.working_time import local, local_due


@dataclass(frozen=True, slots=True)
class Standing:
    """
    One delivery: what was said of it last, and whether an answer to it is owed still.

    `duty` is the state of the duty to answer it; empty where it asks for none.
    """

    duty: str = ""
    said: str = ""
    said_at: datetime | None = None

    @property
    def is_owed(self) -> bool:
        return self.duty in STANDING


def standings(connection: Connection, agency: str) -> Mapping[UUID, Standing]:
    """Every delivery to an agency that was answered, or that asks for an answer."""
    a, d, m = t.answer.c, t.delivery.c, t.message.c
    ours = d.destination == inbox(agency)
    duties = (
        select(t.duty.c.delivery, t.duty.c.state)
        .join(t.delivery, d.id == t.duty.c.delivery)
        .where(ours)
    )
    said = (
        select(a.delivery, a.state, m.accepted_at)
        .join(t.message, m.number == a.message)
        .join(t.delivery, d.id == a.delivery)
        .where(ours)
        .order_by(a.message)
    )
    found = {delivery: Standing(state) for delivery, state in connection.execute(duties)}
    for delivery, state, at in connection.execute(said):
        duty = found[delivery].duty if delivery in found else ""
        found[delivery] = Standing(duty, state, at)
    return found


def answer_words(
    answer_by: datetime | None, wakes: bool, standing: Standing | None, now: datetime
) -> list[str]:
    """
    What was said of a delivery, and what is still to be said by when.

    Without a standing only the clock is known: that a time has passed, not that nobody answered.
    """
    words = []
    if standing and standing.said_at:
        words.append(f"answered {standing.said}, {local(standing.said_at)}")
    if answer_by is None:
        return words
    if standing and standing.duty and not standing.is_owed:
        return words or ["no answer is needed any more"]
    due = f"answer by {local_due(answer_by)}{', rings' if wakes else ''}"
    if standing and standing.duty == "late":
        return [*words, f"LATE: {due}"]
    return [*words, due if now <= answer_by else f"{due}: that time has passed"]
