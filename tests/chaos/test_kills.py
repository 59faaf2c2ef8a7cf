"""Nothing is lost, doubled or out of order, however often and wherever Homeward is killed."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from broker import questions
from broker.cli import asking
from broker.connection import AUDIT
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.provision import inbox, outbox
from schemas.answer import Answer
from schemas.codec import decode
from schemas.kinds import RECORD_TOPICS
from schemas.message import ChildMessage
from schemas.notices import Heartbeat, Receipt, Rejection
from tests.chaos.load import AGENCIES, HOMES, Expected, Load, Sent, sending
from tests.chaos.victim import (
    ONCE_A_LIFE,
    RELAY_STEPS,
    START,
    TAKE_IN_STEPS,
    TIMEKEEPER_STEPS,
    FastClock,
)
from tests.servers import KafkaServer, kafka_server

pytestmark = [pytest.mark.anyio, pytest.mark.kafka, pytest.mark.timeout(240)]

# The seed is printed; giving it here plays the same kills and the same messages again.
SEED = int(os.environ.get("HOMEWARD_CHAOS_SEED") or random.SystemRandom().randrange(2**32))
BY_CHANCE = 9
_END_SECONDS = 25.0
_QUIET_SECONDS = 60.0


@dataclass
class World:
    """A Kafka and a ledger that stay, and Homewards that do not."""

    kafka: KafkaServer
    ledger: Ledger
    url: str
    began: datetime
    loads: list[Load] = field(default_factory=list)

    @property
    def sent(self) -> list[Sent]:
        return [one for load in self.loads for one in load.sent]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    began = datetime.now(UTC)
    clock, ledger = FastClock(began), Ledger(url)
    ledger.create(clock)
    with kafka_server() as kafka:
        world = World(kafka, ledger, url, began)
        for agency in AGENCIES:
            area = HOMES[agency][0] if agency in HOMES else None
            access = kafka.add_agency(agency)
            with ledger.deciding() as connection:
                agencies.add(connection, agency, agency, area, {}, clock.now())
            dice = random.Random(f"{SEED} {agency}")
            world.loads.append(Load(agency, access, clock, dice))
        yield world
    ledger.close()


class Victims:
    """One Homeward after another, each forked off a process that has loaded it."""

    def __init__(self, world: World, log: Path) -> None:
        home = world.kafka.settings.home
        command = [sys.executable, "-m", "tests.chaos.victim", str(home), world.kafka.bootstrap]
        command += [world.url, world.began.isoformat()]
        self._log = log.open("w")
        self._mother = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )

    def start(self, **order: Any) -> int:
        assert self._mother.stdin
        print(json.dumps(order), file=self._mother.stdin, flush=True)
        return self._said()

    async def end(self, pid: int, limit_seconds: float) -> int:
        """How it ended: the negative signal, or its exit code; killed when it did not in time."""
        waiting = asyncio.create_task(asyncio.to_thread(self._said))
        done, _ = await asyncio.wait([waiting], timeout=limit_seconds)
        if not done:
            os.kill(pid, signal.SIGKILL)
            await waiting
            return 0
        return waiting.result()

    def _said(self) -> int:
        assert self._mother.stdout
        return int(self._mother.stdout.readline())

    def close(self) -> None:
        self._mother.communicate(timeout=10)
        self._log.close()


@contextmanager
def victims(world: World, log: Path) -> Iterator[Victims]:
    started = Victims(world, log)
    pids: list[int] = []
    start = started.start

    def remembered(**order: Any) -> int:
        pids.append(start(**order))
        return pids[-1]

    started.start = remembered  # type: ignore[method-assign]
    try:
        yield started
    finally:
        with suppress(ProcessLookupError, IndexError):
            os.kill(pids[-1], signal.SIGKILL)
        started.close()


def orders(dice: random.Random) -> list[dict[str, Any]]:
    """Every step once, and some more at any moment; of the timekeeper late, when there is work."""
    early = [{"step": step} for step in (*TAKE_IN_STEPS, *RELAY_STEPS)]
    for order in early:
        if order["step"] not in ONCE_A_LIFE:
            order["count"] = dice.randint(1, 3)
    moments = [{"step": START, "delay": dice.uniform(0.1, 4)} for _ in range(BY_CHANCE // 2)]
    moments += [
        {"step": dice.choice(early)["step"], "delay": dice.random() / 20}
        for _ in range(BY_CHANCE - len(moments))
    ]
    late = [{"step": step} for step in TIMEKEEPER_STEPS]
    some = [*early, *moments]
    dice.shuffle(some)
    return [*some, *late]


async def test_nothing_is_lost_or_doubled_through_kill_9_at_any_step(world, tmp_path, capsys):
    with capsys.disabled():
        print(f"\nHOMEWARD_CHAOS_SEED={SEED}")
    log = tmp_path / "victims.log"
    killed, began = 0, time.monotonic()
    with victims(world, log) as homeward:
        async with sending(world.loads):
            for order in orders(random.Random(SEED)):
                pid = homeward.start(**order)
                ended = await homeward.end(pid, _END_SECONDS)
                assert ended == -signal.SIGKILL, (order, ended, log.read_text()[-3000:])
                killed += 1
        ends = datetime.now(UTC)
        pid = homeward.start(ends=ends.isoformat())
        await until(lambda: is_quiet(world, FastClock(world.began, ends)), _QUIET_SECONDS)
        os.kill(pid, signal.SIGTERM)
        assert await homeward.end(pid, 10) == 0, log.read_text()[-3000:]

    counted = await count(world)
    with capsys.disabled():
        show(world, killed, time.monotonic() - began, counted)
    assert killed >= 25
    assert not +counted.wrong, (counted.wrong, counted.examples)


def is_quiet(world: World, clock: FastClock) -> bool:
    ends: Counter[str] = Counter()
    for one in world.sent:
        ends[outbox(one.agency)] = max(ends[outbox(one.agency)], one.offset + 1)
    with world.ledger.reading() as connection:
        return questions.is_quiet(connection, clock.now(), ends)


async def until(true: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


# -- counting, from what was sent and from what Kafka holds


@dataclass
class Counted:
    """What was found, and what should not have been."""

    delivered: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def check(self, good: bool, what: str, which: object) -> None:
        if not good:
            self.wrong[what] += 1
            self.examples = [*self.examples, f"{what}: {which}"][:10]

    def once(self, times: int, which: object) -> None:
        self.check(times > 0, "lost", which)
        self.check(times < 2, "doubled", which)


Kafka = dict[str, list[ConsumerRecord]]


async def count(world: World) -> Counted:
    """Compare everything that was sent with everything a reader of committed records sees."""
    topics = [inbox(agency) for agency in AGENCIES] + sorted(set(RECORD_TOPICS.values()))
    kafka = await read(world.kafka, topics)
    counted = Counted()
    _count_inboxes(world, kafka, counted)
    for load in world.loads:
        _count_receipts(load, kafka, counted)
    _count_accepted(world, kafka, counted)
    _count_told(kafka, counted)
    _count_ledger(world, counted)
    return counted


async def read(kafka: KafkaServer, topics: list[str]) -> Kafka:
    """Each topic to its end, also beyond the marks of transactions, which are no records."""
    consumer = AIOKafkaConsumer(
        **kafka.access(AUDIT).for_aiokafka(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    found: Kafka = {topic: [] for topic in topics}
    partitions = [TopicPartition(topic, 0) for topic in topics]
    async with consumer, asyncio.timeout(60):
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for each in partitions:
            while await consumer.position(each) < ends[each]:
                for where, records in (await consumer.getmany(timeout_ms=100)).items():
                    found[where.topic] += records
    return found


def headers(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def _count_inboxes(world: World, kafka: Kafka, counted: Counted) -> None:
    """Gapless numbers, no delivery twice, and each child in the order of deciding."""
    d = t.delivery.c
    with world.ledger.reading() as connection:
        numbers = {id: number for id, number in connection.execute(select(d.id, d.number))}
    times: Counter[UUID] = Counter()
    for agency in AGENCIES:
        expected, last = 1, defaultdict[str, int](int)
        for record in kafka[inbox(agency)]:
            if isinstance(decode(record.value), Heartbeat):
                continue
            said = headers(record)
            counted.check(int(said["sequence"]) == expected, "gap", said)
            expected = int(said["sequence"]) + 1
            delivery = UUID(said["delivery"])
            times[delivery] += 1
            child, number = said.get("ce_subject", ""), numbers.get(delivery, 0)
            if child:
                counted.check(number > last[child], "out of order", said)
                last[child] = number
    counted.delivered = times.total()
    for delivery, number in times.items():
        counted.check(delivery in numbers, "unknown", delivery)
        counted.once(number, delivery)
    for load in world.loads:
        sequences = [one.sequence for one in load.seen]
        live = sequences == list(range(1, len(sequences) + 1))
        counted.check(live, "seen live otherwise", load.agency)


def _count_receipts(load: Load, kafka: Kafka, counted: Counted) -> None:
    """One receipt or rejection for each record that Kafka had confirmed, in order per child."""
    receipts: Counter[tuple[UUID, bool]] = Counter()
    rejections: dict[int, list[str]] = defaultdict(list)
    order: dict[str, list[UUID]] = defaultdict(list)
    for record in kafka[inbox(load.agency)]:
        message = decode(record.value)
        if isinstance(message, Receipt):
            receipts[message.of, message.repeated] += 1
            if not message.repeated:
                order[headers(record)["ce_subject"]].append(message.of)
        elif isinstance(message, Rejection):
            rejections[message.offset].append(message.code)

    wanted = Counter(
        (one.id, one.expected is Expected.repeated)
        for one in load.sent
        if one.expected is not Expected.rejected and isinstance(one.message, ChildMessage)
    )
    for key, number in wanted.items():
        counted.check(receipts[key] >= number, "lost", f"receipt {load.agency} {key}")
        counted.check(receipts[key] <= number, "doubled", f"receipt {load.agency} {key}")
    counted.check(receipts.keys() <= wanted.keys(), "unknown", f"receipts {load.agency}")
    refused = {one.offset: one.code for one in load.sent if one.expected is Expected.rejected}
    for offset, code in refused.items():
        counted.once(len(rejections[offset]), f"rejection {load.agency} {offset}")
        counted.check(set(rejections[offset]) <= {code}, "wrong code", (code, rejections[offset]))
    counted.check(rejections.keys() <= refused.keys(), "unknown", f"rejections {load.agency}")
    place = {one.id: one.offset for one in reversed(load.sent)}
    for child, ids in order.items():
        places = [place[id] for id in ids]
        counted.check(places == sorted(places), "out of order", f"receipts {load.agency} {child}")


def _count_accepted(world: World, kafka: Kafka, counted: Counted) -> None:
    """What was accepted is in the topic of its kind once; what was refused is in none."""
    accepted = {one.id: one for one in world.sent if one.expected is Expected.accepted}
    found = Counter(
        UUID(headers(record)["ce_id"])
        for topic in set(RECORD_TOPICS.values()) - {"duties"}
        for record in kafka[topic]
    )
    for id in accepted:
        counted.once(found[id], f"record of {id}")
    refused = {one.id for one in world.sent if one.expected is Expected.rejected} - accepted.keys()
    counted.check(not refused & found.keys(), "taken although bad", refused & found.keys())


def _count_told(kafka: Kafka, counted: Counted) -> None:
    """Whom a receipt names got what it says on that ground, once; a ladder may bring it again."""
    got: Counter[tuple[str, ...]] = Counter()
    receipts = []
    for agency in AGENCIES:
        for record in kafka[inbox(agency)]:
            said, message = headers(record), decode(record.value)
            got[said.get("address", ""), said.get("because", ""), said["ce_id"]] += 1
            if isinstance(message, Receipt) and not message.repeated:
                receipts.append(message)
    for receipt in receipts:
        for told in receipt.told:
            # An alert is a message of its own, with an id of its own.
            if told.address.partition("/")[0] in AGENCIES and "/iro-" not in told.address:
                counted.once(got[told.address, told.because, str(receipt.of)], told)


def _count_ledger(world: World, counted: Counted) -> None:
    """The ledger's own account, and the bytes of what was refused."""
    account, differences = asking.accounted(world.kafka.access(AUDIT), world.ledger)
    for difference in differences:
        counted.check(False, "unbalanced", difference)
    totals, expected = account.totals, Counter(one.expected.value for one in world.sent)
    for name in ("accepted", "repeated", "rejected"):
        counted.check(totals[name] == expected[name], "unbalanced", (name, totals, expected))
    x = t.dead_letter.c
    with world.ledger.reading() as connection:
        rows = connection.execute(select(x.agency, x.record_offset, x.value)).all()
    kept = {(row.agency, row.record_offset): row.value for row in rows}
    for one in world.sent:
        if one.expected is Expected.rejected:
            same = kept.get((one.agency, one.offset)) == one.value
            counted.check(same, "lost", f"dead letter {one.agency} {one.offset}")


def show(world: World, killed: int, seconds: float, counted: Counted) -> None:
    expected = Counter(one.expected for one in world.sent)
    answers = sum(isinstance(one.message, Answer) for one in world.sent)
    row = {
        "ledger": "SQLite" if world.ledger.is_sqlite else "PostgreSQL",
        "kills": killed,
        "sent": len(world.sent),
        "accepted": expected[Expected.accepted],
        "of them answers": answers,
        "repeated": expected[Expected.repeated],
        "rejected": expected[Expected.rejected],
        "delivered": counted.delivered,
        "lost": counted.wrong["lost"],
        "doubled": counted.wrong["doubled"],
        "gaps": counted.wrong["gap"],
        "out of order": counted.wrong["out of order"],
        "unbalanced": counted.wrong["unbalanced"],
        "seconds": round(seconds),
    }
    table = Table(*row)
    table.add_row(*(str(value) for value in row.values()))
    Console(width=170).print(table)
