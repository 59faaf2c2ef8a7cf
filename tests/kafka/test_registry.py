"""
Schema ids from a real registry: Apicurio, over Confluent's protocol.

Debian's kcat is built without Avro and cannot ask a registry (`kcat -V` lists neither), so the
reader and the writer that know nothing of Homeward are Confluent's own Avro deserializer and
serializer; kcat stands in for them where it can.
"""

import asyncio
import contextlib
import json
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer
from confluent_kafka.schema_registry import (
    Schema,
    SchemaRegistryClient,
    record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from sqlalchemy import func, select

from broker.__main__ import System, commands
from broker.cli import app as cli
from broker.clock import SystemClock
from broker.errors import Misuse, Unavailable
from broker.ledger import tables as t
from broker.provision import inbox, outbox
from broker.settings import Settings
from producers.client import AgencyClient
from schemas import codec, generate
from schemas.codec import encode
from schemas.notices import Receipt, Rejection
from schemas.registry import Registry, subject
from tests import examples as e
from tests.kafka.impatient import hurry
from tests.registry_server import RegistryServer, registry_server
from tests.servers import _CACHE, kcat
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

_LIMIT_SECONDS = 60
AGENCIES = ((e.HOME, e.STOKE), (e.WALSALL, None), (e.STOKE, None), (e.STAFFORDSHIRE_POLICE, None))


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    """A registry in which somebody else's schemas were first, so that no id is the lock file's."""
    with registry_server() as server:
        with SchemaRegistryClient({"url": server.url}) as client:
            for number in range(len(generate.published()) + 1):
                other = {"type": "fixed", "name": f"Other{number}", "size": 1 + number}
                client.register_schema(f"other-{number}", Schema(json.dumps(other), "AVRO"))
        yield server


def held(server: RegistryServer) -> dict[str, int]:
    with contextlib.closing(Registry(server.url)) as registry:
        return registry.held()


@pytest.fixture
def schemas(registry) -> Iterator[SchemaRegistryClient]:
    """The registry as any client sees it."""
    with SchemaRegistryClient({"url": registry.url}) as client:
        yield client


@pytest.fixture(autouse=True)
def _ids_of_the_lock_file() -> Iterator[None]:
    yield
    codec.use()


@asynccontextmanager
async def homeward(
    home: Path, registry: str | None, say: Callable[[str], None] = lambda _: None
) -> AsyncIterator[System]:
    settings = Settings(home=home, cache=_CACHE, schema_registry=registry)
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        async with System(settings, say=say) as system:
            for agency, area in AGENCIES:
                await system.add_agency(agency, agency, area)
            yield system


@pytest.fixture
async def system(registry, tmp_path) -> AsyncIterator[System]:
    async with homeward(tmp_path, registry.url) as system:
        yield system


def client(system: System, agency: str = e.HOME) -> AgencyClient:
    return AgencyClient(system.access(agency), agency)


def number_in(value: bytes) -> int:
    return int(struct.unpack(">bI", value[:5])[1])


def of_the_inbox(system: System, agency: str, count: int) -> list[tuple[dict[str, str], bytes]]:
    """Headers and value of so many records, read by a plain Kafka client."""
    consumer = Consumer(
        system.access(agency).for_confluent()
        | {
            "group.id": f"{agency}.test",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    found: list[tuple[dict[str, str], bytes]] = []
    try:
        consumer.subscribe([inbox(agency)])
        while len(found) < count:
            record = consumer.poll(_LIMIT_SECONDS)
            assert record is not None
            assert record.error() is None
            headers = {name: value.decode() for name, value in record.headers()}
            if "sequence" in headers:
                found.append((headers, record.value()))
    finally:
        consumer.close()
    return found


async def write(system: System, agency: str, *values: bytes) -> None:
    """Put values into an outbox as one batch."""
    producer = AIOKafkaProducer(**system.access(agency).for_aiokafka(), acks="all")
    await producer.start()
    try:
        batch = producer.create_batch()
        for value in values:
            assert batch.append(key=None, value=value, timestamp=None) is not None
        batch.close()
        await (await producer.send_batch(batch, outbox(agency), partition=0))
    finally:
        await producer.stop()


async def heard(system: System, agency: str, count: int) -> list[Receipt | Rejection]:
    found: list[Receipt | Rejection] = []
    async with client(system, agency) as reader, asyncio.timeout(_LIMIT_SECONDS):
        async for one in reader.read(follow=True):
            if isinstance(one.message, Receipt | Rejection):
                found.append(one.message)
            if len(found) == count:
                break
    return found


async def test_a_reader_and_a_writer_that_know_only_the_registry_take_part(
    system, registry, schemas
):
    """As its own library would: subjects by record name, the schema that was published last."""
    said = e.notification(at=SystemClock().now())
    serialize = AvroSerializer(
        schemas,
        conf={
            "auto.register.schemas": False,
            "use.latest.version": True,
            "subject.name.strategy": record_subject_name_strategy,
        },
        schema_str=generate.text(f"missing.notification.v{said.VERSION}"),
    )
    context = SerializationContext(outbox(e.HOME), MessageField.VALUE)
    await write(system, e.HOME, serialize(said.model_dump(), context))

    ((headers, value), *_) = await asyncio.to_thread(of_the_inbox, system, e.WALSALL, 1)

    fields = AvroDeserializer(schemas)(value, SerializationContext(inbox(e.WALSALL), "value"))
    assert headers["ce_type"] == f"uk.homeward.missing.notification.v{said.VERSION}"
    assert fields["message_id"] == said.message_id
    assert fields["child"]["given_name"] == "Robin"
    ours = held(registry)
    assert number_in(value) == ours[f"missing.notification.v{said.VERSION}"]
    assert not set(ours.values()) & set(generate.published().values())


def _kcat_knows_avro() -> bool:
    return b"Avro" in subprocess.run(["kcat", "-V"], capture_output=True, timeout=30).stdout


async def test_kcat_sees_the_ids_of_the_registry(system, registry):
    said = e.notification(at=SystemClock().now())
    async with client(system) as home:
        await home.send_and_wait(said, _LIMIT_SECONDS)
    await asyncio.to_thread(of_the_inbox, system, e.WALSALL, 1)
    reading = ("-C", "-e", "-q", "-t", inbox(e.WALSALL), "-X", "isolation.level=read_committed")

    if _kcat_knows_avro():
        reading += ("-s", "value=avro", "-r", registry.url)
        read = await asyncio.to_thread(kcat, system.access(e.WALSALL), *reading)
        assert str(said.message_id).encode() in read.stdout
    else:
        read = await asyncio.to_thread(kcat, system.access(e.WALSALL), *reading, "-D", "<end>")
        value = next(v for v in read.stdout.split(b"<end>") if str(said.message_id).encode() in v)
        number = held(registry)[f"missing.notification.v{said.VERSION}"]
        assert number_in(value) == number


async def test_an_id_that_the_registry_does_not_know_is_a_rejection(system):
    said = e.notification(at=SystemClock().now())
    await write(system, e.HOME, b"\x00\x00\x0f\x42\x3f" + encode(said)[5:], encode(said))

    first, second = await heard(system, e.HOME, 2)

    assert isinstance(first, Rejection)
    assert first.code == "unknown-schema"
    assert isinstance(second, Receipt)
    assert second.of == said.message_id


async def test_an_unknown_id_waits_while_the_registry_is_away_and_what_is_known_goes_on(
    system, registry
):
    said = [e.notification(at=SystemClock().now()) for _ in range(2)]
    waited: list[Unavailable] = []
    take = system.decider.take

    def spy(records: Any) -> Any:
        try:
            return take(records)
        except Unavailable as error:
            waited.append(error)
            raise

    system.decider.take = spy  # type: ignore[method-assign]
    registry.kill()
    try:
        async with client(system) as home:
            known = await home.send_and_wait(said[0], _LIMIT_SECONDS)
        await write(system, e.HOME, b"\x00\x00\x0f\x42\x3e" + encode(said[1])[5:], encode(said[1]))
        await until(lambda: waited)
        with system.ledger.reading() as connection:
            letters = connection.execute(select(func.count()).select_from(t.dead_letter)).scalar()
    finally:
        await asyncio.to_thread(registry.start)

    first, second, third = await heard(system, e.HOME, 3)
    assert isinstance(known, Receipt)
    assert letters == 0
    assert "schema registry" in str(waited[0])
    assert isinstance(first, Receipt)
    assert isinstance(second, Rejection)
    assert isinstance(third, Receipt)
    assert third.of == said[1].message_id


async def test_homeward_waits_at_its_start_for_a_registry_that_is_away(registry, tmp_path):
    spoken: list[str] = []

    async def run() -> UUID:
        async with homeward(tmp_path, registry.url, spoken.append) as system:
            said = e.notification(at=SystemClock().now())
            async with client(system) as home:
                return (await home.send_and_wait(said, _LIMIT_SECONDS)).message_id

    registry.kill()
    starting = asyncio.create_task(run())
    try:
        await until(lambda: starting.done() or any("schema registry" in text for text in spoken))
        assert not starting.done()
    finally:
        await asyncio.to_thread(registry.start)

    assert await asyncio.wait_for(starting, 2 * _LIMIT_SECONDS)


async def test_a_ledger_changes_its_source_of_ids_only_when_it_is_told_to(
    registry, tmp_path, capsys
):
    said = [e.notification(at=SystemClock().now()) for _ in range(2)]
    async with homeward(tmp_path, None) as system, client(system) as home:
        await home.send_and_wait(said[0], _LIMIT_SECONDS)

    with pytest.raises(Misuse, match="homeward schemas renumber"):
        async with homeward(tmp_path, registry.url):
            pass

    renumber = ["schemas", "renumber", "--home", str(tmp_path), "--json"]
    renumber += ["--schema-registry", registry.url]
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMEWARD_CACHE", str(_CACHE))
        code = await asyncio.to_thread(cli.run, commands(), renumber)
    assert code == 0, capsys.readouterr()
    assert json.loads(capsys.readouterr().out)["changed"] > 0
    async with homeward(tmp_path, registry.url) as system, client(system) as home:
        again = await home.send_and_wait(said[0], _LIMIT_SECONDS)
        new = await home.send_and_wait(said[1], _LIMIT_SECONDS)
    assert isinstance(again, Receipt)
    assert again.repeated
    assert isinstance(new, Receipt)


async def test_who_reads_an_older_version_gets_that_and_the_ledger_keeps_the_newest(system, capsys):
    """Also while Homeward runs: the next delivery is written as the directory says then."""
    await system.add_agency(e.WALSALL, reads={"missing.notification": 1})
    said = e.notification(at=SystemClock().now())
    async with client(system) as home:
        await home.send_and_wait(said, _LIMIT_SECONDS)

    ((theirs, value), *_) = await asyncio.to_thread(of_the_inbox, system, e.WALSALL, 1)
    ((others, _), *_) = await asyncio.to_thread(of_the_inbox, system, e.STOKE, 1)

    assert theirs["ce_type"] == "uk.homeward.missing.notification.v1"
    assert number_in(value) == codec.ids()["missing.notification.v1"]
    assert others["ce_type"] == f"uk.homeward.missing.notification.v{said.VERSION}"
    with system.ledger.reading() as connection:
        kept = connection.execute(
            select(t.content.c.version).where(t.content.c.kind == "missing.notification")
        ).scalars()
        assert set(kept) == {said.VERSION}


def test_published_schemas_are_registered_once_and_guarded(registry, schemas, capsys):
    with contextlib.chdir("/"):
        publish = ["schemas", "publish", "--schema-registry", registry.url]
        codes = [cli.run(commands(), publish) for _ in range(2)]
        check = ["schemas", "check", "--json", "--schema-registry", registry.url]
        capsys.readouterr()
        codes.append(cli.run(commands(), check))

    assert codes == [0, 0, 0]
    assert json.loads(capsys.readouterr().out)["ids"].keys() == generate.published().keys()
    bad = json.loads(generate.text("answer.v1"))
    bad["fields"].append({"name": "new", "type": "string"})
    with pytest.raises(Exception, match="409"):
        schemas.register_schema(subject("answer.v1"), Schema(json.dumps(bad), "AVRO"))
