"""
How long nobody works after the holder of a part is killed, or told to stop, while a standby waits.

Real Kafka, real PostgreSQL, every part a process of its own, under a steady load. Timed from the
signal to the first thing that the standby has done by the ledger; at the end everything is counted.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from confluent_kafka import Producer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, literal, select, update

from broker.cli import asking
from broker.clock import SystemClock
from broker.connection import ADMIN, AUDIT
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.local.process import free_ports, wait_until
from broker.provision import outbox
from broker.questions import is_quiet
from broker.settings import Settings
from schemas.codec import encode
from tests.bench import load
from tests.servers import kafka_server, postgres_server

PARTS = ("take-in", "relay", "timekeeper")
SIGNALS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM}
HOMES = 2  # each must have something to read all the time
_EVERY_SECONDS = 0.2
_FIRES_SECONDS = 40
_LIMIT_SECONDS = 60.0

Progress = Callable[[], Mapping[Any, int]]


class Process:
    """`homeward run` of some parts."""

    def __init__(self, parts: tuple[str, ...], settings: Settings, log: Path) -> None:
        self._port = free_ports(1)[0]
        command = [sys.executable, "-m", "broker", "run", *parts, "--port", str(self._port)]
        command += ["--home", str(settings.home), "--kafka", str(settings.kafka)]
        command += ["--ledger", settings.ledger_url]
        environ = {**os.environ, "HOMEWARD_SHARDS": str(settings.shards)}
        with log.open("ab") as said:
            self._process = subprocess.Popen(command, stderr=said, env=environ)

    def ready(self) -> bool:
        """Whether every part works or stands by."""
        assert self._process.poll() is None, "a part ended: see the log"
        return bool(self._ask().get("ok"))

    def states(self) -> set[str]:
        """What its parts say they do, but for the ledger."""
        parts = self._ask().get("parts", {})
        return {part["state"] for name, part in parts.items() if name != "ledger"}

    def _ask(self) -> dict[str, Any]:
        where = f"http://127.0.0.1:{self._port}/readyz"
        try:
            with urllib.request.urlopen(where, timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return dict(json.load(error))
        except OSError:
            return {}

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def code(self) -> int | None:
        """How it ended; None: not yet."""
        return self._process.poll()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass
class Figures:
    """What was measured of one part and one way to end it, in seconds."""

    pauses: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    codes: set[int] = field(default_factory=set)


class Bench:
    """The servers, the agencies, a steady load, and the processes."""

    def __init__(self, settings: Settings, ledger: Ledger, kafka: Any, log: Path) -> None:
        self._settings, self._ledger, self._kafka, self._log = settings, ledger, kafka, log
        # These are told by one of two shards, and their councils by the other.
        self._homes = {home.agency for home in load.homes()[4 : 4 + HOMES]}
        self._written: dict[str, int] = {}
        self._first = 0

    def measure(
        self, part: str, ways: Sequence[str], rounds: int, say: Callable[[str], None]
    ) -> dict[str, Figures]:
        """End the holder so many times in each way; another standby is there each time."""
        figures = {how: Figures() for how in ways}
        progress: Progress = getattr(self, f"_{part.replace('-', '_')}_progress")
        with ExitStack() as running:
            self._start(running, tuple(other for other in PARTS if other != part))
            holder = self._start(running, (part,))
            with self._sending():
                for how in ways:
                    for _ in range(rounds):
                        standby = self._start(running, (part,))
                        if part == "timekeeper":
                            self._let_fall_due()
                        until_working(holder)
                        self._end(holder, SIGNALS[how], progress, figures[how])
                        say(f"{part}, {how}: {figures[how].pauses[-1]:.1f} s")
                        holder = standby
            until(self._is_quiet)
            self._require_no_faults()
        return figures

    def _end(
        self, holder: Process, number: signal.Signals, progress: Progress, into: Figures
    ) -> None:
        """The pause is that of whatever waits longest: an outbox, a shard."""
        before = progress()
        until(lambda: any(progress()[name] > last for name, last in before.items()))
        began = time.monotonic()
        holder.send(number)
        last = progress()
        while (code := holder.code()) is None:  # what it still does is not the standby's
            assert time.monotonic() - began < _LIMIT_SECONDS, "the holder did not end"
            last = progress()
            time.sleep(0.01)
        into.codes.add(code)
        into.ends.append(time.monotonic() - began)
        waits = set(last)
        while waits:
            assert time.monotonic() - began < _LIMIT_SECONDS, "the standby did not take over"
            now = progress()
            waits -= {name for name in waits if now[name] > last[name]}
            time.sleep(0.01)
        into.pauses.append(time.monotonic() - began)

    def _start(self, running: ExitStack, parts: tuple[str, ...]) -> Process:
        process = Process(parts, self._settings, self._log)
        running.callback(process.end)
        until(process.ready)
        return process

    # -- what moves

    def _take_in_progress(self) -> Mapping[Any, int]:
        p = t.position.c
        topics = [outbox(home) for home in self._homes]
        return self._asked(select(p.topic, p.next).where(p.topic.in_(topics)))

    def _relay_progress(self) -> Mapping[Any, int]:
        b = t.batch.c
        sent = select(b.shard, func.max(b.number)).where(b.sent_at.is_not(None))
        return self._asked(sent.group_by(b.shard))

    def _timekeeper_progress(self) -> Mapping[Any, int]:
        e = t.duty_event.c
        return {"": 0} | self._asked(select(literal(""), func.count()).where(e.what == "late"))

    def _asked(self, query: Any) -> dict[Any, int]:
        with self._ledger.reading() as connection:
            return {name: int(number) for name, number in connection.execute(query)}

    # -- the load

    @contextmanager
    def _sending(self) -> Iterator[None]:
        """Every home reports a child every fifth of a second."""
        stop = threading.Event()
        producer = Producer({**self._kafka.local.access(ADMIN).for_confluent(), "linger.ms": 5})

        def send() -> None:
            while not stop.wait(_EVERY_SECONDS):
                said = load.messages(load.HOMES, datetime.now(UTC), first=self._first)
                self._first += load.HOMES
                for home, message in said:
                    if home.agency in self._homes:
                        producer.produce(home.outbox, encode(message), partition=0)
                        self._written[home.outbox] = self._written.get(home.outbox, 0) + 1
                producer.poll(0)

        sending = threading.Thread(target=send)
        sending.start()
        try:
            yield
        finally:
            stop.set()
            sending.join()
            assert producer.flush(60) == 0

    def _let_fall_due(self) -> None:
        """Duties that were not late yet become it from now on, ten a second."""
        count, d = _FIRES_SECONDS * 10, t.duty.c
        waits = (d.state == "open", d.due_at.is_not(None), d.delivery.is_not(None))

        def open_duties() -> list[Any]:
            with self._ledger.reading() as connection:
                query = select(d.id).where(*waits).order_by(d.id).limit(count)
                return list(connection.execute(query).scalars())

        until(lambda: len(open_duties()) == count)
        with self._ledger.deciding() as connection:
            for number, duty in enumerate(open_duties()):
                at = datetime.now(UTC) + timedelta(seconds=number / 10)
                connection.execute(update(t.duty).where(d.id == duty).values(due_at=at, next_at=at))

    # -- the end

    def _is_quiet(self) -> bool:
        with self._ledger.reading() as connection:
            return is_quiet(connection, datetime.now(UTC), self._written)

    def _require_no_faults(self) -> None:
        """Nothing was lost, sent twice or fired twice."""
        e = t.duty_event.c
        twice = select(e.duty).where(e.what == "late").group_by(e.duty).having(func.count() > 1)
        with self._ledger.reading() as connection:
            assert connection.execute(twice).all() == []
        found, differences = asking.accounted(self._kafka.access(AUDIT), self._ledger)
        assert differences == []
        assert found.totals["accepted"] == sum(self._written.values())


def until_working(process: Process) -> None:
    """Until it has what there is to have."""
    until(lambda: process.states() == {"working"})


def until(true: Callable[[], Any]) -> None:
    assert wait_until(true, _LIMIT_SECONDS), "it did not happen in time"


def measure(
    parts: Sequence[str],
    ways: Sequence[str],
    rounds: int,
    shards: int,
    say: Callable[[str], None],
) -> dict[str, dict[str, Figures]]:
    """By part and way to end it; stops with the difference when anything is not as it should be."""
    with (
        tempfile.TemporaryDirectory() as folder,
        kafka_server(shards) as kafka,
        postgres_server() as postgres,
    ):
        url, log = postgres.new_database(), Path(folder) / "log"
        given = {"kafka": kafka.bootstrap, "ledger": url, "shards": shards}
        settings = kafka.settings.model_copy(update=given)
        with closing(Ledger(url)) as ledger:
            ledger.create(SystemClock(), shards)
            load.add_everybody(kafka)
            load.register_everybody(ledger)
            bench = Bench(settings, ledger, kafka, log)
            try:
                return {part: bench.measure(part, ways, rounds, say) for part in parts}
            except AssertionError:
                say(log.read_text()[-3000:])
                raise


def shown(found: Mapping[str, Mapping[str, Figures]]) -> Table:
    """The table."""
    title = "Seconds in which nobody worked: median (longest)"
    table = Table(title=title, title_justify="left")
    for name in (
        "part",
        "ended by",
        "until the standby's first work",
        "until it had ended",
        "code",
    ):
        table.add_column(name)
    for part, ways in found.items():
        for how, figures in ways.items():
            times = (
                f"{median(one):.1f} ({max(one):.1f})" for one in (figures.pauses, figures.ends)
            )
            table.add_row(part, how, *times, ", ".join(map(str, sorted(figures.codes))))
    return table


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(
    rounds: Annotated[int, typer.Option(help="How often each is ended in each way.")] = 5,
    shards: Annotated[int, typer.Option(help="Relay shards.")] = 2,
    part: Annotated[list[str] | None, typer.Option(help="Only this; may be repeated.")] = None,
) -> None:
    """Print the table."""
    found = measure(part or PARTS, [*SIGNALS], rounds, shards, _say)
    Console(width=110).print(shown(found))
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    typer.run(main)
