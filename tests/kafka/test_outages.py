"""What is away is waited for, what cannot be written is set apart, and nothing is lost by it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from sqlalchemy import select

from broker import provision
from broker.__main__ import System, commands
from broker.cli import app as cli
from broker.cli import asking, joining
from broker.cli.home import is_ready
from broker.clock import Clock, SetClock, SystemClock
from broker.connection import AUDIT, RELAY, KafkaAccess, access
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.local.process import free_ports
from broker.provision import inbox, outbox
from broker.questions import is_quiet
from broker.settings import Settings
from producers.client import AgencyClient
from schemas.child import Child, Reference, Scheme
from schemas.codec import encode
from schemas.missing import MissingNotification
from tests import examples as e
from tests.kafka.impatient import hurry
from tests.servers import _CACHE, KafkaServer, kafka_server, postgres_server
from tests.waiting import until_asked

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(150)]

AGENCIES = ((e.HOME, e.STOKE), (e.WALSALL, None), (e.STOKE, None), (e.STAFFORDSHIRE_POLICE, None))
_LIMIT_SECONDS = 60
_OUTAGE_SECONDS = 4
_IMPATIENT = (sys.executable, "-m", "tests.kafka.impatient")


@pytest.fixture
def server() -> Iterator[KafkaServer]:
    """A Kafka of the test's own: it goes away and comes back, and only one ledger fits it."""
    with kafka_server() as server:
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


# -- at the start


