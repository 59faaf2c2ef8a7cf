"""
After an outage: twenty thousand messages at once, while new ones go on coming from others.

A few senders have a day's messages in their outboxes when Homeward starts: each of their children
was reported, then three things were said, and most came back. Meanwhile the other homes report
children at a steady rate. It is measured how long it takes until the recipients of a child's last
message have it (the current state), and how long the new messages wait. The floor is the same rate
of new messages without a backlog, in the same run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from confluent_kafka import Producer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from broker.connection import ADMIN
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.parts import RELAY, TAKE_IN, TIMEKEEPER
from schemas.codec import encode
from schemas.message import ChildMessage
from schemas.missing import MissingNotification
from tests import examples
from tests.bench import load, progress, throughput
from tests.bench.processes import finish, start, until
from tests.bench.reading import Seen
from tests.bench.throughput import POSTGRESQL, Bench
from tests.servers import kafka_server, postgres_server

_EACH = 5  # messages of one child in the backlog
_PARTS = ((TAKE_IN, TIMEKEEPER), (RELAY,))
_NEW, _QUIET = 5_000_000, 6_000_000  # numbers of children that nobody else has


@dataclass(frozen=True)
class Options:
    """What to measure."""

    messages: int = 20_000
    senders: int = 4
    rate: int = 5
    floor_seconds: int = 20


@dataclass(frozen=True)
class Results:
    """Seconds: from writing to the inbox of new messages, and to the current state of children."""

    floor: list[float]
    new: list[float]
    accepted: list[float]  # of those, until they were decided on
    current: list[float]
    all_sent: float


class Burst(Bench):
    """The servers, and what waits in the outboxes."""

    def measure(self, options: Options, say: Callable[[str], None]) -> Results:
        with self._ledger(POSTGRESQL) as ledger:
            self._begin_cursor(ledger)
            running = self._running(ledger)
            try:
                self._warm_up(ledger, running[0])
                floor = self._floor(ledger, running, options)
                say("the floor was measured")
            finally:
                _end(running)
            last, count = self._backlog(options)
            say(f"{count:,} messages wait")
            return self._burst(ledger, options, floor, last, count)

    def _running(self, ledger: Ledger) -> list[subprocess.Popen[str]]:
        task = self._task(ledger, throughput.Options())
        return [start("homeward", task.model_copy(update={"parts": parts})) for parts in _PARTS]

    def _floor(
        self, ledger: Ledger, running: list[subprocess.Popen[str]], options: Options
    ) -> list[float]:
        seen = Seen(self._kafka, self._destinations)
        try:
            stop = time.time() + options.floor_seconds
            wrote = self._write_new(_QUIET, options, lambda: time.time() > stop)
            before = load.HOMES + len(wrote)
            until(lambda: progress.all_sent(ledger, before), running, 60)
            return self._waits(ledger, seen, wrote)
        finally:
            seen.stop()

    def _burst(
        self,
        ledger: Ledger,
        options: Options,
        floor: list[float],
        last: dict[UUID, float],
        count: int,
    ) -> Results:
        seen = Seen(self._kafka, self._destinations)
        before = progress.read(ledger)
        running = self._running(ledger)
        try:
            until(lambda: progress.read(ledger) > before, running, 120)
            began = time.time()  # Homeward is up again
            wrote = self._write_new(
                _NEW,
                options,
                lambda: progress.read(ledger) - before >= count + (time.time() - began),
            )
            total = before + count + len(wrote)
            until(lambda: progress.all_sent(ledger, total), running, 600)
            all_sent = time.time() - began
            new, accepted = self._waits(ledger, seen, wrote), self._accepted(ledger, wrote)
            current = self._waits(ledger, seen, dict.fromkeys(last, began))
        finally:
            seen.stop()
            _end(running)
        return Results(floor, new, accepted, current, all_sent)

    def _backlog(self, options: Options) -> tuple[dict[UUID, float], int]:
        """What the first senders say at last; and the last message of each child."""
        loud = load.homes()[: options.senders]
        said: list[tuple[load.Home, ChildMessage]] = []
        last: dict[UUID, float] = {}
        at = self._clock.now()
        children = options.messages // _EACH
        reports = load.messages(children * load.HOMES // options.senders, at - timedelta(hours=20))
        for home, report in reports:
            if home not in loud:
                continue
            assert isinstance(report, MissingNotification)
            story = list(_story(report, len(last)))
            said += [(home, one) for one in story]
            last[story[-1].message_id] = 0.0
        said.sort(key=lambda pair: pair[1].sent_at)  # as they happened
        load.write(self._kafka, said)
        return last, len(said)

    def _write_new(
        self, first: int, options: Options, enough: Callable[[], bool]
    ) -> dict[UUID, float]:
        """Write new messages of the other homes at the rate, and note when each was written."""
        producer = Producer({**self._kafka.local.access(ADMIN).for_confluent(), "linger.ms": 0})
        wrote: dict[UUID, float] = {}
        loud = load.homes()[: options.senders]
        begin = time.time()
        for home, message in load.messages(1_000_000, self._clock.now(), first):
            if home in loud:
                continue
            while (wait := begin + len(wrote) / options.rate - time.time()) > 0:
                producer.poll(min(wait, 0.01))
            if enough():
                break
            now = self._clock.now()
            message = message.model_copy(update={"sent_at": now})
            wrote[message.message_id] = time.time()
            producer.produce(home.outbox, encode(message), partition=0)
        assert producer.flush(30) == 0
        return wrote

    def _accepted(self, ledger: Ledger, wrote: dict[UUID, float]) -> list[float]:
        m = t.message.c
        with ledger.reading() as connection:
            rows = connection.execute(select(m.message_id, m.accepted_at)).all()
        return [self._clock.real(at).timestamp() - wrote[id] for id, at in rows if id in wrote]

    def _waits(self, ledger: Ledger, seen: Seen, since: dict[UUID, float]) -> list[float]:
        """For each of these messages, until the last of those it concerns had it."""
        d, m = t.delivery.c, t.message.c
        query = select(d.id, m.message_id).join(t.message, m.number == d.message)
        query = query.where(d.address != "")
        with ledger.reading() as connection:
            rows = [(str(id), of) for id, of in connection.execute(query) if of in since]
        # Kafka has them; whoever reads it may be a moment behind.
        until(lambda: all(id in seen.at for id, _ in rows), [], 30)
        latest: dict[UUID, float] = {}
        for delivery, message_id in rows:
            latest[message_id] = max(latest.get(message_id, 0), seen.at[delivery])
        return [at - since[message_id] for message_id, at in latest.items()]


def _story(report: MissingNotification, number: int) -> Iterator[ChildMessage]:
    """What was said of one child, in order; every tenth is still away."""
    desk = {"from_address": report.from_address}
    yield report
    steps = 4 if number % 10 == 0 else 3
    for step in range(1, steps + 1):
        at = report.sent_at + timedelta(hours=step)
        said = {"at": at, "reason": f"Looked for at place {step}"}
        yield examples.update(report, **said, **desk)
    if steps == 3:
        yield examples.returned(report, at=report.sent_at + timedelta(hours=9), **desk)


def _end(running: Sequence[subprocess.Popen[str]]) -> None:
    for process in running:
        process.terminate()
    for process in running:
        finish(process)


def measure(options: Options, say: Callable[[str], None] = print) -> Results:
    """Start the servers and measure."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="homeward-bench-")))
        kafka = stack.enter_context(kafka_server())
        postgres = stack.enter_context(postgres_server())
        return Burst(kafka, postgres, folder).measure(options, say)


