"""How take-in subscribes, and what it does when Kafka goes back; no server is needed."""

import asyncio
import itertools
import threading
import time

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from prometheus_client import CollectorRegistry

from broker.connection import KafkaAccess
from broker.errors import Unavailable
from broker.metrics import Metrics
from broker.parts import State
from consumers.take_in import TakeIn, Tuning, as_they_are, untouched
from tests.fakes import FakeDecider
from tests.waiting import until

pytestmark = pytest.mark.anyio

PLACE = TopicPartition("outbox.la.T1", 0)


class FakeConsumer:
    """Remembers what it was told, as aiokafka's consumer."""

    def __init__(self) -> None:
        self.paused: set[TopicPartition] = set()
        self.places: dict[TopicPartition, int] = {}
        self.at_hand: dict[TopicPartition, list[ConsumerRecord]] = {}

    def pause(self, partition: TopicPartition) -> None:
        self.paused.add(partition)

    def resume(self, partition: TopicPartition) -> None:
        self.paused.discard(partition)

    def subscription(self) -> set[str]:
        return set()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.places[partition] = offset

    def assignment(self) -> set[TopicPartition]:
        return {PLACE, *self.at_hand}

    def last_poll_timestamp(self, partition: TopicPartition) -> int:
        return int(time.time() * 1000)

    async def getmany(self, *partitions: TopicPartition, max_records: int):
        """What is at hand of these, once."""
        return {one: self.at_hand.pop(one) for one in partitions if one in self.at_hand}


@pytest.fixture
def decider() -> FakeDecider:
    return FakeDecider()


@pytest.fixture
def ids() -> dict[str, str]:
    """What Kafka calls each topic; a test may change it."""
    return {PLACE.topic: "id-1"}


@pytest.fixture
def take_in(decider, ids) -> TakeIn:
    access = KafkaAccess("127.0.0.1:1", "u", None, security_protocol="PLAINTEXT")
    metrics = Metrics(CollectorRegistry())
    made = TakeIn(access, decider, metrics, topic_ids=lambda names: dict(ids))
    made.subscriber.consumer = FakeConsumer()
    return made


async def test_the_subscriber_has_every_setting_that_keeps_records(take_in):
    subscriber = take_in.subscriber

    assert subscriber.pattern.broker_address == r"outbox\..*$"
    assert subscriber.group_id == "take-in"
    assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
    assert subscriber._no_reply is True
    assert (subscriber.max_records, subscriber.batch_timeout_ms) == (500, 20)
    assert subscriber._listener is take_in._positions
    assert subscriber._call_options.parser is untouched
    assert subscriber._call_options.decoder is as_they_are
    settings = subscriber._connection_args
    assert settings["auto_offset_reset"] == "earliest"
    assert settings["isolation_level"] == "read_committed"
    assert settings["enable_auto_commit"] is False
    assert settings["session_timeout_ms"] == 6_000
    assert settings["heartbeat_interval_ms"] == 1_000
    assert settings["fetch_max_wait_ms"] == 500
    assert settings["max_partition_fetch_bytes"] >= 1_048_576
    assert settings["max_poll_interval_ms"] == 300_000


async def test_the_connection_sees_new_outboxes_soon_and_makes_none(take_in):
    assert take_in.kafka._connection_kwargs["metadata_max_age_ms"] == 5_000
    assert take_in.kafka.config.broker_config.allow_auto_create_topics is False
    assert take_in.kafka.config.broker_config.consumer_only is True
    assert take_in.kafka.config.broker_config.graceful_timeout < 10


async def test_waits_can_be_shortened():
    assert Tuning(session_timeout_ms=1_000).session_timeout_ms == 1_000


async def test_a_batch_is_read_again_after_a_pause(take_in, decider):
    await take_in._positions.on_partitions_assigned({PLACE})
    decider.full = True

    with pytest.raises(NackMessage):
        await take_in.take((record(0),))

    assert PLACE in take_in.subscriber.consumer.paused
    decider.full = False
    await take_in._positions._finding
    await take_in.take((record(0), record(1)))
    assert decider.values(PLACE.topic) == [b"0", b"1"]


async def test_what_comes_before_its_position_is_known_is_left_to_be_read_again(take_in, decider):
    await take_in.take((record(7),))

    assert decider.taken == []


