"""A backup put back, a Kafka rebuilt, a topic deleted: nothing is lost, and nothing doubled."""

import asyncio
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from broker import questions
from broker.__main__ import System
from broker.cli import backups
from broker.cli import home as homes
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.provision import outbox
from broker.restoring.kafka import Kafka
from broker.restoring.restore import Asked, Restore, Restored
from broker.settings import Settings
from broker.timekeeper import ledger_now
from tests.chaos.load import AGENCIES, HOMES, Load, sending
from tests.chaos.test_kills import World, count, show
from tests.examples import THURSDAY_NOON
from tests.servers import KafkaServer, kafka_server

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
    """A Kafka and a ledger of their own, with six agencies that send."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with kafka_server() as kafka:
        place = Place(kafka, tmp_path, postgres.new_database if postgres else None)
        place.begin()
        yield place
        place.world.ledger.close()


class Place:
    """Where Homeward runs, is stopped, and is restored."""

    def __init__(
        self, kafka: KafkaServer, folder: Path, new_database: Callable[[], str] | None
    ) -> None:
        self.clock = Hours()
        self._folder, self._new_database = folder, new_database
        self.kafka = kafka
        self.url = new_database() if new_database else f"sqlite:///{folder}/ledger.sqlite"
        self.world = World(kafka, Ledger(self.url), self.url, datetime.now(UTC))

    def begin(self) -> None:
        ledger = self.world.ledger
        ledger.create(self.clock)
        for agency in AGENCIES:
            area = HOMES[agency][0] if agency in HOMES else None
            access = self.kafka.add_agency(agency)
            with ledger.deciding() as connection:
                agencies.add(connection, agency, agency, area, {}, self.clock.now())
            dice = random.Random(f"{SEED} {agency}")
            self.world.loads.append(Load(agency, access, self.clock, dice))

    @property
    def settings(self) -> Settings:
        home = self.kafka.settings.home
        return Settings(home=home, kafka=self.kafka.bootstrap, ledger=self.url)

    def homeward(self) -> System:
        return System(self.settings, clock=self.clock)

    def back_up(self) -> Path:
        file = self._folder / "backup"
        backups.write(self.world.ledger, file)
        return file

    def put_back(self, file: Path) -> None:
        """The ledger as it was; what it was since is gone."""
        self.world.ledger.close()
        if self._new_database is None:
            for each in self._folder.glob("ledger.sqlite*"):
                each.unlink()
            shutil.copy(file, self._folder / "ledger.sqlite")
        else:
            self.url = self._new_database()
            address = make_url(self.url).set(drivername="postgresql").render_as_string()
            done = subprocess.run(["pg_restore", f"--dbname={address}", file], capture_output=True)
            assert done.returncode == 0, done.stderr
        self.world.ledger, self.world.url = Ledger(self.url), self.url

    def restore(self, **how: Any) -> Restored:
        ledger = self.world.ledger
        return Restore(
            ledger,
            Kafka(self.kafka.access, self.clock.of_kafka),
            homes.policies(self.settings),
            homes.keys(self.settings, ledger),
            self.clock,
            lambda connection: ledger_now(connection, ledger),
        ).run(Asked("a test", "the disk was lost", **how))

    async def quiet(self) -> None:
        deadline = time.monotonic() + 60
        while not await asyncio.to_thread(self._is_quiet):
            assert time.monotonic() < deadline, "it did not become quiet"
            await asyncio.sleep(0.1)

    def _is_quiet(self) -> bool:
        ends: dict[str, int] = {}
        for one in self.world.sent:
            topic = outbox(one.agency)
            ends[topic] = max(ends.get(topic, 0), one.offset + 1)
        with self.world.ledger.reading() as connection:
            return questions.is_quiet(connection, self.clock.now(), ends)

    def rows(self, *columns: Any) -> list[Any]:
        with self.world.ledger.reading() as connection:
            return [tuple(row) for row in connection.execute(select(*columns))]


async def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def test_a_backup_two_hours_old_is_restored_while_everybody_sends(place, capsys):
    sent = place.world.loads
    async with sending(sent):
        async with place.homeward():
            await until(lambda: sum(len(load.sent) for load in sent) > 60)
            file = await asyncio.to_thread(place.back_up)
            for _ in range(6):
                before = sum(len(load.seen) for load in sent)
                place.clock.forward(timedelta(minutes=20))
                await until(lambda b=before: sum(len(load.seen) for load in sent) > b + 100)
        lost = place.rows(t.delivery.c.id, t.delivery.c.sequence)
        lost_duties = place.rows(t.duty.c.id, t.duty.c.due_at)
        lost_messages = place.rows(t.message.c.sender, t.message.c.message_id, t.message.c.number)
        if place._new_database is None:
            backups._copy_sqlite(place._folder / "ledger.sqlite", Path("/tmp/r/lost.sqlite"))
        await asyncio.to_thread(place.put_back, file)
        tried = await asyncio.to_thread(place.restore, dry_run=True)
        found = await asyncio.to_thread(place.restore)
        if place._new_database is None:
            backups._copy_sqlite(place._folder / "ledger.sqlite", Path("/tmp/r/again.sqlite"))
        again = place.rows(t.message.c.sender, t.message.c.message_id, t.message.c.number)
        duties = place.rows(t.duty.c.id, t.duty.c.due_at)
        async with place.homeward():
            before = sum(len(load.sent) for load in sent)
            await until(lambda: sum(len(load.sent) for load in sent) > before + 60)
    async with place.homeward():
        await place.quiet()
    counted = await count(place.world)
    with capsys.disabled():
        print(
            tried.out,
            tried.retaken,
            tried.left,
            len(tried.orphans),
            tried.waiting,
            tried.still_open,
        )
        print(
            found.out,
            found.retaken,
            found.left,
            found.looks,
            len(found.orphans),
            found.told_of,
            found.waiting,
        )
        from collections import Counter

        print(Counter((o.kind, o.because) for o in found.orphans))
        print("messages", len(lost_messages), len(set(lost_messages) & set(again)), len(again))
        ld, nd = dict(lost_duties), dict(duties)
        print(
            "duties",
            len(ld),
            len(nd),
            sum(k in nd for k in ld),
            Counter(
                None
                if ld[k] is None or nd[k] is None
                else round((nd[k] - ld[k]).total_seconds(), 1)
                for k in ld
                if k in nd
            ).most_common(12),
        )
        print(found.found)
        show(place.world, 0, 0, counted)
    assert not +counted.wrong, (counted.wrong, counted.examples)
