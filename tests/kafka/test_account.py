"""The account finds what is missing, doubled, moved or changed, and nothing where all is well."""

import asyncio
import json
from datetime import timedelta
from functools import cached_property
from uuid import uuid4

import pytest
from confluent_kafka import Producer, TopicPartition
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, func, select, update

from broker.accounting.auditor import Auditor
from broker.accounting.kafka import Reader
from broker.accounting.part import Accounting
from broker.clock import SystemClock
from broker.connection import ADMIN, AUDIT, RELAY
from broker.kafka_admin import Admin
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.positions import advance
from broker.ledger.stamping import Stamping
from broker.metrics import AccountFigures
from broker.parts import State
from broker.provision import CURSOR, KIND_TOPICS, topic_ids
from producers.relay import Relay
from producers.wire import Wire
from tests.kafka.relay_victim import Uncounted, pseudonym
from tests.outbox import post
from tests.servers import kafka_server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def kafka():
    """A Kafka of this file's own: nobody else writes to the topics of the record."""
    with kafka_server() as server:
        yield server


@pytest.fixture(scope="module")
def records():
    return iter(KIND_TOPICS)


class World:
    """A ledger, an inbox, an outbox, and a relay that does as it is told."""

    def __init__(self, kafka, folder):
        self.kafka, self.clock = kafka, SystemClock()
        self.ledger = Ledger(f"sqlite:///{folder}/ledger.sqlite")
        self.ledger.create(self.clock)
        self.agency = f"la.T{uuid4().hex[:8]}"
        self.inbox, self.outbox = f"inbox.{self.agency}", f"outbox.{self.agency}"
        kafka.add_agency(self.agency)
        self.stamping = Stamping(self.ledger, 0, self.clock, "here", timedelta(seconds=5))
        self.producer = Producer(
            {**kafka.access(ADMIN).for_confluent(), "log_level": 0, "linger.ms": 0}
        )
        self.auditor = Auditor(kafka.access(AUDIT), self.ledger)
        self.batch, self.taken = 0, 0
        self._move_cursor()

    @cached_property
    def record(self):
        """A topic of the record that no other test has written to."""
        return next(self.records)

    def decide(self, count=1, destination=None):
        posts = [{"destination": destination or self.inbox, "address": "la.T/desk"}] * count
        post(self.ledger, *posts, at=self.clock.now())

    def send(self, leave_out=(), again=(), order=lambda records: records):
        """Stamp what is decided, and write it to Kafka: as a relay, or not quite."""
        assert self.stamping.hold()
        batch = self.stamping.stamp(self.batch)
        numbered = [
            (one.sequence, record)
            for one, record in zip(
                batch.records, Wire(pseudonym).records(batch.records), strict=True
            )
        ]
        for number, record in order(numbered):
            for _ in range((number not in leave_out) + (number in again)):
                self.write(record.topic, record.value, record.headers)
        self.batch += 1
        self._move_cursor()
        self.stamping.confirm(self.batch)

    def write(self, topic, value, headers=(), key=None):
        failed = []
        self.producer.produce(
            topic, value, key, 0, headers=list(headers), on_delivery=lambda e, _: failed.append(e)
        )
        assert self.producer.flush(10) == 0
        assert failed == [None]

    def take_in(self, count, said=None):
        """Write to the outbox, and say in the ledger how many were read."""
        for _ in range(count):
            self.write(self.outbox, b"made up")
        self.taken += count
        row = dict.fromkeys(("repeated", "rejected"), 0) | {"read": said or count}
        row |= {"topic": self.outbox, "topic_id": self._topic_id(), "next": self.taken}
        with self.ledger.deciding() as connection:
            advance(connection, [row | {"accepted": said or count}])

    def _topic_id(self):
        return topic_ids(self.kafka.access(AUDIT), [self.outbox])[self.outbox]

    def _move_cursor(self):
        value = {"ledger": str(self.stamping.ledger_id()), "batch": self.batch}
        self.write(CURSOR, json.dumps(value).encode(), key=b"0")

    def change(self, statement):
        with self.ledger.deciding() as connection:
            assert connection.execute(statement).rowcount == 1

    def found(self, full=False):
        checked = self.auditor.check(full)
        return [(one.what, one.topic, one.count, one.first) for one in checked.differences]