def table(results: Results, options: Options) -> Table:
    """What was measured, to be printed."""
    shown = Table(
        title=f"{options.messages:,} messages of {options.senders} senders wait at the start,"
        f" {options.rate} new ones a second from others"
    )
    for name in ("seconds", "p50", "p99", "most", "messages"):
        shown.add_column(name, justify="right" if name != "seconds" else "left")
    for name, waits in (
        ("new messages, no backlog (floor)", results.floor),
        ("new messages, meanwhile", results.new),
        ("... until they are decided on", results.accepted),
        ("current state of a child of the backlog", results.current),
    ):
        cuts = statistics.quantiles(waits, n=100, method="inclusive")
        spread = (f"{it:.2f}" for it in (cuts[49], cuts[98], max(waits)))
        shown.add_row(name, *spread, f"{len(waits):,}")
    shown.add_row("all is sent", "", "", f"{results.all_sent:.1f}")
    return shown


def main(arguments: Sequence[str]) -> None:
    default = Options()
    parser = argparse.ArgumentParser(
        prog="tests/bench/burst",
        description="A backlog after an outage, and what waits meanwhile. It takes two minutes.",
    )
    parser.add_argument("--messages", type=int, default=default.messages, metavar="N")
    parser.add_argument("--senders", type=int, default=default.senders, metavar="N")
    parser.add_argument("--rate", type=int, default=default.rate, metavar="A SECOND")
    parser.add_argument("--floor-seconds", type=int, default=default.floor_seconds, metavar="N")
    given = parser.parse_args(arguments)
    options = Options(given.messages, given.senders, given.rate, given.floor_seconds)
    console = Console()
    wide = console if console.is_terminal else Console(width=110)
    busy = os.getloadavg()[0]
    results = measure(options, lambda line: console.print(line, style="dim", highlight=False))
    wide.print(table(results, options))
    wide.print(f"load average of the machine before: {busy:.1f}", style="dim")


if __name__ == "__main__":
    main(sys.argv[1:])
