"""On a real Kafka: a reader proves what is missing from its inbox, and asks for what it missed."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from broker.__main__ import commands
from broker.cli import app as cli
from broker.connection import AUDIT, RELAY, TAKE_IN
from producers.client import AgencyClient
from producers.gaps import Gap
from producers.wire import Wire
from schemas.catch_up import CatchUp
from schemas.codec import decode, encode
from schemas.message import BROKER
from schemas.notices import Receipt, Rejection
from tests import examples as e

NOW = datetime(2026, 3, 27, 22, 10, tzinfo=UTC)
LIMIT_SECONDS = 60

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]


@pytest.fixture
def agency(kafka):
    name = f"la.T{uuid4().hex[:12]}"
    kafka.add_agency(name)
    return name


@pytest.fixture
def reader(kafka, agency):
    return AgencyClient(kafka.access(agency), agency)


@pytest.fixture
def homeward(kafka, capsys):
    """Runs a command at this Kafka in a thread; the answer is exit code, lines and errors."""

    async def run(*arguments):
        where = ("--home", str(kafka.settings.home), "--kafka", kafka.bootstrap)
        capsys.readouterr()
        code = await asyncio.to_thread(
            cli.run, commands(), [*map(str, arguments), "--json", *where]
        )
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def lines_of(out):
    return [json.loads(line) for line in out.splitlines()]


class Inbox:
    """Writes to an inbox as no relay would, with the relay's credential."""

    def __init__(self, kafka, agency):
        self.topic = f"inbox.{agency}"
        self._access = kafka.access(RELAY).for_aiokafka()

    async def hold(self, *sequences):
        await self._write(sequences, commit=True)

    async def take_back(self, *sequences):
        """Write numbers in a transaction that is broken off: no reader may ever see them."""
        await self._write(sequences, commit=False)

    async def say(self, message):
        async with AIOKafkaProducer(**self._access) as producer:
            await producer.send_and_wait(self.topic, encode(message))

    async def beat(self, last):
        record = Wire.heartbeat(self.topic, last, NOW)
        async with AIOKafkaProducer(**self._access) as producer:
            await producer.send_and_wait(self.topic, record.value, headers=record.headers)

    async def _write(self, sequences, commit):
        name = f"relay-{uuid4().hex}"
        async with AIOKafkaProducer(**self._access, transactional_id=name) as producer:
            await producer.begin_transaction()
            for sequence in sequences:
                headers = [
                    ("delivery", str(uuid4()).encode()),
                    ("sequence", str(sequence).encode()),
                    ("ce_type", b"uk.homeward.missing.notification.v1"),
                ]
                value = encode(e.notification())
                await producer.send_and_wait(self.topic, value, headers=headers)
            await (producer.commit_transaction() if commit else producer.abort_transaction())


@pytest.fixture
def inbox(kafka, agency):
    return Inbox(kafka, agency)


async def numbers(kafka, topic, isolation):
    """What lies in a topic, read by another user, as far as that way of reading lets it see."""
    async with AIOKafkaConsumer(
        topic,
        **kafka.access(AUDIT).for_aiokafka(),
        auto_offset_reset="earliest",
        isolation_level=isolation,
    ) as consumer:
        await consumer.seek_to_beginning()
        (partition,) = consumer.assignment()
        end = (await consumer.end_offsets([partition]))[partition]
        found = []
        async with asyncio.timeout(LIMIT_SECONDS):
            while await consumer.position(partition) < end:
                batch = await consumer.getmany(partition, timeout_ms=200)
                records = batch.get(partition, ())
                found += [int(dict(record.headers)["sequence"]) for record in records]
        return found


async def test_a_record_left_out_is_proven_missing(kafka, agency, inbox, reader, homeward):
    await inbox.hold(1, 2)
    await inbox.take_back(3)
    await inbox.hold(4, 5)

    visible: list[int] = []
    async with asyncio.timeout(LIMIT_SECONDS):  # a commit is confirmed a moment before it is seen
        while visible != [1, 2, 4, 5]:
            visible = await numbers(kafka, inbox.topic, "read_committed")
    async with reader:
        found = [one async for one in reader.read_with_gaps()]
        after = [one.sequence async for one in reader.read(since=3)]

    assert await numbers(kafka, inbox.topic, "read_uncommitted") == [1, 2, 3, 4, 5]
    (gap,) = (one for one in found if isinstance(one, Gap))
    assert (gap.first, gap.last) == (3, 3)
    assert [one.sequence for one in found if one is not gap] == [1, 2, 4, 5]
    assert next(one for one in found if getattr(one, "sequence", 0) == 4).missing_before == (3,)
    assert after == [4, 5]

    code, out, _ = await homeward("inbox", agency)
    lines = lines_of(out)
    assert code == 1
    assert lines[2] == {"gap": {"from": 3, "to": 3, "seen_at_offset": gap.seen_at_offset}}
    assert [line["sequence"] for line in lines if "sequence" in line] == [1, 2, 4, 5]
    assert (await homeward("inbox", agency, "--since", 3))[0] == 0
    code, out, _ = await homeward("inbox", agency, "--since", 4)
    assert (code, [line["sequence"] for line in lines_of(out)]) == (0, [5])


