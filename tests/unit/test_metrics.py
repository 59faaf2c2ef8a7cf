"""Metrics count what happened, with labels from small fixed sets, and never say who."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import insert

from broker.accounting.differences import WHATS
from broker.clock import SetClock
from broker.errors import Unavailable
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.metrics import (
    COUNTS,
    OTHER,
    OUTCOMES,
    OWNERS,
    STANDING,
    TRANSACTION_OUTCOMES,
    AccountFigures,
    LedgerFigures,
    Metrics,
    codes,
    differences,
    look,
)
from broker.parts import PARTS, Condition, State

NOW = datetime(2026, 3, 6, 22, 15, tzinfo=UTC)
SHARDS = 2
FIXED = {
    "outcome": {*OUTCOMES, *TRANSACTION_OUTCOMES, OTHER},
    "code": codes() | {OTHER},
    "part": {*PARTS, OTHER},
    "shard": {*map(str, range(SHARDS)), OTHER},
    "state": set(STANDING),
    "count": set(COUNTS),
    "what": set(WHATS),
    "owner": set(OWNERS),
}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry) -> Metrics:
    return Metrics(registry, SHARDS)


@pytest.fixture
def ledger(tmp_path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    ledger.create(SetClock(NOW), SHARDS)
    yield ledger
    ledger.close()


class Seconds:
    """A stopwatch that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_no_label_holds_anything_but_its_fixed_set(registry, metrics, ledger):
    registry.register(LedgerFigures(ledger, SetClock(NOW), SHARDS))
    AccountFigures(registry).checked({"twice": 1, "Jack": 1}, 5, 900, 0.1)
    metrics.taken({"accepted": 1, "la.E10000028": 1}, {"invalid": 1, "Jack": 1}, 1, 0.1)
    metrics.relayed(1, 5, 0.1)
    metrics.relayed(99, 5, 0.1)
    metrics.relay_failed(7)
    metrics.parts({"take-in": Condition(State.working), "Jack": Condition(State.working)})
    add_inbox(ledger, "inbox.la.E10000028", decided=3, shard=1)
    add_deliveries(ledger, "inbox.la.E10000028", 3, shard=1)

    for metric in registry.collect():
        for sample in metric.samples:
            for label, value in sample.labels.items():
                assert label == "le" or value in FIXED[label], sample


def test_a_batch_is_counted_by_outcome_code_and_deliveries(registry, metrics):
    metrics.taken({"accepted": 3, "repeated": 2, "rejected": 1}, {"invalid": 1}, 12, 0.2)

    read = "homeward_records_read_total"
    assert registry.get_sample_value(read, {"outcome": "accepted"}) == 3
    assert registry.get_sample_value(read, {"outcome": "repeated"}) == 2
    assert registry.get_sample_value("homeward_records_rejected_total", {"code": "invalid"}) == 1
    assert registry.get_sample_value("homeward_deliveries_decided_total") == 12
    assert registry.get_sample_value("homeward_batch_seconds_count") == 1


def test_every_code_a_rejection_can_have_starts_at_nought(registry, metrics):
    value = registry.get_sample_value("homeward_records_rejected_total", {"code": "unexpected"})

    assert value == 0


def test_a_part_that_stands_by_is_ready_and_one_that_waits_is_not(registry, metrics):
    conditions = {"take-in": Condition(State.standby), "relay": Condition(State.waiting, "Kafka")}
    metrics.parts(conditions)

    assert registry.get_sample_value("homeward_part_ready", {"part": "take-in"}) == 1
    assert registry.get_sample_value("homeward_part_ready", {"part": "relay"}) == 0


def test_the_ledger_shows_what_waits_apart_from_what_is_parked(registry, ledger):
    registry.register(LedgerFigures(ledger, SetClock(NOW), SHARDS))
    add_inbox(ledger, "inbox.la.A", decided=2)
    add_deliveries(ledger, "inbox.la.A", 2, decided_at=NOW - timedelta(seconds=40))
    add_inbox(ledger, "inbox.la.B", decided=3, parked="no-channel")
    add_deliveries(ledger, "inbox.la.B", 3, decided_at=NOW - timedelta(days=9))

    value = registry.get_sample_value
    assert value("homeward_pending_deliveries", {"shard": "0"}) == 2
    assert value("homeward_oldest_pending_seconds", {"shard": "0"}) == 40
    assert value("homeward_pending_deliveries", {"shard": "1"}) == 0
    assert value("homeward_parked_inboxes") == 1
    assert value("homeward_parked_deliveries") == 3


def test_duties_that_stand_are_counted_and_an_unfired_one_shows_its_age(registry, ledger):
    registry.register(LedgerFigures(ledger, SetClock(NOW)))
    add_duty(ledger, "open", NOW - timedelta(seconds=90))
    add_duty(ledger, "late", None)
    add_duty(ledger, "met", None)

    assert registry.get_sample_value("homeward_duties", {"state": "open"}) == 1
    assert registry.get_sample_value("homeward_duties", {"state": "late"}) == 1
    assert registry.get_sample_value("homeward_duties_overdue_seconds") == 90