class Run:
    """`homeward run` of all parts as a process of its own, and what it has said so far."""

    def __init__(self, home: Path, kafka: str, ledger: str, patience_seconds: float = 60) -> None:
        self.port = free_ports(1)[0]
        parts = ["run", "take-in", "relay", "timekeeper", "--port", str(self.port)]
        where = ["--home", str(home), "--kafka", kafka, "--ledger", ledger]
        self.process = subprocess.Popen(
            [*_IMPATIENT, str(patience_seconds), *parts, *where], stderr=subprocess.PIPE, text=True
        )
        self._said: list[str] = []
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    @property
    def said(self) -> str:
        return "".join(self._said)

    @property
    def ready(self) -> bool:
        return is_ready(f"http://127.0.0.1:{self.port}")

    def says(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self._said)

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait for it; if it does not happen, what was said tells why."""
        with contextlib.suppress(AssertionError):
            await until_asked(lambda: true() or self.process.poll() is not None)
        assert true(), self.said

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self, limit_seconds: float = _LIMIT_SECONDS) -> int:
        code = self.process.wait(limit_seconds)
        self._listening.join(10)
        return code

    def _listen(self) -> None:
        assert self.process.stderr
        with self.process.stderr as lines:
            self._said.extend(lines)


@contextmanager
def run(home: Path, kafka: str, ledger: str, patience_seconds: float = 60) -> Iterator[Run]:
    running = Run(home, kafka, ledger, patience_seconds)
    try:
        yield running
    finally:
        running.process.kill()
        running.ended()


@pytest.mark.parametrize("away", ["Kafka", "the ledger"])
def test_what_is_away_at_the_start_is_named_and_given_up_after_the_limit(kafka, tmp_path, away):
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    bootstrap, url = kafka.bootstrap, f"postgresql+psycopg://homeward@{nowhere}/homeward"
    if away == "Kafka":
        bootstrap, url = nowhere, f"sqlite:///{tmp_path}/ledger.sqlite"

    with run(kafka.settings.home, bootstrap, url, patience_seconds=4) as running:
        assert running.ended() == 1

    assert running.says("Waiting for", away)
    assert running.says("waiting at start", away)
    assert running.says(f"{away} was not there within 4 s")
    assert "Traceback" not in running.said


async def test_what_comes_later_is_waited_for(server):
    with postgres_server(fsync=False) as postgres:
        ledger = postgres.new_database()
        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(server.stop)

        with run(server.settings.home, server.bootstrap, ledger) as running:
            await running.until(lambda: running.says("Waiting for", "Kafka"))
            await asyncio.to_thread(server.start)
            await running.until(lambda: running.says("Waiting for", "the ledger"))
            await asyncio.to_thread(postgres.start)
            await running.until(lambda: running.ready)
            assert await asyncio.to_thread(running.stop) == 0


async def test_a_homeward_that_waits_at_the_start_ends_when_told_to(kafka, tmp_path):
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    with run(kafka.settings.home, nowhere, f"sqlite:///{tmp_path}/ledger.sqlite") as running:
        await running.until(lambda: running.says("Waiting for", "Kafka"))
        began = time.monotonic()
        assert await asyncio.to_thread(running.stop) == 0
        assert time.monotonic() - began < 10


# -- while it runs


class Town:
    """A Homeward in this process, whose agencies are there."""

    def __init__(self, system: System, clock: Clock, home: AgencyClient) -> None:
        self.system, self.clock, self._home = system, clock, home
        self.sent: list[MissingNotification] = []

    async def report(self) -> None:
        """A home reports a child; returns when Kafka has it."""
        said = absence(self.clock.now())
        self.sent.append(said)
        await self._home.send(said)

    def quiet(self) -> bool:
        with self.system.ledger.reading() as connection:
            ends = {outbox(e.HOME): len(self.sent)}
            return is_quiet(connection, self.clock.now(), ends)

    def parked(self) -> dict[str, str]:
        i = t.inbox.c
        query = select(i.destination, i.parked).where(i.parked.is_not(None))
        with self.system.ledger.reading() as connection:
            return {destination: why for destination, why in connection.execute(query)}

    async def got(self, agency: str) -> list[Any]:
        """The reports in an inbox, once for each of its addresses; no number may be missing."""
        found = []
        async with AgencyClient(self.system.access(agency), agency, self.clock) as client:
            async for one in client.read():
                assert one.missing_before == ()
                if isinstance(one.message, MissingNotification):
                    found.append((one.address, one.message.message_id))
        assert len(found) == len(set(found))
        return [id for _, id in found]

    async def all_is_well(self) -> None:
        """Everything that was sent was taken once, and everything decided has gone out."""
        await until_asked(self.quiet)
        audit = self.system.access(AUDIT)
        # What was committed just now is not at once there for a reader of what is committed.
        await until_asked(lambda: not asking.accounted(audit, self.system.ledger)[1], 20)
        found, differences = await asyncio.to_thread(asking.accounted, audit, self.system.ledger)
        assert differences == []
        assert found.totals["accepted"] == found.totals["read"] == len(self.sent)
        ids = {message.message_id for message in self.sent}
        for agency in (e.WALSALL, e.STAFFORDSHIRE_POLICE):
            assert set(await self.got(agency)) == ids


@asynccontextmanager
async def town(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Town]:
    async with System(settings, clock=clock) as system:
        for agency, area in AGENCIES:
            await system.add_agency(agency, agency, area)
        async with AgencyClient(system.access(e.HOME), e.HOME, clock) as home:
            yield Town(system, clock or SystemClock(), home)


def absence(at: datetime) -> MissingNotification:
    """A child nobody has heard of."""
    name = uuid4().hex[:12]
    child = Child(references=(Reference(holder=e.HOME, scheme=Scheme.home_reference, value=name),))
    return e.notification(at, child=child, episode=f"{name}/1", police_report=None)


async def test_kafka_away_for_some_seconds_loses_nothing(server):
    settings = server.settings.model_copy(update={"kafka": server.bootstrap})
    async with town(settings) as busy:
        await busy.report()
        await until_asked(busy.quiet)
        server.kill()
        sending = asyncio.create_task(busy.report())
        await asyncio.wait([sending], timeout=_OUTAGE_SECONDS)
        assert not sending.done()
        await asyncio.to_thread(server.start)
        await sending
        await busy.report()
        await until_asked(lambda: is_ready(busy.system.web))
        await busy.all_is_well()


@pytest.mark.postgresql
async def test_the_database_away_for_some_seconds_loses_nothing(tmp_path):
    with postgres_server(fsync=False) as postgres:
        settings = Settings(home=tmp_path, ledger=postgres.new_database(), cache=_CACHE)
        async with town(settings) as busy:
            await busy.report()
            await until_asked(busy.quiet)
            postgres.kill()
            await busy.report()
            await until_asked(lambda: not is_ready(busy.system.web))
            await busy.report()
            await asyncio.to_thread(postgres.start)
            await until_asked(lambda: is_ready(busy.system.web))
            await busy.report()
            await busy.all_is_well()


async def test_a_ledger_file_that_cannot_be_written_for_some_seconds_loses_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("broker.ledger.engine.LOCK_SECONDS", 1)
    async with town(Settings(home=tmp_path, cache=_CACHE)) as busy:
        await busy.report()
        await until_asked(busy.quiet)
        with held(busy.system.ledger):
            await busy.report()
            await until_asked(lambda: not is_ready(busy.system.web))
            await busy.report()
        await busy.report()
        await busy.all_is_well()


@contextmanager
def held(ledger: Ledger) -> Iterator[None]:
    """Somebody else has the file, as a backup that goes about it wrongly would."""
    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.exec_driver_sql("ROLLBACK")


# -- one inbox that cannot be written


@contextmanager
def deleted(admin: KafkaAccess, agency: str) -> Iterator[None]:
    client = AdminClient({**admin.for_confluent(), "log_level": 0})
    client.delete_topics([inbox(agency)])[inbox(agency)].result(10)
    yield


@contextmanager
def closed(admin: KafkaAccess, agency: str) -> Iterator[None]:
    """The relay may see the inbox, but not write it."""
    client = AdminClient({**admin.for_confluent(), "log_level": 0})
    topic = (ResourceType.TOPIC, inbox(agency), ResourcePatternType.LITERAL)
    denied = (*topic, f"User:{RELAY}", "*", AclOperation.WRITE, AclPermissionType.DENY)
    for future in client.create_acls([AclBinding(*denied)]).values():
        future.result(10)
    yield
    for gone in client.delete_acls([AclBindingFilter(*denied)]).values():
        gone.result(10)


@pytest.mark.parametrize(("trouble", "reason"), [(deleted, "topic-missing"), (closed, "no-access")])
async def test_an_inbox_that_cannot_be_written_is_parked_and_comes_back(tmp_path, trouble, reason):
    clock = SetClock(e.THURSDAY_NOON)
    async with town(Settings(home=tmp_path, cache=_CACHE), clock) as busy:
        admin = access(busy.system.settings, busy.system.bootstrap, "homeward-admin")
        if trouble is closed:
            await busy.report()
            await until_asked(busy.quiet)
        with trouble(admin, e.WALSALL):
            await busy.report()
            await until_asked(lambda: busy.parked() == {inbox(e.WALSALL): reason})
            await busy.report()
            await until_asked(busy.quiet)
            assert len(set(await busy.got(e.STAFFORDSHIRE_POLICE))) == len(busy.sent)
        provision.add_agency(admin, e.WALSALL, busy.system.access(e.WALSALL).password())

        def open_again() -> bool:
            clock.move(timedelta(seconds=31))  # so often parked inboxes are tried
            return not busy.parked()

        await until_asked(open_again)
        await busy.all_is_well()


# -- the end


async def test_sigterm_while_busy_ends_well_and_the_rest_is_done_after_the_next_start(server):
    url = f"sqlite:///{server.settings.home}/busy-{uuid4().hex}.sqlite"
    settings = server.settings.model_copy(update={"kafka": server.bootstrap, "ledger": url})
    ledger = Ledger(url)
    ledger.create(SystemClock())
    for agency, area in AGENCIES:
        joining.add(settings, server.bootstrap, ledger, datetime.now(UTC), agency, agency, area)
    records = 1500
    await write(access(settings, server.bootstrap, e.HOME), records)

    with run(settings.home, server.bootstrap, url) as running:
        await until_asked(lambda: 0 < taken(ledger) < records)
        began = time.monotonic()
        assert await asyncio.to_thread(running.stop) == 0
        assert time.monotonic() - began < 10
    assert taken(ledger) < records
    with run(settings.home, server.bootstrap, url) as running:
        await until_asked(lambda: quiet(ledger, {outbox(e.HOME): records}))
        assert await asyncio.to_thread(running.stop) == 0

    audit = access(settings, server.bootstrap, AUDIT)
    found, differences = await asyncio.to_thread(asking.accounted, audit, ledger)
    ledger.close()
    assert differences == []
    assert found.totals["accepted"] == records
    assert found.totals["pending"] == 0


async def write(home: KafkaAccess, count: int) -> None:
    async with AIOKafkaProducer(**home.for_aiokafka(), acks="all", linger_ms=20) as producer:
        values = [encode(absence(datetime.now(UTC))) for _ in range(count)]
        sent = [await producer.send(outbox(e.HOME), value, partition=0) for value in values]
        await asyncio.gather(*sent)


def taken(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return int(connection.execute(select(t.position.c.read)).scalar() or 0)


def quiet(ledger: Ledger, ends: dict[str, int]) -> bool:
    with ledger.reading() as connection:
        return is_quiet(connection, datetime.now(UTC), ends)


# -- homes


@contextmanager
def up(*homes: Path) -> Iterator[list[dict[str, Any]]]:
    """`homeward up` in each of these homes, and what each says when it is ready."""
    environ = {**os.environ, "HOMEWARD_CACHE": str(_CACHE)}
    command = [*_IMPATIENT, "60", "up", "--json", "--home"]
    started = [
        subprocess.Popen([*command, str(home)], env=environ, stdout=subprocess.PIPE, text=True)
        for home in homes
    ]
    try:
        yield [json.loads(each.stdout.readline()) | {"pid": each.pid} for each in started]
    finally:
        for each in started:
            each.send_signal(signal.SIGTERM)
        for each in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.wait(30)
            each.kill()
            each.communicate()


Homeward = Callable[..., tuple[int, str, str]]


@pytest.fixture
def homeward(capsys: pytest.CaptureFixture[str]) -> Homeward:
    """Runs a command in a home; the answer is exit code, output and errors."""

    def command(home: Path, *arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run(commands(), [*map(str, arguments), "--home", str(home)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A file with a notification of the home."""
    assert cli.run(commands(), ["schemas", "example", "missing.notification"]) == 0
    file = tmp_path / "missing.json"
    file.write_text(capsys.readouterr().out)
    return file


