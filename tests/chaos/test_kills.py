"""With SQLite: nothing is lost, doubled or out of order, wherever Homeward is killed."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from broker import questions
from broker.ledger import agencies
from broker.ledger.engine import Ledger
from broker.provision import outbox
from schemas.answer import Answer
from tests.chaos.counting import Counted, Sides, count
from tests.chaos.keeper import mother
from tests.chaos.load import AGENCIES, HOMES, Expected, Load, sending
from tests.chaos.victim import (
    ONCE_A_LIFE,
    RELAY_STEPS,
    START,
    TAKE_IN_STEPS,
    TIMEKEEPER_STEPS,
    FastClock,
)
from tests.servers import KafkaServer, kafka_server
from tests.waiting import until_asked

pytestmark = [pytest.mark.anyio, pytest.mark.kafka, pytest.mark.timeout(240)]

# The seed is printed; giving it here plays the same kills and the same messages again.
SEED = int(os.environ.get("HOMEWARD_CHAOS_SEED") or random.SystemRandom().randrange(2**32))
BY_CHANCE = 9
_END_SECONDS = 25.0
_QUIET_SECONDS = 60.0


@dataclass
class World:
    """A Kafka and a ledger file that stay, and Homewards that do not."""

    kafka: KafkaServer
    ledger: Ledger
    url: str
    began: datetime
    loads: list[Load] = field(default_factory=list)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    url, began = f"sqlite:///{tmp_path}/ledger.sqlite", datetime.now(UTC)
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
    home = str(world.kafka.settings.home)
    arguments = [home, world.kafka.bootstrap, world.url, world.began.isoformat()]
    with mother(arguments, log) as homeward:
        async with sending(world.loads):
            for order in orders(random.Random(SEED)):
                victim = await homeward.start(**order)
                ended = await victim.end(_END_SECONDS)
                assert ended == -signal.SIGKILL, (order, ended, log.read_text()[-3000:])
                killed += 1
        ends = datetime.now(UTC)
        last = await homeward.start(ends=ends.isoformat())
        await until_asked(lambda: is_quiet(world, FastClock(world.began, ends)), _QUIET_SECONDS)
        last.signal(signal.SIGTERM)
        assert await last.end(10) == 0, log.read_text()[-3000:]

    counted = await asyncio.to_thread(count, Sides(world.kafka, world.ledger, world.loads))
    with capsys.disabled():
        show(killed, time.monotonic() - began, counted)
    assert killed >= 25
    assert not +counted.wrong, (counted.wrong, counted.examples)


def is_quiet(world: World, clock: FastClock) -> bool:
    ends = {outbox(one.agency): max(one.confirmed, default=-1) + 1 for one in world.loads}
    with world.ledger.reading() as connection:
        return questions.is_quiet(connection, clock.now(), ends)


def show(killed: int, seconds: float, counted: Counted) -> None:
    expected = Counter(one.expected for one in counted.sent)
    answers = sum(isinstance(one.message, Answer) for one in counted.sent)
    row = {
        "kills": killed,
        "sent": len(counted.sent),
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
