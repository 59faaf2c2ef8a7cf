"""
How many messages a second, beside the least that any program could do: one table.

    tests/bench/throughput [--messages N] [--rounds N] [--ledger sqlite|postgresql|both]

Floor and Homeward take turns on the same warm servers, on loopback, with the same messages, which
lie in the outboxes before a clock starts. The first round warms up and is thrown away; of the
others the median counts. When the last record was in Kafka is read off the records themselves: an
independent reader counts them, and the counts must close.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from confluent_kafka import Producer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from broker.connection import ADMIN
from broker.cursor import Cursor
from broker.decider import Decider
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.parts import RELAY, TAKE_IN, TIMEKEEPER
from broker.policy.load import shipped
from broker.provision import CURSOR, KIND_TOPICS, inbox
from schemas.codec import encode
from tests.bench import load, progress
from tests.bench.child import Task, Told
from tests.bench.homeward import KEYS
from tests.bench.processes import LIMIT_SECONDS, finish, start, until
from tests.bench.reading import Reader, Seen
from tests.servers import KafkaServer, Postgres, kafka_server, postgres_server

SQLITE, POSTGRESQL = "sqlite", "postgresql"
FLOOR, TOGETHER, APART = "floor", "Homeward", "Homeward, 2 processes"
CONTENDERS = (FLOOR, TOGETHER, APART)
PROCESSES: dict[str, list[tuple[str, ...]]] = {
    TOGETHER: [(TAKE_IN, RELAY, TIMEKEEPER)],
    APART: [(TAKE_IN, TIMEKEEPER), (RELAY,)],
}
RATE = 20
OTHERS = 1_000_000  # children that are not in the load
_SEEN_SECONDS = 10.0


@dataclass(frozen=True)
class Options:
    """What to measure."""

    messages: int = 3000
    rounds: int = 3
    ledgers: tuple[str, ...] = (SQLITE, POSTGRESQL)
    contenders: tuple[str, ...] = CONTENDERS
    seconds: int = 15  # of messages at a steady rate
    returns: float = 0.0
    warm_up: bool = True


@dataclass(frozen=True)
class Run:
    """One contender, once over all messages."""

    messages: int
    records: int
    in_seconds: float
    out_seconds: float
    peak_bytes: int
    processor_seconds: float

    @property
    def messages_a_second(self) -> float:
        return self.messages / self.in_seconds

    @property
    def records_a_second(self) -> float:
        return self.records / self.out_seconds

    @property
    def end_to_end(self) -> float:
        """Messages a second, from the first read to the last record of any in Kafka."""
        return self.messages / max(self.in_seconds, self.out_seconds)


@dataclass(frozen=True)
class Steady:
    """Waiting times at a steady rate, in seconds, and the memory of the process."""

    rate: int
    accepted_to_inbox: list[float]
    sent_to_inbox: list[float]
    bytes_after: int


@dataclass
class Results:
    """Everything that was measured."""

    runs: dict[tuple[str, str], list[Run]] = field(default_factory=dict)
    steady: dict[str, list[Steady]] = field(default_factory=dict)
    load_average: list[float] = field(default_factory=list)


class Bench:
    """The servers, warm, with all messages in the outboxes."""

    def __init__(self, kafka: KafkaServer, postgres: Postgres | None, folder: Path) -> None:
        self._kafka, self._postgres, self._folder = kafka, postgres, folder
        self._clock = load.ThursdayNoon()
        self._destinations = [*(inbox(agency) for agency in load.everybody()), *KIND_TOPICS]
        load.add_everybody(kafka)
        self._reader = Reader(kafka, self._destinations)

    def fill(self, messages: int, returns: float) -> None:
        """Write the load."""
        load.write(self._kafka, list(load.messages(messages, self._clock.now(), returns=returns)))

    def run(self, contender: str, kind: str, options: Options) -> Run:
        """Let one contender take in all that lies in the outboxes, and pass it on."""
        with self._ledger(kind) as ledger:
            before = self._reader.ends()
            task = self._task(ledger, options)
            if contender == FLOOR:
                said = [finish(start("floor", task))]
            else:
                self._begin_cursor(ledger)
                said = self._homeward(ledger, task, PROCESSES[contender])
            records, last_at = self._count(ledger, before)
            self._check(ledger, options.messages, records)
        began = next(one.began_at for one in said if one.began_at)
        return Run(
            messages=options.messages,
            records=records,
            in_seconds=max(one.took_at for one in said) - began,
            out_seconds=last_at - began,
            peak_bytes=sum(one.peak_bytes for one in said),
            processor_seconds=sum(one.processor_seconds for one in said),
        )

    def _homeward(
        self, ledger: Ledger, task: Task, processes: Sequence[tuple[str, ...]]
    ) -> list[Told]:
        running = [
            start("homeward", task.model_copy(update={"parts": parts})) for parts in processes
        ]
        try:
            until(lambda: progress.all_sent(ledger, task.messages), running, task.limit_seconds)
        finally:
            for process in running:
                process.terminate()
            said = [finish(process) for process in running]
        return said

    def steady(self, kind: str, seconds: int, rate: int = RATE) -> Steady:
        """Send so many messages a second to Homeward, and see when each arrives."""
        with self._ledger(kind) as ledger:
            self._begin_cursor(ledger)
            progress.pass_over_load(self._kafka, ledger)
            count = seconds * rate
            parts = {"parts": PROCESSES[TOGETHER][0]}
            process = start("homeward", self._task(ledger, Options()).model_copy(update=parts))
            seen = Seen(self._kafka, self._destinations)
            try:
                self._warm_up(ledger, process)
                wrote = self._send_steadily(count, rate)
                until(lambda: progress.all_sent(ledger, count + load.HOMES), [process], 60)
                seen.until(progress.decided(ledger))
                memory = _resident(process.pid)
            finally:
                seen.stop()
                process.terminate()
                finish(process)
            return Steady(rate, *self._waited(ledger, seen.at, wrote), memory)

    def _warm_up(self, ledger: Ledger, process: subprocess.Popen[str]) -> None:
        """The first messages after a start find nothing prepared."""
        load.write(self._kafka, list(load.messages(load.HOMES, self._clock.now(), OTHERS)))
        until(lambda: progress.all_sent(ledger, load.HOMES), [process], 60)

    def _send_steadily(self, count: int, rate: int) -> dict[UUID, float]:
        """Write one message after the other at the rate, and note when each was written."""
        producer = Producer({**self._kafka.local.access(ADMIN).for_confluent(), "linger.ms": 0})
        wrote: dict[UUID, float] = {}
        begin = time.time()
        for number, (home, message) in enumerate(
            load.messages(count, self._clock.now(), 2 * OTHERS)
        ):
            while (wait := begin + number / rate - time.time()) > 0:
                producer.poll(min(wait, 0.01))
            wrote[message.message_id] = time.time()
            producer.produce(home.outbox, encode(message), partition=0)
        assert producer.flush(30) == 0
        return wrote

    def _waited(
        self, ledger: Ledger, seen: dict[str, float], wrote: dict[UUID, float]
    ) -> tuple[list[float], list[float]]:
        """From accepted to inbox, and from sent to inbox."""
        accepted, sent = [], []
        query = (
            select(t.delivery.c.id, t.message.c.accepted_at, t.message.c.message_id)
            .join(t.message, t.message.c.number == t.delivery.c.message)
            .where(t.delivery.c.address != "")  # to inboxes, not to topics of the record
        )
        with ledger.reading() as connection:
            for delivery, accepted_at, message_id in connection.execute(query):
                at = seen.get(str(delivery))
                if message_id not in wrote or at is None:
                    continue
                accepted.append(at - self._clock.real(accepted_at).timestamp())
                sent.append(at - wrote[message_id])
        return accepted, sent

    @contextmanager
    def _ledger(self, kind: str) -> Iterator[Ledger]:
        """A new ledger that everybody is registered in."""
        with TemporaryDirectory(dir=self._folder) as folder:
            if kind == SQLITE:
                url = f"sqlite:///{Path(folder) / 'ledger.sqlite'}"
            else:
                assert self._postgres is not None
                url = self._postgres.new_database()
            ledger = Ledger(url)
            try:
                ledger.create(self._clock)
                load.register_everybody(ledger)
                Decider(ledger, self._clock, shipped(), KEYS).activate()
                yield ledger
            finally:
                ledger.close()

    def _task(self, ledger: Ledger, options: Options) -> Task:
        return Task(
            home=self._kafka.settings.home,
            bootstrap=self._kafka.bootstrap,
            ledger=ledger.url.render_as_string(hide_password=False),
            messages=options.messages,
            returns=options.returns,
            clock_offset_seconds=self._clock.offset.total_seconds(),
            limit_seconds=LIMIT_SECONDS,
        )

    def _begin_cursor(self, ledger: Ledger) -> None:
        """The relay refuses to go on where another ledger's did: say that this one has begun."""
        with ledger.reading() as connection:
            found = connection.execute(select(t.ledger.c.id)).scalar_one()
        producer = Producer(self._kafka.local.access(ADMIN).for_confluent())
        value = Cursor(str(found), 0).written()
        producer.produce(CURSOR, value, b"0", partition=0)
        assert producer.flush(30) == 0

    def _count(self, ledger: Ledger, before: dict[str, int]) -> tuple[int, float]:
        """What is in Kafka; a commit is confirmed a moment before readers see it."""
        deadline = time.monotonic() + _SEEN_SECONDS
        while True:
            found = self._reader.since(before)
            if found[0] >= progress.decided(ledger) or time.monotonic() > deadline:
                return found

    def _check(self, ledger: Ledger, messages: int, records: int) -> None:
        """Every message is in the ledger once, every record in Kafka once."""
        accepted, decided = progress.accepted(ledger), progress.decided(ledger)
        assert accepted == messages, (
            f"{accepted} messages are in the ledger, {messages} were sent: {_refused(ledger)}"
        )
        assert records == decided, f"{records} records are in Kafka, {decided} were decided on"


