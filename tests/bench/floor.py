"""
The floor under every design: the same bytes in, rows written and records sent, and no decisions.

One process and one event loop. Each message is decoded; its rows go into the same tables in bulk,
with the position it was read at, in one transaction; its records go out in Kafka transactions of
2,000 with a cursor, straight from memory. No rule, no check, no lock, nothing looked up or read
back: it would lose records if it were killed.
"""

import asyncio
import io
import json
import sqlite3
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from uuid import UUID

import aiokafka.producer.sender
import asyncpg  # type: ignore[import-untyped]  # it has no types
import fastavro
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy.engine import make_url

from broker.connection import RELAY, TAKE_IN
from broker.provision import CURSOR
from schemas import generate
from tests.bench import shape
from tests.bench.child import Marks, Task, told
from tests.bench.load import homes

aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.002

IN, OUT = 500, 2000
_FRAME = struct.Struct(">bI")
_ROOM = 8  # batches that may wait to be sent

_POSITION = (
    "INSERT INTO position (topic, topic_id, next, read, accepted, repeated, rejected)"
    " VALUES ({}, 'floor', {}, {}, {}, 0, 0)"
    " ON CONFLICT (topic, topic_id) DO UPDATE SET next = excluded.next,"
    " read = position.read + excluded.read, accepted = position.accepted + excluded.accepted"
)
_INBOX = (
    "INSERT INTO inbox (destination, shard, next, sent, decided) VALUES ({}, 0, 1, 0, {})"
    " ON CONFLICT (destination) DO UPDATE SET decided = inbox.decided + excluded.decided"
)

Rows = Mapping[str, list[shape.Row]]
Record = tuple[str, bytes, bytes, shape.Headers]


class Tables(Protocol):
    """The quickest way into one kind of database."""

    async def write(
        self, rows: Rows, positions: list[tuple[Any, ...]], decided: list[tuple[str, int]]
    ) -> None: ...

    async def close(self) -> None: ...


class Postgres:
    """asyncpg and COPY."""

    def __init__(self, connection: Any, columns: Mapping[str, tuple[str, ...]]) -> None:
        self._connection, self._columns = connection, columns

    async def write(
        self, rows: Rows, positions: list[tuple[Any, ...]], decided: list[tuple[str, int]]
    ) -> None:
        async with self._connection.transaction():
            for table, records in rows.items():
                await self._connection.copy_records_to_table(
                    table, records=records, columns=self._columns[table]
                )
            marks = ("$1", "$2", "$3", "$4")
            await self._connection.executemany(_POSITION.format(*marks), positions)
            await self._connection.executemany(_INBOX.format(*marks[:2]), decided)

    async def close(self) -> None:
        await self._connection.close()


class Sqlite:
    """The driver of the standard library and executemany, as durable as the ledger."""

    def __init__(self, path: str, columns: Mapping[str, tuple[str, ...]]) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            self._connection.execute(f"PRAGMA {pragma}").close()
        self._insert = {
            table: f"INSERT INTO {table} ({', '.join(names)})"
            f" VALUES ({', '.join('?' for _ in names)})"
            for table, names in columns.items()
        }

    async def write(
        self, rows: Rows, positions: list[tuple[Any, ...]], decided: list[tuple[str, int]]
    ) -> None:
        await asyncio.to_thread(self._write, rows, positions, decided)

    def _write(
        self, rows: Rows, positions: list[tuple[Any, ...]], decided: list[tuple[str, int]]
    ) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for table, records in rows.items():
            connection.executemany(self._insert[table], records)
        connection.executemany(_POSITION.format(*"????"), positions)
        connection.executemany(_INBOX.format(*"??"), decided)
        connection.execute("COMMIT")

    async def close(self) -> None:
        self._connection.close()


async def _tables(url: str, columns: Mapping[str, tuple[str, ...]]) -> Tables:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        # SQLite has no type for ids: the ledger keeps them as their digits.
        sqlite3.register_adapter(UUID, lambda value: value.hex)
        return Sqlite(parsed.database or "", columns)
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    return Postgres(await asyncpg.connect(plain), columns)


