"""Every delivery reaches its inbox once and in order, whatever happens to whom."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
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

from broker.clock import SetClock, SystemClock
from broker.connection import RELAY
from broker.errors import Misuse, Unavailable
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.parts import State
from broker.provision import CURSOR
from producers.relay import Relay
from producers.wire import LARGEST
from schemas.codec import decode
from schemas.notices import Heartbeat
from tests.kafka.relay_victim import Uncounted, pseudonym
from tests.kafka.relay_world import World, opened
from tests.outbox import decide, rows
from tests.servers import KafkaServer, kafka_server, postgres_server
from tests.waiting import until_asked

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

STEPS = (
    "started",
    "caught up",
    "stamping",
    "stamped",
    "begun",
    "half queued",
    "queued",
    "sent",
    "committed",
    "confirmed",
)
_SHARDS = 60


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaServer]:
    """A Kafka of this file's own: it is stopped, and each test has a shard to itself."""
    with kafka_server(_SHARDS) as server:
        yield server


@pytest.fixture(scope="module")
def shards() -> Iterator[int]:
    return count()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request, kafka, shards, tmp_path) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    with opened(kafka, url, next(shards)) as world:
        yield world


@pytest.fixture
def small(kafka, shards, tmp_path) -> Iterator[World]:
    """A world whose ledger's kind does not matter."""
    with opened(kafka, f"sqlite:///{tmp_path}/ledger.sqlite", next(shards)) as world:
        yield world


async def test_deliveries_arrive_in_order_and_urgent_ones_first(world):
    a, b = world.add_inboxes(2)
    child = uuid4()
    ids = world.post(
        {"destination": a},
        {"destination": a, "child": child},
        {"destination": b},
    )
    ids += world.post({"destination": a, "child": child, "urgent": True})

    async with world.relaying():
        await until_asked(world.all_sent)
    found = await world.read()

    assert _deliveries(found[a]) == [ids[1], ids[3], ids[0]]
    assert _deliveries(found[b]) == [ids[2]]
    assert await world.agrees() == 4


def _deliveries(records: list[Any]) -> list[UUID]:
    return [UUID(dict(r.headers)["delivery"].decode()) for r in records]


async def test_a_delivery_says_what_it_is_and_names_nobody(small):
    (inbox,) = small.add_inboxes(1)
    child = uuid4()
    answer_by = small.clock.now() + timedelta(hours=1)
    (id,) = small.post(
        {"destination": inbox, "child": child, "answer_by": answer_by, "value": b"as it is"}
    )

    async with small.relaying():
        await until_asked(small.all_sent)
    (record,) = (await small.read())[inbox]

    content = rows(small.ledger, select(t.content))[0]
    subject = pseudonym(child, inbox.removeprefix("inbox."))
    assert record.value == b"as it is"
    assert record.key == subject.encode()
    assert {name: value.decode() for name, value in record.headers} == {
        "ce_specversion": "1.0",
        "ce_id": str(content.message_id),
        "ce_type": "uk.homeward.missing.notification.v1",
        "ce_source": "police.E23000015",
        "ce_time": content.occurred_at.isoformat().replace("+00:00", "Z"),
        "ce_subject": subject,
        "content-type": "application/avro",
        "delivery": str(id),
        "sequence": "1",
        "address": "la.E10000028/front-door",
        "view": "full",
        "because": "told@1",
        "answer_by": answer_by.isoformat().replace("+00:00", "Z"),
        "exercise": "false",
        "wakes": "false",
    }


async def test_a_topic_of_the_record_carries_acceptance_and_the_childs_reference(small):
    child = uuid4()
    small.post({"destination": "duties", "address": "", "child": child, "message": 77})

    async with small.relaying():
        await until_asked(small.all_sent)
    record = (await small.read("duties"))["duties"][-1]

    headers = dict(record.headers)
    assert record.key == headers["ce_subject"] == str(child).encode()
    assert headers["acceptance"] == b"77"
    assert headers.keys().isdisjoint({"address", "view", "because"})


async def test_a_heartbeat_tells_the_last_number_and_takes_none(small):
    small.clock = SetClock(SystemClock().now())
    a, b = small.add_inboxes(2)
    small.post({"destination": a}, {"destination": a}, {"destination": b})
    small.stamping().park(b, "no-channel")

    async with small.relaying():
        await until_asked(lambda: small.all_sent(but=1))
        small.clock.move(timedelta(seconds=61))
        await until_asked(lambda: _heartbeats(small, a))
    found = await small.read()

    (heartbeat,) = [r for r in found[a] if "sequence" not in dict(r.headers)]
    message = decode(heartbeat.value)
    assert isinstance(message, Heartbeat)
    assert (message.inbox, message.last_sequence) == (a.removeprefix("inbox."), 2)
    assert dict(heartbeat.headers)["ce_type"] == b"uk.homeward.heartbeat.v1"
    assert found[b] == []


