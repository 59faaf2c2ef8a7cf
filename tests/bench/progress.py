"""How far a ledger is, and where it goes on."""

from typing import Any

from sqlalchemy import func, select

from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.positions import advance
from broker.provision import topic_ids
from tests.bench import load
from tests.bench.reading import Reader
from tests.servers import KafkaServer


def pass_over_load(kafka: KafkaServer, ledger: Ledger) -> None:
    """Go on after what lies in the outboxes."""
    outboxes = [home.outbox for home in load.homes()]
    ids = topic_ids(kafka.local.access(), outboxes)
    ends = Reader(kafka, outboxes).ends()
    counts = dict.fromkeys(("read", "accepted", "repeated", "rejected"), 0)
    with ledger.deciding() as connection:
        rows = [
            {"topic": topic, "topic_id": ids[topic], "next": ends[topic], **counts}
            for topic in outboxes
        ]
        advance(connection, rows)


def read(ledger: Ledger) -> int:
    """How many records were taken from the outboxes."""
    return _sum(ledger, t.position.c.read)


def accepted(ledger: Ledger) -> int:
    """How many of them were accepted."""
    return _sum(ledger, t.position.c.accepted)


def decided(ledger: Ledger) -> int:
    """How many deliveries were decided on."""
    return _sum(ledger, t.inbox.c.decided)


def all_sent(ledger: Ledger, messages: int) -> bool:
    """Whether so many were read, and everything that follows from them is in Kafka."""
    return read(ledger) >= messages and not _sum(ledger, t.inbox.c.decided - t.inbox.c.sent)


def _sum(ledger: Ledger, column: Any) -> int:
    with ledger.reading() as connection:
        return int(connection.execute(select(func.sum(column))).scalar() or 0)