def test_two_homes_on_one_machine_never_meet(tmp_path, homeward, message):
    homes = tmp_path / "one", tmp_path / "other"
    with up(*homes) as ready:
        for what in ("kafka", "web", "ledger"):
            assert ready[0][what] != ready[1][what]
        for home in homes:
            assert homeward(home, "agency", "add", e.HOME, "--area", e.STOKE)[0] == 0
        assert homeward(homes[0], "send", message, "--as", e.HOME, "--wait")[0] == 0

        accounts = [json.loads(homeward(home, "account", "--json")[1]) for home in homes]
        assert [account["read"] for account in accounts] == [1, 0]
        assert homeward(homes[1], "inbox", e.HOME, "--json") == (0, "", "")
        secrets = {(home / "secrets" / f"{e.HOME}.password").read_text() for home in homes}
        assert len(secrets) == 2


def test_a_home_that_was_killed_is_started_again_where_it_stood(tmp_path, homeward, message):
    """The Kafka that a kill -9 left behind is ended, and its records are still there."""
    home = tmp_path / "home"
    send = ("send", message, "--as", e.HOME, "--wait", "--json")
    with up(home) as [first]:
        assert homeward(home, "agency", "add", e.HOME, "--area", e.STOKE)[0] == 0
        assert json.loads(homeward(home, *send)[1])["accepted"]
        os.kill(first["pid"], signal.SIGKILL)
    with up(home) as [again]:
        assert again["ready"]
        assert json.loads(homeward(home, *send)[1])["repeated"]
        account = json.loads(homeward(home, "account", "--json")[1])
        assert account["balanced"]
        assert (account["accepted"], account["repeated"]) == (1, 1)
