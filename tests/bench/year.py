"""
A year of England and Wales in a ledger: how long it takes to load, to report on, and to go on.

A small year is lived through, message by message, and written as that of every council; with few
absences, or when asked to, all of it is lived through. Then reports of the largest authority are
made as an operator makes them, and messages are taken in with and without reports being made.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.reports.catalogue import Entry, catalogue
from tests.bench import a_year, copies, history, load, multiplying
from tests.bench.grown import Side
from tests.bench.homeward import KEYS
from tests.bench.living import Lived, Living
from tests.bench.plans import Plan, explained
from tests.bench.processes import Ran, run
from tests.servers import Postgres, postgres_server

QUARTER = f"{a_year.YEAR}-Q3"
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_SECRET = bytes(range(32))
_LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Options:
    """What to measure."""

    episodes: int = a_year.ABSENCES
    seed: int = 1
    ledger: str = POSTGRESQL
    lived: bool = False  # all of it through the decider
    reports: tuple[str, ...] = ()  # none: all of them
    rounds: int = 3
    messages: int = 1500  # taken in, in a round
    share: float = 1.0  # of the areas that are lived through before they are copied
    lived_at_most: int = 2500  # above so many, what was lived through is written many times over


@dataclass
class Loaded:
    """How the year came into the ledger."""

    absences: int = 0
    children: int = 0
    lived: Lived = field(default_factory=Lived)
    living_seconds: float = 0.0
    living_processor: float = 0.0
    copies: int = 0
    writing_seconds: float = 0.0
    writing_processor: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    @property
    def messages(self) -> int:
        return self.rows["message"]


@dataclass
class Results:
    """What was measured."""

    loaded: Loaded
    authority: str = ""
    absences: int = 0  # of that authority, in the quarter
    reports: dict[str, Ran] = field(default_factory=dict)
    plans: dict[str, list[Plan]] = field(default_factory=dict)
    alone: list[float] = field(default_factory=list)  # messages a second
    beside: list[float] = field(default_factory=list)  # with reports being made
    made_beside: int = 0
    waited: int = 0  # times that somebody was seen to wait for a lock


# -- loading


@contextmanager
def a_ledger(options: Options) -> Iterator[tuple[Ledger, Postgres | None]]:
    """An empty ledger, and the server it is on; gone afterwards."""
    if options.ledger == SQLITE:
        with tempfile.TemporaryDirectory(prefix="homeward-year-") as folder:
            yield Ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}"), None
        return
    # While it is loaded nothing has to outlast a power cut: the log of changes is left out.
    settings = history.SETTINGS | {"wal_level": "minimal", "max_wal_senders": "0"}
    with postgres_server(fsync=False, **settings) as postgres:
        yield Ledger(postgres.new_database()), postgres


def fill(ledger: Ledger, options: Options, say: Callable[[str], None]) -> Loaded:
    """Put the year into an empty ledger."""
    if options.lived or options.ledger == SQLITE or options.episodes <= options.lived_at_most:
        areas = a_year.areas(options.episodes, options.seed)
        loaded = _live(ledger, a_year.year(areas, options.seed), options.seed, say)
    else:
        loaded = _multiply(ledger, options, say)
    _measure_size(ledger, loaded)
    return loaded


def _live(
    ledger: Ledger,
    year: a_year.Year,
    seed: int,
    say: Callable[[str], None],
    keys: copies.Remembered | None = None,
) -> Loaded:
    say(f"living through {len(year.absences):,} absences; areas: {len(year.areas)}")
    began, used = time.monotonic(), time.process_time()
    lived = Living(ledger, year, seed, keys or KEYS).live()
    return Loaded(
        lived=lived,
        living_seconds=time.monotonic() - began,
        living_processor=time.process_time() - used,
    )


def _multiply(ledger: Ledger, options: Options, say: Callable[[str], None]) -> Loaded:
    areas = copies.lived_areas(options.seed, options.share)
    keys = copies.Remembered(_SECRET)
    with tempfile.TemporaryDirectory(prefix="homeward-year-") as folder:
        small = Ledger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}")
        year = a_year.year(areas, options.seed)
        loaded = _live(small, year, options.seed, say, keys)
        many = copies.copies(areas, options.episodes, options.seed)
        say(f"writing them as {len(many):,} areas")
        loaded.copies = len(many)
        began, used = time.monotonic(), time.process_time()
        multiplying.prepare(ledger, many, year.ended_at)
        multiplying.multiply(small, keys, many, ledger)
        loaded.writing_seconds = time.monotonic() - began
        loaded.writing_processor = time.process_time() - used
        small.close()
    return loaded


def _measure_size(ledger: Ledger, loaded: Loaded) -> None:
    e = t.episode.c
    tables = [table for table in t.metadata.sorted_tables if table.name != "policy"]
    with ledger.reading() as connection:
        for table in tables:
            count = select(func.count()).select_from(table)
            loaded.rows[table.name] = connection.execute(count).scalar_one()
        counted = select(func.count(), func.count(e.child.distinct())).where(
            e.started_at.is_not(None), e.status.not_in(("placement",))
        )
        loaded.absences, loaded.children = connection.execute(counted).one()
        size = (
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            if ledger.is_sqlite
            else "SELECT pg_database_size(current_database())"
        )
        loaded.bytes = connection.exec_driver_sql(size).scalar_one()


# -- reports


def largest(ledger: Ledger, quarter: str) -> tuple[str, int]:
    """The council in whose area most absences began in the quarter, and how many those are."""
    from broker.reports.period import Period

    period, e = Period.parse(quarter), t.episode.c
    many = func.count()
    query = (
        select(e.lived_in, many)
        .where(e.started_at >= period.starts_at, e.started_at < period.ends_at, e.lived_in != "")
        .group_by(e.lived_in)
        .order_by(many.desc(), e.lived_in)
        .limit(1)
    )
    with ledger.reading() as connection:
        council, count = connection.execute(query).one()
    return council, count


def period_of(entry: Entry) -> str:
    """The quarter, or the period nearest to it that the report is made for."""
    others = {"month": f"{a_year.YEAR}-08", "week": f"{a_year.YEAR}-W33", "year": str(a_year.YEAR),
              "day": f"{a_year.YEAR}-08-15"}  # fmt: skip
    if "quarter" in entry.periods:
        return QUARTER
    return next((others[one] for one in entry.periods if one in others), QUARTER)


class Office:
    """Whoever makes reports: a home with the ledger's keys, and the command."""

    def __init__(self, folder: Path, ledger: Ledger, council: str) -> None:
        self._folder, self._council = folder, council
        self._url = ledger.url.render_as_string(hide_password=False)
        secrets = folder / "secrets"
        secrets.mkdir(mode=0o700)
        (secrets / "pseudonym.key").write_bytes(_SECRET)

    def make(self, entry: Entry) -> Ran:
        """One report, by the command, in a process of its own."""
        said = ["report", entry.name, "--for", self._council, "--period", period_of(entry)]
        where = ["--home", str(self._folder), "--ledger", self._url]
        return run([sys.executable, "-m", "broker", *said, *where], _LIMIT_SECONDS)


