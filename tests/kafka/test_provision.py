"""Each user of Kafka can do what it must, and nothing else, as two different clients see it."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from confluent_kafka import Consumer, KafkaError, Producer

from broker import provision
from broker.connection import ADMIN, PARTS, RELAY, TAKE_IN, KafkaAccess, replace_secret
from broker.errors import Misuse
from broker.kafka_quotas import change_quotas
from broker.provision import CURSOR, KIND_TOPICS, inbox, outbox
from broker.quotas import Quota
from tests.servers import KafkaServer, kcat

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

_LIMIT_SECONDS = 20


@pytest.fixture
def council(kafka: KafkaServer) -> KafkaAccess:
    return kafka.add_agency(f"la.T{uuid4().hex[:8]}")


@pytest.fixture
def police(kafka: KafkaServer) -> KafkaAccess:
    return kafka.add_agency(f"police.T{uuid4().hex[:8]}")


async def test_an_agency_writes_its_outbox_with_an_idempotent_producer(council):
    sent = await _send(council, outbox(council.username))

    assert sent.offset == 0


async def test_an_agency_cannot_write_another_outbox(council, police):
    with pytest.raises(TopicAuthorizationFailedError):
        await _send(council, outbox(police.username))


@pytest.mark.parametrize("topic", [*KIND_TOPICS, CURSOR])
async def test_an_agency_cannot_write_what_is_the_operators(council, topic):
    with pytest.raises(TopicAuthorizationFailedError):
        await _send(council, topic)


async def test_an_agency_cannot_write_its_own_inbox(council):
    with pytest.raises(TopicAuthorizationFailedError):
        await _send(council, inbox(council.username))


async def test_an_agency_reads_its_inbox_in_its_own_group(kafka, council):
    await _send(kafka.access(RELAY), inbox(council.username), b"for the council")

    found = await _read(council, inbox(council.username), group=f"{council.username}.any")

    assert found == [b"for the council"]


def test_an_agency_cannot_read_another_inbox(council, police):
    # By librdkafka: aiokafka waits in silence for a topic it may not even see.
    assert _confluent_read(council, inbox(police.username)) == "TOPIC_AUTHORIZATION_FAILED"


async def test_an_agency_cannot_read_its_own_outbox(council):
    with pytest.raises(TopicAuthorizationFailedError):
        await _read(council, outbox(council.username), group=f"{council.username}.any")


async def test_an_agency_cannot_use_the_group_of_another(council, police):
    with pytest.raises(GroupAuthorizationFailedError):
        await _read(council, inbox(council.username), group=f"{police.username}.any")


async def test_an_agency_sees_only_its_own_topics(council, police):
    seen = provision.list_agency_topics(council)

    assert seen == [inbox(council.username), outbox(council.username)]


async def test_a_record_of_two_mebibytes_is_for_inboxes_only(kafka, council):
    nearly_two = b"x" * 2_000_000

    await _send(kafka.access(RELAY), inbox(council.username), nearly_two)

    with pytest.raises(MessageSizeTooLargeError):
        await _send(council, outbox(council.username), nearly_two)


async def test_take_in_reads_every_outbox_by_pattern_and_writes_nothing(kafka, council, police):
    take_in = kafka.access(TAKE_IN)
    for agency in (council, police):
        await _send(agency, outbox(agency.username), agency.username.encode())

    found = await _read_pattern(take_in, {council.username.encode(), police.username.encode()})

    assert found
    assert (
        _confluent_read(take_in, inbox(council.username), "take-in") == "TOPIC_AUTHORIZATION_FAILED"
    )
    with pytest.raises(ClusterAuthorizationFailedError):  # it may write nothing at all
        await _send(take_in, outbox(council.username))


async def test_the_relay_sends_to_inboxes_kinds_and_cursor_in_one_transaction(kafka, council):
    topics = [inbox(council.username), *KIND_TOPICS, CURSOR]
    relay = _producer(kafka.access(RELAY), transactional_id=f"relay-{uuid4().hex}")
    await relay.start()
    try:
        async with relay.transaction():
            for topic in topics:
                await relay.send_and_wait(topic, b"1", key=b"0")
    finally:
        await relay.stop()

    assert (await _read(kafka.access(RELAY), CURSOR))[-1] == b"1"


async def test_an_agency_cannot_take_the_relays_transactional_id(council):
    thief = _producer(council, transactional_id="relay-0")
    try:
        with pytest.raises(TransactionalIdAuthorizationFailed):
            await thief.start()
    finally:
        await thief.stop()


def test_librdkafka_is_held_to_the_same(council, police):
    assert _confluent_send(council, outbox(council.username)) is None
    assert _confluent_send(council, outbox(police.username)) == "TOPIC_AUTHORIZATION_FAILED"
    assert _confluent_read(council, inbox(council.username)) == "_PARTITION_EOF"
    assert _confluent_read(council, outbox(council.username)) == "TOPIC_AUTHORIZATION_FAILED"


async def test_kcat_reads_an_inbox(kafka, council):
    await _send(kafka.access(RELAY), inbox(council.username), b"for the council")

    said = kcat(council, "-C", "-e", "-q", "-t", inbox(council.username))

    assert said.stdout == b"for the council\n", said.stderr


def test_doing_it_again_changes_nothing(kafka, council):
    admin = kafka.local.access()
    topics = [inbox(council.username), outbox(council.username), *KIND_TOPICS, CURSOR]
    before = provision.topic_ids(admin, topics)

    kafka.prepare()
    provision.add_agency(admin, council.username, council.password())

    assert provision.topic_ids(admin, topics) == before
    assert len(before) == len(topics)


async def test_after_a_rotation_only_the_new_password_opens(kafka, council, tmp_path):
    old = tmp_path / "old.password"
    old.write_text(council.password())
    replace_secret(council.password_file, "quite-another")

    provision.rotate(kafka.local.access(), council.username, "quite-another")

    await _send(council, outbox(council.username))
    with pytest.raises(KafkaConnectionError):
        await _send(KafkaAccess(kafka.bootstrap, council.username, old), outbox(council.username))


async def test_a_removed_agency_is_refused_and_its_topics_stay(kafka, council):
    provision.remove_agency(kafka.local.access(), council.username)
    provision.remove_agency(kafka.local.access(), council.username)

    with pytest.raises(KafkaConnectionError):
        await _send(council, outbox(council.username))
    assert outbox(council.username) in provision.list_agency_topics(kafka.local.access())


async def test_an_open_connection_of_a_removed_agency_may_do_nothing_more(kafka, council):
    producer = _producer(council)
    try:
        await producer.start()
        await producer.send_and_wait(outbox(council.username), b"before")
        provision.remove_agency(kafka.local.access(), council.username)

        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(outbox(council.username), b"after")
    finally:
        await producer.stop()


def test_topic_ids_leaves_out_what_does_not_exist(kafka, council):
    found = provision.topic_ids(kafka.local.access(), [outbox(council.username), "outbox.nobody"])

    assert found.keys() == {outbox(council.username)}


@pytest.mark.parametrize(
    "name", ["", "la", "la.", "la.E1.x", "la.*", "LA.E1", "la.E_1", "homeward-relay"]
)
def test_a_name_that_is_no_agency_id_is_wrong_use(kafka, name):
    with pytest.raises(Misuse, match="not an agency id"):
        provision.add_agency(kafka.local.access(), name, "secret")


def test_an_agency_may_not_administer(council):
    with pytest.raises(Misuse, match="may not administer"):
        provision.add_agency(council, "la.E99999999", "secret")


def _producer(access: KafkaAccess, **more) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **access.for_aiokafka(), enable_idempotence=True, max_request_size=3_000_000, **more
    )


async def _send(access: KafkaAccess, topic: str, value: bytes = b"x"):
    producer = _producer(access)
    try:
        await producer.start()
        return await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _read(access: KafkaAccess, topic: str, group: str | None = None) -> list[bytes]:
    """What is in the topic, by way of a group if one is named."""
    consumer = AIOKafkaConsumer(
        **access.for_aiokafka(),
        group_id=group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        consumer.subscribe([topic])
        async with asyncio.timeout(_LIMIT_SECONDS):
            return await _values(consumer)
    finally:
        await consumer.stop()


async def _values(consumer: AIOKafkaConsumer) -> list[bytes]:
    found: list[bytes] = []
    while not found:
        records = await consumer.getmany(timeout_ms=200)
        found += [r.value for rs in records.values() for r in rs]
    return found


async def _read_pattern(access: KafkaAccess, wanted: set[bytes]) -> bool:
    consumer = AIOKafkaConsumer(
        **access.for_aiokafka(), group_id=f"take-in-{uuid4().hex}", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.subscribe(pattern=r"outbox\..*$")
        async with asyncio.timeout(_LIMIT_SECONDS):
            while wanted:
                records = await consumer.getmany(timeout_ms=200)
                wanted -= {r.value for rs in records.values() for r in rs}
        return True
    finally:
        await consumer.stop()


def _confluent_send(access: KafkaAccess, topic: str) -> str | None:
    """The name of the error, None when it was written."""
    outcome: list[KafkaError | None] = []
    producer = Producer({**access.for_confluent(), "enable.idempotence": "true", "log_level": 0})
    producer.produce(topic, b"x", on_delivery=lambda error, _: outcome.append(error))
    assert producer.flush(20) == 0
    error = outcome[0]
    return error.name() if error else None


def _confluent_read(access: KafkaAccess, topic: str, group: str | None = None) -> str:
    """The name of the first error; `_PARTITION_EOF` is a topic read to its end."""
    consumer = Consumer(
        {
            **access.for_confluent(),
            "group.id": group or f"{access.username}.any",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": "true",
            "log_level": 0,
        }
    )
    try:
        consumer.subscribe([topic])
        record = consumer.poll(20)
        assert record is not None
        error = record.error()
        assert error is not None
        return error.name()
    finally:
        consumer.close()


def test_an_agency_has_a_quota_and_our_own_users_have_none(kafka, council):
    admin = kafka.local.access()

    assert provision.quota_of(admin, council.username) == Quota()
    assert [provision.quota_of(admin, user) for user in (*PARTS, ADMIN)] == [None] * 4


def test_a_quota_that_was_changed_stays_when_the_agency_is_added_again(kafka, council):
    admin, password = kafka.local.access(), council.password()
    provision.add_agency(admin, council.username, password, quota={"write": 65536.0})

    provision.add_agency(admin, council.username, password)

    assert provision.quota_of(admin, council.username) == Quota(write=65536.0)


def test_an_agency_that_is_removed_has_no_quota(kafka, council):
    provision.remove_agency(kafka.local.access(), council.username)

    assert provision.quota_of(kafka.local.access(), council.username) is None


def test_only_an_administrator_sets_quotas(kafka, council):
    with pytest.raises(Misuse, match="may not administer"):
        change_quotas(council, council.username, lambda _: {"producer_byte_rate": 1e9})


def test_whoever_writes_more_than_its_quota_is_made_to_wait_and_nobody_else(kafka, council, police):
    admin = kafka.local.access()
    provision.add_agency(admin, council.username, council.password(), quota={"write": 16384.0})

    waits = {agency.username: _throttled(agency) for agency in (council, police)}

    assert waits[council.username] > 1
    assert waits[police.username] == 0
    assert _throttled(kafka.access(RELAY), inbox(council.username)) == 0


def _throttled(user: KafkaAccess, topic: str = "") -> float:
    """How many seconds a user is made to wait who wrote half a megabyte at once."""
    waits = [0.0]
    producer = Producer(
        {**user.for_confluent(), "throttle_cb": lambda event: waits.append(event.throttle_time)}
    )
    for _ in range(5):
        producer.produce(topic or outbox(user.username), b"x" * 100_000, partition=0)
        producer.flush(0.5)
    producer.poll(0.5)
    producer.purge()
    return max(waits)