def _refused(ledger: Ledger) -> dict[str, int]:
    code, detail = t.dead_letter.c.code, t.dead_letter.c.detail
    query = select(code, func.max(detail), func.count()).group_by(code)
    with ledger.reading() as connection:
        return {f"{code}: {detail}": count for code, detail, count in connection.execute(query)}


def _resident(pid: int) -> int:
    """The memory of a process now, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024


def measure(options: Options, say: Callable[[str], None] = print) -> Results:
    """Start the servers, warm them up, let the contenders take turns, and stop everything."""
    results = Results()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="homeward-bench-")))
        kafka = stack.enter_context(kafka_server())
        wanted = POSTGRESQL in options.ledgers
        postgres = stack.enter_context(postgres_server()) if wanted else None
        bench = Bench(kafka, postgres, folder)
        bench.fill(options.messages, options.returns)
        results.load_average.append(os.getloadavg()[0])
        first = 0 if options.warm_up else 1
        for number in range(first, options.rounds + 1):
            for kind in options.ledgers:
                # In turn first and last: a server that tires would else tire for one of them.
                for contender in options.contenders[:: 1 if number % 2 else -1]:
                    run = bench.run(contender, kind, options)
                    name = f"round {number}" if number else "warm-up"
                    say(f"{name}: {kind}, {contender}: {run.end_to_end:,.0f} messages/s")
                    if number:
                        results.runs.setdefault((kind, contender), []).append(run)
        if options.seconds:
            for kind in options.ledgers:
                for rate in (RATE, *_half(results.runs.get((kind, TOGETHER), []))):
                    say(f"{rate} messages/s for {options.seconds} s: {kind}")
                    steady = bench.steady(kind, options.seconds, rate)
                    results.steady.setdefault(kind, []).append(steady)
    return results


def _half(runs: list[Run]) -> list[int]:
    """Half of the messages a second that one process was measured to pass on."""
    return [max(1, round(_middle(runs) / 2))] if runs else []


def tables(results: Results) -> list[Table]:
    """What was measured, to be printed."""
    runs = next(iter(results.runs.values()))
    each = runs[0].records / runs[0].messages
    speed = Table(
        title=f"{runs[0].messages:,} messages, {each:g} records each; median of {len(runs)}"
        f" (lowest to highest); {os.cpu_count()} cores for everything",
        title_justify="left",
    )
    for name in ("ledger", "", "messages/s in", "records/s out", "end to end, messages/s"):
        left = name in ("ledger", "")
        speed.add_column(name, justify="left" if left else "right", no_wrap=left)
    for name in ("of the floor", "CPU us/message", "peak MB"):
        speed.add_column(name, justify="right")
    for (kind, contender), of in results.runs.items():
        floor = results.runs.get((kind, FLOOR))
        speed.add_row(kind, contender, *_speeds(of, floor))
    shown = [speed]
    if results.steady:
        shown.append(_waits(results))
    return shown


def _speeds(of: list[Run], floor: list[Run] | None) -> Iterator[str]:
    yield _spread([run.messages_a_second for run in of])
    yield _spread([run.records_a_second for run in of])
    yield _spread([run.end_to_end for run in of])
    yield f"{_middle(of) / _middle(floor):.0%}" if floor else ""
    yield f"{statistics.median(1e6 * run.processor_seconds / run.messages for run in of):,.0f}"
    yield f"{max(run.peak_bytes for run in of) / 2**20:,.0f}"


def _middle(of: list[Run]) -> float:
    return statistics.median(run.end_to_end for run in of)


def _spread(values: list[float]) -> str:
    middle = f"{statistics.median(values):,.0f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.0f}-{max(values):,.0f})"


def _waits(results: Results) -> Table:
    title = f"Homeward in one process: {RATE} messages/s, and half of the most"
    table = Table(title=title, title_justify="left")
    table.add_column("ledger")
    for name in (
        "messages/s",
        "accepted to inbox p50",
        "p99",
        "sent to inbox p50",
        "p99",
        "memory",
        "deliveries",
    ):
        table.add_column(name, justify="right")
    for kind, steady in ((kind, each) for kind, of in results.steady.items() for each in of):
        cells = [f"{steady.rate:,}"]
        for waits in (steady.accepted_to_inbox, steady.sent_to_inbox):
            cuts = statistics.quantiles(waits, n=100, method="inclusive")
            cells += [f"{1000 * cuts[49]:.0f} ms", f"{1000 * cuts[98]:.0f} ms"]
        memory = f"{steady.bytes_after / 2**20:.0f} MB"
        table.add_row(kind, *cells, memory, f"{len(steady.accepted_to_inbox):,}")
    return table


def _options(arguments: Sequence[str]) -> Options:
    default = Options()
    parser = argparse.ArgumentParser(
        prog="tests/bench/throughput",
        description="Messages a second, beside the least that any program could do.",
    )
    parser.add_argument("--messages", type=int, default=default.messages, metavar="N")
    parser.add_argument("--rounds", type=int, default=default.rounds, metavar="N")
    parser.add_argument("--ledger", choices=(SQLITE, POSTGRESQL, "both"), default="both")
    parser.add_argument(
        "--seconds",
        type=int,
        default=default.seconds,
        metavar="N",
        help=f"how long to send {RATE} messages a second, and then half of the most, to see how"
        " long each waits; 0: not at all",
    )
    parser.add_argument(
        "--returns",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="the share of notifications that the child's return follows (0 to 1)",
    )
    given = parser.parse_args(arguments)
    if given.messages < 1 or given.rounds < 1 or not 0 <= given.returns <= 1:
        parser.error("there must be a message and a round at least, and a share is from 0 to 1")
    ledgers = (SQLITE, POSTGRESQL) if given.ledger == "both" else (given.ledger,)
    return Options(
        messages=given.messages,
        rounds=given.rounds,
        ledgers=ledgers,
        seconds=given.seconds,
        returns=given.returns,
    )


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    console = Console()
    wide = console if console.is_terminal else Console(width=160)
    results = measure(options, lambda line: console.print(line, style="dim", highlight=False))
    for table in tables(results):
        wide.print(table)
    busy = results.load_average[0]
    wide.print(f"load average of the machine before the first round: {busy:.1f}", style="dim")


if __name__ == "__main__":
    main(sys.argv[1:])
