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
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from broker.connection import ADMIN, AUDIT, KafkaAccess
from broker.decider import Decider
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.positions import advance
from broker.parts import RELAY, TAKE_IN, TIMEKEEPER
from broker.policy.load import shipped
from broker.provision import CURSOR, KIND_TOPICS, inbox, topic_ids
from schemas.codec import encode
from tests.bench import load
from tests.bench.child import Task, Told
from tests.bench.homeward import KEYS
from tests.servers import KafkaServer, Postgres, kafka_server, postgres_server

SQLITE, POSTGRESQL = "sqlite", "postgresql"
FLOOR, TOGETHER, APART = "floor", "Homeward", "Homeward, 2 processes"
CONTENDERS = (FLOOR, TOGETHER, APART)
_PROCESSES: dict[str, list[tuple[str, ...]]] = {
    TOGETHER: [(TAKE_IN, RELAY, TIMEKEEPER)],
    APART: [(TAKE_IN, TIMEKEEPER), (RELAY,)],
}
_RATE = 20
_OTHERS = 1_000_000  # children that are not in the load
_LIMIT_SECONDS = 180.0
_ROOT = Path(__file__).parent.parent.parent


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
                said = [_finish(_start("floor", task))]
            else:
                self._begin_cursor(ledger)
                said = self._homeward(ledger, task, _PROCESSES[contender])
            records, last_at = self._reader.since(before)
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
            _start("homeward", task.model_copy(update={"parts": parts})) for parts in processes
        ]
        try:
            _until(lambda: _all_sent(ledger, task.messages), running, task.limit_seconds)
        finally:
            for process in running:
                process.terminate()
            said = [_finish(process) for process in running]
        return said

    def steady(self, kind: str, seconds: int, rate: int = _RATE) -> Steady:
        """Send so many messages a second to Homeward, and see when each arrives."""
        with self._ledger(kind) as ledger:
            self._begin_cursor(ledger)
            self._pass_over_load(ledger)
            count = seconds * rate
            parts = {"parts": _PROCESSES[TOGETHER][0]}
            process = _start("homeward", self._task(ledger, Options()).model_copy(update=parts))
            seen = Seen(self._kafka, self._destinations)
            try:
                self._warm_up(ledger, process)
                wrote = self._send_steadily(count, rate)
                _until(lambda: _all_sent(ledger, count + load.HOMES), [process], 60)
                seen.until(_decided(ledger))
                memory = _resident(process.pid)
            finally:
                seen.stop()
                process.terminate()
                _finish(process)
            return Steady(rate, *self._waited(ledger, seen.at, wrote), memory)

    def _warm_up(self, ledger: Ledger, process: subprocess.Popen[str]) -> None:
        """The first messages after a start find nothing prepared."""
        load.write(self._kafka, list(load.messages(load.HOMES, self._clock.now(), _OTHERS)))
        _until(lambda: _all_sent(ledger, load.HOMES), [process], 60)

    def _send_steadily(self, count: int, rate: int) -> dict[UUID, float]:
        """Write one message after the other at the rate, and note when each was written."""
        producer = Producer({**self._kafka.local.access(ADMIN).for_confluent(), "linger.ms": 0})
        wrote: dict[UUID, float] = {}
        begin = time.time()
        for number, (home, message) in enumerate(
            load.messages(count, self._clock.now(), 2 * _OTHERS)
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
                accepted.append(at - _seconds(self._clock.real(accepted_at)))
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
            limit_seconds=_LIMIT_SECONDS,
        )

    def _begin_cursor(self, ledger: Ledger) -> None:
        """The relay refuses to go on where another ledger's did: say that this one has begun."""
        with ledger.reading() as connection:
            found = connection.execute(select(t.ledger.c.id)).scalar_one()
        producer = Producer(self._kafka.local.access(ADMIN).for_confluent())
        value = json.dumps({"ledger": str(found), "batch": 0}).encode()
        producer.produce(CURSOR, value, b"0", partition=0)
        assert producer.flush(30) == 0

    def _pass_over_load(self, ledger: Ledger) -> None:
        """Go on after what lies in the outboxes."""
        outboxes = [home.outbox for home in load.homes()]
        ids = topic_ids(self._kafka.local.access(), outboxes)
        ends = Reader(self._kafka, outboxes).ends()
        counts = dict.fromkeys(("read", "accepted", "repeated", "rejected"), 0)
        with ledger.deciding() as connection:
            rows = [
                {"topic": topic, "topic_id": ids[topic], "next": ends[topic], **counts}
                for topic in outboxes
            ]
            advance(connection, rows)

    def _check(self, ledger: Ledger, messages: int, records: int) -> None:
        """Every message is in the ledger once, every record in Kafka once."""
        accepted, decided = _accepted(ledger), _decided(ledger)
        assert accepted == messages, (
            f"{accepted} messages are in the ledger, {messages} were sent: {_refused(ledger)}"
        )
        assert records == decided, f"{records} records are in Kafka, {decided} were decided on"


