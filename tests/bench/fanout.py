"""
500 deliveries to 500 inboxes beside 500 to one, beside the least that any program could do.

    tests/bench/fanout [--records N] [--rounds N]

The relay on PostgreSQL: stamped, sent in one Kafka transaction and confirmed. The floor: one plain
aiokafka transaction with the same records and a cursor, straight from memory. All take turns, in
random order, on the same warm servers.
"""

import argparse
import asyncio
import io
import random
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import product

from aiokafka import AIOKafkaProducer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from rich.console import Console
from rich.table import Table

from broker import logs
from broker.clock import SystemClock
from broker.connection import RELAY
from broker.kafka_admin import Admin
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.provision import CURSOR
from producers.relay import Relay
from tests.kafka.relay_victim import pseudonym
from tests.outbox import post
from tests.servers import KafkaServer, kafka_server, postgres_server

FLOOR, HOMEWARD = "floor", "Homeward"
VALUE = b"\x00\x00\x00\x00\x01" + bytes(range(256)) * 3
_LIMIT_SECONDS = 60.0


class Batches:
    """How long each batch of the relay took, as it counts them itself."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.sent = self.failed = 0

    def relayed(self, shard: int, records: int, seconds: float) -> None:
        self.sent += records
        self.seconds.append(seconds)

    def relay_failed(self, shard: int) -> None:
        self.failed += 1

    def sent_after(self, seconds: Iterable[float]) -> None: ...


class Bench:
    """A relay that waits for work, a plain producer, and as many inboxes as there are records."""

    def __init__(self, kafka: KafkaServer, ledger: Ledger, records: int) -> None:
        self._kafka, self._ledger = kafka, ledger
        self.records = records
        self.inboxes = [f"inbox.la.T{number:05}" for number in range(records)]
        self.batches = Batches()
        Admin(kafka.local.access()).make_topics(
            [NewTopic(name, num_partitions=1) for name in self.inboxes]
        )

    def relay(self) -> Relay:
        stamping = Stamping(self._ledger, 0, SystemClock(), "bench")
        access = self._kafka.access(RELAY)
        never = timedelta(days=1)
        return Relay(access, stamping, pseudonym, SystemClock(), self.batches, heartbeat=never)

    def producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._kafka.access(RELAY).for_aiokafka(),
            acks="all",
            max_batch_size=262_144,
            transactional_id="relay-floor",
            transaction_timeout_ms=10_000,
        )

    def _topics(self, inboxes: int) -> list[str]:
        return [self.inboxes[number % inboxes] for number in range(self.records)]

    async def homeward(self, inboxes: int, relay: Relay) -> tuple[float, float]:
        """Seconds, and processor seconds of this process, to relay what was decided before."""
        posts = [{"destination": name, "value": VALUE} for name in self._topics(inboxes)]
        before, wanted = len(self.batches.seconds), self.batches.sent + self.records
        await asyncio.to_thread(post, self._ledger, *posts, at=SystemClock().now())
        used = time.process_time()
        relay.wake()
        async with asyncio.timeout(_LIMIT_SECONDS):
            while self.batches.sent < wanted:  # noqa: ASYNC110  # it counts, and tells nobody
                await asyncio.sleep(0.001)
        return sum(self.batches.seconds[before:]), time.process_time() - used

    async def floor(self, inboxes: int, producer: AIOKafkaProducer) -> tuple[float, float]:
        headers = [(f"header-{number}", b"a value of some length") for number in range(12)]
        began, used = time.perf_counter(), time.process_time()
        async with producer.transaction():
            sent = [
                await producer.send(topic, VALUE, partition=0, headers=headers)
                for topic in self._topics(inboxes)
            ]
            sent.append(await producer.send(CURSOR, b"{}", key=b"floor", partition=0))
            await asyncio.gather(*sent)
        return time.perf_counter() - began, time.process_time() - used


async def _measure(bench: Bench, rounds: int) -> dict[tuple[str, int], list[tuple[float, float]]]:
    """By contender and number of inboxes: seconds, and processor seconds of this process."""
    relay, stop, producer = bench.relay(), asyncio.Event(), bench.producer()
    running = asyncio.create_task(relay.run(stop))
    await producer.start()
    await producer.client.set_topics([*bench.inboxes, CURSOR])
    each = list(product((FLOOR, HOMEWARD), (bench.records, 1)))
    found: dict[tuple[str, int], list[tuple[float, float]]] = {key: [] for key in each}
    dice = random.Random(1)
    try:
        for number in range(rounds + 3):  # three to warm up: a young server is half as fast
            failed = bench.batches.failed
            for name, inboxes in dice.sample(each, len(each)):
                if name == FLOOR:
                    took = await bench.floor(inboxes, producer)
                else:
                    took = await bench.homeward(inboxes, relay)
                if number >= 3:
                    found[name, inboxes].append(took)
                    assert bench.batches.failed == failed, "the relay failed in what is measured"
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)
        await producer.stop()
    return found


@contextmanager
def servers() -> Iterator[tuple[KafkaServer, Ledger]]:
    """A Kafka, and a new ledger on PostgreSQL; nothing is logged."""
    logs.set_up(io.StringIO())
    with (
        kafka_server() as kafka,
        postgres_server() as postgres,
        closing(Ledger(postgres.new_database())) as ledger,
    ):
        ledger.create(SystemClock())
        yield kafka, ledger


def measure(records: int, rounds: int) -> dict[tuple[str, int], list[tuple[float, float]]]:
    """Start the servers, measure, and stop everything."""
    with servers() as (kafka, ledger):
        return asyncio.run(_measure(Bench(kafka, ledger, records), rounds))


def table(found: dict[tuple[str, int], list[tuple[float, float]]], records: int) -> Table:
    rounds = len(next(iter(found.values())))
    shown = Table(
        title=f"{records} records in one batch; median of {rounds} (lowest to highest)",
        title_justify="left",
    )
    shown.add_column("")
    for name in ("inboxes", "ms", "records/s", "CPU ms of the client"):
        shown.add_column(name, justify="right")
    for (name, inboxes), runs in found.items():
        took = [1000 * seconds for seconds, _ in runs]
        middle = statistics.median(took)
        used = statistics.median(1000 * processor for _, processor in runs)
        spread = f"{middle:,.0f} ({min(took):,.0f}-{max(took):,.0f})"
        shown.add_row(name, f"{inboxes}", spread, f"{1000 * records / middle:,.0f}", f"{used:,.0f}")
    return shown


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="tests/bench/fanout", description=__doc__.split("\n")[1])
    parser.add_argument("--records", type=int, default=500, metavar="N")
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    given = parser.parse_args(arguments)
    Console(width=120).print(table(measure(given.records, given.rounds), given.records))


if __name__ == "__main__":
    main(sys.argv[1:])