async def test_a_topic_made_anew_unnoticed_is_followed_from_its_beginning(take_in, decider, ids):
    await take_in._positions.on_partitions_assigned({PLACE})
    await take_in.take((record(0), record(1), record(2)))
    ids[PLACE.topic] = "id-2"

    await take_in.take((record(0),))
    await take_in._positions._finding

    consumer = take_in.subscriber.consumer
    assert (consumer.places[PLACE], consumer.paused) == (0, set())
    await take_in.take((record(0),))
    assert [one.topic_id for one in decider.taken] == ["id-1"] * 3 + ["id-2"]


async def test_an_outbox_that_lost_records_is_not_read_on(take_in, decider):
    await take_in._positions.on_partitions_assigned({PLACE})
    await take_in.take((record(0), record(1), record(2)))

    await take_in.take((record(0),))
    await take_in._positions._finding

    assert take_in._positions.held == {PLACE: "Kafka has lost records of this outbox"}
    assert take_in.subscriber.consumer.paused == {PLACE}


async def test_a_second_partition_of_an_outbox_is_not_read(take_in):
    second = TopicPartition(PLACE.topic, 1)

    await take_in._positions.on_partitions_assigned({PLACE, second})

    assert take_in.subscriber.consumer.paused == {second}
    assert set(take_in._positions.ids) == {PLACE}


async def test_a_topic_kafka_does_not_show_yet_is_asked_for_again(take_in, ids, monkeypatch):
    monkeypatch.setattr("consumers.positions._AT_ONCE_SECONDS", 0.01)
    monkeypatch.setattr("consumers.positions._AGAIN_SECONDS", 0.01)
    known = ids.pop(PLACE.topic)
    await take_in._positions.on_partitions_assigned({PLACE})
    assert take_in.subscriber.consumer.paused == {PLACE}

    ids[PLACE.topic] = known
    await asyncio.wait_for(take_in._positions._finding, 5)

    assert take_in.subscriber.consumer.paused == set()


async def test_a_fault_while_finding_positions_is_tried_again(take_in, decider, monkeypatch):
    monkeypatch.setattr("consumers.positions._AGAIN_SECONDS", 0.01)
    answers = [ValueError("made on purpose"), {PLACE.topic: 0}]

    def positions(topics):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    decider.positions = positions
    await take_in._positions.on_partitions_assigned({PLACE})

    assert take_in.subscriber.consumer.paused == set()


async def test_two_failures_at_once_find_both_partitions_again(take_in, decider, ids):
    other = TopicPartition("outbox.la.T2", 0)
    ids[other.topic] = "id-9"
    await take_in._positions.on_partitions_assigned({PLACE, other})

    take_in._positions.again([record(0)])
    take_in._positions.again([record(0, other.topic)])
    await take_in._positions._finding

    assert take_in.subscriber.consumer.paused == set()
    assert set(take_in._positions.ids) == {PLACE, other}


async def test_a_revoke_waits_for_the_batch_that_is_being_decided_on(take_in, decider):
    await take_in._positions.on_partitions_assigned({PLACE})
    seen = []
    decider.before_take = lambda records: seen.append(revoking.done())
    taking = asyncio.create_task(take_in.take((record(0),)))
    revoking = asyncio.create_task(take_in._positions.on_partitions_revoked({PLACE}))

    await asyncio.gather(taking, revoking)

    assert seen == [False]
    assert take_in._positions.ids == {}


async def test_a_revoke_cuts_the_pause_short(take_in, decider):
    await take_in._positions.on_partitions_assigned({PLACE})
    decider.full = True
    take_in._failures = 10
    taking = asyncio.create_task(take_in.take((record(0),)))
    await asyncio.sleep(0)

    await asyncio.wait_for(take_in._positions.on_partitions_revoked({PLACE}), 3)

    with pytest.raises(NackMessage):
        await taking


async def test_a_flood_is_decided_on_in_shares_and_others_come_first(take_in, decider, ids):
    other = await assign_another(take_in, ids)
    take_in.subscriber.consumer.at_hand[other] = [record(0, other.topic), record(1, other.topic)]
    batches = []
    decider.before_take = lambda records: batches.append([one.topic for one in records])

    await take_in.take(tuple(record(number) for number in range(250)))

    assert batches[0] == [other.topic] * 2 + [PLACE.topic] * 100
    assert [len(batch) for batch in batches] == [102, 100, 50]
    assert decider.values(PLACE.topic) == [b"%d" % number for number in range(250)]