class Decoder:
    """fastavro with parsed schemas."""

    def __init__(self) -> None:
        self._schemas = {}
        for name, number in generate.published().items():
            schema = json.loads((generate.FOLDER / f"{name}.avsc").read_text())
            self._schemas[number] = (name.rpartition(".v")[0], fastavro.parse_schema(schema))

    def read(self, value: bytes) -> tuple[str, Any]:
        """Kind and fields."""
        kind, schema = self._schemas[_FRAME.unpack_from(value)[1]]
        stream = io.BytesIO(value)
        stream.seek(_FRAME.size)
        return kind, fastavro.schemaless_reader(stream, schema, None)


class Floor:
    """Both loops."""

    def __init__(self, task: Task, marks: Marks, shape_: shape.Shape, tables: Tables) -> None:
        self._task, self._marks, self._shape, self._tables = task, marks, shape_, tables
        self._decoder, self._make = Decoder(), shape.makers()
        self._queue: asyncio.Queue[list[Record] | None] = asyncio.Queue(_ROOM)
        self._sequences: Counter[str] = Counter()

    async def run(self) -> None:
        await asyncio.gather(self._take_in(), self._relay())

    async def _take_in(self) -> None:
        consumer = AIOKafkaConsumer(
            **self._task.access(TAKE_IN).for_aiokafka(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            outboxes = [TopicPartition(home.outbox, 0) for home in homes()]
            consumer.assign(outboxes)
            taken = 0
            while taken < self._task.messages:
                found = await consumer.getmany(timeout_ms=20, max_records=IN)
                batch = [record for records in found.values() for record in records]
                if batch:
                    self._marks.began()
                    await self._queue.put(await self._batch(batch))
                    taken += len(batch)
                    self._marks.took(len(batch))
            await self._queue.put(None)
        finally:
            await consumer.stop()

    async def _batch(self, batch: Iterable[Any]) -> list[Record]:
        rows: dict[str, list[shape.Row]] = defaultdict(list)
        records: list[Record] = []
        ends: dict[str, int] = {}
        counts: Counter[str] = Counter()
        for one in batch:
            kind, message = self._decoder.read(one.value)
            led = self._shape.led[message["sender"], kind]
            fresh = shape.fill(led, one.value, message["message_id"], self._make)
            for template in led.templates:
                rows[template.table].append(template.filled(fresh))
            for send in led.sends:
                self._sequences[send.topic] += 1
                records.append(shape.record(send, fresh, self._sequences[send.topic]))
            ends[one.topic] = one.offset + 1
            counts[one.topic] += 1
        positions = [(topic, end, counts[topic], counts[topic]) for topic, end in ends.items()]
        decided = Counter(record[0] for record in records)
        await self._tables.write(rows, positions, list(decided.items()))
        return records

    async def _relay(self) -> None:
        producer = AIOKafkaProducer(
            **self._task.access(RELAY).for_aiokafka(),
            acks="all",
            transactional_id="relay-floor",
            transaction_timeout_ms=10_000,
            max_batch_size=262_144,
        )
        await producer.start()
        await producer.client.set_topics([*self._shape.topics(), CURSOR])
        try:
            more, batch = True, 0
            while more:
                records, more = await self._waiting()
                for start in range(0, len(records), OUT):
                    batch += 1
                    await self._send(producer, records[start : start + OUT], batch)
        finally:
            await producer.stop()

    async def _waiting(self) -> tuple[list[Record], bool]:
        found = await self._queue.get()
        records = list(found or ())
        while found is not None and len(records) < OUT and not self._queue.empty():
            found = self._queue.get_nowait()
            records += found or ()
        return records, found is not None

    async def _send(self, producer: Any, records: list[Record], batch: int) -> None:
        async with producer.transaction():
            sent = [
                await producer.send(topic, value, key, partition=0, headers=headers)
                for topic, value, key, headers in records
            ]
            sent.append(await producer.send(CURSOR, b"%d" % batch, b"floor", partition=0))
            await asyncio.gather(*sent)
        self._marks.sent(len(records))


async def main(task: Task) -> None:
    known = shape.learn(returns=task.returns > 0)
    tables = await _tables(task.ledger, known.columns)
    marks = Marks()
    try:
        await asyncio.wait_for(Floor(task, marks, known, tables).run(), task.limit_seconds)
    finally:
        await tables.close()
    marks.tell()


if __name__ == "__main__":
    asyncio.run(main(told(sys.argv)))
