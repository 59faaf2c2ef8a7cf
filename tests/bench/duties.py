"""
A million open duties: how late each fires when a hundred fall due a second, and how a part starts.

PostgreSQL, one timekeeper as `homeward run timekeeper` has it. The absences are copies of twenty
that Homeward decided on (see `history`); which duties fall due while it is measured is set by hand,
so that a hundred do each second. A duty is late by the time from the moment that was set to the end
of the transaction that fired it. The floor is a plain loop that asks for the same rows, by the same
clock, and marks them: how late is late when nothing is decided.
"""

import argparse
import asyncio
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import structlog
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table
from sqlalchemy import bindparam, func, select, update

from broker.decider import Decider, Ticked
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.metrics import Metrics
from broker.policy.load import shipped
from broker.timekeeper import Lease, Timekeeper
from tests.bench import history
from tests.bench.homeward import KEYS
from tests.bench.load import ThursdayNoon
from tests.servers import postgres_server

_ROOT = Path(__file__).parent.parent.parent
_SOON = timedelta(seconds=5)
_LIMIT_SECONDS = 120.0
_FLOOR_PAUSE_SECONDS = 0.2  # as long as the timekeeper's own


@dataclass(frozen=True)
class Options:
    """What to measure."""

    duties: int = 1_000_000
    rate: int = 100
    seconds: int = 30
    starts: int = 5


