"""A backup put back, a Kafka rebuilt, a topic deleted: nothing is lost, and nothing doubled."""

import asyncio
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from sqlalchemy import select, update
from sqlalchemy.engine import make_url

from broker import questions
from broker.__main__ import System
from broker.accounting.kafka import ends as ends_of
from broker.cli import asking, backups, joining
from broker.cli import home as homes
from broker.connection import AUDIT, KafkaAccess
from broker.errors import Misuse, Unavailable
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.provision import CURSOR, inbox, outbox
from broker.restoring.kafka import Kafka
from broker.restoring.restore import Asked, Restore, Restored
from broker.settings import Settings
from broker.timekeeper import ledger_now
from schemas.codec import encode
from tests.chaos.counting import Sides, count, read
from tests.chaos.load import AGENCIES, HOMES, Load, sending
from tests.examples import HOME, THURSDAY_NOON, WALSALL
from tests.scenarios.test_bad_input import absence
from tests.servers import KafkaServer, kafka_server
from tests.waiting import until_asked

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

SEED = 20261128


class Hours:
    """A clock that runs as clocks do, and is put forward by whole stretches."""

    def __init__(self) -> None:
        self._stretches = [(datetime.min.replace(tzinfo=UTC), THURSDAY_NOON - datetime.now(UTC))]

    def now(self) -> datetime:
        return datetime.now(UTC) + self._stretches[-1][1]

    def forward(self, by: timedelta) -> None:
        self._stretches.append((datetime.now(UTC), self._stretches[-1][1] + by))

    def of_kafka(self, milliseconds: int) -> datetime:
        real = datetime.fromtimestamp(milliseconds / 1000, UTC)
        return real + next(by for since, by in reversed(self._stretches) if since <= real)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Place"]:
    """A Kafka and a ledger of their own, with six agencies that send; PostgreSQL has two shards."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with kafka_server() as kafka:
        place = Place(kafka, tmp_path, postgres.new_database if postgres else None)
        place.begin(shards=2 if postgres else 1)
        yield place
        place.ledger.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator["Place"]:
    """The same with SQLite alone, and two shards."""
    with kafka_server(shards=2) as kafka:
        place = Place(kafka, tmp_path, None)
        place.begin(shards=2)
        yield place
        place.ledger.close()


class Place:
    """Where Homeward runs, is stopped, and is restored."""

    def __init__(
        self, kafka: KafkaServer, folder: Path, new_database: Callable[[], str] | None
    ) -> None:
        self.clock = Hours()
        self._folder, self._new_database = folder, new_database
        self.kafka = kafka
        self.url = new_database() if new_database else f"sqlite:///{folder}/ledger.sqlite"
        self.ledger = Ledger(self.url)
        self.loads: list[Load] = []

    def begin(self, shards: int) -> None:
        ledger = self.ledger
        ledger.create(self.clock, shards)
        for agency in AGENCIES:
            area = HOMES[agency][0] if agency in HOMES else None
            access = self.kafka.add_agency(agency)
            with ledger.deciding() as connection:
                agencies.add(connection, agency, agency, area, {}, self.clock.now())
            dice = random.Random(f"{SEED} {agency}")
            self.loads.append(Load(agency, access, self.clock, dice))

    @property
    def settings(self) -> Settings:
        home = self.kafka.settings.home
        return Settings(home=home, kafka=self.kafka.bootstrap, ledger=self.url)

    def homeward(self) -> System:
        return System(self.settings, clock=self.clock)

    def back_up(self) -> Path:
        file = self._folder / "backup"
        backups.write(self.ledger, file)
        return file

    def put_back(self, file: Path) -> None:
        """The ledger as it was; what it was since is gone."""
        self.ledger.close()
        if self._new_database is None:
            for each in self._folder.glob("ledger.sqlite*"):
                each.unlink()
            shutil.copy(file, self._folder / "ledger.sqlite")
        else:
            self.url = self._new_database()
            address = make_url(self.url).set(drivername="postgresql").render_as_string()
            done = subprocess.run(["pg_restore", f"--dbname={address}", file], capture_output=True)
            assert done.returncode == 0, done.stderr
        self.ledger = Ledger(self.url)

    def restore(self, kind: type[Kafka] = Kafka, wait_seconds: float = 15, **how: Any) -> Restored:
        ledger = self.ledger
        return Restore(
            ledger,
            kind(self.kafka.access, self.clock.of_kafka),
            homes.policies(self.settings),
            homes.keys(self.settings, ledger),
            self.clock,
            lambda connection: ledger_now(connection, ledger),
            wait_seconds,
        ).run(Asked("a test", "the disk was lost", **how))

    async def quiet(self) -> None:
        await until_asked(self._is_quiet)

    def _is_quiet(self) -> bool:
        ends = {outbox(load.agency): max(load.confirmed) + 1 for load in self.loads}
        with self.ledger.reading() as connection:
            return questions.is_quiet(connection, self.clock.now(), ends)

    def rows(self, *columns: Any) -> list[Any]:
        with self.ledger.reading() as connection:
            return [tuple(row) for row in connection.execute(select(*columns))]

    # -- what may befall a Kafka

    def _admin(self) -> AdminClient:
        return AdminClient(self.kafka.local.access().for_confluent())

    def drop_records(self, *topics: str) -> None:
        """As retention does, of all there is."""
        ends = ends_of(self.kafka.access(AUDIT), topics)
        places = [TopicPartition(topic, 0, end) for topic, end in ends.items()]
        admin = self._admin()
        for done in admin.delete_records(places).values():
            done.result(30)

    def delete(self, *topics: str) -> None:
        admin = self._admin()
        for done in admin.delete_topics([*topics], operation_timeout=30).values():
            done.result(30)

    def lose_end(self, topic: str, batches: int) -> None:
        """Its disk did not keep what it had said was kept: the last so many batches of a topic."""
        self.kafka.stop()
        folder = self.kafka.settings.home / "kafka" / "data" / f"{topic}-0"
        [log] = folder.glob("*.log")
        held, places, at = log.read_bytes(), [], 0
        while at < len(held):
            places.append(at)
            at += 12 + int.from_bytes(held[at + 8 : at + 12])  # offset and length come first
        log.write_bytes(held[: places[-batches]])
        for ending in ("index", "timeindex", "snapshot"):
            for each in folder.glob(f"*.{ending}"):
                each.unlink()
        self.kafka.start()

    def rebuild(self) -> None:
        """Its disks are lost."""
        self.kafka.stop()
        shutil.rmtree(self.kafka.settings.home / "kafka")
        self.kafka.start()

    def make_again(self) -> None:
        local = self.settings.model_copy(update={"kafka": None})
        bootstrap, ledger = self.kafka.bootstrap, self.ledger
        joining.make_again(local, bootstrap, ledger, with_agencies=True)

    # -- what the ledger says

    def numbers(self) -> dict[str, int]:
        with self.ledger.reading() as connection:
            return questions.stamped(connection)

    def deliveries(self, topic: str) -> list[Any]:
        d = t.delivery.c
        query = select(d.id, d.sequence).where(d.destination == topic, d.sequence.is_not(None))
        with self.ledger.reading() as connection:
            return list(connection.execute(query))

    def repeated(self, agency: str) -> int:
        p = t.position.c
        query = select(p.next, p.repeated).where(p.topic == outbox(agency)).order_by(p.next)
        with self.ledger.reading() as connection:
            return int(connection.execute(query).all()[0].repeated)

    def counts(self, agency: str) -> tuple[int, ...]:
        """How many records of its outbox were read, accepted, repeated, rejected."""
        with self.ledger.reading() as connection:
            for one in questions.account(connection).intakes:
                if one.topic == outbox(agency):
                    return (one.read, one.accepted, one.repeated, one.rejected)
        return (0, 0, 0, 0)

    def taken(self) -> list[int]:
        """How many records of each outbox were read."""
        with self.ledger.reading() as connection:
            read = {one.topic: one.read for one in questions.account(connection).intakes}
        return [read.get(outbox(agency), 0) for agency in AGENCIES]

    def waiting(self) -> int:
        return len(self.rows_where(t.delivery.c.sequence.is_(None)))

    def rows_where(self, *how: Any) -> list[Any]:
        with self.ledger.reading() as connection:
            return list(connection.execute(select(t.delivery.c.id).where(*how)))

    def twenty_minutes_later(self) -> bool:
        """Put the clock forward while nothing is decided, and nothing is half sent."""
        unsent = select(t.batch.c.number).where(t.batch.c.sent_at.is_(None))
        with self.ledger.deciding() as connection:
            connection.execute(update(t.shard).values(last=t.shard.c.last))  # nothing is stamped
            if connection.execute(unsent).first():
                return False
            self.clock.forward(timedelta(minutes=20))
            return True

    @contextmanager
    def lease(self) -> Iterator[None]:
        """A relay of another machine runs."""
        until = datetime.now(UTC) + timedelta(minutes=1)
        for values in ({"holder": "another", "lease_until": until}, {"holder": None}):
            with self.ledger.writing() as connection:
                connection.execute(update(t.shard).values(values))
            if values["holder"]:
                yield


async def run_for_a_while(place: Place) -> Path:
    """The answer is a backup from near the beginning."""
    loads = place.loads
    async with place.homeward():
        await until_asked(lambda: sum(len(load.seen) for load in loads) > 60)
        file, before = await asyncio.to_thread(place.back_up), place.taken()
        await until_asked(
            lambda: all(now > then for now, then in zip(place.taken(), before, strict=True))
        )
        await until_asked(lambda: sum(len(load.seen) for load in loads) > 160)
    return file


async def send(access: KafkaAccess, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(**access.for_aiokafka(), acks="all")
    async with producer:
        await producer.send_and_wait(topic, value, partition=0)


def numbers_in(kafka: KafkaServer) -> dict[str, list[int]]:
    """The sequence numbers in each inbox, as they came."""
    found = read(kafka, [inbox(agency) for agency in AGENCIES])
    return {
        topic: [int(one.headers["sequence"]) for one in records if "sequence" in one.headers]
        for topic, records in found.items()
    }


async def run_for_two_hours(place: Place) -> Path:
    """Homeward runs while everybody sends; the answer is a backup from near the beginning."""
    loads = place.loads
    async with place.homeward():
        await until_asked(lambda: sum(len(load.confirmed) for load in loads) > 40)
        file = await asyncio.to_thread(place.back_up)
        for _ in range(6):
            before = sum(len(load.seen) for load in loads)
            await until_asked(place.twenty_minutes_later)
            await until_asked(lambda b=before: sum(len(load.seen) for load in loads) > b + 40)
        with pytest.raises(Misuse, match="take-in runs still"):
            await asyncio.to_thread(place.restore, wait_seconds=0)
    with place.lease(), pytest.raises(Misuse, match="relay shard 0"):
        await asyncio.to_thread(place.restore)
    return file


class Broken(Kafka):
    """A Kafka that is gone when the cursor is to move."""

    @contextmanager
    def shut(self, shards: Sequence[int]) -> Iterator[Any]:
        with super().shut(shards) as cursors:
            cursors.move = self._fail
            yield cursors

    def _fail(self, *_: object) -> None:
        raise Unavailable("Kafka went away")


async def test_a_backup_two_hours_old_is_restored_while_everybody_sends(place):
    async with sending(place.loads):
        file = await run_for_two_hours(place)
        messages = {*place.rows(t.message.c.sender, t.message.c.message_id, t.message.c.number)}
        steps = {*place.rows(t.duty_event.c.duty, t.duty_event.c.what, t.duty_event.c.at)}
        await asyncio.to_thread(place.put_back, file)
        old = place.rows(t.ledger.c.id)
        tried = await asyncio.to_thread(place.restore, dry_run=True)
        assert place.rows(t.ledger.c.id) == old

        with pytest.raises(Unavailable):  # interrupted between ledger and cursor
            await asyncio.to_thread(place.restore, Broken)
        found = await asyncio.to_thread(place.restore)

        assert tried.found.older
        assert tried.out > 200
        # What the clock alone had decided comes out otherwise: on a slow machine, more of it.
        assert len(tried.orphans) < 0.2 * tried.out
        assert not found.out
        again = {*place.rows(t.message.c.sender, t.message.c.message_id, t.message.c.number)}
        # What had not gone out yet is decided on again later: on a slow machine, more of it.
        assert len(messages & again) > 0.7 * len(messages)
        fired = {*place.rows(t.duty_event.c.duty, t.duty_event.c.what, t.duty_event.c.at)}
        assert len(steps & fired) > 0.7 * len(steps)
        async with place.homeward():
            before = sum(len(load.confirmed) for load in place.loads)
            await until_asked(
                lambda: sum(len(load.confirmed) for load in place.loads) > before + 20
            )
    async with place.homeward():
        await place.quiet()
    counted = await asyncio.to_thread(count, Sides(place.kafka, place.ledger, place.loads))
    assert not +counted.wrong, (counted.wrong, counted.examples)
    assert [who for who, _ in place.rows(t.audit.c.who, t.audit.c.what)] == ["a test"] * 2


async def test_what_kafka_dropped_before_it_was_restored_is_named_and_must_be_accepted(small):
    async with sending(small.loads):
        file = await run_for_a_while(small)
        await asyncio.to_thread(small.put_back, file)
    outbox_, inbox_ = outbox(HOME), inbox(WALSALL)
    small.drop_records(outbox_, inbox_)

    with pytest.raises(Misuse, match="--accept-loss"):
        await asyncio.to_thread(small.restore)
    found = (await asyncio.to_thread(small.restore, accept_loss=True)).found

    assert outbox_ in found.unread
    assert found.lost[inbox_]
    async with small.homeward():
        await small.quiet()
    assert asking.accounted(small.kafka.access(AUDIT), small.ledger)[1] == []
    numbers = [row.sequence for row in small.deliveries(inbox_)]
    assert max(found.lost[inbox_]) < min(n for n in numbers if n > min(found.lost[inbox_]))


async def test_an_outbox_that_lost_its_end_is_read_on_where_it_is_another(small):
    home, topic = small.kafka.access(HOME), outbox(HOME)
    said = [encode(absence(number, at=small.clock.now())) for number in range(5)]
    async with small.homeward():
        for value in (*said[:4], said[0], b"noise", b"noise", b"noise"):
            await send(home, topic, value)
        await until_asked(lambda: small.counts(HOME) == (8, 4, 1, 3))
        await until_asked(lambda: not small.waiting())
    await asyncio.to_thread(small.lose_end, topic, 3)
    for value in (said[4], b"noise"):
        await send(home, topic, value)

    found = (await asyncio.to_thread(small.restore)).found

    assert found.shorter == {topic: 7}
    async with small.homeward():
        await until_asked(lambda: small.counts(HOME) == (10, 5, 1, 4))
        await until_asked(lambda: not small.waiting())
    assert asking.accounted(small.kafka.access(AUDIT), small.ledger)[1] == []


async def test_topics_that_were_deleted_and_a_kafka_built_anew_go_on_above(small):
    async with sending(small.loads):
        await run_for_a_while(small)
    sent = small.numbers()
    small.delete(CURSOR, inbox(WALSALL), outbox(HOME), "missing.notifications")

    small.make_again()
    found = await asyncio.to_thread(small.restore)

    assert not found.found.older
    assert {inbox(WALSALL), "missing.notifications"} == found.found.gone.keys()
    assert found.pictures
    again = small.rows(t.message.c.sender, t.message.c.value)
    value = next(value for sender, value in again if sender == HOME)
    await send(small.kafka.access(HOME), outbox(HOME), value)
    async with small.homeward():
        await until_asked(lambda: small.repeated(HOME) > 0)
        await until_asked(lambda: not small.waiting())
    walsall = (await asyncio.to_thread(numbers_in, small.kafka))[inbox(WALSALL)]
    assert walsall == [*range(sent[inbox(WALSALL)] + 1, sent[inbox(WALSALL)] + len(walsall) + 1)]
    assert asking.accounted(small.kafka.access(AUDIT), small.ledger)[1] == []

    sent = small.numbers()
    small.rebuild()

    small.make_again()
    found = await asyncio.to_thread(small.restore)

    assert not found.found.older
    assert found.found.cursor_wrong
    assert found.pictures
    async with small.homeward():
        await until_asked(lambda: not small.waiting())
    for topic, numbers in (await asyncio.to_thread(numbers_in, small.kafka)).items():
        first = sent.get(topic, 0) + 1
        assert numbers == [*range(first, first + len(numbers))]
    assert asking.accounted(small.kafka.access(AUDIT), small.ledger)[1] == []
