"""The audit: who did what at this Homeward, and why, for whoever asks later."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from broker.ledger import tables as t


def note(
    connection: Connection, at: datetime, who: str, what: str, about: str, reason: str
) -> None:
    """Write down one act, in the transaction that it is done in."""
    row = {"at": at, "who": who, "what": what, "about": about, "reason": reason}
    connection.execute(insert(t.audit).values(row))


def audit_of(connection: Connection, about: str) -> list[dict[str, Any]]:
    """Who decided what about something, in the order they did."""
    a = t.audit.c
    query = select(a.at, a.who, a.what, a.reason).where(a.about == about).order_by(a.number)
    return [dict(row) for row in connection.execute(query).mappings()]
