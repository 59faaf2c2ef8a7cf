"""
What one dead recipient costs the others, after a day of it: one table.

    tests/bench/recipient [--day N] [--seconds N] [--rounds N]

One council's inbox is deleted. A day's messages are decided on, a quarter of them for that council;
then the clock is a day further on, so that every duty of that day has climbed its ladder as far as
it goes (nobody answers anything). With that behind it Homeward gets messages at a steady rate, and
an independent reader notes when the others have theirs. The same is done with everybody well.
PostgreSQL, one process.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from broker import questions
from broker.kafka_admin import Admin
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.provision import KIND_TOPICS, inbox
from tests.bench import load, progress, throughput
from tests.bench.processes import finish, start, until
from tests.bench.reading import Seen
from tests.bench.throughput import POSTGRESQL
from tests.servers import kafka_server, postgres_server

DEAD = "la.E10000028"
WELL, ONE_DEAD = "everybody well", "one dead for a day"
_DAY = timedelta(days=1)
_LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class Run:
    """Seconds until the others had theirs, and what was behind at the end."""

    accepted_to_inbox: list[float]
    sent_to_inbox: list[float]
    parked: int
    climbed: int
    processor_seconds: float


class Bench(throughput.Bench):
    """The servers, and a Homeward that has had a day of it."""

    def day(self, name: str, messages: int, seconds: int) -> Run:
        others = [inbox(agency) for agency in load.everybody() if agency != DEAD]
        if name == ONE_DEAD:
            self._delete(inbox(DEAD))
        try:
            with self._ledger(POSTGRESQL) as ledger:
                self._begin_cursor(ledger)
                progress.pass_over_load(self._kafka, ledger)
                self._yesterday(ledger, messages)
                return self._today(ledger, [*others, *KIND_TOPICS], seconds)
        finally:
            self._kafka.add_agency(DEAD)

    def _delete(self, topic: str) -> None:
        admin = Admin(self._kafka.local.access())
        admin._client.delete_topics([topic])[topic].result(30)
        _until(lambda: not admin.describe([topic]))

    def _yesterday(self, ledger: Ledger, messages: int) -> None:
        """A day's messages, decided on and sent a day ago."""
        process = self._homeward_at(ledger, -_DAY)
        try:
            at = self._clock.now() - _DAY
            load.write(self._kafka, list(load.messages(messages, at, 3 * throughput.OTHERS)))
            _until(lambda: progress.read(ledger) >= messages and self._is_quiet(ledger, -_DAY))
        finally:
            process.terminate()
            finish(process)

    def _today(self, ledger: Ledger, topics: list[str], seconds: int) -> Run:
        process = self._homeward_at(ledger, timedelta())
        try:
            _until(lambda: self._is_quiet(ledger, timedelta()))  # every step of that day has fired
            before = _sent(ledger)
            seen = Seen(self._kafka, topics)
            try:
                read = progress.read(ledger)
                wrote = self._send_steadily(seconds * throughput.RATE)
                _until(lambda: progress.read(ledger) >= read + len(wrote))
                _until(lambda: self._is_quiet(ledger, timedelta()))
                seen.until(_sent(ledger) - before)
            finally:
                seen.stop()
        finally:
            process.terminate()
            said = finish(process)
        waited = self._waited(ledger, seen.at, wrote, 0)
        parked, climbed = _behind(ledger)
        return Run(
            waited.accepted_to_inbox, waited.sent_to_inbox, parked, climbed, said.processor_seconds
        )

    def _homeward_at(self, ledger: Ledger, moved: timedelta) -> subprocess.Popen[str]:
        offset = (self._clock.offset + moved).total_seconds()
        parts = throughput.PROCESSES[throughput.TOGETHER][0]
        changes = {"parts": parts, "clock_offset_seconds": offset}
        task = self._task(ledger, throughput.Options()).model_copy(update=changes)
        return start("homeward", task)

    def _is_quiet(self, ledger: Ledger, moved: timedelta) -> bool:
        with ledger.reading() as connection:
            return questions.is_quiet(connection, self._clock.now() + moved, {})


def _until(true: Callable[[], bool]) -> None:
    until(true, limit_seconds=_LIMIT_SECONDS)


def _sent(ledger: Ledger) -> int:
    """Deliveries that everybody but the dead recipient has."""
    i = t.inbox.c
    with ledger.reading() as connection:
        query = select(func.sum(i.sent)).where(i.destination != inbox(DEAD))
        return int(connection.execute(query).scalar() or 0)


def _behind(ledger: Ledger) -> tuple[int, int]:
    """Deliveries that wait for a parked inbox, and steps of ladders that were climbed."""
    i, e = t.inbox.c, t.duty_event.c
    parked = select(func.sum(i.decided - i.sent)).where(i.parked == "topic-missing")
    climbed = select(func.count()).where(e.what == "climbed")
    with ledger.reading() as connection:
        found = (connection.execute(query).scalar() for query in (parked, climbed))
        return tuple(int(each or 0) for each in found)  # type: ignore[return-value]


def measure(day: int, seconds: int, rounds: int) -> dict[str, list[Run]]:
    """Let the two take turns on the same servers."""
    found: dict[str, list[Run]] = {WELL: [], ONE_DEAD: []}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="homeward-bench-")))
        kafka = stack.enter_context(kafka_server())
        bench = Bench(kafka, stack.enter_context(postgres_server()), folder)
        bench.fill(0, 0.0)
        for number in range(rounds):
            for name in list(found)[:: 1 if number % 2 else -1]:
                found[name].append(bench.day(name, day, seconds))
    return found


def table(found: dict[str, list[Run]], day: int) -> Table:
    shown = Table(
        title=f"{throughput.RATE} messages/s after a day of {day:,}: how long the others wait; "
        f"median of {len(found[WELL])}",
        title_justify="left",
    )
    shown.add_column("")
    for name in ("accepted to inbox p50", "p99", "sent to inbox p50", "p99"):
        shown.add_column(name, justify="right")
    for name in ("parked", "steps climbed", "CPU s"):
        shown.add_column(name, justify="right")
    for name, runs in found.items():
        cells = [
            f"{1000 * statistics.median(_cut(waits(run), place) for run in runs):.0f} ms"
            for waits in (lambda run: run.accepted_to_inbox, lambda run: run.sent_to_inbox)
            for place in (49, 98)
        ]
        used = statistics.median(run.processor_seconds for run in runs)
        behind = (f"{runs[-1].parked:,}", f"{runs[-1].climbed:,}", f"{used:.1f}")
        shown.add_row(name, *cells, *behind)
    return shown


def _cut(values: list[float], place: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[place]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="tests/bench/recipient", description=__doc__.split("\n")[1]
    )
    parser.add_argument("--day", type=int, default=2000, metavar="N")
    parser.add_argument("--seconds", type=int, default=30, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    given = parser.parse_args(arguments)
    found = measure(given.day, given.seconds, given.rounds)
    Console(width=140).print(table(found, given.day))


if __name__ == "__main__":
    main(sys.argv[1:])