@pytest.fixture
def world(kafka, records, tmp_path):
    world = World(kafka, tmp_path)
    world.records = records
    yield world
    world.ledger.close()


def test_what_was_sent_and_read_as_it_should_be_differs_nowhere(world):
    world.take_in(3)
    world.decide(4)
    world.decide(2, world.record)
    world.send()
    first = world.auditor.check()
    world.take_in(2)
    world.decide(1)
    world.decide(1, world.record)
    world.send()
    second = world.auditor.check()

    assert first.differences == second.differences == ()
    assert (first.full, first.deliveries) == (True, 6)
    assert (second.full, second.deliveries, second.records < 10) == (False, 2, True)


def test_a_record_that_is_missing_from_an_inbox_is_named(world):
    world.decide(4)
    world.send(leave_out={3})

    assert world.found() == [("missing", world.inbox, 1, 3)]


def test_a_record_that_is_missing_from_the_record_is_named(world):
    world.decide(3)
    world.decide(3, world.record)
    world.send(leave_out={2})

    assert {one[0] for one in world.found()} == {"missing"}


@pytest.mark.parametrize("earlier", [False, True])
def test_a_record_that_is_there_twice_is_named(world, earlier):
    world.decide(3)
    world.send(again=() if earlier else {2})
    if earlier:
        assert world.found() == []
        world.decide(1)
        world.stamping.hold()
        with world.ledger.reading() as connection:
            delivery = connection.execute(
                select(t.delivery.c.id).where(t.delivery.c.sequence == 2)
            ).scalar_one()
        headers = [("sequence", b"2"), ("delivery", str(delivery).encode())]
        world.write(world.inbox, b"x", [*headers, ("address", b"la.T/desk")])

    assert world.found() == [("twice", world.inbox, 1, 2)]


def test_a_record_of_the_record_that_is_there_twice_is_named(world):
    world.decide(3, world.record)
    world.send(again={2})

    assert [one[:3] for one in world.found()] == [("unknown", world.record, 1)]


def test_numbers_that_came_in_another_order_are_named(world):
    world.decide(3)
    world.send(order=lambda records: [records[0], records[2], records[1]])

    assert world.found() == [("order", world.inbox, 1, 2)]


def test_what_somebody_else_wrote_to_an_inbox_is_named(world):
    world.decide(1)
    world.send()
    world.write(world.inbox, b"from nobody")

    assert world.found() == [("unknown", world.inbox, 1, None)]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"address": "la.T/another-desk"}, "changed"),
        ({"id": uuid4()}, "changed"),
        ({"sequence": 9}, "missing"),
        ({"sequence": None, "batch": None}, "twice"),
    ],
)
def test_a_delivery_that_was_changed_in_the_ledger_is_found_by_a_full_pass(world, values, what):
    world.decide(3)
    world.send()
    assert world.found() == []

    world.change(update(t.delivery).where(t.delivery.c.sequence == 2).values(values))

    assert world.found() == []  # what was compared is not compared again and again
    assert (what, world.inbox) in {one[:2] for one in world.found(full=True)}


def test_a_delivery_that_was_deleted_from_the_ledger_is_found_by_a_full_pass(world):
    world.decide(3)
    world.send()

    world.change(delete(t.delivery).where(t.delivery.c.sequence == 2))

    assert world.found(full=True) == [("twice", world.inbox, 1, 2)]


@pytest.mark.parametrize("values", [{"next": 9}, {"next": 2}, {"sent": 1}, {"sent": 9}])
def test_the_counters_of_an_inbox_that_were_changed_are_found_at_once(world, values):
    world.decide(3)
    world.send()
    assert world.found() == []

    world.change(update(t.inbox).where(t.inbox.c.destination == world.inbox).values(values))

    assert [one[:2] for one in world.found()] == [("numbers", world.inbox)]


@pytest.mark.parametrize(
    ("values", "what"),
    [({"next": 2}, "position"), ({"next": 99}, "position"), ({"read": 2}, "read")],
)
def test_a_position_that_was_changed_is_found_at_once(world, values, what):
    world.take_in(4)
    assert world.found() == []

    world.change(update(t.position).values(values))

    assert [one[:2] for one in world.found()] == [(what, world.outbox)]