def entries(options: Options) -> list[Entry]:
    """The reports to make."""
    known = catalogue()
    return [known[name] for name in options.reports or known]


def explain(ledger: Ledger, entry: Entry, council: str, now: datetime) -> list[Plan]:
    """What PostgreSQL does for one report."""
    from broker.ledger.agencies import directory_of
    from broker.reports.figures import Asked
    from broker.reports.making import make
    from broker.reports.period import Period

    asked = Asked(council, (council,), Period.parse(period_of(entry)), now, entry.area)
    with explained(ledger) as plans, ledger.reading() as connection:
        make(connection, entry, asked, directory_of(connection), KEYS.pseudonym, now)
    return plans


# -- going on


def take_in(side: Side, first: int, messages: int) -> float:
    """Decide on so many messages, stamp and confirm what follows; how many that is a second."""
    said = [it for _, it in load.messages(messages, side.clock.now(), first, returns=0.5)]
    began = time.perf_counter()
    for start in range(0, len(said), 100):
        side.take(*said[start : start + 100])
        side.stamp()
    side.send()
    return len(said) / (time.perf_counter() - began)


class Beside:
    """Reports being made one after another, and who waits for a lock meanwhile."""

    def __init__(self, office: Office, ledger: Ledger, made: Sequence[Entry]) -> None:
        self._office, self._ledger, self._entries = office, ledger, made
        self._over = threading.Event()
        self.made, self.waited = 0, 0
        self._threads = [threading.Thread(target=self._make), threading.Thread(target=self._look)]

    def __enter__(self) -> "Beside":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join(_LIMIT_SECONDS)

    def _make(self) -> None:
        while not self._over.is_set():
            for entry in self._entries:
                if not self._over.is_set():
                    self._office.make(entry)
                    self.made += 1

    def _look(self) -> None:
        while not self._over.wait(0.02):
            if not self._ledger.is_sqlite:
                with self._ledger.reading() as connection:
                    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    self.waited += connection.exec_driver_sql(query).scalar_one()