async def test_who_comes_while_a_share_is_decided_on_is_in_the_next_batch(take_in, decider, ids):
    other = await assign_another(take_in, ids)
    at_hand = take_in.subscriber.consumer.at_hand
    batches = []

    def while_deciding(records):
        batches.append({one.topic for one in records})
        if len(batches) == 1:
            at_hand[other] = [record(0, other.topic)]

    decider.before_take = while_deciding
    await take_in.take(tuple(record(number) for number in range(250)))

    assert [other.topic in batch for batch in batches] == [False, True, False]


async def test_a_batch_ends_however_many_flood(take_in, decider, ids):
    other = await assign_another(take_in, ids)
    at_hand, flood = take_in.subscriber.consumer.at_hand, itertools.count()

    def while_deciding(records):
        at_hand.setdefault(other, [record(next(flood), other.topic) for _ in range(300)])

    decider.before_take = while_deciding
    await asyncio.wait_for(take_in.take(tuple(record(number) for number in range(300))), 10)

    assert len(decider.taken) <= 4 * 300


async def test_a_flood_that_could_not_be_decided_on_is_read_again_where_the_ledger_is(
    take_in, decider, ids
):
    other = await assign_another(take_in, ids)
    consumer = take_in.subscriber.consumer
    consumer.at_hand[other] = [record(0, other.topic)]
    decider.before_take = lambda records: setattr(decider, "full", True)

    with pytest.raises(NackMessage):
        await take_in.take(tuple(record(number) for number in range(250)))

    assert consumer.paused == {PLACE}
    decider.full = False
    await take_in._positions._finding
    assert consumer.places[PLACE] == 100
    assert decider.values(other.topic) == [b"0"]


async def test_a_revoke_leaves_the_rest_of_a_flood_to_whoever_reads_next(take_in, decider):
    await take_in._positions.on_partitions_assigned({PLACE})
    decider.before_take = lambda records: take_in._positions.hurry.set()

    await take_in.take(tuple(record(number) for number in range(250)))

    assert len(decider.taken) == 100


async def assign_another(take_in, ids):
    other = TopicPartition("outbox.la.T2", 0)
    ids[other.topic] = "id-9"
    await take_in._positions.on_partitions_assigned({PLACE, other})
    return other


def record(offset: int, topic: str = PLACE.topic) -> ConsumerRecord:
    value = b"%d" % offset
    return ConsumerRecord(topic, 0, offset, 0, 0, None, value, None, -1, len(value), ())


async def test_a_batch_that_hangs_is_told_within_half_a_minute(take_in, decider, monkeypatch):
    monkeypatch.setattr("consumers.take_in._HANGS_SECONDS", 0.05)
    take_in.subscriber.running, take_in.subscriber.tasks = True, [asyncio.Future()]
    go_on = threading.Event()
    decider.before_take = lambda records: go_on.wait(10)
    await take_in._positions.on_partitions_assigned({PLACE})
    taking = asyncio.create_task(take_in.take((record(0),)))

    await until(lambda: take_in.condition().state is State.hanging)
    go_on.set()
    await taking

    assert take_in._busy.seconds == 0


async def test_a_reader_whose_task_is_dead_is_stuck(take_in):
    dead = asyncio.Future()
    dead.set_result(None)
    take_in.subscriber.running, take_in.subscriber.tasks = True, [dead, dead]

    assert take_in.condition().state is State.stuck


async def test_a_batch_that_did_not_get_through_is_tried_in_parts(take_in, decider):
    sizes = []
    take = decider.take

    def at_most_two(records):
        sizes.append(len(records))
        if len(records) > 2:
            raise Unavailable("it took too long: a fake")
        return take(records)

    decider.take = at_most_two
    take_in._positions.hurry.set()  # the pauses are not what this is about
    await take_in._positions.on_partitions_assigned({PLACE})
    batch = tuple(record(number) for number in range(8))
    for _ in range(2):
        take_in._positions.hurry.set()
        with pytest.raises(NackMessage):
            await take_in.take(batch)
        await take_in._positions._finding
    await take_in.take(batch)

    assert sizes == [8, 4, 2, 2, 2, 2]
    assert decider.values(PLACE.topic) == [b"%d" % number for number in range(8)]
