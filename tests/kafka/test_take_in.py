"""Take-in on a real Kafka: what comes and goes, nothing is lost, and the ledger's position wins."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from broker import provision
from broker.connection import TAKE_IN, KafkaAccess
from broker.local.process import free_ports
from broker.metrics import Metrics
from broker.parts import State
from broker.provision import outbox
from broker.records import Record
from consumers.app import application, serve
from consumers.take_in import TakeIn, Tuning
from tests.fakes import FakeDecider
from tests.servers import KafkaServer, kafka_server
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]


@pytest.fixture
def group() -> str:
    return f"take-in-{uuid4().hex[:8]}"


@pytest.fixture
def agency(kafka: KafkaServer) -> KafkaAccess:
    return new_agency(kafka)


@pytest.fixture
def decider() -> FakeDecider:
    return FakeDecider()


async def test_what_was_written_before_the_start_is_taken_in_from_the_first_record(
    kafka, agency, decider, group
):
    await write(agency, [b"one", b"two"])

    async with running(kafka, decider, group):
        await until(lambda: decider.values(outbox(agency.username)) == [b"one", b"two"])


async def test_an_outbox_made_after_the_start_is_read_from_its_first_record(kafka, decider, group):
    async with running(kafka, decider, group):
        late = new_agency(kafka)
        await write(late, [b"first", b"second"])

        await until(lambda: decider.values(outbox(late.username)) == [b"first", b"second"])


async def test_odd_records_arrive_as_they_were_written(kafka, agency, decider, group):
    odd = [
        {"value": b"null key", "key": None},
        {"value": b"empty key", "key": b""},
        {"value": b"twice", "headers": [("a", b"1"), ("a", b"2")]},
        {"value": b"header not UTF-8", "headers": [("a", b"\xff\xfe")]},
        {"value": b"header with null", "headers": [("a", None)]},
        {"value": b"{not json", "headers": [("content-type", b"application/json")]},
        {"value": b"\xff", "headers": [("content-type", b"text/plain")]},
        {"value": b"answer me", "headers": [("reply_to", b"inbox.somebody")]},
        {"value": None, "key": b"tombstone"},
        {"value": b""},
        {"value": b'{"looks": "like JSON"}'},
        {"value": b"x" * 1_000_000},
    ]
    await write_records(agency, odd)

    async with running(kafka, decider, group):
        await until(lambda: len(decider.values(outbox(agency.username))) == len(odd))

    assert decider.values(outbox(agency.username)) == [record["value"] for record in odd]


async def test_each_record_carries_the_id_of_its_topic(kafka, agency, decider, group):
    topic = outbox(agency.username)
    await write(agency, [b"one"])

    async with running(kafka, decider, group):
        await until(lambda: decider.values(topic))

    ids = provision.topic_ids(kafka.local.access(), [topic])
    assert {r.topic_id for r in decider.taken if r.topic == topic} == {ids[topic]}


@pytest.mark.parametrize("trouble", ["away", "full"])
async def test_a_ledger_that_is_away_for_seconds_loses_nothing_and_is_not_hammered(
    kafka, agency, decider, group, trouble
):
    topic = outbox(agency.username)
    async with running(kafka, decider, group) as take_in:
        await write(agency, [b"before"])
        await until(lambda: decider.values(topic) == [b"before"])
        setattr(decider, trouble, True)
        decider.asked, began = 0, time.monotonic()

        await write(agency, [b"during-%d" % n for n in range(20)])
        await until(lambda: decider.asked >= 5)
        asked, seconds = decider.asked, time.monotonic() - began
        assert take_in.condition().state is State.waiting
        setattr(decider, trouble, False)
        await until(lambda: len(decider.values(topic)) == 21)

    assert decider.values(topic) == [b"before", *(b"during-%d" % n for n in range(20))]
    assert asked / seconds < 6


async def test_a_fault_of_ours_loses_nothing_either(kafka, agency, decider, group):
    topic = outbox(agency.username)
    decider.bug = ValueError("made on purpose")
    with capture_logs():  # drawn with every local variable, each fault would take seconds
        # What other tests left in outboxes meets the fault too, so it may never be seen to work.
        async with running(kafka, decider, group, ready=False) as take_in:
            await write(agency, [b"one", b"two"])
            await until(lambda: take_in.condition().state is State.waiting)
            decider.bug = None

            await until(lambda: decider.values(topic) == [b"one", b"two"])


async def test_a_ledger_behind_the_committed_offset_reads_again(kafka, agency, decider, group):
    topic = outbox(agency.username)
    await write(agency, [b"one", b"two", b"three"])
    await commit(kafka, group, topic, 3)
    set_position(kafka, decider, topic, 1)

    async with running(kafka, decider, group):
        await until(lambda: decider.values(topic) == [b"two", b"three"])


async def test_a_ledger_ahead_of_the_committed_offset_skips_what_it_has(
    kafka, agency, decider, group
):
    topic = outbox(agency.username)
    await write(agency, [b"one", b"two", b"three"])
    await commit(kafka, group, topic, 0)
    set_position(kafka, decider, topic, 2)
    handed = remember_what_is_handed_over(decider)

    async with running(kafka, decider, group):
        await until(lambda: decider.values(topic) == [b"three"])

    assert [offset for name, offset in handed if name == topic] == [2]


async def test_nothing_is_read_before_the_ledger_says_where(kafka, agency, decider, group):
    topic = outbox(agency.username)
    await write(agency, [b"one", b"two", b"three"])
    await commit(kafka, group, topic, 3)
    decider.away = True
    async with running(kafka, decider, group, ready=False) as take_in:
        await until(lambda: bool(assigned(take_in)))
        await write(agency, [b"four"])
        await until(lambda: take_in.condition().state is State.waiting)
        assert not decider.taken

        decider.away = False
        await until(lambda: len(decider.values(topic)) == 4)

    assert decider.values(topic) == [b"one", b"two", b"three", b"four"]


async def test_an_outbox_that_was_made_anew_is_read_from_its_beginning(
    kafka, agency, decider, group
):
    topic = outbox(agency.username)
    await write(agency, [b"old-1", b"old-2", b"old-3"])
    async with running(kafka, decider, group):
        await until(lambda: len(decider.values(topic)) == 3)

        admin = kafka.local.access()
        await asyncio.to_thread(make_anew, admin, agency.username, kafka)
        await write(agency, [b"new-1"])

        await until(lambda: decider.values(topic)[3:] == [b"new-1"])


async def test_a_stop_waits_for_the_running_batch(kafka, agency, decider, group):
    topic = outbox(agency.username)
    running_batch, go_on = threading.Event(), threading.Event()

    def hold(records: Sequence[Record]) -> None:
        if any(record.topic == topic for record in records):
            running_batch.set()
            go_on.wait(10)

    decider.before_take = hold
    async with running(kafka, decider, group) as take_in:
        await write(agency, [b"one"])
        await until(running_batch.is_set)
        stopping = asyncio.create_task(stop(take_in))
        go_on.set()
        await asyncio.wait_for(stopping, 8)

    assert decider.values(topic) == [b"one"]


async def test_a_stop_does_not_wait_for_a_ledger_that_is_away(kafka, agency, decider, group):
    async with running(kafka, decider, group) as take_in:
        decider.away, decider.asked = True, 0
        await write(agency, [b"one"])
        await until(lambda: decider.asked >= 1)
        began = time.monotonic()

        await stop(take_in)

    assert time.monotonic() - began < 5


async def test_a_second_member_takes_over_and_nothing_is_taken_twice(kafka, agency, decider, group):
    topic = outbox(agency.username)
    handed = remember_what_is_handed_over(decider)
    async with running(kafka, decider, group) as first:
        await write(agency, [b"one"])
        await until(lambda: decider.values(topic) == [b"one"])
        async with running(kafka, decider, group, ready=False):
            await stop(first)
            await write(agency, [b"two"])

            await until(lambda: decider.values(topic) == [b"one", b"two"])

    assert [offset for name, offset in handed if name == topic] == [0, 1]


async def test_a_batch_that_led_to_deliveries_wakes_the_relay(kafka, agency, decider, group):
    woken = []
    async with running(kafka, decider, group, wake=lambda: woken.append(1)):
        await write(agency, [b"one"])
        await until(lambda: decider.values(outbox(agency.username)) == [b"one"])
        await until(lambda: bool(woken))


async def test_a_process_takes_in_until_sigterm_and_ends_well(kafka, agency, decider, group):
    topic, port = outbox(agency.username), free_ports(1)[0]
    metrics = Metrics(CollectorRegistry())
    take_in = TakeIn(kafka.access(TAKE_IN), decider, metrics, tuning=Tuning(group=group))
    app = application(take_in, [], metrics, lambda: None)
    needs = {"Kafka": lambda: provision.check(kafka.access(TAKE_IN))}
    serving = asyncio.create_task(serve(app, "127.0.0.1", port, needs))
    await write(agency, [b"one"])
    await until(lambda: decider.values(topic) == [b"one"])
    await until(lambda: take_in.condition().state is State.working)
    began = time.monotonic()

    os.kill(os.getpid(), signal.SIGTERM)

    assert await asyncio.wait_for(serving, 10) == 0
    assert time.monotonic() - began < 5


async def test_kafka_going_away_and_coming_back_loses_nothing(decider):
    with kafka_server() as server:
        agency = new_agency(server)
        topic = outbox(agency.username)
        async with running(server, decider, "take-in") as take_in:
            await write(agency, [b"before"])
            await until(lambda: decider.values(topic) == [b"before"])
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await write(agency, [b"after"])

            await until(lambda: decider.values(topic) == [b"before", b"after"], 60)
            await until(lambda: take_in.condition().ready)


def new_agency(kafka: KafkaServer) -> KafkaAccess:
    return kafka.add_agency(f"la.T{uuid4().hex[:8]}")


@asynccontextmanager
async def running(
    kafka: KafkaServer,
    decider: FakeDecider,
    group: str,
    *,
    wake: Callable[[], None] = lambda: None,
    ready: bool = True,
) -> AsyncIterator[TakeIn]:
    tuning = Tuning(
        group=group,
        metadata_max_age_ms=1_000,
        session_timeout_ms=2_000,
        heartbeat_interval_ms=200,
    )
    metrics = Metrics(CollectorRegistry())
    take_in = TakeIn(kafka.access(TAKE_IN), decider, metrics, wake=wake, tuning=tuning)
    await take_in.kafka.start()
    try:
        if ready:
            await until(lambda: take_in.condition().state is State.working)
        yield take_in
    finally:
        await stop(take_in)


async def stop(take_in: TakeIn) -> None:
    await take_in.stop()
    await take_in.kafka.stop()


def assigned(take_in: TakeIn) -> set[TopicPartition]:
    consumer = take_in.subscriber.consumer
    return set(consumer.assignment()) if consumer else set()


def remember_what_is_handed_over(decider: FakeDecider) -> list[tuple[str, int]]:
    handed: list[tuple[str, int]] = []
    take = decider.take

    def remember(records: Any) -> Any:
        handed.extend((record.topic, record.offset) for record in records)
        return take(records)

    decider.take = remember  # type: ignore[method-assign]
    return handed


def set_position(kafka: KafkaServer, decider: FakeDecider, topic: str, place: int) -> None:
    ids = provision.topic_ids(kafka.local.access(), [topic])
    decider.next[topic, ids[topic]] = place


def make_anew(admin: KafkaAccess, agency: str, kafka: KafkaServer) -> None:
    topic = outbox(agency)
    before = provision.topic_ids(admin, [topic])
    client = AdminClient(admin.for_confluent())
    client.delete_topics([topic])[topic].result(20)
    deadline = time.monotonic() + 20
    while provision.topic_ids(admin, [topic]) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kafka.add_agency(agency)


async def write(agency: KafkaAccess, values: list[bytes]) -> None:
    await write_records(agency, [{"value": value} for value in values])


async def write_records(agency: KafkaAccess, records: list[dict[str, Any]]) -> None:
    producer = AIOKafkaProducer(**agency.for_aiokafka(), acks="all", max_request_size=2_000_000)
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(outbox(agency.username), **record)
    finally:
        await producer.stop()


async def commit(kafka: KafkaServer, group: str, topic: str, offset: int) -> None:
    consumer = AIOKafkaConsumer(**kafka.access(TAKE_IN).for_aiokafka(), group_id=group)
    place = TopicPartition(topic, 0)
    await consumer.start()
    try:
        consumer.assign([place])
        await consumer.commit({place: OffsetAndMetadata(offset, "")})
    finally:
        await consumer.stop()