class Reader:
    """An independent reader of committed records, that looks afterwards."""

    def __init__(self, kafka: KafkaServer, topics: Iterable[str]) -> None:
        self._access, self._topics = kafka.access(AUDIT), list(topics)
        self._consumer = _consumer(self._access)

    def ends(self) -> dict[str, int]:
        """Where each topic ends now."""
        return {
            topic: self._consumer.get_watermark_offsets(
                TopicPartition(topic, 0), timeout=30, cached=False
            )[1]
            for topic in self._topics
        }

    def since(self, before: dict[str, int]) -> tuple[int, float]:
        """How many deliveries were written since, and when Kafka took the last one."""
        moved = {topic for topic, end in self.ends().items() if end > before[topic]}
        self._consumer.assign([TopicPartition(topic, 0, before[topic]) for topic in sorted(moved)])
        count, last = 0, 0
        while moved:
            for one in self._consumer.consume(5000, timeout=0.1):
                if (error := one.error()) is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    moved.discard(one.topic())
                elif _is_delivery(one):
                    count, last = count + 1, max(last, one.timestamp()[1])
        self._consumer.unassign()
        return count, last / 1000


class Seen:
    """An independent reader of committed records, that notes when it sees each delivery."""

    def __init__(self, kafka: KafkaServer, topics: Sequence[str]) -> None:
        self.at: dict[str, float] = {}
        self._count = 0
        self._consumer = _consumer(kafka.access(AUDIT))
        ends = Reader(kafka, topics).ends()
        self._consumer.assign([TopicPartition(topic, 0, end) for topic, end in ends.items()])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.is_set():
            for one in self._consumer.consume(500, timeout=0.005):
                if one.error() is None and _is_delivery(one):
                    self._count += 1
                    if delivery := _headers(one).get("delivery"):
                        self.at[delivery.decode()] = time.time()

    def until(self, count: int) -> None:
        """Return when so many were seen."""
        _until(lambda: self._count >= count, [], 30)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()


def _consumer(access: KafkaAccess) -> Consumer:
    return Consumer(
        {
            **access.for_confluent(),
            "group.id": "audit.bench",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 100,
            "log_level": 0,  # the servers end before this does
        }
    )


def _is_delivery(one: Message) -> bool:
    """Heartbeats are not counted anywhere."""
    return not _headers(one).keys().isdisjoint(("sequence", "acceptance"))


def _headers(one: Message) -> dict[str, bytes]:
    found: Any = one.headers()
    return dict(found or ())


def _start(module: str, task: Task) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.bench.{module}", task.model_dump_json()]
    return subprocess.Popen(
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _finish(process: subprocess.Popen[str]) -> Told:
    try:
        out, err = process.communicate(timeout=_LIMIT_SECONDS)
    except ValueError:  # it ended by itself, and that was said already
        return Told()
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    assert process.returncode == 0, f"a measured process failed:\n{err[-4000:]}"
    return Told.model_validate_json(out.strip().splitlines()[-1])


def _until(
    true: Callable[[], bool], running: Iterable[subprocess.Popen[str]], limit_seconds: float
) -> None:
    deadline = time.monotonic() + limit_seconds
    while not true():
        assert time.monotonic() < deadline, f"not done within {limit_seconds:g} s"
        for one in running:
            if one.poll() is not None:
                raise AssertionError(f"a measured process ended by itself:\n{one.communicate()[1]}")
        time.sleep(0.1)


def _accepted(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return int(connection.execute(select(func.sum(t.position.c.accepted))).scalar() or 0)


def _refused(ledger: Ledger) -> dict[str, int]:
    code, detail = t.dead_letter.c.code, t.dead_letter.c.detail
    query = select(code, func.max(detail), func.count()).group_by(code)
    with ledger.reading() as connection:
        return {f"{code}: {detail}": count for code, detail, count in connection.execute(query)}


def _decided(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return int(connection.execute(select(func.sum(t.inbox.c.decided))).scalar() or 0)


def _all_sent(ledger: Ledger, messages: int) -> bool:
    waiting = func.sum(t.inbox.c.decided - t.inbox.c.sent)
    with ledger.reading() as connection:
        read = connection.execute(select(func.sum(t.position.c.read))).scalar() or 0
        return read >= messages and connection.execute(select(waiting)).scalar() == 0


def _seconds(at: datetime) -> float:
    return at.timestamp()


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
                for rate in (_RATE, *_half(results.runs.get((kind, TOGETHER), []))):
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
    title = f"Homeward in one process: {_RATE} messages/s, and half of the most"
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
        help=f"how long to send {_RATE} messages a second, and then half of the most, to see how"
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