def _heartbeats(world: World, inbox: str) -> list[Any]:
    found = asyncio.run(world.read(inbox))[inbox]
    return [record for record in found if "sequence" not in dict(record.headers)]


async def test_a_large_backlog_goes_out_whole(world):
    inboxes = world.add_inboxes(12)
    for _ in range(3):
        world.post(*({"destination": inboxes[n % 12]} for n in range(1700)))

    async with world.relaying():
        await until_asked(world.all_sent)

    assert await world.agrees() == 5100


# -- one inbox that cannot be written


async def test_an_inbox_without_a_topic_is_parked_and_opened_when_it_has_one(world):
    world.clock = SetClock(SystemClock().now())
    (good,) = world.add_inboxes(1)
    missing = f"inbox.la.T{uuid4().hex[:12]}"
    world.post({"destination": missing}, {"destination": good}, {"destination": missing})

    async with world.relaying():
        await until_asked(lambda: world.all_sent(but=2))
        assert world.parked() == {missing: "topic-missing"}
        world.make_topics([missing])
        world.inboxes.append(missing)
        world.clock.move(timedelta(seconds=31))
        await until_asked(world.all_sent)

    assert world.parked() == {}
    assert await world.agrees() == 3


async def test_a_message_that_is_too_large_parks_its_inbox_only(small):
    small.clock = SetClock(SystemClock().now())
    good, full = small.add_inboxes(2)
    large = b"x" * LARGEST
    small.post(
        {"destination": good, "value": large},
        {"destination": full, "value": large + b"x"},
        {"destination": good},
    )

    async with small.relaying():
        await until_asked(lambda: small.all_sent(but=1))
        small.clock.move(timedelta(seconds=31))
        small.post({"destination": good})
        await until_asked(lambda: small.all_sent(but=1))

    assert small.parked() == {full: "too-large"}
    assert await small.agrees(parked=1) == 3


async def test_a_topic_deleted_while_it_is_used_parks_its_inbox_only(world):
    a, doomed, b = world.add_inboxes(3)
    relay_gone = _Once("stamped", lambda: _delete(world.kafka, doomed))
    async with world.relaying() as relay:
        await until_asked(lambda: relay.condition().state is State.working)
    world.post(*({"destination": name} for name in (a, doomed, b)))

    async with world.relaying(step=relay_gone):
        await until_asked(lambda: world.parked() == {doomed: "topic-missing"})
        world.post({"destination": a}, {"destination": doomed})
        await until_asked(lambda: world.all_sent(but=2))

    world.inboxes.remove(doomed)
    assert await world.agrees(parked=2) == 3


class _Once:
    """Does something when the relay first comes to a step."""

    def __init__(self, step: str, do: Callable[[], object]) -> None:
        self._step, self._do = step, do

    def __call__(self, where: str) -> None:
        if where == self._step:
            self._step = ""
            self._do()


def _delete(kafka: KafkaServer, topic: str) -> None:
    admin = AdminClient({**kafka.local.access().for_confluent(), "log_level": 0})
    for future in admin.delete_topics([topic]).values():
        future.result(10)


@contextlib.contextmanager
def _no_write(kafka: KafkaServer, topic: str) -> Iterator[None]:
    """The relay may see the topic, but not write it."""
    admin = AdminClient({**kafka.local.access().for_confluent(), "log_level": 0})
    topic_acl = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{RELAY}", "*")
    denied = (*topic_acl, AclOperation.WRITE, AclPermissionType.DENY)
    for future in admin.create_acls([AclBinding(*denied)]).values():
        future.result(10)
    try:
        yield
    finally:
        for future in admin.delete_acls([AclBindingFilter(*denied)]).values():
            future.result(10)


async def test_a_right_withdrawn_parks_the_inbox_until_it_is_given_back(world):
    world.clock = SetClock(SystemClock().now())
    a, closed, b = world.add_inboxes(3)
    async with world.relaying():
        world.post(*({"destination": name} for name in (a, closed, b)))
        await until_asked(world.all_sent)
        with _no_write(world.kafka, closed):
            world.post(*({"destination": name} for name in (a, closed, b, closed)))
            await until_asked(lambda: world.parked() == {closed: "no-access"})
            world.post({"destination": a})
            await until_asked(lambda: world.all_sent(but=2))
            world.clock.move(timedelta(seconds=31))
        await _opened(world)
        await until_asked(world.all_sent)

    assert await world.agrees() == 8


