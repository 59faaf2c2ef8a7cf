"""
Where the processor time of a message goes: decider and relay, phase by phase, without Kafka.

CPU time, so that a busy machine changes little. The same load as the bench of throughput, taken in
batches of 500, once to warm up and once to count.
"""

import contextlib
import cProfile
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psutil  # type: ignore[import-untyped]  # it has no types
import typer
from aiokafka.producer.message_accumulator import BatchBuilder
from rich.console import Console
from rich.table import Table

from broker import decider as deciding
from broker.clock import SetClock
from broker.decider import Decider
from broker.keys import Keys
from broker.ledger.book import Book
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.policy.load import shipped
from broker.records import Record
from consumers import app
from producers import kafka
from producers.wire import Wire
from schemas.codec import encode
from tests.bench import load
from tests.servers import postgres_server

NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
KEYS = Keys(bytes(range(32)))
BATCH = 500


class Phases:
    """The CPU seconds of each phase; a phase within another is taken off the outer one."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner = [0.0]

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = time.process_time()
        self._inner.append(0.0)
        try:
            yield
        finally:
            spent = time.process_time() - began
            self.seconds[name] += spent - self._inner.pop()
            self._inner[-1] += spent

    def within(self, owner: Any, name: str, phase: str) -> None:
        """Count a function of ours as a phase, for the life of this process."""
        done: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **named: Any) -> Any:
            with self.phase(phase):
                return done(*args, **named)

        setattr(owner, name, timed)


class _Client:
    """As much of a producer as packing needs."""

    @staticmethod
    def create_batch() -> BatchBuilder:
        return BatchBuilder(262_144, 0, is_transactional=True)


def measure(url: str, messages: int, returns: float, profile: cProfile.Profile | None) -> Phases:
    """Take in and relay the load once to warm up and once to count."""
    phases, ledger, clock = Phases(), Ledger(url), SetClock(NOON)
    ledger.create(clock)
    load.register_everybody(ledger)
    decider, wire = Decider(ledger, clock, shipped(), KEYS), Wire(KEYS.pseudonym)
    decider.activate()
    stamping = Stamping(ledger, 0, clock, "profile")
    stamping.hold()
    phases.within(deciding, "decode", "decode")
    phases.within(Decider, "_read", "check")
    phases.within(Decider, "_open", "open")
    phases.within(deciding, "wanted_by", "keys")
    phases.within(Book, "gather", "gather")
    phases.within(Book, "_content_row", "encode views")
    phases.within(Book, "write", "write")
    phases.within(Decider, "_fold", "fold")
    try:
        batch = 0
        for first in (0, 10_000_000):
            said = load.messages(messages, NOON, first, returns)
            records = [
                Record(home.outbox, "t", first + offset, encode(message))
                for offset, (home, message) in enumerate(said)
            ]
            app._collect_rarely()  # as in every process of Homeward
            phases.seconds.clear()
            servers = -_children()
            if profile and first:
                profile.enable()
            for start in range(0, len(records), BATCH):
                some = records[start : start + BATCH]
                with phases.phase("transaction and the rest"):
                    outcome = decider.take(some)
                assert outcome.accepted == len(some)
                batch = _relay(phases, stamping, wire, batch, clock)
            if profile:
                profile.disable()
            phases.seconds["PostgreSQL itself"] = servers + _children()
    finally:
        ledger.close()
    return phases


def _children() -> float:
    """The CPU seconds of the servers that this process started."""
    times = [each.cpu_times() for each in psutil.Process(os.getpid()).children(recursive=True)]
    return float(sum(each.user + each.system for each in times))


def _relay(phases: Phases, stamping: Stamping, wire: Wire, last: int, clock: SetClock) -> int:
    while True:
        with phases.phase("relay: stamp"):
            batch = stamping.stamp(last) if stamping.waiting() else None
        if batch is None:
            return last
        last = batch.number
        with phases.phase("relay: wire"):
            records = wire.records(batch.records, stamping.versions_read())
        with phases.phase("relay: pack"):
            packed = [builder for _, builder in kafka.packed(_Client(), records)]
            for builder in packed:
                builder.close()
        with phases.phase("relay: confirm"):
            stamping.confirm(batch.number)
        clock.move(timedelta(milliseconds=1))


def main(
    messages: Annotated[int, typer.Option(help="How many, after as many to warm up.")] = 2000,
    ledger: Annotated[str, typer.Option(help="sqlite or postgresql.")] = "sqlite",
    returns: Annotated[float, typer.Option(help="Share that a return follows.")] = 0.0,
    profile: Annotated[Path | None, typer.Option(help="Write a cProfile there.")] = None,
) -> None:
    """Print microseconds of CPU a message, by phase."""
    kept = cProfile.Profile() if profile else None
    with contextlib.ExitStack() as stack:
        if ledger == "postgresql":
            url = stack.enter_context(postgres_server()).new_database()
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = f"sqlite:///{folder}/ledger.sqlite"
        phases = measure(url, messages, returns, kept)
    if kept and profile:
        kept.dump_stats(profile)
    table = Table(title=f"CPU us a message, {ledger}", title_justify="left")
    table.add_column("phase")
    table.add_column("us", justify="right")
    for name, seconds in [*phases.seconds.items(), ("together", sum(phases.seconds.values()))]:
        table.add_row(name, f"{1e6 * seconds / messages:,.0f}")
    Console(width=90).print(table)


if __name__ == "__main__":
    typer.run(main)