def test_counts_that_do_not_close_show(registry, ledger):
    registry.register(LedgerFigures(ledger, SetClock(NOW)))
    add_inbox(ledger, "inbox.la.A", decided=5)
    add_deliveries(ledger, "inbox.la.A", 3)
    with ledger.writing() as connection:
        row = {"topic": "outbox.la.A", "topic_id": "i", "next": 9, "read": 9}
        counts = {"accepted": 5, "repeated": 1, "rejected": 2}
        connection.execute(insert(t.position).values(**row, **counts))

    difference = "homeward_account_difference"
    assert registry.get_sample_value(difference, {"count": "decided"}) == 2
    assert registry.get_sample_value(difference, {"count": "read"}) == 1


def test_the_ledger_is_asked_at_most_every_five_seconds(registry, ledger):
    seconds = Seconds()
    registry.register(LedgerFigures(ledger, SetClock(NOW), monotonic=seconds))
    registry.collect()
    assert registry.get_sample_value("homeward_parked_inboxes") == 0
    add_inbox(ledger, "inbox.la.B", decided=0, parked="no-channel")

    seconds.now = 4.9
    assert registry.get_sample_value("homeward_parked_inboxes") == 0
    seconds.now = 5.1
    assert registry.get_sample_value("homeward_parked_inboxes") == 1


def test_a_ledger_that_is_away_shows_nothing_old(registry, ledger, monkeypatch):
    seconds = Seconds()
    registry.register(LedgerFigures(ledger, SetClock(NOW), monotonic=seconds))
    assert registry.get_sample_value("homeward_ledger_answers") == 1

    def away() -> None:
        raise Unavailable("the ledger does not answer")

    monkeypatch.setattr(ledger, "reading", away)
    seconds.now = 10

    assert registry.get_sample_value("homeward_ledger_answers") == 0
    assert registry.get_sample_value("homeward_parked_inboxes") is None


def add_inbox(
    ledger: Ledger, destination: str, decided: int, parked: str | None = None, shard: int = 0
) -> None:
    row = {"destination": destination, "shard": shard, "next": 1, "sent": 0, "decided": decided}
    with ledger.writing() as connection:
        connection.execute(insert(t.inbox).values(**row, parked=parked))


def add_deliveries(
    ledger: Ledger, destination: str, count: int, decided_at: datetime = NOW, shard: int = 0
) -> None:
    with ledger.writing() as connection:
        for _ in range(count):
            row = {
                "number": uuid4().int >> 66,
                "id": uuid4(),
                "content": 1,
                "destination": destination,
                "address": "",
                "view": "full",
                "because": "rule",
                "exercise": False,
                "shard": shard,
                "decided_at": decided_at,
            }
            connection.execute(insert(t.delivery).values(row))


def add_duty(ledger: Ledger, state: str, next_at: datetime | None) -> None:
    row = {
        "id": uuid4(),
        "name": "answer",
        "message": 1,
        "owed_by": "la.A/front-door",
        "because": "rule",
        "basis": "local",
        "exercise": False,
        "met_by": "[]",
        "ends_with_absence": True,
        "state": state,
        "opened_at": NOW,
        "ladder": "[]",
        "rung": 0,
        "next_at": next_at,
    }
    with ledger.writing() as connection:
        connection.execute(insert(t.duty).values(row))


def test_open_dead_letters_are_shown_by_whose_they_are_to_settle(ledger):
    duty, number = uuid4(), 0
    with ledger.writing() as connection:
        connection.execute(insert(t.duty).values(late_duty(duty)))
        for code, state, minutes, of in (
            ("unexpected", "open", 40, duty),
            ("unexpected", "replayed", 90, duty),
            ("invalid", "open", 10, None),
            ("invalid", "dropped", 20, None),
        ):
            number += 1
            row = {"topic": "outbox.x", "topic_id": "x", "record_offset": number, "agency": "x"}
            row |= {"code": code, "field": "", "detail": "", "state": state, "duty": of}
            connection.execute(
                insert(t.dead_letter).values(**row, at=NOW - timedelta(minutes=minutes))
            )

    with ledger.reading() as connection:
        found = look(connection, NOW)

    assert found.dead_letters == 4
    assert found.letters_open == {"homeward": 1, "sender": 1}
    assert found.letters_late == {"homeward": 1, "sender": 0}
    assert found.oldest_letter_seconds == {"homeward": 2400, "sender": 600}


def late_duty(id):
    return {
        "id": id, "name": "settle-dead-letter", "message": 0, "owed_by": "broker.homeward/on-call",
        "because": "dead-letter", "basis": "local", "exercise": False, "met_by": "[]",
        "ends_with_absence": False, "state": "late", "opened_at": NOW, "ladder": "{}", "rung": 0,
    }  # fmt: skip


def test_a_replay_that_left_no_message_is_a_difference(ledger):
    with ledger.writing() as connection:
        row = {"topic": "outbox.x", "topic_id": "x", "record_offset": 1, "agency": "x", "at": NOW}
        row |= {"code": "invalid", "field": "", "detail": "", "state": "replayed"}
        connection.execute(insert(t.dead_letter).values(**row))

    with ledger.reading() as connection:
        assert differences(connection)["replayed"] == 1
