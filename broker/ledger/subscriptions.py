"""Subscriptions and agreements as rows, and what operators ask of them."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from broker.ledger import tables as t
from broker.subscriptions.rights import Agreement, Filter, Subscription
from schemas.codec import decode
from schemas.message import Message


def every(connection: Connection) -> list[Subscription]:
    """Every subscription there ever was, the oldest first."""
    s = t.subscription.c
    rows = connection.execute(select(t.subscription).order_by(s.asked_at, s.id))
    return [subscription_of(row) for row in rows]


def request_of(connection: Connection, one: Subscription) -> Message:
    """What was asked, as it was sent."""
    m = t.message.c
    return decode(connection.execute(select(m.value).where(m.number == one.message)).scalar_one())


def agreements(connection: Connection) -> list[Agreement]:
    """Every agreement that was recorded, the oldest first."""
    rows = connection.execute(select(t.agreement).order_by(t.agreement.c.number))
    each = (dict(row) for row in rows.mappings())
    return [Agreement(**(row | {"until": date.fromisoformat(row["until"])})) for row in each]


def subscription_of(row: Any) -> Subscription:
    """The subscription a row holds."""
    asked: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(row.filter).items()
    }
    return Subscription(
        id=row.id,
        message=row.message,
        subscriber=row.subscriber,
        address=row.address,
        exercise=row.exercise,
        filter=Filter(**asked),
        until=date.fromisoformat(row.until),
        asked_at=row.asked_at,
        changed_at=row.changed_at,
        state=row.state,
        started_at=row.started_at,
        reason=row.reason,
    )


def row_of(one: Subscription) -> dict[str, Any]:
    """The row of a subscription."""
    return {
        "id": one.id,
        "message": one.message,
        "subscriber": one.subscriber,
        "address": one.address,
        "exercise": one.exercise,
        "state": one.state,
        "filter": json.dumps(asdict(one.filter)),
        "until": one.until.isoformat(),
        "asked_at": one.asked_at,
        "started_at": one.started_at,
        "changed_at": one.changed_at,
        "reason": one.reason,
    }