async def _opened(world: World) -> None:
    """Time passes until somebody has tried the parked inboxes again."""

    def moved() -> bool:
        world.clock.move(timedelta(seconds=31))
        return not world.parked()

    await until_asked(moved)


# -- the world at fault


async def test_kafka_away_for_a_while_loses_nothing(world, monkeypatch):
    monkeypatch.setattr("producers.relay._SEND_SECONDS", 3)
    inboxes = world.add_inboxes(4)
    async with world.relaying() as relay:
        world.post(*({"destination": name} for name in inboxes))
        await until_asked(world.all_sent)
        world.kafka.kill()
        world.post(*({"destination": name} for name in inboxes))
        await until_asked(lambda: relay.condition().state is State.waiting)
        world.kafka.start()
        await until_asked(world.all_sent)

    assert await world.agrees() == 8


@pytest.mark.postgresql
async def test_a_ledger_away_for_a_while_loses_nothing(kafka, shards):
    # A server of its own: after hundreds of databases, one that was killed is long in coming back.
    with (
        postgres_server(fsync=False) as postgres,
        opened(kafka, postgres.new_database(), next(shards)) as world,
    ):
        inboxes = world.add_inboxes(4)
        async with world.relaying() as relay:
            world.post(*({"destination": name} for name in inboxes))
            await until_asked(world.all_sent)
            postgres.kill()
            try:
                await until_asked(lambda: relay.condition().state is State.waiting)
            finally:
                postgres.start()
            with contextlib.suppress(Unavailable):
                world.all_sent()  # the pool learns that its connections are gone
            world.post(*({"destination": name} for name in inboxes))
            await until_asked(world.all_sent)

        assert await world.agrees() == 8


async def test_a_cursor_of_another_ledger_stops_the_relay(small, tmp_path):
    (inbox,) = small.add_inboxes(1)
    small.post({"destination": inbox})
    async with small.relaying():
        await until_asked(small.all_sent)
    other = Ledger(f"sqlite:///{tmp_path}/other.sqlite")
    other.create(small.clock, shards=small.shard + 1)
    relay = World(small.kafka, other, small.shard).relay()

    with pytest.raises(Misuse, match="homeward restore"):
        await relay.run(asyncio.Event())

    assert relay.condition().state is State.stuck
    other.close()


async def test_a_cursor_ahead_of_the_ledger_stops_the_relay(small):
    (inbox,) = small.add_inboxes(1)
    small.post({"destination": inbox})
    async with small.relaying():
        await until_asked(small.all_sent)
    with small.ledger.writing() as connection:  # as a backup from before would have it
        connection.execute(t.shard.update().values(last=0))

    with pytest.raises(Misuse, match="ahead of the ledger"):
        await small.relay().run(asyncio.Event())


async def test_a_shard_that_cannot_go_on_says_why_and_holds_up_no_other(small):
    (inbox,) = small.add_inboxes(1)
    with small.ledger.writing() as connection:
        connection.execute(t.shard.insert().values(number=_SHARDS, last=0))
    other = World(small.kafka, small.ledger, _SHARDS)
    small.post({"destination": inbox})

    async with small.relaying(), other.relaying() as waits:
        await until_asked(small.all_sent)
        await until_asked(lambda: waits.condition().state is State.waiting)
        assert waits.condition().because == f"{CURSOR} has no partition {_SHARDS} yet"
        small.post({"destination": inbox})
        await until_asked(small.all_sent)

    assert await small.agrees() == 2


async def test_a_shard_is_kept_while_one_batch_takes_longer_than_the_lease(small):
    (inbox,) = small.add_inboxes(1)
    small.post({"destination": inbox})
    slow = threading.Event()
    confirm, stamping = Stamping.confirm, small.stamping()

    def slowly(number: int) -> None:
        slow.wait(2.5)  # the lease is a second
        confirm(stamping, number)

    stamping.confirm = slowly  # type: ignore[method-assign]
    stop = asyncio.Event()
    relay = Relay(small.kafka.access(RELAY), stamping, pseudonym, small.clock, Uncounted())
    task = asyncio.create_task(relay.run(stop))
    await until_asked(lambda: small.stamping().last() == 1)
    held = []
    while not await asyncio.to_thread(small.all_sent):
        held.append(await asyncio.to_thread(small.stamping("another").hold))
        await asyncio.sleep(0.1)
    stop.set()
    await asyncio.wait_for(task, 30)

    assert len(held) > 10
    assert not any(held)
    assert small.stamping("another").hold()  # it was given back


