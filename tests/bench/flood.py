"""
How long others wait for a decision while one sender floods: one table.

    tests/bench/flood [--flood N] [--each N] [--rounds N]

One outbox holds a flood, nineteen others a few messages each, before take-in starts; and while the
flood is decided on, others go on sending, one message at a time. Without a share for each sender
and with it, in turn, on the same warm servers, PostgreSQL.
"""

import argparse
import asyncio
import contextlib
import io
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from broker import logs
from broker.connection import ADMIN, TAKE_IN
from broker.decider import Decider
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.metrics import Metrics
from broker.policy.load import shipped
from consumers.take_in import TakeIn, Tuning
from schemas.codec import encode
from tests.bench import load, progress
from tests.bench.homeward import KEYS
from tests.servers import KafkaServer, Postgres, kafka_server, postgres_server
from tests.waiting import until_asked

ALIKE, SHARED = "first come, first served", "a share for each"
_TUNINGS = {ALIKE: Tuning(share=Tuning().max_records), SHARED: Tuning()}
_EVERY_SECONDS = 0.25
_LIMIT_SECONDS = 900.0


@dataclass(frozen=True)
class Waits:
    """Seconds until the batch began in which a message of somebody quiet was decided on."""

    waiting: list[float]  # it lay there before the start
    coming: list[float]  # it was sent while the flood was decided on
    messages: int
    processor_seconds: float


class Bench:
    """The servers; each run has a ledger of its own and takes up where the last one ended."""

    def __init__(self, kafka: KafkaServer, postgres: Postgres) -> None:
        self._kafka, self._postgres = kafka, postgres
        self._clock = load.ThursdayNoon()
        self._first = 0
        load.add_everybody(kafka)

    def run(self, name: str, flood: int, each: int) -> Waits:
        ledger = Ledger(self._postgres.new_database())
        try:
            ledger.create(self._clock)
            load.register_everybody(ledger)
            Decider(ledger, self._clock, shipped(), KEYS).activate()
            progress.pass_over_load(self._kafka, ledger)
            quiet = self._write(flood, each)
            return asyncio.run(self._take_in(ledger, _TUNINGS[name], quiet, flood))
        finally:
            ledger.close()

    def _messages(self, count: int, homes: Sequence[load.Home]) -> Iterator[tuple[load.Home, Any]]:
        """Messages of these homes only, each of a child that was never told of before."""
        first, self._first = self._first, self._first + count * load.HOMES
        wanted = set(homes)
        made = load.messages(count * load.HOMES // len(wanted), self._clock.now(), first)
        return (one for one in made if one[0] in wanted)

    def _write(self, flood: int, each: int) -> set[UUID]:
        loud, *others = load.homes()
        said = list(self._messages(each * len(others), others))
        load.write(self._kafka, [*self._messages(flood, [loud]), *said])
        return {message.message_id for _, message in said}

    async def _take_in(self, ledger: Ledger, tuning: Tuning, quiet: set[UUID], flood: int) -> Waits:
        metrics = Metrics(CollectorRegistry())
        decider = Decider(ledger, self._clock, shipped(), KEYS)
        tuning = replace(tuning, group=f"take-in.{uuid4().hex}")
        take_in = TakeIn(self._kafka.access(TAKE_IN), decider, metrics, tuning=tuning)
        sent: dict[UUID, float] = {}
        began = time.process_time()
        await take_in.kafka.start()
        try:
            sending = asyncio.create_task(self._send_now_and_then(sent))
            await until_asked(lambda: progress.read(ledger) >= flood + len(quiet), _LIMIT_SECONDS)
            sending.cancel()
            await asyncio.wait([sending])
            said = flood + len(quiet) + len(sent)
            await until_asked(lambda: progress.read(ledger) >= said, _LIMIT_SECONDS)
        finally:
            await take_in.stop()
            await take_in.kafka.stop()
        return self._waits(ledger, quiet, sent, began)

    async def _send_now_and_then(self, sent: dict[UUID, float]) -> None:
        producer = Producer({**self._kafka.local.access(ADMIN).for_confluent(), "linger.ms": 0})
        others = load.homes()[1:]
        dice = random.Random(1)
        while True:
            await asyncio.sleep(_EVERY_SECONDS * (0.5 + dice.random()))
            home, message = next(self._messages(1, [dice.choice(others)]))
            sent[message.message_id] = time.time()
            producer.produce(home.outbox, encode(message), partition=0)
            producer.flush(5)

    def _waits(
        self, ledger: Ledger, quiet: set[UUID], sent: dict[UUID, float], began: float
    ) -> Waits:
        m = t.message.c
        with ledger.reading() as connection:
            rows = connection.execute(select(m.message_id, m.accepted_at)).all()
        at = {id: self._clock.real(when).timestamp() for id, when in rows}
        first = min(at.values())  # the group has formed, and the first batch was decided on
        return Waits(
            waiting=[at[id] - first for id in quiet],
            coming=[at[id] - when for id, when in sent.items() if when > first],
            messages=len(at),
            processor_seconds=time.process_time() - began,
        )


def measure(flood: int, each: int, rounds: int) -> dict[str, list[Waits]]:
    """Let the two take turns; the first round warms up and is thrown away."""
    found: dict[str, list[Waits]] = {name: [] for name in _TUNINGS}
    logs.set_up(io.StringIO())
    with contextlib.ExitStack() as stack:
        stack.enter_context(TemporaryDirectory(prefix="homeward-bench-"))
        bench = Bench(stack.enter_context(kafka_server()), stack.enter_context(postgres_server()))
        if rounds > 1:
            bench.run(SHARED, min(flood, 1000), each)
        for number in range(rounds):
            for name in list(_TUNINGS)[:: 1 if number % 2 else -1]:
                found[name].append(bench.run(name, flood, each))
    return found


def table(found: dict[str, list[Waits]], flood: int, each: int) -> Table:
    shown = Table(
        title=f"{flood:,} messages wait in one outbox, {each} in each of {load.HOMES - 1} others; "
        f"median of {len(next(iter(found.values())))}",
        title_justify="left",
    )
    shown.add_column("")
    for name in ("those that wait: p50", "last", "those that come: p50", "p99", "CPU us/message"):
        shown.add_column(name, justify="right")
    for name, runs in found.items():
        cells = [
            statistics.median(statistics.median(run.waiting) for run in runs),
            statistics.median(max(run.waiting) for run in runs),
            statistics.median(statistics.median(run.coming) for run in runs),
            statistics.median(_p99(run.coming) for run in runs),
        ]
        cost = statistics.median(1e6 * run.processor_seconds / run.messages for run in runs)
        shown.add_row(name, *(f"{cell:.2f} s" for cell in cells), f"{cost:,.0f}")
    return shown


def _p99(values: list[float]) -> float:
    if len(values) == 1:  # a flood so small that one record came meanwhile
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="tests/bench/flood", description=__doc__.split("\n")[1])
    parser.add_argument("--flood", type=int, default=20_000, metavar="N")
    parser.add_argument("--each", type=int, default=20, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    given = parser.parse_args(arguments)
    Console(width=140).print(
        table(measure(given.flood, given.each, given.rounds), given.flood, given.each)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