def measure(options: Options, say: Callable[[str], None] = print) -> Results:
    """Load the year, make every report of the largest authority, then take in with and without."""
    with a_ledger(options) as (ledger, postgres), tempfile.TemporaryDirectory() as folder:
        results = Results(fill(ledger, options, say))
        if postgres is not None:  # from here on each commit waits for the disk
            ledger.close()
            postgres.fsync = True
            postgres.restart()
        results.authority, results.absences = largest(ledger, QUARTER)
        office = Office(Path(folder), ledger, results.authority)
        made = entries(options)
        for entry in made:
            if postgres is not None:
                office.make(entry)  # to warm up, as whoever reads a report has read one before
            results.reports[entry.name] = ran = office.make(entry)
            say(f"{entry.name}: {ran.seconds:.1f} s, {ran.peak_bytes / 2**20:.0f} MB")
            if postgres is not None:
                now = datetime.now(tz=a_year.LONDON)
                results.plans[entry.name] = explain(ledger, entry, results.authority, now)
        _go_on(results, ledger, office, made, options, say)
        ledger.close()
    return results


def _go_on(
    results: Results,
    ledger: Ledger,
    office: Office,
    made: Sequence[Entry],
    options: Options,
    say: Callable[[str], None],
) -> None:
    side = Side("year", ledger)
    numbers = iter(range(0, 10**9, 2 * options.messages))
    take_in(side, next(numbers), options.messages)  # to warm up
    for number in range(options.rounds):
        results.alone.append(take_in(side, next(numbers), options.messages))
        with Beside(office, ledger, made) as beside:
            results.beside.append(take_in(side, next(numbers), options.messages))
        results.made_beside += beside.made
        results.waited += beside.waited
        say(f"round {number + 1}: {results.alone[-1]:,.0f}, {results.beside[-1]:,.0f} messages/s")


# -- shown


def tables(results: Results) -> Iterator[Table]:
    """What was measured, to be printed."""
    yield _loaded(results)
    yield _reports(results)
    if results.plans:
        yield _plans(results)
    yield _going_on(results)


def _loaded(results: Results) -> Table:
    one = results.loaded
    table = Table("", "", title=f"a year: {one.absences:,} absences of {one.children:,} children")
    lived, copied = one.lived, one.copies
    table.add_row("messages", f"{one.messages:,}, with {one.rows['delivery']:,} deliveries")
    table.add_row("duties", f"{one.rows['duty']:,}")
    table.add_row("on disk, with indexes", f"{one.bytes / 2**30:.2f} GB")
    table.add_row(
        "lived through",
        f"{lived.messages:,} messages in {one.living_seconds:.0f} s ({one.living_processor:.0f} s"
        f" CPU), in {lived.windows:,} half-hours in which something happened",
    )
    if copied:
        table.add_row(
            "written many times over",
            f"as {copied:,} areas in {one.writing_seconds:.0f} s ({one.writing_processor:.0f} s CPU"
            f" beside the database's): {one.messages / one.writing_seconds:,.0f} messages a second",
        )
    alone = statistics.median(results.alone)
    table.add_row(
        "all of it through the decider",
        f"{one.messages / alone / 60:,.0f} minutes at the {alone:,.0f} messages a second below",
    )
    return table