# -- killed and frozen


class Victims:
    """Relays in processes of their own."""

    def __init__(self, world: World) -> None:
        url = world.ledger.url.render_as_string(hide_password=False)
        access = world.kafka.access(RELAY)
        command = [sys.executable, "-m", "tests.kafka.relay_victim", url]
        command += [access.bootstrap_servers, str(access.password_file), str(world.shard)]
        self._mother = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._pids: list[int] = []

    def start(self, **order: Any) -> int:
        assert self._mother.stdin
        assert self._mother.stdout
        print(json.dumps(order), file=self._mother.stdin, flush=True)
        self._pids.append(int(self._mother.stdout.readline()))
        return self._pids[-1]

    def end(self) -> None:
        for pid in self._pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._mother.communicate(timeout=10)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def frozen(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


@pytest.fixture
def victims(world) -> Iterator[Victims]:
    started = Victims(world)
    yield started
    started.end()


@contextlib.contextmanager
def writing(world: World, seconds: float = 0.02) -> Iterator[None]:
    """Decide on some deliveries all the time, some of them urgent, as the decider does."""
    stop, chance = threading.Event(), random.Random(7)
    children = [uuid4() for _ in range(40)]
    failed: list[BaseException] = []

    def write() -> None:
        try:
            while not stop.wait(seconds):
                some = [
                    {
                        "destination": inbox,
                        "child": chance.choice(children),
                        "urgent": chance.random() < 0.1,
                    }
                    for inbox in chance.choices(world.inboxes, k=chance.randint(1, 20))
                ]
                with world.ledger.deciding() as connection:
                    decide(connection, some, world.shard, world.clock.now())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if failed:  # also when the body failed: nothing moves once nothing is written
            raise failed[0]


async def test_nothing_is_lost_or_repeated_through_kill_9_at_every_step(world, victims):
    world.add_inboxes(8)
    chance = random.Random(9)
    named = [{"step": step, "count": chance.randint(1, 3)} for step in STEPS * 2]
    by_chance = [
        {"step": chance.choice(STEPS), "count": 1, "delay": chance.random() / 20} for _ in range(16)
    ]
    for order in named:
        if order["step"] in ("started", "caught up"):
            order["count"] = 1  # once in the life of a producer

    with writing(world):
        for order in named + by_chance:
            pid = victims.start(holder="victim", **order)
            await until_asked(lambda pid=pid: not alive(pid), 20)
        victims.start(holder="victim")
    await until_asked(world.all_sent)

    assert await world.agrees() > 1000


async def test_nothing_is_lost_or_repeated_when_a_frozen_relay_wakes_up_beside_another(
    world, victims
):
    world.add_inboxes(8)

    with writing(world):
        for step in ("stamping", "stamped", "begun", "half queued", "queued", "sent", "committed"):
            zombie = victims.start(holder="zombie", step=step, count=2, signal=signal.SIGSTOP)
            await until_asked(lambda pid=zombie: frozen(pid), 20)
            before = world.stamping().last()
            other = victims.start(holder="other")
            await until_asked(lambda before=before: world.stamping().last() > before + 2, 20)
            os.kill(zombie, signal.SIGCONT)
            again = world.stamping().last()
            await until_asked(lambda again=again: world.stamping().last() > again + 5, 20)
            for pid in (zombie, other):
                os.kill(pid, signal.SIGTERM)
                await until_asked(lambda pid=pid: not alive(pid), 20)
        victims.start(holder="last")
    await until_asked(world.all_sent)

    assert await world.agrees() > 500


async def test_a_standby_takes_over_when_the_holder_stops(small):
    (inbox,) = small.add_inboxes(1)
    standby = Relay(
        small.kafka.access(RELAY), small.stamping("standby"), pseudonym, small.clock, Uncounted()
    )
    stop = asyncio.Event()
    async with small.relaying() as relay:
        await until_asked(lambda: relay.condition().state is State.working)
        task = asyncio.create_task(standby.run(stop))
        await until_asked(lambda: standby.condition().state is State.standby)
        small.post({"destination": inbox})
        await until_asked(small.all_sent)
    small.post({"destination": inbox})
    await until_asked(small.all_sent)
    stop.set()
    await task

    assert await small.agrees() == 2