def test_a_record_that_was_passed_over_is_found(world):
    world.take_in(4, said=3)

    assert world.found() == [("read", world.outbox, 1, 4)]


def test_a_ledger_older_than_kafka_is_named_and_nothing_else(world):
    world.decide(3)
    world.send()
    world.change(update(t.shard).values(last=0))

    assert world.found() == [("cursor", CURSOR, 1, 1)]


def test_an_inbox_that_was_deleted_is_named(world):
    world.decide(3)
    world.send()
    admin = Admin(world.kafka.local.access())
    admin._client.delete_topics([world.inbox])[world.inbox].result(10)

    assert world.found() == [("no-topic", world.inbox, 1, None)]


def test_what_kafka_deleted_as_too_old_is_not_missing(world):
    world.take_in(4)
    world.decide(5)
    world.decide(2, world.record)
    world.send()
    admin = Admin(world.kafka.local.access())
    cut = [TopicPartition(world.inbox, 0, 2), TopicPartition(world.outbox, 0, 3)]
    for future in admin._client.delete_records(cut).values():
        future.result(10)

    assert world.found() == []
    world.take_in(1, said=2)
    world.decide(2)
    world.send(leave_out={6})
    assert world.found() == [
        ("missing", world.inbox, 1, 6),
        ("read", world.outbox, 1, 5),
    ]


def test_what_is_committed_but_not_shown_yet_is_not_missing(world, monkeypatch):
    """Kafka answers a commit before every topic has its mark."""
    own = {"transactional.id": f"late-{uuid4().hex[:8]}", "log_level": 0}
    late = Producer({**world.kafka.access(ADMIN).for_confluent(), **own})
    late.init_transactions(10)
    late.begin_transaction()
    world.write = lambda topic, value, headers, key=None: late.produce(
        topic, value, key, 0, headers=list(headers)
    )
    world.decide(3)
    moved, world._move_cursor = world._move_cursor, lambda: None
    world.send()
    assert late.flush(10) == 0
    del world.write
    moved()
    looks = []

    def read(reader, *more, as_it_is=Reader.read):
        found = as_it_is(reader, *more)
        if not looks:
            late.commit_transaction(10)
        looks.append(found)
        return found

    monkeypatch.setattr(Reader, "read", read)

    assert world.found() == []
    assert len(looks) > 2


async def test_while_deliveries_go_out_nothing_differs(world):
    access, stop = world.kafka.access(RELAY), asyncio.Event()
    relay = Relay(access, world.stamping, pseudonym, world.clock, Uncounted())
    running = asyncio.create_task(relay.run(stop))
    found, waiting = [], select(func.count()).where(t.batch.c.sent_at.is_not(None))
    try:
        for number in range(12):
            await asyncio.to_thread(world.decide, 20, world.record if number % 3 == 0 else None)
            found += await asyncio.to_thread(world.found, number == 8)
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)

    assert found == []
    with world.ledger.reading() as connection:
        assert connection.execute(waiting).scalar_one() > 1


async def test_all_day_a_difference_is_shown_until_it_is_gone(world):
    registry, stop = CollectorRegistry(), asyncio.Event()
    accounting = Accounting(
        world.kafka.access(AUDIT), world.ledger, AccountFigures(registry), every_seconds=0.1
    )
    part = accounting.part

    def shown(what):
        name = "homeward_account_kafka_difference"
        return registry.get_sample_value(name, {"what": what})

    async def until(what, count):
        async with asyncio.timeout(20):
            while shown(what) != count:  # noqa: ASYNC110  # a metric cannot be waited for
                await asyncio.sleep(0.02)

    world.decide(3)
    world.send()
    running = asyncio.create_task(part.run(stop))
    world.change(update(t.inbox).where(t.inbox.c.destination == world.inbox).values(sent=1))
    await until("numbers", 1)
    world.change(update(t.inbox).where(t.inbox.c.destination == world.inbox).values(sent=3))
    await until("numbers", 0)
    assert part.condition().state is State.working
    stop.set()
    await asyncio.wait_for(running, 5)