@dataclass(frozen=True)
class Started:
    """One start of a timekeeper: until it had looked once, and the memory it had then."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Results:
    """How late each duty was, in seconds, and what starting took."""

    open_duties: int
    floor: list[float]
    late: list[float]
    processor_seconds: float  # of the timekeeper, while it was measured
    starts: list[Started]


class Noting:
    """The decider, and when each of its looks began and ended."""

    def __init__(self, decider: Decider, clock: ThursdayNoon) -> None:
        self._decider, self._clock = decider, clock
        self.looks: list[tuple[datetime, datetime]] = []
        self.looked = threading.Event()

    def tick(self) -> Ticked:
        began = self._clock.now()
        ticked = self._decider.tick()
        self.looks.append((began, self._clock.now()))
        self.looked.set()
        return ticked


@contextmanager
def filled(options: Options, say: Callable[[str], None]) -> Iterator[Ledger]:
    """A ledger in which so many duties stand, none of them due before an hour."""
    with postgres_server(fsync=False, **history.SETTINGS) as postgres:
        clock = ThursdayNoon()
        url = postgres.new_database()
        with closing(Ledger(url)) as ledger:
            history.prepared(ledger, clock)
            began = time.monotonic()
            story = history.standing(clock.now())
            each = sum(row["next_at"] is not None for row in story.rows["duty"])
            count = max(1, -(-options.duties // each))
            step = timedelta(hours=24) / count
            history.add(ledger, story, history.Copies(count, clock.now(), step))
            _put_off(ledger, clock.now() + timedelta(hours=1))
            say(f"{count * each:,} duties stand; written in {time.monotonic() - began:.0f} s")
            ledger.engine.dispose()
            postgres.fsync = True
            postgres.restart()
            yield ledger


def _put_off(ledger: Ledger, until: datetime) -> None:
    d = t.duty.c
    with ledger.writing() as connection:
        connection.execute(update(t.duty).where(d.next_at < until).values(next_at=until))


def _make_due(ledger: Ledger, options: Options, first_at: datetime) -> dict[UUID, datetime]:
    """A hundred a second, of as many absences as can be."""
    d = t.duty.c
    step = timedelta(seconds=1) / options.rate
    asked = select(d.id).where(d.state == "open", d.name == "answer").order_by(d.id)
    with ledger.writing() as connection:
        ids = connection.execute(asked.limit(options.rate * options.seconds)).scalars().all()
        due = {id: first_at + number * step for number, id in enumerate(ids)}
        connection.execute(
            update(t.duty).where(d.id == bindparam("duty")).values(next_at=bindparam("at")),
            [{"duty": id, "at": at} for id, at in due.items()],
        )
    return due


async def _keep_time(ledger: Ledger, clock: ThursdayNoon, until: datetime) -> Noting:
    """The timekeeper, until everything that was to fire has fired."""
    noting = Noting(Decider(ledger, clock, shipped(), KEYS), clock)
    metrics = Metrics(CollectorRegistry())
    keeper = Timekeeper(noting, Lease(ledger, "timekeeper", "bench"), metrics)
    stop = asyncio.Event()
    task = asyncio.create_task(keeper.run(stop))
    deadline = time.monotonic() + _LIMIT_SECONDS
    try:
        while _is_due(ledger, until) or clock.now() < until:
            assert time.monotonic() < deadline, f"not done within {_LIMIT_SECONDS:g} s"
            await asyncio.sleep(0.5)
    finally:
        stop.set()
        await task
    return noting


def _is_due(ledger: Ledger, at: datetime) -> bool:
    query = select(t.duty.c.id).where(t.duty.c.next_at <= at).limit(1)
    with ledger.reading() as connection:
        return connection.execute(query).first() is not None


def lateness(ledger: Ledger, options: Options) -> tuple[list[float], float]:
    """How late each of those that fell due was fired, and the processor time it took."""
    clock = ThursdayNoon()
    first_at = clock.now() + _SOON
    due = _make_due(ledger, options, first_at)
    used = time.process_time()
    noting = asyncio.run(_keep_time(ledger, clock, max(due.values())))
    used = time.process_time() - used
    e = t.duty_event.c
    with ledger.reading() as connection:
        fired = connection.execute(
            select(e.duty, func.min(e.at)).where(e.at >= first_at).group_by(e.duty)
        ).all()
    at = {duty: when for duty, when in fired if duty in due}
    assert len(at) == len(due), f"{len(at)} of {len(due)} fired"
    ends = iter(sorted(noting.looks))
    late, (began, ended) = [], next(ends)
    for duty, when in sorted(at.items(), key=lambda pair: pair[1]):
        while when > ended:
            began, ended = next(ends)
        assert began <= when <= ended
        late.append((ended - due[duty]).total_seconds())
    return late, used


def floor(ledger: Ledger, options: Options) -> list[float]:
    """The same rows, asked for five times a second by the bare driver, and marked."""
    clock = ThursdayNoon()
    due = _make_due(ledger, options, clock.now() + _SOON)
    url = ledger.url.set(drivername="postgresql").render_as_string(hide_password=False)
    late: list[float] = []
    deadline = time.monotonic() + _LIMIT_SECONDS
    with psycopg.connect(url) as connection:
        while len(late) < len(due):
            assert time.monotonic() < deadline, f"not done within {_LIMIT_SECONDS:g} s"
            now = t.micros(clock.now())
            rows = connection.execute(
                "UPDATE duty SET next_at = NULL WHERE next_at <= %s RETURNING id", [now]
            ).fetchall()
            connection.commit()
            done = clock.now()
            late += [(done - due[id]).total_seconds() for (id,) in rows if id in due]
            time.sleep(_FLOOR_PAUSE_SECONDS)
    return late


def start(ledger: Ledger) -> Started:
    """Start a timekeeper in a process of its own."""
    url = ledger.url.render_as_string(hide_password=False)
    began = time.time()
    command = [sys.executable, "-m", "tests.bench.duties", "--start", url]
    done = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, timeout=_LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return Started(told["at"] - began, told["peak_bytes"])


async def _started(url: str) -> None:
    """What that process does: the part as it is wired, until it has looked once."""
    with closing(Ledger(url)) as ledger:
        clock = ThursdayNoon()
        noting = Noting(Decider(ledger, clock, shipped(), KEYS), clock)
        lease = Lease(ledger, "timekeeper", f"bench-{os.getpid()}")
        stop = asyncio.Event()
        keeper = Timekeeper(noting, lease, Metrics(CollectorRegistry()))
        task = asyncio.create_task(keeper.run(stop))
        assert await asyncio.to_thread(noting.looked.wait, _LIMIT_SECONDS)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"at": time.time(), "peak_bytes": peak}), flush=True)
        stop.set()
        await task


def measure(options: Options, say: Callable[[str], None] = print) -> Results:
    """Fill a ledger, let the floor and the timekeeper keep time, then start some more."""
    with filled(options, say) as ledger:
        with ledger.reading() as connection:
            standing = t.duty.c.next_at.is_not(None)
            held = connection.execute(select(func.count()).where(standing)).scalar_one()
        least = floor(ledger, options)
        say("the floor was measured")
        late, used = lateness(ledger, options)
        say("lateness was measured")
        return Results(held, least, late, used, [start(ledger) for _ in range(options.starts)])


def table(results: Results, options: Options) -> Table:
    """What was measured, to be printed."""
    shown = Table(title=f"{results.open_duties:,} open duties, {options.rate} due a second")
    for name in ("", "p50", "p99", "most"):
        shown.add_column(name, justify="right" if name else "left")
    for name, late in (("late, floor", results.floor), ("late, Homeward", results.late)):
        cuts = statistics.quantiles(late, n=100, method="inclusive")
        shown.add_row(name, *(f"{1000 * it:,.0f} ms" for it in (cuts[49], cuts[98], max(late))))
    if results.starts:
        seconds = sorted(it.seconds for it in results.starts)
        peak = max(it.peak_bytes for it in results.starts)
        shown.add_row("start to first look", f"{statistics.median(seconds):.1f} s", "",
                      f"{seconds[-1]:.1f} s")  # fmt: skip
        shown.add_row("memory then", "", "", f"{peak / 2**20:.0f} MB")
    used = 1000 * results.processor_seconds / len(results.late)
    shown.add_row("processor time a duty, in Python", f"{used:.1f} ms")
    return shown


def main(arguments: Sequence[str]) -> None:
    default = Options()
    parser = argparse.ArgumentParser(
        prog="tests/bench/duties",
        description="How late duties fire, and how a part starts, with a million open. It takes"
        " five minutes and 3 GB below the temporary folder.",
    )
    parser.add_argument("--duties", type=int, default=default.duties, metavar="N")
    parser.add_argument("--rate", type=int, default=default.rate, metavar="A SECOND")
    parser.add_argument("--seconds", type=int, default=default.seconds, metavar="N")
    parser.add_argument("--starts", type=int, default=default.starts, metavar="N")
    parser.add_argument("--start", metavar="LEDGER", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.start:
        asyncio.run(_started(given.start))
        return
    options = Options(given.duties, given.rate, given.seconds, given.starts)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console = Console()
    busy = os.getloadavg()[0]
    console.print(table(measure(options, lambda line: console.print(line, style="dim")), options))
    console.print(f"load average of the machine before: {busy:.1f}", style="dim")


if __name__ == "__main__":
    main(sys.argv[1:])