async def test_a_heartbeat_proves_what_is_missing_at_the_end(agency, inbox, reader, homeward):
    await inbox.hold(1, 2)
    await inbox.beat(2)

    assert (await homeward("inbox", agency))[0] == 0

    await inbox.beat(4)
    code, out, _ = await homeward("inbox", agency, "--since", 2)
    assert code == 1
    (line,) = lines_of(out)
    assert (line["gap"]["from"], line["gap"]["to"]) == (3, 4)


async def test_who_follows_hears_of_a_gap_and_of_what_comes_after_it(inbox, reader):
    await inbox.hold(1)
    found = []

    async with reader, asyncio.timeout(LIMIT_SECONDS):
        async for one in reader.read_with_gaps(since=0, follow=True):
            found.append(one)
            if len(found) == 1:
                await inbox.hold(4)
            if getattr(one, "sequence", 0) == 4:
                break

    assert [(one.first, one.last) for one in found if isinstance(one, Gap)] == [(2, 3)]


async def test_what_kafka_no_longer_keeps_is_missing_only_to_who_asks_for_it(
    kafka, agency, inbox, homeward
):
    await inbox.hold(1, 2, 3, 4)
    admin = AdminClient(kafka.local.access().for_confluent())
    deleted = admin.delete_records([TopicPartition(inbox.topic, 0, 2)])
    for future in deleted.values():
        future.result(LIMIT_SECONDS)

    code, out, _ = await homeward("inbox", agency)
    assert (code, [line["sequence"] for line in lines_of(out)]) == (0, [3, 4])
    assert (await homeward("inbox", agency, "--since", 2))[0] == 0
    code, out, _ = await homeward("inbox", agency, "--since", 1)
    assert code == 1
    assert lines_of(out)[0]["gap"].items() >= {"from": 2, "to": 2}.items()


@pytest.mark.parametrize("since", [None, 3])
async def test_an_agency_asks_for_what_it_missed_and_waits_for_the_receipt(
    kafka, agency, inbox, homeward, since
):
    asked = ("catch-up", agency, *(("--since", since) if since else ()))
    asking = asyncio.create_task(homeward(*asked))
    question = await said_by(kafka, agency)
    await inbox.say(Receipt(**reply(), of=question.message_id, words="3 deliveries come again."))

    code, out, err = await asking
    assert code == 0, err
    assert json.loads(out)["words"] == "3 deliveries come again."
    assert (question.KIND, question.since) == (CatchUp.KIND, since)
    assert question.from_address == f"{agency}/front-door"


async def test_an_agency_whose_question_is_refused_hears_why(kafka, agency, inbox, homeward):
    asking = asyncio.create_task(homeward("catch-up", agency, "--since", 99))
    question = await said_by(kafka, agency)
    place = {"topic": f"outbox.{agency}", "partition": 0, "offset": 0}
    why = {"code": "too-high", "field": "since", "detail": "Nothing has that number yet"}
    await inbox.say(Rejection(**reply(), of=question.message_id, **place, **why))

    code, out, _ = await asking
    assert code == 1
    assert json.loads(out)["code"] == "too-high"


def reply():
    said = {"message_id": uuid4(), "sender": BROKER, "from_address": f"{BROKER}/relay"}
    return said | {"occurred_at": NOW, "sent_at": NOW}


async def said_by(kafka, agency):
    """The first message in an agency's outbox, as soon as it is there."""
    async with (
        AIOKafkaConsumer(
            f"outbox.{agency}",
            **kafka.access(TAKE_IN).for_aiokafka(),
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        ) as consumer,
        asyncio.timeout(LIMIT_SECONDS),
    ):
        return decode((await consumer.getone()).value)
