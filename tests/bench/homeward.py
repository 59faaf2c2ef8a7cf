"""Homeward as it is measured: the parts of `homeward up` or some of them, wired as there."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from broker import logs
from broker.connection import RELAY as RELAY_USER
from broker.connection import TAKE_IN as TAKE_IN_USER
from broker.decider import Decider, Outcome
from broker.keys import Keys
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.local.process import free_ports
from broker.metrics import LedgerFigures, Metrics
from broker.parts import RELAY, TAKE_IN, TIMEKEEPER, Part
from broker.policy.load import shipped
from broker.records import Record
from broker.timekeeper import Lease, Timekeeper
from consumers.app import application, serve
from consumers.take_in import TakeIn
from producers.relay import Relay
from tests.bench import shape
from tests.bench.child import Marks, Task, told
from tests.bench.load import ThursdayNoon

KEYS = Keys(bytes(range(32)))


class Marked:
    """The decider, and when it had what in the ledger."""

    def __init__(self, decider: Decider, marks: Marks) -> None:
        self._decider, self._marks = decider, marks

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]:
        return self._decider.positions(topics)

    def take(self, records: Sequence[Record]) -> Outcome:
        self._marks.began()
        outcome = self._decider.take(records)
        self._marks.took(outcome.accepted)
        return outcome


class Counted(Metrics):
    """The metrics, and how much the relay sent."""

    marks: Marks

    def relayed(self, shard: int, records: int, seconds: float) -> None:
        super().relayed(shard, records, seconds)
        self.marks.sent(records)


async def main(task: Task) -> int:
    """Run until told to stop, then tell."""
    logs.set_up()
    # The floor learnt the same way what to write, so neither begins with reading its schemas.
    shape.learn()
    clock = ThursdayNoon(timedelta(seconds=task.clock_offset_seconds))
    ledger = Ledger(task.ledger)
    marks = Marks()
    metrics = Counted(CollectorRegistry())
    metrics.marks = marks
    metrics.registry.register(LedgerFigures(ledger, clock))
    decider = Decider(ledger, clock, shipped(), KEYS)

    background: list[Part] = []
    wake = _nobody
    if RELAY in task.parts:
        stamping = Stamping(ledger, 0, clock, "bench")
        relay = Relay(task.access(RELAY_USER), stamping, KEYS.pseudonym, clock, metrics)
        wake = relay.wake
        background.append(Part(RELAY, relay.run, relay.condition))
    if TIMEKEEPER in task.parts:
        lease = Lease(ledger, TIMEKEEPER, "bench")
        background.append(Timekeeper(decider, lease, metrics, wake=wake).part)
    take_in = None
    if TAKE_IN in task.parts:
        access = task.access(TAKE_IN_USER)
        take_in = TakeIn(access, Marked(decider, marks), metrics, wake=wake)
    app = application(take_in, background, metrics, partial(_look, ledger))
    code = await serve(app, "127.0.0.1", free_ports(1)[0], {})
    ledger.close()
    marks.tell()
    return code


def _nobody() -> None: ...


def _look(ledger: Ledger) -> None:
    with ledger.reading():
        pass


if __name__ == "__main__":
    sys.exit(asyncio.run(main(told(sys.argv))))