def _reports(results: Results) -> Table:
    title = f"{results.authority}, {results.absences:,} absences in {QUARTER}: by the command"
    table = Table("report", title=title)
    for name in ("period", "seconds", "CPU seconds", "peak MB"):
        table.add_column(name, justify="right")
    known = catalogue()
    for name, ran in sorted(results.reports.items(), key=lambda it: -it[1].seconds):
        cells = (f"{ran.seconds:.2f}", f"{ran.processor_seconds:.2f}")
        peak = f"{ran.peak_bytes / 2**20:.0f}"
        table.add_row(name, period_of(known[name]), *cells, peak)
    return table


def _plans(results: Results) -> Table:
    table = Table("report", title="what PostgreSQL does for them")
    for name in ("statements", "ms", "pages", "slowest statement", "read from end to end"):
        table.add_column(name, justify="right" if name in ("statements", "ms", "pages") else "left")
    for name, plans in results.plans.items():
        slowest = max(plans, key=lambda it: it.milliseconds)
        table.add_row(
            name,
            str(len(plans)),
            f"{sum(p.milliseconds for p in plans):,.0f}",
            f"{sum(p.pages for p in plans):,}",
            slowest.short[:80],
            ", ".join(sorted({it for p in plans if p.pages > 1000 for it in p.whole})),
        )
    return table


def _going_on(results: Results) -> Table:
    table = Table("", title="taking in meanwhile: decided, stamped and confirmed")
    table.add_column("messages/s, median (lowest to highest)", justify="right")
    table.add_row("alone", _spread(results.alone))
    table.add_row(f"while {results.made_beside} reports were made", _spread(results.beside))
    table.add_row("seen to wait for a lock", str(results.waited))
    return table


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def _options(arguments: Sequence[str]) -> tuple[Options, bool]:
    default = Options()
    parser = argparse.ArgumentParser(prog="tests/bench/year", description=__doc__)
    parser.add_argument("--episodes", type=int, default=default.episodes, metavar="N")
    parser.add_argument("--seed", type=int, default=default.seed, metavar="N")
    parser.add_argument("--ledger", choices=(SQLITE, POSTGRESQL), default=default.ledger)
    parser.add_argument(
        "--lived", action="store_true", help="all of it through the decider, however long it takes"
    )
    parser.add_argument("--report", action="append", default=[], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=default.rounds, metavar="N")
    parser.add_argument("--messages", type=int, default=default.messages, metavar="N")
    parser.add_argument(
        "--share",
        type=float,
        default=default.share,
        metavar="PART",
        help="live through only areas of up to this part of the largest, before they are copied",
    )
    parser.add_argument("--plans", action="store_true", help="print every statement and its plan")
    given = parser.parse_args(arguments)
    options = Options(
        given.episodes, given.seed, given.ledger, given.lived, tuple(given.report), given.rounds,
        given.messages, given.share,
    )  # fmt: skip
    return options, given.plans


def main(arguments: Sequence[str]) -> None:
    options, every_plan = _options(arguments)
    console = Console()
    wide = console if console.is_terminal else Console(width=140)
    busy = os.getloadavg()[0]
    results = measure(options, lambda line: console.print(line, style="dim", highlight=False))
    for table in tables(results):
        wide.print(table)
    wide.print(f"load average of the machine before: {busy:.1f}", style="dim")
    for name, plans in results.plans.items() if every_plan else ():
        wide.print(f"\n[bold]{name}[/bold]")
        for plan in plans:
            wide.print(f"  {plan.milliseconds:.1f} ms, {plan.pages} pages: {plan.short}")
            for node in plan.nodes:
                wide.print(f"      {node}", style="dim")


if __name__ == "__main__":
    main(sys.argv[1:])
