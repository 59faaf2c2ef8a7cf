"""
Whether years of history make Homeward slower: the same messages into an empty and an old ledger.

Both are databases of one PostgreSQL server, and take turns. Kafka is left out, as it does not know
how old the ledger is: what is measured is deciding, stamping and confirming. The floor is the empty
ledger.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from broker import metrics, questions
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.records import Record
from schemas.catch_up import CatchUp
from schemas.codec import encode
from schemas.message import Message
from tests import examples
from tests.bench import history, load
from tests.bench.load import ThursdayNoon
from tests.bench.plans import Plan, explained
from tests.servers import Postgres, postgres_server

EMPTY, GROWN = "empty", "grown"
YEARS = 4
COUNCIL = "la.E08000030"


@dataclass(frozen=True)
class Options:
    """What to measure."""

    history: int = 10_000_000
    rounds: int = 5
    messages: int = 2000
    singles: int = 300
    bodies_days: int | None = 365
    by_index: bool = False  # a small history is read like a large one


@dataclass
class Side:
    """One of the two ledgers, and what was measured with it."""

    name: str
    ledger: Ledger
    speeds: list[float] = field(default_factory=list)  # messages a second
    processor: list[float] = field(default_factory=list)  # seconds a message, of this process
    waits: list[float] = field(default_factory=list)  # seconds, one message by itself
    plans: dict[str, list[Plan]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = ThursdayNoon()
        self.decider = history.prepared(self.ledger, self.clock)
        self._relay = Stamping(self.ledger, 0, self.clock, "bench")
        self._relay.hold()
        self._offsets = itertools.count()

    def take(self, *messages: Message) -> None:
        """Decide on these together."""
        records = [
            Record(f"outbox.{one.sender}", "live", next(self._offsets), encode(one))
            for one in messages
        ]
        outcome = self.decider.take(records)
        assert outcome.accepted == len(messages), outcome

    def stamp(self) -> int:
        """Stamp and confirm one batch; the answer is how many records went out."""
        batch = self._relay.stamp(self._relay.last())
        if batch is None:
            return 0
        self._relay.confirm(batch.number)
        return len(batch.records)

    def send(self) -> None:
        while self.stamp():
            pass


@contextmanager
def sides(options: Options, say: Callable[[str], None]) -> Iterator[list[Side]]:
    """Both ledgers, the old one with its history."""
    with postgres_server(fsync=False, **history.SETTINGS) as postgres:
        urls = [postgres.new_database() for _ in (EMPTY, GROWN)]
        both = [Side(n, Ledger(u)) for n, u in zip((EMPTY, GROWN), urls, strict=True)]
        began = time.monotonic()
        _fill(both[1].ledger, options)
        counts = history.counts(both[1].ledger)
        rows = ", ".join(f"{count:,} of {name}" for name, (count, _) in counts.items())
        size = sum(size for _, size in counts.values())
        say(f"history of {YEARS} years: {rows}; {size / 2**30:.1f} GB in all, with indexes")
        say(f"written in {time.monotonic() - began:.0f} s")
        _make_safe(postgres, both)
        try:
            yield both
        finally:
            for side in both:
                side.ledger.close()


def _fill(ledger: Ledger, options: Options) -> None:
    now = ThursdayNoon().now()
    began = now - timedelta(days=365 * YEARS + 30)
    story = history.settled(began)
    count = max(1, options.history // len(story.rows["message"]))
    length = timedelta(days=365 * YEARS)
    days = options.bodies_days
    bodies = None if days is None else max(1, int(count * timedelta(days=days) / length))
    history.add(
        ledger, story, history.Copies(count, began, length / count, bodies=bodies, over=True)
    )


def _make_safe(postgres: Postgres, both: Sequence[Side]) -> None:
    """What was loaded without waiting for the disk is written; from here on each commit waits."""
    for side in both:
        side.ledger.close()
    postgres.fsync = True
    postgres.restart()


def run(side: Side, first: int, options: Options) -> None:
    """One round of the throughput, and of single messages."""
    said: list[Message] = [
        it for _, it in load.messages(options.messages, side.clock.now(), first, returns=0.5)
    ]
    began, used = time.perf_counter(), time.process_time()
    for batch in _batches(said):
        side.take(*batch)
        side.stamp()
    side.send()
    side.speeds.append(len(said) / (time.perf_counter() - began))
    side.processor.append((time.process_time() - used) / len(said))
    for _, one in load.messages(options.singles, side.clock.now(), first + options.messages):
        began = time.perf_counter()
        side.take(one)
        side.send()
        side.waits.append(time.perf_counter() - began)


def _batches(said: list[Message]) -> Iterator[list[Message]]:
    for first in range(0, len(said), 500):
        yield said[first : first + 500]


def explain(side: Side, first: int, *, by_index: bool = False) -> None:
    """The plans of everything that is done for a message, or asked by operators all day."""
    now = side.clock.now()
    said = [it for _, it in load.messages(501, now, first)]
    home = said[0]
    back = examples.returned(home, at=now, from_address=home.from_address)  # type: ignore[arg-type]
    caught = CatchUp(**examples.envelope(COUNCIL, "front-door", now), since=1)

    def reading(ask: Callable[..., object], *more: object) -> Callable[[], object]:
        def read() -> object:
            with side.ledger.reading() as connection:
                return ask(connection, *more)

        return read

    acts: list[tuple[str, Callable[[], object]]] = [
        ("take 1", lambda: side.take(home)),
        ("take 500", lambda: side.take(*said[1:])),
        ("stamp and confirm", side.send),
        ("take a return", lambda: side.take(back)),
        ("take a repeat", lambda: side.decider.take([_again(home)])),
        ("catch up", lambda: side.take(caught)),
        ("tick", side.decider.tick),
        ("board", reading(questions.board)),
        ("status", reading(questions.status)),
        ("figures", reading(metrics.look, now)),
        ("account", reading(questions.account)),
    ]
    for name, act in acts:
        with explained(side.ledger, by_index=by_index) as plans:
            act()
        side.plans[name] = plans


def _again(message: Message) -> Record:
    return Record(f"outbox.{message.sender}", "again", 0, encode(message))


def measure(options: Options, say: Callable[[str], None] = print) -> list[Side]:
    """Fill the old ledger, let both take turns, then look at every plan."""
    with sides(options, say) as both:
        # Numbered per round, so that no round tells of a child that an earlier one told of.
        each = 2 * (options.messages + options.singles)
        for number in range(options.rounds + 1):
            for side in both[:: 1 if number % 2 else -1]:
                run(side, number * each, options)
                if not number:  # to warm up
                    side.speeds, side.processor, side.waits = [], [], []
            if number:
                speeds = ", ".join(f"{side.name} {side.speeds[-1]:,.0f}" for side in both)
                say(f"round {number}: {speeds} messages/s")
        for side in both:
            explain(side, (options.rounds + 1) * each, by_index=options.by_index)
    return both


def tables(both: Sequence[Side]) -> Iterator[Table]:
    """What was measured, to be printed."""
    empty, grown = both
    speed = Table(title="deciding, stamping and confirming; median (lowest to highest)")
    for name in ("ledger", "messages/s", "CPU us/message", "one alone: p50", "p99", "of empty"):
        speed.add_column(name, justify="left" if name == "ledger" else "right")
    for side in both:
        cuts = statistics.quantiles(side.waits, n=100, method="inclusive")
        share = statistics.median(side.speeds) / statistics.median(empty.speeds)
        speed.add_row(
            side.name,
            _spread(side.speeds),
            f"{1e6 * statistics.median(side.processor):,.0f}",
            f"{1000 * cuts[49]:.1f} ms",
            f"{1000 * cuts[98]:.1f} ms",
            f"{share:.0%}",
        )
    yield speed
    plans = Table(title="what the database does: pages touched, milliseconds, empty and grown")
    for name in ("for", "statements", "pages", "ms", "read from end to end (over 100 pages)"):
        plans.add_column(name, justify="right" if name in ("statements", "pages", "ms") else "left")
    for name in empty.plans:
        one, other = empty.plans[name], grown.plans[name]
        plans.add_row(
            name,
            f"{len(one)}, {len(other)}",
            f"{sum(p.pages for p in one):,}, {sum(p.pages for p in other):,}",
            f"{sum(p.milliseconds for p in one):.1f}, {sum(p.milliseconds for p in other):.1f}",
            ", ".join(sorted({w for p in other if p.pages > 100 for w in p.whole})),
        )
    yield plans


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def _options(arguments: Sequence[str]) -> tuple[Options, bool]:
    default = Options()
    parser = argparse.ArgumentParser(
        prog="tests/bench/grown",
        description="Whether years of history make Homeward slower. With 10 million messages (about"
        " 35 GB below the temporary folder) it takes half an hour; with --history 1000000 four"
        " minutes.",
    )
    parser.add_argument("--history", type=int, default=default.history, metavar="MESSAGES")
    parser.add_argument("--rounds", type=int, default=default.rounds, metavar="N")
    parser.add_argument("--messages", type=int, default=default.messages, metavar="N")
    parser.add_argument("--singles", type=int, default=default.singles, metavar="N")
    parser.add_argument(
        "--bodies-days",
        type=int,
        default=default.bodies_days,
        metavar="DAYS",
        help="how long bodies are kept (`homeward retention`); what is older has none",
    )
    parser.add_argument("--plans", action="store_true", help="print every statement and its plan")
    given = parser.parse_args(arguments)
    options = Options(given.history, given.rounds, given.messages, given.singles, given.bodies_days)
    return options, given.plans


def main(arguments: Sequence[str]) -> None:
    options, every_plan = _options(arguments)
    console = Console()
    wide = console if console.is_terminal else Console(width=140)
    busy = os.getloadavg()[0]
    both = measure(options, lambda line: console.print(line, style="dim", highlight=False))
    for table in tables(both):
        wide.print(table)
    wide.print(f"load average of the machine before: {busy:.1f}", style="dim")
    for name, plans in both[1].plans.items() if every_plan else ():
        wide.print(f"\n[bold]{name}[/bold], grown")
        for plan in plans:
            wide.print(f"  {plan.milliseconds:.1f} ms, {plan.pages} pages: {plan.short}")
            for node in plan.nodes:
                wide.print(f"      {node}", style="dim")


if __name__ == "__main__":
    main(sys.argv[1:])
